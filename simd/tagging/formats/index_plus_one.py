"""The one home of index + 1: where 0 means "nothing", the class of index 0 cannot be stored as it is."""

import numpy as np

from simd.image import UInt8
from simd.tagging.formats.labelled import Labelled, Names, from_indices
from simd.taxonomy import CLASSES, NO_CLASS

VOID = 0


def stored_number(index: int) -> int:
    """Return the number 1..20 that stands for the class of an index 0..19."""
    return index + 1


LABELS = {stored_number(index): name for index, name in enumerate(CLASSES)}
"""Stored number 1..20 to class name: FiftyOne's mask targets, COCO's categories."""


def to_void_zero(class_mask: UInt8) -> UInt8:
    """Return a class mask (H, W) with 0 for no class, and index + 1 for a class.

    Examples
    --------
    >>> to_void_zero(np.array([[0, 19, 255]], np.uint8))
    array([[ 1, 20,  0]], dtype=uint8)
    """
    stored: UInt8 = np.where(class_mask == NO_CLASS, np.uint8(VOID), class_mask + np.uint8(1))
    return stored


def from_void_zero(stored: UInt8, labels: dict[int, str], names: Names) -> Labelled:
    """Turn numbers (H, W) with 0 for no class back, by the labels that came with them; see `from_indices`."""
    return from_indices(stored, labels, VOID, names)
