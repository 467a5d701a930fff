"""Run lengths: how often background and region alternate in a mask that is read as one line."""

import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.image import Mask

Runs = npt.NDArray[np.int64]

_FIVE_BITS, _MORE, _SIGN, _FIRST = 31, 32, 16, 48
_LONGEST = 7  # characters of a number: 35 bits, more than any image has pixels


def runs_of(line: Mask) -> Runs:
    """Return the run lengths of a bool line, background first (its run may be 0).

    Examples
    --------
    >>> runs_of(np.array([True, True, False, True]))
    array([0, 2, 1, 1])
    """
    edges = np.flatnonzero(line[1:] != line[:-1]) + 1
    bounds = np.concatenate([[0], edges, [len(line)]])
    runs = np.diff(bounds)
    return np.concatenate([[0], runs]) if line[0] else runs


def line_of(runs: Runs, length: int) -> Mask:
    """Return the bool line of run lengths; DataError unless they are not negative and add up to `length`."""
    # each of them first: a sum of hostile numbers could wrap round to the right one
    if (runs < 0).any() or (runs > length).any() or int(runs.sum()) != length:
        raise DataError(f"run lengths do not add up to the {length} pixels of their image")
    values = np.zeros(len(runs), np.bool_)
    values[1::2] = True
    return np.repeat(values, runs)


def coco_text(runs: Runs) -> str:
    """Return run lengths as COCO's compressed string.

    From the fourth on, the difference to the run before last; 5 bits a character, the lowest first.
    """
    differences = runs.copy()
    differences[3:] -= runs[1:-2]
    text = []
    for number in differences.tolist():
        rest, more = number, True
        while more:
            bits = rest & _FIVE_BITS
            rest >>= 5
            more = rest != (-1 if bits & _SIGN else 0)
            text.append(chr(_FIRST + bits + (_MORE if more else 0)))
    return "".join(text)


def runs_of_coco_text(text: str) -> Runs:
    """Return the run lengths of COCO's compressed string; DataError if it is none."""
    runs: list[int] = []
    number = shift = 0
    for character in text:
        bits = ord(character) - _FIRST
        if not 0 <= bits < 2 * _MORE or shift >= 5 * _LONGEST:
            raise DataError(f"the compressed run lengths are damaged at their {len(runs) + 1}. number")
        number |= (bits & _FIVE_BITS) << shift
        shift += 5
        if bits & _MORE:
            continue
        if bits & _SIGN:
            number -= 1 << shift
        runs.append(number + (runs[-2] if len(runs) > 2 else 0))
        number = shift = 0
    if shift:
        raise DataError("the compressed run lengths end inside a number")
    return np.array(runs, np.int64)
