"""Blocks of numbers of any length within one long array, taken and given back."""

from typing import Any

import numpy as np
import numpy.typing as npt

from simd.jit import compiled
from simd.methods.classical.direct.grid import Float64, Int64

_GROWTH = 1.2  # of what is asked for when the array is too short


class Arena:
    """One array, and which of its numbers are free."""

    def __init__(self) -> None:
        self.numbers: Float64 = np.empty(0)
        self._start: Int64 = np.empty(0, np.int64)  # of each free stretch, ascending
        self._length: Int64 = np.empty(0, np.int64)

    def take(self, lengths: Int64) -> Int64:
        """Return where a block of each length begins; what was in the array stays."""
        places = np.empty(len(lengths), np.int64)
        first = _take(lengths, self._start, self._length, places, 0)
        if first < len(lengths):
            missing = int(lengths[first:].sum())
            old = len(self.numbers)
            size = old + missing if not old else int(_GROWTH * (old + missing))
            self.numbers.resize(size, refcheck=False)  # in place where the system can
            self._start, self._length = _merged(
                np.append(self._start, old), np.append(self._length, size - old)
            )
            _take(lengths, self._start, self._length, places, first)
        used_up = self._length == 0
        self._start, self._length = self._start[~used_up], self._length[~used_up]
        return places

    def give_back(self, places: Int64, lengths: Int64) -> None:
        """Free blocks that were taken."""
        places, lengths = places[lengths > 0], lengths[lengths > 0]
        self._start, self._length = _merged(
            np.concatenate([self._start, places]), np.concatenate([self._length, lengths])
        )


def _merged(start: Int64, length: Int64) -> tuple[Int64, Int64]:
    """Sort stretches, and make one of those that touch."""
    if not len(start):
        return start, length
    order = np.argsort(start, kind="stable")
    start, end = start[order], (start + length)[order]
    opens: npt.NDArray[np.bool_] = np.append(True, start[1:] != end[:-1])
    closes = np.append(opens[1:], True)
    return start[opens], end[closes] - start[opens]


@compiled
def _take(lengths: Int64, start: Int64, length: Int64, places: Int64, first: int) -> Any:
    """Give blocks, from `first` on, the first free stretch that holds them; return the first without."""
    lowest = 0
    for block in range(first, len(lengths)):
        hole = lowest
        while hole < len(start) and length[hole] < lengths[block]:
            hole += 1
        if hole == len(start):
            return block
        places[block] = start[hole]
        start[hole] += lengths[block]
        length[hole] -= lengths[block]
        while lowest < len(start) and length[lowest] == 0:
            lowest += 1
    return len(lengths)
