"""Label Studio: tasks whose brush strokes are soft masks, as its JSON and JSON-MIN exports have them."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simd.addresses import ENDINGS, file_name_of
from simd.errors import DataError
from simd.files import read_json, write_atomically
from simd.image import Mask, UInt8, read_rgba
from simd.tagging.formats.brush_strokes import decode, encode
from simd.tagging.formats.labelled import Labelled, Names, checked_size, merge, regions_of, shaped_as
from simd.tagging.formats.untrusted import as_file
from simd.taxonomy import CLASSES, NO_CLASS

_CHANNELS = 4
_MASKS = ("rle", "imageDataURL")  # members of a value that hold a mask, whatever its result is called
_PNG = "data:image/png;base64,"


def write(items: Iterable[Labelled], out: Path) -> None:
    """Write masks as a list of tasks, each with one annotation of brush regions."""
    import json

    write_atomically(out, json.dumps([_task(item) for item in items], ensure_ascii=False) + "\n")


def read(path: Path, names: Names) -> Iterator[Labelled]:
    """Read a list of tasks as Label Studio exports it, as JSON or as JSON-MIN."""
    tasks = read_json(path)
    if not isinstance(tasks, list):
        raise DataError(f"{path}: is not a list of tasks; export as JSON or JSON-MIN, not as CSV")
    numbers = Counter(str(task.get("id")) for task in tasks if _is_min(task))
    for number, task in enumerate(tasks):
        name, by = f"task {number}", "address"
        try:
            with shaped_as("a task of Label Studio"):
                whole = _from_min(task, numbers) if _is_min(task) else task
                name, by = _name(whole)
                yield _labelled(whole, names)._replace(name=name, named_by=by)
        except DataError as error:
            yield Labelled(name, None, (str(error),))


def _task(item: Labelled) -> dict[str, Any]:
    assert item.class_mask is not None
    height, width = item.class_mask.shape
    data = {
        "image": item.image_url or item.image_name or f"{item.name}.png",
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


def _is_min(task: Any) -> bool:
    return isinstance(task, dict) and "data" not in task and "annotation_id" in task


def _from_min(task: Mapping[str, Any], numbers: Mapping[str, int]) -> dict[str, Any]:
    """Turn a row of JSON-MIN into a task: it has one annotation, whose regions stand under its controls."""
    if (count := numbers[str(task.get("id"))]) > 1:
        raise DataError(f"has {count} annotations; keep one of them, or import each by itself")
    results = []
    for control, values in task.items():
        for value in values if isinstance(values, list) else ():
            if isinstance(value, dict) and "original_width" in value:
                kind = next((key for key in value if key.endswith("labels")), control)
                size = {key: value[key] for key in ("original_width", "original_height")}
                results.append({"type": kind, "value": value, **size})
    data = {key: value for key, value in task.items() if isinstance(value, str)}
    return {"data": data, "annotations": [{"result": results}]}


def _name(task: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a task calls its image, and how; a labelling configuration may use any member of data."""
    data: Mapping[str, Any] = task["data"]
    if data.get("fg_id"):
        return str(data["fg_id"]), "id"
    if isinstance(image := data.get("image"), str) and image:
        return image, "address"
    images = [v for v in data.values() if isinstance(v, str) and file_name_of(v).lower().endswith(ENDINGS)]
    if len(images) == 1:
        return images[0], "address"
    if isinstance(upload := task.get("file_upload"), str) and upload:
        return f"/data/upload/{upload}", "address"
    keys = ", ".join(str(key)[:40] for key in list(data)[:8]) or "nothing"
    raise DataError(f"its data has {len(images)} images and no member 'image' that says which; it has {keys}")


class _Region(NamedTuple):
    label: str
    cover: UInt8  # (H, W), 255 where it covers all of a pixel


def _labelled(task: Mapping[str, Any], names: Names) -> Labelled:
    results = _results(task)
    data = task["data"]
    shown = next((r for r in results if "original_height" in r), {})
    height = shown.get("original_height", data.get("height"))
    width = shown.get("original_width", data.get("width"))
    masks = [r for r in results if _is_mask(r)]
    remarks = _left_out(results)
    if not masks and (remarks or height is None):
        raise DataError("; ".join(remarks) or _nothing(task))
    size = checked_size(height, width)
    if not masks:
        return Labelled("", np.full(size, NO_CLASS, np.uint8))
    regions = [_Region(_label(r["value"]), _cover(r, size)) for r in masks if _labels(r["value"]) is not None]
    if not regions:
        raise DataError("; ".join(remarks))
    merged = merge(size, regions, names)
    return merged._replace(remarks=merged.remarks + remarks)


