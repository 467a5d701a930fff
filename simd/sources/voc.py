"""PASCAL VOC 2012 as backgrounds: the field's usual ones for test sets."""

from pathlib import Path

from simd.errors import DataError
from simd.files import read_text
from simd.records import Background
from simd.sources.folder import as_extra, split_files
from simd.sources.index import Index, SourceKind

_LICENCE = "VOC 2012: photographs under the terms of Flickr, for research"


def _root(origin: str) -> Path | None:
    candidates = (Path(origin), Path(origin) / "VOC2012", Path(origin) / "VOCdevkit" / "VOC2012")
    return next((p for p in candidates if (p / "JPEGImages").is_dir()), None)


def _index(origin: str) -> Index[Background]:
    root = _root(origin)
    if root is None:
        raise DataError(f"{origin}: has no folder JPEGImages/; the layout is {BACKGROUNDS.layout}")
    folder = root / "JPEGImages"
    images, others = split_files(folder)
    files = {p.stem: p for p in images if p.suffix == ".jpg" and p.parent == folder}
    others += [p for p in images if files.get(p.stem) != p]
    listed = _listed(root)
    missing = {
        f"JPEGImages/{name}.jpg": "is named in ImageSets/Main but is not there"
        for name in sorted(listed - files.keys())
    }
    records = tuple(Background(id=p.name, source="voc", file=p, licence=_LICENCE) for p in files.values())
    notes = (
        ()
        if len(files) == 17125
        else (f"VOC 2012 is known to hold 17125 photographs, here are {len(files)}",)
    )
    expected = len(files.keys() | listed)
    return Index("voc", records, expected, missing, notes=notes, extra=as_extra(others, root))


def _listed(root: Path) -> set[str]:
    # The per-class lists hold "name flag"; all lists together name every annotated photograph.
    names: set[str] = set()
    for file in sorted((root / "ImageSets" / "Main").glob("*.txt")):
        names.update(line.split()[0] for line in read_text(file).splitlines() if line.strip())
    return names


BACKGROUNDS = SourceKind(
    name="voc",
    title="PASCAL VOC 2012",
    ask="http://host.robots.ox.ac.uk/pascal/VOC/voc2012/ (training/validation data)",
    counts="17,125 photographs",
    layout="VOCdevkit/VOC2012/{JPEGImages/<name>.jpg, ImageSets/Main/*.txt}",
    licence=_LICENCE,
    citation='Everingham et al., "The PASCAL Visual Object Classes Challenge: A Retrospective", IJCV 2015',
    recognise=lambda origin: _root(origin) is not None,
    inner=("VOCdevkit/VOC2012/JPEGImages", "VOC2012/JPEGImages", "JPEGImages"),
    index_backgrounds=_index,
)
