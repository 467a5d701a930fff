"""The loops of large composites, compiled: the blend, and resampling to the bit as Pillow does it.

Starting what compiles takes a third of a second, more than they save on a few small images; so they are for
images of some megapixels, and NumPy and Pillow serve the smaller ones with equal pixels.
"""

import math

import numpy as np
import numpy.typing as npt

from simd.image import UInt8
from simd.jit import compiled, compiled_exactly

_BITS = 22  # of the fixed point that Pillow resamples 8-bit images in
_SUPPORT = 3  # lobes of its Lanczos filter
_PART = 8192  # numbers of a row that are summed at a time: they stay in the processor's first cache

Int32 = npt.NDArray[np.int32]


def blended(fg: UInt8, alpha: UInt8, bg: UInt8) -> UInt8:
    """Return (αF + (255 - α)B + 127) // 255 of uint8 (H, W, 3) and alpha (H, W)."""
    height, width = alpha.shape
    fg_rows, bg_rows = (np.ascontiguousarray(colours).reshape(height, -1) for colours in (fg, bg))
    image = np.empty((height, 3 * width), np.uint8)
    _blend_rows(fg_rows, np.ascontiguousarray(alpha), bg_rows, np.empty(3 * width, np.uint8), image)
    return image.reshape(height, width, 3)


@compiled
def _blend_rows(fg: UInt8, alpha: UInt8, bg: UInt8, spread: UInt8, image: UInt8) -> None:
    """Blend rows (H, 3 W) by alpha (H, W); `spread`, (3 W,), is room to work in."""
    height, width = alpha.shape
    for y in range(height):
        for x in range(width):
            spread[3 * x] = spread[3 * x + 1] = spread[3 * x + 2] = alpha[y, x]
        for i in range(3 * width):
            a = np.uint32(spread[i])
            total = a * np.uint32(fg[y, i]) + (np.uint32(255) - a) * np.uint32(bg[y, i]) + np.uint32(128)
            # (t + 127) // 255 of a whole t up to 255 * 255, without a division
            image[y, i] = np.uint8((total + (total >> np.uint32(8))) >> np.uint32(8))


def lanczos_window(
    pixels: UInt8, full: tuple[int, int], corner: tuple[int, int], size: tuple[int, int]
) -> UInt8:
    """Resize an image by Pillow's Lanczos filter, and return a window of the result.

    Parameters
    ----------
    pixels : uint8, shape (h, w, 3)
    full : (H, W)
        The size that the whole image gets.
    corner, size : (top, left), (height, width)
        The window, within it.

    Returns
    -------
    uint8, shape (height, width, 3)
        ``Image.resize`` and ``Image.crop`` of Pillow give the same to the bit.

    Notes
    -----
    Pillow resamples rows first, rounds to 8 bits, then columns; weights are rounded to 22 bits after the
    point. A side that keeps its length is left alone.
    """
    (top, left), (height, width) = corner, size
    turned = np.ascontiguousarray(pixels.transpose(1, 0, 2)).reshape(pixels.shape[1], -1)
    turned = _resampled(turned, full[1], left, width)
    rows = np.ascontiguousarray(turned.reshape(width, -1, 3).transpose(1, 0, 2)).reshape(pixels.shape[0], -1)
    return _resampled(rows, full[0], top, height).reshape(height, width, 3)


def _resampled(rows: UInt8, length: int, first: int, count: int) -> UInt8:
    """Resample rows, uint8 (n, m), to `length` rows, of which `count` are wanted from the `first` on."""
    if length == len(rows):
        return rows[first : first + count]
    starts, weights = _weights(len(rows), length, first, count)
    out = np.empty((count, rows.shape[1]), np.uint8)
    _weigh_rows(rows, starts, weights, np.empty(_PART, np.int32), out)
    return out


@compiled_exactly
def _weights(length: int, resized: int, first: int, count: int) -> tuple[Int32, Int32]:
    """Return where the weights of each row begin, and the weights in fixed point, (count, most of a row)."""
    scale = length / resized
    stretch = max(scale, 1.0)
    support = _SUPPORT * stretch
    starts = np.zeros(count, np.int32)
    weights = np.zeros((count, int(np.ceil(support)) * 2 + 1), np.int32)
    factors = np.empty(weights.shape[1])
    for i in range(count):
        middle = (first + i + 0.5) * scale
        start, end = max(int(middle - support + 0.5), 0), min(int(middle + support + 0.5), length)
        total = 0.0
        for k in range(start, end):
            factors[k - start] = _lanczos((k - middle + 0.5) * (1.0 / stretch))
            total += factors[k - start]
        starts[i] = start
        for k in range(end - start):
            share = factors[k] / total if total != 0 else factors[k]
            weights[i, k] = int(share * (1 << _BITS) + (0.5 if share >= 0 else -0.5))
    return starts, weights


@compiled_exactly
def _lanczos(x: float) -> float:
    return _sinc(x) * _sinc(x / _SUPPORT) if -_SUPPORT <= x < _SUPPORT else 0.0


@compiled_exactly
def _sinc(x: float) -> float:
    return math.sin(x * math.pi) / (x * math.pi) if x != 0 else 1.0


@compiled
def _weigh_rows(rows: UInt8, starts: Int32, weights: Int32, sums: Int32, out: UInt8) -> None:
    """Write to each row of `out` the weighted sum of rows, rounded, of the levels 0 to 255."""
    width = rows.shape[1]
    for i in range(len(starts)):
        last = min(weights.shape[1], len(rows) - starts[i])
        for begin in range(0, width, len(sums)):
            part = min(len(sums), width - begin)
            for j in range(part):
                sums[j] = 1 << (_BITS - 1)
            for k in range(last):
                weight = weights[i, k]
                if weight:
                    row = rows[starts[i] + k, begin : begin + part]
                    for j in range(part):
                        sums[j] += np.int32(row[j]) * weight
            line = out[i, begin : begin + part]
            for j in range(part):
                line[j] = min(max(sums[j] >> _BITS, 0), 255)