def _results(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the results of the one annotation that counts."""
    every = task.get("annotations") or []
    done = [a for a in every if not a.get("was_cancelled")]
    if len(done) > 1:
        raise DataError(f"has {len(done)} annotations; keep one of them, or import each by itself")
    return list(done[0]["result"]) if done else []


def _nothing(task: Mapping[str, Any]) -> str:
    """Return why a task has no result."""
    if task.get("annotations"):
        skipped = all(a.get("was_cancelled") for a in task["annotations"])
        return "its annotation was skipped by the annotator" if skipped else "has no brush region"
    if task.get("predictions"):
        return "has predictions only, which nobody has accepted; submit them in Label Studio first"
    return "has no annotation"


def _left_out(results: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """Say which results are not taken over: shapes that are no masks, and masks that nobody labelled.

    Where labels and brush are two controls, a region is two results with one mask; one of them has the label.
    """
    labelled = [r for r in results if _is_mask(r) and _labels(r["value"]) is not None]
    ids = {r["id"] for r in labelled if "id" in r}
    twins = [{key: r["value"].get(key) for key in _MASKS} for r in labelled]
    kinds: dict[str, int] = Counter()
    bare = 0
    for result in results:
        if not _is_mask(result):
            kinds[str(result["type"])[:40]] += 1
        elif _labels(result["value"]) is None and result.get("id") not in ids:
            bare += {key: result["value"].get(key) for key in _MASKS} not in twins
    shapes = ", ".join(f"{kind} ({count})" for kind, count in kinds.items())
    remarks = [f"what is not a mask was left out: {shapes}"] if shapes else []
    return (*remarks, *([f"masks without a label were left out ({bare})"] if bare else []))


def _is_mask(result: Mapping[str, Any]) -> bool:
    value = result.get("value")
    return isinstance(value, dict) and any(key in value for key in _MASKS)


def _labels(value: Mapping[str, Any]) -> Any:
    """Return the labels of a region; None if it has none of its own."""
    return next((value[key] for key in value if key.endswith("labels")), None)


def _label(value: Mapping[str, Any]) -> str:
    labels = _labels(value)
    names = sorted(set(map(str, labels))) if isinstance(labels, list) else []
    if len(names) != 1:
        raise DataError(f"a brush region has {len(names)} labels; a pixel has one class")
    return names[0]


def _cover(result: Mapping[str, Any], size: tuple[int, int]) -> UInt8:
    """Return how much of each pixel a region covers: a browser draws strokes with soft edges."""
    if (rotation := result.get("image_rotation")) and rotation % 360:
        raise DataError(f"its image was turned by {rotation!r:.20} degrees; turn it back first")
    if checked_size(result["original_height"], result["original_width"]) != size:
        raise DataError("its regions are of images of different sizes")
    value = result["value"]
    if "rle" not in value:
        return _bitmask(value["imageDataURL"], size)
    packed = value["rle"]
    if not isinstance(packed, list):
        raise DataError("its run lengths are not a list of bytes")
    values = decode(bytes(packed), size[0] * size[1] * _CHANNELS)
    return values.reshape(*size, _CHANNELS)[..., 3]


def _bitmask(url: Any, size: tuple[int, int]) -> UInt8:
    """Return the mask in the alpha of a PNG, as BitmaskLabels has it."""
    if not isinstance(url, str) or not url.startswith(_PNG):
        raise DataError("a bitmask is not a PNG inside of the file; addresses are not followed")
    try:
        content = base64.b64decode(url.removeprefix(_PNG), validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(f"a bitmask is not base64 ({error})") from error
    with as_file(content, "a bitmask") as file:
        _, cover = read_rgba(file, max_pixels=size[0] * size[1])
    if cover.shape != size:
        raise DataError(f"a bitmask is {cover.shape[0]} x {cover.shape[1]}, its image {size[0]} x {size[1]}")
    return cover
