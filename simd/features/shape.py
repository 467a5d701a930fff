"""The shape of what an alpha covers: stroke widths, separate parts, holes, and alpha by depth."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import Mask, Matte, UInt8
from simd.mattes import as_levels, as_matte, check_region

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
SPECK = 4
"""Parts and holes below this many pixels are not counted: single levels of noise would be."""

_SQUARE = np.ones((3, 3), np.uint8)


class Parts(NamedTuple):
    """Connected parts of a mask, and the holes in it."""

    labels: npt.NDArray[np.int32]  # (H, W), 0 outside the mask
    areas: npt.NDArray[np.int32]  # of each label, 0 for label 0 and for specks
    hole_labels: npt.NDArray[np.int32]
    hole_areas: npt.NDArray[np.int32]

    @property
    def part_sizes(self) -> npt.NDArray[np.int32]:
        """Pixels of each part that counts."""
        return self.areas[self.areas > 0]

    @property
    def hole_sizes(self) -> npt.NDArray[np.int32]:
        """Pixels of each hole that counts."""
        return self.hole_areas[self.hole_areas > 0]


def object_mask(alpha: Matte) -> Mask:
    """Return where alpha reaches half of its largest value: the object, however faint it is.

    For opaque things that is alpha >= 0.5; for smoke, whose alpha never rises above 0.4, alpha >= 0.2.
    An alpha of 0 everywhere has no object.

    Raises
    ------
    DataError
        If alpha is not a matte.
    """
    as_matte(alpha)
    if alpha.dtype == np.uint8:
        return np.asarray(alpha >= max(1, (int(alpha.max(initial=0)) + 1) // 2), dtype=np.bool_)
    return np.asarray((alpha > 0) & (alpha >= alpha.max(initial=0) / 2), dtype=np.bool_)


def stroke_widths(mask: Mask) -> tuple[Float32, Mask]:
    r"""Measure how wide a mask is at each point of its ridge.

    d is the Euclidean distance of a pixel of the mask to the nearest pixel outside. A pixel is on the ridge
    if no neighbour (of 8) has a larger d, and there the width is

    .. math:: w = 2d - \tfrac12

    within half a pixel of the true width of a straight stroke. The image's border does not count as outside.

    Returns
    -------
    distance : float32, shape (H, W)
        d in pixels, 0 outside the mask.
    ridge : bool, shape (H, W)
    """
    if mask.all():  # there is no outside to measure from, and no stroke
        return np.full(mask.shape, max(mask.shape), np.float32), np.zeros_like(mask)
    distance = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 5)
    highest = cv2.dilate(distance, _SQUARE, borderType=cv2.BORDER_REPLICATE)
    highest -= np.float32(1e-3)
    ridge = np.asarray((distance > 0) & (distance >= highest), dtype=np.bool_)
    return np.asarray(distance, dtype=np.float32), ridge


def widths_at(distance: Float32, ridge: Mask) -> Float32:
    """Return the width 2d − ½ at each ridge pixel, in pixels."""
    return np.asarray(2 * distance[ridge] - np.float32(0.5), dtype=np.float32)


def find_parts(mask: Mask) -> Parts:
    """Find the 8-connected parts of a mask, and its holes.

    A hole is a 4-connected part of the complement that does not reach the image's border. Both count from
    :data:`SPECK` pixels on.
    """
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    areas = np.where(boxes[:, cv2.CC_STAT_AREA] >= SPECK, boxes[:, cv2.CC_STAT_AREA], 0)
    areas[0] = 0
    _, hole_labels, boxes, _ = cv2.connectedComponentsWithStats((~mask).view(np.uint8), connectivity=4)
    left, top, width, height, size = boxes.T
    inside = (left > 0) & (top > 0) & (left + width < mask.shape[1]) & (top + height < mask.shape[0])
    hole_areas = np.where(inside & (size >= SPECK), size, 0)
    hole_areas[0] = 0  # label 0 is the mask itself
    return Parts(labels, areas, hole_labels, hole_areas)


NAMES = (
    *("fill", "width_mean", "width_spread", "width_10", "width_50", "width_90", "width_of_size"),
    *("deepest", "gap_mean", "gap_spread", "ridge_length"),
    *("parts", "part_mean", "part_spread", "largest_part"),
    *("holes", "hole_mean", "hole_spread", "hole_area"),
    *("outline", "solidity", "edge_width", "edge_of_size"),
    *(f"depth_{k}" for k in range(6)),
    *(f"inside_{k}" for k in range(4)),
    *(f"inside_spread_{k}" for k in range(4)),
    *("side_top", "side_bottom", "side_left", "side_right", "centre_y"),
)
"""Names of the features of :func:`describe_shape`."""

_DEPTHS = (1.5, 3, 6, 12, 24)  # pixels
_STEP_OF = np.searchsorted(_DEPTHS, np.arange(102) / 4)  # of depths in quarters of a pixel, rounded up
_FAINT = 5  # alpha above it belongs to the support


def describe_shape(alpha: Matte, region: Mask) -> dict[str, float]:
    r"""Describe the shape of an alpha.

    M is the object mask, |M| its area, S the support {α > 5/255}, A the patch's area, w the widths and d
    the distances of :func:`stroke_widths` of M, all log to base 2.

    ====================  ==========================================================================
    name                  formula
    ====================  ==========================================================================
    fill                  \|M\| / A
    width_mean, _spread   mean and standard deviation of log w over the ridge
    width_10, _50, _90    quantiles of log w
    width_of_size         width_mean − log √A
    deepest               log(max d / √\|M\|)
    gap_mean, _spread     as width, of the complement of M inside the region
    ridge_length          log((1 + ridge pixels) / √\|M\|)
    parts, holes          log(1 + number)
    part_mean, _spread    mean and standard deviation of log area of the parts; holes alike
    largest_part          its share of \|M\|
    hole_area             holes / (\|M\| + holes)
    outline               log((1 + P) / √\|M\|), P: pixels of M that have a neighbour outside
    solidity              \|M\| / area of the convex hull of M
    edge_width            log((1 + pixels with 5 < 255α < 250) / (1 + P)): width of the soft edge
    edge_of_size          edge_width − log √A
    depth_0..5            mean alpha of S at depths up to 1.5, 3, 6, 12, 24 and more pixels from outside S;
                          where S is not that deep, the value before
    inside_0..3           mean alpha of S by quarters of the largest depth; inside_spread: its deviation
    side_top, ...         share of S in the two outermost rows or columns
    centre_y              height of the centre of gravity, 0 at the top, 1 at the bottom
    ====================  ==========================================================================

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float one is rounded to 8 bits, fractional levels to 1..254.
    region : bool, shape (H, W)

    Returns
    -------
    dict of float
        Finite for every alpha; what a faint or empty alpha has not (widths, parts, holes) is 0.

    Raises
    ------
    DataError
        If alpha is not a matte, or the region does not fit it.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    check_region(region, alpha.shape)
    mask = object_mask(alpha)
    area, size = max(1, int(np.count_nonzero(mask))), float(np.sqrt(alpha.size))
    distance, ridge = stroke_widths(mask)
    widths = _log_widths(distance, ridge)
    gaps = _gaps(mask, region)
    rim = np.asarray(mask.view(np.uint8) != cv2.erode(mask.view(np.uint8), _SQUARE), dtype=np.bool_)
    outline = np.count_nonzero(rim)
    soft = np.count_nonzero((alpha > _FAINT) & (alpha < 250))
    edge = float(np.log2((1 + soft) / (1 + outline)))
    low, middle, high = np.quantile(widths, (0.1, 0.5, 0.9))
    return {
        "fill": np.count_nonzero(mask) / mask.size,
        "width_mean": float(widths.mean()),
        "width_spread": float(widths.std()),
        "width_10": float(low),
        "width_50": float(middle),
        "width_90": float(high),
        "width_of_size": float(widths.mean() - np.log2(size)),
        "deepest": float(np.log2(max(float(distance.max()), 0.5) / np.sqrt(area))),
        "gap_mean": float(gaps.mean()),
        "gap_spread": float(gaps.std()),
        "ridge_length": float(np.log2((1 + np.count_nonzero(ridge)) / np.sqrt(area))),
        **_topology(mask, area),
        "outline": float(np.log2((1 + outline) / np.sqrt(area))),
        "solidity": _solidity(rim, area),
        "edge_width": edge,
        "edge_of_size": edge - float(np.log2(size)),
        **_by_depth(alpha),
        **_placement(alpha),
    }


