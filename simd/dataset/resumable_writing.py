"""Write a set as its images come: interrupted at any moment, the same command goes on to the same bytes."""

import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from simd.dataset.card import CARD_NAME, is_card
from simd.dataset.manifest import ATTRIBUTION_NAME, INFO_NAME, ROWS_NAME, MattingSet, load_set
from simd.dataset.planned_again import Make, SetPlan, check_as_planned
from simd.errors import BatchError, DataError, first_of
from simd.files import flush_disks, make_folder, sizes_of
from simd.journal import Journal, continues, resumed
from simd.locks import locked_folder
from simd.records import LAYERS, ROW_KEYS, Composite, file_name
from simd.replacing import beside, check_replaceable_folder, mend, take_place
from simd.schema import INTEGER, TEXT, Kind, list_of, record

_INPUT = Kind("a text or a whole number", lambda value: TEXT.fits(value) or INTEGER.fits(value))
_NOTED = record(ROW_KEYS | {"inputs": list_of(_INPUT), "bytes": list_of(INTEGER, length=len(LAYERS))})
_NAMED = 4  # strange files that a message names
_LOG = logging.getLogger(__name__)
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
    """Refuse a folder that holds anything but a set (DataError), and mend one whose replacing was cut off."""
    mend(out, holds_set)
    if holds_set(out):
        return
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
    make: Make,
    finish: Callable[[Path, list[Composite]], None],
    *,
    settings: Mapping[str, Any],
    plan: SetPlan,
    overwrite: bool = False,
    mendable: Collection[str] = (),
    holds: Callable[[Composite], bool] = lambda row: True,
    failures: dict[str, str],
    total: int,
    what: str = "composites",
    asked: str = "items",
) -> MattingSet:
    """Write what an interrupted run has not written yet, then the manifest; leave a finished set as it is.

    Parameters
    ----------
    out : Path
        A folder that :func:`check_folder` lets pass.
    inputs : mapping
        Id to what the image is made from, in the order of the set.
    make : callable
        Writes the layers of the images of some ids into a folder and yields, in any order, each id with its
        row, or with the reason why there is none.
    finish : callable
        Writes the manifest of the rows that there are into a folder.
    settings : mapping
        What the run depends on; a state with other settings is not continued.
    plan : SetPlan
        Tells whether a finished set is the one that would be written.
    overwrite : bool
        Write anew what is finished, or was begun with other settings, and put it in the place of the old
        once it is complete.
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
    DataError
        If the folder holds another finished set, or with `overwrite` anything that no run has written.
    BusyError
        If another process writes this set.
    BatchError
        If there are failures. The others are written and form a set; the next run tries the failed again.
    """

    def write(folder: Path) -> None:
        journal = Journal(folder / _STATE, settings, mendable=mendable)
        for layer in LAYERS:
            make_folder(folder / layer)

        def load(row: dict[str, Any]) -> Composite | None:
            id_ = str(row["id"])
            if row["inputs"] != inputs[id_] or row["bytes"] != _bytes(folder, id_):
                return None
            composite = Composite.from_row(row)
            return composite if holds(composite) else None

        rows, reasons = resumed(
            journal,
            inputs,
            lambda todo: make(folder, todo),
            key=str,
            load=load,
            dump=lambda id_, row: {**row.to_row(), "inputs": inputs[id_], "bytes": _bytes(folder, id_)},
            what=what,
            kind=_NOTED,
        )
        failures.update(reasons)
        _remove_strays(folder, rows)
        flush_disks()  # a set whose manifest outlives a power cut has all its images
        finish(folder, [rows[id_] for id_ in inputs if id_ in rows])
        if failures:
            raise BatchError(failures, asked, total)
        journal.remove()

    check_folder(out)
    if overwrite and holds_set(out) and not continues(out / _STATE, settings, mendable=mendable):
        with locked_folder(out), locked_folder(beside(out), named=out):
            _check_ours(out)
            write(beside(out))
            take_place(beside(out), out)
            return load_set(out)
    with locked_folder(out):
        if not is_unfinished(out) and (out / INFO_NAME).is_file():  # perhaps by another run, meanwhile
            matting_set = load_set(out)
            if failures:
                raise BatchError(failures, asked, total)
            check_as_planned(matting_set, inputs, plan, make)
            _LOG.info("%s: holds this set already, as planned; nothing is made again", out)
            return matting_set
        write(out)
        return load_set(out)


def _check_ours(out: Path) -> None:
    """Refuse to replace a set among whose files is one that no run has written (DataError)."""
    check_replaceable_folder(out)
    try:
        rows = () if is_unfinished(out) else load_set(out).rows
    except DataError as error:
        raise DataError(
            f"{error}; --overwrite replaces what is surely a set: remove {out} yourself"
        ) from error
    wanted = {INFO_NAME, ROWS_NAME, ATTRIBUTION_NAME, _STATE, *LAYERS}
    strange = [path.name for path in out.iterdir() if path.name not in wanted and not _is_part(path.name)]
    if is_card(out / CARD_NAME):
        strange.remove(CARD_NAME)
    if not is_unfinished(out):
        files = {file_name(row.id, layer) for row in rows for layer in LAYERS}
        names = {
            f"{layer}/{file.name}"
            for layer in LAYERS
            if (out / layer).is_dir()
            for file in (out / layer).iterdir()
        }
        strange += [name for name in names - files if not _is_part(name.rpartition("/")[2])]
    if strange:
        raise DataError(
            f"{out}: holds what is not of the set, {first_of(sorted(strange), _NAMED)}; it is left as it is: "
            "move that away, or choose another folder"
        )


def _is_part(name: str) -> bool:
    """Tell whether a file is what a kill has left of a write."""
    return name.startswith(".") and name.endswith(".part")


def _bytes(out: Path, id_: str) -> list[int]:
    return sizes_of(*(out / file_name(id_, layer) for layer in LAYERS))


def _remove_strays(out: Path, rows: Mapping[str, Composite]) -> None:
    """Delete what killed or failed runs have left in the layers' folders, which are ours alone."""
    for layer in LAYERS:
        wanted = {f"{id_}.png" for id_ in rows}
        for file in (out / layer).iterdir():
            if file.name not in wanted:
                file.unlink()
