"""From cut-outs to foregrounds: the class, licence and kind of alpha that a CSV file or a name gives."""

from collections.abc import Callable
from pathlib import Path

from simd.class_tables import ClassTable, Entry, stem_of
from simd.errors import DataError
from simd.records import UNKNOWN_LICENCE, Foreground, ForegroundFiles
from simd.sources.index import Index
from simd.sources.lists import numbered_lines, parse_line
from simd.sources.table import class_by_place, table_beside
from simd.taxonomy import parse_classes


def foregrounds_from(
    cutouts: Callable[[str], Index[ForegroundFiles]],
    *,
    title: Callable[[str], str] = lambda _place: "the folder",
    by_name: bool = False,
    lists: bool = False,
) -> Callable[[str, Path | ClassTable | None], Index[Foreground]]:
    """Return the `index_foregrounds` of a kind whose folders say nothing of classes.

    Parameters
    ----------
    cutouts : callable
        Lists what lies in a folder, whatever its classes.
    title : callable
        Place to the dataset's name, for the message where no CSV file is there.
    by_name : bool
        Whether a name may begin with its class, so that no CSV file is needed.
    lists : bool
        Whether a list of lines ``class:name`` will do in place of a CSV file.
    """

    def index(origin: str, classes: Path | ClassTable | None) -> Index[Foreground]:
        listed = cutouts(origin)
        if lists and isinstance(classes, Path) and classes.suffix.lower() != ".csv":
            table: ClassTable | None = _read_list(classes)
        else:
            table = table_beside(origin, classes)
        if table is None and not by_name:
            raise DataError(
                f"{origin}: {title(origin)} names no classes, and they are never guessed; "
                "give --classes FILE: a CSV file with the columns file and class"
                + (", or a list with a line class:name for each foreground" if lists else "")
            )
        all_used = not isinstance(classes, ClassTable)  # a list for something else may name more
        return _classified(listed, origin, table, by_name=by_name, all_used=all_used)

    return index


def _classified(
    index: Index[ForegroundFiles], origin: str, table: ClassTable | None, *, by_name: bool, all_used: bool
) -> Index[Foreground]:
    """Give each cut-out what is known of it: its class by the CSV file, else its folder, else its name.

    Where none of them says a class, it has none yet; where they contradict each other, it is broken.
    """
    records: list[Foreground] = []
    broken = dict(index.broken)
    stems = [name.rpartition("/")[2] for name in index.problems]
    for cutout in index.records:
        assert cutout.file is not None
        stems.append(cutout.file.stem)
        try:
            entry = None if table is None else table.find(cutout.file.stem)
            by_place = class_by_place(cutout.file, Path(origin)) if by_name and entry is None else ()
        except DataError as error:
            broken[cutout.id] = str(error)
            continue
        entry = entry or Entry("", by_place)  # a row with an empty cell says that it has none yet
        records.append(
            Foreground(
                id=cutout.id,
                source=cutout.source,
                classes=entry.classes or (),
                file=cutout.file,
                alpha_file=cutout.alpha_file,
                licence=cutout.licence if entry.licence == UNKNOWN_LICENCE else entry.licence,
                alpha_kind=entry.alpha_kind,
            )
        )
    notes, extra, unused = index.notes, index.extra, {}
    if table is not None and table.path:
        notes = (f"classes and licences: {table.path}", *notes)
        unused = table.unused(stems) if all_used else {}
        extra = tuple(name for name in extra if Path(origin, name) != Path(table.path))
    return Index(
        index.kind,
        tuple(records),
        index.expected,
        index.missing,
        broken,
        notes,
        extra,
        index.unnamed,
        unused,
        index.cautions,
    )


def _read_list(path: Path) -> ClassTable:
    """Read a list of lines ``class:name``; a background after the name is passed over."""
    entries = ClassTable(str(path))
    for number, text in numbered_lines(path):
        where = f"{path}:{number}"
        try:
            line = parse_line(number, text)
            if not line.class_:
                raise DataError(f"a line has the form class:name, not {text!r}")
            entry = Entry(where, parse_classes(line.class_))
        except DataError as error:
            raise DataError(f"{where}: {error}") from None
        stem = stem_of(line.fg_name)
        earlier = entries.setdefault(stem, entry)
        if earlier.classes != entry.classes:
            raise DataError(f"{where}: gives {stem!r} another class than {earlier.where}; keep one of them")
    return entries
