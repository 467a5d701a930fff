"""Where an export is written: beside its place, into which it is moved when it is whole.

While it is written it lies in ``.<name>.export`` beside the place, which one run at a time holds. What a
killed run has left there goes when the same command starts over. An export that could not be complete is
put in its place, too, and noted: as long as nobody has changed it, the next run may replace it.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from simd.errors import BusyError, DataError
from simd.files import (
    cannot_write,
    flush_disks,
    json_text,
    make_folder,
    read_json,
    real_path,
    write_atomically,
)
from simd.locks import locked_folder
from simd.schema import INTEGER, list_of, problem, table_of

_NOTED = table_of(list_of(INTEGER, length=2))
_NOTE = "written.json"


def check_export_place(out: Path, place: str) -> None:
    """Refuse a place that holds anything but an empty folder, or an incomplete export (DataError).

    Parameters
    ----------
    out : Path
    place : str
        "file" or "folder".
    """
    remove_left(out)
    _check_place(out, place)


def _check_place(out: Path, place: str) -> None:
    if os.path.lexists(out) and not _is_empty_folder(out, place) and not _is_incomplete_export(out):
        raise DataError(f"{out}: exists already; name a new {place} for the export")


def write_export(out: Path, place: str, write: Callable[[Path], bool]) -> None:
    """Write an export and put it into its place when it is whole.

    Parameters
    ----------
    out : Path
        Its place, in a folder that is there.
    place : str
        "file" or "folder".
    write : callable
        Writes to the path that it is given, and tells whether nothing had to be left out.

    Raises
    ------
    BusyError
        If another process exports to this place.
    DataError
        If the place holds something.
    """
    state = _state(out)
    part = state / real_path(out).name
    with locked_folder(state, named=out):
        try:
            _check_place(out, place)  # another run may have finished meanwhile
            _remove(part)
            is_complete = write(part)
            flush_disks()
            _move(part, real_path(out))
        finally:
            _remove(part)
            if not (state / _NOTE).exists():
                shutil.rmtree(state)
        if is_complete:
            shutil.rmtree(state, ignore_errors=True)
        else:
            make_folder(state)
            write_atomically(state / _NOTE, json_text(_sizes_and_times(out)))


def remove_left(out: Path) -> None:
    """Remove the state of a run that was killed when its export was in its place."""
    state = _state(out)
    if not os.path.lexists(out) or not state.is_dir() or (state / _NOTE).exists():
        return
    with suppress(BusyError), locked_folder(state, named=out):
        if not any(state.iterdir()):
            shutil.rmtree(state, ignore_errors=True)


def _state(out: Path) -> Path:
    whole = real_path(out)
    return whole.with_name(f".{whole.name}.export")


def _is_empty_folder(out: Path, place: str) -> bool:
    return place == "folder" and out.is_dir() and not any(out.iterdir())


def _is_incomplete_export(out: Path) -> bool:
    """Tell whether an earlier run has written what lies there, but not all of it, and nobody has since."""
    try:
        noted = read_json(_state(out) / _NOTE)
    except DataError:
        return False
    return not problem(noted, _NOTED) and bool(noted == _sizes_and_times(out))


def _sizes_and_times(out: Path) -> dict[str, list[int]]:
    files = sorted(file for file in out.rglob("*") if not file.is_dir()) if out.is_dir() else [out]
    stats = {file.relative_to(out.parent).as_posix(): file.lstat() for file in files}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}


def _move(part: Path, out: Path) -> None:
    try:
        _remove(out)  # an empty folder, or what was not complete
        part.replace(out)
    except OSError as error:
        raise cannot_write(out, error) from error


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
