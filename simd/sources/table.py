"""The CSV file beside a folder: classes, licence and kind of alpha of each file.

A row names a file in a column ``file``, ``file_name``, ``id`` or ``name`` (matched by its stem), its
classes in ``class``, ``classes`` or ``class_guess`` (several as ``a|b``, the first is primary) and may
have ``licence``, ``alpha_kind`` and ``role``. With a role column, a foreground's rows are those of role
``fg`` or ``alpha``, and the backgrounds are the rows of role ``background``.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from simd.addresses import LooseNames, last_part, without_ending
from simd.errors import DataError
from simd.files import read_text
from simd.image import is_image_name
from simd.records import UNKNOWN_LICENCE
from simd.taxonomy import class_from_prefix, parse_classes

NAMES = ("classes.csv", "provenance.csv")
"""A file of one of these names in the folder is used without being named."""

_FILE_COLUMNS = ("file", "file_name", "id", "name")
_CLASS_COLUMNS = ("class", "classes", "class_guess")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a CSV file says of one foreground or background."""

    where: str  # "<file>:<line>"
    classes: tuple[str, ...] | None
    licence: str
    alpha_kind: str


class Table(dict[str, Entry]):
    """Entries by file stem, as the file spells it."""

    @cached_property
    def _loose(self) -> LooseNames:
        return LooseNames(self)

    def spelt(self, stem: str) -> str | None:
        """Return how the file spells a stem: another Unicode form or letter case is the same name."""
        return stem if stem in self else self._loose.find(stem)


def find_table(folder: Path) -> Path | None:
    """Return the CSV file that lies in a folder, if one does."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read_table(path: Path, roles: tuple[str, ...]) -> Table:
    """Read a CSV file into entries by file stem.

    Raises
    ------
    DataError
        With line numbers: for a missing column, an unknown class, or two rows that contradict
        each other.
    """
    columns, rows = _read_rows(path)
    file_column = _pick(path, columns, _FILE_COLUMNS)
    needs_class = "background" not in roles
    class_column = _pick(path, columns, _CLASS_COLUMNS) if needs_class else ""
    entries = Table()
    for line, row in rows:
        where = f"{path}:{line}"
        if "role" in columns and row["role"] not in roles:
            continue
        if not (name := row[file_column]):
            raise DataError(f"{where}: the column {file_column!r} is empty")
        entry = Entry(
            where,
            _classes(where, row.get(class_column)),
            row.get("licence") or UNKNOWN_LICENCE,
            row.get("alpha_kind") or "",
        )
        last = last_part(name.strip())  # folders may be written as Windows does
        stem = without_ending(last) if is_image_name(last) else last  # "photo 1.5" is a stem
        other = entries.setdefault(stem, entry)
        if (other.classes, other.licence) != (entry.classes, entry.licence):
            raise DataError(f"{where}: says something else of {stem!r} than {other.where}; keep one of them")
    return entries


def entry_of(stem: str, table: Table | None) -> Entry:
    """Return what is known of a foreground: from the CSV file, else its class from its name.

    Raises
    ------
    DataError
        If there is neither; a class is never guessed.
    """
    if table is not None and (spelt := table.spelt(stem)) is not None:
        entry = table[spelt]
        if entry.classes is None:
            raise DataError(f"{entry.where}: no class is given for {stem!r}")
        return entry
    name = class_from_prefix(stem)
    if name is None:
        where = "is not in the CSV file and" if table is not None else "is in no CSV file and"
        raise DataError(
            f"{stem!r} {where} does not begin with the name of a class; "
            "give its class in a CSV file: --classes FILE with the columns file and class"
        )
    return Entry("its name", (name,), UNKNOWN_LICENCE, "")


def unused_note(path: Path, table: Table, stems: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence about the names of a CSV file that are of none of some files, if there are any."""
    used = set()
    for stem in stems:
        try:
            used.add(table.spelt(stem))
        except DataError:  # several rows may be meant: entry_of says so
            continue
    if not (unused := [name for name in table if name not in used]):
        return ()
    shown = ", ".join(unused[:5]) + (", ..." if len(unused) > 5 else "")
    return (f"{path}: {len(unused)} of {len(table)} names are of no file here: {shown}",)


def required_table(place: str, title: str, classes: Path | None) -> tuple[Path, Table]:
    """Read the CSV file of a dataset whose own names say nothing of classes; DataError if there is none."""
    path = classes or find_table(Path(place))
    if path is None:
        raise DataError(
            f"{place}: {title} names no classes, and they are never guessed; "
            "give --classes FILE: a CSV file with the columns file and class"
        )
    return path, read_table(path, roles=("fg", "alpha"))


def listed_entry(stem: str, table: Table, path: Path) -> Entry:
    """Return what a CSV file says of a foreground; its name says nothing, however it begins (DataError)."""
    if table.spelt(stem) is None:
        raise DataError(f"{stem!r} has no class; name it in {path}")
    return entry_of(stem, table)


def _read_rows(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Return the columns, and each row with the number of its line."""
    reader = csv.DictReader(io.StringIO(read_text(path)))
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: is not CSV ({error})") from error
    return list(reader.fieldnames or []), rows


def _pick(path: Path, columns: Sequence[str], wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in columns:
            return name
    raise DataError(f"{path}: lacks a column {' or '.join(map(repr, wanted))}; it has {', '.join(columns)}")


def _classes(where: str, text: str | None) -> tuple[str, ...] | None:
    if not text:
        return None
    try:
        return parse_classes(text)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
