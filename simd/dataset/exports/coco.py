"""COCO: a region a class as run lengths, and beside the JSON file what COCO has no place for.

COCO holds images and regions, and no levels of alpha. Alpha and trimap lie beside as PNG, named in the
entries of ``images``; the class mask is the regions. Without them a COCO file is no set.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simd.dataset.exports import Asked, Contents, Stored
from simd.dataset.exports.note import Note, Part, row_of
from simd.dataset.layers import stated_size
from simd.dataset.manifest import MattingSet, Sample
from simd.decoding import MAX_PIXELS
from simd.errors import DataError
from simd.files import copy_file, json_text, make_folder, read_json, write_atomically
from simd.image import UInt8, write_png
from simd.masks import bounding_box
from simd.progress import track
from simd.records import Composite, file_name
from simd.run_lengths import coco_text, line_of, runs_of, runs_of_coco_text
from simd.schema import INTEGER, TEXT, checked, list_of, record
from simd.taxonomy import NO_CLASS, TAXONOMY, class_index

_BESIDE = ("image", "alpha", "trimap")
_FIRST = 1  # the category of the class 0: COCO keeps 0 for what is none
_FILE = record(
    {
        "info": record({"set": TEXT}),
        "images": list_of(record({"id": INTEGER, "file_name": TEXT, "height": INTEGER, "width": INTEGER})),
        "annotations": list_of(
            record(
                {
                    "image_id": INTEGER,
                    "category_id": INTEGER,
                    "segmentation": record({"size": list_of(INTEGER, length=2), "counts": TEXT}),
                }
            )
        ),
        "categories": list_of(record({"id": INTEGER, "name": TEXT})),
    },
    words="a COCO file that simd export has written",
)
_LAYOUT = """\
A COCO file, `annotations/instances_{split}.json`, and the pictures that it names:

| in an entry of `images` | what it names |
|---|---|
| `file_name` | `image/<id>.png`, the composite, RGB |
| `alpha_file_name` | `alpha/<id>.png`, the true matte, 8 bits: 0 background, 255 foreground |
| `trimap_file_name` | `trimap/<id>.png`: 0 background, 128 unknown, 255 foreground |
| `row` | its row: class, foreground, background, licences, recipe, SHA-256 of the decoded pixels |

An annotation is the unknown pixels of one class, as compressed run lengths; category is the class index + 1.

```python
from pycocotools.coco import COCO

coco = COCO("<this folder>/annotations/instances_{split}.json")
regions = [coco.annToMask(each) for each in coco.loadAnns(coco.getAnnIds(imgIds=1))]
```

