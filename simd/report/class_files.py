"""The CSV file of classes that a user fills in."""

from pathlib import Path

from simd.errors import DataError
from simd.files import write_atomically
from simd.sources import index_foregrounds, is_drawn
from simd.sources.outputs import check_output_file
from simd.sources.table import classes_csv


def write_class_file(
    out: Path,
    folder: str,
    *,
    kind: str | None = None,
    classes: Path | None = None,
    class_: str | None = None,
) -> str:
    """Write a CSV file with a row for each foreground, classes filled in as far as known; say what to do.

    Raises
    ------
    DataError
        If the file exists, as somebody may have filled it in, or the foregrounds are drawn.
    """
    if is_drawn(folder):
        raise DataError(f"{folder}: what is drawn has classes of its own; there is nothing to fill in")
    out = check_output_file(
        out,
        "a new CSV file of classes",
        lambda _: False,  # one that is there may be filled in already
        inputs=[folder, classes],
    )
    index = index_foregrounds(folder, kind, classes=classes, class_=class_)
    if not index.records:
        raise DataError(f"{folder}: has no usable foreground; simd index {folder} says why")
    write_atomically(out, classes_csv(index.records))
    without = sum(not fg.classes for fg in index.records)
    return (
        f"{len(index.records)} foregrounds, {without} without a class: {out}\n"
        f"fill in the column class (several as a|b, the first is the primary one), then give --classes {out}"
    )
