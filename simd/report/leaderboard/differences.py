"""Which differences between methods are more than chance: each pair on the same foregrounds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simd.errors import DataError
from simd.metrics.bootstrap import Over, group
from simd.metrics.intervals import LEVEL, RESAMPLES, SEED
from simd.metrics.power import resolvable_differences
from simd.metrics.score import Score
from simd.metrics.uncertainty import Difference, compare

SHOWN = 12
"""Methods in the matrix of a page and in tables of text, the best ones; all of a board are compared."""
CLEAR = 0.05
"""A corrected p-value below this is marked."""


class PairedComparison(NamedTuple):
    """Methods of a board pair by pair, by their numbers on the board, for one metric."""

    differences: dict[tuple[int, int], Difference]  # (row, column): row - column, both ways
    best: Mapping[int, float]  # of each method compared, the probability of having the lowest mean
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
        if self.reason or row not in self.best:
            return None
        others = (other for other in self.best if other != row)
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
    """Compare methods, given as scores by image; None if no two of them have an image in common.

    They are compared on the images that the two with the most have in common: on all, wherever two methods
    are complete. A method that lacks any of these is left out, so that it costs the others nothing.
    """
    if over == "class_mean":  # what has no class is in no balanced mean
        methods = [{id_: row for id_, row in scores.items() if row.class_} for scores in methods]
    fullest = sorted(range(len(methods)), key=lambda i: -len(methods[i]))[:2]
    if len(fullest) < 2:
        return None
    first, second = (methods[i] for i in sorted(fullest))
    shared = [id_ for id_ in first if id_ in second]
    compared = [i for i, scores in enumerate(methods) if scores.keys() >= set(shared)]
    columns = {str(i): [float(getattr(methods[i][id_], metric)) for id_ in shared] for i in compared}
    rows = [first[id_] for id_ in shared]
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
        means = dict(zip(columns, group(columns, classes, foregrounds).means(over)[0], strict=True))
    except DataError:  # no image has this metric for all of them
        return None
    differences = {}
    for difference in comparison.differences:
        pair = int(difference.first), int(difference.second)
        differences[pair], differences[pair[::-1]] = difference, _turned(difference)
    estimate = comparison.differences[0].estimate
    return PairedComparison(
        differences,
        best={i: comparison.probability_best[str(i)] for i in compared},
        over=over,
        images=estimate.images,
        reason=estimate.reason,
        left_out=comparison.left_out,
        resolvable=resolvable_differences(
            {name: columns[name] for name in sorted(columns, key=means.__getitem__)}, classes, foregrounds
        ),
    )


def _turned(difference: Difference) -> Difference:
    return difference._replace(
        first=difference.second, second=difference.first, estimate=difference.estimate.negated()
    )
