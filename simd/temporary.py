"""Folders for temporary files, of which no kill leaves one for long: the next run removes it."""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_PREFIX = "simd-temporary-"  # nobody calls a folder of his own so
_NAME = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}")  # of tempfile.mkdtemp


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give an empty folder in the system's place for temporary files for the time of a ``with``.

    The first one of a process removes those that killed processes of the same user have left. A folder is
    locked while it is in use: process numbers would say nothing where containers share the place.
    """
    _remove_left(tempfile.gettempdir())
    folder, lock = _locked_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked_folder() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = _lock(folder)
        if lock is not None and folder.exists():
            return folder, lock
        if lock is not None:  # another process took it for one that was left
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """Return a file descriptor that holds the lock of a folder; None where another process holds it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


@lru_cache(maxsize=1)
def _remove_left(place: str) -> None:
    for folder in Path(place).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            ours = _NAME.fullmatch(folder.name) and folder.lstat().st_uid == os.getuid()
            if ours and (lock := _lock(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)