`export.json` holds the set's `dataset.json` and `ATTRIBUTION.md`: `simd import <this folder> OUT` makes the
set again.
"""
_ALONE = "a COCO file holds no mattes, and without them beside it is no set"


class Beside(NamedTuple):
    """Where the layers of a composite lie: three as files, and the class mask in regions."""

    folder: Path
    id: str
    regions: Sequence[tuple[int, Sequence[int], str]]  # class index, (H, W), run lengths
    size: tuple[int, int]


# -- writing ---------------------------------------------------------------------------------------------


def write(matting_set: MattingSet, out: Path, asked: Asked) -> list[Part]:
    """Write a set as a COCO file with its pictures; the same set gives the same bytes."""
    licences = sorted({row.licence for row in matting_set.rows})
    images: list[Mapping[str, Any]] = []
    annotations: list[Mapping[str, Any]] = []
    for layer in _BESIDE:
        make_folder(out / layer)
    for number, sample in track(enumerate(matting_set, start=1), len(matting_set), "images copied"):
        for layer in _BESIDE:
            copy_file(sample.path(layer), out / file_name(sample.row.id, layer))
        images.append(_image(number, sample, licences))
        for index, facts in _regions(sample.read("class_mask")):
            place = {"id": len(annotations) + 1, "image_id": number, "category_id": index + _FIRST}
            annotations.append(place | facts)
    content = {
        "info": {
            "description": matting_set.info["name"],
            "version": matting_set.info["version"],
            "set": matting_set.digest,
        },
        "licenses": [{"id": n, "name": name, "url": ""} for n, name in enumerate(licences, start=1)],
        "images": images,
        "annotations": annotations,
        "categories": [
            {"id": c.index + _FIRST, "name": c.name, "supercategory": "matting"} for c in TAXONOMY
        ],
    }
    name = f"annotations/instances_{asked.split}.json"
    make_folder(out / "annotations")
    write_atomically(out / name, json_text(content))
    return [Part(name, (out / name).stat().st_size, [row.id for row in matting_set.rows])]


def _image(number: int, sample: Sample, licences: Sequence[str]) -> dict[str, Any]:
    height, width = sample.size
    row = sample.row.to_row()
    return {
        "id": number,
        "file_name": row["image_file_name"],
        "height": height,
        "width": width,
        "license": licences.index(row["licence"]) + 1,
        "alpha_file_name": row["alpha_file_name"],
        "trimap_file_name": row["trimap_file_name"],
        "row": {key: value for key, value in row.items() if not key.endswith("_file_name")},
    }


def _regions(class_mask: UInt8) -> list[tuple[int, dict[str, Any]]]:
    """Return each class of a mask with what an annotation says of its region."""
    regions = []
    for index in np.unique(class_mask).tolist():
        if index == NO_CLASS:
            continue
        region = class_mask == index
        box = bounding_box(region)
        assert box is not None
        facts = {
            "segmentation": {
                "size": list(region.shape),
                "counts": coco_text(runs_of(region.ravel(order="F"))),
            },
            "area": int(np.count_nonzero(region)),
            "bbox": [box.left, box.top, box.width, box.height],
            "iscrowd": 0,  # loaders for training pass over crowds
        }
        regions.append((index, facts))
    return regions


# -- reading ---------------------------------------------------------------------------------------------


def read(folder: Path, note: Note) -> Contents:
    """List the images of the COCO file; those without alpha, trimap or a row are problems."""
    stored: dict[str, Stored] = {}
    problems: dict[str, str] = {}
    for part in note.parts:
        path = folder / part.name
        try:
            content = _content(path, note)
        except DataError as error:
            problems |= dict.fromkeys(part.ids, str(error))
            continue
        regions = _by_image(path, content)
        for image in content["images"]:
            _take(folder, path, image, regions.get(image["id"], []), stored, problems)
        missing = [id_ for id_ in part.ids if id_ not in stored and id_ not in problems]
        problems |= dict.fromkeys(missing, f"{path}: has no image of it")
    return Contents(list(stored.values()), problems)


def _content(path: Path, note: Note) -> dict[str, Any]:
    content: dict[str, Any] = checked(
        read_json(path), _FILE, path, "get it again from where the export came from, or export the set again"
    )
    if content["info"]["set"] != note.digest:
        raise DataError(
            f"{path}: is of another set (digest {content['info']['set'][:12]}) than export.json speaks of "
            f"({note.digest[:12]}); get the two from one place"
        )
    twice = [id_ for id_, count in Counter(image["id"] for image in content["images"]).items() if count > 1]
    if twice:
        raise DataError(f"{path}: two images have the id {twice[0]}; get it again")
    return content


def _by_image(path: Path, content: Mapping[str, Any]) -> dict[int, list[tuple[int, Sequence[int], str]]]:
    names = {row["id"]: row["name"] for row in content["categories"]}
    regions: dict[int, list[tuple[int, Sequence[int], str]]] = {}
    for row in content["annotations"]:
        if row["category_id"] not in names:
            raise DataError(f"{path}: an annotation is of category {row['category_id']}, which is not listed")
        index = class_index(names[row["category_id"]])
        runs = row["segmentation"]
        regions.setdefault(row["image_id"], []).append((index, runs["size"], runs["counts"]))
    return regions


def _take(
    folder: Path,
    path: Path,
    image: Mapping[str, Any],
    regions: Sequence[tuple[int, Sequence[int], str]],
    stored: dict[str, Stored],
    problems: dict[str, str],
) -> None:
    """Add an image to what is stored, or the reason why it cannot be."""
    name = Path(image["file_name"]).stem
    where = f"{path}, {name}"
    try:
        row = row_of(image.get("row"), where)
        for layer in _BESIDE:
            key = "file_name" if layer == "image" else f"{layer}_file_name"
            file = file_name(row.id, layer)
            if image.get(key) != file:
                raise DataError(f"{where}: {key} must be {file}; {_ALONE}")
            if not (folder / file).is_file():
                raise DataError(f"{folder / file}: is missing; {_ALONE}")
        size = _size(row, image, where)
    except DataError as error:
        problems[name] = str(error)
        return
    if row.id in stored or row.id in problems:
        stored.pop(row.id, None)
        problems[row.id] = f"{path}: the image stands twice"
        return
    stored[row.id] = Stored(row, len(stored), Beside(folder, row.id, regions, size), where)


def _size(row: Composite, image: Mapping[str, Any], where: str) -> tuple[int, int]:
    """Return (H, W) of a composite; DataError where a mask of that size is more than is ever read."""
    height, width = stated_size(row) or (image["height"], image["width"])
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise DataError(f"{where}: {height} x {width} is not a size of an image")
    return int(height), int(width)


def unpack(where: Beside, folder: Path) -> dict[str, Path]:
    """Draw the class mask from its regions, and return it with the files of the other layers."""
    mask = np.full(where.size, NO_CLASS, np.uint8)
    for index, size, counts in where.regions:
        if tuple(size) != where.size:
            raise DataError(f"a region of {where.id} is {size[0]} x {size[1]}, its image is another size")
        line = line_of(runs_of_coco_text(counts), mask.size)
        mask[line.reshape(where.size, order="F")] = index
    files = {layer: where.folder / file_name(where.id, layer) for layer in _BESIDE}
    files["class_mask"] = folder / "class_mask.png"
    write_png(files["class_mask"], mask)
    return files


# -- the card --------------------------------------------------------------------------------------------


def layout(split: str) -> str:
    """Return Markdown for the card: what lies where, and how it is read."""
    return _LAYOUT.format(split=split)


def head(split: str) -> str:
    """Return lines of YAML for the head of the card."""
    return f"configs:\n- config_name: default\n  data_files:\n  - split: {split}\n    path: image/*.png\n"
