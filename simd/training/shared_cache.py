"""Decoded images in memory that worker processes share, up to a bound."""

import pickle
from multiprocessing import get_context
from typing import Any

import numpy as np

from simd.errors import DataError
from simd.training.shared_memory import SharedMemory, is_starting_a_process

_ALIGNED = 64  # bytes, a line of the processor's cache
_HEADER = 2  # where the next item goes, and whether one was too many
_NUMBERS = np.dtype(np.int64)


class SharedCache:
    """Keeps the first values it is given, until its bytes are used up; it never drops one for another.

    Training asks for all images equally often, so which of them are kept does not matter, and without
    replacement a reader needs no lock. What does not fit is made anew each time.

    Parameters
    ----------
    keys : int
        Keys are 0 to `keys` - 1.
    megabytes : int
        The bound; memory is taken as it is filled. 0 keeps nothing.
    """

    def __init__(self, keys: int, megabytes: int) -> None:
        if megabytes < 0:
            raise DataError(f"the cache must have 0 megabytes or more, not {megabytes}")
        self.keys, self.megabytes = keys, megabytes
        self._lock = get_context("spawn").Lock()
        self._open(SharedMemory(self._bytes) if megabytes else None)
        if megabytes:
            self._numbers[0] = _aligned((_HEADER + keys) * _NUMBERS.itemsize)

    def get(self, key: int) -> Any:
        """Return the value of a key, its arrays read-only and not copied, or None."""
        if not self.megabytes:
            return None
        if key not in self._opened:
            start = int(self._numbers[_HEADER + key])
            if start == 0:
                return None
            self._opened[key] = self._read(start)
        return self._opened[key]

    def put(self, key: int, value: Any) -> None:
        """Keep a value, unless there is no room; another process may have kept it already."""
        if not self.megabytes or self._numbers[1]:
            return
        buffers: list[pickle.PickleBuffer] = []
        parts: list[Any] = [pickle.dumps(value, protocol=5, buffer_callback=buffers.append)]
        parts += [buffer.raw() for buffer in buffers]
        lengths = [len(part) for part in parts]
        head = np.array([len(parts), *lengths], np.int64)
        size = _aligned(head.nbytes) + sum(map(_aligned, lengths))
        with self._lock:
            if self._numbers[_HEADER + key]:
                return
            start = int(self._numbers[0])
            if start + size > self._bytes:
                self._numbers[1] = 1
                return
            self._numbers[0] = start + size
        at = start
        for part in (head.tobytes(), *parts):
            self._memory[at : at + len(part)] = part
            at += _aligned(len(part))
        self._numbers[_HEADER + key] = start  # last: a reader sees the whole value or none

    @property
    def used(self) -> int:
        """Bytes that are taken."""
        return int(self._numbers[0]) if self.megabytes else 0

    @property
    def kept(self) -> int:
        """How many values are kept."""
        return int(np.count_nonzero(self._numbers[_HEADER : _HEADER + self.keys])) if self.megabytes else 0

    @property
    def _bytes(self) -> int:
        return _aligned((_HEADER + self.keys) * _NUMBERS.itemsize) + self.megabytes * 2**20

    def _open(self, shared: SharedMemory | None) -> None:
        self._shared, self._opened = shared, dict[int, Any]()
        if shared is not None:
            self._memory = shared.bytes
            self._numbers = np.frombuffer(self._memory, np.int64, _HEADER + self.keys)

    def _read(self, start: int) -> Any:
        count = int(np.frombuffer(self._memory, np.int64, 1, start)[0])
        lengths = np.frombuffer(self._memory, np.int64, count, start + _NUMBERS.itemsize).tolist()
        at, parts = start + _aligned((1 + count) * _NUMBERS.itemsize), []
        for length in lengths:
            parts.append(self._memory[at : at + length].toreadonly())
            at += _aligned(length)
        return pickle.loads(parts[0], buffers=parts[1:])

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = {"keys": self.keys, "megabytes": self.megabytes}
        if self._shared is not None and is_starting_a_process():  # else a copy begins with an empty cache
            state |= {"lock": self._lock, "shared": self._shared}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "shared" not in state:
            self.__init__(state["keys"], state["megabytes"])  # type: ignore[misc] # as it was made
            return
        self.keys, self.megabytes, self._lock = state["keys"], state["megabytes"], state["lock"]
        self._open(state["shared"])


def _aligned(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
