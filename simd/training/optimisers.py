"""What moves the weights: the optimiser, its two rates, and the clipping of gradients."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from simd.errors import DataError
from simd.options import Asked

KINDS = ("adam", "adamw", "radam")
_KEPT = 0.99  # of the moving mean of gradient norms, a step


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimiserOptions:
    """The table [optimiser] of a recipe."""

    kind: Annotated[str, Asked(help="adam and radam: weight decay joins the gradient.", choices=KINDS)]
    rate: Annotated[float, Asked(help="The learning rate, which the schedule changes.", at_least=0)]
    encoder_rate: Annotated[float, Asked(help="sim: times the rate, for the encoder.", at_least=0)]
    betas: Annotated[tuple[float, ...], Asked(help="Of the moving means.", at_least=0, at_most=1)]
    eps: Annotated[float, Asked(help="Added to the root.", at_least=0)]
    weight_decay: Annotated[float, Asked(help="Of all weights.", at_least=0)]
    clip: Annotated[float, Asked(help="Largest norm of the gradient; 0 leaves it.", at_least=0)]
    clip_by: Annotated[
        str, Asked(help="norm, or moving: clip times the moving mean of norms.", choices=("norm", "moving"))
    ]

    def __post_init__(self) -> None:
        if len(self.betas) != 2 or max(self.betas) >= 1:
            raise DataError(f"betas must be two numbers below 1, not {list(self.betas)}")


def make_optimiser(options: OptimiserOptions, network: nn.Module) -> torch.optim.Optimizer:
    """Return the optimiser of a network; what stands in its module `encoder` is a group of its own."""
    groups: list[dict[str, Any]] = [
        {"params": [], "factor": options.encoder_rate},
        {"params": [], "factor": 1.0},
    ]
    for name, parameter in network.named_parameters():
        groups[0 if name.startswith("encoder.") else 1]["params"].append(parameter)
    kinds: dict[str, type[Any]] = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "radam": torch.optim.RAdam,
    }
    optimiser: torch.optim.Optimizer = kinds[options.kind](
        [group for group in groups if group["params"]],
        lr=options.rate,
        betas=(options.betas[0], options.betas[1]),
        eps=options.eps,
        weight_decay=options.weight_decay,
    )
    return optimiser


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the rate of a step, each group's times its factor."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


class Clipping:
    """Limits the norm of a gradient; `mean` is its state, the moving mean of norms after clipping."""

    def __init__(self, options: OptimiserOptions, mean: float = 0.0) -> None:
        self._limit, self._moving, self.mean = options.clip, options.clip_by == "moving", mean

    def __call__(self, parameters: Iterable[Tensor]) -> float:
        """Clip in place; return the norm before."""
        held = [parameter for parameter in parameters if parameter.grad is not None]
        limit = self._limit * self.mean if self._moving else self._limit
        norm = float(nn.utils.clip_grad_norm_(held, limit or math.inf))
        if math.isfinite(norm):
            clipped = min(norm, limit) if limit else norm
            self.mean = _KEPT * self.mean + (1 - _KEPT) * clipped if self.mean else clipped
        return norm
