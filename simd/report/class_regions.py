"""The class regions of a composite: class mask ∩ unknown region."""

import numpy as np

from simd.dataset.manifest import Sample
from simd.errors import DataError
from simd.image import Mask
from simd.taxonomy import CLASSES, NO_CLASS


def class_regions(sample: Sample, unknown: Mask) -> dict[str, Mask] | None:
    """Return the unknown pixels of each class that has any; None where the composite has no class mask.

    Raises
    ------
    DataError
        If the class mask has another size, or holds a value that is not a class.
    """
    path = sample.path("class_mask")
    if not path.is_file():
        return None
    class_mask = sample.class_mask
    if class_mask.shape != unknown.shape:
        raise DataError(f"{path} {class_mask.shape} and its alpha {unknown.shape} must share one (H, W)")
    present = np.unique(class_mask[unknown]).tolist()
    if strange := [index for index in present if index >= len(CLASSES) and index != NO_CLASS]:
        raise DataError(
            f"{path}: holds {strange[0]}; classes are 0..{len(CLASSES) - 1}, and {NO_CLASS} means no class"
        )
    return {CLASSES[index]: (class_mask == index) & unknown for index in present if index != NO_CLASS}
