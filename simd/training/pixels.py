"""The loops over pixels that make a sample, compiled; each is one equation."""

import numpy as np
import numpy.typing as npt

from simd.image import UInt8
from simd.jit import compiled

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


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


BLOCK = 16
"""Side of the blocks that :func:`warp_by_table` looks at: no window reaches beyond those around its own."""

_STEPS = 64  # places between two pixels that have weights of their own


@compiled
def mark_blocks(rgba: UInt8, blocks: UInt8) -> None:
    """Set to 1 each block of pixels that has one with alpha above 0."""
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            if rgba[y, x, 3] > 0:
                blocks[y // BLOCK, x // BLOCK] = 1


@compiled
def warp_by_table(rgba: UInt8, near: UInt8, matrix: Float64, table: Float32, out: UInt8) -> None:
    """Resample RGBA by weights for every step between two pixels, as OpenCV's cubic and Lanczos do.

    Beyond the frame its edge goes on. In blocks with alpha 0 all around (0 in `near`), where nobody sees the
    colour, the nearest pixel is taken.
    """
    height, width = rgba.shape[:2]
    taps = table.shape[1]
    before = taps // 2 - 1  # pixels of a window on its left
    rows = rgba.reshape(height, 4 * width)
    sums = np.empty(4 * taps, np.float32)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            step_x = int(np.floor((matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) * _STEPS + 0.5))
            step_y = int(np.floor((matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) * _STEPS + 0.5))
            column, row = step_x // _STEPS, step_y // _STEPS
            inside_x, inside_y = min(max(column, 0), width - 1), min(max(row, 0), height - 1)
            if near[inside_y // BLOCK, inside_x // BLOCK] == 0:
                for c in range(3):
                    out[y, x, c] = rgba[inside_y, inside_x, c]
                out[y, x, 3] = 0
                continue
            weights_x, weights_y = table[step_x % _STEPS], table[step_y % _STEPS]
            column, row = column - before, row - before
            for k in range(4 * taps):
                sums[k] = 0
            if column >= 0 and row >= 0 and column + taps <= width and row + taps <= height:
                for j in range(taps):
                    line = rows[row + j, 4 * column : 4 * (column + taps)]
                    for k in range(4 * taps):
                        sums[k] += weights_y[j] * np.float32(line[k])
            else:
                for j in range(taps):
                    line = rows[min(max(row + j, 0), height - 1)]
                    for i in range(taps):
                        at = 4 * min(max(column + i, 0), width - 1)
                        for c in range(4):
                            sums[4 * i + c] += weights_y[j] * np.float32(line[at + c])
            for c in range(4):
                level = np.float32(0.5)
                for i in range(taps):
                    level += weights_x[i] * sums[4 * i + c]
                out[y, x, c] = np.uint8(min(max(level, np.float32(0)), np.float32(255)))


def cubic_weights() -> Float32:
    """Return the weights (steps, 4) of cubic interpolation with a = -0.75, as OpenCV has it."""
    distance = np.abs(np.arange(4) - 1 - np.arange(_STEPS)[:, None] / _STEPS)
    a = -0.75
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, far).astype(np.float32)


def lanczos_weights() -> Float32:
    """Return the weights (steps, 8) of Lanczos interpolation over 8 pixels, with sum 1."""
    distance = np.arange(8) - 3 - np.arange(_STEPS)[:, None] / _STEPS
    weights = np.sinc(distance) * np.sinc(distance / 4)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


@compiled
def split(rgba: UInt8, margin: int, fg: UInt8, alpha: UInt8) -> None:
    """Take colour (H, W, 3), without a margin, and alpha, with it, apart."""
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            alpha[y, x] = rgba[y, x, 3]
    for y in range(fg.shape[0]):
        for x in range(fg.shape[1]):
            for c in range(3):
                fg[y, x, c] = rgba[y + margin, x + margin, c]


@compiled
def merge(top: UInt8, below: UInt8, margin: int, fg: UInt8, alpha: UInt8) -> None:
    r"""Lay one foreground (H, W, 4) over another; colour is without a margin, as of :func:`split`.

    .. math:: \alpha = 1 - (1 - \alpha_1)(1 - \alpha_2), \quad
       F = \frac{\alpha_1 F_1 + (1 - \alpha_1) \alpha_2 F_2}{\alpha}

    Rounded to the nearest level; F is the top's where both alphas are 0.
    """
    for y in range(top.shape[0]):
        for x in range(top.shape[1]):
            first = np.uint32(255) * top[y, x, 3]
            both = first + (np.uint32(255) - top[y, x, 3]) * below[y, x, 3]
            alpha[y, x] = (both + np.uint32(127)) // np.uint32(255)
    for y in range(fg.shape[0]):
        for x in range(fg.shape[1]):
            row, column = y + margin, x + margin
            a1, a2 = top[row, column, 3], below[row, column, 3]
            if a1 == 255 or a2 == 0:
                for c in range(3):
                    fg[y, x, c] = top[row, column, c]
            elif a1 == 0:
                for c in range(3):
                    fg[y, x, c] = below[row, column, c]
            else:
                weight = np.float32(255) * a1
                share = weight / (weight + np.float32(255 - a1) * a2)
                for c in range(3):
                    f1, f2 = np.float32(top[row, column, c]), np.float32(below[row, column, c])
                    fg[y, x, c] = np.uint8(f2 + (f1 - f2) * share + np.float32(0.5))


@compiled
def merge_classes(
    classes: UInt8, below: UInt8, top_alpha: UInt8, below_alpha: UInt8, top_reach: UInt8
) -> None:
    """Write into the top's class mask the class of what lies below, where that is seen and the top is not.

    Where neither is seen the top keeps what its alpha, dilated, reaches (1 in `top_reach`).
    """
    for y in range(classes.shape[0]):
        for x in range(classes.shape[1]):
            if top_alpha[y, x] == 0 and (below_alpha[y, x] > 0 or top_reach[y, x] == 0):
                classes[y, x] = below[y, x]


@compiled
def dilate(seeds: UInt8, radius: float, margin: int, out: UInt8) -> None:
    r"""Set to 1 what a disc around a pixel of `seeds` (0 or 1) reaches; `out` is without the margin.

    .. math:: \{p : \exists q \in S, |p - q| \le r\}

    Exact. First each pixel's distance along its column, then the best of its row, 32 pixels at a time.
    """
    height, width = seeds.shape
    column = np.empty((height, width), np.uint8)  # distance to the nearest seed above or below, 255 at most
    for x in range(width):
        column[0, x] = 255 * (1 - seeds[0, x])
    for y in range(1, height):
        above, here, seed = column[y - 1], column[y], seeds[y]
        for x in range(width):
            here[x] = np.uint8(np.uint8(above[x] + np.uint8(above[x] < 255)) * np.uint8(1 - seed[x]))
    for y in range(height - 2, -1, -1):
        below, here = column[y + 1], column[y]
        for x in range(width):
            here[x] = min(here[x], np.uint8(below[x] + np.uint8(below[x] < 255)))
    reach = min(int(radius), 254)
    length = out.shape[1]
    for y in range(out.shape[0]):
        row, distance, lowest = out[y], column[y + margin], np.uint8(255)
        for x in range(length):
            row[x] = 0
        for x in range(width):
            lowest = min(lowest, distance[x])
        if lowest > reach:
            continue
        for step in range(min(reach, width - 1) + 1):
            most = np.uint8(np.sqrt(radius * radius - step * step))
            from_right = distance[margin + step :]
            for x in range(min(length, len(from_right))):
                row[x] |= np.uint8(from_right[x] <= most)
            skipped = max(0, step - margin)
            from_left, right = distance[margin + skipped - step :], row[skipped:]
            for x in range(len(right)):
                right[x] |= np.uint8(from_left[x] <= most)
            if step % 8 == 0 and row.all():
                break


@compiled
def trimap(alpha: UInt8, near_object: UInt8, near_scenery: UInt8, out: UInt8) -> int:
    r"""Write the trimap of an alpha; return how many pixels are unknown.

    .. math:: U = (\{\alpha > 0\} \oplus D_d) \setminus (\{\alpha = 1\} \ominus D_e)

    `near_object` is the first of these sets, `near_scenery` what a disc around alpha < 1 reaches.
    """
    count = 0
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            unknown = near_object[y, x] & near_scenery[y, x]
            out[y, x] = 128 if unknown else np.uint8(255 * near_object[y, x])
            count += unknown
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
    """Write αF + (1 - α)B, rounded to the nearest level as :func:`simd.composite` rounds it.

    All four are flat and of one length, so alpha is repeated for each channel.
    """
    for k in range(len(image)):
        a = np.uint16(alpha[k])
        total = np.uint16(a * fg[k] + np.uint16(np.uint16(255) - a) * bg[k] + np.uint16(128))
        image[k] = np.uint8(
            np.uint16(total + (total >> np.uint16(8))) >> np.uint16(8)
        )  # total // 255, exactly


@compiled
def look_up(image: UInt8, table: UInt8) -> None:
    """Put every level through the table (256, 3) of its channel, in place."""
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            for c in range(3):
                image[y, x, c] = table[image[y, x, c], c]
