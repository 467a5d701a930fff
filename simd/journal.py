"""The state of an unfinished run, kept beside its output so that the same command goes on from there."""

import json
import logging
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO, TypeVar

from simd.errors import DataError
from simd.files import cannot_write, json_lines, json_text, make_folder, read_json, write_atomically
from simd.parallel import run
from simd.progress import track
from simd.schema import Kind, checked

Item = TypeVar("Item")
Value = TypeVar("Value")
Row = dict[str, Any]
_LOG = logging.getLogger(__name__)


class Journal:
    """Finished items of a run, a JSON line each, in a folder that is removed when the run is complete.

    Parameters
    ----------
    folder : Path
        A folder of its own for the state; made if it is missing.
    settings : mapping
        What the run depends on, as JSON. A state with other settings is not continued.
    mendable : collection of str, optional
        Settings that may be others than in the run that is continued, since messages advise to change them;
        who notes a row has to tell by it whether it still holds under others.

    Attributes
    ----------
    rows : list of dict
        What earlier, interrupted runs have finished.
    rows_file : Path
        Where they stand.
    advice : str
        What to do where a row is damaged.

    Raises
    ------
    DataError
        If the folder holds the state of a run with other settings.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], *, mendable: Collection[str] = ()) -> None:
        self._folder = folder
        self.rows_file = folder / "rows.jsonl"
        self.advice = f"remove {folder}, and the run begins again"
        self._stream: TextIO | None = None
        stated = json.loads(json.dumps(dict(settings)))
        settings_file, rows_file = folder / "settings.json", self.rows_file
        noted = read_json(settings_file) if settings_file.is_file() else None
        if settings_file.is_file():
            _check_same(folder, noted, stated, mendable)
        make_folder(folder)
        if noted != stated:
            write_atomically(settings_file, json_text(stated))
        self.rows = _whole_lines(rows_file)
        self.keep(self.rows)  # without the line that a kill has cut

    def keep(self, rows: Sequence[Row]) -> None:
        """Note these rows and forget all others: what they say may be true again later, of other files."""
        self.close()
        self.rows = list(rows)
        write_atomically(self.rows_file, json_lines(self.rows))
        self._stream = self.rows_file.open("a", encoding="utf-8")

    def add(self, row: Mapping[str, Any]) -> None:
        """Note that an item is finished; its files must be in place before."""
        try:
            assert self._stream is not None
            self._stream.write(json_lines([row]))
            self._stream.flush()
        except OSError as error:
            raise cannot_write(self._folder / "rows.jsonl", error) from error

    def close(self) -> None:
        """Stop writing; the state stays for the next run."""
        try:
            if self._stream is not None:
                self._stream.close()
        except OSError as error:
            raise cannot_write(self._folder / "rows.jsonl", error) from error

    def remove(self) -> None:
        """Delete the state: the run is complete."""
        self.close()
        shutil.rmtree(self._folder)


def continues(folder: Path, settings: Mapping[str, Any], *, mendable: Collection[str] = ()) -> bool:
    """Tell whether a folder holds the state of a run that goes on with these settings."""
    try:
        noted = read_json(folder / "settings.json")
    except DataError:
        return False
    stated = json.loads(json.dumps(dict(settings)))
    return isinstance(noted, dict) and not [key for key in _differing(noted, stated) if key not in mendable]


def resumed(
    journal: Journal | None,
    items: Iterable[Item],
    work: Callable[[list[Item]], Iterable[tuple[str, Value | str]]],
    *,
    key: Callable[[Item], str],
    load: Callable[[Row], Value | None],
    dump: Callable[[str, Value], Row | None],
    what: str,
    kind: Kind | None = None,
) -> tuple[dict[str, Value], dict[str, str]]:
    """Do the work that a journal does not have yet, and note each result as it comes.

    Parameters
    ----------
    journal : Journal, optional
        Closed at the end, whatever happens; the caller removes it when the run is complete.
    items : iterable
        What the run is about, each with a key of its own.
    work : callable
        Is given the items that are left and yields, in any order, a key with its value, or with the reason
        (str) why there is none; :func:`by_item` makes one from a function of one item.
    key : callable
        Item to key, under which the journal has it as ``"id"``.
    load : callable
        Row of the journal to value; None where it does not hold any more and the item is done again.
    dump : callable
        Key and value to row, with the key as ``"id"``; None where the next run shall try again.
    what : str
        What the items are, for the progress shown.
    kind : Kind, optional
        What a row of the journal has to be; a damaged one is not taken for a result.

    Returns
    -------
    values : dict
        By key, earlier ones first, then in the order in which they came.
    failures : dict
        Reasons by key. They are not noted: the next run tries again.
    """
    by_key = {key(item): item for item in items}
    values: dict[str, Value] = {}
    failures: dict[str, str] = {}
    try:
        if journal is not None:
            values = _earlier(journal, by_key, load, kind)
        results = work([item for id_, item in by_key.items() if id_ not in values])
        for id_, value in track(results, len(by_key), what, done=len(values)):
            if isinstance(value, str):
                failures[id_] = value
                continue
            values[id_] = value
            if journal is not None and (noted := dump(id_, value)) is not None:
                journal.add(noted)
    finally:
        if journal is not None:
            journal.close()
    return values, failures


def _earlier(
    journal: Journal, wanted: Collection[str], load: Callable[[Row], Value | None], kind: Kind | None
) -> dict[str, Value]:
    """Return what a journal has of some keys and still holds; what does not hold is forgotten."""
    latest: dict[str, Row] = {}
    for number, row in enumerate(journal.rows, start=1):
        if kind is not None:
            checked(row, kind, f"{journal.rows_file}:{number}", journal.advice)
        latest[str(row.get("id"))] = row
    loaded = {id_: load(row) for id_, row in latest.items() if id_ in wanted}
    values = {id_: value for id_, value in loaded.items() if value is not None}
    kept = [row for id_, row in latest.items() if id_ in values or id_ not in wanted]
    if len(kept) < len(journal.rows):
        journal.keep(kept)
    return values


def by_item(
    function: Callable[[Item], Value], *, key: Callable[[Item], str], workers: int = 1
) -> Callable[[Sequence[Item]], Iterator[tuple[str, Value | str]]]:
    """Return the `work` of :func:`resumed` that applies a function to each item, in some processes."""

    def work(items: Sequence[Item]) -> Iterator[tuple[str, Value | str]]:
        for outcome in run(function, items, workers=workers):
            value = outcome.value
            yield key(outcome.item), (outcome.reason or "no reason given") if value is None else value

    return work


def _check_same(folder: Path, stored: Any, wanted: Mapping[str, Any], mendable: Collection[str]) -> None:
    if not isinstance(stored, dict):
        raise DataError(f"{folder}: is damaged; remove it, and the run begins again")
    keys = _differing(stored, wanted)
    if not keys:
        return
    fixed = [key for key in keys if key not in mendable]
    changes = ", ".join(f"{k}: {stored.get(k)!r} is now {wanted.get(k)!r}" for k in fixed or keys)
    if fixed:
        raise DataError(
            f"{folder.parent}: holds an unfinished run with other settings ({changes}); "
            "finish it with its own command, remove the folder, or choose another"
        )
    _LOG.warning(
        "%s: an unfinished run goes on with other settings (%s); what they touch is made again",
        folder.parent,
        changes,
    )


def _differing(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in wanted.keys() | stored.keys() if stored.get(key) != wanted.get(key))


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    rows = []
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
            json_lines([row]).encode()
        except (ValueError, RecursionError, AttributeError):  # the last line of a killed run
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows
