"""The 95 % intervals of all means of a method, in the form in which a summary holds them."""

from collections.abc import Mapping, Sequence
from typing import Any

from simd.errors import DataError
from simd.metrics.uncertainty import Estimate, summarise_all

LEVEL, RESAMPLES, SEED = 0.95, 10_000, 0
NO_CLASSES = "the images have no classes"


def intervals(
    columns: Mapping[str, Sequence[float]], classes: Sequence[str], foregrounds: Sequence[str]
) -> dict[str, Any]:
    """Return an interval for each metric and each mean of a method, or the reason why there is none.

    Parameters
    ----------
    columns : dict of float, length images
        A metric each, by its name; nan where an image has none.
    classes, foregrounds : length images
        The primary class of each image ("" where it is unknown), and the foreground it was made from.

    Returns
    -------
    dict
        ``image_mean``, ``class_mean`` and, by name, ``classes``, as JSON: each metric is ``[low, high]`` or
        None, and ``reason`` is None where all metrics have an interval.

    Examples
    --------
    >>> found = intervals({"sad": [1.0, 2.0]}, ["fur", "fur"], ["cat", "dog"])
    >>> found["classes"]["fur"]
    {'sad': None, 'reason': 'fewer than 5 foregrounds'}
    """
    estimates: dict[str, dict[str, Estimate]] = {"image_mean": {}, "class_mean": {}}
    by_class: dict[str, dict[str, Estimate]] = {name: {} for name in classes if name}
    options = {"resamples": RESAMPLES, "seed": SEED}
    try:
        summaries = summarise_all(columns, classes, foregrounds, level=LEVEL, **options)
    except DataError:  # no image has any metric
        summaries = {}
    for metric, summary in summaries.items():
        estimates["image_mean"][metric] = summary.image_mean
        if all(classes):
            estimates["class_mean"][metric] = summary.class_mean
        for name in by_class.keys() & summary.by_class.keys():
            by_class[name][metric] = summary.by_class[name]
    why = "" if all(classes) else NO_CLASSES
    return {
        "level": LEVEL,
        "image_mean": _entry(columns, estimates["image_mean"]),
        "class_mean": _entry(columns, estimates["class_mean"], why),
        "classes": {name: _entry(columns, by_class[name]) for name in sorted(by_class)},
    }


def _entry(metrics: Mapping[str, object], estimates: Mapping[str, Estimate], why: str = "") -> dict[str, Any]:
    reasons = [estimate.reason for estimate in estimates.values() if estimate.reason]
    lacking = [metric for metric in metrics if metric not in estimates]
    reason = next(iter(reasons), why or (f"no image has {' and '.join(lacking)}" if lacking else None))
    bounds = {m: _bounds(estimates.get(m)) for m in metrics}
    return {**bounds, "reason": reason}


def _bounds(estimate: Estimate | None) -> list[float] | None:
    if estimate is None or estimate.low is None or estimate.high is None:
        return None
    return [estimate.low, estimate.high]
