"""What a source says of itself, and what looking through a folder brings to light."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from simd.image import UInt8
from simd.records import Background, Foreground

Record = TypeVar("Record", Foreground, Background)


@dataclass(frozen=True, slots=True)
class Index(Generic[Record]):
    """The records of a source, and everything that keeps it from being complete."""

    kind: str
    records: tuple[Record, ...]
    expected: int  # how many the layout, a list or a pairing says there should be
    missing: dict[str, str] = field(default_factory=dict)  # name to reason
    broken: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # facts to know that stop nothing

    @property
    def problems(self) -> dict[str, str]:
        """Missing and broken together."""
        return self.missing | self.broken


def _not_this_side(*_: Any) -> Any:
    raise AssertionError("a kind of foregrounds was asked for backgrounds, or the other way round")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """A declared source: how its folder looks, what it may be used for, and how it is read."""

    name: str
    layout: str  # in a line, for people
    licence: str
    citation: str
    recognise: Callable[[str], bool]
    index_foregrounds: Callable[[str, Path | None], Index[Foreground]] = _not_this_side
    index_backgrounds: Callable[[str], Index[Background]] = _not_this_side
    read: Callable[[Foreground], tuple[UInt8, UInt8, UInt8 | None]] = _not_this_side
    official_trimap: Callable[[Foreground, int], Path | None] = lambda _fg, _k: None  # of the k-th composite
