"""Thumbnails in a file without a name: 36 KB each, and few of 100,000 are ever looked at."""

import os
import tempfile
import weakref
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.errors import DataError
from simd.files import free_text, is_full
from simd.image import UInt8


class StoredThumb(NamedTuple):
    """A thumbnail in a :class:`ThumbFile`."""

    file: "ThumbFile"
    offset: int
    shape: tuple[int, ...]

    def read(self) -> UInt8:
        """Return the pixels.

        Raises
        ------
        DataError
            If they cannot be read.
        """
        return self.file.read(self.offset, self.shape)


class ThumbFile:
    """Takes thumbnails out of memory; the file is gone with the last that refers to it."""

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile(prefix="simd-thumbnails-", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise _failure(error) from error
        weakref.finalize(self, self._file.close)
        self._end = 0

    def keep(self, thumb: UInt8) -> StoredThumb:
        """Write a thumbnail.

        Raises
        ------
        DataError
            If there is no room.
        """
        offset, data = self._end, thumb.tobytes()
        try:
            while self._end < offset + len(data):
                self._end += os.pwrite(self._file.fileno(), data[self._end - offset :], self._end)
        except OSError as error:
            raise _failure(error) from error
        return StoredThumb(self, offset, thumb.shape)

    def read(self, offset: int, shape: tuple[int, ...]) -> UInt8:
        """Return the pixels of a thumbnail."""
        size = int(np.prod(shape))
        try:
            data = os.pread(self._file.fileno(), size, offset)
        except OSError as error:
            raise _failure(error) from error
        return np.frombuffer(data, np.uint8).reshape(shape)


def _failure(error: OSError) -> DataError:
    room = f", {free_text(Path(tempfile.gettempdir()))}" if is_full(error) else ""
    return DataError(
        f"{tempfile.gettempdir()}: cannot hold the thumbnails of a comparison, up to 36 KB a picture "
        f"({error.strerror}{room}); name another folder in the environment variable TMPDIR"
    )
