"""How sure the means are: intervals by resampling foregrounds within classes, and paired comparisons.

Composites of one foreground fail alike, so ten of them are not ten samples. What varies is the foreground,
with all its images, within its primary class: the size of a class is a choice, not chance.

A mean of one method is skewed, as errors are, and gets a bootstrap interval. A difference of two methods on
the same foregrounds is nearly symmetric, and boards compare methods on two or three foregrounds a class, of
which a bootstrap knows too little: it gets Student's t, interval and p-value from the same model.
"""

import math
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

from simd.errors import DataError
from simd.metrics.bootstrap import (
    Float64,
    GroupedScores,
    Over,
    class_variances,
    draw,
    drawn_means,
    expansion,
    group,
)

MIN_FOREGROUNDS = 5
"""With fewer, an interval would be a guess and is left out."""

_SHRINKAGE = 3  # foregrounds' worth of the common variance that a class's own is given in degrees of freedom


class Estimate(NamedTuple):
    """A mean and its interval; `low` and `high` are None where `reason` says why there is none."""

    mean: float
    low: float | None
    high: float | None
    images: int
    foregrounds: int
    reason: str = ""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The ends of the interval, None if there is none."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def negated(self) -> "Estimate":
        """Return the estimate of the mean with its sign turned."""
        low, high = (None if bound is None else -bound for bound in (self.high, self.low))
        return self._replace(mean=-self.mean if self.mean else 0.0, low=low, high=high)


class Summary(NamedTuple):
    """The means of one method, with intervals."""

    image_mean: Estimate
    class_mean: Estimate  # class-balanced: the mean of the means of the classes present
    by_class: dict[str, Estimate]  # the classes present, sorted by name


class Difference(NamedTuple):
    """How two methods differ on the same images: the mean of first - second."""

    first: str
    second: str
    estimate: Estimate
    p: float | None  # two-sided; None where there is no interval
    p_holm: float | None  # corrected for all pairs of the comparison (Holm 1979)


class Comparison(NamedTuple):
    """All pairs of methods, and how often each method was best when foregrounds were drawn again."""

    differences: tuple[Difference, ...]
    probability_best: dict[str, float]  # of having the lowest mean; ties are shared
    left_out: tuple[str, ...] = ()  # classes with a single foreground, which are not compared


