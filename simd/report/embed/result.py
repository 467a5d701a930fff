"""A map of a set's class regions, and what is said of it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simd.report.embed.neighbours import Neighbours
from simd.report.embed.patches import Patch


@dataclass(frozen=True, slots=True)
class Embedding:
    """A map of a set's patches."""

    name: str  # of the set
    digest: str
    features: str  # what they are called
    dimensions: int
    patches: tuple[Patch, ...]
    places: npt.NDArray[np.float64]  # (N, 2)
    perplexity: float
    seed: int
    neighbours: Neighbours
    notes: tuple[str, ...]


def as_percent(value: float) -> str:
    """Return a share as text; a dash for nan."""
    return "–" if math.isnan(value) else f"{value:.0%}"
