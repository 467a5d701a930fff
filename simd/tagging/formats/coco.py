"""COCO: run lengths in one JSON file, a region a class; and panoptic PNGs beside their JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simd.errors import DataError, MissingExtraError
from simd.files import check_regular, json_text, make_folder, read_json, write_atomically
from simd.image import Mask, UInt8, read_image, write_png
from simd.masks import bounding_box
from simd.run_lengths import coco_text, line_of, runs_of, runs_of_coco_text
from simd.tagging.formats.index_plus_one import from_void_zero, stored_number, to_void_zero
from simd.tagging.formats.labelled import Labelled, Names, checked_size, merge, packed, regions_of, shaped_as
from simd.tagging.formats.untrusted import inside
from simd.taxonomy import TAXONOMY

Row = Mapping[str, Any]


def write_rle(items: Iterable[Labelled], out: Path) -> None:
    """Write masks as the regions of a COCO file: an annotation a class, with compressed run lengths."""
    images: list[Row] = []
    annotations: list[Row] = []
    for number, item in enumerate(items, start=1):
        assert item.class_mask is not None
        images.append(_image(number, item))
        for index, region in regions_of(item.class_mask):
            counts = coco_text(runs_of(region.ravel(order="F")))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": stored_number(index),
                    "segmentation": {"size": list(region.shape), "counts": counts},
                    **_facts(region),
                    "iscrowd": 1,  # run lengths are for crowds, by COCO's convention
                }
            )
    write_atomically(
        out, json_text({"images": images, "annotations": annotations, "categories": _CATEGORIES})
    )


def read_rle(path: Path, names: Names) -> Iterator[Labelled]:
    """Read the regions of a COCO file: run lengths, compressed or not, lists of them, and polygons."""
    content = read_json(path)
    if isinstance(content, list):
        raise DataError(
            f"{path}: is a bare list of masks, as segment-anything and COCO results have it, which names no "
            "image and no class; put it into a COCO file with images and categories"
        )
    with shaped_as("a COCO file", str(path)):
        labels = _categories(content["categories"])
        images = list(content["images"])
        by_image, strays = _by_image(content["annotations"], [row["id"] for row in images])
    twice = Counter(str(row["id"]) for row in images)
    for image in images:
        name, by = _name(image)
        try:
            with shaped_as("an image of a COCO file"):
                if twice[str(image["id"])] > 1:
                    raise DataError(f"{twice[str(image['id'])]} images have the id {image['id']!r:.40}")
                labelled = _of_image(image, by_image[image["id"]], labels, names)
                yield labelled._replace(name=name, named_by=by)
        except MissingExtraError:
            raise
        except DataError as error:
            yield Labelled(name, None, (str(error),))
    yield from strays


def _of_image(image: Row, rows: list[Row], labels: Mapping[Any, str], names: Names) -> Labelled:
    size = checked_size(image["height"], image["width"])
    masks = [row for row in rows if row.get("segmentation") not in (None, [], "", {})]
    bare = len(rows) - len(masks)
    remarks: tuple[str, ...] = (
        (f"{bare} of {len(rows)} annotations hold no mask (but a box, for instance) and were left out",)
        if bare
        else ()
    )
    if bare and not masks:
        raise DataError(remarks[0])
    merged = merge(size, ((_label(row, labels), _region(row["segmentation"], size)) for row in masks), names)
    return merged._replace(remarks=merged.remarks + remarks)


def _categories(rows: Iterable[Row]) -> dict[Any, str]:
    """Return each category's name by its id; DataError where one id stands for two of them."""
    labels: dict[Any, str] = {}
    for row in rows:
        name = str(row["name"])
        if labels.setdefault(row["id"], name) != name:
            raise DataError(
                f"category {row['id']!r:.40} is {labels[row['id']][:40]!r} and {name[:40]!r}; ids must differ"
            )
    return labels


def _by_image(rows: Iterable[Row], ids: list[Any]) -> tuple[dict[Any, list[Row]], list[Labelled]]:
    """Return the annotations of each image, and a reason for each that is of none."""
    by_image: dict[Any, list[Row]] = {id_: [] for id_ in ids}
    strays = []
    for row in rows:
        if row["image_id"] in by_image:
            by_image[row["image_id"]].append(row)
        else:
            reason = f"is of image {row['image_id']!r:.40}, which is not listed"
            strays.append(Labelled(f"annotation {str(row.get('id', '(without id)'))[:40]}", None, (reason,)))
    return by_image, strays


def write_panoptic(items: Iterable[Labelled], out: Path) -> None:
    """Write masks as a folder: panoptic.json, and a PNG each in panoptic/, whose segments are index + 1."""
    make_folder(out / "panoptic")
    images, annotations = [], []
    for number, item in enumerate(items, start=1):
        assert item.class_mask is not None
        file_name = f"{number:06d}.png"
        stored = to_void_zero(item.class_mask)
        write_png(
            out / "panoptic" / file_name, np.dstack([stored, np.zeros_like(stored), np.zeros_like(stored)])
        )
        segments = [
            {"id": stored_number(index), "category_id": stored_number(index), **_facts(region), "iscrowd": 0}
            for index, region in regions_of(item.class_mask)
        ]
        images.append(_image(number, item))
        annotations.append({"image_id": number, "file_name": file_name, "segments_info": segments})
    rows = {"images": images, "annotations": annotations, "categories": _CATEGORIES}
    write_atomically(out / "panoptic.json", json_text(rows))


