"""Trimaps from alphas: which pixels count as unknown."""

import math
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np

from simd.decoding import MAX_PIXELS
from simd.errors import DataError
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, Mask, Matte, UInt8, read_alpha
from simd.mattes import as_matte, fractional, largest_value


def trimap_of(alpha: Matte, radius: int) -> UInt8:
    r"""Make the trimap of an alpha: the fractional pixels, dilated by a disc, are unknown.

    .. math:: U = \{0 < \alpha < 1\} \oplus D_r, \quad D_r = \{(y, x) : y^2 + x^2 \le r^2\}

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        True matte; a float one counts as it is, so 0.001 is fractional.
    radius : int
        r in pixels; 0 leaves just the fractional pixels.

    Returns
    -------
    uint8, shape (H, W)
        128 in U; elsewhere 255 where alpha is opaque and 0 where it is 0.

    Raises
    ------
    DataError
        If the alpha is none of these, or the radius is not a whole number from 0 on.

    Examples
    --------
    >>> trimap_of(np.array([[0, 0, 0, 9, 255, 255]], np.uint8), radius=1)
    array([[  0,   0, 128, 128, 128, 255]], dtype=uint8)
    """
    as_matte(alpha)
    if isinstance(radius, bool) or not isinstance(radius, int | np.integer) or radius < 0:
        raise DataError(f"radius is {radius!r}, but has to be a whole number of pixels, 0 or more")
    trimap = np.where(alpha == largest_value(alpha), np.uint8(FOREGROUND), np.uint8(BACKGROUND))
    trimap[dilated(fractional(alpha), int(radius))] = UNKNOWN
    return trimap


def unknown_region(trimap: UInt8) -> Mask:
    """Return the unknown region, bool (H, W): exactly ``trimap == 128``."""
    return np.asarray(trimap == UNKNOWN, dtype=np.bool_)


_BY_DISTANCE = 18  # the radius from which the distance to a region takes less time than its dilation


def dilated(region: Mask, radius: int) -> Mask:
    """Return the pixels at most `radius` from a region, bool (H, W), itself included."""
    # the time of a dilation grows with the radius squared, that of distances does not
    if radius < _BY_DISTANCE:
        dilated = cv2.dilate(region.view(np.uint8), _disc(radius))
        return np.asarray(dilated, dtype=np.bool_)
    distance = cv2.distanceTransform((~region).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Its roots of whole numbers are off by a last bit with some processors, so the limit lies between two.
    return np.asarray(distance <= np.float32(math.sqrt(radius**2 + 0.5)), dtype=np.bool_)


def _disc(radius: int) -> UInt8:
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(y**2 + x**2 <= radius**2, dtype=np.uint8)


def default_radius(size: tuple[int, ...]) -> int:
    """Return the radius in pixels by which the protocol `exact` dilates: max(3, round(0.01 · min(H, W)))."""
    return max(3, round(0.01 * min(size[:2])))


def lacking_side(trimap: UInt8) -> Literal["", "foreground", "background"]:
    """Return which side a trimap, uint8 (H, W), knows no pixel of; "" if it knows both.

    Methods that go out from known pixels have nothing to start from there.
    """
    if not (trimap == FOREGROUND).any():
        return "foreground"
    return "" if (trimap == BACKGROUND).any() else "background"


UNKNOWN_FROM, FOREGROUND_FROM = 85, 170
"""The thresholds of GCA-Matting (AAAI 2020): below 85 background, 85..169 unknown, from 170 on foreground."""

_TERNARY = {BACKGROUND, UNKNOWN, FOREGROUND}


class Trimap(NamedTuple):
    """A trimap of 0, 128 and 255, and how many of its pixels held something else in the file."""

    pixels: UInt8
    mapped: int


def read_trimap(path: Path, max_pixels: int = MAX_PIXELS, *, data: bytes | None = None) -> UInt8:
    """Read a trimap: uint8 (H, W) of exactly 0, 128 and 255; other values are refused (DataError).

    `data` are the bytes of an image that is no file; `path` then names it in messages.
    """
    return as_trimap(read_alpha(path, max_pixels, data=data), f"{path}: ")


def as_trimap(trimap: UInt8, where: str = "") -> UInt8:
    """Return a trimap as it is, uint8 (H, W); DataError if it holds anything but 0, 128 and 255."""
    if ((trimap == BACKGROUND) | (trimap == UNKNOWN) | (trimap == FOREGROUND)).all():
        return trimap
    strange = sorted(set(np.unique(trimap).tolist()) - _TERNARY)
    raise DataError(
        f"{where}a trimap holds 0, 128 (unknown) and 255 only; this one also has {_listed(strange)}"
    )


def _listed(values: list[int]) -> str:
    return f"{', '.join(map(str, values[:6]))}{', ...' if len(values) > 6 else ''}"


def read_mapped_trimap(path: Path, *, map_other: bool = False) -> Trimap:
    """Read a trimap; with `map_other`, put other values than 0, 128 and 255 where the thresholds say.

    Raises
    ------
    DataError
        If the file cannot be read, or holds other values and they are not to be mapped; the message says
        what mapping would make of them.
    """
    pixels = read_alpha(path)
    if ((pixels == BACKGROUND) | (pixels == UNKNOWN) | (pixels == FOREGROUND)).all():
        return Trimap(pixels, 0)
    counts = np.bincount(pixels.ravel(), minlength=256)
    strange = [value for value in np.flatnonzero(counts).tolist() if value not in _TERNARY]
    mapped = int(counts[strange].sum())
    if map_other:
        return Trimap(_LOOK_UP[pixels], mapped)
    held = (
        f"{path}: a trimap holds 0, 128 (unknown) and 255 only; {mapped:,} of {pixels.size:,} pixels hold "
        f"{_listed(strange)}"
    )
    if pixels.max() <= 2:
        raise DataError(
            f"{held}. They look like the indices of three regions, all of which --map-trimaps would make "
            "background; write them as 0, 128 and 255"
        )
    become = (
        f"{int(sum(counts[v] for v in strange if _LOOK_UP[v] == target)):,} {name}"
        for target, name in ((BACKGROUND, "background"), (UNKNOWN, "unknown"), (FOREGROUND, "foreground"))
    )
    raise DataError(
        f"{held}. --map-trimaps would take "
        f"values below {UNKNOWN_FROM} for background, from {FOREGROUND_FROM} on for foreground, and those "
        f"between for unknown: of these pixels {', '.join(become)}"
    )


def _look_up() -> UInt8:
    table = np.full(256, UNKNOWN, np.uint8)
    table[:UNKNOWN_FROM], table[FOREGROUND_FROM:] = BACKGROUND, FOREGROUND
    return table


_LOOK_UP = _look_up()
