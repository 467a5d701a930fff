"""The statistics of a set: its counts, and the measures of each image and region."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from simd.dataset.manifest import MattingSet
from simd.features.region_statistics import ForegroundSize, Measures
from simd.selection.class_counts import Census

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of one image, or of one class's region in it."""

    id: str
    class_: str  # primary class of the image, or the region's class
    fg_id: str
    measures: Measures
    size: ForegroundSize

    def to_row(self) -> dict[str, Any]:
        """Return the columns of images.csv and regions.csv, but for the set's name."""
        measures = asdict(self.measures)
        levels = measures.pop("levels")
        last = measures.pop("share_alpha_1")
        bins = {f"share_alpha_bin_{k}": share for k, share in enumerate(levels, start=1)}
        start = {"id": self.id, "class": self.class_, "fg_id": self.fg_id}
        return start | measures | bins | {"share_alpha_1": last} | asdict(self.size)


@dataclass(frozen=True, slots=True, repr=False)
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
    matting_set: MattingSet | None = None  # where there is one on disk

    @property
    def measured(self) -> bool:
        """Whether there are pixels to tell of."""
        return bool(self.images)

    def to_frame(self, scope: Literal["images", "regions"] = "regions") -> "pd.DataFrame":
        """Return the measures as a pandas table.

        Parameters
        ----------
        scope : {"regions", "images"}
            A row for each class region of each image, or for each image.

        Returns
        -------
        pandas.DataFrame
            The columns of ``regions.csv`` and ``images.csv``: ``set``, ``id``, ``class``, ``fg_id``, the
            fields of :class:`~simd.features.region_statistics.Measures` (``levels`` as
            ``share_alpha_bin_1`` and so on) and of
            :class:`~simd.features.region_statistics.ForegroundSize`; nan where there is no figure. A list
            of names has no rows.
        """
        import pandas as pd

        rows: tuple[Measured, ...] = getattr(self, scope)
        return pd.DataFrame([{"set": self.name, **row.to_row()} for row in rows])

    def __repr__(self) -> str:
        counts = f"{len(self.images)} images, {len(self.regions)} class regions measured"
        return f"<SetStatistics of {self.name!r}: {self.composites} composites, {counts}>"
