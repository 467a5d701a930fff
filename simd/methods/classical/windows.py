"""The equations of windows of 3 × 3 pixels: closed-form's, and learning-based matting's.

Both say of each window how far alpha is from what its colours predict, by one matrix for each.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from simd.image import FOREGROUND, UNKNOWN, Mask, UInt8
from simd.jit import compiled
from simd.methods.classical.direct.grid import (
    Float64,
    Int32,
    System,
    empty_system,
    grid_of,
    with_margin,
)
from simd.methods.classical.direct.plan import Plan

REACH = 2  # two pixels share a window of 3 × 3 if they are no further apart
EPSILON = 1e-7  # pymatting's, which is that of both papers


def window_system(
    image: UInt8, trimap: UInt8, *, learning: bool = False, epsilon: float = EPSILON, threads: int = 1
) -> System:
    """Return the equations of the unknown pixels, with what is known on the right-hand side.

    They are closed-form's, or if `learning` is true those of learning-based matting.

    Raises
    ------
    ValueError
        If the picture is smaller than a window.
    """
    system, parts = _parts(image, trimap, learning, epsilon, threads)
    _results(parts, threads)
    return system


def planned_window_system(
    image: UInt8, trimap: UInt8, *, learning: bool = False, epsilon: float = EPSILON, threads: int = 1
) -> tuple[System, Plan]:
    """Return :func:`window_system` and the plan of its solution, made beside each other by two threads."""
    system, parts = _parts(image, trimap, learning, epsilon, threads)
    plan, *_ = _results([partial(Plan, system.grid, threads), *parts], threads)
    return system, plan


def _parts(
    image: UInt8, trimap: UInt8, learning: bool, epsilon: float, threads: int
) -> tuple[System, list[Callable[[], None]]]:
    """Return a system of zeros, and what adds the equations to it."""
    height, width = trimap.shape
    if min(height, width) < 3:
        raise ValueError(f"a picture of {height} × {width} pixels holds no window of 3 × 3")
    system = empty_system(grid_of(trimap == UNKNOWN, REACH))
    is_foreground = with_margin(trimap == FOREGROUND, REACH)
    lines = np.linspace(0, height, 4 * threads + 1 if threads > 1 else 2).astype(int)
    image = np.ascontiguousarray(image)  # one layout to compile for
    boxes = [(top, bottom, 0, width) for top, bottom in pairwise(lines.tolist())]
    return system, [
        partial(add_equations, image, system, is_foreground, learning, epsilon, box) for box in boxes
    ]


def _results(calls: Sequence[Callable[[], Any]], threads: int) -> list[Any]:
    """Return what calls that let go of the interpreter give."""
    if threads == 1 or len(calls) == 1:
        return [call() for call in calls]
    with ThreadPoolExecutor(threads) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def add_equations(
    image: UInt8,
    system: System,
    is_foreground: Mask,
    learning: bool,
    epsilon: float,
    box: tuple[int, int, int, int],
) -> None:
    """Add the windows to the equations of the unknown pixels of a box: top, bottom, left, right."""
    slots, width = system.grid.slots, system.grid.width
    _add_windows(image, slots, width, is_foreground, *box, learning, epsilon, system.rows, system.rhs)


@compiled
def _add_windows(
    image: UInt8,
    slots: Int32,
    width: int,
    is_foreground: Mask,
    top: int,
    bottom: int,
    left: int,
    right: int,
    learning: bool,
    epsilon: float,
    rows: Float64,
    rhs: Float64,
) -> None:
    """Add the windows to the equations of the unknown pixels of a box, without its `bottom` and `right`.

    Sums of levels are integers and kept exact as long as they fit: in windows of few colours, the inverse
    hangs on differences of large numbers.
    """
    slot = np.empty(9, np.int32)
    foreground = np.empty(9, np.bool_)
    colour = np.empty((9, 3))
    levels = np.empty((9, 3), np.int64)
    weighed = np.empty((9, 3))
    constant = np.empty(9)
    regression = np.empty((4, 4))
    floor = epsilon * (9 * 255.0) ** 2  # colours are nine times the difference from the mean, in levels
    for y in range(max(1, top - 1), min(image.shape[0] - 1, bottom + 1)):
        for x in range(max(1, left - 1), min(image.shape[1] - 1, right + 1)):
            unknown = 0
            for k in range(9):
                address = (y + k // 3 + 1) * width + x + k % 3 + 1
                slot[k] = slots[address]
                foreground[k] = is_foreground[address]
                unknown += slot[k] >= 0
            if unknown == 0:
                continue
            sum0 = sum1 = sum2 = 0
            for k in range(9):
                for channel in range(3):
                    levels[k, channel] = image[y + k // 3 - 1, x + k % 3 - 1, channel]
                sum0 += levels[k, 0]
                sum1 += levels[k, 1]
                sum2 += levels[k, 2]
            a00 = a01 = a02 = a11 = a12 = a22 = 0
            for k in range(9):
                c0, c1, c2 = 9 * levels[k, 0] - sum0, 9 * levels[k, 1] - sum1, 9 * levels[k, 2] - sum2
                colour[k, 0], colour[k, 1], colour[k, 2] = c0, c1, c2
                a00 += c0 * c0
                a01 += c0 * c1
                a02 += c0 * c2
                a11 += c1 * c1
                a12 += c1 * c2
                a22 += c2 * c2
            if learning:
                _regress(sum0, sum1, sum2, a00, a01, a02, a11, a12, a22, epsilon, regression)
                for k in range(9):
                    constant[k] = regression[3, 3]
                    for other in range(3):
                        weighed[k, other] = regression[other, 3]
                        constant[k] += regression[3, other] * colour[k, other]
                        for channel in range(3):
                            weighed[k, other] += regression[other, channel] * colour[k, channel]
            else:
                # The inverse of A + floor I from the exact cofactors of A
                k00, k11, k22 = a11 * a22 - a12 * a12, a00 * a22 - a02 * a02, a00 * a11 - a01 * a01
                k01, k02, k12 = a02 * a12 - a01 * a22, a01 * a12 - a02 * a11, a01 * a02 - a00 * a12
                determinant = np.float64(a00) * k00 + np.float64(a01) * k01 + np.float64(a02) * k02
                if abs(determinant) < 2.0**61:  # exact although its terms may run over: they wrap around
                    determinant = np.float64(a00 * k00 + a01 * k01 + a02 * k02)
                minors, trace = np.float64(k00 + k11 + k22), np.float64(a00 + a11 + a22)
                inverse = 1.0 / (determinant + floor * (minors + floor * (trace + floor)))
                m00 = (k00 + floor * (a11 + a22 + floor)) * inverse
                m11 = (k11 + floor * (a00 + a22 + floor)) * inverse
                m22 = (k22 + floor * (a00 + a11 + floor)) * inverse
                m01, m02, m12 = (
                    (k01 - floor * a01) * inverse,
                    (k02 - floor * a02) * inverse,
                    (k12 - floor * a12) * inverse,
                )
                for k in range(9):
                    constant[k] = 1.0 / 9
                    c0, c1, c2 = colour[k, 0], colour[k, 1], colour[k, 2]
                    weighed[k, 0] = m00 * c0 + m01 * c1 + m02 * c2
                    weighed[k, 1] = m01 * c0 + m11 * c1 + m12 * c2
                    weighed[k, 2] = m02 * c0 + m12 * c1 + m22 * c2
            for k in range(9):
                row, line, column = slot[k], y + k // 3 - 1, x + k % 3 - 1
                if row < 0 or line < top or line >= bottom or column < left or column >= right:
                    continue
                rows[row, 0] += 1
                for other in range(9):
                    entry = -constant[k]
                    for channel in range(3):
                        entry -= weighed[k, channel] * colour[other, channel]
                    if slot[other] >= 0:
                        if other >= k:
                            rows[row, (other // 3 - k // 3) * 5 + other % 3 - k % 3] += entry
                    elif foreground[other]:
                        rhs[row] -= entry


@compiled
def _regress(
    sum0: int,
    sum1: int,
    sum2: int,
    a00: int,
    a01: int,
    a02: int,
    a11: int,
    a12: int,
    a22: int,
    epsilon: float,
    regression: Float64,
) -> None:
    """Write N of :mod:`~simd.methods.classical.learning_based`, for colours in units of `1 / (9 · 255)`.

    N = G + ε G M G with G = (diag(C, 9) + ε M)⁻¹; C is what the colours less their mean μ sum to,
    squared, and M = ((1 + μ μᵀ, -μ), (-μᵀ, 1)). C is exact; with the last row of G's inverse eliminated,
    it is what is left of it but for ε (1 + 9 / (9 + ε) μ μᵀ).
    """
    scale = 1.0 / (9 * 255)
    mean = np.empty(3)
    mean[0], mean[1], mean[2] = sum0 * scale, sum1 * scale, sum2 * scale
    inner, lower = np.empty((3, 3)), np.zeros((3, 3))
    inner[0, 0], inner[1, 0], inner[2, 0] = a00 * scale**2, a01 * scale**2, a02 * scale**2
    inner[1, 1], inner[2, 1], inner[2, 2] = a11 * scale**2, a12 * scale**2, a22 * scale**2
    share = epsilon / (9 + epsilon)
    for i in range(3):
        inner[i, i] += epsilon
        for j in range(i + 1):
            inner[i, j] += 9 * share * mean[i] * mean[j]
    for i in range(3):  # Cholesky, then the inverse of the factor in its place
        for j in range(i + 1):
            total = inner[i, j]
            for k in range(j):
                total -= lower[i, k] * lower[j, k]
            lower[i, j] = np.sqrt(total) if i == j else total / lower[j, j]
    for j in range(3):
        lower[j, j] = 1 / lower[j, j]
        for i in range(j + 1, 3):
            total = lower[i, j] * lower[j, j]
            for k in range(j + 1, i):
                total += lower[i, k] * lower[k, j]
            lower[i, j] = -total / lower[i, i]
    g, m = np.empty((4, 4)), np.empty((4, 4))
    for i in range(3):
        for j in range(3):
            g[i, j] = 0
            for k in range(max(i, j), 3):
                g[i, j] += lower[k, i] * lower[k, j]
            m[i, j] = mean[i] * mean[j]
        m[i, i] += 1
        m[i, 3] = m[3, i] = -mean[i]
    m[3, 3] = 1
    g[3, 3] = 1 / (9 + epsilon)
    for i in range(3):
        g[i, 3] = 0
        for j in range(3):
            g[i, 3] += share * g[i, j] * mean[j]
        g[3, i] = g[i, 3]
    for i in range(3):
        g[3, 3] += share * g[3, i] * mean[i]
    for i in range(4):
        for j in range(4):
            total = 0.0
            for k in range(4):
                for other in range(4):
                    total += g[i, k] * m[k, other] * g[other, j]
            regression[i, j] = (g[i, j] + epsilon * total) * (scale if i < 3 else 1) * (scale if j < 3 else 1)
