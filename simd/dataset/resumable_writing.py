"""Write a set as its images come: interrupted at any moment, the same command goes on to the same bytes."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from simd.dataset.manifest import INFO_NAME, MattingSet, load_set
from simd.errors import BatchError, DataError
from simd.files import flush_disks, make_folder, sizes_of
from simd.journal import Journal, resumed
from simd.locks import locked_folder
from simd.records import LAYERS, ROW_KEYS, Composite, file_name
from simd.schema import INTEGER, TEXT, Kind, list_of, record

_INPUT = Kind("a text or a whole number", lambda value: TEXT.fits(value) or INTEGER.fits(value))
_NOTED = record(ROW_KEYS | {"inputs": list_of(_INPUT), "bytes": list_of(INTEGER, length=len(LAYERS))})
_STATE = ".build"  # lies in the set's folder until the set is finished

Inputs = list[str | int]
"""What an image is made from: if any of it changes between two runs, it is made again."""


def is_unfinished(out: Path) -> bool:
    """Tell whether a folder holds a set that is not finished yet."""
    return (out / _STATE).is_dir()


def holds_set(out: Path) -> bool:
    """Tell whether a folder holds a set, finished or not."""
    return is_unfinished(out) or (out / INFO_NAME).is_file()


def check_folder(out: Path) -> None:
    """Refuse a folder that holds anything but an unfinished set (DataError)."""
    if is_unfinished(out):
        return
    if (out / INFO_NAME).exists():
        raise DataError(f"{out}: already holds a finished set; choose another folder, or remove this one")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: is not an empty folder; a set needs one of its own")


def state_of_files(*files: Path | None) -> Inputs:
    """Return the sizes and times of the files that are there, for :data:`Inputs`."""
    facts: Inputs = []
    for file in files:
        if file is not None and file.exists():
            facts += [file.stat().st_size, file.stat().st_mtime_ns]
    return facts


def write_set(
    out: Path,
    inputs: Mapping[str, Inputs],
    make: Callable[[list[str]], Iterator[tuple[str, Composite | str]]],
    finish: Callable[[list[Composite]], None],
    *,
    settings: Mapping[str, Any],
    mendable: Collection[str] = (),
    holds: Callable[[Composite], bool] = lambda row: True,
    failures: dict[str, str],
    total: int,
    what: str = "composites",
    asked: str = "items",
) -> MattingSet:
    """Write what an interrupted run has not written yet, then the manifest.

    Parameters
    ----------
    out : Path
        A folder that :func:`check_folder` lets pass.
    inputs : mapping
        Id to what the image is made from, in the order of the set.
    make : callable
        Writes the layers of the images of some ids and yields, in any order, each id with its row, or with
        the reason why there is none.
    finish : callable
        Writes the manifest of the rows that there are.
    settings : mapping
        What the run depends on; a state with other settings is not continued.
    mendable : collection of str
        Settings that may be others: a message advises to change them, or another setting that needs it.
    holds : callable
        Tells whether a row from before is what these settings make, as far as `inputs` do not.
    failures : dict
        What has failed before, by name; the reasons that `make` gives are added.
    total, asked
        How many things were asked for, and what they are called: failures may be of files, too.
    what
        What the images are called.

    Raises
    ------
    BusyError
        If another process writes this set.
    BatchError
        If there are failures. The others are written and form a set; the next run tries the failed again.
    """
    with locked_folder(out):
        check_folder(out)  # another run may have finished meanwhile
        journal = Journal(out / _STATE, settings, mendable=mendable)
        for layer in LAYERS:
            make_folder(out / layer)

        def load(row: dict[str, Any]) -> Composite | None:
            id_ = str(row["id"])
            if row["inputs"] != inputs[id_] or row["bytes"] != _bytes(out, id_):
                return None
            composite = Composite.from_row(row)
            return composite if holds(composite) else None

        rows, reasons = resumed(
            journal,
            inputs,
            make,
            key=str,
            load=load,
            dump=lambda id_, row: {**row.to_row(), "inputs": inputs[id_], "bytes": _bytes(out, id_)},
            what=what,
            kind=_NOTED,
        )
        failures |= reasons
        _remove_strays(out, rows)
        flush_disks()  # a set whose manifest outlives a power cut has all its images
        finish([rows[id_] for id_ in inputs if id_ in rows])
        if failures:
            raise BatchError(failures, asked, total)
        journal.remove()
        return load_set(out)


def _bytes(out: Path, id_: str) -> list[int]:
    return sizes_of(*(out / file_name(id_, layer) for layer in LAYERS))


def _remove_strays(out: Path, rows: Mapping[str, Composite]) -> None:
    """Delete what killed or failed runs have left in the layers' folders, which are ours alone."""
    for layer in LAYERS:
        wanted = {f"{id_}.png" for id_ in rows}
        for file in (out / layer).iterdir():
            if file.name not in wanted:
                file.unlink()
