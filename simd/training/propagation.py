"""The last step of `fused` as a layer: an equation whose solution the loss sees.

The derivative of a solution is a solution, too, with the same factor.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from simd.image import UNKNOWN, UInt8
from simd.methods.classical.direct.solver import Factor
from simd.methods.fused.propagation import propagation_system


def propagate(image: UInt8, trimap: UInt8, alpha: Tensor, confidence: Tensor) -> Tensor:
    """Carry a given alpha on by colours, (N, 1, H, W); known pixels stay as given.

    Parameters
    ----------
    image : uint8, (N, H, W, 3)
    trimap : uint8, (N, H, W)
    alpha, confidence : (N, 1, H, W)
        See :func:`~simd.methods.fused.propagation.propagation_system`. Not clipped: an alpha a little outside
        [0, 1] still has a gradient.
    """
    carried: Tensor = _Propagation.apply(alpha, confidence, image, trimap)  # type: ignore[no-untyped-call]
    return carried


class _Propagation(torch.autograd.Function):
    r""":math:`x = (L + C)^{-1} (C \hat\alpha + r)`."""

    @staticmethod
    def forward(ctx: Any, alpha: Tensor, confidence: Tensor, image: UInt8, trimap: UInt8) -> Tensor:
        given, held = (each.detach().cpu().numpy() for each in (alpha, confidence))
        carried = given.copy()
        ctx.solved = []
        for i, unknown in enumerate(trimap == UNKNOWN):
            if unknown.any():
                factored = Factor(*propagation_system(image[i], trimap[i], given[i, 0], held[i, 0]))
                x = factored.first_solution()
                carried[i, 0, unknown] = x
                c, difference = held[i, 0, unknown], given[i, 0, unknown] - x
                ctx.solved.append((i, unknown, factored, c, difference))
        return torch.from_numpy(carried).to(alpha.device)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        gradient = gradients[0].cpu().numpy()
        of_alpha, of_confidence = gradient.copy(), np.zeros_like(gradient)
        for i, unknown, factored, c, difference in ctx.solved:
            v = factored.solution(gradient[i, 0, unknown].astype(np.float64))
            of_alpha[i, 0, unknown], of_confidence[i, 0, unknown] = c * v, difference * v
        at = gradients[0].device
        return torch.from_numpy(of_alpha).to(at), torch.from_numpy(of_confidence).to(at), None, None
