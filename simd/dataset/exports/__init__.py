"""A set in the layouts of other tools, and the same set back from them: one module a format.

===========  ===============================================================================================
webdataset   tar shards, which training streams
parquet      a row a composite, typed, as Hugging Face shows and loads it
coco         regions as run lengths, with alpha and trimap beside
croissant    the set as it is, with a JSON-LD file that says how to load it
statements   what croissant says of how responsibly a set was made
note         export.json, which says what set an export is of and what lies in which of its files
licences     an export refuses what nobody has licensed, and its card says who has licensed what
===========  ===============================================================================================

A format is a module with :func:`write`, :func:`read`, :func:`unpack`, :func:`layout` and :func:`head`, as
:class:`ExportModule` says.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from simd.dataset.exports.note import Note, Part, read_format
from simd.dataset.manifest import MattingSet
from simd.errors import DataError
from simd.records import Composite
from simd.taxonomy import suggest


class Stored(NamedTuple):
    """A composite in an export: its row, its place in the order of the set, and where its layers lie."""

    row: Composite
    place: int
    where: Any  # for the format's own `unpack`; it travels to worker processes
    shown: str  # what lies there, for messages


class Contents(NamedTuple):
    """What an export holds, and why some of it cannot be used: id, or name of a file, to the reason."""

    stored: Sequence[Stored]
    problems: Mapping[str, str]


class Asked(NamedTuple):
    """What an export was asked for."""

    split: str
    shards: int | None = None  # None: by size
    statements: Mapping[str, str] = MappingProxyType({})  # what only the makers of the set know


class ExportModule(Protocol):
    """What a module of a format has."""

    def write(self, matting_set: MattingSet, out: Path, asked: Asked) -> list[Part]:
        """Write a set, whose pixels were compared with its rows, into a folder; return the files."""

    def read(self, folder: Path, note: Note) -> Contents:
        """List what lies in an export; no pixel is read yet."""

    def unpack(self, where: Any, folder: Path) -> Mapping[str, Path]:
        """Return the files of the layers of a composite; those that are no files are put into `folder`."""

    def layout(self, split: str) -> str:
        """Return Markdown for the card: what lies where, and how it is read."""

    def head(self, split: str) -> str:
        """Return lines of YAML for the head of the card."""


class ExportFormat(NamedTuple):
    """A layout of another tool."""

    title: str
    target: str  # its module
    in_shards: bool = False  # whether it is cut into files of about one size
    takes_statements: bool = False  # whether it has a place for what only the makers know
    lacks: str = ""  # what files of others in this layout lack, so that they are no sets

    @property
    def module(self) -> ExportModule:
        """The module, imported when it is first asked for."""
        module: ExportModule = resolve_name(self.target)
        return module


FORMATS = {
    "webdataset": ExportFormat("WebDataset shards", "simd.dataset.exports.webdataset", in_shards=True),
    "parquet": ExportFormat("Hugging Face parquet", "simd.dataset.exports.parquet", in_shards=True),
    "coco": ExportFormat("COCO", "simd.dataset.exports.coco", lacks="a COCO file has regions, and no alpha"),
    "croissant": ExportFormat(
        "Croissant",
        "simd.dataset.exports.croissant",
        lacks="a Croissant file describes any dataset, and others say nothing of classes and trimaps",
        takes_statements=True,
    ),
}


def find_export_format(name: str) -> ExportFormat:
    """Return a format by its name; DataError with near names if there is none."""
    if name not in FORMATS:
        raise DataError(f"unknown format of exports {name!r}{suggest(name, FORMATS)}")
    return FORMATS[name]


def recognise_export(folder: Path) -> str | None:
    """Return the format of the export that lies in a folder; None if it holds none."""
    name = read_format(folder)
    return name if name in FORMATS else None
