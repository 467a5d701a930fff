"""The statistics of a set: its counts, and the measures of each image and region."""

from dataclasses import dataclass
from pathlib import Path

from simd.features.region_statistics import ForegroundSize, Measures
from simd.selection.class_counts import Census


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of one image, or of one class's region in it."""

    id: str
    class_: str  # primary class of the image, or the region's class
    fg_id: str
    measures: Measures
    size: ForegroundSize


@dataclass(frozen=True, slots=True)
class SetStatistics:
    """The statistics of a set: its counts, and the measures of each image and region.

    A bare list of names has counts only.
    """

    name: str
    census: Census
    composites: int
    images: tuple[Measured, ...] = ()
    regions: tuple[Measured, ...] = ()  # class_mask ∩ unknown, one a class and image
    notes: tuple[str, ...] = ()
    path: Path | None = None  # of a set on disk

    @property
    def measured(self) -> bool:
        """Whether there are pixels to tell of."""
        return bool(self.images)
