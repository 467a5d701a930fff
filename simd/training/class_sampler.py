"""Which class a sample shows: explicit shares, met within one in every block of samples."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.taxonomy import CLASSES

_SALT = 4000  # keeps these random numbers apart from those of samples
_SHORTEST = 20  # a block has at least so many samples


class ClassSampler:
    """Gives every sample number its class, from the shares, the seed and the number alone.

    Each block of samples is cut into equal parts of the unit interval, on which every class has a stretch
    as long as its share; the parts come in random order, with one random place in each. So a class with
    share p has within one of p n samples among the n of a block: with equal shares, a block of as many
    samples as there are classes has each class once.

    Parameters
    ----------
    weights : mapping
        Class to weight; a class of weight 0 never comes.
    seed : int

    Raises
    ------
    DataError
        If all weights are 0.
    """

    def __init__(self, weights: Mapping[str, float], seed: int) -> None:
        total = sum(weights.values())
        if not total > 0:
            raise DataError("shares: every class has weight 0; give one of them more")
        self.shares = {name: weight / total for name, weight in weights.items() if weight > 0}
        self._names = tuple(self.shares)
        self._bounds = np.cumsum(list(self.shares.values()))
        equal = len(set(self.shares.values())) == 1
        self._length = len(self._names) if equal else max(len(self._names), _SHORTEST)
        self._seed = seed
        self._block = lru_cache(maxsize=4)(self._draw_block)

    def class_at(self, number: int) -> str:
        """Return the class of a sample."""
        block, position = divmod(number, self._length)
        return self._names[int(self._block(block)[position])]

    def _draw_block(self, block: int) -> npt.NDArray[np.int64]:
        rng = np.random.default_rng((self._seed, _SALT, block))
        places = (rng.permutation(self._length) + rng.random(self._length)) / self._length
        return np.minimum(np.searchsorted(self._bounds, places, side="right"), len(self._names) - 1)

    def __reduce__(self) -> tuple[type["ClassSampler"], tuple[dict[str, float], int]]:
        return ClassSampler, (self.shares, self._seed)


def class_weights(given: Mapping[str, float], present: Iterable[str]) -> tuple[dict[str, float], list[str]]:
    """Return the weight of each class that is there, and what is to be said of those that are not.

    Classes without a foreground come never; what is left is shared by the others in proportion.

    Raises
    ------
    DataError
        If a class is given a weight and has no foreground.
    """
    held = set(present)
    if absent := [name for name, weight in given.items() if weight > 0 and name not in held]:
        raise DataError(
            f"shares: {', '.join(absent)} has no foreground; leave it out, or add foregrounds of it"
        )
    weights = {name: given.get(name, 1.0) for name in CLASSES if name in held}
    empty = [name for name in CLASSES if name not in held]
    note = (
        f"{len(empty)} of {len(CLASSES)} classes have no foreground, so no sample shows them, and the others "
        f"share what they would have had: {', '.join(empty)}"
    )
    return weights, [note] if empty else []
