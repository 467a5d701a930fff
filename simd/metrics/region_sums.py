"""Compiled loops that find the scored pixels and sum the differences there."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from simd.jit import compiled

Int32: TypeAlias = npt.NDArray[np.int32]
Float64: TypeAlias = npt.NDArray[np.float64]
UInt8: TypeAlias = npt.NDArray[np.uint8]
Array: TypeAlias = npt.NDArray[Any]  # a matte

SLOTS = 256
"""Every sum is kept per slot: slots, uint8 (H, W), says where a pixel counts; at 0 it does not."""


@compiled
def find_runs(slots: UInt8) -> Int32:
    """Return the runs of equal slot above 0 in the rows, int32 (n, 4): row, start, stop, slot."""
    height, width = slots.shape
    count = 0
    for y in range(height):
        row = slots[y]
        count += row[0] != 0
        for x in range(1, width):
            count += (row[x] != row[x - 1]) & (row[x] != 0)
    runs = np.empty((count, 4), np.int32)
    n = 0
    for y in range(height):
        row = slots[y]
        x = 0
        while x < width:
            slot, start = row[x], x
            x += 1
            while x < width and row[x] == slot:
                x += 1
            if slot != 0:
                runs[n, 0], runs[n, 1], runs[n, 2], runs[n, 3] = y, start, x, slot
                n += 1
    return runs


@compiled
def count_pixels(runs: Int32, pixels: npt.NDArray[np.int64]) -> None:
    """Add to each slot the number of its pixels."""
    for n in range(len(runs)):
        pixels[runs[n, 3]] += runs[n, 2] - runs[n, 1]


@compiled
def sum_differences_of_uint8(
    pred: UInt8, alpha: UInt8, runs: Int32, absolute: npt.NDArray[np.int64], squared: npt.NDArray[np.int64]
) -> None:
    """Add to each slot the sums of |pred - alpha| and of its square, exact, in units of 1 / 255."""
    for n in range(len(runs)):
        y, start, stop, slot = runs[n]
        p, a = pred[y, start:stop], alpha[y, start:stop]
        total, total2 = np.int64(0), np.int64(0)
        for x in range(len(p)):
            difference = np.int64(p[x]) - np.int64(a[x])
            total += abs(difference)
            total2 += difference * difference
        absolute[slot] += total
        squared[slot] += total2


@compiled
def sum_differences_of_float(
    pred: Array, alpha: Array, runs: Int32, absolute: Float64, squared: Float64
) -> None:
    """Add to each slot the sums of |pred - alpha| and of its square, in float64."""
    for n in range(len(runs)):
        y, start, stop, slot = runs[n]
        p, a = pred[y, start:stop], alpha[y, start:stop]
        total, total2 = 0.0, 0.0
        for x in range(len(p)):
            difference = np.float64(p[x]) - np.float64(a[x])
            total += abs(difference)
            total2 += difference * difference
        absolute[slot] += total
        squared[slot] += total2
