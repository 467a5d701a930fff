"""The class regions of a composite: class mask ∩ unknown region."""

from simd.dataset.manifest import Sample
from simd.image import Mask
from simd.masks import class_regions


def regions_of_sample(sample: Sample, unknown: Mask) -> dict[str, Mask] | None:
    """Return the unknown pixels of each class that has any; None where the composite has no class mask.

    Raises
    ------
    DataError
        If the class mask has another size, or holds a value that is not a class, wherever.
    """
    path = sample.path("class_mask")
    return class_regions(sample.class_mask, unknown, f"{path}:") if path.is_file() else None
