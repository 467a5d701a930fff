"""Colour that a cut-out holds multiplied by its alpha, divided again."""

import numpy as np

from simd.errors import DataError
from simd.image import Matte, UInt8
from simd.mattes import as_levels, check_colour
from simd.sources.rgba import extend_colour

_LOW, _BRIGHTER, _TOO_BRIGHT = 8, 8, 0.10  # as simd.selection.colour_filters has them


def straight_colour(fg: UInt8, alpha: Matte) -> UInt8:
    r"""Divide colour by alpha.

    .. math:: F = \min(255, \lfloor (255\,C + \lfloor \alpha / 2 \rfloor) / \alpha \rfloor)

    Parameters
    ----------
    fg : uint8, shape (H, W, 3)
        C, colour multiplied by alpha.
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float one is rounded to 8 bits.

    Returns
    -------
    uint8, shape (H, W, 3)
        F, rounded to the nearest level; under alpha 0 the colour of a nearest visible pixel.

    Raises
    ------
    DataError
        If the arrays are not what they have to be, or much of the colour is brighter than its alpha, which
        multiplied colour cannot be.

    Examples
    --------
    >>> straight_colour(np.full((1, 1, 3), 50, np.uint8), np.full((1, 1), 128, np.uint8))[0, 0]
    array([100, 100, 100], dtype=uint8)
    """
    alpha = as_levels(alpha)
    check_colour(fg, alpha.shape, "fg")
    soft = (alpha >= _LOW) & (alpha < 255 - _BRIGHTER)
    brighter = fg[soft].max(axis=1, initial=0) > alpha[soft].astype(int) + _BRIGHTER
    if brighter.size and brighter.mean() > _TOO_BRIGHT:
        raise DataError(
            f"{brighter.mean():.0%} of its soft pixels are brighter than their alpha, so the colour is not "
            "multiplied by it; build it without --unpremultiply"
        )
    divisor = np.maximum(alpha, 1)[..., None].astype(np.uint32)
    straight = np.minimum((255 * fg.astype(np.uint32) + divisor // 2) // divisor, 255).astype(np.uint8)
    return extend_colour(straight, alpha)
