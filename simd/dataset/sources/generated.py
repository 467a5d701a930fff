"""Foregrounds drawn by the built-in generator, so that everything runs before any data is at hand."""

import re
from pathlib import Path

from simd.dataset.sources.index import Index, SourceKind
from simd.errors import DataError
from simd.image import UInt8
from simd.records import Foreground
from simd.taxonomy import CLASSES

_PLACE = re.compile(r"synthetic(?::(?P<per_class>\d{1,6}))?(?:@(?P<size>\d{1,6}))?")
_ID = re.compile(r"synthetic/(?P<class_>\w+)/(?P<seed>\d+)@(?P<size>\d+)")


def _index(place: str, _classes: Path | None) -> Index[Foreground]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise DataError(f"{place!r}: write synthetic, synthetic:PER_CLASS or synthetic:PER_CLASS@SIZE")
    per_class, size = int(match["per_class"] or 2), int(match["size"] or 512)
    records = [
        Foreground(
            id=f"synthetic/{name}/{seed}@{size}",
            source="synthetic",
            classes=(name,),
            licence="CC0-1.0",
            alpha_kind="generated",
        )
        for name in CLASSES
        for seed in range(per_class)
    ]
    return Index("synthetic", tuple(records), len(records))


def _read(foreground: Foreground) -> tuple[UInt8, UInt8, UInt8 | None]:
    from simd.dataset.synthetic import synthetic

    match = _ID.fullmatch(foreground.id)
    assert match is not None, foreground.id
    return synthetic(match["class_"], seed=int(match["seed"]), size=int(match["size"]))


FOREGROUNDS = SourceKind(
    name="synthetic",
    title="The built-in generator",
    layout="none: drawn by seed (name it 'synthetic' or 'synthetic:PER_CLASS@SIZE')",
    licence="CC0-1.0",
    citation="",
    recognise=lambda place: re.split("[:@]", place)[0] == "synthetic",
    index_foregrounds=_index,
    read=_read,
)
