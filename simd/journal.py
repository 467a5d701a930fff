"""The state of an unfinished run, kept beside its output so that the same command goes on from there."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import cannot_write, json_lines, json_text, make_folder, read_json, write_atomically


class Journal:
    """Finished items of a run, a JSON line each, in a folder that is removed when the run is complete.

    Parameters
    ----------
    folder : Path
        A folder of its own for the state; made if it is missing.
    settings : mapping
        What the run depends on, as JSON. A state with other settings is not continued.

    Attributes
    ----------
    rows : list of dict
        What earlier, interrupted runs have finished.

    Raises
    ------
    DataError
        If the folder holds the state of a run with other settings.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self._folder = folder
        stated = json.loads(json.dumps(dict(settings)))
        settings_file, rows_file = folder / "settings.json", folder / "rows.jsonl"
        if settings_file.is_file():
            _check_same(folder, read_json(settings_file), stated)
        else:
            make_folder(folder)
            write_atomically(settings_file, json_text(stated))
        self.rows = _whole_lines(rows_file)
        write_atomically(rows_file, json_lines(self.rows))  # without the line that a kill has cut
        self._stream = rows_file.open("a", encoding="utf-8")

    def add(self, row: Mapping[str, Any]) -> None:
        """Note that an item is finished; its files must be in place before."""
        try:
            self._stream.write(json_lines([row]))
            self._stream.flush()
        except OSError as error:
            raise cannot_write(self._folder / "rows.jsonl", error) from error

    def close(self) -> None:
        """Stop writing; the state stays for the next run."""
        try:
            self._stream.close()
        except OSError as error:
            raise cannot_write(self._folder / "rows.jsonl", error) from error

    def remove(self) -> None:
        """Delete the state: the run is complete."""
        self.close()
        shutil.rmtree(self._folder)


def _check_same(folder: Path, found: Any, wanted: Mapping[str, Any]) -> None:
    if not isinstance(found, dict):
        raise DataError(f"{folder}: is damaged; remove it, and the run begins again")
    keys = [key for key in wanted.keys() | found.keys() if found.get(key) != wanted.get(key)]
    if keys:
        changes = ", ".join(f"{k}: {found.get(k)!r} is now {wanted.get(k)!r}" for k in sorted(keys))
        raise DataError(
            f"{folder.parent}: holds an unfinished run with other settings ({changes}); "
            "finish it with its own command, remove the folder, or choose another"
        )


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    rows = []
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
        except ValueError:  # the last line of a killed run
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows
