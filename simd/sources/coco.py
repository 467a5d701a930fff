"""MS COCO as backgrounds, with the licence and the largest object of each photograph from its annotations."""

from pathlib import Path
from typing import Any, NamedTuple

from simd.errors import DataError
from simd.files import read_json
from simd.records import UNKNOWN_LICENCE, Background, Box
from simd.sources.folder import as_extra, split_files
from simd.sources.index import Index, SourceKind

_SPLITS = {"train2017": 118_287, "val2017": 5_000, "train2014": 82_783, "val2014": 40_504}


class Instance(NamedTuple):
    """The largest annotated object of a photograph."""

    share: float  # of the photograph's pixels
    box: Box


def largest_instances(origin: str | Path) -> dict[str, Instance]:
    """Return the largest annotated object of each photograph, by background id, where annotations are there.

    A photograph that the annotations name and that holds no object is not in it; nor are photographs of a
    split without annotations.

    Raises
    ------
    DataError
        If an annotation file is not COCO's.
    """
    largest: dict[str, Instance] = {}
    for split in _splits(str(origin)):
        path = _annotations(Path(origin), split)
        if not path.is_file():
            continue
        instances = _instances(path, read_json(path))
        largest |= {f"{split}/{name}": instance for name, instance in instances.items()}
    return largest


def _instances(path: Path, content: Any) -> dict[str, Instance]:
    """Return the largest object of each file name in an instances file."""
    largest: dict[str, Instance] = {}
    try:
        images = {image.get("id"): image for image in content["images"]}
        for annotation in content.get("annotations", []):
            image = images[annotation["image_id"]]
            share = float(annotation["area"]) / (image["width"] * image["height"])
            name = str(image["file_name"])
            if name not in largest or share > largest[name].share:
                left, top, width, height = map(float, annotation["bbox"])
                box = (
                    left / image["width"],
                    top / image["height"],
                    (left + width) / image["width"],
                    (top + height) / image["height"],
                )
                largest[name] = Instance(share, box)
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise _not_cocos(path, error) from error
    return largest


def _splits(origin: str) -> list[str]:
    return [name for name in _SPLITS if (Path(origin) / name).is_dir()]


def _annotations(root: Path, split: str) -> Path:
    return root / "annotations" / f"instances_{split}.json"


def _index(origin: str) -> Index[Background]:
    root = Path(origin)
    if not _splits(origin):
        raise DataError(f"{origin}: has no folder {' or '.join(_SPLITS)}; the layout is {BACKGROUNDS.layout}")
    records: list[Background] = []
    missing: dict[str, str] = {}
    notes: list[str] = []
    extra: list[Path] = []
    expected = 0
    for split in _splits(origin):
        images, others = split_files(root / split)
        files = {p.name: p for p in images if p.suffix == ".jpg" and p.parent == root / split}
        extra += others + [p for p in images if files.get(p.name) != p]
        annotations = _annotations(root, split)
        content = read_json(annotations) if annotations.is_file() else None
        licences = None if content is None else _licences(annotations, content)
        instances = {} if content is None else _instances(annotations, content)
        if licences is None:
            notes.append(f"{annotations} is not there: the licences of {split} are unknown")
            licences = dict.fromkeys(files, UNKNOWN_LICENCE)
        if len(licences) != _SPLITS[split]:
            notes.append(f"{split} is known to hold {_SPLITS[split]} photographs, here are {len(licences)}")
        extra += [file for name, file in files.items() if name not in licences]
        for name in sorted(licences.keys() - files.keys()):
            missing[f"{split}/{name}"] = f"is named in {annotations.name} but is not there"
        expected += len(licences)
        records += [
            Background(
                id=f"{split}/{name}",
                source="coco",
                file=file,
                licence=licences[name],
                salient=instances[name].box if name in instances else None,
            )
            for name, file in files.items()
            if name in licences
        ]
    return Index(
        "coco", tuple(records), expected, missing, notes=tuple(notes), extra=as_extra(sorted(extra), root)
    )


def _licences(path: Path, content: Any) -> dict[str, str]:
    """Return the licence of each file name in an instances file."""
    try:
        names = {entry["id"]: f"{entry['name']} ({entry['url']})" for entry in content.get("licenses", [])}
        return {
            str(image["file_name"]): names.get(image.get("license"), UNKNOWN_LICENCE)
            for image in content["images"]
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise _not_cocos(path, error) from error


def _not_cocos(path: Path, error: Any) -> DataError:
    return DataError(f"{path}: is not a COCO instances file ({error!r})")


BACKGROUNDS = SourceKind(
    name="coco",
    title="MS COCO",
    layout="{train,val}{2017,2014}/<name>.jpg and annotations/instances_<split>.json",
    licence="per photograph, from the annotations",
    citation='Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014',
    ask="https://cocodataset.org/#download (images, and annotations for licences and objects)",
    counts="2017: 118,287 train, 5,000 val",
    recognise=lambda origin: bool(_splits(origin)),
    inner=(*_SPLITS, "annotations"),
    index_backgrounds=_index,
)
