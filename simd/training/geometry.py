"""Where a crop lies in a foreground, and how it is turned: the drawn numbers as one matrix."""

import math
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import UInt8
from simd.training.cutouts import Cutout
from simd.training.pixels import cubic_weights, lanczos_weights, warp_by_table
from simd.training.sample_options import SampleOptions

_HALVE_FROM = math.sqrt(2)  # pixels of the foreground to one of the sample: half the size is nearer from here
INTERPOLATIONS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}

_TABLES = {"cubic": cubic_weights(), "lanczos": lanczos_weights()}

Linear = tuple[float, float, float, float]
"""The rows of a 2 x 2 matrix; plain numbers, as NumPy takes ten times as long for so few."""


class Framed(Protocol):
    """What a crop is cut out of: a cutout, or a finished picture."""

    @property
    def places(self) -> dict[int, npt.NDArray[np.int32]]:
        """Class index to (N, 2): row and column of what is unknown."""

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) at the full size."""


class Placement(NamedTuple):
    """A crop of a foreground."""

    linear: Linear  # a step (x, y) in the sample to one in the foreground
    centre: tuple[float, float]  # (x, y) in the foreground
    crop: float  # side of the square, as the foreground is placed there
    interpolation: str


def levels_for(options: SampleOptions) -> int:
    """Return how many sizes of a foreground the options can ask for."""
    if options.interpolation != "linear":
        return 1
    sides = options.crops if options.stage == "matting" else options.patch_sides
    return 1 + _level(max(sides) / options.side / options.scale[0])


def draw_placement(
    cutout: Framed, class_: int, options: SampleOptions, rng: np.random.Generator, *, shrink: float
) -> Placement:
    """Draw a crop around an unknown pixel of a class.

    Parameters
    ----------
    shrink : float
        What the side of a patch is multiplied by, down to the smallest there is.
    """
    places = cutout.places[class_]
    y, x = places[rng.integers(len(places))].tolist()
    height, width = cutout.size
    squeeze_x = squeeze_y = 1.0
    if options.squeeze and rng.random() < options.squeeze:
        squeeze_x, squeeze_y = width / options.squeeze_side, height / options.squeeze_side
    placed = min(width / squeeze_x, height / squeeze_y)  # its shorter side
    crop = _draw_crop(options, rng, placed, shrink)
    a, b, c, d = _draw_turn(options, rng, rotate=max(height, width) >= options.rotation_from)
    step_x, step_y = squeeze_x * crop / options.side, squeeze_y * crop / options.side
    linear = (a * step_x, b * step_x, c * step_y, d * step_y)
    half_x, half_y = (math.hypot(*row) * options.side / 2 for row in (linear[:2], linear[2:]))
    centre = (_inside(x, half_x, width), _inside(y, half_y, height))
    interpolation = options.interpolation
    if interpolation == "drawn":
        interpolation = list(INTERPOLATIONS)[rng.integers(len(INTERPOLATIONS))]
    return Placement(linear, centre, crop, interpolation)


def exact_placement(cutout: Framed, class_: int, side: int, rng: np.random.Generator) -> Placement:
    """Draw a crop at full size, not turned, with an unknown pixel of a class on a pixel of its middle."""
    places = cutout.places[class_]
    y, x = places[rng.integers(len(places))].tolist()
    middle = 0.5 * (side % 2 == 0)
    return Placement((1.0, 0.0, 0.0, 1.0), (x - middle, y - middle), side, "linear")


def warp(cutout: Cutout, placement: Placement, side: int) -> UInt8:
    """Cut a crop out of a foreground: RGBA, (side, side, 4)."""
    level = 0
    if placement.interpolation == "linear":
        a, b, c, d = placement.linear
        level = min(_level(math.sqrt(abs(a * d - b * c))), len(cutout.levels) - 1)
    source = cutout.levels[level]
    height, width = cutout.size
    ratios = (source.shape[1] - 2) / width, (source.shape[0] - 2) / height
    matrix = _matrix(placement, side, ratios, ring=1)
    if placement.interpolation in _TABLES:  # OpenCV's own take two to three times as long
        out = np.empty((side, side, 4), np.uint8)
        warp_by_table(source, cutout.near, matrix, _TABLES[placement.interpolation], out)
        return out
    flags = INTERPOLATIONS[placement.interpolation] | cv2.WARP_INVERSE_MAP
    top, bottom, left, right = _window(matrix, side, source.shape)
    piece = np.ascontiguousarray(
        source[top:bottom, left:right]
    )  # read in order, then from the processor's cache
    matrix -= [[0, 0, left], [0, 0, top]]
    rgba = cv2.warpAffine(piece, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(rgba, dtype=np.uint8)


def warp_classes(cutout: Cutout, placement: Placement, side: int, class_: int) -> UInt8:
    """Cut the same crop out of the class mask, or fill it with the one class there is."""
    if cutout.class_mask is None:
        return np.full((side, side), class_, np.uint8)
    matrix = _matrix(placement, side, (1.0, 1.0), ring=0)
    classes = cv2.warpAffine(
        cutout.class_mask,
        matrix,
        (side, side),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(classes, dtype=np.uint8)


def warp_layer(layer: UInt8, placement: Placement, side: int, *, nearest: bool) -> UInt8:
    """Cut a crop out of a layer of a finished picture, which is mirrored at its frame.

    Parameters
    ----------
    layer : (H, W) or (H, W, 3)
    nearest : bool
        Keep its levels, as for a trimap; else they are interpolated as the placement says.
    """
    interpolation, (height, width) = placement.interpolation, layer.shape[:2]
    if nearest:
        interpolation = "nearest"
    if interpolation == "linear":
        a, b, c, d = placement.linear
        for _ in range(_level(math.sqrt(abs(a * d - b * c)))):
            half = (max(1, layer.shape[1] // 2), max(1, layer.shape[0] // 2))
            layer = np.asarray(cv2.resize(layer, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    crop = cv2.warpAffine(
        layer,
        _matrix(placement, side, (layer.shape[1] / width, layer.shape[0] / height), ring=0),
        (side, side),
        flags=INTERPOLATIONS[interpolation] | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(crop, dtype=np.uint8)


def _matrix(
    placement: Placement, side: int, ratios: tuple[float, float], *, ring: int
) -> npt.NDArray[np.float64]:
    """Return the map (2, 3) from a pixel of the sample to one of the foreground in its size, in a ring."""
    middle, rows = (side - 1) / 2, []
    for axis, ratio in enumerate(ratios):
        along, across = (ratio * step for step in placement.linear[2 * axis : 2 * axis + 2])
        centre = (placement.centre[axis] + 0.5) * ratio - 0.5 + ring
        rows.append((along, across, centre - (along + across) * middle))
    return np.array(rows)


def _window(matrix: npt.NDArray[np.float64], side: int, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the rows and columns of a source that a crop shows, as far as it has them, at least two."""
    bounds = []
    for (along, across, start), length in zip(matrix[::-1].tolist(), shape[:2], strict=True):
        ends = [start + a + b for a in (0, along * (side - 1)) for b in (0, across * (side - 1))]
        first = min(max(int(min(ends)) - 2, 0), length - 2)
        bounds += [first, min(max(int(max(ends)) + 4, first + 2), length)]
    return bounds[0], bounds[1], bounds[2], bounds[3]


