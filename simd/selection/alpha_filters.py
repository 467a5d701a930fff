"""Filters on size, licence and alpha: each looks for one defect and returns a finding, or None.

==========  =======================================================  =============================
reason      figure                                                   found where it is
==========  =======================================================  =============================
small       the shorter side, in pixels                              below `min_side`
licence     none                                                     not one of those allowed
truth       none                                                     stated to be no ground truth
empty       share of pixels with alpha above 0                       below 0.1 %
full        share of pixels with alpha 255                           100 %
binary      share of pixels between 0 and 255                        below 0.05 %
range       the largest level                                        at most 64 of 255; or 16..235
faint       the largest level                                        at most 128 of 255
quantised   levels that hold 99.9 % of the fractional pixels         14 or fewer: 4 bits
noisy       local peaks within 4 levels of 0 or 255, a fractional    at least 3 %
            pixel; or share of the steps 0 to 1..4 and 255 to        at least 30 %, and 12.5 % are
            251..254 that lie on the 8 x 8 grid of JPEG              expected by chance
islands     pixels of specks far from the object, by those of all    up to 0.5 %, and any
border      pixels of the frame with something that ends within      at least 5 %
            4 pixels, by those of the frame
==========  =======================================================  =============================

The limits were set on generated foregrounds of all 20 classes and on real ones, so that none of the former
is found: drawing with 4 x 4 samples a pixel leaves 15 levels, spray has 2.2 % peaks, hair that grazes the
frame covers 2.1 % of it. Colour has its own filters, :mod:`simd.selection.colour_filters`.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import cv2
import numpy as np

from simd.image import Mask, Matte, UInt8
from simd.layer_checks import part_of_range
from simd.mattes import as_levels
from simd.records import NOT_TRUTH
from simd.selection.reasons import Finding, finding_of

_EMPTY_SHARE = 0.001
_BINARY_SHARE = 0.0005
_FEW_LEVELS, _MIN_FRACTIONAL = 14, 200
_PEAKS, _MIN_PEAKS = 0.03, 50
_ON_GRID, _MIN_STEPS = 0.30, 100
_NEAR = 4  # levels beside 0 and 255 in which noise shows
_VISIBLE = 16  # below, it is noise rather than a speck
_SPECK, _FAR, _SPECKS = 0.01, 0.05, 0.005
_RIM, _INSIDE, _STRIPE, _MIN_STRIPE = 2, 5, 0.05, 20


def small(shape: tuple[int, ...], min_side: int) -> Finding | None:
    """Find an image whose shorter side has fewer than `min_side` pixels.

    Parameters
    ----------
    shape : (H, W) or (H, W, C)
    min_side : int
        Pixels; 0 lets all pass.

    Returns
    -------
    Finding or None
        "small", the figure being the shorter side in pixels.
    """
    height, width = shape[:2]
    side = min(height, width)
    if side >= min_side:
        return None
    return finding_of("small", side, f"{height} x {width} pixels, the shorter side must reach {min_side}")


def unlicensed(licence: str, allowed: Sequence[str]) -> Finding | None:
    """Find a licence that fits none of some patterns.

    Parameters
    ----------
    licence : str
    allowed : sequence of str
        Patterns such as ``"CC0*"``, whatever their case; without patterns all licences fit.

    Returns
    -------
    Finding or None
        "licence", without a figure.
    """
    if not allowed or any(fnmatchcase(licence.lower(), pattern.lower()) for pattern in allowed):
        return None
    return finding_of("licence", None, f"its licence is {licence!r}; allowed: {', '.join(allowed)}")


def not_truth(alpha_kind: str) -> Finding | None:
    """Find an alpha that is stated to be no ground truth.

    Parameters
    ----------
    alpha_kind : str
        A key of :data:`simd.records.ALPHA_KINDS`, or "" where it is not known.

    Returns
    -------
    Finding or None
        "truth", without a figure.
    """
    if alpha_kind not in NOT_TRUTH:
        return None
    return finding_of("truth", None, f"its alpha is {alpha_kind.replace('_', ' ')}, no ground truth")


def unusable(alpha: Matte) -> Finding | None:
    """Find an alpha that is empty, full or binary: nothing else is worth measuring then.

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.

    Returns
    -------
    Finding or None
        "empty": the share of pixels above 0, below 0.1 %; "full": 1; "binary": the share of pixels
        between 0 and 255, below 0.05 %.

    Raises
    ------
    DataError
        If the alpha is not such an array.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    visible = int(np.count_nonzero(alpha)) / alpha.size
    if visible < _EMPTY_SHARE:
        return finding_of("empty", visible, f"alpha is above 0 on {visible:.3%} of the pixels")
    if alpha.min() == 255:
        return finding_of("full", 1.0, "alpha is 255 on all pixels")
    share = int(np.count_nonzero((alpha > 0) & (alpha < 255))) / alpha.size
    if share < _BINARY_SHARE:
        return finding_of("binary", share, f"alpha is between 0 and 255 on {share:.3%} of the pixels")
    return None


