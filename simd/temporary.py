"""Folders for temporary files, of which no kill leaves one for long: the next run removes it."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from simd.errors import SimdError
from simd.locks import has_locks, locked_folder

_PREFIX = "simd-temporary-"  # nobody calls a folder of his own so
_NAME = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}")  # of tempfile.mkdtemp


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give an empty folder in the system's place for temporary files for the time of a ``with``.

    The first one of a process removes those that killed processes of the same user have left. A folder is
    locked while it is in use: process numbers would say nothing where containers share the place.
    """
    _remove_left(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with locked_folder(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@lru_cache(maxsize=1)
def _remove_left(place: str) -> None:
    for folder in Path(place).glob(f"{_PREFIX}*") if has_locks() else ():
        with suppress(OSError, SimdError):  # it is gone, or in use
            if _NAME.fullmatch(folder.name) and folder.lstat().st_uid == os.getuid():
                with locked_folder(folder):
                    shutil.rmtree(folder)
