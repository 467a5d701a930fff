"""Random-walk matting: the equation of Grady et al. on pymatting's graph, solved exactly."""

import numpy as np

from simd.image import FOREGROUND, UNKNOWN, Mask, UInt8
from simd.jit import compiled
from simd.methods.classical.direct.grid import Float64, Int32, System, empty_system, grid_of, with_margin
from simd.methods.classical.direct.solver import solve_walk

SIGMA = 1 / 30  # pymatting's: weights are exp(-900 |I - J|²)
_LARGEST_EXPONENT = 690.0  # weights are at least 1e-300, so that every pixel is tied to its neighbours


def estimate_alpha_random_walk(image: UInt8, trimap: UInt8, *, threads: int = 1) -> Float64:
    r"""Estimate alpha as the probability that a random walk from a pixel reaches foreground first.

    .. math:: L_U x_U = -L_{UK} m_K, \quad L = D - W, \quad W_{ij} = e^{-900 \lVert I_i - I_j \rVert^2}

    Parameters
    ----------
    image : uint8, shape (H, W, 3), RGB
        Colours are in [0, 1] in the equation.
    trimap : uint8, shape (H, W)
        0, 128 and 255, all three of them there.
    threads : int
        The result is the same to the bit with any number.

    Returns
    -------
    float64, shape (H, W), in [0, 1]

    Notes
    -----
    "Random Walks for Interactive Alpha-Matting", VIIP 2005; W and its 3×3 neighbourhood are those of
    ``pymatting.estimate_alpha_rw``. There known pixels are held by a penalty, here exactly, and a term of
    1e-8 pulls every pixel towards 0, which decides where the ties over an edge are weaker than that; here
    there is none. Weights over an edge may be 1e-100, so the factor is computed without a subtraction, see
    :mod:`~simd.methods.classical.direct.fronts`: each alpha is right to its last digits.
    """
    system = random_walk_system(image, trimap)
    alpha: Float64 = (trimap == FOREGROUND).astype(np.float64)
    alpha[trimap == UNKNOWN] = solve_walk(system, threads=threads).x
    return np.clip(alpha, 0, 1)


def random_walk_system(image: UInt8, trimap: UInt8) -> System:
    """Return the ties of the unknown pixels, and those to known foreground on the right-hand side."""
    system = empty_system(grid_of(trimap == UNKNOWN, 1))
    grid = system.grid
    is_foreground = with_margin(trimap == FOREGROUND, 1)
    _tie(
        np.ascontiguousarray(image),
        grid.addresses,
        grid.slots,
        is_foreground,
        SIGMA,
        system.rows,
        system.rhs,
    )
    return system


@compiled
def _tie(
    image: UInt8,
    addresses: Int32,
    slots: Int32,
    is_foreground: Mask,
    sigma: float,
    rows: Float64,
    rhs: Float64,
) -> None:
    """Tie each unknown pixel to its neighbours; outside the image the nearest pixel inside stands in."""
    height, width = image.shape[:2]
    scale = 1 / (255 * sigma) ** 2
    for slot in range(len(addresses)):
        y, x = addresses[slot] // (width + 2) - 1, addresses[slot] % (width + 2) - 1
        for step_y in range(-1, 2):
            for step_x in range(-1, 2):
                v, u = min(max(y + step_y, 0), height - 1), min(max(x + step_x, 0), width - 1)
                if v == y and u == x:
                    continue
                distance = np.int64(0)
                for channel in range(3):
                    difference = np.int64(image[y, x, channel]) - np.int64(image[v, u, channel])
                    distance += difference * difference
                weight = np.exp(-min(distance * scale, _LARGEST_EXPONENT))
                address = (v + 1) * (width + 2) + u + 1
                if slots[address] < 0:
                    rows[slot, 0] += weight
                    if is_foreground[address]:
                        rhs[slot] += weight
                elif v > y:
                    rows[slot, 3 + u - x] -= weight
                elif v == y and u > x:
                    rows[slot, 1] -= weight