def limited(alpha: Matte) -> Finding | None:
    """Find an alpha whose levels span a part of 0 to 255: not scaled, or merely dim.

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.

    Returns
    -------
    Finding or None
        "range" (at most 64, or 16..235) or "faint" (at most 128): the largest level, 0..255.

    Raises
    ------
    DataError
        If the alpha is not such an array.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    levels = part_of_range(alpha)
    if levels is None:
        return None
    return finding_of("range" if levels.unscaled else "faint", levels.largest, levels.detail)


def quantised(alpha: Matte) -> Finding | None:
    """Find an alpha of few levels, as 4 bits or a palette leave it.

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.

    Returns
    -------
    Finding or None
        "quantised": how many levels hold 99.9 % of the fractional pixels, 14 or fewer. Fewer than 200
        fractional pixels tell nothing.

    Raises
    ------
    DataError
        If the alpha is not such an array.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    counts = np.bincount(alpha.ravel(), minlength=256)[1:255]
    total = int(counts.sum())
    if total < _MIN_FRACTIONAL:
        return None
    most_first = np.cumsum(np.sort(counts)[::-1])
    levels = int(np.searchsorted(most_first, 0.999 * total)) + 1
    if levels > _FEW_LEVELS:
        return None
    return finding_of("quantised", levels, f"{total} fractional pixels share {levels} levels")


def noisy(alpha: Matte) -> Finding | None:
    """Find flicker beside 0 and 255: in a true matte these values lie on slopes, not on peaks.

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.

    Returns
    -------
    Finding or None
        "noisy": single peaks within 4 levels of 0 or 255, as a share of the fractional pixels (3 % or more);
        or the share of the steps beside 0 and 255 that lie on the 8 x 8 grid of JPEG (30 % or more).

    Raises
    ------
    DataError
        If the alpha is not such an array.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    fractional = int(np.count_nonzero((alpha > 0) & (alpha < 255)))
    sides = (alpha, 255 - alpha)
    peaks = sum(_peaks(side) for side in sides)
    if peaks >= max(_MIN_PEAKS, _PEAKS * fractional):
        share = peaks / fractional
        return finding_of(
            "noisy", share, f"{peaks} single peaks within {_NEAR} levels of 0 or 255, {share:.1%} of the edge"
        )
    steps = np.zeros(2, np.int64)
    for side in sides:
        steps += _steps(side) + _steps(side.T)
    on_grid, total = (int(n) for n in steps)
    if total >= _MIN_STEPS and on_grid >= _ON_GRID * total:
        share = on_grid / total
        return finding_of(
            "noisy", share, f"{share:.0%} of the steps beside 0 and 255 lie on JPEG's 8 x 8 grid"
        )
    return None


def islands(alpha: Matte) -> Finding | None:
    """Find specks: pieces below 1 % of the largest, 5 % of the diagonal away from every larger one.

    For matter that scatters (spray, sparks, smoke) the filter has no meaning;
    :mod:`simd.selection.foregrounds` leaves it out for those classes.

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.

    Returns
    -------
    Finding or None
        "islands": pixels of the specks as a share of all pixels at level 16 or more, up to 0.5 %; a larger
        share belongs to the picture.

    Raises
    ------
    DataError
        If the alpha is not such an array.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (alpha >= _VISIBLE).astype(np.uint8), connectivity=8
    )
    if count <= 2:  # the background and one object
        return None
    area = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
    area[0] = 0
    large: Mask = area >= _SPECK * area.max()
    distance = cv2.distanceTransform((~large[labels]).astype(np.uint8), cv2.DIST_L2, 5)
    nearest = np.full(count, np.inf)
    outside = ~large[labels] & (labels > 0)
    np.minimum.at(nearest, labels[outside], distance[outside])
    far = ~large & (area > 0) & (nearest > _FAR * np.hypot(*alpha.shape))
    number, pixels = int(far.sum()), int(area[far].sum())
    share = pixels / int(area.sum())
    if number == 0 or share > _SPECKS:  # that much belongs to the picture
        return None
    return finding_of("islands", share, f"{number} far from the rest, {pixels} pixels in all")


def border(alpha: Matte) -> Finding | None:
    """Find a stripe along the frame: visible in the outer 2 pixels, gone in the 3 behind them.

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.

    Returns
    -------
    Finding or None
        "border": the length of the stripe as a share of the frame, 5 % or more. Sides below 20 pixels tell
        nothing.

    Raises
    ------
    DataError
        If the alpha is not such an array.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    if min(alpha.shape) < 4 * _INSIDE:
        return None
    stripe = frame = 0
    for side in (alpha, alpha[::-1], alpha.T, alpha.T[::-1]):
        rim = side[:_RIM].max(axis=0).astype(int)
        inside = side[_RIM:_INSIDE].max(axis=0).astype(int)
        stripe += int(np.count_nonzero((rim >= _VISIBLE) & (4 * inside < rim)))
        frame += side.shape[1]
    if stripe < max(_MIN_STRIPE, _STRIPE * frame):
        return None
    share = stripe / frame
    return finding_of(
        "border", share, f"a stripe of {stripe} pixels, {share:.0%} of the frame, ends behind it"
    )


def _peaks(side: UInt8) -> int:
    """Count the values 1..4 that no neighbour exceeds and that exceed two of four."""
    near = (side[1:-1, 1:-1] > 0) & (side[1:-1, 1:-1] <= _NEAR)
    if not near.any():
        return 0
    values = side[1:-1, 1:-1]
    around = (side[:-2, 1:-1], side[2:, 1:-1], side[1:-1, :-2], side[1:-1, 2:])
    lower = np.zeros(values.shape, np.uint8)
    for neighbour in around:
        near &= values >= neighbour
        lower += values > neighbour
    return int(np.count_nonzero(near & (lower >= 2)))


def _steps(side: UInt8) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Count the steps between 0 and 1..4 along rows: those at multiples of 8, and all."""
    near, zero = (side > 0) & (side <= _NEAR), side == 0
    columns = ((near[:, 1:] & zero[:, :-1]) | (near[:, :-1] & zero[:, 1:])).sum(axis=0)
    return np.array([columns[7::8].sum(), columns.sum()], np.int64)
