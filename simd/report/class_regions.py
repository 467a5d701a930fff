"""The class regions of a composite: class mask ∩ unknown region."""

from simd.dataset.manifest import Sample
from simd.image import Mask
from simd.masks import class_regions as regions_of_mask


def class_regions(sample: Sample, unknown: Mask) -> dict[str, Mask] | None:
    """Return the unknown pixels of each class that has any; None where the composite has no class mask.

    Raises
    ------
    DataError
        If the class mask has another size, or holds a value that is not a class, wherever.
    """
    path = sample.path("class_mask")
    return regions_of_mask(sample.class_mask, unknown, f"{path}:") if path.is_file() else None
