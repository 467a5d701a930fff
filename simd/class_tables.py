"""The CSV file that says of images or foregrounds what class they are of: one reader for all who take one.

A row names a file in a column ``file``, ``file_name``, ``filename``, ``id``, ``name`` or ``image``, its
classes in ``class``, ``classes``, ``class_guess`` or ``label`` (several as ``a|b``, the first is primary),
and may have ``licence`` or ``license``, ``alpha_kind`` (a key of :data:`simd.records.ALPHA_KINDS`), ``fg`` or
``fg_id`` (the foreground that an image shows) and ``role``. A table by ``category`` or ``type`` gives a class
to each category of a source that has some. Between the cells stand commas, or semicolons or
tabs, as spreadsheets write them; the case of a column's name does not matter.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path, PurePosixPath

from simd.addresses import LooseNames, last_part, without_ending
from simd.errors import DataError, first_of
from simd.files import read_text
from simd.formats import is_image_name
from simd.records import UNKNOWN_LICENCE, check_alpha_kind
from simd.taxonomy import parse_classes

_FILE_COLUMNS = ("file", "file_name", "filename", "id", "name", "image", "category", "type")
_CLASS_COLUMNS = ("class", "classes", "class_guess", "label")
_LICENCE_COLUMNS = ("licence", "license")
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_NAMED = 5  # names that a message gives
_MESSAGES = 20  # that are given at once
_FG_COLUMNS = ("fg", "fg_id")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a CSV file says of one image, foreground or background."""

    where: str  # "<file>:<line>"
    classes: tuple[str, ...] | None
    licence: str = UNKNOWN_LICENCE
    alpha_kind: str = ""
    fg_id: str = ""  # "" where it does not say

    def required_classes(self, name: str) -> tuple[str, ...]:
        """Return the classes; DataError if the row, that of `name`, gives none."""
        if self.classes is None:
            raise DataError(f"{self.where}: no class is given for {name!r}")
        return self.classes


class ClassTable(dict[str, Entry]):
    """Entries by name, as the file spells it, and the file that they were read from."""

    def __init__(self, path: str = "", entries: Iterable[tuple[str, Entry]] = ()) -> None:
        super().__init__(entries)
        self.path = path

    @cached_property
    def _loose(self) -> LooseNames:
        return LooseNames(self)

    def spelt(self, name: str) -> str | None:
        """Return how the file spells a name: another Unicode form or letter case is the same name.

        Raises
        ------
        DataError
            If several rows may be meant.
        """
        return name if name in self else self._loose.find(name)

    def find(self, *names: str) -> Entry | None:
        """Return the entry of the first of some names that the file has; DataError as in :meth:`spelt`."""
        spellings = (self.spelt(name) for name in names)
        return next((self[spelling] for spelling in spellings if spelling is not None), None)

    def unused(self, used: Iterable[str]) -> dict[str, str]:
        """Return the file with what it names in vain, as a sentence; nothing if all its names are used.

        Parameters
        ----------
        used : iterable of str
            The names that are there; another Unicode form or letter case is the same name.
        """
        spelt: set[str | None] = set()
        names = list(used)
        for name in names:
            try:
                spelt.add(self.spelt(name))
            except DataError:  # several rows may be meant, as whoever asks for their entry is told
                spelt |= {spelling for spelling in self if spelling.casefold() == name.casefold()}
        vain = [name for name in self if name not in spelt]
        shown = first_of(vain, _NAMED)
        reason = f"{len(vain)} of {len(self)} names are of no file here: {shown}"
        if len(vain) == len(self) and names:
            reason += f"; files here are called as {min(names)!r}"
        return {self.path: reason} if vain else {}


def stem_of(name: str) -> str:
    """Return the name of a file without folders and without the ending of an image.

    Examples
    --------
    >>> stem_of("Training_set/photo 1.5.PNG"), stem_of("photo 1.5")
    ('photo 1.5', 'photo 1.5')
    """
    last = last_part(name.strip())
    return without_ending(last) if is_image_name(last) else last


def path_of(name: str) -> str:
    r"""Return the path of a file in its folder, with slashes and without the ending of an image.

    Examples
    --------
    >>> path_of("net\\fence 1.5.PNG"), path_of("./fence 1.5 ")
    ('net/fence 1.5', 'fence 1.5')
    """
    path = PurePosixPath(name.strip().replace("\\", "/"))
    if not path.name:
        return ""
    return str(path.with_name(without_ending(path.name)) if is_image_name(path.name) else path)


