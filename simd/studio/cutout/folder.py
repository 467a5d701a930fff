"""Cut-outs on disk: the layers of a picture are written whole or not at all.

``fg/``, ``alpha/``, ``trimap/`` and ``image/`` hold ``<id>.png`` (``image/`` the picture as it came),
``strokes/<id>.json`` what was drawn, ``classes.csv`` a row for each. That is a source of the kind ``folder``.
What is hidden is of the page alone:

===========================  ===============================================================================
``.cutouts.json``            says that the folder is ours
``.waiting/``                pictures as they came, until their layers are written
``.drawn/<id>.json``         what was drawn since the layers were written: a step is answered when it is here
``.saving/<id>/``            layers about to take their places; ``complete`` is written last
``.history/<id>.jsonl``      the way back and forth, see ``history.py``
===========================  ===============================================================================
"""

import base64
import binascii
import contextlib
import csv
import io
import shutil
import threading
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from simd.errors import DataError
from simd.files import cannot_write, csv_text, json_text, make_folder, read_json, read_text, write_atomically
from simd.image import UInt8, pixel_digest
from simd.sources.outputs import check_output_folder, has_file, has_keys
from simd.studio.cutout.record import Record
from simd.trimap import as_trimap, read_trimap

MARKER = ".cutouts.json"
LAYERS = ("fg", "alpha", "trimap", "image", "strokes")
TABLE = "classes.csv"
COLUMNS = ("file", "class")
WAITING, DRAWN, SAVING, HISTORY = ".waiting", ".drawn", ".saving", ".history"

_COMPLETE = "complete"
_MAX_RECORD = 2**28  # bytes
_TABLE_LOCK = threading.Lock()
_MARKED = {"format": "simd-cutouts", "version": 1}

is_ours = has_file(MARKER, has_keys("format", "version"))


def check_folder(out: Path, inputs: list[Path]) -> Path:
    """Return the folder if cut-outs may be written into it, else raise DataError; nothing is made."""
    names = (MARKER, TABLE, *(f"{name}/" for name in (*LAYERS, WAITING, DRAWN, SAVING, HISTORY)))
    return check_output_folder(out, "a folder of cut-outs", is_ours, names=names, inputs=inputs)


def make_cutouts_folder(out: Path) -> None:
    """Make the folder, and put in order what a killed run has left in it."""
    make_folder(out)
    if not (out / MARKER).is_file():
        write_atomically(out / MARKER, json_text(_MARKED))
    saving = out / SAVING
    for stage in sorted(saving.iterdir()) if saving.is_dir() else []:
        if (stage / _COMPLETE).is_file():
            _take_places(out, stage)
        else:
            shutil.rmtree(stage, ignore_errors=True)
    with contextlib.suppress(OSError):
        saving.rmdir()


def write_layers(out: Path, id_: str, layers: Mapping[str, bytes]) -> None:
    """Write all layers of a picture, or none; keys are names such as ``fg/cat.png``.

    Whatever moment a run is killed at, :func:`make_cutouts_folder` finds the old layers or the new ones.
    """
    stage = out / SAVING / id_
    try:
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir(parents=True)
        for name, content in layers.items():
            (stage / name.replace("/", "+")).write_bytes(content)
    except OSError as error:
        shutil.rmtree(stage, ignore_errors=True)
        raise cannot_write(stage, error, size=sum(map(len, layers.values()))) from error
    write_atomically(stage / _COMPLETE, b"")
    _take_places(out, stage)


def _take_places(out: Path, stage: Path) -> None:
    try:
        for staged in sorted(stage.iterdir()):
            if staged.name != _COMPLETE:
                layer, _, name = staged.name.partition("+")
                (out / layer).mkdir(exist_ok=True)
                _refuse_links(out / layer, out / layer / name)
                staged.replace(out / layer / name)
        shutil.rmtree(stage)
        if not any(stage.parent.iterdir()):
            stage.parent.rmdir()
    except OSError as error:
        raise cannot_write(stage, error) from error


def _refuse_links(*paths: Path) -> None:
    for path in paths:
        if path.is_symlink():
            raise DataError(f"{path}: is a link; cut-outs are plain files, put a copy in its place")


def record_ids(out: Path) -> list[str]:
    """Return the ids of all cut-outs in a folder, also of those whose layers are not written yet."""
    return sorted({file.stem for folder in ("strokes", DRAWN) for file in (out / folder).glob("*.json")})


def taken_ids(out: Path, names: Iterable[str] = (*LAYERS, WAITING, DRAWN)) -> set[str]:
    """Return every id that a file of the folder has, also of pictures that wait and of layers alone."""
    folders = (out / name for name in names)
    files = (file for folder in folders if folder.is_dir() for file in folder.iterdir())
    return {file.stem for file in files if not file.name.startswith(".")}


