"""Lists of foregrounds: what a list names, the classes it gives, and a folder indexed with them.

A line is ``class:name``, ``class:name:background`` as in the official test list, or a name alone. Names are
compared by their stem, since one set holds as PNG what another holds as JPEG.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from simd.class_tables import ClassTable, Entry, stem_of
from simd.errors import DataError
from simd.records import Foreground
from simd.sources import index_foregrounds, is_drawn
from simd.sources.index import Index
from simd.sources.lists import lines_of, parse_line
from simd.sources.table import find_table, read_table
from simd.taxonomy import class_name


class Named(NamedTuple):
    """A foreground that a list names."""

    stem: str
    lines: tuple[int, ...]
    classes: tuple[str, ...]  # in the order of the list; none where it gives none


class NameList(NamedTuple):
    """A list of foregrounds, and each of its lines that cannot be used."""

    path: Path
    names: dict[str, Named]  # by stem
    problems: dict[str, str]  # "<path>:<line>" to reason
    total: int  # lines

    @property
    def notes(self) -> tuple[str, ...]:
        """Return a sentence for each foreground that stands in two classes."""
        return tuple(
            f"{self.path}: names {named.stem!r} in {len(named.classes)} classes, "
            f"{' and '.join(named.classes)} (lines {', '.join(map(str, named.lines))})"
            for named in self.names.values()
            if len(named.classes) > 1
        )


def read_names(path: Path) -> NameList:
    """Read a list of foregrounds.

    Raises
    ------
    DataError
        If the file cannot be read or names nothing at all.
    """
    lines = lines_of(path)
    names: dict[str, dict[str, int]] = {}  # stem to class (or "") to the first line
    problems: dict[str, str] = {}
    for number, text in lines:
        try:
            class_, stem = _parse(number, text)
        except DataError as error:
            problems[f"{path}:{number}"] = str(error)
            continue
        names.setdefault(stem, {}).setdefault(class_, number)
    if not names:
        first_problem = next(iter(problems.items()), None)
        raise DataError(
            f"{path}: names no foreground; a line is class:name, class:name:background or a name"
            + (f" ({first_problem[0]}: {first_problem[1]})" if first_problem else "")
        )
    read = {
        stem: Named(stem, tuple(by_class.values()), tuple(name for name in by_class if name))
        for stem, by_class in names.items()
    }
    return NameList(path, read, problems, len(lines))


def index_with_classes(origin: str, kind: str | None, names: NameList) -> Index[Foreground]:
    """List the foregrounds of a folder with the classes of a list; licences stay those of its CSV file.

    Foregrounds that the list gives no class are in the index's `broken`.
    """
    list_path = str(names.path)
    path = None if is_drawn(origin) else find_table(Path(origin))
    beside = ClassTable() if path is None else read_table(path, roles=("fg", "alpha"))
    table = ClassTable(list_path)
    for stem, named in names.names.items():
        known = beside.get(stem, Entry(list_path, None))
        table[stem] = replace(known, where=f"{list_path}:{named.lines[0]}", classes=named.classes or None)
    index = index_foregrounds(origin, kind, classes=table)
    return replace(index, notes=tuple(note for note in index.notes if list_path not in note))


def _parse(number: int, text: str) -> tuple[str, str]:
    line = parse_line(number, text)
    if not (stem := stem_of(line.fg_name)):
        raise DataError(f"{line.fg_name[:80]!r} is a folder, not the name of a foreground")
    return class_name(line.class_) if line.class_ else "", stem
