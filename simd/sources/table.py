"""The CSV file beside foregrounds or backgrounds: classes, licence and kind of alpha of each file.

Files are matched by their stem. In a file with a column ``role`` a foreground's rows are those of role
``fg`` or ``alpha``, and the backgrounds are the rows of role ``background``. The other columns are those of
:mod:`simd.class_tables`.
"""

from pathlib import Path

from simd.class_tables import ClassTable, Entry, read_entries, stem_of
from simd.errors import DataError
from simd.taxonomy import class_from_prefix

NAMES = ("classes.csv", "provenance.csv")
"""A file of one of these names in the folder is used without being named."""


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


def entry_of(stem: str, table: ClassTable | None, *, by_name: bool = True) -> Entry:
    """Return what is known of a foreground: from the CSV file, else its class from its name.

    Parameters
    ----------
    stem : str
        The name of its file without the ending.
    table : ClassTable, optional
        The CSV file.
    by_name : bool
        Whether the name may say it; else it says nothing, however it begins.

    Raises
    ------
    DataError
        If there is neither; a class is never guessed.
    """
    if table is not None and (entry := table.find(stem)) is not None:
        return entry
    if not by_name:
        raise DataError(f"{stem!r} has no class; name it in {table.path if table else 'a CSV file'}")
    name = class_from_prefix(stem)
    if name is None:
        where = "is not in the CSV file and" if table is not None else "is in no CSV file and"
        raise DataError(
            f"{stem!r} {where} does not begin with the name of a class; "
            "give its class in a CSV file: --classes FILE with the columns file and class"
        )
    return Entry("its name", (name,))
