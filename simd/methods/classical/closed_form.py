"""Closed-form matting: Levin's equation for the unknown pixels, solved exactly."""

import numpy as np

from simd.image import FOREGROUND, UNKNOWN, UInt8
from simd.methods.classical.direct.grid import Float64
from simd.methods.classical.direct.solver import solve
from simd.methods.classical.windows import EPSILON, planned_window_system


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
    system, plan = planned_window_system(image, trimap, epsilon=epsilon, threads=threads)
    alpha: Float64 = (trimap == FOREGROUND).astype(np.float64)
    alpha[trimap == UNKNOWN] = solve(system, plan, threads=threads).x
    return alpha
