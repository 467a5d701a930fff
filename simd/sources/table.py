"""The CSV file beside foregrounds or backgrounds: classes, licence and kind of alpha of each file.

Files are matched by their stem. In a file with a column ``role`` a foreground's rows are those of role
``fg`` or ``alpha``, and the backgrounds are the rows of role ``background``. The other columns are those of
:mod:`simd.class_tables`.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from simd.class_tables import ClassTable, read_entries, stem_of
from simd.errors import DataError
from simd.records import UNKNOWN_LICENCE, Foreground
from simd.taxonomy import class_from_prefix, class_name

NAMES = ("classes.csv", "provenance.csv")
"""A file of one of these names in the folder is used without being named."""
COLUMNS = ("file", "class", "licence", "alpha_kind")
"""The columns of a file that is written to be filled in."""


def find_table(folder: Path) -> Path | None:
    """Return the CSV file that lies in a folder, if one does."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read_table(path: Path, roles: tuple[str, ...]) -> ClassTable:
    """Read a CSV file into entries by file stem; backgrounds need no classes.

    Raises
    ------
    DataError
        As :func:`simd.class_tables.read_entries` does.
    """
    return read_entries(path, key=stem_of, roles=roles, with_classes="background" not in roles)


def table_beside(origin: str, classes: Path | ClassTable | None) -> ClassTable | None:
    """Return what is known of a folder's foregrounds: what is given, else the CSV file that lies there."""
    if isinstance(classes, ClassTable):
        return classes
    path = classes or find_table(Path(origin))
    return None if path is None else read_table(path, roles=("fg", "alpha"))


def class_by_place(file: Path, root: Path) -> tuple[str, ...]:
    """Return the class that a file's folders below the root say, else its name; none where neither does.

    Raises
    ------
    DataError
        If they say different ones; a class is never guessed.
    """
    folders = dict.fromkeys(filter(None, map(_class_named, file.relative_to(root).parts[:-1])))
    named = class_from_prefix(file.stem)
    if len(folders) > 1 or (folders and named and named not in folders):
        by = [f"a folder says {name}" for name in folders] + ([f"its name says {named}"] if named else [])
        raise DataError(
            f"{file}: {' and '.join(by)}; say in a CSV file which it is: --classes FILE with the columns "
            "file and class"
        )
    return tuple(folders) or ((named,) if named else ())


def classes_csv(records: Iterable[Foreground]) -> str:
    """Return the CSV file of classes of some foregrounds, for a user to fill in what is not known yet."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for fg in records:
        assert fg.file is not None
        licence = "" if fg.licence == UNKNOWN_LICENCE else fg.licence
        writer.writerow([fg.file.name, "|".join(fg.classes), licence, fg.alpha_kind])
    return stream.getvalue()


def _class_named(folder: str) -> str:
    try:
        return class_name(folder)
    except DataError:
        return ""
