"""Photographs that lie inside the installed scikit-image and scikit-learn, as backgrounds for a first run."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from simd.errors import DataError
from simd.files import read_text
from simd.records import Background
from simd.sources.index import Index, SourceKind


class _Photograph(NamedTuple):
    split: str
    licence: str


# Left out: pictures of identifiable people, medical images, and those without a stated licence.
_PHOTOGRAPHS = {
    "skimage/data/brick.png": _Photograph("train", "CC0"),
    "skimage/data/coffee.png": _Photograph("test", "CC0"),
    "skimage/data/grass.png": _Photograph("test", "CC0"),
    "skimage/data/gravel.png": _Photograph("train", "CC0"),
    "skimage/data/hubble_deep_field.jpg": _Photograph("train", "public domain (NASA)"),
    "skimage/data/rocket.jpg": _Photograph("test", "public domain"),
    "sklearn/datasets/images/china.jpg": _Photograph(
        "test", "CC BY 2.0 (attribution: README.txt beside the file)"
    ),
    "sklearn/datasets/images/flower.jpg": _Photograph(
        "train", "CC BY 2.0 (attribution: README.txt beside the file)"
    ),
}


def photographs(split: str = "") -> Index[Background]:
    """List the photographs of a split, or all of them; no photograph is in two splits."""
    records, missing = [], {}
    wanted = {name: p for name, p in _PHOTOGRAPHS.items() if split in ("", p.split)}
    for name, photograph in wanted.items():
        file = _package_folder(name.split("/")[0]).parent / name
        if file.is_file():
            records.append(Background(id=file.name, source="builtin", file=file, licence=photograph.licence))
        else:
            missing[name] = "the installed library does not carry this photograph any more"
    return Index("builtin", tuple(records), len(wanted), missing)


def _index(origin: str) -> Index[Background]:
    split = origin.removeprefix("builtin").removeprefix(":")
    if split not in ("", "train", "test"):
        raise DataError(f"{origin!r}: write builtin, builtin:train or builtin:test")
    return photographs(split)


def _notice(ids: Sequence[str]) -> str:
    """Return the attribution that lies beside the CC BY photographs, if one of them is used."""
    attributed = {Path(name).name for name, p in _PHOTOGRAPHS.items() if p.licence.startswith("CC BY")}
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
    layout="none: photographs inside the installed scikit-image and scikit-learn (name it 'builtin', "
    "'builtin:train' or 'builtin:test')",
    licence="CC0, public domain, CC BY 2.0; per photograph",
    citation="",
    recognise=lambda origin: origin.split(":")[0] == "builtin",
    index_backgrounds=_index,
    notice=_notice,
)
