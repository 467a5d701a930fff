"""The learning rate at each step of a run: a pure function, so that a resumed run has it from the step."""

import math
from dataclasses import dataclass
from typing import Annotated

from simd.options import Asked

KINDS = ("constant", "cosine", "drops")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleOptions:
    """The table [schedule] of a recipe."""

    kind: Annotated[str, Asked(help="How the rate goes on after the warm-up.", choices=KINDS)]
    warm_up: Annotated[int, Asked(help="Steps in which the rate rises linearly to its value.", at_least=0)]
    floor: Annotated[float, Asked(help="The rate is never below this after the warm-up.", at_least=0)]
    drops: Annotated[
        tuple[float, ...], Asked(help="drops: shares of the run after which it falls.", at_least=0, at_most=1)
    ]
    factor: Annotated[float, Asked(help="drops: what it is multiplied by.", at_least=0, at_most=1)]


def rate_at(options: ScheduleOptions, rate: float, step: int, steps: int) -> float:
    """Return the learning rate of a step, counted from 0.

    Examples
    --------
    >>> drops = ScheduleOptions(kind="drops", warm_up=2, floor=0.0, drops=(0.5,), factor=0.1)
    >>> [round(rate_at(drops, 1.0, step, 8), 3) for step in range(8)]
    [0.5, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1]
    """
    if step < options.warm_up:
        return rate * (step + 1) / options.warm_up
    if options.kind == "cosine":
        share = (step - options.warm_up) / max(1, steps - options.warm_up)
        return options.floor + max(0.0, rate - options.floor) * (1 + math.cos(math.pi * share)) / 2
    if options.kind == "drops":
        rate *= options.factor ** sum(step >= share * steps for share in options.drops)
    return max(rate, options.floor)