def read_entries(
    path: Path, *, key: Callable[[str], str], roles: Sequence[str] | None = None, with_classes: bool = True
) -> ClassTable:
    """Read a CSV file into entries by name.

    Parameters
    ----------
    path : Path
        UTF-8, with or without a byte-order mark.
    key : callable
        What a row's file is known by: :func:`stem_of` or :func:`path_of`.
    roles : sequence of str, optional
        In a file with the column ``role``, rows of other roles are passed over.
    with_classes : bool
        Whether there must be a column of classes.

    Raises
    ------
    DataError
        With line numbers: for a missing column, a row without a name or with more cells than columns, a
        quote that is not closed, unknown classes and kinds of alpha (all of them), or rows that contradict
        each other. Rows that say the same are one.
    """
    columns, rows = read_cells(path)
    file_column = _pick(path, columns, _FILE_COLUMNS)
    class_column = _pick(path, columns, _CLASS_COLUMNS) if with_classes else None
    fg_column = next((name for name in _FG_COLUMNS if name in columns), None)
    licence_column = next((name for name in _LICENCE_COLUMNS if name in columns), "")
    table = ClassTable(str(path))
    wrong: dict[str, list[int]] = {}  # what is wrong with cells, to the lines that it is wrong in
    for line, row in rows:
        where = f"{path}:{line}"
        if roles is not None and "role" in columns and row["role"] not in roles:
            continue
        if not (name := key(row[file_column] or "")):
            raise DataError(f"{where}: the column {file_column!r} is empty")
        try:
            classes = parse_classes(row[class_column] or "") if class_column and row[class_column] else None
            alpha_kind = check_alpha_kind(row.get("alpha_kind") or "")
        except DataError as error:
            wrong.setdefault(str(error), []).append(line)
            continue
        entry = Entry(
            where,
            classes,
            row.get(licence_column) or UNKNOWN_LICENCE,
            alpha_kind,
            (row[fg_column] or "").strip() if fg_column else "",
        )
        earlier = table.setdefault(name, entry)
        if replace(earlier, where=where) != entry:
            raise DataError(
                f"{where}: says something else of {name!r} than {earlier.where}; keep one of them"
            )
    if wrong:
        raise DataError(_all_wrong(path, wrong))
    return table


def read_cells(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str | None]]]]:
    """Return the columns of a CSV file, in small letters, and each row with the number of its line.

    A short row has None in the rest. Raises a DataError with the line for more cells than columns, a quote
    that is not closed, a cell of more than 131,072 characters, or what is not UTF-8 text.
    """
    text = read_text(path)
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    columns: list[str] = []
    rows: list[tuple[int, dict[str, str | None]]] = []
    line = 1  # where a row begins: one with a line break inside is longer than a line
    try:
        for cells in reader:
            if not columns:
                columns = _checked_columns(path, cells)
            elif len(cells) > len(columns):
                raise DataError(
                    f"{path}:{line}: has {len(cells)} cells, and there are {len(columns)} columns; "
                    f"a {_SEPARATORS[separator]} inside a cell needs double quotes around it"
                )
            elif cells:
                rows.append((line, dict(zip_longest(columns, cells))))
            line = reader.line_num + 1
    except csv.Error as error:
        reason = (
            "a double quote that opens there is not closed" if "end of data" in str(error) else str(error)
        )
        raise DataError(f"{path}:{line}: is not CSV ({reason})") from error
    return columns, rows


def _separator(text: str) -> str:
    """Return what stands between the cells of the first line: commas, unless there are none."""
    heading = text.partition("\n")[0]
    return next((mark for mark in _SEPARATORS if mark in heading), ",")


def _checked_columns(path: Path, cells: list[str]) -> list[str]:
    cells = [cell.strip().lower() for cell in cells]
    if twice := sorted({name for name in cells if cells.count(name) > 1}):
        raise DataError(f"{path}: has the column {twice[0]!r} twice; keep one of them")
    return cells


def _pick(path: Path, columns: Sequence[str], wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in columns:
            return name
    names_files = any(map(is_image_name, columns))
    hint = "; its first line names the columns, as in: file,class" if names_files else ""
    has = f"it has {', '.join(columns)}" if columns else "it is empty"
    raise DataError(f"{path}: lacks a column {' or '.join(map(repr, wanted))}; {has}{hint}")


def _all_wrong(path: Path, wrong: dict[str, list[int]]) -> str:
    """Return what is wrong with the cells of a file: a line for each message, with the rows that it is of."""
    lines = []
    for message, of_rows in wrong.items():
        more = (
            f" (also in line {first_of([str(line) for line in of_rows[1:]], _NAMED)})" if of_rows[1:] else ""
        )
        lines.append(f"{path}:{of_rows[0]}: {message}{more}")
    left = len(lines) - _MESSAGES
    return "\n".join(lines[:_MESSAGES] + ([f"... and {left} more such messages"] if left > 0 else []))
