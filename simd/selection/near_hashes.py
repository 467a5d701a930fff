"""Pairs of hashes within reach of each other: an index that finds them, and the exact distance of a pair.

A hash has 117 bits, and two are near within 22. Cut into eight parts of 14 or 15 bits, two near hashes differ
by at most 2 bits in one of the first seven parts, or by at most 1 in the eighth: 3 in each of seven and 2 in
the eighth would be 23. So hashes are sorted by each part in turn, and one is compared with those alone whose
part is as near as that, 3 to 5 % of all. No pair within reach is missed.

After Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012.
"""

from functools import cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simd.jit import compiled

BITS = (63, 54)
"""Of the first word of a hash, which is lightness, and of the second."""
FAR, LIGHTNESS_FAR = 22, 15
"""Bits within which two hashes are near, and their first words have to be."""
LOOKS = 4
"""How many near hashes of a pair are kept, the nearest."""

_REACHES = (2, 2, 2, 2, 2, 2, 2, 1)  # bits by which a part differs in one of the parts at least
assert sum(reach + 1 for reach in _REACHES) == FAR + 1

Words = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]


class Hashes(NamedTuple):
    """The hashes of N cut-outs."""

    wholes: Words  # (N, 4, 2), of the whole in each mirroring
    windows: Words  # (N, W, 2), the first of the whole as it lies


class TooManyPairsError(Exception):
    """More pairs may be near than there is room for."""


def near_pairs(queries: Hashes, others: Hashes, limit: int) -> Integers:
    """Return the pairs of a query and another of which a whole of one is near a window of the other, (M, 2).

    Sorted; :func:`nearest` tells how near they are. `limit` bounds the memory.

    Raises
    ------
    TooManyPairsError
        If there may be more pairs than `limit`.
    """
    pairs = _whole_near_window(queries.wholes, others.windows, limit)
    back = pairs if queries is others else _whole_near_window(others.wholes, queries.windows, limit)
    return np.unique(np.concatenate([pairs, back[:, ::-1]]), axis=0)


def nearest(pairs: Integers, queries: Hashes, others: Hashes) -> tuple[Integers, Integers]:
    """Return how near pairs are, and by which hashes.

    Near are a whole of the query in any mirroring and any window of the other, or a window of the query
    and a whole of the other.

    Parameters
    ----------
    pairs : int64, shape (M, 2)
        Of positions in `queries` and in `others`.

    Returns
    -------
    distances : int64, shape (M,)
        In bits; -1 where nothing is near.
    looks : int64, shape (M, LOOKS, 3)
        The nearest hashes: mirroring, window, and 1 where the query's whole is near the other's window, else
        0. Sorted by distance, then as they are; -1 where there are fewer.
    """
    distances = np.empty(len(pairs), np.int64)
    looks = np.full((len(pairs), LOOKS, 3), -1, np.int64)
    _measure(pairs, *queries, *others, distances, looks)
    return distances, looks


