"""The arithmetic of a composite, on arrays."""

import numpy as np

from simd.image import UInt8


def composite(fg: UInt8, alpha: UInt8, bg: UInt8) -> UInt8:
    r"""Place a foreground over a background, in exact integers.

    .. math:: I = \lfloor (\alpha F + (255 - \alpha) B + 127) / 255 \rfloor

    Parameters
    ----------
    fg, bg : uint8, shape (H, W, 3)
        Straight colour, encoded sRGB (the field composes encoded values, and so do we).
    alpha : uint8, shape (H, W)

    Returns
    -------
    uint8, shape (H, W, 3)
        F where alpha is 255 and B where it is 0; F where F and B are equal, whatever alpha.

    Notes
    -----
    The compositing equation I = αF + (1−α)B with 8-bit operands, rounded to the nearest level.

    Examples
    --------
    >>> one = np.ones((1, 1, 3), np.uint8)
    >>> composite(200 * one, np.array([[128]], np.uint8), 100 * one)[0, 0].tolist()
    [150, 150, 150]
    """
    a = alpha[..., None].astype(np.uint16)
    # 255 * 255 + 127 = 65152 fits 16 bits
    total = a * fg + (255 - a) * bg + 127
    return np.asarray(total // 255, dtype=np.uint8)
