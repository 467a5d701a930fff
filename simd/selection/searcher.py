"""Which of many show the same: candidates by an index of their hashes, then a look at each."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from simd.selection.near_duplicates import MIRRORINGS, Signature, is_crop, look_alike
from simd.selection.near_hashes import BITS as WORD_BITS
from simd.selection.near_hashes import Hashes, Integers, TooManyPairsError, near_pairs, nearest

BITS = sum(WORD_BITS)
_EQUAL = "the same pixels"
_BLOCK = 1_200_000  # hashes of windows that are sorted at once: 20 MB
_ROOM = 4_000_000  # pairs of hashes: 32 MB


class Match(NamedTuple):
    """Two cut-outs that show the same."""

    position: int  # of the other one, in the sequence that was searched
    distance: int  # bits in which the hashes differ; 0 of 117 for equal pixels
    how: str  # "the same pixels", or how it lies: "", "mirrored", "cropped", ...

    @property
    def words(self) -> str:
        """Return how the two are alike, in words."""
        parts = (self.how,) if self.how == _EQUAL else (self.how, f"{self.distance} of {BITS} bits")
        return ", ".join(part for part in parts if part)


class Searcher:
    """Looks for cut-outs in a sequence of others; built once, asked many times."""

    def __init__(self, others: Sequence[Signature]) -> None:
        self._others = others
        self._by_digest: dict[str, list[int]] = {}
        for position, other in enumerate(others):
            self._by_digest.setdefault(other.digest, []).append(position)

    def matches(self, signature: Signature) -> Iterator[Match]:
        """Yield the others that show the same, those of equal pixels, then the nearest first."""
        same = self._by_digest.get(signature.digest, [])
        yield from (Match(position, 0, _EQUAL) for position in same)
        different = np.setdiff1d(np.arange(len(self._others)), same)
        yield from _look_at(signature, self._others, different)

    def first_matches(self, signatures: Sequence[Signature]) -> Iterator[Match | None]:
        """Yield for each signature the first of :meth:`matches`, or None; faster than asking one by one."""
        first: dict[str, Match | None] = {d: Match(of[0], 0, _EQUAL) for d, of in self._by_digest.items()}
        blocks = _blocks(signatures)
        while blocks:
            block = blocks.pop()
            unknown = {signatures[p].digest: p for p in block if signatures[p].digest not in first}
            asked = sorted(unknown.values())
            try:
                pairs = _near(signatures, asked, self._others, range(len(self._others)))
            except TooManyPairsError:
                blocks += _halves(block)
                continue
            for position in asked:
                candidates = _partners(pairs, position)
                signature = signatures[position]
                first[signature.digest] = next(_look_at(signature, self._others, candidates), None)
            yield from (first[signatures[position].digest] for position in block)


def first_alike(signatures: Sequence[Signature]) -> Iterator[Match | None]:
    """Yield for each signature the likeliest earlier one that shows the same and has no match, or None.

    So the first of a group is the one that the others are matched with.
    """
    standing: dict[str, int] = {}  # by digest: of those with no match
    blocks = _blocks(signatures)
    while blocks:
        block = blocks.pop()
        # Equal pixels are asked once in a block, for the pairs of many equal ones would be too many.
        asked = {signatures[p].digest: p for p in reversed(block) if signatures[p].digest not in standing}
        unknown = sorted(asked.values())
        try:
            among = _near(signatures, unknown, signatures, unknown)
            before = _near(signatures, unknown, signatures, sorted(standing.values()))
        except TooManyPairsError:
            blocks += _halves(block)
            continue
        pairs = np.unique(np.concatenate([among, before]), axis=0)
        for position in block:
            signature = signatures[position]
            match = None
            if signature.digest in standing:
                match = Match(standing[signature.digest], 0, _EQUAL)
            else:
                partners = _partners(pairs, asked[signature.digest]).tolist()
                digests = {signatures[partner].digest for partner in partners}
                candidates = sorted(standing[digest] for digest in digests if digest in standing)
                match = next(_look_at(signature, signatures, np.array(candidates, np.int64)), None)
            if match is None:
                standing[signature.digest] = position
            yield match


def _blocks(signatures: Sequence[Signature]) -> list[range]:
    """Cut the positions into blocks, the first one last."""
    if not signatures:
        return []
    size = max(1, _BLOCK // len(signatures[0].windows))
    starts = range(0, len(signatures), size)
    return [range(start, min(start + size, len(signatures))) for start in reversed(starts)]


def _halves(block: range) -> list[range]:
    """Return the halves of a block, the first one last."""
    middle = len(block) // 2
    return [block[middle:], block[:middle]]


def _near(
    signatures: Sequence[Signature],
    asked: Sequence[int],
    others: Sequence[Signature],
    among: Sequence[int],
) -> Integers:
    """Return the pairs of positions, (M, 2), sorted, that may be near; all of them where only one is asked.

    Raises
    ------
    TooManyPairsError
        If there are too many to hold; ask fewer.
    """
    parts = [np.zeros((0, 2), np.int64)]
    if not asked or not among:
        return parts[0]
    if len(asked) == 1:
        return np.stack([np.full(len(among), asked[0]), np.array(among, np.int64)], axis=1)
    queries = _hashes([signatures[position] for position in asked])
    size = max(1, _BLOCK // len(others[among[0]].windows))
    total = 0
    for start in range(0, len(among), size):
        block = among[start : start + size]
        hashes = queries if block == asked else _hashes([others[position] for position in block])
        pairs = near_pairs(queries, hashes, _ROOM)
        total += len(pairs)
        if total > _ROOM:
            raise TooManyPairsError
        parts.append(np.stack([np.array(asked)[pairs[:, 0]], np.array(block)[pairs[:, 1]]], axis=1))
    pairs = np.concatenate(parts)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _partners(pairs: Integers, position: int) -> Integers:
    """Return what a position is paired with in sorted pairs."""
    start, end = np.searchsorted(pairs[:, 0], [position, position + 1])
    return pairs[start:end, 1]


def _look_at(signature: Signature, others: Sequence[Signature], candidates: Integers) -> Iterator[Match]:
    """Yield the candidates that show the same, by the distance of their hashes, then by their position."""
    query = _hashes([signature])
    near = []
    size = max(1, _BLOCK // len(signature.windows))
    for start in range(0, len(candidates), size):
        block = candidates[start : start + size]
        pairs = np.stack([np.zeros(len(block), np.int64), np.arange(len(block))], axis=1)
        distances, looks = nearest(pairs, query, _hashes([others[position] for position in block]))
        rows = np.flatnonzero(distances >= 0)
        near += [(int(distances[row]), int(block[row]), looks[row].tolist()) for row in rows]
    thumb = signature.pixels if near else None
    for distance, position, looks in sorted(near):
        other = others[position].pixels
        for turn, window, is_inside in looks:
            if turn < 0:
                break
            inner, outer = (thumb, other) if is_inside else (other, thumb)
            assert inner is not None
            assert outer is not None
            if look_alike(inner, outer, list(MIRRORINGS.values())[turn], window):
                how = (list(MIRRORINGS)[turn], "cropped" if is_crop(window) else "")
                yield Match(position, distance, ", ".join(part for part in how if part))
                break


def _hashes(signatures: Sequence[Signature]) -> Hashes:
    return Hashes(np.stack([s.wholes for s in signatures]), np.stack([s.windows for s in signatures]))