def _log_widths(distance: Float32, ridge: Mask) -> Float32:
    """Return log2 of the widths on the ridge; where there is none, of the largest distance, 0 for none."""
    widths = widths_at(distance, ridge) if ridge.any() else np.maximum(distance.max(keepdims=True), 1).ravel()
    return np.asarray(np.log2(np.maximum(widths, 0.5)), dtype=np.float32)


def _gaps(mask: Mask, region: Mask) -> Float32:
    between = np.asarray(~mask & region, dtype=np.bool_)
    return _log_widths(*stroke_widths(between))


def _topology(mask: Mask, area: int) -> dict[str, float]:
    parts = find_parts(mask)
    values: dict[str, float] = {}
    for name, sizes in (("part", parts.part_sizes), ("hole", parts.hole_sizes)):
        logs = np.log2(sizes) if len(sizes) else np.zeros(1)
        values |= {
            f"{name}s": float(np.log2(1 + len(sizes))),
            f"{name}_mean": float(logs.mean()),
            f"{name}_spread": float(logs.std()),
        }
    holes = int(parts.hole_sizes.sum())
    values["largest_part"] = int(parts.part_sizes.max(initial=0)) / area
    values["hole_area"] = holes / (area + holes)
    return values


def _solidity(rim: Mask, area: int) -> float:
    points = cv2.findNonZero(rim.view(np.uint8))
    hull = cv2.contourArea(cv2.convexHull(points)) if points is not None else 0.0
    return float(min(1.0, area / hull)) if hull else 1.0  # a line has no hull to fill


