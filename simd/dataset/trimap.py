"""Trimaps from alphas: which pixels count as unknown."""

import cv2
import numpy as np

from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, Mask, UInt8


def trimap_of(alpha: UInt8, radius: int) -> UInt8:
    r"""Make the trimap of an alpha: the fractional pixels, dilated by a disc, are unknown.

    .. math:: U = \{0 < \alpha < 255\} \oplus D_r, \quad D_r = \{(y, x) : y^2 + x^2 \le r^2\}

    Parameters
    ----------
    alpha : uint8, shape (H, W)
        True matte.
    radius : int
        r in pixels; 0 leaves just the fractional pixels.

    Returns
    -------
    uint8, shape (H, W)
        128 in U; elsewhere 255 where alpha is 255 and 0 where it is 0.

    Examples
    --------
    >>> trimap_of(np.array([[0, 0, 0, 9, 255, 255]], np.uint8), radius=1)
    array([[  0,   0, 128, 128, 128, 255]], dtype=uint8)
    """
    fractional = ((alpha > 0) & (alpha < 255)).astype(np.uint8)
    unknown = cv2.dilate(fractional, _disc(radius)).astype(bool)
    trimap = np.where(alpha == 255, FOREGROUND, BACKGROUND).astype(np.uint8)
    trimap[unknown] = UNKNOWN
    return trimap


def unknown_region(trimap: UInt8) -> Mask:
    """Return the unknown region, bool (H, W): exactly ``trimap == 128``."""
    return np.asarray(trimap == UNKNOWN, dtype=np.bool_)


def _disc(radius: int) -> UInt8:
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(y**2 + x**2 <= radius**2, dtype=np.uint8)
