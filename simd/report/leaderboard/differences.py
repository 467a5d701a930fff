"""Which differences between methods are more than chance: each pair on the same foregrounds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simd.errors import DataError
from simd.metrics.bootstrap import Over
from simd.metrics.intervals import LEVEL, RESAMPLES, SEED
from simd.metrics.power import resolvable_differences
from simd.metrics.score import Score
from simd.metrics.uncertainty import Difference, compare

MOST = 12
"""Methods that are compared, the best ones of a board; each pair more makes every p-value larger."""
CLEAR = 0.05
"""A corrected p-value below this is marked."""


class PairedComparison(NamedTuple):
    """Methods of a board pair by pair, in the order of the board, for one metric."""

    differences: dict[tuple[int, int], Difference]  # (row, column): row - column, both ways
    best: tuple[float, ...]  # of each method, the probability of having the lowest mean
    over: Over
    images: int  # that all of them have
    reason: str  # why there are no intervals, if there are none
    left_out: tuple[str, ...]  # classes with a single foreground
    resolvable: Mapping[str, float]  # by class: the smallest difference that its foregrounds can show

    def clear(self, row: int, column: int) -> bool:
        """Tell whether two methods differ by more than chance."""
        p = self.differences[row, column].p_holm
        return p is not None and p < CLEAR

    def rank(self, row: int) -> int | None:
        """Return 1 + the number of methods that beat a method by more than chance; None if not compared.

        What cannot be told apart shares a rank, though not with everything that shares it: of A 1, B 2, C 3
        with A before C alone, the ranks are 1, 1, 2.
        """
        if self.reason or row >= len(self.best):
            return None
        others = (other for other in range(len(self.best)) if other != row)
        beaten = [self.clear(o, row) and self.differences[o, row].estimate.mean < 0 for o in others]
        return 1 + sum(beaten)

    @property
    def note(self) -> str:
        """Say which classes are left out; "" if none is."""
        if not self.left_out or self.reason:
            return ""
        alone = "has a single foreground" if len(self.left_out) == 1 else "have a single foreground each"
        return f"Without {', '.join(self.left_out)}, which {alone}."


def compare_pairs(methods: Sequence[Mapping[str, Score]], metric: str, over: Over) -> PairedComparison | None:
    """Compare methods, given as scores by image, on the images that all have; None if there is no such."""
    methods = methods[:MOST]
    shared = [id_ for id_ in (methods[0] if methods else ()) if all(id_ in other for other in methods)]
    if over == "class_mean":  # what has no class is in no balanced mean
        shared = [id_ for id_ in shared if methods[0][id_].class_]
    if len(methods) < 2 or not shared:
        return None
    columns = {
        str(i): [float(getattr(scores[id_], metric)) for id_ in shared] for i, scores in enumerate(methods)
    }
    rows = [methods[0][id_] for id_ in shared]
    classes, foregrounds = [row.class_ for row in rows], [row.fg_id for row in rows]
    try:
        comparison = compare(
            columns,
            classes,
            foregrounds,
            over=over,
            level=LEVEL,
            resamples=RESAMPLES,
            seed=SEED,
        )
    except DataError:  # no image has this metric for all of them
        return None
    differences = {}
    for difference in comparison.differences:
        pair = int(difference.first), int(difference.second)
        differences[pair], differences[pair[::-1]] = difference, _turned(difference)
    first = comparison.differences[0].estimate
    best = tuple(comparison.probability_best[name] for name in columns)
    resolvable = resolvable_differences(columns, classes, foregrounds)
    return PairedComparison(
        differences, best, over, first.images, first.reason, comparison.left_out, resolvable
    )


def _turned(difference: Difference) -> Difference:
    return difference._replace(
        first=difference.second, second=difference.first, estimate=difference.estimate.negated()
    )
