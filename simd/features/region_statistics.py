"""What is measured of an alpha inside a region: its ratio, gradient, levels, strokes, parts and colours."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simd.features.colour_distance import SmallComposite
from simd.features.shape import Parts, find_parts, object_mask, stroke_widths, widths_at
from simd.features.sobel import sobel
from simd.image import Mask, Matte, UInt8
from simd.masks import bounding_box
from simd.mattes import as_levels, as_matte, check_colour, check_region, fractional, largest_value

LEVEL_BINS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is measured of one region; nan where a region has nothing to measure."""

    pixels: int
    unknown_share: float  # of the image, 0..1
    alpha_ratio: float  # share of fractional pixels in the region, 0..1
    mean_gradient: float  # of alpha over the fractional pixels, a pixel
    mean_alpha: float  # over the region, 0..1
    thickness: float  # median stroke width in the region, pixels
    components: int
    holes: int
    colour_distance_estimated: float  # between F and B, ΔE*ab
    share_alpha_0: float  # the histogram of alpha: ten shares of the region
    levels: tuple[float, ...]  # eight bins of 32 levels, from level 1 on
    share_alpha_1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForegroundSize:
    """How large an image and its foreground are."""

    height: int
    width: int
    fg_height: int  # of the bounding box of alpha > 0; 0 where there is none
    fg_width: int
    fg_share: float  # sum of alpha / pixels of the image


def alpha_ratio(alpha: Matte, region: Mask) -> float:
    r"""Return the share of fractional pixels in a region R; nan if R is empty.

    .. math:: |\{p \in R : 0 < \alpha_p < 1\}| \,/\, |R|

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        True matte; a float one counts as it is.
    region : bool, shape (H, W)

    Raises
    ------
    DataError
        If the alpha is none of these, or the region is not a mask of its size.

    Notes
    -----
    "Semantic Image Matting", CVPR 2021, section 3 (statistics of the matting classes).
    """
    _check(alpha, region)
    count = np.count_nonzero(region)
    return float(np.count_nonzero(fractional(alpha) & region) / count) if count else math.nan


def mean_gradient(alpha: Matte, region: Mask) -> float:
    r"""Return the mean gradient magnitude of alpha over the fractional pixels of a region.

    .. math:: \frac{1}{|R'|} \sum_{p \in R'} \sqrt{G_x^2 + G_y^2}, \quad R' = \{p \in R : 0 < \alpha_p < 1\}

    G is the 3×3 Sobel response divided by 8, so a ramp that rises by 0.1 a pixel has gradient 0.1; the border
    is replicated. nan if R' is empty.

    Alpha and region are what :func:`alpha_ratio` takes, and checked as there.
    """
    _check(alpha, region)
    inside = fractional(alpha) & region
    return _mean_root(_squared_gradients(alpha)[inside], largest_value(alpha))


def thickness(alpha: Matte, region: Mask) -> float:
    """Return the median stroke width in a region, in pixels; nan where no ridge of a stroke lies in it.

    The width is measured on the ridge of the object (:func:`simd.features.shape.stroke_widths`), so a strand
    of hair or the thread of a net counts with its own width. The soft edge of a solid has no stroke of its
    own: the ridge of the solid lies outside the unknown region.

    Alpha and region are what :func:`alpha_ratio` takes, and checked as there.
    """
    _check(alpha, region)
    mask = object_mask(alpha)
    return _thickness(*stroke_widths(mask), region)


def measure_regions(
    image: UInt8, alpha: Matte, unknown: Mask, regions: dict[str, Mask]
) -> tuple[Measures, dict[str, Measures]]:
    """Measure the unknown region, and the regions in it.

    Strokes, components and holes are found once, in the whole alpha; a region counts those that
    reach into it.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        True matte; a float one counts as it is, but for the histogram and the colours, which are of 8 bits.
    unknown : bool, shape (H, W)
    regions : dict of bool, shape (H, W)
        Parts of the unknown region by name.

    Returns
    -------
    whole : Measures
    parts : dict of Measures
        A region without a pixel has none.

    Raises
    ------
    DataError
        If an array is none of these, or of another size than alpha.
    """
    _check(alpha, unknown, "unknown")
    check_colour(image, alpha.shape)
    for name, region in regions.items():
        check_region(region, alpha.shape, f"region {name}")
    pixels = _Pixels(image, alpha)
    whole = pixels.measure(unknown)
    parts = {
        name: whole if np.array_equal(region, unknown) else pixels.measure(region)
        for name, region in regions.items()
        if region.any()
    }
    return whole, parts


