"""Where pred and alpha are one piece: the highest threshold of each pixel's largest component, for Conn.

At every threshold, Conn asks for the largest 4-connected component of {min(pred, alpha) >= threshold}. The
pixels of a threshold are taken as runs of rows, found eight pixels at a time without a branch, which noise
would mislead, and labelled by the runs that touch (He, Chao and Suzuki 2008). The sets shrink as the
threshold rises, so a component lies in one of the threshold before; where the largest one does not lie in the
largest one before, no pixel goes further, and the thresholds above need not be looked at.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from simd.jit import compiled
from simd.metrics.region_sums import Array, Int32, UInt8

UInt64: TypeAlias = npt.NDArray[np.uint64]
Int64: TypeAlias = npt.NDArray[np.int64]

STEPS = 10
THRESHOLDS = (np.arange(STEPS + 1) / STEPS).astype(np.float32)
"""0, 0.1, ..., 1 in the single precision in which mattes are compared with them."""

_WORD = 8  # levels in 64 bits
_BITS = np.array([[bits >> i & 1 for i in range(_WORD)] for bits in range(256)], np.uint8)
_COUNTS = _BITS.sum(axis=1, dtype=np.int32)
_PLACES = np.argsort(1 - _BITS, axis=1, kind="stable").astype(np.int32)  # of the bits that are set, first

_IN_255 = np.array([26, 51, 77, 102, 128, 153, 179, 204, 230, 255], np.uint8)  # reach 0.1, ..., 1


def connected_levels(pred: Array, alpha: Array, *, skip_empty: bool) -> UInt8:
    """Return 10 l of every pixel, l being the highest threshold up to which it is in the largest components.

    Parameters
    ----------
    pred, alpha : shape (H, W), both uint8, both float32 or both float64
        Contiguous and writable.
    skip_empty : bool
        At a threshold that no pixel reaches, go on as if it had not been asked, instead of ending.

    Returns
    -------
    uint8, shape (H, W)
        0..10.
    """
    height, width = pred.shape
    padded = np.zeros((height, (width // _WORD + 1) * _WORD), np.uint8)  # no run reaches the end of a row
    if pred.dtype == np.uint8:
        _levels_of_uint8(pred, alpha, _IN_255, padded)
    else:
        _levels_of_float(pred, alpha, THRESHOLDS[1:], padded)
    connected = _connected(padded, padded.view(np.uint64), skip_empty)
    return np.ascontiguousarray(connected[:, :width])


@compiled
def _levels_of_uint8(pred: UInt8, alpha: UInt8, reached: UInt8, levels: UInt8) -> None:
    """Write the level of every pixel: the number of thresholds that both mattes reach, 0..10; 0 beside."""
    table = np.zeros(256, np.uint8)
    for value in range(256):
        for threshold in reached:
            table[value] += value >= threshold
    for y in range(len(levels)):
        p, a, row = pred[y], alpha[y], levels[y]
        for x in range(len(p)):
            row[x] = table[min(p[x], a[x])]


@compiled
def _levels_of_float(pred: Array, alpha: Array, thresholds: npt.NDArray[np.float32], levels: UInt8) -> None:
    for y in range(len(levels)):
        p, a, row = pred[y], alpha[y], levels[y]
        for x in range(len(p)):
            both = np.float32(min(p[x], a[x]))
            level = 0
            for threshold in thresholds:
                level += both >= threshold
            row[x] = level


@compiled
def _connected(levels: UInt8, words: UInt64, skip_empty: bool) -> UInt8:
    """Return how many thresholds, one after the other, each pixel is in the largest components of.

    `words` are the levels, eight at a time.
    """
    height, width = levels.shape
    connected = np.zeros(levels.size, np.uint8)
    ends = np.empty(levels.size + _WORD, np.int32)
    rows = np.empty(height + 1, np.int64)
    root, size = np.empty(levels.size // 2, np.int32), np.empty(levels.size // 2, np.int32)
    for k in range(1, STEPS + 1):
        count = _find_ends(words, k, ends, rows) // 2
        runs = ends[: 2 * count].reshape(count, 2)
        if count == 0:
            if skip_empty:  # this threshold and all above it are passed over
                for i in range(len(connected)):
                    if connected[i] == k - 1:
                        connected[i] = STEPS
            break
        largest = _label(runs, rows // 2, width, root[:count], size[:count])
        if connected[runs[largest, 0]] != k - 1:
            break  # it lies elsewhere, so no pixel is in both
        for n in range(count):
            if root[n] == largest:
                connected[runs[n, 0] : runs[n, 1]] = k
    return connected.reshape(height, width)


@compiled
def _find_ends(words: UInt64, level: int, ends: Int32, rows: Int64) -> int:
    """Write where runs that reach a level start and stop, in turns, as flat indices; return their number.

    `rows` gets where those of each row begin. A byte holds a level, at most 10, so that its highest bit is
    free: 128 - level added to it sets that bit where the level is reached.
    """
    bias, high = np.uint64(128 - level) * np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
    collect, top, one = np.uint64(0x0102040810204080), np.uint64(56), np.uint64(1)
    byte, last = np.uint64(8), np.uint64(7)
    found = np.uint64(0)
    for y in range(len(words)):
        row = words[y]
        rows[y] = found
        before = np.uint64(0)  # whether the pixel to the left reaches it
        offset = np.int32(y * len(row) * _WORD)
        for x in range(len(row)):
            reached = (row[x] + bias) & high
            changed = reached ^ ((reached << byte) | before)
            before = reached >> top
            bits = ((changed >> last) * collect) >> top
            count = _COUNTS[bits]
            ends[found], ends[found + one] = offset + _PLACES[bits, 0], offset + _PLACES[bits, 1]
            if count > 2:
                places = _PLACES[bits]
                for i in range(2, _WORD):
                    ends[found + np.uint64(i)] = offset + places[i]
            found += np.uint64(count)
            offset += np.int32(_WORD)
    rows[len(words)] = found
    return int(found)


@compiled
def _label(runs: Int32, rows: Int64, width: int, root: Int32, size: Int32) -> int:
    """Write the run that stands for the component of each run; return that of the largest component.

    `size` gets the pixels of each component, at its root. Of equal ones it is the one met first in column
    order.
    """
    for n in range(len(runs)):
        root[n] = n
    for y in range(1, len(rows) - 1):
        a, stop_a = rows[y - 1], rows[y]
        for b in range(rows[y], rows[y + 1]):
            start, stop = runs[b, 0] - width, runs[b, 1] - width
            while a < stop_a and runs[a, 1] <= start:
                a += 1
            here = b
            while a < stop_a and runs[a, 0] < stop:
                above = _find(root, a)
                root[max(above, here)] = min(above, here)
                here = min(above, here)
                if runs[a, 1] >= stop:
                    break  # it may touch the next one, too
                a += 1
    size[:] = 0
    for n in range(len(runs)):
        root[n] = root[root[n]]  # a smaller number, which is final
        size[root[n]] += runs[n, 1] - runs[n, 0]
    most = size.max()
    largest, first = -1, 0
    height = len(rows) - 1
    for n in range(len(runs)):
        if size[root[n]] == most:
            y, x = divmod(runs[n, 0], width)
            if largest < 0 or x * height + y < first:
                largest, first = root[n], x * height + y
    return largest


@compiled
def _find(root: Int32, n: int) -> int:
    """Return the run that stands for the component of run n so far."""
    while root[n] != n:
        root[n] = root[root[n]]
        n = root[n]
    return n


_PHI_STEP = 383  # 10 value - 255 level >= 382.5 is value / 255 - l >= 0.15, in units of 1 / 2550
_THETA = np.float32(0.15)


@compiled
def sum_connectivity_of_uint8(
    pred: UInt8, alpha: UInt8, levels: UInt8, runs: Int32, sums: npt.NDArray[np.int64]
) -> None:
    """Add to each slot the sum of |phi(pred) - phi(alpha)|, exact, in units of 1 / 2550."""
    for n in range(len(runs)):
        y, start, stop, slot = runs[n]
        p, a, level = pred[y, start:stop], alpha[y, start:stop], levels[y, start:stop]
        total = np.int64(0)
        for x in range(len(p)):
            base = np.int32(255) * np.int32(level[x])
            of_p, of_a = np.int32(10) * np.int32(p[x]) - base, np.int32(10) * np.int32(a[x]) - base
            of_p, of_a = of_p * (of_p >= _PHI_STEP), of_a * (of_a >= _PHI_STEP)  # 1 - phi
            total += abs(of_p - of_a)
        sums[slot] += total


@compiled
def sum_connectivity_of_float(
    pred: Array, alpha: Array, levels: UInt8, runs: Int32, sums: npt.NDArray[np.float64]
) -> None:
    """Add to each slot the sum of |phi(pred) - phi(alpha)|; the step at 0.15 is taken in float32."""
    for n in range(len(runs)):
        y, start, stop, slot = runs[n]
        p, a, level = pred[y, start:stop], alpha[y, start:stop], levels[y, start:stop]
        total = 0.0
        for x in range(len(p)):
            threshold, exact = THRESHOLDS[level[x]], level[x] / STEPS
            jump_p = p[x] - exact if np.float32(p[x]) - threshold >= _THETA else 0.0
            jump_a = a[x] - exact if np.float32(a[x]) - threshold >= _THETA else 0.0
            total += abs(jump_p - jump_a)
        sums[slot] += total
