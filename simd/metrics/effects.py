"""Which properties of images go with an error beyond their class, without taking chance for an effect.

Composites of one foreground fail alike and share many properties, so foregrounds are what varies: what the
images of a foreground say, summed, is one answer. Of sets in which nothing goes with the error at most 5 %
give any claim, however many properties are tried.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy
from scipy.stats import rankdata

from simd.errors import DataError
from simd.metrics.bootstrap import Float64

LEVEL = 0.05
"""Claims stand on at most this share of sets in which there is nothing to claim."""
FEWEST = 10
"""Foregrounds that a comparison needs, beyond one a class."""
TOGETHER = 0.5
"""Properties whose ranks correlate by more within classes are named beside each other."""
TURNS, SEED = 1_999, 0
_AT_ONCE = 250  # turns held in memory


class Effect(NamedTuple):
    """How an error goes with a property within classes, from -1 to 1; nan where it tells nothing."""

    name: str
    effect: float  # rank correlation within classes
    low: float
    high: float
    p: float  # corrected for all properties
    together: tuple[tuple[str, float], ...] = ()  # other properties that go with it, and how much
    reason: str = ""  # why there is no effect

    @property
    def claimed(self) -> bool:
        """Whether the effect is more than chance."""
        return self.p < LEVEL


class Effects(NamedTuple):
    """All properties, the strongest effect first, and what they rest on."""

    effects: tuple[Effect, ...]
    images: int
    foregrounds: int
    classes: int
    left_out: tuple[str, ...]  # classes with a single foreground
    within: Mapping[
        str, Float64
    ]  # of each property: rank beyond the class's mean, (images,); 0 where unknown
    used: npt.NDArray[np.bool_]  # (images,) of those given

    @property
    def claims(self) -> tuple[Effect, ...]:
        """The effects that are more than chance."""
        return tuple(effect for effect in self.effects if effect.claimed)


def find_effects(
    errors: npt.ArrayLike,
    properties: Mapping[str, npt.ArrayLike],
    classes: npt.ArrayLike,
    foregrounds: npt.ArrayLike,
    *,
    seed: int = SEED,
) -> Effects:
    r"""Find the properties that go with an error beyond the class.

    Parameters
    ----------
    errors : float, shape (images,)
        Of a method, or the difference of two. Images whose error is nan are left out.
    properties : dict of float, shape (images,)
        By name. Where one is nan, the image says nothing of it.
    classes, foregrounds : shape (images,)
        Names: the primary class of each image, and the foreground it was made from.
    seed : int
        Of the signs that are turned.

    Raises
    ------
    DataError
        If the lengths differ, or there are fewer than 10 foregrounds beyond one a class.

    Notes
    -----
    Errors and properties are replaced by their ranks, as errors are skewed, and centred in each class (x, y).
    The effect is :math:`r = \sum x y / \sqrt{\sum x^2 \sum y^2}`. Its error is cluster-robust: of the
    foregrounds g the answers :math:`s_g = \sqrt{n/(n-1)} \sum_{i \in g} x_i (y_i - r x_i)` are squared and
    summed, each divided by 1 less its share of :math:`\sum x^2`, as a foreground draws r to itself; the root,
    with n foregrounds in the class, undoes what centring takes from their spread. The interval is Student's,
    with as many degrees of freedom as there are foregrounds beyond one a class.

    p is the larger of two. One is Student's after Bonferroni. The other turns signs, a wild cluster bootstrap
    (Cameron, Gelbach and Miller 2008): the errors of each foreground get a random sign and are centred anew,
    and the largest t of any property that this gives is compared with those of the errors as they are
    (Westfall and Young 1993). The second alone claims too much where classes have two foregrounds each: see
    benchmarks/explain_calibration.py.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> size = rng.normal(size=60)
    >>> effects = find_effects(size**3, {"size": size, "noise": rng.normal(size=60)}, ["fur"] * 60, range(60))
    >>> [effect.name for effect in effects.claims]
    ['size']
    """
    y = np.asarray(errors, dtype=np.float64)
    names, fgs = np.asarray(classes, dtype=np.str_), np.asarray(list(foregrounds), dtype=np.str_)  # type: ignore[arg-type]
    table = {name: np.asarray(values, dtype=np.float64) for name, values in properties.items()}
    if any(column.shape != (y.size,) for column in (y, names, fgs, *table.values())):
        raise DataError("errors, properties, classes and foregrounds must be lists of one length")
    used = ~np.isnan(y)
    held = {name: len(set(fgs[used & (names == name)])) for name in sorted(set(names[used]))}
    left_out = tuple(name for name, count in held.items() if count == 1)
    used &= ~np.isin(names, left_out)
    y, names, fgs = y[used], names[used], fgs[used]
    table = {name: values[used] for name, values in table.items()}
    present, class_of = np.unique(names, return_inverse=True)
    keys, group_of = np.unique(np.char.add(np.char.add(names, "\n"), fgs), return_inverse=True)
    freedom = len(keys) - len(present)
    if freedom < FEWEST:
        alone = f", without {len(left_out)} classes of a single one" if left_out else ""
        raise DataError(
            f"there are {len(keys)} foregrounds with scores in {len(present)} classes{alone}: effects need "
            f"at least {FEWEST} foregrounds beyond one a class; score a larger set"
        )
    of_class = np.bincount(_class_of_group(class_of, group_of, len(keys)))
    weight = np.sqrt(of_class / (of_class - 1))[_class_of_group(class_of, group_of, len(keys))]
    within = {name: _within(values, class_of) for name, values in table.items()}
    reasons = {name: _why_not(table[name], within[name]) for name in table}
    varying = [name for name in table if not reasons[name]]
    errors_within = _within(y, class_of)
    if not errors_within.any() or not varying:
        reason = "" if errors_within.any() else "the error does not vary within a class"
        effects = [_no_effect(name, reason or reasons[name]) for name in table]
        return Effects(tuple(effects), len(y), len(keys), len(present), left_out, within, used)
    scaled = np.stack([within[name] / np.sqrt((within[name] ** 2).mean()) for name in varying], axis=1)
    target = errors_within / np.sqrt((errors_within**2).mean())
    slopes = (scaled * target[:, None]).mean(axis=0)
    turned = _p_values(scaled, target, class_of, group_of, weight, seed)
    residues = target[:, None] - scaled * slopes
    pull = _answers(scaled**2, group_of, np.ones(len(keys))) / len(y)  # of each foreground on r, 0..1
    answers = _answers(scaled * residues, group_of, weight) / np.maximum(1 - pull, 1 / len(keys))
    error = np.sqrt((answers**2).sum(axis=0)) / len(y)
    reach = error * float(scipy.special.stdtrit(freedom, 1 - LEVEL / 2))
    of_student = 2 * scipy.special.stdtr(freedom, -np.abs(slopes) / np.maximum(error, 1e-12))
    p_values = np.maximum(turned, np.minimum(1, len(varying) * of_student))
    alike = scaled.T @ scaled / len(y)
    measured = [
        Effect(
            name,
            float(slopes[i]),
            float(max(-1.0, slopes[i] - reach[i])),
            float(min(1.0, slopes[i] + reach[i])),
            float(p_values[i]),
            tuple(
                (other, float(alike[i, k]))
                for k, other in sorted(enumerate(varying), key=lambda each: -abs(alike[i, each[0]]))
                if k != i and abs(alike[i, k]) > TOGETHER
            ),
        )
        for i, name in enumerate(varying)
    ]
    measured.sort(key=lambda effect: (-abs(effect.effect), effect.name))
    silent = [_no_effect(name, reason) for name, reason in reasons.items() if reason]
    return Effects((*measured, *silent), len(y), len(keys), len(present), left_out, within, used)


def _class_of_group(
    class_of: npt.NDArray[np.intp], group_of: npt.NDArray[np.intp], groups: int
) -> npt.NDArray[np.intp]:
    classes = np.zeros(groups, np.intp)
    classes[group_of] = class_of
    return classes


def _within(values: Float64, class_of: npt.NDArray[np.intp]) -> Float64:
    """Return ranks less the mean of their class, 0 where a value is nan."""
    known = ~np.isnan(values)
    ranks = np.zeros(len(values))
    if not known.any():
        return ranks
    ranks[known] = rankdata(values[known])
    counts = np.bincount(class_of, weights=known)
    means = np.bincount(class_of, weights=ranks) / np.maximum(counts, 1)
    centred = np.where(known, ranks - means[class_of], 0.0)
    return np.where(np.abs(centred) < 1e-9, 0.0, centred)


def _why_not(values: Float64, within: Float64) -> str:
    known = np.count_nonzero(~np.isnan(values))
    if known < len(values) / 2:
        return f"known of {known} of {len(values)} images"
    return "" if within.any() else "does not vary within a class"


def _no_effect(name: str, reason: str) -> Effect:
    nan = float("nan")
    return Effect(name, nan, nan, nan, 1.0, reason=reason)


def _answers(products: Float64, group_of: npt.NDArray[np.intp], weight: Float64) -> Float64:
    """Return what each foreground says of each property, (foregrounds, properties)."""
    sums = np.zeros((len(weight), products.shape[1]))
    np.add.at(sums, group_of, products)
    return np.asarray(sums * weight[:, None])


def _p_values(
    scaled: Float64,
    target: Float64,
    class_of: npt.NDArray[np.intp],
    group_of: npt.NDArray[np.intp],
    weight: Float64,
    seed: int,
) -> Float64:
    """Return p by turning the signs of foregrounds, each property against the strongest turned one."""
    groups, ones = len(weight), np.ones(len(weight))
    sums = _answers(np.hstack([scaled * target[:, None], scaled]), group_of, ones)
    products, first = np.split(sums, 2, axis=1)  # (foregrounds, properties) each
    of_target = np.bincount(group_of, weights=target)
    class_of_group = _class_of_group(class_of, group_of, groups)
    into_class = np.zeros((groups, class_of.max() + 1))
    into_class[np.arange(groups), class_of_group] = of_target / np.bincount(class_of)[class_of_group]

    def statistics(signs: npt.NDArray[np.floating[Any]]) -> Float64:
        """Return |t| of errors whose foregrounds have these signs, centred anew, (turns, properties)."""
        slopes = signs @ products / len(target)
        means = (signs @ into_class)[:, class_of_group]
        values = np.empty_like(slopes)
        for k in range(slopes.shape[1]):
            answers = signs * products[:, k] - means * first[:, k]
            spread = np.sqrt(((weight * answers) ** 2).sum(axis=1)) / len(target)
            values[:, k] = np.abs(slopes[:, k]) / np.maximum(spread, 1e-12)
        return values

    observed = statistics(np.ones((1, groups)))[0]
    rng, above = np.random.default_rng(seed), np.zeros(len(observed))
    for start in range(0, TURNS, _AT_ONCE):
        turns = min(_AT_ONCE, TURNS - start)
        largest = statistics(rng.integers(0, 2, size=(turns, groups)) * 2.0 - 1).max(axis=1)
        above += (largest[:, None] >= observed * (1 - 1e-9)).sum(axis=0)
    return np.asarray((1 + above) / (1 + TURNS))
