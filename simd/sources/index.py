"""What a source says of itself, and what looking through a folder brings to light."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from simd.class_tables import ClassTable
from simd.image import UInt8
from simd.records import UNKNOWN_LICENCE, Background, Foreground, ForegroundFiles


class Packed(NamedTuple):
    """Where the images of a pair lie that are not files: in a row of a table."""

    file: Path
    group: int  # of rows
    row: int  # in the group
    name: str
    columns: tuple[tuple[str, str], ...]  # of each layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """An image with its alpha as it lies on disk: a photograph, or a composite that others have made."""

    id: str  # its name in the source: unique there
    source: str  # the kind that found it
    fg_id: str  # images of one foreground are not independent samples
    image: Path
    alpha: Path
    trimap: Path | None = None  # the official one, where there is one
    bg_id: str | None = None  # None: a photograph, or nobody says what it was placed on
    class_: str = ""  # what its folder says; else "", which is for the user to say
    licence: str = UNKNOWN_LICENCE
    is_cutout: bool = False  # whether its alpha is the transparency of that file
    categories: tuple[str, ...] = ()  # what others call its kind of object: never a class unasked
    packed: Packed | None = None  # image, alpha and trimap name one file, and lie in a row of it

    @property
    def name(self) -> str:
        """The name of its image without the ending."""
        return self.packed.name if self.packed is not None else self.image.stem


Record = TypeVar("Record", Foreground, Background)
AnyRecord = TypeVar("AnyRecord", Foreground, ForegroundFiles, Background, Finished)


@dataclass(frozen=True, slots=True)
class Index(Generic[AnyRecord]):
    """The records of a source, and everything that keeps it from being complete."""

    kind: str
    records: tuple[AnyRecord, ...]
    expected: int  # how many the layout, a list or a pairing says there should be
    missing: dict[str, str] = field(default_factory=dict)  # name to reason
    broken: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # facts to know that stop nothing
    extra: tuple[str, ...] = ()  # files in the layout's folders that belong to nothing
    unnamed: int = 0  # how many more are missing: a count says so, and nothing says their names
    unused: dict[str, str] = field(default_factory=dict)  # a CSV file to the names in it of no file here
    cautions: tuple[str, ...] = ()  # those of the notes that whoever builds with the records must hear, too

    @property
    def problems(self) -> dict[str, str]:
        """Missing and broken together, and what a CSV file names in vain."""
        return self.missing | self.broken | self.unused


def files_of(record: ForegroundFiles | Background | Finished) -> list[tuple[Path, bool]]:
    """Return the files of a record, each with whether it is a matte or a trimap."""
    files: list[tuple[Path | None, bool]]
    match record:
        case Finished() if record.packed is not None:
            return []
        case Background():
            files = [(record.file, False)]
        case ForegroundFiles():
            files = [(record.file, False), (record.alpha_file, True)]
        case _:
            files = [(record.image, False), (record.alpha, True), (record.trimap, True)]
    return [(file, matte) for file, matte in files if file is not None]


def _not_this_side(*_: Any) -> Any:
    raise AssertionError("a kind was asked for what it does not give")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """A declared source: how its folder looks, what it may be used for, and how it is read."""

    name: str
    layout: str  # in a line, for people
    licence: str
    citation: str
    recognise: Callable[[str], bool]
    title: str  # the dataset's own name
    ask: str = ""  # where to get it
    counts: str = ""  # what it is known to hold
    inner: tuple[str, ...] = ()  # globs of the folders in it that are parts or layers of it
    index_foregrounds: Callable[[str, Path | ClassTable | None], Index[Foreground]] = _not_this_side
    index_files: Callable[[str], Index[ForegroundFiles]] | None = (
        None  # its foregrounds, whatever their classes
    )
    index_backgrounds: Callable[[str], Index[Background]] = _not_this_side
    index_finished: Callable[[str], Index[Finished]] = _not_this_side
    read: Callable[[ForegroundFiles], tuple[UInt8, UInt8, UInt8 | None]] = _not_this_side
    read_background: Callable[[Background], UInt8] = _not_this_side  # where it has no file
    notice: Callable[[Sequence[str]], str] = lambda _ids: ""  # what a licence asks to be shown for these ids
    official_trimap: Callable[[Foreground, int], Path | None] = lambda _fg, _k: None  # of the k-th composite
    named: Callable[[Any], "SourceKind"] | None = None  # of files whose names the user says
    draws_regions: bool = False  # its foregrounds have a class mask, and the classes are those in it
    estimates: bool = False  # its colours are estimated from photographs, not read from a file
