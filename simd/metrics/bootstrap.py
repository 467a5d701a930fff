"""Scores grouped by foreground and class, and their means with the foregrounds drawn again."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from simd.errors import DataError

Float64: TypeAlias = npt.NDArray[np.float64]
Over: TypeAlias = Literal["image_mean", "class_mean"]

_AT_ONCE = 2**20  # foregrounds drawn at a time: bounds the memory, whatever the size of the set
_KEPT = 2**26  # times that a foreground is drawn, a byte each: of 6,700 foregrounds drawn 10,000 times


@dataclass(frozen=True, slots=True)
class GroupedScores:
    """Scores summed over the images of each foreground; foregrounds of a class stand together."""

    classes: tuple[str, ...]
    class_of: npt.NDArray[np.intp]  # (foregrounds,), rising
    counts: Float64  # (foregrounds,), images
    sums: Float64  # (foregrounds, methods)

    def parts(self) -> Iterator[slice]:
        """Yield the foregrounds of each class."""
        ends = np.searchsorted(self.class_of, np.arange(len(self.classes) + 1))
        yield from (slice(a, b) for a, b in pairwise(ends))

    def only(self, c: int) -> "GroupedScores":
        """Return the foregrounds of one class."""
        part = list(self.parts())[c]
        zeros = np.zeros_like(self.class_of[part])
        return GroupedScores((self.classes[c],), zeros, self.counts[part], self.sums[part])

    def without(self, classes: Collection[str]) -> "GroupedScores":
        """Return the foregrounds of the other classes."""
        kept = [c for c, name in enumerate(self.classes) if name not in classes]
        here = np.isin(self.class_of, kept)
        renumbered = np.searchsorted(kept, self.class_of[here])
        return GroupedScores(
            tuple(self.classes[c] for c in kept), renumbered, self.counts[here], self.sums[here]
        )

    def means(self, over: Over) -> tuple[Float64, Float64]:
        """Return the mean, (methods,), and what each foreground adds to it, (foregrounds, methods).

        The second is linear: by how much the mean moves as a foreground gets more weight.
        """
        if over == "image_mean":
            mean = self.sums.sum(axis=0) / self.counts.sum()
            return mean, (self.sums - self.counts[:, None] * mean) / self.counts.sum()
        images = np.bincount(self.class_of, weights=self.counts)
        of_class = np.stack([self.sums[part].sum(axis=0) for part in self.parts()]) / images[:, None]
        centred = self.sums - self.counts[:, None] * of_class[self.class_of]
        return of_class.mean(axis=0), centred / (images[self.class_of, None] * len(self.classes))


def group(
    scores: Mapping[str, npt.ArrayLike], classes: npt.ArrayLike, foregrounds: npt.ArrayLike
) -> GroupedScores:
    """Group images by class and foreground; those that any method has no score for (nan) are left out.

    Raises
    ------
    DataError
        If the lengths differ, or no image is left.
    """
    names, clusters = np.asarray(classes, dtype=np.str_), np.asarray(foregrounds, dtype=np.str_)
    columns = {name: np.asarray(column, dtype=np.float64) for name, column in scores.items()}
    for name, column in columns.items():
        if not column.shape == names.shape == clusters.shape == (column.size,):
            raise DataError(
                f"scores of {name!r} {column.shape}, classes {names.shape} and foregrounds {clusters.shape} "
                "must be lists of one length: one entry an image"
            )
    table = np.stack(list(columns.values()), axis=1) if columns else np.empty((0, 0))
    keep = ~np.isnan(table).any(axis=1)
    if not keep.any():
        raise DataError("no image has a score; there is nothing to average")
    present, class_ids = np.unique(names[keep], return_inverse=True)
    _, cluster_ids = np.unique(clusters[keep], return_inverse=True)
    keys, members = np.unique(np.stack([class_ids, cluster_ids]), axis=1, return_inverse=True)
    sums = np.zeros((keys.shape[1], table.shape[1]))
    np.add.at(sums, members, table[keep])
    counts = np.bincount(members).astype(np.float64)
    return GroupedScores(tuple(present.tolist()), keys[0].astype(np.intp), counts, sums)


class Drawn(NamedTuple):
    """What one class comes to when its foregrounds are drawn again."""

    sums: Float64  # (resamples, methods)
    counts: Float64  # (resamples, 1), images

    @property
    def means(self) -> Float64:
        """The means of the class, (resamples, methods)."""
        return self.sums / self.counts


def draw(sample: GroupedScores, resamples: int, seed: int) -> list[Drawn]:
    """Draw foregrounds again within each class, as many as it has, the same ones for all methods."""
    parts = list(sample.parts())
    often = _how_often(tuple(part.stop - part.start for part in parts), resamples, seed)
    return [
        _drawn(counts, sample.sums[part], sample.counts[part, None])
        for part, counts in zip(parts, often, strict=True)
    ]


def drawn_means(drawn: Sequence[Drawn], over: Over) -> Float64:
    """Return the means over all classes, (resamples, methods)."""
    if over == "class_mean":
        return np.asarray(sum(of_class.means for of_class in drawn) / len(drawn))
    return np.asarray(sum(of_class.sums for of_class in drawn) / sum(of_class.counts for of_class in drawn))


def _how_often(sizes: tuple[int, ...], resamples: int, seed: int) -> Iterable[npt.NDArray[np.integer]]:
    """Return how often each foreground is drawn, (resamples, size) for each class.

    A board asks for the same draws for each method and metric: they are kept, unless they are too many.
    """
    if sum(sizes) * resamples > _KEPT:
        return _draw(sizes, resamples, seed)
    return _kept_draws(sizes, resamples, seed)


@lru_cache(maxsize=1)
def _kept_draws(sizes: tuple[int, ...], resamples: int, seed: int) -> list[npt.NDArray[np.integer]]:
    return [often.astype(np.min_scalar_type(often.max())) for often in _draw(sizes, resamples, seed)]


def _draw(sizes: tuple[int, ...], resamples: int, seed: int) -> Iterator[npt.NDArray[np.integer]]:
    rng = np.random.default_rng(seed)
    for m in sizes:
        often = np.empty((resamples, m), np.int32)
        for part in _at_once(resamples, m):
            picks = rng.integers(m, size=(part.stop - part.start, m))
            picks += m * np.arange(len(picks))[:, None]  # a row of bins each
            often[part] = np.bincount(picks.ravel(), minlength=m * len(picks)).reshape(-1, m)
        yield often


def _drawn(often: npt.NDArray[np.integer], sums: Float64, counts: Float64) -> Drawn:
    columns = np.hstack([sums, counts])
    drawn = np.empty((len(often), columns.shape[1]))
    for part in _at_once(*often.shape):
        drawn[part] = often[part].astype(np.float64) @ columns
    return Drawn(drawn[:, :-1], drawn[:, -1:])


def _at_once(resamples: int, foregrounds: int) -> list[slice]:
    """Cut resamples into parts of bounded size."""
    rows = max(1, _AT_ONCE // foregrounds)
    return [slice(start, min(start + rows, resamples)) for start in range(0, resamples, rows)]


def class_variances(sample: GroupedScores, over: Over, signs: Float64) -> tuple[Float64, Float64]:
    """Return the variance that each class gives to a signed sum of means, unbiased, (classes,).

    The second is the factor by which it is that of one foreground's mean: 1 / (n C^2) for the class-balanced
    mean of C classes whose n foregrounds have as many images each.
    """
    added = sample.means(over)[1] @ signs
    sizes = np.bincount(sample.class_of)
    drawn = np.array([((added[p] - added[p].mean()) ** 2).sum() for p in sample.parts()])
    images = np.bincount(sample.class_of, weights=sample.counts)
    whole = images * len(sizes) if over == "class_mean" else np.full(len(sizes), images.sum())
    weights = np.bincount(sample.class_of, weights=sample.counts**2) / whole**2
    return drawn * sizes / np.maximum(sizes - 1, 1), weights


def expansion(sample: GroupedScores, over: Over, signs: Float64) -> tuple[float, float]:
    """Return by how much drawn means vary too little, as a factor >= 1, and the degrees of freedom."""
    fair, _ = class_variances(sample, over, signs)
    sizes = np.bincount(sample.class_of)
    if not fair.sum() > 0:
        return 1.0, float((sizes - 1).sum())
    fair /= fair.max()  # squares of variances below 1e-162 would be 0
    drawn = fair * (sizes - 1) / sizes
    return float(np.sqrt(fair.sum() / drawn.sum())), float(fair.sum() ** 2 / (fair**2 / (sizes - 1)).sum())
