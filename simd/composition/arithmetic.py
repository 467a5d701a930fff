"""The arithmetic of a composite, on arrays."""

import cv2
import numpy as np

from simd.image import Matte, UInt8
from simd.mattes import as_levels, check_colour

LARGE = 1 << 22
"""Pixels from which on an image is worth the start of compiled loops, a third of a second."""


def composite(fg: UInt8, alpha: Matte, bg: UInt8) -> UInt8:
    r"""Place a foreground over a background, in exact integers.

    .. math:: I = \lfloor (\alpha F + (255 - \alpha) B + 127) / 255 \rfloor

    Parameters
    ----------
    fg, bg : uint8, shape (H, W, 3)
        Straight colour, encoded sRGB (the field composes encoded values, and so do we).
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte is rounded to 8 bits first.

    Returns
    -------
    uint8, shape (H, W, 3)
        F where alpha is 255 and B where it is 0; F where F and B are equal, whatever alpha.

    Raises
    ------
    DataError
        If the alpha is none of these, or a colour is not uint8 of its size.

    Notes
    -----
    The compositing equation I = αF + (1−α)B with 8-bit operands, rounded to the nearest level.

    Examples
    --------
    >>> one = np.ones((1, 1, 3), np.uint8)
    >>> composite(200 * one, np.array([[128]], np.uint8), 100 * one)[0, 0].tolist()
    [150, 150, 150]
    """
    levels = _checked(fg, alpha, bg)
    if levels.size >= LARGE:
        from simd.composition.loops import blended

        return blended(fg, levels, bg)
    image = np.empty(bg.shape, np.uint8)
    for top in range(0, len(levels), _STRIP):
        strip = np.s_[top : top + _STRIP]
        a = cv2.merge((levels[strip],) * 3)
        total = np.multiply(a, fg[strip], dtype=np.uint16)
        np.subtract(255, a, out=a)
        total += np.multiply(a, bg[strip], dtype=np.uint16)
        # (t + 127) // 255 of a whole t up to 255 * 255, without a division
        total += 128
        total += total >> 8
        total >>= 8
        image[strip] = total
    return image


_WEIGHTS = np.arange(256) / 255.0  # α as float64
_STRIP = 32  # rows; the arrays of a strip stay in the processor's cache


def composite_truncated(fg: UInt8, alpha: Matte, bg: UInt8) -> UInt8:
    r"""Place a foreground over a background as the published scripts do: in float64, truncated.

    .. math:: I = \lfloor F \cdot a + B \cdot (1 - a) \rfloor, \quad a = \alpha / 255

    Parameters
    ----------
    fg, bg : uint8, shape (H, W, 3)
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte is rounded to 8 bits first.

    Returns
    -------
    uint8, shape (H, W, 3)
        On average half a level darker than :func:`composite`. Even where F and B are equal it may be a
        level too low, as binary fractions sum to a hair less than the whole; so the order of the
        operations is part of the result.

    Raises
    ------
    DataError
        If the alpha is none of these, or a colour is not uint8 of its size.

    Notes
    -----
    The arithmetic of the Composition-1k script and of the SIMD test-set generator; they agree.

    Examples
    --------
    >>> one = np.ones((1, 3, 3), np.uint8)
    >>> composite_truncated(200 * one, np.array([[0, 128, 255]], np.uint8), 101 * one)[0, :, 0].tolist()
    [101, 150, 200]
    >>> composite_truncated(254 * one, np.array([[12, 13, 14]], np.uint8), 254 * one)[0, :, 0].tolist()
    [254, 253, 254]
    """
    levels = _checked(fg, alpha, bg)
    image = np.array(bg)
    for top in range(0, len(levels), _STRIP):
        columns = np.flatnonzero(levels[top : top + _STRIP].any(axis=0))
        if not columns.size:
            continue
        part = np.s_[top : top + _STRIP, columns[0] : columns[-1] + 1]
        a = cv2.merge((levels[part],) * 3)
        of_fg, of_bg = cv2.LUT(a, _WEIGHTS), cv2.LUT(a, 1.0 - _WEIGHTS)
        of_fg *= fg[part]
        of_bg *= bg[part]
        of_fg += of_bg
        image[part] = of_fg
    return image


def _checked(fg: UInt8, alpha: Matte, bg: UInt8) -> UInt8:
    """Return alpha in 8 bits."""
    levels = as_levels(alpha)
    check_colour(fg, levels.shape, "fg")
    check_colour(bg, levels.shape, "bg")
    return levels
