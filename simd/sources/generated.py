"""Foregrounds drawn by the built-in generator, so that everything runs before any data is at hand."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from simd.class_tables import ClassTable
from simd.errors import DataError
from simd.generator.splits import SPLITS, seeds_of
from simd.image import UInt8
from simd.records import Foreground, ForegroundFiles
from simd.sources.index import Index, SourceKind
from simd.taxonomy import CLASSES

_ORIGIN = re.compile(
    r"(?P<name>[a-z-]+)(?::(?P<count>\d{1,6}))?(?:@(?P<size>\d{1,6}))?(?::(?P<split>train|test))?"
)
_ID = re.compile(r"[a-z-]+/(?P<kind>\w+)/(?P<seed>\d+)@(?P<size>\d+)")


class DrawingOrder(NamedTuple):
    """What an origin such as ``synthetic:10@512:test`` asks the generator for."""

    each: int  # how many of each kind
    size: int  # pixels
    split: str  # a key of SPLITS

    @property
    def seeds(self) -> Iterable[int]:
        """The seeds of each kind: those of the split, which are in no other."""
        return seeds_of(self.split, self.each)


def read_order(origin: str, name: str, count: int, size: int, *, what: str = "PER_CLASS") -> DrawingOrder:
    """Read ``NAME:COUNT@SIZE:SPLIT``, of which all but the name may be left out; `count`, `size` fill in.

    Raises
    ------
    DataError
        If the origin is not of that form.
    """
    match = _ORIGIN.fullmatch(origin)
    if match is None or match["name"] != name:
        raise DataError(
            f"{origin!r}: write {name}, {name}:{what} or {name}:{what}@SIZE, and :train or :test "
            f"behind it for a split"
        )
    return DrawingOrder(int(match["count"] or count), int(match["size"] or size), match["split"] or "")


def parse_id(id_: str) -> tuple[str, int, int]:
    """Return kind, seed and size of something drawn, e.g. ``synthetic/fire/7@512``."""
    match = _ID.fullmatch(id_)
    assert match is not None, id_
    return match["kind"], int(match["seed"]), int(match["size"])


def _index(origin: str, _classes: Path | ClassTable | None) -> Index[Foreground]:
    order = read_order(origin, "synthetic", 2, 512)
    return _drawn("synthetic", order, {name: (name,) for name in CLASSES})


def _index_mixed(origin: str, _classes: Path | ClassTable | None) -> Index[Foreground]:
    from simd.generator.objects import MIXED

    order = read_order(origin, "synthetic-mixed", 2, 512, what="PER_KIND")
    return _drawn("synthetic-mixed", order, {kind: mixture.classes for kind, mixture in MIXED.items()})


def _drawn(source: str, order: DrawingOrder, kinds: dict[str, tuple[str, ...]]) -> Index[Foreground]:
    records = [
        Foreground(
            id=f"{source}/{kind}/{seed}@{order.size}",
            source=source,
            classes=classes,
            licence="CC0-1.0",
            alpha_kind="generated",
        )
        for kind, classes in kinds.items()
        for seed in order.seeds
    ]
    return Index(source, tuple(records), len(records))


def _read(foreground: ForegroundFiles) -> tuple[UInt8, UInt8, UInt8 | None]:
    from simd.generator import synthetic

    return synthetic(*parse_id(foreground.id))


def _read_mixed(foreground: ForegroundFiles) -> tuple[UInt8, UInt8, UInt8 | None]:
    from simd.generator.objects import mixed

    return mixed(*parse_id(foreground.id))


def _named(name: str) -> Callable[[str], bool]:
    return lambda origin: re.split("[:@]", origin)[0] == name


_SPLIT_NAMES = " or ".join(name for name in SPLITS if name)
FOREGROUNDS = SourceKind(
    name="synthetic",
    title="The built-in generator",
    layout="none: drawn by seed (name it 'synthetic' or 'synthetic:PER_CLASS@SIZE', and ':SPLIT' behind it: "
    f"{_SPLIT_NAMES})",
    licence="CC0-1.0",
    citation="",
    recognise=_named("synthetic"),
    index_foregrounds=_index,
    read=_read,
)
MIXED = SourceKind(
    name="synthetic-mixed",
    title="The built-in generator, objects of several classes",
    layout=f"none: drawn by seed (name it 'synthetic-mixed:PER_KIND@SIZE:SPLIT'; SPLIT is {_SPLIT_NAMES})",
    licence="CC0-1.0",
    citation="",
    recognise=_named("synthetic-mixed"),
    index_foregrounds=_index_mixed,
    draws_regions=True,
    read=_read_mixed,
)
