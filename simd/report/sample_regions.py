"""The class regions of a composite: class mask ∩ unknown region."""

from simd.dataset.manifest import Sample
from simd.dataset.unreviewed import is_unreviewed
from simd.image import Mask
from simd.masks import class_regions


def regions_of_sample(sample: Sample, unknown: Mask, *, proposals: bool = False) -> dict[str, Mask] | None:
    """Return the unknown pixels of each class that has any; None where the composite has no class mask.

    A class mask that nobody has reviewed counts with `proposals` only: else all is the primary class's.

    Raises
    ------
    DataError
        If the class mask has another size, or holds a value that is not a class, wherever.
    """
    if is_unreviewed(sample.row) and not proposals:
        return {sample.row.class_: unknown} if unknown.any() else {}
    path = sample.path("class_mask")
    return class_regions(sample.class_mask, unknown, f"{path}:") if path.is_file() else None
