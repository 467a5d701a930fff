"""What other tools' own code makes of a class mask, and of the files that simd writes for them.

Needs label-studio-sdk 2.1.2, datumaro 1.13.12 (CVAT's own reader and writer) and pycocotools 2.0.11, which do
not fit beside the pinned versions: run it in an environment of its own.

python peers.py make FOLDER     write the files of this folder
python peers.py check FOLDER    read what `python ours.py FOLDER` has written
"""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

_CLASSES = Path(__file__).parents[3] / "annotations" / "classes.json"
NAMES = [row["name"] for row in json.loads(_CLASSES.read_text())["classes"]]


def class_mask():
    """Return 23 x 37 pixels: all 20 classes in patches of uneven size, and 255."""
    y, x = np.mgrid[:23, :37]
    mask = ((x // 5) + 8 * (y // 7) + (x * y) % 3) % 21
    return np.where(mask == 20, 255, mask).astype(np.uint8)


def label_studio(mask):
    from label_studio_sdk.converter.brush import encode_rle, mask2rle

    results = []
    for index in np.unique(mask[mask != 255]).tolist():
        region = mask == index
        rle = mask2rle(np.where(region, 255, 0).astype(np.uint8))
        if index == 0:  # as a browser has it: four different channels, so that runs are of one value
            rle = encode_rle((region[..., None] * np.array([12, 34, 56, 255])).ravel().astype(int))
        results.append(
            {
                "id": f"r{index}",
                "type": "brushlabels",
                "from_name": "tag",
                "to_name": "image",
                "original_width": 37,
                "original_height": 23,
                "image_rotation": 0,
                "value": {"format": "rle", "rle": rle, "brushlabels": [NAMES[index]]},
            }
        )
    data = {"image": "/data/upload/3/0f1e2d3c-example.png"}
    return json.dumps([{"id": 7, "data": data, "annotations": [{"id": 1, "result": results}]}])


def coco(mask):
    from pycocotools import mask as codec

    rows = []
    for index in np.unique(mask[mask != 255]).tolist():
        encoded = codec.encode(np.asfortranarray(mask == index))
        rows.append(
            {
                "id": index + 1,
                "image_id": 1,
                "category_id": 90 - index,  # any numbers will do: names count
                "segmentation": {"size": encoded["size"], "counts": encoded["counts"].decode()},
                "area": int(codec.area(encoded)),
                "bbox": codec.toBbox(encoded).tolist(),
                "iscrowd": 1,
            }
        )
    return json.dumps(
        {
            "images": [{"id": 1, "file_name": "example.png", "height": 23, "width": 37}],
            "annotations": rows,
            "categories": [{"id": 90 - index, "name": name} for index, name in enumerate(NAMES)],
        }
    )


def datumaro_set(mask):
    from datumaro.components.annotation import AnnotationType, LabelCategories, Mask
    from datumaro.components.dataset import Dataset
    from datumaro.components.dataset_base import DatasetItem
    from datumaro.components.media import Image as Media

    shapes = [
        Mask(image=mask == index, label=index, id=number, group=number, z_order=0)
        for number, index in enumerate(np.unique(mask[mask != 255]).tolist(), start=1)
    ]
    item = DatasetItem(
        id="example",
        media=Media.from_numpy(data=np.zeros((*mask.shape, 3), np.uint8)),
        annotations=shapes,
        attributes={"frame": 0},
    )
    labels = LabelCategories()
    for name in NAMES:
        labels.add(name)
    return Dataset.from_iterable([item], categories={AnnotationType.label: labels})


def zipped(folder, out):
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(file.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
            archive.writestr(info, file.read_bytes())


def make(out):
    mask = class_mask()
    out.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(out / "class_mask.png")
    (out / "label_studio.json").write_text(label_studio(mask) + "\n")
    (out / "coco.json").write_text(coco(mask) + "\n")
    dataset = datumaro_set(mask)
    for format_, options in (
        ("voc_segmentation", {"label_map": "source"}),
        ("cvat", {}),
        ("coco_panoptic", {}),
    ):
        dataset.export(str(out / "work" / format_), format_, save_media=False, **options)
    zipped(out / "work" / "voc_segmentation", out / "cvat_mask.zip")
    (out / "cvat_images.xml").write_bytes(next((out / "work" / "cvat").glob("*.xml")).read_bytes())
    zipped(out / "work" / "coco_panoptic" / "annotations", out / "coco_panoptic.zip")


def read_by_datumaro(place, format_):
    from datumaro.components.annotation import AnnotationType
    from datumaro.components.dataset import Dataset

    dataset = Dataset.import_from(str(place), format_)
    labels = dataset.categories()[AnnotationType.label]
    masks = {}
    for item in dataset:
        found = None
        for shape in item.annotations:
            if shape.type != AnnotationType.mask:
                continue
            region = np.asarray(shape.image).astype(bool)
            found = np.full(region.shape, 255, np.uint8) if found is None else found
            name = labels[shape.label].name
            if name != "background":
                found[region] = NAMES.index(name)
        masks[item.id] = found
    return masks


def check(folder):
    """Compare what the peers read from simd's files with the mask."""
    from label_studio_sdk.converter.brush import decode_rle

    mask = class_mask()
    (task,) = json.loads((folder / "label_studio.json").read_text())
    read = np.full(mask.shape, 255, np.uint8)
    for result in task["annotations"][0]["result"]:
        region = decode_rle(result["value"]["rle"]).reshape(*mask.shape, 4)[..., 3] > 0
        read[region] = NAMES.index(result["value"]["brushlabels"][0])
    print("label-studio-sdk, decode_rle:", "equal" if (read == mask).all() else "DIFFERENT")
    with zipfile.ZipFile(folder / "cvat_mask.zip") as archive:
        archive.extractall(folder / "cvat_mask")
    for place in ("cvat_images", "panoptic", "coco"):  # datumaro wants the image, too
        (folder / place / "images").mkdir(parents=True)
        Image.fromarray(mask).save(folder / place / "images" / "example.png")
    (folder / "cvat_images" / "annotations.xml").write_bytes((folder / "cvat_images.xml").read_bytes())
    panoptic = folder / "panoptic" / "annotations"
    panoptic.mkdir(parents=True, exist_ok=True)
    (panoptic / "panoptic_set.json").write_bytes((folder / "coco_panoptic" / "panoptic.json").read_bytes())
    (folder / "coco_panoptic" / "panoptic").rename(panoptic / "panoptic_set")
    coco_place = folder / "coco" / "annotations"
    coco_place.mkdir(parents=True, exist_ok=True)
    (coco_place / "instances_set.json").write_bytes((folder / "coco.json").read_bytes())
    for place, format_ in (
        ("cvat_mask", "voc_segmentation"),
        ("cvat_images", "cvat"),
        ("panoptic", "coco_panoptic"),
        ("coco", "coco_instances"),
    ):
        read = list(read_by_datumaro(folder / place, format_).values())
        same = (
            len(read) == 1 and read[0] is not None and read[0].shape == mask.shape and (read[0] == mask).all()
        )
        print(f"datumaro, {format_}:", "equal" if same else "DIFFERENT")


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](Path(sys.argv[2]))
