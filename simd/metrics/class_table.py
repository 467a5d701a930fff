"""The CSV file that says of each image what class it is of, and what foreground it shows."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from simd.errors import DataError
from simd.files import read_text
from simd.image import is_image_name
from simd.taxonomy import parse_classes

_NAME_COLUMNS = ("file", "file_name", "id", "name")
_FG_COLUMNS = ("fg", "fg_id")


class ClassRow(NamedTuple):
    """What the file says of one image."""

    class_: str
    fg_id: str  # "" where it does not say


def read_class_table(path: Path) -> dict[str, ClassRow]:
    """Read rows by name: columns ``file`` (or ``id``), ``class``, and perhaps ``fg`` (or ``fg_id``).

    Names may have an ending and folders; of several classes, ``a|b``, the first counts.

    Raises
    ------
    DataError
        With line numbers: for a missing column, an empty or unknown class, or a name that stands there twice.
    """
    reader = csv.DictReader(io.StringIO(read_text(path)))
    columns = reader.fieldnames or []
    name_column, fg_column = _first(columns, _NAME_COLUMNS), _first(columns, _FG_COLUMNS)
    if name_column is None or "class" not in columns:
        raise DataError(f"{path}: has to have columns file and class, it has {', '.join(columns) or 'none'}")
    rows: dict[str, ClassRow] = {}
    lines: dict[str, int] = {}
    for row in reader:
        where = f"{path}:{reader.line_num}"
        if not (text := (row[name_column] or "").strip()):
            raise DataError(f"{where}: the column {name_column!r} is empty")
        name = str(PurePosixPath(text).with_suffix("") if is_image_name(text) else PurePosixPath(text))
        if name in rows:
            raise DataError(f"{where}: {name!r} stands in line {lines[name]} already; keep one of them")
        if not row["class"]:
            raise DataError(f"{where}: no class is given for {name!r}")
        try:
            class_ = parse_classes(row["class"])[0]
        except DataError as error:
            raise DataError(f"{where}: {error}") from None
        fg_id = (row[fg_column] or "").strip() if fg_column else ""
        rows[name], lines[name] = ClassRow(class_, fg_id), reader.line_num
    if not rows:
        raise DataError(f"{path}: has no rows")
    return rows


def _first(columns: Sequence[str], wanted: Sequence[str]) -> str | None:
    return next((name for name in wanted if name in columns), None)
