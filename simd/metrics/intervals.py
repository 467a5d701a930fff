"""The 95 % intervals of all means of a method."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simd.errors import DataError
from simd.metrics.uncertainty import Estimate, Summary, summarise_all

LEVEL, RESAMPLES, SEED = 0.95, 10_000, 0
NO_CLASSES = "the images have no classes"
ABSENT = Estimate(math.nan, None, None, 0, 0)
"""The estimate of a mean over no images: a class that the set does not have."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """The estimates of each mean of a method, by metric; those without bounds say why."""

    image_mean: Mapping[str, Estimate]
    class_mean: Mapping[str, Estimate]
    classes: Mapping[str, Mapping[str, Estimate]]  # the classes present, sorted by name
    level: float = LEVEL

    def to_json(self) -> dict[str, Any]:
        """Return the bounds as a summary on disk holds them.

        Each metric is ``[low, high]`` or None, and ``reason`` is None where all metrics have an interval.
        """
        return {
            "level": self.level,
            "image_mean": _to_json(self.image_mean),
            "class_mean": _to_json(self.class_mean),
            "classes": {name: _to_json(estimates) for name, estimates in self.classes.items()},
        }


def intervals(
    columns: Mapping[str, Sequence[float]], classes: Sequence[str], foregrounds: Sequence[str]
) -> Intervals:
    """Estimate each mean of a method for each metric, with an interval or the reason why there is none.

    Parameters
    ----------
    columns : dict of float, length images
        A metric each, by its name; nan where an image has none.
    classes, foregrounds : length images
        The primary class of each image ("" where it is unknown), and the foreground it was made from.

    Examples
    --------
    >>> estimates = intervals({"sad": [1.0, 2.0]}, ["fur", "fur"], ["cat", "dog"])
    >>> estimates.classes["fur"]["sad"].reason
    'fewer than 5 foregrounds'
    """
    options = {"resamples": RESAMPLES, "seed": SEED}
    try:
        summaries = summarise_all(columns, classes, foregrounds, level=LEVEL, **options)
    except DataError:  # no image has any metric
        summaries = {}
    of_classes = summaries if all(classes) else _of_classed(columns, classes, foregrounds, options)
    image_mean = {metric: summary.image_mean for metric, summary in summaries.items()}
    class_mean = {metric: summary.class_mean for metric, summary in of_classes.items()}
    by_class = {
        name: {m: summary.by_class[name] for m, summary in summaries.items() if name in summary.by_class}
        for name in sorted(set(classes) - {""})
    }
    return Intervals(
        _completed(columns, image_mean),
        _completed(columns, class_mean, "" if any(classes) else NO_CLASSES),
        {name: _completed(columns, estimates) for name, estimates in by_class.items()},
    )


def _of_classed(
    columns: Mapping[str, Sequence[float]],
    classes: Sequence[str],
    foregrounds: Sequence[str],
    options: Mapping[str, int],
) -> Mapping[str, Summary]:
    """Summarise the images that have a class: the others are in no balanced mean."""
    kept = [i for i, name in enumerate(classes) if name]
    of_kept = {metric: [column[i] for i in kept] for metric, column in columns.items()}
    try:
        return summarise_all(
            of_kept, [classes[i] for i in kept], [foregrounds[i] for i in kept], level=LEVEL, **options
        )
    except DataError:  # none has a class, or none of these any metric
        return {}


def _completed(
    metrics: Mapping[str, object], estimates: Mapping[str, Estimate], why: str = ""
) -> dict[str, Estimate]:
    """Return an estimate for every metric: one that no image has says so."""
    lacking = [metric for metric in metrics if metric not in estimates]
    reasons = [estimate.reason for estimate in estimates.values() if estimate.reason]
    reason = next(iter(reasons), why or f"no image has {' and '.join(lacking)}")
    return {m: estimates.get(m, ABSENT._replace(reason=reason)) for m in metrics}


def _to_json(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    bounds = {m: estimate.bounds and list(estimate.bounds) for m, estimate in estimates.items()}
    return {**bounds, "reason": next((e.reason for e in estimates.values() if e.reason), None)}
