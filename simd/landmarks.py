"""Files and folders by which another process can tell that it sees the same ones under the same names."""

import contextlib
import dataclasses
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

_NAMES = 5  # of a folder's entries that have to be there
_FILES = 3  # looked at in one folder
_TRIES, _PAUSE_SECONDS = 4, 1.0  # network folders may show a new file late
_PROBE = ".simd-seen-"


class Landmark(NamedTuple):
    """A file, with its size; or a folder, with the names of some of its entries."""

    path: Path
    size: int | None
    names: tuple[str, ...] = ()
    probe: str = ""  # an entry that was made for this

    def is_seen(self) -> bool:
        """Tell whether it is here as it was described."""
        try:
            if self.size is not None:
                return self.path.is_file() and self.path.stat().st_size == self.size
            return self.path.is_dir() and all((self.path / name).exists() for name in self.names)
        except OSError:
            return False

    def remove(self) -> None:
        """Delete the entry that was made for it."""
        if self.probe:
            (self.path / self.probe).unlink(missing_ok=True)


def landmarks_of(values: Any) -> list[Landmark]:
    """Return landmarks for the paths in some values, whatever dataclasses, tuples and lists they lie in.

    Of the files of one folder some stand for all. A path that does not exist yet is going to be written: the
    folder that it will lie in gets a file for others to see, as do empty folders; :meth:`Landmark.remove`
    takes it away.
    """
    files: dict[Path, list[Path]] = {}
    folders: dict[Path, None] = {}
    outputs: dict[Path, None] = {}
    known: set[Path] = set()
    for path in map(Path.absolute, paths_in(values)):
        siblings = files.setdefault(path.parent, [])
        if path in known or (len(siblings) >= _FILES and path.parent in outputs):
            continue
        known.add(path)
        if path.is_file():
            if len(siblings) < _FILES:
                siblings.append(path)
        elif path.is_dir():
            folders[path] = None
        else:
            outputs[next(parent for parent in path.parents if parent.is_dir())] = None
    empty = [folder for folder in folders if not _entries(folder)]
    return [
        *(Landmark(path, path.stat().st_size) for of_folder in files.values() for path in of_folder),
        *(Landmark(folder, None, _entries(folder)) for folder in folders if folder not in outputs),
        *(_probed(folder) for folder in {**outputs, **dict.fromkeys(empty)}),
    ]


def not_seen(landmarks: Sequence[Landmark]) -> list[Path]:
    """Return the paths that this process does not see as they were described."""
    missing = [each for each in landmarks if not each.is_seen()]
    for _ in range(_TRIES - 1):
        if not missing:
            break
        time.sleep(_PAUSE_SECONDS)
        missing = [each for each in missing if not each.is_seen()]
    return [each.path for each in missing]


def paths_in(value: Any) -> Iterator[Path]:
    """Yield the paths in a value: in the fields of records, in collections, in arguments of functions."""
    if isinstance(value, Path):
        yield value
    elif value is None or isinstance(value, str | bytes | int | float):
        return
    elif isinstance(value, partial):
        yield from paths_in((value.args, value.keywords))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from paths_in(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from paths_in(each)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from paths_in(getattr(value, field.name))


def _entries(folder: Path) -> tuple[str, ...]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry, _ in zip(entries, range(4 * _NAMES), strict=False)]
    return tuple(sorted(name for name in names if not name.startswith(_PROBE))[:_NAMES])


def _probed(folder: Path) -> Landmark:
    """Put a file into a folder that is written to, so that one of the same name elsewhere is told from it."""
    probe = f"{_PROBE}{uuid.uuid4().hex}"
    with contextlib.suppress(OSError):  # a folder that cannot be written to is complained of by who does
        (folder / probe).touch()
        return Landmark(folder, None, (probe,), probe)
    return Landmark(folder, None, _entries(folder))