def drawn(rng: np.random.Generator, bounds: tuple[float, ...]) -> float:
    """Return a number drawn evenly from a range."""
    return float(rng.uniform(bounds[0], bounds[1]))


def _draw_crop(options: SampleOptions, rng: np.random.Generator, placed: float, shrink: float) -> float:
    if options.stage != "matting":
        least, most = options.patch_sides
        side = least + (min(most, max(least, placed)) - least) * rng.random() * shrink
        return min(float(side), placed)
    crop: float = options.crops[rng.integers(len(options.crops))]
    if crop > placed:
        crop = max((each for each in options.crops if each <= placed), default=placed)
    return float(crop)


def _draw_turn(options: SampleOptions, rng: np.random.Generator, *, rotate: bool) -> Linear:
    """Draw rotation, shear, enlargement and mirroring; return the map from the sample to the foreground."""
    angle = math.radians(options.rotation * rng.uniform(-1, 1)) * rotate
    shear = math.radians(options.shear * rng.uniform(-1, 1))
    scale_x, scale_y = (
        drawn(rng, options.scale) * (-1 if rng.random() < chance else 1)
        for chance in (options.flip, options.flip_vertical)
    )
    # the inverse of shear, rotation and scale: [cos(a + s) x, -sin(a + s) y; sin(a) x, cos(a) y]
    whole = math.cos(shear)
    return (
        math.cos(angle) / (whole * scale_x),
        math.sin(angle + shear) / (whole * scale_x),
        -math.sin(angle) / (whole * scale_y),
        math.cos(angle + shear) / (whole * scale_y),
    )


def _inside(place: float, half: float, length: int) -> float:
    """Move the middle of a window so that it lies in the frame, or the frame in it."""
    lowest, highest = sorted((half - 0.5, length - half - 0.5))
    return float(min(max(place, lowest), highest))


def _level(per_pixel: float) -> int:
    return max(0, int(math.log2(max(per_pixel, 1e-9) / _HALVE_FROM)) + 1) if per_pixel >= _HALVE_FROM else 0
