"""MS COCO as backgrounds, with the licence of each photograph from its annotations."""

from pathlib import Path

from simd.dataset.sources.index import Index, SourceKind
from simd.errors import DataError
from simd.files import read_json
from simd.records import UNKNOWN_LICENCE, Background

_SPLITS = ("train2017", "val2017", "train2014", "val2014")


def _splits(place: str) -> list[str]:
    return [name for name in _SPLITS if (Path(place) / name).is_dir()]


def _index(place: str) -> Index[Background]:
    root = Path(place)
    records: list[Background] = []
    missing: dict[str, str] = {}
    notes: list[str] = []
    expected = 0
    for split in _splits(place):
        files = {p.name: p for p in sorted((root / split).glob("*.jpg"))}
        annotations = root / "annotations" / f"instances_{split}.json"
        licences = _licences(annotations) if annotations.is_file() else None
        if licences is None:
            notes.append(f"{annotations} is not there: the licences of {split} are unknown")
        for name in sorted((licences or {}).keys() - files.keys()):
            missing[f"{split}/{name}"] = f"is named in {annotations.name} but is not there"
        expected += len(files.keys() | (licences or {}).keys())
        for name, file in files.items():
            licence = (licences or {}).get(name, UNKNOWN_LICENCE)
            records.append(Background(id=f"{split}/{name}", source="coco", file=file, licence=licence))
    return Index("coco", tuple(records), expected, missing, notes=tuple(notes))


def _licences(path: Path) -> dict[str, str]:
    """Return the licence of each file name in an instances file."""
    content = read_json(path)
    try:
        names = {entry["id"]: f"{entry['name']} ({entry['url']})" for entry in content.get("licenses", [])}
        return {
            str(image["file_name"]): names.get(image.get("license"), UNKNOWN_LICENCE)
            for image in content["images"]
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: is not a COCO instances file ({error!r})") from error


BACKGROUNDS = SourceKind(
    name="coco",
    layout="{train,val}{2017,2014}/<name>.jpg and annotations/instances_<split>.json",
    licence="per photograph, from the annotations",
    citation='Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014',
    recognise=lambda place: bool(_splits(place)),
    index_backgrounds=_index,
)