def foreground_size(alpha: Matte) -> ForegroundSize:
    """Measure how large a foreground is in its image; alpha is (H, W), uint8 or float in [0, 1]."""
    as_matte(alpha)
    box = bounding_box(alpha > 0)
    return ForegroundSize(
        height=alpha.shape[0],
        width=alpha.shape[1],
        fg_height=box.height if box else 0,
        fg_width=box.width if box else 0,
        fg_share=float(alpha.mean(dtype=np.float64) / largest_value(alpha)),
    )


class _Pixels:
    """An image with what all its regions share."""

    def __init__(self, image: UInt8, alpha: Matte) -> None:
        mask = object_mask(alpha)
        self.alpha, self.levels = alpha, as_levels(alpha, keep_fractional=True)
        self.small = SmallComposite(image, self.levels)
        self.fractional, self.squares = fractional(alpha), _squared_gradients(alpha)
        self.distance, self.ridge = stroke_widths(mask)
        self.parts: Parts = find_parts(mask)

    def measure(self, region: Mask) -> Measures:
        inside = self.fractional & region
        count = int(np.count_nonzero(region))
        shares = np.bincount(self.levels[region], minlength=256) / (count or math.nan)
        steps = np.add.reduceat(shares[1:255], np.arange(0, 254, 256 // LEVEL_BINS))
        if self.alpha.dtype == np.uint8:
            mean = float((shares * (np.arange(256) / 255)).sum())
        else:
            mean = float(self.alpha[region].mean(dtype=np.float64)) if count else math.nan
        return Measures(
            pixels=count,
            unknown_share=count / region.size,
            alpha_ratio=np.count_nonzero(inside) / count if count else math.nan,
            mean_gradient=_mean_root(self.squares[inside], largest_value(self.alpha)),
            mean_alpha=mean,
            thickness=_thickness(self.distance, self.ridge, region),
            components=_reaching(self.parts.labels, self.parts.areas, region),
            holes=_reaching(self.parts.hole_labels, self.parts.hole_areas, region),
            colour_distance_estimated=self.small.distance_in(region),
            share_alpha_0=float(shares[0]),
            levels=tuple(map(float, steps)),
            share_alpha_1=float(shares[255]),
        )


def _check(alpha: Matte, region: Mask, name: str = "region") -> None:
    as_matte(alpha)
    check_region(region, alpha.shape, name)


def _squared_gradients(alpha: Matte) -> npt.NDArray[np.float32]:
    """Return the square of 8 times the slope in the unit of alpha.

    Of uint8 these are whole numbers below 2**24, so exact everywhere.
    """
    x, y = sobel(alpha if alpha.dtype == np.uint8 else alpha.astype(np.float32))
    x *= x
    y *= y
    x += y  # in place: at 16 megapixels new memory costs more than the sums
    return np.asarray(x, dtype=np.float32)


def _mean_root(squares: npt.NDArray[np.float32], opaque: int) -> float:
    return float(np.sqrt(squares, dtype=np.float64).mean()) / (8 * opaque) if len(squares) else math.nan


def _thickness(distance: npt.NDArray[np.float32], ridge: Mask, region: Mask) -> float:
    widths = widths_at(distance, ridge & region)
    return float(np.median(widths)) if len(widths) else math.nan


def _reaching(labels: npt.NDArray[np.int32], areas: npt.NDArray[np.int32], region: Mask) -> int:
    """Count the labels with an area that have a pixel in the region."""
    met = np.bincount(labels[region], minlength=len(areas)) > 0
    return int(np.count_nonzero(met & (areas > 0)))
