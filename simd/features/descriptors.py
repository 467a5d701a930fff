"""Describe the alpha of a region by numbers that tell matting classes apart: for t-SNE and for tagging."""

import cv2
import numpy as np
import numpy.typing as npt

from simd.features import shape, texture
from simd.features.sobel import sobel
from simd.image import Mask, Matte, UInt8
from simd.masks import bounding_box
from simd.mattes import as_levels, check_colour, check_region

LEVEL_BINS = 8
GRADIENT_EDGES = (-9, -7, -6, -5, -4, -3, -2, -1)
"""Edges of the gradient histogram, log2 of alpha a pixel; what lies outside counts in the outer bins."""

_LEVELS = (
    *("share_0", "share_1", "alpha_ratio"),
    *(f"level_{k}" for k in range(LEVEL_BINS)),
    *("level_mean", "level_spread", "highest", "support"),
    *(f"quantile_{q}" for q in (5, 10, 25, 50, 75, 90)),
)
_EDGES = (
    "mean_gradient",
    *(f"gradient_bin_{k}" for k in range(len(GRADIENT_EDGES) - 1)),
    *("one_direction", "upright"),
)
NAMES: tuple[str, ...] = (*_LEVELS, *_EDGES, *texture.NAMES, *shape.NAMES, "size", "aspect")
"""What :func:`describe` returns, in order."""

COLOUR_NAMES: tuple[str, ...] = (
    *("lightness", "redness", "yellowness"),
    *("lightness_spread", "redness_spread", "yellowness_spread"),
)
"""What follows where an image is given."""

LARGEST, WORKING = 512, 192
"""Longest side at which levels and edges are measured, and at which texture and shape are."""


def describe(alpha: Matte, region: Mask | None = None, image: UInt8 | None = None) -> npt.NDArray[np.float32]:
    r"""Describe the alpha of a region.

    The patch is the bounding box of the region. It is shrunk to 512 pixels, and for texture and shape to 192;
    it is never enlarged. R is the region, R' its fractional pixels (0 < α < 1).

    ====================  ==========================================================================
    name                  formula
    ====================  ==========================================================================
    share_0, share_1      shares of R with α = 0 and α = 1
    alpha_ratio           \|R'\| / \|R\|
    level_0..7            histogram of α over R': eight bins of 32 levels, from level 1 on; a share each
    level_mean, _spread   mean and standard deviation of α over R'
    highest               largest α of the patch
    support               share of the patch with α > 5/255
    quantile_5..90        quantiles of α over that support
    mean_gradient         mean of g, the gradient magnitude (3×3 Sobel / 8), over R'
    gradient_bin_0..6     histogram of log2 g over R', edges :data:`GRADIENT_EDGES`; a share each
    one_direction         √((a − b)² + 4c²) / (a + b), where a = Σ g_x², b = Σ g_y², c = Σ g_x g_y over R'
    upright               (a − b) / (a + b)
    ...                   :func:`simd.features.texture.describe_texture`
    ...                   :func:`simd.features.shape.describe_shape`
    size, aspect          log2 √(height·width) and log2(width / height) of the patch as it was given
    lightness, ...        with an image: mean and standard deviation of L*/20, a*/20, b*/20 (CIELAB),
                          weighted by α where α > ½; by α² where that is almost nowhere
    ====================  ==========================================================================

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        True matte; a float one is described in 8 bits.
    region : bool, shape (H, W), optional
        class_mask ∩ unknown, say. All pixels where it is None or empty.
    image : uint8, shape (H, W, 3), optional
        For the colour features. In a composite the background shines through where α < 1.

    Returns
    -------
    float32, shape (D,)
        Named by :data:`NAMES`, then :data:`COLOUR_NAMES` where an image is given. Always finite.

    Raises
    ------
    DataError
        If an array is none of these, or of another size than alpha.

    Examples
    --------
    >>> alpha = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    >>> described = dict(zip(NAMES, describe(alpha), strict=True))
    >>> f"{described['alpha_ratio']:.3f} {described['mean_gradient']:.4f}"  # a ramp of 4/255
    '0.984 0.0156'
    """
    pixels, inside = _checked(alpha, region, image)
    height, width = pixels.shape
    pixels, inside = _shrunk(pixels, inside, LARGEST)
    values = _levels(pixels, inside) | _edges(pixels, inside)
    pixels, inside = _shrunk(pixels, inside, WORKING)
    values |= texture.describe_texture(pixels, inside)
    values |= shape.describe_shape(pixels, inside)
    values |= {"size": float(np.log2(height * width) / 2), "aspect": float(np.log2(width / height))}
    described = [values[name] for name in NAMES]
    if image is not None:
        described += _colour(as_levels(alpha, keep_fractional=True), image)
    return np.array(described, dtype=np.float32)


