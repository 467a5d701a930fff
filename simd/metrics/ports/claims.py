"""A claimed figure, and which of many recipes give it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from simd.errors import DataError
from simd.metrics.ports.recipes import MEASURED, Recipe
from simd.taxonomy import suggest

TOLERANCE = 0.005
"""How near, of the claimed figure, a recipe has to come."""

_SAME = 1e-6  # two recipes that are nearer, of the claimed figure, say one thing


class Claim(NamedTuple):
    """A figure that somebody has printed."""

    metric: str
    value: float  # as printed: sums in thousands, MSE and MAD times 1000

    def __str__(self) -> str:
        return f"{self.metric}={self.value:g}"


class Candidate(NamedTuple):
    """A recipe and the figure it gives."""

    port: str  # "" of ours, and of ours with departures
    metric: str
    recipe: Recipe
    mean: str  # over "images", or of "classes"
    value: float  # in the units of simd evaluate

    @property
    def printed(self) -> float:
        """The figure as papers print it."""
        return self.value * 1000 if self.metric in ("mse", "mad") else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a claimed figure is."""

    claim: Claim
    tried: int  # different figures
    reproduced: tuple[tuple[Candidate, ...], ...]  # within the tolerance; those of one figure together
    nearest: Candidate | None  # of all others, if nothing reproduces it

    def distance(self, candidate: Candidate) -> float:
        """Return by what share of the claim a candidate is above it."""
        return candidate.printed / self.claim.value - 1


def read_claim(text: str) -> Claim:
    """Read a claim, ``metric=figure``.

    Raises
    ------
    DataError
        If the metric is unknown, or the figure is not a positive number.

    Examples
    --------
    >>> read_claim("sad=35.28")
    Claim(metric='sad', value=35.28)
    """
    metric, separator, figure = text.partition("=")
    metric = metric.strip().lower()
    if not separator:
        raise DataError(f"--claim {text}: has to be metric=figure, as sad=35.28")
    if metric not in MEASURED:
        raise DataError(f"--claim {text}: unknown metric {metric!r}{suggest(metric, MEASURED)}")
    try:
        value = float(figure)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise DataError(
            f"--claim {text}: {figure!r} is not a number above 0; write it as papers do: SAD, Grad and Conn "
            "in thousands, MSE and MAD times 1000"
        )
    return Claim(metric, value)


def judge(claim: Claim, candidates: Sequence[Candidate]) -> Finding:
    """Find the candidates within the tolerance of a claim, the simplest of each figure first."""
    ranked = sorted(candidates, key=_complexity)
    groups: list[list[Candidate]] = []
    for candidate in ranked:
        for group in groups:
            if abs(group[0].printed - candidate.printed) <= _SAME * claim.value:
                group.append(candidate)
                break
        else:
            groups.append([candidate])
    near = [group for group in groups if abs(group[0].printed / claim.value - 1) <= TOLERANCE]
    near.sort(key=lambda group: (_complexity(group[0]), abs(group[0].printed - claim.value)))
    others = [] if near else [group[0] for group in groups]
    return Finding(
        claim=claim,
        tried=len(groups),
        reproduced=tuple(map(tuple, near)),
        nearest=min(others, key=lambda each: _ratio(each.printed, claim.value), default=None),
    )


def _ratio(value: float, other: float) -> float:
    return abs(math.log(value / other)) if value > 0 else math.inf


def _complexity(candidate: Candidate) -> tuple[int, bool, int]:
    """Rank ours first, then ports as they are, then ours with departures, the fewest first."""
    unscaled = "unscaled" in candidate.recipe
    kind = 0 if not candidate.recipe and not candidate.port else 1 if candidate.port and not unscaled else 2
    return kind, candidate.mean != "images", len(candidate.recipe)
