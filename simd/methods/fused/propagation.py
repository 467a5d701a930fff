"""The network's alpha carried on by colours: closed-form's equation, to which it is a further witness.

As "Optimized Color Sampling for Robust Matting" (CVPR 2007) has it of alphas from sampled colours, each held
by how far it can be trusted; here the network says both.
"""

import numpy as np
import numpy.typing as npt

from simd.image import UNKNOWN, UInt8
from simd.methods.classical.direct.grid import Float64, System
from simd.methods.classical.direct.plan import Plan
from simd.methods.classical.direct.solver import solve
from simd.methods.classical.windows import planned_window_system

Float32 = npt.NDArray[np.float32]

LEAST, MOST, TYPICAL = -7.0, 2.0, -3.5
"""Natural logarithms of a confidence: its bounds, and where a network begins."""


def propagated(image: UInt8, trimap: UInt8, alpha: Float32, confidence: Float32) -> Float32:
    """Return the alpha of the unknown pixels, float32 (n,) in [0, 1], in raster order.

    The parameters are those of :func:`propagation_system`.
    """
    system, plan = propagation_system(image, trimap, alpha, confidence)
    return np.asarray(solve(system, plan).x.clip(0, 1), dtype=np.float32)


def propagation_system(
    image: UInt8, trimap: UInt8, alpha: Float32, confidence: Float32
) -> tuple[System, Plan]:
    r"""Return the equations of the alpha that fits the colours of every window and a given alpha best.

    .. math:: (L_U + C) x = C \hat\alpha_U - L_{UK} m_K

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
        RGB, at least 3 × 3.
    trimap : uint8, shape (H, W)
        0, 128, 255; no known pixel is needed.
    alpha : float32, shape (H, W)
        :math:`\hat\alpha`, in [0, 1].
    confidence : float32, shape (H, W)
        The diagonal of C, positive: about 0 leaves closed-form's answer, 10 and more the given alpha.
    """
    system, plan = planned_window_system(image, trimap)
    unknown = trimap == UNKNOWN
    held: Float64 = confidence[unknown].astype(np.float64)
    system.rows[:, 0] += held
    system.rhs[:] += held * alpha[unknown]
    return system, plan