def _checked(alpha: Matte, region: Mask | None, image: UInt8 | None) -> tuple[UInt8, Mask]:
    """Return the patch and its part of the region, cut to the region's bounding box."""
    pixels = as_levels(alpha, keep_fractional=True)
    if region is not None:
        check_region(region, pixels.shape)
    if image is not None:
        check_colour(image, pixels.shape)
    if region is None or (box := bounding_box(region)) is None:
        return pixels, np.ones(alpha.shape, dtype=np.bool_)
    cut = box.slices
    return np.ascontiguousarray(pixels[cut]), np.ascontiguousarray(region[cut], dtype=np.bool_)


def _shrunk(alpha: UInt8, region: Mask, side: int) -> tuple[UInt8, Mask]:
    height, width = alpha.shape
    scale = side / max(height, width)
    if scale >= 1:
        return alpha, region
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smaller = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    # A quarter of a pixel is enough: strands are thinner than a pixel of the smaller patch.
    covered = cv2.resize(region.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA) >= 64
    return np.asarray(smaller, dtype=np.uint8), np.asarray(covered, dtype=np.bool_)


def _levels(alpha: UInt8, region: Mask) -> dict[str, float]:
    counts = cv2.calcHist([alpha], [0], region.view(np.uint8), [256], [0, 256]).ravel().astype(np.float64)
    total, fractional = max(1.0, counts.sum()), counts[1:255]
    soft = max(1.0, fractional.sum())
    levels = np.arange(1, 255) / 255
    mean = float((fractional * levels).sum() / soft)
    spread = float(np.sqrt(max(0.0, float((fractional * levels**2).sum() / soft) - mean**2)))
    bins = np.add.reduceat(fractional, np.arange(0, 254, 256 // LEVEL_BINS)) / soft
    support = cv2.calcHist([alpha], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    support[:6] = 0
    below = np.cumsum(support)
    values = {
        "share_0": float(counts[0] / total),
        "share_1": float(counts[255] / total),
        "alpha_ratio": float(fractional.sum() / total),
        "level_mean": mean,
        "level_spread": spread,
        "highest": int(alpha.max()) / 255,
        "support": float(below[-1]) / alpha.size,
    }
    values |= {f"level_{k}": float(share) for k, share in enumerate(bins)}
    for q in (5, 10, 25, 50, 75, 90):
        level = int(np.searchsorted(below, below[-1] * q / 100)) if below[-1] else 0
        values[f"quantile_{q}"] = level / 255
    return values


def _edges(alpha: UInt8, region: Mask) -> dict[str, float]:
    soft = (alpha - np.uint8(1)) < 254  # 0 < alpha < 255: 0 wraps to 255
    inside = np.flatnonzero(soft & region)
    if not len(inside):
        return dict.fromkeys(_EDGES, 0.0)
    x, y = (
        response.ravel()[inside].astype(np.float32) / np.float32(2040)
        for response in sobel(alpha, depth=cv2.CV_16S)
    )
    squares = x * x + y * y
    # The exponent of a float is its logarithm, rounded down: log2 of a square is twice that of its root.
    exponents = (squares.view(np.int32) >> 23) - 127
    counts = np.bincount(np.maximum(exponents + 2 * -GRADIENT_EDGES[0], 0), minlength=20)
    starts = [2 * (edge - GRADIENT_EDGES[0]) for edge in GRADIENT_EDGES[:-1]]
    shares = np.add.reduceat(counts, starts) / len(squares)
    a, b, c = float((x * x).sum()), float((y * y).sum()), float((x * y).sum())
    return {
        "mean_gradient": float(np.sqrt(squares).mean()),
        **{f"gradient_bin_{k}": float(share) for k, share in enumerate(shares)},
        "one_direction": float(np.hypot(a - b, 2 * c) / (a + b + 1e-9)),
        "upright": (a - b) / (a + b + 1e-9),
    }


def _colour(alpha: UInt8, image: UInt8) -> list[float]:
    opacity = alpha.astype(np.float32) / 255
    weights = opacity * (opacity > 0.5)
    if np.count_nonzero(weights) < shape.SPECK:
        weights = opacity**2
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) / 20
    total = max(float(weights.sum(dtype=np.float64)), 1e-9)
    means = [float((lab[..., k] * weights).sum(dtype=np.float64)) / total for k in range(3)]
    spreads = [
        float(np.sqrt((((lab[..., k] - means[k]) ** 2) * weights).sum(dtype=np.float64) / total))
        for k in range(3)
    ]
    return [*means, *spreads]
