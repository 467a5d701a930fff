"""Seeds for training and for testing: ranges that never meet, whatever is drawn from them."""

import operator
from collections.abc import Sequence

from simd.errors import DataError
from simd.taxonomy import suggest

WIDTH = 10**9
"""Seeds in a range."""
SPLITS = {"": 0, "train": WIDTH, "test": 2 * WIDTH}
"""Split to its first seed; what belongs to no split has the seeds from 0."""


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
