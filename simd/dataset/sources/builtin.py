"""Photographs that lie inside the installed scikit-image and scikit-learn, as backgrounds for a first run."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from simd.dataset.sources.index import Index, SourceKind
from simd.files import read_text
from simd.records import Background

# Left out: pictures of identifiable people, medical images, and those without a stated licence.
_PHOTOGRAPHS = {
    "skimage/data/brick.png": "CC0",
    "skimage/data/coffee.png": "CC0",
    "skimage/data/grass.png": "CC0",
    "skimage/data/gravel.png": "CC0",
    "skimage/data/hubble_deep_field.jpg": "public domain (NASA)",
    "skimage/data/rocket.jpg": "public domain",
    "sklearn/datasets/images/china.jpg": "CC BY 2.0 (attribution: README.txt beside the file)",
    "sklearn/datasets/images/flower.jpg": "CC BY 2.0 (attribution: README.txt beside the file)",
}


def _index(_place: str) -> Index[Background]:
    records, missing = [], {}
    for name, licence in _PHOTOGRAPHS.items():
        file = _package_folder(name.split("/")[0]).parent / name
        if file.is_file():
            records.append(Background(id=file.name, source="builtin", file=file, licence=licence))
        else:
            missing[name] = "the installed library does not carry this photograph any more"
    return Index("builtin", tuple(records), len(_PHOTOGRAPHS), missing)


def _notice(ids: Sequence[str]) -> str:
    """Return the attribution that lies beside the CC BY photographs, if one of them is used."""
    attributed = {Path(name).name for name, licence in _PHOTOGRAPHS.items() if licence.startswith("CC BY")}
    if not attributed & set(ids):
        return ""
    return read_text(_package_folder("sklearn") / "datasets" / "images" / "README.txt")


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


BACKGROUNDS = SourceKind(
    name="builtin",
    title="Built-in photographs",
    layout="none: photographs inside the installed scikit-image and scikit-learn (name it 'builtin')",
    licence="CC0, public domain, CC BY 2.0; per photograph",
    citation="",
    recognise=lambda place: place == "builtin",
    index_backgrounds=_index,
    notice=_notice,
)
