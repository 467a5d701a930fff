"""Learning-based matting: the equation of Zheng and Kambhamettu for the unknown pixels, solved exactly."""

import numpy as np

from simd.image import FOREGROUND, UNKNOWN, UInt8
from simd.methods.classical.direct.grid import Float64
from simd.methods.classical.direct.solver import solve
from simd.methods.classical.windows import EPSILON, planned_window_system


def estimate_alpha_learning_based(
    image: UInt8, trimap: UInt8, *, epsilon: float = EPSILON, pull: float = 0.0, threads: int = 1
) -> Float64:
    r"""Estimate alpha as what ridge regression on the colours of its 3×3 windows predicts of each pixel.

    .. math:: L_U x_U = -L_{UK} m_K, \quad L = \sum_k (I - F_k)^T (I - F_k), \quad
        F_k = X_k X_k^T (X_k X_k^T + \varepsilon I)^{-1}

    Parameters
    ----------
    image : uint8, shape (H, W, 3), RGB
        A row of :math:`X_k`, 9 × 4, is a colour in [0, 1] and 1.
    trimap : uint8, shape (H, W)
        0, 128 and 255, all three of them there.
    epsilon : float
        Strength of the regression's regularisation.
    pull : float
        Added to the diagonal, and half of it to the right-hand side. Where an unknown pixel's colour is
        met at no known pixel and in few windows, any alpha fits it to some 1e-14; with 1e-6 it becomes
        one half.
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
    "Learning Based Digital Matting", ICCV 2009, with the local linear model and epsilon of
    ``pymatting.estimate_alpha_lbdm``. There known pixels are pulled to their value with a weight of 100 and
    move by up to some per cent; here they are held.

    :math:`(I - F)^2` is :math:`I - X (G + \varepsilon G^2) X^T` with :math:`G = (X^T X +
    \varepsilon)^{-1}`, so a window takes the inverse of 4 × 4 numbers instead of the solution of 9 × 9.
    """
    system, plan = planned_window_system(image, trimap, learning=True, epsilon=epsilon, threads=threads)
    system.rows[:, 0] += pull
    system.rhs[:] += pull / 2
    alpha: Float64 = (trimap == FOREGROUND).astype(np.float64)
    alpha[trimap == UNKNOWN] = solve(system, plan, threads=threads).x
    return alpha
