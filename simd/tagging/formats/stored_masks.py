"""Masks as image files hold them: numbers, or a colour a label, whatever the container and the mode."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from simd.errors import DataError
from simd.image import UInt8, read_image, read_indices, remarks
from simd.tagging.formats.index_plus_one import from_void_zero
from simd.tagging.formats.labelled import Labelled, Names, packed

Colour = tuple[int, int, int]


def read_numbers(path: Path) -> UInt8 | None:
    """Return the numbers (H, W) of a mask; None if it has colours.

    An indexed PNG and a grey image hold numbers, and so do colours whose channels are equal: libraries write
    a mask anew in another mode or container without changing a value.
    """
    try:
        return read_indices(path)
    except DataError:
        pixels = read_image(path)  # if it is no image at all, this says so
    grey: UInt8 = pixels[..., 0]
    return grey if (pixels == grey[..., None]).all() else None


def is_indexed(path: Path) -> bool:
    """Tell whether a file has a palette, whose colours may be what its labels are told by."""
    return "palette expanded" in remarks(path)


def from_colours(pixels: UInt8, labels: Mapping[Colour, str | None], names: Names, where: str) -> Labelled:
    """Turn a mask of colours (H, W, 3) into a class mask; a label None, and black, mean no label."""
    values = packed(pixels)
    colours = np.unique(values)
    if len(colours) > 255:
        raise DataError(f"has {len(colours)} colours; masks have one a label, and no soft edges")
    by_number: dict[int, str] = {}
    numbers = np.zeros(len(colours), np.uint8)
    for number, value in enumerate(colours.tolist(), start=1):
        colour = (value >> 16, value >> 8 & 255, value & 255)
        label = labels.get(colour, "" if value else None)
        if label is not None:
            numbers[number - 1] = number
            by_number[number] = label or f"colour {','.join(map(str, colour))}, not in {where}"
    return from_void_zero(numbers[np.searchsorted(colours, values)], by_number, names)
