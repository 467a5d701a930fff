"""Closed-form matting: Levin's equation for the unknown pixels, solved exactly."""

from functools import partial
from itertools import pairwise

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
from simd.methods.classical.direct.solver import in_parallel, solve

REACH = 2  # two pixels share a window of 3 × 3 if they are no further apart
EPSILON = 1e-7  # pymatting's, which is Levin's


def estimate_alpha_closed_form(
    image: UInt8, trimap: UInt8, *, epsilon: float = EPSILON, threads: int = 1
) -> Float64:
    r"""Estimate alpha as the one that is nearest to affine in the colours of every 3×3 window.

    .. math:: L_U x_U = -L_{UK} m_K, \quad
        L_{ij} = \sum_{k | (i,j) \in w_k} \left( \delta_{ij} - \frac{1}{9}
        \left( 1 + (I_i - \mu_k)^T \left( \Sigma_k + \frac{\varepsilon}{9} \right)^{-1} (I_j - \mu_k) \right)
        \right)

    Parameters
    ----------
    image : uint8, shape (H, W, 3), RGB
    trimap : uint8, shape (H, W)
        0, 128 and 255, all three of them there.
    epsilon : float
        Keeps windows of few colours from being fitted exactly; colours are in [0, 1] there.
    threads : int
        The result is the same to the bit with any number.

    Returns
    -------
    float64, shape (H, W)
        Known pixels as in the trimap; others may lie a little outside [0, 1].

    Raises
    ------
    ValueError
        If the picture is smaller than a window.
    numpy.linalg.LinAlgError
        If the system cannot be solved to a residual of 1e-9.

    Notes
    -----
    "A Closed-Form Solution to Natural Image Matting", PAMI 2008, eq. 12; epsilon and windows as in
    ``pymatting.estimate_alpha_cf``, whose known pixels are held exactly, too. There conjugate gradients
    stop at a residual of 1e-7, which leaves some of the unknown pixels an 8-bit level off.
    """
    system = closed_form_system(image, trimap, epsilon=epsilon, threads=threads)
    alpha: Float64 = (trimap == FOREGROUND).astype(np.float64)
    alpha[trimap == UNKNOWN] = solve(system, threads=threads).x
    return alpha


def closed_form_system(image: UInt8, trimap: UInt8, *, epsilon: float = EPSILON, threads: int = 1) -> System:
    """Return the equations of the unknown pixels, with what is known on the right-hand side."""
    height, width = trimap.shape
    if min(height, width) < 3:
        raise ValueError(f"a picture of {height} × {width} pixels holds no window of 3 × 3")
    system = empty_system(grid_of(trimap == UNKNOWN, REACH))
    is_foreground = with_margin(trimap == FOREGROUND, REACH)
    lines = np.linspace(0, height, 4 * threads + 1 if threads > 1 else 2).astype(int)
    image = np.ascontiguousarray(image)  # one layout to compile for
    boxes = [(top, bottom, 0, width) for top, bottom in pairwise(lines.tolist())]
    in_parallel(partial(add_equations, image, system, is_foreground, epsilon), boxes, threads)
    return system


def add_equations(
    image: UInt8, system: System, is_foreground: Mask, epsilon: float, box: tuple[int, int, int, int]
) -> None:
    """Add the windows to the equations of the unknown pixels of a box: top, bottom, left, right."""
    grid = system.grid
    _add_windows(image, grid.slots, grid.width, is_foreground, *box, epsilon, system.rows, system.rhs)


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
                    entry = -1.0 / 9
                    for channel in range(3):
                        entry -= weighed[k, channel] * colour[other, channel]
                    if slot[other] >= 0:
                        if other >= k:
                            rows[row, (other // 3 - k // 3) * 5 + other % 3 - k % 3] += entry
                    elif foreground[other]:
                        rhs[row] -= entry