def _whole_near_window(wholes: Words, windows: Words, limit: int) -> Integers:
    """Return (position in `wholes`, position in `windows`) where one is near, sorted."""
    turns, each = wholes.shape[1], windows.shape[1]
    hashes, others = wholes.reshape(-1, 2), windows.reshape(-1, 2)
    room = np.empty((limit, 2), np.int32)
    parts = []
    for bits, reach in zip(_bits_of_parts(), _REACHES, strict=True):
        starts, order = _sort_by_part(hashes, bits)
        other_starts, other_order = _sort_by_part(others, bits)
        (first, second), (other_first, other_second) = hashes[order].T.copy(), others[other_order].T.copy()
        masks = _masks(len(bits), reach)
        pairs = _compare(first, second, other_first, other_second, starts, other_starts, masks, room)
        if pairs > limit:
            raise TooManyPairsError
        near = room[:pairs]
        parts.append(np.stack([order[near[:, 0]] // turns, other_order[near[:, 1]] // each], axis=1))
    return np.unique(np.concatenate(parts), axis=0)


@cache
def _bits_of_parts() -> list[Integers]:
    """Return for each part its bits, (word, shift) each; a part has bits from all over the hash."""
    # The first of a byte's bits is its highest: so np.packbits lays them.
    bits = [(word, bit // 8 * 8 + 7 - bit % 8) for word, many in enumerate(BITS) for bit in range(many)]
    return [np.array(bits[part :: len(_REACHES)], np.int64) for part in range(len(_REACHES))]


@cache
def _masks(bits: int, reach: int) -> Integers:
    """Return every number of some bits of which at most `reach` are set."""
    sets = [chosen for many in range(reach + 1) for chosen in combinations(range(bits), many)]
    return np.array([sum(1 << bit for bit in chosen) for chosen in sets], np.int64)


@compiled
def _popcount(word: np.uint64) -> int:
    # Written so that the compiler knows it as the processor's own instruction.
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    # An int() of what has no sign has none for numba, and its sum with an int would be a float.
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))  # type: ignore[return-value]


@compiled
def _part(words: Words, bits: Integers) -> int:
    part = 0
    for k in range(len(bits)):
        bit = (words[bits[k, 0]] >> np.uint64(bits[k, 1])) & np.uint64(1)
        part |= np.int64(bit) << k  # type: ignore[assignment]
    return part


@compiled
def _sort_by_part(flat: Words, bits: Integers) -> tuple[Integers, Integers]:
    """Return where each value of a part begins, and the hashes in their order."""
    parts = np.empty(len(flat), np.int32)
    starts = np.zeros((1 << len(bits)) + 1, np.int64)
    for i in range(len(flat)):
        parts[i] = _part(flat[i], bits)
        starts[parts[i] + 1] += 1
    for value in range(1, len(starts)):
        starts[value] += starts[value - 1]
    ends = starts.copy()
    order = np.empty(len(flat), np.int64)
    for i in range(len(flat)):
        order[ends[parts[i]]] = i
        ends[parts[i]] += 1
    return starts, order


@compiled
def _compare(
    first: Words,
    second: Words,
    other_first: Words,
    other_second: Words,
    starts: Integers,
    other_starts: Integers,
    masks: Integers,
    room: npt.NDArray[np.int32],
) -> int:
    """Write which of two sorted lists of hashes are near into `room`; return how many pairs there are.

    The lists come as columns, with where each value of the part begins. It ends where `room` does.
    """
    pairs = 0
    for value in range(len(other_starts) - 1):
        begin, end = other_starts[value], other_starts[value + 1]
        if begin == end:
            continue
        for mask in masks:
            for i in range(starts[value ^ mask], starts[(value ^ mask) + 1]):
                word = first[i]
                fewest = 64
                for j in range(begin, end):  # without a branch: eight at a time
                    fewest = min(fewest, _popcount(word ^ other_first[j]))
                if fewest > LIGHTNESS_FAR:
                    continue
                for j in range(begin, end):
                    lightness = _popcount(word ^ other_first[j])
                    if lightness > LIGHTNESS_FAR or lightness + _popcount(second[i] ^ other_second[j]) > FAR:
                        continue
                    if pairs == len(room):
                        return pairs + 1
                    room[pairs, 0], room[pairs, 1] = i, j
                    pairs += 1
    return pairs


@compiled
def _measure(
    pairs: Integers,
    wholes: Words,
    windows: Words,
    other_wholes: Words,
    other_windows: Words,
    distances: Integers,
    looks: Integers,
) -> None:
    best = np.empty(LOOKS, np.int64)
    for p in range(len(pairs)):
        i, j = pairs[p, 0], pairs[p, 1]
        best[:] = FAR + 1 << 32  # each look as one number, in the order in which they are sorted
        for turn in range(wholes.shape[1]):
            for window in range(other_windows.shape[1]):
                _keep(best, _bits(wholes[i, turn], other_windows[j, window]), turn, window, 1)
            for window in range(1, windows.shape[1]):
                _keep(best, _bits(other_wholes[j, turn], windows[i, window]), turn, window, 0)
        distances[p] = best[0] >> 32 if best[0] >> 32 <= FAR else -1
        for k in range(LOOKS):
            if best[k] >> 32 <= FAR:
                looks[p, k, 0] = best[k] >> 24 & 255
                looks[p, k, 1] = best[k] >> 8 & 65535
                looks[p, k, 2] = best[k] & 1


@compiled
def _bits(first: Words, other: Words) -> int:
    """Return the bits in which hashes differ, FAR + 1 where they are not near."""
    lightness = _popcount(first[0] ^ other[0])
    return lightness + _popcount(first[1] ^ other[1]) if lightness <= LIGHTNESS_FAR else FAR + 1


@compiled
def _keep(best: Integers, bits: int, turn: int, window: int, inside: int) -> None:
    """Put a look in its place among the best, sorted."""
    look = bits << 32 | turn << 24 | window << 8 | inside
    if look >= best[-1]:
        return
    k = len(best) - 1
    while k > 0 and best[k - 1] > look:
        best[k] = best[k - 1]
        k -= 1
    best[k] = look
