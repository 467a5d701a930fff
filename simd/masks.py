"""Masks: the bounding box of a region, the regions of the classes, and the nearest pixel of a region."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.image import Mask, UInt8
from simd.taxonomy import CLASSES, NO_CLASS


class Box(NamedTuple):
    """The rows top..bottom - 1 and the columns left..right - 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """The index that cuts the box out of an array (H, W) or (H, W, C)."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def bounding_box(region: Mask | UInt8) -> Box | None:
    """Return the smallest box that holds every pixel other than 0 and False; None where there is none.

    Examples
    --------
    >>> bounding_box(np.array([[0, 0, 0], [0, 9, 9]], np.uint8))
    Box(top=1, left=1, bottom=2, right=3)
    """
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    if not len(rows):
        return None
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


def check_class_mask(class_mask: UInt8, shape: tuple[int, ...], name: str = "class_mask") -> UInt8:
    """Return a class mask, uint8 (H, W): class index 0..19, 255 for no class.

    Parameters
    ----------
    class_mask : uint8, shape (H, W)
    shape : tuple of int
        (H, W) of the alpha that it belongs to.
    name : str
        What the messages call it: the argument, or the file followed by a colon.

    Raises
    ------
    DataError
        If it has another shape or dtype, or holds another value anywhere, inside the unknown region or not.
    """
    if class_mask.shape != shape:
        raise DataError(
            f"{name} {class_mask.shape} and alpha {shape} must share one (H, W); "
            "a class mask is drawn on the true matte and is resized with it (nearest neighbour)"
        )
    if class_mask.dtype != np.uint8:
        raise DataError(f"{name} is {class_mask.dtype}, but has to be uint8: 0..19, or 255 for no class")
    if ((class_mask >= len(CLASSES)) & (class_mask != NO_CLASS)).any():
        strange = sorted(set(np.unique(class_mask).tolist()) - {*range(len(CLASSES)), NO_CLASS})
        raise DataError(
            f"{name} holds {', '.join(map(str, strange[:6]))}{', ...' if len(strange) > 6 else ''}; "
            f"classes are 0..{len(CLASSES) - 1}, and {NO_CLASS} means no class"
        )
    return class_mask


def class_regions(class_mask: UInt8, unknown: Mask, name: str = "class_mask") -> dict[str, Mask]:
    """Return the part of the unknown region that each class has, by class name in the order of the taxonomy.

    Parameters
    ----------
    class_mask : uint8, shape (H, W)
    unknown : bool, shape (H, W)
    name : str
        What the messages call the class mask.

    Returns
    -------
    dict of bool, shape (H, W)
        A class without a pixel in the unknown region has no entry, nor have pixels without a class.

    Raises
    ------
    DataError
        As in :func:`check_class_mask`.
    """
    check_class_mask(class_mask, unknown.shape, name)
    present = np.unique(class_mask[unknown]).tolist()
    return {CLASSES[index]: (class_mask == index) & unknown for index in present if index != NO_CLASS}


def nearest_pixel(region: Mask) -> npt.NDArray[np.int64]:
    """Return for each pixel which one of `plane[region]` is nearest to it, int64 (H, W).

    The region has at least one pixel. The distance is OpenCV's L2 over 5 × 5 pixels.

    Examples
    --------
    >>> plane = np.array([[7, 0, 0, 9]])
    >>> plane[plane > 0][nearest_pixel(plane > 0)].tolist()
    [[7, 7, 9, 9]]
    """
    _, labels = cv2.distanceTransformWithLabels(
        (~region).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number = np.zeros(int(labels.max()) + 1, np.int64)
    number[labels[region]] = np.arange(np.count_nonzero(region))
    return np.asarray(number[labels])
