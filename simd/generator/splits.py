"""Seeds for training and for testing: ranges that never meet, and strata of every drawn parameter."""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from simd.errors import DataError
from simd.taxonomy import suggest

WIDTH = 10**9
"""Seeds in a range."""
SPLITS = {"": 0, "train": WIDTH, "test": 2 * WIDTH}
"""Split to its first seed; what belongs to no split has the seeds from 0."""


STRATA = 32
"""Strata of the unit interval that each of the two splits has, by turns."""


def seeds_of(split: str, count: int) -> Sequence[int]:
    """Return the first `count` seeds of a split.

    Examples
    --------
    >>> list(seeds_of("test", 2))
    [2000000000, 2000000001]
    """
    return range(first_seed(split), first_seed(split) + count)


def first_seed(split: str) -> int:
    """Return the first seed of a split; DataError if there is none of that name."""
    if split not in SPLITS:
        raise DataError(f"unknown split {split!r}{suggest(split, SPLITS)}; there are train and test")
    return SPLITS[split]


def split_of(seed: int) -> str:
    """Return the split that a seed belongs to.

    Examples
    --------
    >>> split_of(7), split_of(1_000_000_007)
    ('', 'train')
    """
    number = operator.index(seed)
    names = [name for name, first in SPLITS.items() if first <= number < first + WIDTH]
    if not names:
        raise DataError(f"seed {seed} is in no range; there are {len(SPLITS)} of {WIDTH} seeds each")
    return names[0]


def generator(stream: int, seed: int) -> np.random.Generator:
    """Return the random numbers of one drawing.

    Where the seed belongs to training or testing, uniform numbers come from that split's strata only:
    [0, 1) is cut into 64 equal parts, training has those of even number and testing those of odd number.
    So no continuous parameter of a shape, a colour or a light that is drawn uniformly has one value in
    both splits, while both still cover the whole range. Choices among kinds stay common to both.

    Examples
    --------
    >>> train, test = generator(0, WIDTH), generator(0, 2 * WIDTH)
    >>> int(train.uniform(0, 64)) % 2, int(test.uniform(0, 64)) % 2
    (0, 1)
    """
    bits = np.random.PCG64([stream, seed])
    if WIDTH <= seed < 3 * WIDTH:
        return _Stratified(bits, seed // WIDTH - 1)
    return np.random.Generator(bits)


class _Stratified(np.random.Generator):
    """A generator whose uniform numbers fall into every second of 2 · STRATA parts of the unit interval."""

    def __init__(self, bits: np.random.BitGenerator, parity: int) -> None:
        super().__init__(bits)
        self._parity = parity

    def random(self, size: Any = None, *args: Any, **kwargs: Any) -> Any:
        part, place = np.divmod(super().random(size, *args, **kwargs) * STRATA, 1)
        return (2 * part + self._parity + place) / (2 * STRATA)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        if size is None:
            size = np.broadcast_shapes(np.shape(low), np.shape(high)) or None
        low = np.asarray(low)[()]
        return low + (np.asarray(high)[()] - low) * self.random(size)
