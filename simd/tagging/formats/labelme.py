"""labelme: a JSON file an image, whose mask shapes are PNGs of 0 and 1 in a box with inclusive corners."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simd.addresses import is_sidecar
from simd.errors import DataError
from simd.files import check_regular, json_text, make_folder, read_json, write_atomically
from simd.image import Mask, encode_png
from simd.masks import bounding_box
from simd.tagging.formats.labelled import (
    Labelled,
    Names,
    checked_size,
    file_stem,
    merge,
    regions_of,
    shaped_as,
)
from simd.tagging.formats.stored_masks import read_numbers
from simd.tagging.formats.untrusted import as_file
from simd.taxonomy import CLASSES

_VERSION = "6.3.1"  # whose files this was read from


def write(items: Iterable[Labelled], out: Path) -> None:
    """Write masks as a folder of JSON files, a mask shape a class; the images are not in them."""
    make_folder(out)
    for item in items:
        assert item.class_mask is not None
        height, width = item.class_mask.shape
        content = {
            "version": _VERSION,
            "flags": {},
            "shapes": [_shape(CLASSES[index], region) for index, region in regions_of(item.class_mask)],
            "imagePath": item.file_name,
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
        }
        path = out / f"{file_stem(item.name)}.json"
        make_folder(path.parent)
        write_atomically(path, json_text(content), flush=False)


def read(path: Path, names: Names) -> Iterator[Labelled]:
    """Read the JSON file of an image, or a folder of them: their mask shapes."""
    files = [path]
    if path.is_dir():
        files = sorted(f for f in path.rglob("*.json") if not is_sidecar(f.relative_to(path).as_posix()))
    elif not path.is_file():
        raise DataError(f"{path}: no such file; name a JSON file of labelme, or a folder of them")
    for file in files:
        name = file.stem
        try:
            with shaped_as("a file of labelme"):
                check_regular(file)
                content = read_json(file)
                name = str(content["imagePath"])
                yield _labelled(content, names)._replace(name=name)
        except DataError as error:
            yield Labelled(name, None, (str(error),))


def _labelled(content: Mapping[str, Any], names: Names) -> Labelled:
    size = checked_size(content["imageHeight"], content["imageWidth"])
    shapes = list(content["shapes"])
    kinds = Counter(str(s["shape_type"])[:40] for s in shapes if s["shape_type"] != "mask")
    left_out = ", ".join(f"{kind} ({count})" for kind, count in kinds.items())
    masks = ((str(s["label"]), _region(s, size)) for s in shapes if s["shape_type"] == "mask")
    merged = merge(size, masks, names)
    return merged._replace(
        remarks=merged.remarks + ((f"what is not a mask was left out: {left_out}",) if left_out else ())
    )


def _region(shape: Mapping[str, Any], size: tuple[int, int]) -> Mask:
    (left, top), (right, bottom) = shape["points"]
    box = [float(side) for side in (top, left, bottom, right)]
    if any(not side.is_integer() for side in box):
        raise DataError("the box of a mask shape is not in whole pixels")
    top, left, bottom, right = map(int, box)
    if not (0 <= top <= bottom < size[0] and 0 <= left <= right < size[1]):
        raise DataError(
            f"the box of a mask, rows {top}..{bottom} and columns {left}..{right}, leaves its image, "
            f"{size[0]} x {size[1]} (H x W)"
        )
    try:
        content = base64.b64decode(shape["mask"], validate=True)
    except binascii.Error as error:
        raise DataError(f"a mask shape is not base64 ({error})") from error
    with as_file(content, "a mask shape") as file:
        values = read_numbers(file)
    shape_of_box = (bottom - top + 1, right - left + 1)
    if values is None or values.shape != shape_of_box:
        raise DataError(
            f"a mask shape is not a mask of its box, {shape_of_box[0]} x {shape_of_box[1]} (H x W)"
        )
    region = np.zeros(size, np.bool_)
    region[top : bottom + 1, left : right + 1] = values > 0
    return region


def _shape(label: str, region: Mask) -> dict[str, Any]:
    box = bounding_box(region)
    assert box is not None
    inside = region[box.slices].astype(np.uint8)
    return {
        "label": label,
        "points": [[box.left, box.top], [box.right - 1, box.bottom - 1]],
        "group_id": None,
        "description": "",
        "shape_type": "mask",
        "flags": {},
        "mask": base64.b64encode(encode_png(inside)).decode(),
    }
