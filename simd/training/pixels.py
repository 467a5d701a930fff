"""The loops over pixels that make a sample, compiled; each is one equation."""

import numpy as np
import numpy.typing as npt

from simd.image import UInt8
from simd.jit import compiled

Float32 = npt.NDArray[np.float32]


@compiled
def pack(fg: UInt8, alpha: UInt8, rgba: UInt8) -> None:
    """Write colour (H, W, 3) and alpha (H, W) into `rgba` (H + 2, W + 2, 4), with a ring of alpha 0 around.

    The ring has the colour beside it: when samples beyond the frame repeat the ring, colour goes on and
    alpha is 0.
    """
    height, width = alpha.shape
    for y in range(height + 2):
        row = min(max(y - 1, 0), height - 1)
        for x in range(width):
            for c in range(3):
                rgba[y, x + 1, c] = fg[row, x, c]
            rgba[y, x + 1, 3] = alpha[row, x]
        for c in range(3):
            rgba[y, 0, c] = fg[row, 0, c]
            rgba[y, width + 1, c] = fg[row, width - 1, c]
        rgba[y, 0, 3] = 0
        rgba[y, width + 1, 3] = 0
    for x in range(width + 2):
        rgba[0, x, 3] = 0
        rgba[height + 1, x, 3] = 0


@compiled
def split(rgba: UInt8, fg: UInt8, alpha: UInt8) -> None:
    """Take colour and alpha apart."""
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            for c in range(3):
                fg[y, x, c] = rgba[y, x, c]
            alpha[y, x] = rgba[y, x, 3]


@compiled
def merge(top: UInt8, bottom: UInt8, fg: UInt8, alpha: UInt8) -> None:
    r"""Lay one foreground (H, W, 4) over another.

    .. math:: \alpha = 1 - (1 - \alpha_1)(1 - \alpha_2), \quad
       F = \frac{\alpha_1 F_1 + (1 - \alpha_1) \alpha_2 F_2}{\alpha}

    Rounded to the nearest level; F is the top's where both alphas are 0.
    """
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            first = np.int32(255) * top[y, x, 3]
            second = (np.int32(255) - top[y, x, 3]) * bottom[y, x, 3]
            both = first + second
            alpha[y, x] = (both + 127) // 255
            if both == 0:
                for c in range(3):
                    fg[y, x, c] = top[y, x, c]
            else:
                share = np.float32(first) / np.float32(both)
                for c in range(3):
                    f1, f2 = np.float32(top[y, x, c]), np.float32(bottom[y, x, c])
                    fg[y, x, c] = np.uint8(f2 + (f1 - f2) * share + np.float32(0.5))


@compiled
def merge_classes(top: UInt8, below: UInt8, to_top: Float32, to_below: Float32) -> None:
    """Write into the class mask `top` the class of what lies below, where only that is seen, or is nearer.

    `to_top` and `to_below` are the distances to where the alpha of each is above 0.
    """
    for y in range(top.shape[0]):
        for x in range(top.shape[1]):
            if to_below[y, x] < to_top[y, x]:  # where both are seen, both are 0
                top[y, x] = below[y, x]


@compiled
def trimap(
    alpha: UInt8, outside: Float32, inside: Float32, dilation: float, erosion: float, out: UInt8
) -> int:
    r"""Write the trimap of an alpha; return how many pixels are unknown.

    .. math:: U = (\{\alpha > 0\} \oplus D_d) \setminus (\{\alpha = 255\} \ominus D_e)

    `outside` holds each pixel's distance to where alpha is above 0, `inside` to where it is below 255.
    """
    count = 0
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            level = alpha[y, x]
            if level == 0 and outside[y, x] > dilation:
                out[y, x] = 0
            elif level == 255 and inside[y, x] > erosion:
                out[y, x] = 255
            else:
                out[y, x] = 128
                count += 1
    return count


@compiled
def keep_unknown(classes: UInt8, trimap: UInt8) -> None:
    """Take the class (255) from every pixel that is not unknown."""
    for y in range(trimap.shape[0]):
        for x in range(trimap.shape[1]):
            if trimap[y, x] != 128:
                classes[y, x] = 255


@compiled
def blend(fg: UInt8, alpha: UInt8, bg: UInt8, image: UInt8) -> None:
    """Write αF + (1 - α)B, rounded to the nearest level as :func:`simd.composite` rounds it."""
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            a = np.uint32(alpha[y, x])
            for c in range(3):
                total = a * fg[y, x, c] + (np.uint32(255) - a) * bg[y, x, c] + np.uint32(127)
                image[y, x, c] = np.uint8(
                    (total * np.uint32(32897)) >> np.uint32(23)
                )  # total // 255, exactly


@compiled
def look_up(image: UInt8, table: UInt8) -> None:
    """Put every level through the table (256, 3) of its channel, in place."""
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            for c in range(3):
                image[y, x, c] = table[image[y, x, c], c]