def read_panoptic(source: Path, names: Names) -> Iterator[Labelled]:
    """Read a panoptic JSON file, or a folder with one, and the PNGs in the folder of its name."""
    path = _only_json(source) if source.is_dir() else source
    check_regular(path)
    with shaped_as("a panoptic COCO file", str(path)):
        content = read_json(path)
        labels = _categories(content["categories"])
        images = {row["id"]: _name(row) for row in content["images"]}
        by_image, strays = _by_image(content["annotations"], list(images))
        rows = [(id_, row) for id_, annotations in by_image.items() for row in annotations]
        for _, row in rows:
            row["segments_info"]
    for id_, row in rows:
        name, by = images[id_]
        try:
            with shaped_as("an annotation of a panoptic COCO file"):
                pixels = read_image(inside(path.with_suffix(""), row["file_name"]))
                ids = packed(pixels[..., ::-1])  # red is the lowest byte
                segments = {int(s["id"]): labels[s["category_id"]] for s in row["segments_info"]}
                yield _of_segments(ids, segments, names)._replace(name=name, named_by=by)
        except DataError as error:
            yield Labelled(name, None, (str(error),))
    for id_, annotations in by_image.items():
        if not annotations:
            yield Labelled(images[id_][0], None, ("has no annotation",))
    yield from strays


def _of_segments(ids: np.ndarray[Any, Any], segments: Mapping[int, str], names: Names) -> Labelled:
    """Turn segment ids (H, W) into a class mask: each label becomes a number, 0 stays void."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(segments.values()), start=1)}
    segment_ids = np.unique(ids)
    lost = [number for number in segment_ids.tolist() if number and number not in segments]
    if lost:
        raise DataError(f"its pixels hold segment {lost[0]}, which segments_info does not list")
    if len(numbers) > 254:
        raise DataError(f"has {len(numbers)} labels; there are {len(TAXONOMY)} classes")
    table = np.array([numbers[segments[n]] if n else 0 for n in segment_ids.tolist()], np.uint8)
    stored: UInt8 = table[np.searchsorted(segment_ids, ids)]
    return from_void_zero(stored, {number: label for label, number in numbers.items()}, names)


def _image(number: int, item: Labelled) -> dict[str, Any]:
    assert item.class_mask is not None
    height, width = item.class_mask.shape
    return {"id": number, "file_name": item.file_name, "height": height, "width": width, "fg_id": item.name}


def _facts(region: Mask) -> dict[str, Any]:
    box = bounding_box(region)
    assert box is not None
    return {"area": int(np.count_nonzero(region)), "bbox": [box.left, box.top, box.width, box.height]}


def _name(image: Row) -> tuple[str, str]:
    """Return what an image is called, and how."""
    if image.get("fg_id"):
        return str(image["fg_id"]), "id"
    return str(image.get("file_name") or image["id"]), "address"


def _label(row: Row, labels: Mapping[Any, str]) -> str:
    if row["category_id"] not in labels:
        raise DataError(f"an annotation has category {row['category_id']!r:.40}, which is not listed")
    return labels[row["category_id"]]


def _region(segmentation: Any, size: tuple[int, int]) -> Mask:
    if isinstance(segmentation, list):
        parts = [part for part in segmentation if isinstance(part, Mapping)]
        region = _polygons([part for part in segmentation if not isinstance(part, Mapping)], size)
        for part in parts:
            region |= _region(part, size)
        return region
    if checked_size(*segmentation["size"]) != size:
        raise DataError(f"a region is {segmentation['size']}, its image is {list(size)} (H, W)")
    return _uncompressed(segmentation["counts"], size)


def _uncompressed(counts: str | list[int], size: tuple[int, int]) -> Mask:
    """Return the pixels of run lengths down the columns, as a text or as numbers."""
    runs = runs_of_coco_text(counts) if isinstance(counts, str) else np.array(counts, np.int64)
    return line_of(runs.reshape(-1), size[0] * size[1]).reshape(size, order="F")


def _polygons(polygons: list[Any], size: tuple[int, int]) -> Mask:
    """Fill polygons as COCO's own code does."""
    corners = [np.array(polygon, np.float64).reshape(-1, 2) for polygon in polygons]
    if any(len(c) < 3 or not np.isfinite(c).all() or np.abs(c).max() > 4 * max(size) for c in corners):
        raise DataError("a polygon needs three corners or more, x and y each, all near the image")
    if not corners:
        return np.zeros(size, np.bool_)
    try:
        from pycocotools import mask as coco
    except ImportError:
        raise MissingExtraError("reading COCO polygons", "pycocotools", "exchange") from None
    filled = coco.merge(coco.frPyObjects([c.ravel().tolist() for c in corners], *size))
    return _uncompressed(filled["counts"].decode(), size)


def _only_json(folder: Path) -> Path:
    files = sorted(folder.glob("*.json"))
    if len(files) != 1:
        raise DataError(f"{folder}: has {len(files)} JSON files; name the panoptic one")
    return files[0]


_CATEGORIES = [
    {
        "id": stored_number(c.index),  # 0 is void
        "name": c.name,
        "supercategory": "matting",
        "isthing": 0,
        "color": list(bytes.fromhex(c.colour[1:])),
    }
    for c in TAXONOMY
]
