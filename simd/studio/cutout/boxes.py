"""Boxes around subjects: checked, and read from a CSV file."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simd.class_tables import stem_of
from simd.errors import DataError
from simd.files import read_text

Box = tuple[float, float, float, float]
"""(top, left, bottom, right) in pixels."""

_COLUMNS = ("file", "top", "left", "bottom", "right")


def check_box(box: Sequence[Any], where: str = "") -> Box:
    """Return a box of four finite numbers, its bottom and right behind its top and left (DataError)."""
    values = [float(value) for value in box if isinstance(value, int | float | np.number)]
    if len(values) != 4 or len(box) != 4 or not np.isfinite(values).all():
        raise DataError(f"{where}a box is (top, left, bottom, right) in pixels, not {str(list(box))[:80]}")
    top, left, bottom, right = values
    if not (top < bottom and left < right):
        raise DataError(f"{where}a box has its top above its bottom and its left before its right: {values}")
    return top, left, bottom, right


def read_boxes(table: Path, names: Iterable[str]) -> dict[str, Box]:
    """Read boxes by the stem of their picture's name.

    Parameters
    ----------
    table : Path
        CSV file with the columns file, top, left, bottom and right.
    names : iterable of str
        The pictures that there are.

    Raises
    ------
    DataError
        With the line of what is wrong: a picture that is not there, or named twice, or no box.
    """
    stems = {stem_of(name) for name in names}
    reader = csv.DictReader(io.StringIO(read_text(table)), strict=True)
    boxes: dict[str, Box] = {}
    try:
        if lacking := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
            first = ",".join(_COLUMNS)
            raise DataError(f"{table}: lacks the column {lacking[0]!r}; its first line has to be {first}")
        for row in reader:
            where, stem = f"{table}:{reader.line_num}: ", stem_of(row["file"] or "")
            if stem not in stems:
                raise DataError(f"{where}there is no picture {row['file']!r:.80}")
            if stem in boxes:
                raise DataError(f"{where}a second box for {row['file']!r:.80}; keep one of them")
            try:
                values = [float(row[name] or "") for name in _COLUMNS[1:]]
            except (TypeError, ValueError):
                raise DataError(f"{where}top, left, bottom and right must be numbers") from None
            boxes[stem] = check_box(values, where)
    except csv.Error as error:
        raise DataError(f"{table}:{reader.line_num}: is not CSV ({error})") from error
    return boxes
