"""How well features tell the classes apart: k nearest neighbours without the own foreground, silhouettes."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simd.metrics.intervals import ABSENT
from simd.metrics.uncertainty import Estimate, summarise
from simd.report.embed.nearest import nearest_of_others, squared_distances
from simd.taxonomy import CLASSES

NEIGHBOURS = 5
NEAREST_OF_CLASS = 3
"""Patches whose mean distance is the distance to a class."""

_BLOCK = 500  # rows of the distance matrix at a time
_MOST_FOR_SILHOUETTE = 10_000  # patches; it takes all pairs

Float64 = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


class ClassNeighbours(NamedTuple):
    """How a class fares among its neighbours."""

    class_: str
    patches: int
    foregrounds: int
    accuracy: float  # share of its patches that are told right; nan where it cannot be told
    silhouette: float  # mean, -1..1; nan for a class of one foreground
    taken_for: tuple[int, ...]  # patches by the class they are taken for, 20


class Neighbours(NamedTuple):
    """The classes among their neighbours."""

    classes: tuple[ClassNeighbours, ...]  # all 20
    accuracy: float  # share of patches told right, of classes with two foregrounds; nan without one
    class_accuracy: float  # mean over those classes
    interval: Estimate  # of `class_accuracy`, over foregrounds within classes
    silhouette: float  # mean over patches
    notes: tuple[str, ...]


def measure_neighbours(scaled: Float64, labels: Labels, foregrounds: Sequence[str]) -> Neighbours:
    r"""Tell each patch's class from its neighbours of other foregrounds.

    The five nearest patches (Euclidean distance d of scaled features) that do not show the same foreground
    vote with weight :math:`1/d^2`: composites of one foreground are near each other in any case.
    The silhouette of a patch is (b − a) / max(a, b), with the mean distances a to the patches of its class
    that show other foregrounds and b to those of the nearest other class.

    Parameters
    ----------
    scaled : float64, shape (N, D)
    labels : int64, shape (N,)
        Class index 0..19.
    foregrounds : sequence of str
        The foreground of each patch.

    Notes
    -----
    A class of one foreground cannot be told without it: it has no accuracy and no silhouette, and does not
    count. Composites of one foreground lie together in any case, so they say nothing of their class.
    """
    names, groups = np.unique(np.asarray(foregrounds), return_inverse=True)
    predicted = _votes(scaled, labels, groups) if len(names) > 1 else np.full(len(labels), -1)
    silhouettes = _silhouettes(scaled, labels, groups)
    classes, lonely = [], []
    for index, name in enumerate(CLASSES):
        in_class = labels == index
        of_class = len(set(groups[in_class].tolist()))
        tellable = of_class > 1
        if of_class == 1:
            lonely.append(name)
        taken = np.bincount(predicted[in_class & (predicted >= 0)], minlength=len(CLASSES))
        classes.append(
            ClassNeighbours(
                name,
                int(in_class.sum()),
                of_class,
                float((predicted[in_class] == index).mean()) if tellable else math.nan,
                _mean(silhouettes[in_class]),
                tuple(int(n) for n in taken),
            )
        )
    counted = [c for c in classes if not math.isnan(c.accuracy)]
    right, patches = sum(c.accuracy * c.patches for c in counted), sum(c.patches for c in counted)
    notes = (
        [f"of {', '.join(lonely)} there is one foreground: without it the class has nothing to tell it by"]
        if lonely
        else []
    )
    return Neighbours(
        tuple(classes),
        right / patches if patches else math.nan,
        _mean(np.array([c.accuracy for c in counted])),
        _interval(predicted == labels, labels, groups, {CLASSES.index(c.class_) for c in counted}),
        _mean(silhouettes),
        tuple(notes),
    )


def nearest_classes(scaled: Float64, labels: Labels, queries: Float64) -> list[list[str]]:
    """Rank the classes for each query by distance: the mean over the three nearest patches of a class.

    Classes without a patch are left out.
    """
    present = [index for index in range(len(CLASSES)) if (labels == index).any()]
    ranked = []
    for start in range(0, len(queries), _BLOCK):
        distances = np.sqrt(squared_distances(queries[start : start + _BLOCK], scaled))
        to_class = np.stack([_nearest_mean(distances[:, labels == index]) for index in present], axis=1)
        ranked += [[CLASSES[present[k]] for k in order] for order in np.argsort(to_class, axis=1).tolist()]
    return ranked


def confusions(neighbours: Neighbours, most: int = 10) -> list[tuple[str, str, float]]:
    """Return (class, taken for, share of its patches), the largest shares first."""
    pairs = [
        (c.class_, CLASSES[k], count / c.patches)
        for c in neighbours.classes
        if not math.isnan(c.accuracy)
        for k, count in enumerate(c.taken_for)
        if count and CLASSES[k] != c.class_
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], pair[:2]))[:most]


def accuracy_span(neighbours: Neighbours) -> str:
    """Return the interval of the mean over classes as it is printed: `` [88%, 95%]``; "" if there is none."""
    if neighbours.interval.bounds is None:
        return ""
    low, high = neighbours.interval.bounds
    return f" [{low:.0%}, {high:.0%}]"


def _nearest_mean(distances: Float64) -> Float64:
    return np.asarray(np.sort(distances, axis=1)[:, :NEAREST_OF_CLASS].mean(axis=1), dtype=np.float64)


def _votes(scaled: Float64, labels: Labels, groups: npt.NDArray[Any]) -> Labels:
    nearest, squared = nearest_of_others(scaled, groups, NEIGHBOURS)
    votes = np.zeros((len(labels), len(CLASSES)))
    places = np.arange(len(labels))
    for k in range(NEIGHBOURS):
        # a place that no patch fills is infinitely far, and weighs nothing
        votes[places, labels[nearest[:, k]]] += 1 / np.maximum(squared[:, k], 1e-12)
    return np.asarray(votes.argmax(axis=1), dtype=np.int64)


def _interval(
    right: npt.NDArray[np.bool_], labels: Labels, groups: npt.NDArray[Any], classes: set[int]
) -> Estimate:
    """Return the mean over classes of the share told right, with its interval over foregrounds."""
    kept = np.isin(labels, list(classes))
    if not kept.any():
        return ABSENT
    names = [CLASSES[label] for label in labels[kept]]
    return summarise(right[kept].astype(np.float64), names, groups[kept].astype(str)).class_mean


def _silhouettes(scaled: Float64, labels: Labels, groups: npt.NDArray[Any]) -> Float64:
    """Return the silhouette of each patch; nan where its class has one foreground, or it was not sampled."""
    values = np.full(len(labels), math.nan)
    chosen = np.unique(
        np.linspace(0, len(labels) - 1, min(len(labels), _MOST_FOR_SILHOUETTE)).astype(np.int64)
    )
    points, labels, groups = scaled[chosen], labels[chosen], groups[chosen]
    member = (labels[:, None] == np.arange(len(CLASSES))).astype(np.float64)
    sizes = member.sum(axis=0)
    for start in range(0, len(points), _BLOCK):
        rows = slice(start, start + _BLOCK)
        distances = np.sqrt(squared_distances(points[rows], points))
        own = labels[rows]
        alike = groups[rows, None] == groups[None]
        others = (labels[rows, None] == labels[None]) & ~alike
        with np.errstate(invalid="ignore", divide="ignore"):
            near = (distances * others).sum(axis=1) / others.sum(axis=1)
            to_class = distances @ member / sizes
            to_class[np.arange(len(own)), own] = math.nan
            far = np.nanmin(np.where(sizes > 0, to_class, np.inf), axis=1)
            values[chosen[rows]] = (far - near) / np.maximum(far, near)
    return np.where(np.isfinite(values), values, math.nan)


def _mean(values: Float64) -> float:
    present = values[~np.isnan(values)]
    return float(present.mean()) if len(present) else math.nan
