"""Hugging Face parquet: a row a foreground, its class mask and cut-out as bytes inside the file."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from simd.dataset.exports.parquet import groups_by_bytes
from simd.errors import DataError, MissingExtraError
from simd.files import cannot_keep, check_regular
from simd.image import encode_png
from simd.tagging.annotation_files import classes_in
from simd.tagging.formats.labelled import Labelled, Names, from_indices, shaped_as
from simd.tagging.formats.stored_masks import read_numbers
from simd.tagging.formats.untrusted import as_file
from simd.taxonomy import CLASSES, NO_CLASS, class_index


def write(items: Iterable[Labelled], out: Path) -> None:
    """Write masks as grey PNGs of their indices, inside a parquet file that ``datasets`` loads as it is.

    Grey, since other libraries read an indexed PNG as the colours of its palette, or as their luma.

    Columns: ``fg_id``; ``image``, the cut-out (null where the foregrounds are not at hand); ``class_mask``,
    with the indices of the classes as they are and 255 for none; ``classes``, those in it.
    """
    pa, parquet, features = _libraries()
    schema = features.arrow_schema
    size = 0
    try:
        with parquet.ParquetWriter(out, schema, write_page_index=True) as writer:
            for rows in groups_by_bytes(map(_weighted, map(_row, items))):
                size += sum(_weighted(row)[1] for row in rows)
                table = pa.Table.from_pylist(rows, schema=schema)
                writer.write_table(table, row_group_size=max(1, len(rows)))
    except OSError as error:
        raise cannot_keep(out, error, size=size) from error


def read(path: Path, names: Names) -> Iterator[Labelled]:
    """Read a parquet file with the columns ``fg_id`` and ``class_mask``; classes are named by `CLASSES`."""
    pa, parquet, _ = _libraries()
    labels = dict(enumerate(CLASSES))
    check_regular(path)
    try:
        with parquet.ParquetFile(path) as file:
            if missing := sorted({"fg_id", "class_mask"} - set(file.schema_arrow.names)):
                raise DataError(f"{path}: lacks the column {missing[0]}")
            number = 0
            for group in range(file.num_row_groups):  # batches of the whole file would keep all of it
                batches = file.iter_batches(batch_size=1, row_groups=[group], columns=["fg_id", "class_mask"])
                for batch in batches:
                    (row,) = batch.to_pylist()
                    yield _labelled(row, number, labels, names)
                    number += 1
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: is not a parquet file, or a damaged one ({error})") from error


def _labelled(row: dict[str, Any], number: int, labels: dict[int, str], names: Names) -> Labelled:
    name = str(row["fg_id"] or f"row {number}")
    try:
        with shaped_as("a row of class masks"):
            content = row["class_mask"]["bytes"]
            if not isinstance(content, bytes):
                raise DataError("its class mask is not inside the file; paths are not followed")
        with as_file(content, "its class mask") as file:
            stored = read_numbers(file)  # indexed ones of older files, too
            if stored is None:
                raise DataError("its class mask holds colours, not the indices of classes")
            return from_indices(stored, labels, NO_CLASS, names)._replace(name=name, named_by="id")
    except DataError as error:
        return Labelled(name, None, (str(error),))


def _weighted(row: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return a row with the bytes of its pictures."""
    return row, sum(len(row[name]["bytes"]) for name in ("image", "class_mask") if row[name])


def _row(item: Labelled) -> dict[str, Any]:
    assert item.class_mask is not None
    image = None if item.picture is None else {"bytes": item.picture, "path": None}
    return {
        "fg_id": item.name,
        "image": image,
        "class_mask": {"bytes": encode_png(item.class_mask), "path": None},
        "classes": [class_index(name) for name in classes_in(item.class_mask)],
    }


def _libraries() -> tuple[Any, Any, Any]:
    """Return pyarrow, its parquet module, and the features of the columns."""
    try:
        import pyarrow
        from datasets import ClassLabel, Features, Image, List, Value
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("Hugging Face parquet", "datasets", "hub") from None
    columns = {
        "fg_id": Value("string"),
        "image": Image(),
        "class_mask": Image(),
        "classes": List(ClassLabel(names=list(CLASSES))),
    }
    return pyarrow, parquet, Features(columns)
