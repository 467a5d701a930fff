"""Label Studio: tasks whose brush strokes are run lengths over RGBA values, packed to the bit."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simd.errors import DataError
from simd.files import read_json, write_atomically
from simd.image import Mask, UInt8
from simd.tagging.formats.labelled import Labelled, Names, checked_size, merge, regions_of, shaped_as
from simd.taxonomy import CLASSES, NO_CLASS

_CHANNELS = 4
_WORD = 8  # bits of a value
_SIZES = (3, 4, 8, 16)  # bits of a run's length less one, by the two bits before it
_UPLOAD = re.compile(r"[0-9a-f]{8}-")  # what the server puts before the name of an uploaded file


def write(items: Iterable[Labelled], out: Path) -> None:
    """Write masks as a list of tasks, each with one annotation of brush regions."""
    import json

    write_atomically(out, json.dumps([_task(item) for item in items], ensure_ascii=False) + "\n")


def read(path: Path, names: Names) -> Iterator[Labelled]:
    """Read a list of tasks as Label Studio exports it in its JSON format."""
    tasks = read_json(path)
    if not isinstance(tasks, list):
        raise DataError(f"{path}: is no list of tasks; export as JSON, not as JSON-MIN or CSV")
    for number, task in enumerate(tasks):
        name = f"task {number}"
        try:
            with shaped_as("a task of Label Studio"):
                name = _name(task["data"], name)
                yield _labelled(task, names)._replace(name=name)
        except DataError as error:
            yield Labelled(name, None, (str(error),))


def encode(values: UInt8) -> bytes:
    """Pack values as Label Studio does: a head, then runs of equal values.

    The head is the number of values (32 bits), the bits of a value less one (5), and four sizes less one (4
    each). A run is a 1, which size its length has (2 bits), the length less one, and the value.
    """
    head = f"{len(values):032b}{_WORD - 1:05b}" + "".join(f"{size - 1:04b}" for size in _SIZES)
    edges = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1, [len(values)]])
    bits = [head]
    for start, length in zip(edges[:-1].tolist(), np.diff(edges).tolist(), strict=True):
        value = f"{values[start]:0{_WORD}b}"
        for part in _parts(length):
            choice = next(i for i, size in enumerate(_SIZES) if part <= 2**size)
            bits.append(f"1{choice:02b}{part - 1:0{_SIZES[choice]}b}{value}")
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def decode(packed: bytes, length: int) -> UInt8:
    """Unpack `length` values; DataError if that many are not there.

    Runs of unequal values (a 0 before the size) are read, too: browsers write them.
    """
    bits = f"{int.from_bytes(packed, 'big'):0{8 * len(packed)}b}" if packed else ""
    place = 0

    def take(count: int) -> int:
        nonlocal place
        place += count
        if place > len(bits):
            raise DataError("the packed brush strokes end too early")
        return int(bits[place - count : place], 2)

    if (stated := take(32)) != length:
        raise DataError(f"the brush strokes are of {stated} values, their image has {length} (4 a pixel)")
    if (word := take(5) + 1) != _WORD:
        raise DataError(f"the packed brush strokes have values of {word} bits; 8 are read")
    sizes = [take(4) + 1 for _ in range(4)]
    values = np.zeros(length, np.uint8)
    filled = 0
    while filled < length:
        equal = take(1)
        end = filled + 1 + take(sizes[take(2)])
        if end > length:
            raise DataError("a run of the packed brush strokes goes past the end of its image")
        if equal:
            values[filled:end] = take(_WORD)
        else:
            values[filled:end] = [take(_WORD) for _ in range(end - filled)]
        filled = end
    return values


def _parts(length: int) -> Iterator[int]:
    longest = 2 ** _SIZES[-1]
    while length > longest:
        yield longest
        length -= longest
    yield length


def _task(item: Labelled) -> dict[str, Any]:
    assert item.class_mask is not None
    height, width = item.class_mask.shape
    data = {
        "image": item.image_name or f"{item.name}.png",
        "fg_id": item.name,
        "height": height,
        "width": width,
    }
    result = [
        {
            "id": f"class-{index}",
            "type": "brushlabels",
            "from_name": "classes",
            "to_name": "image",
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            "value": {"format": "rle", "rle": list(_packed(region)), "brushlabels": [CLASSES[index]]},
        }
        for index, region in regions_of(item.class_mask)
    ]
    return {"data": data, "annotations": [{"result": result}]}


def _packed(region: Mask) -> bytes:
    return encode(np.repeat(np.where(region.ravel(), np.uint8(255), np.uint8(0)), _CHANNELS))


def _name(data: Mapping[str, Any], otherwise: str) -> str:
    if data.get("fg_id"):
        return str(data["fg_id"])
    image = str(data.get("image", otherwise)).rpartition("/")[2]
    return _UPLOAD.sub("", image, count=1)


def _labelled(task: Mapping[str, Any], names: Names) -> Labelled:
    done = [a for a in task.get("annotations") or [] if not a.get("was_cancelled")]
    if len(done) > 1:
        raise DataError(f"has {len(done)} annotations; keep one of them, or import each by itself")
    results = [r for r in (done[0]["result"] if done else []) if r["type"] == "brushlabels"]
    data = task["data"]
    if not results and "height" not in data:
        raise DataError("has no brush region")
    shown = results[0] if results else {}
    size = checked_size(
        shown.get("original_height", data.get("height")), shown.get("original_width", data.get("width"))
    )
    if not results:
        return Labelled("", np.full(size, NO_CLASS, np.uint8))
    return merge(size, ((_label(r["value"]), _region(r, size)) for r in results), names)


def _label(value: Mapping[str, Any]) -> str:
    labels = value["brushlabels"]
    if len(labels) != 1:
        raise DataError(f"a brush region has {len(labels)} labels; a pixel has one class")
    return str(labels[0])


def _region(result: Mapping[str, Any], size: tuple[int, int]) -> Mask:
    if result.get("image_rotation"):
        raise DataError(
            f"its image was turned by {result['image_rotation']!r:.20} degrees; turn it back first"
        )
    if checked_size(result["original_height"], result["original_width"]) != size:
        raise DataError("its regions are of images of different sizes")
    packed = result["value"]["rle"]
    if not isinstance(packed, list):
        raise DataError("its run lengths are no list of bytes")
    values = decode(bytes(packed), size[0] * size[1] * _CHANNELS)
    region: Mask = values.reshape(*size, _CHANNELS)[..., 3] > 0
    return region