def summarise(
    scores: npt.ArrayLike,
    classes: npt.ArrayLike,
    foregrounds: npt.ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Summary:
    r"""Compute class means, image mean and class-balanced mean, each with an interval.

    Parameters
    ----------
    scores : float, shape (images,)
        One metric of one method. Images whose score is nan are left out.
    classes, foregrounds : shape (images,)
        Names: the primary class of each image, and the foreground it was made from.
    level : float
        Of the intervals.
    resamples, seed : int
        How often foregrounds are drawn again, and the seed of the draws.

    Returns
    -------
    Summary
        A mean over fewer than 5 foregrounds has no interval; nor have the two overall means if a class
        has a single foreground, as nothing tells how much that would vary.

    Raises
    ------
    DataError
        If the lengths differ, no score is left, or `level` is not between 0 and 1.

    Notes
    -----
    The expanded percentile interval of Hesterberg, "What Teachers Should Know About the Bootstrap", 2015:
    with m foregrounds, the percentiles :math:`\Phi(\pm\sqrt{m/(m-1)}\,t_{m-1})` are read in place of
    :math:`\Phi(\pm z)`. The plain ones are too narrow: at m = 10 they cover 90.6 % in place of 95 %. Over
    several classes, m/(m-1) is weighted by the classes' shares of the variance, and the degrees of freedom
    are Satterthwaite's (1946). On skewed data coverage stays short of the level: see the tests.

    Examples
    --------
    >>> scores = [3, 5, 4, 6, 5, 8, 8]
    >>> summary = summarise(scores, ["fur"] * 5 + ["net"] * 2, ["a", "b", "c", "d", "e", "f", "g"])
    >>> round(summary.image_mean.mean, 3), summary.class_mean.mean
    (5.571, 6.3)
    >>> summary.by_class["net"]
    Estimate(mean=8.0, low=None, high=None, images=2, foregrounds=2, reason='fewer than 5 foregrounds')
    """
    columns = {"the method": scores}
    return summarise_all(columns, classes, foregrounds, level=level, resamples=resamples, seed=seed)[
        "the method"
    ]


def summarise_all(
    columns: Mapping[str, npt.ArrayLike],
    classes: npt.ArrayLike,
    foregrounds: npt.ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> dict[str, Summary]:
    """Compute :func:`summarise` for several columns of scores, with one draw for those of the same images.

    Parameters and errors are those of :func:`summarise`. A column without any score is left out.
    """
    by_images: dict[bytes, dict[str, npt.ArrayLike]] = {}
    for name, column in columns.items():
        present = ~np.isnan(np.asarray(column, dtype=np.float64))
        if present.any():
            by_images.setdefault(present.tobytes(), {})[name] = column
    if not by_images:
        raise DataError("no image has a score; there is nothing to average")
    return {
        name: summary
        for columns_alike in by_images.values()
        for name, summary in _summarise(
            columns_alike, group(columns_alike, classes, foregrounds), level, resamples, seed
        ).items()
    }


def _summarise(
    names: Iterable[str], sample: GroupedScores, level: float, resamples: int, seed: int
) -> dict[str, Summary]:
    drawn = draw(sample, resamples, seed)
    means: dict[Over, Float64] = {"image_mean": drawn_means(drawn, "image_mean")}
    means["class_mean"] = drawn_means(drawn, "class_mean")
    by_class = [(sample.only(c), drawn[c].means) for c in range(len(sample.classes))]
    summaries = {}
    for column, name in enumerate(names):
        sign = np.zeros(sample.sums.shape[1])
        sign[column] = 1
        summaries[name] = Summary(
            image_mean=_estimate(sample, "image_mean", sign, means["image_mean"][:, column], level),
            class_mean=_estimate(sample, "class_mean", sign, means["class_mean"][:, column], level),
            by_class={
                part.classes[0]: _estimate(part, "image_mean", sign, draws[:, column], level)
                for part, draws in by_class
            },
        )
    return summaries


def compare(
    scores: Mapping[str, npt.ArrayLike],
    classes: npt.ArrayLike,
    foregrounds: npt.ArrayLike,
    *,
    over: Over = "class_mean",
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Compare methods pair by pair on the same images, and say how likely each is the best.

    Parameters
    ----------
    scores : dict of float, shape (images,)
        One metric of each method, by its name. Images that are nan for any method are left out.
    classes, foregrounds : shape (images,)
        Names: the primary class of each image, and the foreground it was made from.
    over : {"class_mean", "image_mean"}
        The mean to compare.
    level : float
        Of the intervals, each for itself: only `p_holm` is corrected for the number of pairs.
    resamples, seed : int
        How often foregrounds are drawn again, and the seed of the draws.

    Returns
    -------
    Comparison
        All pairs, in the order of `scores`. A negative difference says that the first is better.

    Raises
    ------
    DataError
        As in :func:`summarise`.

    Notes
    -----
    The difference of two methods is taken foreground by foreground, so what makes an image hard for both
    cancels. Its mean D is a sum over classes, each with the variance v of its foregrounds' part. Interval
    and p-value are those of Student's t for D / sqrt(sum v), with the degrees of freedom (sum v)^2 /
    sum(v^2 / (n - 1)) of Welch and Satterthwaite. In these the variance of a foreground is shrunk towards
    that of all classes, as if each had three foregrounds more: with two in a class its own would be a
    guess, and the interval too wide. The table in docs/metrics.md says how often intervals hold the truth.
    A class with a single foreground says nothing about its spread and is left out of the comparison
    (`left_out`).

    The probability of being best is the share of draws, foregrounds drawn again within classes, in which a
    method has the lowest mean.

    Examples
    --------
    >>> truth = np.arange(20.0)
    >>> worse = truth + 1 + 0.1 * np.sin(truth)
    >>> comparison = compare({"ours": truth, "theirs": worse}, ["fur"] * 20, np.arange(20))
    >>> comparison.differences[0].estimate.high < 0, comparison.probability_best
    (True, {'ours': 1.0, 'theirs': 0.0})
    """
    if not 0 < level < 1:
        raise DataError(f"level is {level}, but lies between 0 and 1, as 0.95")
    sample = group(scores, classes, foregrounds)
    sizes = np.bincount(sample.class_of)
    left_out = tuple(name for name, size in zip(sample.classes, sizes, strict=True) if size == 1)
    if len(left_out) < len(sizes):
        sample = sample.without(left_out)
    draws = drawn_means(draw(sample, resamples, seed), over)
    pairs = list(combinations(range(len(scores)), 2))
    compared = []
    for a, b in pairs:
        signs = np.zeros(len(scores))
        signs[a], signs[b] = 1, -1
        compared.append(paired_t(sample, over, signs, level))
    names, p_values = tuple(scores), [p for _, p in compared]
    differences = tuple(
        Difference(names[a], names[b], estimate, p, p_holm)
        for (a, b), (estimate, p), p_holm in zip(pairs, compared, holm(p_values), strict=True)
    )
    best = draws == draws.min(axis=1, keepdims=True)
    shares = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return Comparison(differences, dict(zip(names, shares.tolist(), strict=True)), left_out)


def paired_t(
    sample: GroupedScores, over: Over, signs: Float64, level: float
) -> tuple[Estimate, float | None]:
    """Return a difference with its interval and two-sided p-value, by Student's t within classes.

    `signs`, (methods,): 1 for the first, -1 for the second, 0 for the others. See :func:`compare`.
    """
    mean = float(sample.means(over)[0] @ signs)
    images, m = int(sample.counts.sum()), len(sample.counts)
    sizes = np.bincount(sample.class_of)
    if m < MIN_FOREGROUNDS or sizes.max() == 1:
        few = m < MIN_FOREGROUNDS
        reason = f"fewer than {MIN_FOREGROUNDS} foregrounds" if few else "no class has two foregrounds"
        return Estimate(mean, None, None, images, m, reason), None
    variances, per_foreground = class_variances(sample, over, signs)
    error = math.sqrt(variances.sum())
    free = sizes - 1
    freedom = float(free.sum())
    if error:
        variances /= variances.max()  # squares of variances below 1e-162 would be 0
        spread = variances / per_foreground  # of a foreground's difference, by class
        pooled = (free * spread).sum() / free.sum()
        shrunk = per_foreground * (free * spread + _SHRINKAGE * pooled) / (free + _SHRINKAGE)
        freedom = shrunk.sum() ** 2 / (shrunk**2 / free).sum()
    reach = error * float(scipy.special.stdtrit(freedom, (1 + level) / 2))
    estimate = Estimate(mean, mean - reach, mean + reach, images, m)
    if not error:
        return estimate, float(mean == 0)
    return estimate, float(2 * scipy.special.stdtr(freedom, -abs(mean) / error))


def _estimate(sample: GroupedScores, over: Over, signs: Float64, draws: Float64, level: float) -> Estimate:
    """Return the mean of the signed sum of methods, whose drawn means are given, with its interval."""
    if not 0 < level < 1:
        raise DataError(f"level is {level}, but lies between 0 and 1, as 0.95")
    mean = float(sample.means(over)[0] @ signs)
    images, m = int(sample.counts.sum()), len(sample.counts)
    if reason := _why_no_interval(sample):
        return Estimate(mean, None, None, images, m, reason)
    widening, freedom = expansion(sample, over, signs)
    reach = widening * scipy.special.stdtrit(freedom, (1 + level) / 2)
    low, high = np.quantile(draws, scipy.special.ndtr([-reach, reach]))
    return Estimate(mean, float(low), float(high), images, m)


def _why_no_interval(sample: GroupedScores) -> str:
    sizes = np.bincount(sample.class_of)
    if sizes.sum() < MIN_FOREGROUNDS:
        return f"fewer than {MIN_FOREGROUNDS} foregrounds"
    if sizes.min() == 1:
        return f"class {sample.classes[int(sizes.argmin())]} has a single foreground"
    return ""


def holm(p_values: list[float | None]) -> list[float | None]:
    """Return p-values corrected for their number; None stays None."""
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[i] = largest
    return corrected