def image_of(out: Path, id_: str) -> Path | None:
    """Return the picture of a cut-out as it came; None where there is none."""
    for folder in ("image", WAITING):
        for file in sorted((out / folder).glob(f"{id_}.*")):
            if file.stem == id_:
                return file
    return None


def read_record(out: Path, id_: str) -> Record:
    """Read what is kept of a cut-out, the latest of it (DataError)."""
    file = out / DRAWN / f"{id_}.json"
    if file.is_file():
        return _read(file)[0]
    return _read(out / "strokes" / f"{id_}.json")[0]


def read_state(out: Path, id_: str) -> tuple[Record, bytes]:
    """Read a record with its trimap, deflated; the latest of them.

    Raises
    ------
    DataError
        If a file is broken, or the trimap is not the one that the record speaks of.
    """
    file = out / DRAWN / f"{id_}.json"
    if file.is_file():
        record, kept = _read(file)
        trimap = _inflated(file, kept, record)
    else:
        file = out / "strokes" / f"{id_}.json"
        record, _ = _read(file)
        trimap = read_trimap(out / "trimap" / f"{id_}.png")
    if trimap.shape != record.size or pixel_digest(trimap) != record.trimap_sha256:
        raise DataError(
            f"{file}: its trimap is another than it was written with; put that one back, or remove both"
        )
    return record, zlib.compress(trimap.tobytes(), 1)


def write_drawn(out: Path, id_: str, record: Record, trimap: bytes) -> None:
    """Keep what was drawn, whole or not at all; its layers follow."""
    make_folder(out / DRAWN)
    content = {**record.to_json(), "trimap": base64.b64encode(trimap).decode("ascii")}
    write_atomically(out / DRAWN / f"{id_}.json", json_text(content), flush=False)


def forget_drawn(out: Path, id_: str) -> None:
    """Remove what was kept of a picture whose layers are written."""
    (out / DRAWN / f"{id_}.json").unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # others lie there
        (out / DRAWN).rmdir()


def _read(file: Path) -> tuple[Record, str]:
    try:
        size = file.stat().st_size
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error
    if size > _MAX_RECORD:
        raise DataError(f"{file}: has {size:,} bytes, more than a record of strokes has")
    content = read_json(file)
    kept = content.pop("trimap", "") if isinstance(content, dict) else ""
    try:
        return Record.from_json(content), kept if isinstance(kept, str) else ""
    except DataError as error:
        raise DataError(f"{file}: {error}") from None


def _inflated(file: Path, kept: str, record: Record) -> UInt8:
    height, width = record.size
    try:
        unpacker = zlib.decompressobj()
        levels = unpacker.decompress(base64.b64decode(kept, validate=True), height * width + 1)
        trimap = np.frombuffer(levels, np.uint8).reshape(height, width)
    except (binascii.Error, zlib.error, ValueError):
        raise DataError(
            f"{file}: its trimap is damaged; remove the file to go back to what was saved"
        ) from None
    return as_trimap(trimap, f"{file}: ")


# -- the table of classes --------------------------------------------------------------------------------


def read_classes(out: Path) -> dict[str, str]:
    """Return the cell of the class by the file's name, as the table has it."""
    if not (out / TABLE).is_file():
        return {}
    _, rows = _rows(out / TABLE)
    return {row["file"]: row["class"] for row in rows}


def write_class(out: Path, file: str, class_: str | None) -> None:
    """Make sure that a file has a row in the table, with a class if one is given; other rows stay."""
    with _TABLE_LOCK:
        columns, rows = _rows(out / TABLE) if (out / TABLE).is_file() else (list(COLUMNS), [])
        row = next((row for row in rows if row["file"] == file), None)
        if row is not None and class_ in (None, row["class"]):
            return
        if row is None:
            row = {"file": file, "class": ""}
            rows.append(row)
        row["class"] = class_ or ""
        cells = ([row.get(name, "") for name in columns] for row in rows)
        write_atomically(out / TABLE, csv_text(columns, cells))


def write_missing_rows(out: Path, files: Iterable[str]) -> None:
    """Make sure that files have rows in the table, in one writing; rows that are there stay."""
    with _TABLE_LOCK:
        columns, rows = _rows(out / TABLE) if (out / TABLE).is_file() else (list(COLUMNS), [])
        present = {row["file"] for row in rows}
        missing = [file for file in files if file not in present]
        if missing:
            cells = [[row.get(name, "") for name in columns] for row in rows]
            cells += [[file if name == "file" else "" for name in columns] for file in missing]
            write_atomically(out / TABLE, csv_text(columns, cells))


def _rows(table: Path) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(read_text(table)))
    columns = list(reader.fieldnames or [])
    if not set(COLUMNS) <= set(columns):
        raise DataError(
            f"{table}: lacks a column file or class; name the columns in its first line: file,class"
        )
    return columns, [{name: row.get(name) or "" for name in columns} for row in reader]
