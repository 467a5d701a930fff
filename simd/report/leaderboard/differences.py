"""Which differences between methods are more than chance: each pair on the same foregrounds."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simd.errors import DataError
from simd.metrics.bootstrap import Over
from simd.metrics.intervals import LEVEL, RESAMPLES, SEED
from simd.metrics.scores import Score
from simd.metrics.uncertainty import Difference, compare

MOST = 12
"""Methods that are compared, the best ones of a board; each pair more makes every p-value larger."""
CLEAR = 0.05
"""A corrected p-value below this is marked."""


class Rivals(NamedTuple):
    """Methods of a board pair by pair, in the order of the board, for one metric."""

    differences: dict[tuple[int, int], Difference]  # (row, column): row - column, both ways
    best: tuple[float, ...]  # of each method, the probability of having the lowest mean
    over: Over
    images: int  # that all of them have
    reason: str  # why there are no intervals, if there are none

    def clear(self, row: int, column: int) -> bool:
        """Tell whether two methods differ by more than chance."""
        p = self.differences[row, column].p_holm
        return p is not None and p < CLEAR


def find_rivals(methods: Sequence[Mapping[str, Score]], metric: str, over: Over) -> Rivals | None:
    """Compare methods, given as scores by image, on the images that all have; None if there is no such."""
    methods = methods[:MOST]
    shared = [id_ for id_ in (methods[0] if methods else ()) if all(id_ in other for other in methods)]
    if len(methods) < 2 or not shared:
        return None
    columns = {
        str(i): [float(getattr(scores[id_], metric)) for id_ in shared] for i, scores in enumerate(methods)
    }
    rows = [methods[0][id_] for id_ in shared]
    try:
        found = compare(
            columns,
            [row.class_ for row in rows],
            [row.fg_id for row in rows],
            over=over,
            level=LEVEL,
            resamples=RESAMPLES,
            seed=SEED,
        )
    except DataError:  # no image has this metric for all of them
        return None
    differences = {}
    for one in found.differences:
        pair = int(one.first), int(one.second)
        differences[pair], differences[pair[::-1]] = one, _turned(one)
    first = found.differences[0].estimate
    best = tuple(found.probability_best[name] for name in columns)
    return Rivals(differences, best, over, first.images, first.reason)


def p_text(p: float | None) -> str:
    """Return a p-value as it is printed.

    Examples
    --------
    >>> p_text(0.0234), p_text(0.00004), p_text(1.0), p_text(None)
    ('0.023', '< 0.001', '1', '–')
    """
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else "1" if p >= 0.9995 else f"{p:.3f}"


def share_text(share: float) -> str:
    """Return a probability in per cent.

    Examples
    --------
    >>> share_text(0.997), share_text(0.9996), share_text(0.0), share_text(0.0003)
    ('99.7 %', '> 99.9 %', '0 %', '< 0.1 %')
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def _turned(one: Difference) -> Difference:
    estimate = one.estimate
    low, high = (None if bound is None else -bound for bound in (estimate.high, estimate.low))
    turned = estimate._replace(mean=-estimate.mean if estimate.mean else 0.0, low=low, high=high)
    return one._replace(first=one.second, second=one.first, estimate=turned)


def signed(value: float, decimals: int) -> str:
    """Return a difference with its sign, a true minus for negative ones.

    Examples
    --------
    >>> signed(-1.234, 2), signed(0.5, 1), signed(-0.001, 2)
    ('−1.23', '+0.5', '0.00')
    """
    text = f"{abs(value):.{decimals}f}"
    if math.isnan(value) or float(text) == 0:
        return text
    return ("−" if value < 0 else "+") + text
