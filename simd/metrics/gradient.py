"""The gradient magnitudes that Grad compares, by a 9 x 9 filter of Gaussian derivatives, where it is scored.

The filter is a product, so each scored stretch of a row is smoothed and differentiated down its columns, then
along the row. Only a few rows are held at a time. Loops are cut so that none touches more than nine arrays:
LLVM checks that arrays do not overlap before it vectorises a loop, and gives up beyond that.
"""

import numpy as np

from simd.jit import compiled
from simd.metrics.region_sums import Array, Float64, Int32

SIGMA = 1.4
HALO = 4  # ceil(sigma sqrt(-2 ln(sqrt(2 pi) sigma 0.01)))
_MERGE = 2 * HALO  # stretches nearer than this share their columns


def taps() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the smoothing and derivative taps at 0..4; over -4..4 each has L2 norm 1.

    The reference scales the 9 x 9 product to norm 1, which is the same.
    """
    x = np.arange(HALO + 1, dtype=np.float64)
    smooth = np.exp(-(x**2) / (2 * SIGMA**2))
    slope = x * smooth
    sides = np.where(x == 0, 1, 2)
    smooth /= np.sqrt(sides @ smooth**2)
    slope /= np.sqrt(sides @ slope**2)
    return tuple(smooth.tolist()), tuple(slope.tolist())


(_A0, _A1, _A2, _A3, _A4), (_, _B1, _B2, _B3, _B4) = taps()


@compiled
def sum_gradient_differences(
    pred: Array, alpha: Array, scale_pred: float, scale_alpha: float, runs: Int32, sums: Float64
) -> None:
    """Add to each slot the sum of (A(pred) - A(alpha))^2, A being scale times the gradient magnitude."""
    width = pred.shape[1]
    smooth, slope = np.empty(width + 2 * HALO), np.empty(width + 2 * HALO)
    of_pred, of_alpha = np.empty(width), np.empty(width)
    n = 0
    while n < len(runs):
        y, left, end = runs[n, 0], runs[n, 1], n + 1
        while end < len(runs) and runs[end, 0] == y and runs[end, 1] - runs[end - 1, 2] <= _MERGE:
            end += 1
        right = runs[end - 1, 2]
        _magnitudes(pred, y, left, right, scale_pred, smooth, slope, of_pred)
        _magnitudes(alpha, y, left, right, scale_alpha, smooth, slope, of_alpha)
        for m in range(n, end):
            total = 0.0
            for x in range(runs[m, 1] - left, runs[m, 2] - left):
                total += (of_pred[x] - of_alpha[x]) ** 2
            sums[runs[m, 3]] += total
        n = end


@compiled
def _magnitudes(
    image: Array, y: int, left: int, right: int, scale: float, smooth: Float64, slope: Float64, out: Float64
) -> None:
    """Write to out the gradient magnitudes of row y, columns left..right; outside, the edge is repeated."""
    height, width = image.shape
    last = height - 1
    begin, end = max(left - HALO, 0), min(right + HALO, width)
    r0, r8 = image[max(y - 4, 0), begin:end], image[min(y + 4, last), begin:end]
    r1, r7 = image[max(y - 3, 0), begin:end], image[min(y + 3, last), begin:end]
    r2, r6 = image[max(y - 2, 0), begin:end], image[min(y + 2, last), begin:end]
    r3, r5 = image[max(y - 1, 0), begin:end], image[min(y + 1, last), begin:end]
    pad = begin - (left - HALO)
    stop = pad + end - begin
    _slopes_down(r0, r1, r2, r3, r5, r6, r7, r8, slope[pad:stop])
    _smooth_down(r1, r2, r3, image[y, begin:end], r5, r6, r7, smooth[pad:stop])
    _smooth_down_ends(r0, r8, smooth[pad:stop])
    for x in range(pad):
        smooth[x], slope[x] = smooth[pad], slope[pad]
    for x in range(stop, right - left + 2 * HALO):
        smooth[x], slope[x] = smooth[stop - 1], slope[stop - 1]
    _magnitudes_along(smooth, slope, scale, out[: right - left])


@compiled
def _slopes_down(
    r0: Array, r1: Array, r2: Array, r3: Array, r5: Array, r6: Array, r7: Array, r8: Array, out: Float64
) -> None:
    for x in range(len(out)):
        out[x] = (
            _B1 * (np.float64(r5[x]) - np.float64(r3[x]))
            + _B2 * (np.float64(r6[x]) - np.float64(r2[x]))
            + _B3 * (np.float64(r7[x]) - np.float64(r1[x]))
            + _B4 * (np.float64(r8[x]) - np.float64(r0[x]))
        )


@compiled
def _smooth_down(
    r1: Array, r2: Array, r3: Array, r4: Array, r5: Array, r6: Array, r7: Array, out: Float64
) -> None:
    for x in range(len(out)):
        out[x] = (
            _A0 * np.float64(r4[x])
            + _A1 * (np.float64(r3[x]) + np.float64(r5[x]))
            + _A2 * (np.float64(r2[x]) + np.float64(r6[x]))
            + _A3 * (np.float64(r1[x]) + np.float64(r7[x]))
        )


@compiled
def _smooth_down_ends(r0: Array, r8: Array, out: Float64) -> None:
    for x in range(len(out)):
        out[x] += _A4 * (np.float64(r0[x]) + np.float64(r8[x]))


@compiled
def _magnitudes_along(smooth: Float64, slope: Float64, scale: float, out: Float64) -> None:
    for x in range(len(out)):
        across = (
            _B1 * (smooth[x + 5] - smooth[x + 3])
            + _B2 * (smooth[x + 6] - smooth[x + 2])
            + _B3 * (smooth[x + 7] - smooth[x + 1])
            + _B4 * (smooth[x + 8] - smooth[x])
        )
        down = (
            _A0 * slope[x + 4]
            + _A1 * (slope[x + 3] + slope[x + 5])
            + _A2 * (slope[x + 2] + slope[x + 6])
            + _A3 * (slope[x + 1] + slope[x + 7])
            + _A4 * (slope[x] + slope[x + 8])
        )
        out[x] = np.sqrt(across * across + down * down) * scale
