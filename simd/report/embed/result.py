"""A map of a set's class regions, and what is said of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simd.report.embed.neighbours import Neighbours
from simd.report.embed.patches import RegionPatch

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, repr=False)
class Embedding:
    """A map of a set's patches."""

    name: str  # of the set
    digest: str
    features: str  # what they are called
    dimensions: int
    patches: tuple[RegionPatch, ...]
    places: npt.NDArray[np.float64]  # (N, 2)
    perplexity: float
    seed: int
    neighbours: Neighbours
    notes: tuple[str, ...]
    by_descriptors: Neighbours | None = None  # beside a network's features: what the descriptors tell

    def to_frame(self) -> "pd.DataFrame":
        """Return the map as a pandas table: ``id``, ``region``, ``class``, ``fg_id``, ``x``, ``y``."""
        import pandas as pd

        columns = ["id", "region", "class", "fg_id", "x", "y"]
        points = zip(self.patches, self.places.tolist(), strict=True)
        return pd.DataFrame([[p.id, p.region, p.class_, p.fg_id, *xy] for p, xy in points], columns=columns)

    def __repr__(self) -> str:
        return f"<Embedding of {self.name!r}: {len(self.patches)} patches by {self.features}>"
