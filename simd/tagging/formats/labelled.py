"""A class mask on its way between tools, and the rules by which regions of others become one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simd.addresses import is_sidecar
from simd.decoding import MAX_PIXELS
from simd.errors import DataError
from simd.image import Mask, UInt8
from simd.tagging.annotation_files import annotation_path
from simd.tagging.formats.untrusted import is_safe_name
from simd.taxonomy import CLASSES, NO_CLASS, class_index, suggest

Names = Callable[[str], int]
"""Turns another tool's label into a class index 0..19, or raises DataError: a class is never invented."""


_HALF = 128  # of 255


class Labelled(NamedTuple):
    """A foreground's class mask, or the reason why another tool's file gives none."""

    name: str  # the foreground's id, or what another tool calls its image
    class_mask: UInt8 | None  # (H, W), 0..19 and 255
    remarks: tuple[str, ...] = ()  # what could not be taken over
    image_name: str = ""  # file name of the image to which the mask belongs, where one is known
    picture: bytes | None = None  # the foreground's cut-out, a PNG, where it is at hand and wanted
    named_by: str = "address"  # what `name` is: an address of its image, a "stem" without ending, or an "id"
    image_url: str = ""  # where another tool's server has the image

    @property
    def file_name(self) -> str:
        """The name of its image in other tools."""
        return self.image_name if is_safe_name(self.image_name) else f"{file_stem(self.name)}.png"


def file_stem(fg_id: str) -> str:
    """Return a foreground's id where it can be the name of a file, else the stem of its annotation."""
    usable = is_safe_name(fg_id) and not is_sidecar(fg_id)
    return fg_id if usable else annotation_path(Path(), fg_id).stem


def class_names(renamed: Mapping[str, str]) -> Names:
    """Return what turns labels into class indices: names, their aliases, and the given renamings.

    Examples
    --------
    >>> names = class_names({"Haar": "hair_hard"})
    >>> names("Haar"), names("plant_leaf")
    (5, 10)
    """
    known = {old: class_index(new) for old, new in renamed.items()}

    def index(label: str) -> int:
        if label in known:
            return known[label]
        try:
            return class_index(label)
        except DataError:
            hint = suggest(label, CLASSES) if len(label) < 80 else ""
            raise DataError(
                f"label {label[:80]!r} is not a class{hint} (--rename LABEL=CLASS says it)"
            ) from None

    return index


def merge(size: tuple[int, int], regions: Iterable[tuple[str, Mask | UInt8]], names: Names) -> Labelled:
    """Lay labelled regions into one class mask of (H, W), which is returned without a name.

    A region is bool, or uint8 where it says how much of each pixel it covers: 255 all, 0 nothing. A pixel
    belongs to the region that covers most of it, if that is at least half. Regions whose label is not a class
    are left out, pixels that two classes cover alike are left without one, and a region may cover no pixel
    by half: all are remarks.
    """
    mask = np.full(size, NO_CLASS, np.uint8)
    covered = np.full(size, _HALF - 1, np.uint8)
    contested = np.zeros(size, np.bool_)
    remarks: dict[str, None] = {}
    for label, region in regions:
        try:
            index = names(label)
        except DataError as error:
            remarks[str(error)] = None
            continue
        cover = region.astype(np.uint8) * np.uint8(255) if region.dtype == np.bool_ else region
        if int(cover.max()) < _HALF:
            remarks[f"a region of {label[:80]!r} covers no pixel by half"] = None
        contested |= (cover >= _HALF) & (cover == covered) & (mask != NO_CLASS) & (mask != index)
        more = cover > covered
        contested &= ~more
        mask[more] = index
        np.maximum(covered, cover, out=covered)
    mask[contested] = NO_CLASS
    if count := np.count_nonzero(contested):
        remarks[f"{count} pixels are in regions of two classes; they are left without one"] = None
    return Labelled("", mask, tuple(remarks))


def from_indices(indices: UInt8, labels: Mapping[int, str], void: int, names: Names) -> Labelled:
    """Turn a mask of another tool's numbers (H, W) into a class mask, without a name.

    Parameters
    ----------
    indices : uint8, shape (H, W)
        Numbers of labels.
    labels : mapping
        Number to label.
    void : int
        The number that means no label.
    """
    table = np.full(256, NO_CLASS, np.uint8)
    remarks = []
    for number in np.unique(indices).tolist():
        if number == void:
            continue
        try:
            if number not in labels:
                raise DataError(
                    f"{np.count_nonzero(indices == number)} pixels hold {number}, which has no label"
                )
            table[number] = names(labels[number])
        except DataError as error:
            remarks.append(str(error))
    return Labelled("", table[indices], tuple(remarks))


def regions_of(class_mask: UInt8) -> Iterator[tuple[int, Mask]]:
    """Yield each class of a mask, in order, with its pixels, bool (H, W)."""
    for index in np.unique(class_mask).tolist():
        if index != NO_CLASS:
            yield index, class_mask == index


def packed(pixels: UInt8) -> npt.NDArray[np.uint32]:
    """Return each pixel's three channels (H, W, 3) as one number (H, W), the first channel highest."""
    numbers = pixels[..., 0].astype(np.uint32)
    for channel in (1, 2):
        numbers = (numbers << np.uint32(8)) | pixels[..., channel]
    return numbers


def checked_size(height: Any, width: Any) -> tuple[int, int]:
    """Return (H, W) as numbers, or refuse what is not a size of an image (DataError)."""
    sides = []
    for side in (height, width):
        try:
            if isinstance(side, bool) or int(side) != float(side):
                raise ValueError
            sides.append(int(side))
        except (TypeError, ValueError, OverflowError):
            raise DataError(f"{str(side)[:40]!r} is not a side of an image in pixels") from None
    if min(sides) < 1 or sides[0] * sides[1] > MAX_PIXELS:
        raise DataError(
            f"{sides[0]} x {sides[1]} is not a size of an image; 1 to {MAX_PIXELS} pixels are read"
        )
    return sides[0], sides[1]


@contextmanager
def shaped_as(what: str, where: str = "") -> Iterator[None]:
    """Turn the errors of reading strange JSON or XML into one that says what was expected, and where."""
    try:
        yield
    except DataError as error:
        if not where or str(error).startswith(where):
            raise
        raise DataError(f"{where}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        detail = f"lacks {error}" if isinstance(error, KeyError) else str(error)[:120]
        raise DataError(f"{where}{': ' if where else ''}is not what {what} has: {detail}") from error
