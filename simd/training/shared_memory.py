"""Memory that worker processes share: a file without a name, gone with the last process however it ends."""

import mmap
import os
import tempfile
import weakref
from multiprocessing.context import get_spawning_popen
from multiprocessing.reduction import DupFd
from typing import Any


class SharedMemory:
    """Zeros at first; what one process writes the others see.

    It goes to a process as an argument when that is started, and nowhere else: a copy made otherwise is
    refused (TypeError).

    Parameters
    ----------
    size : int
        Bytes. What is not written takes no memory.
    """

    def __init__(self, size: int) -> None:
        self._open(_nameless_file(), size)
        os.truncate(self._file, size)
        self._map()

    @property
    def bytes(self) -> memoryview:
        """The memory."""
        return self._bytes

    def _open(self, file: int, size: int) -> None:
        self._file, self.size = file, size
        weakref.finalize(self, os.close, file).atexit = False  # then it is gone with the process

    def _map(self) -> None:
        self._bytes = memoryview(mmap.mmap(self._file, self.size))

    def __getstate__(self) -> dict[str, Any]:
        if not is_starting_a_process():
            raise TypeError("shared memory goes to a process when that is started")
        return {"file": DupFd(self._file), "size": self.size}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._open(state["file"].detach(), state["size"])
        self._map()


def is_starting_a_process() -> bool:
    """Tell whether what is pickled at this moment goes to a process that is being started."""
    return get_spawning_popen() is not None


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("simd")
    with tempfile.TemporaryFile() as stream:
        return os.dup(stream.fileno())