def _by_depth(alpha: UInt8) -> dict[str, float]:
    support = alpha > _FAINT
    names = [n for n in NAMES if n.startswith(("depth_", "inside_"))]
    if not support.any():
        return dict.fromkeys(names, 0.0)
    ringed = np.pad(support.astype(np.uint8), 1)  # here the border is outside: depth must end somewhere
    depth = cv2.distanceTransform(ringed, cv2.DIST_L2, 3)[1:-1, 1:-1][support]
    inside = alpha[support]
    step = _STEP_OF[np.minimum(np.ceil(depth * 4), len(_STEP_OF) - 1).astype(np.int64)]
    counts, means, _ = _moments(step, inside, 6)
    values: dict[str, float] = {}
    value = float(means[0])
    for k in range(6):
        if counts[k] >= SPECK:
            value = float(means[k])
        values[f"depth_{k}"] = value
    quarter = np.minimum((depth * (4 / depth.max())).astype(np.int64), 3)
    _, means, spreads = _moments(quarter, inside, 4)
    for k in range(4):
        values[f"inside_{k}"] = float(means[k])
        values[f"inside_spread_{k}"] = float(spreads[k])
    return values


def _moments(group: npt.NDArray[np.int64], levels: UInt8, groups: int) -> tuple[Counts, Float64, Float64]:
    """Return the count, mean and deviation of alpha in each group, 0 for an empty one."""
    histogram = np.bincount(group * 256 + levels, minlength=groups * 256).reshape(groups, 256)
    counts, scale = histogram.sum(axis=1), np.arange(256) / 255
    means = histogram @ scale / np.maximum(1, counts)
    squares = histogram @ (scale * scale) / np.maximum(1, counts)
    return counts, means, np.sqrt(np.maximum(0, squares - means**2))


def _placement(alpha: UInt8) -> dict[str, float]:
    support = alpha > _FAINT
    rows = alpha.sum(1, dtype=np.float64)
    total = rows.sum()
    centre = float((rows * (np.arange(len(rows)) + 0.5)).sum() / (total * len(rows))) if total else 0.5
    return {
        "side_top": float(support[:2].mean()),
        "side_bottom": float(support[-2:].mean()),
        "side_left": float(support[:, :2].mean()),
        "side_right": float(support[:, -2:].mean()),
        "centre_y": centre,
    }
