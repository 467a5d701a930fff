"""The nearest patches of other foregrounds: by all pairs in a small set, by random trees in a large one."""

from typing import Any

import numpy as np
import numpy.typing as npt

EXACT_UP_TO = 10_000
"""Patches up to which neighbours are those that all pairs give; above, almost all of them are."""

_BLOCK = 500  # rows of the distance matrix at a time
_TREES = 50  # as openTSNE plants them
_SPARE = 15  # neighbours asked of the forest beyond those that are needed
_LOOKED_AT = 5000  # points that a search of the forest looks at, at least
_MOST_ALIKE = 300  # patches of a foreground up to which a forest is asked, which gives those first

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


def nearest_of_others(scaled: Float64, groups: npt.NDArray[Any], count: int) -> tuple[Int64, Float64]:
    """Return for each point the nearest ones that are not of its group.

    Up to :data:`EXACT_UP_TO` points they come from all pairs. Above, from Annoy's trees, which openTSNE
    brings: composites of one foreground lie together, so as many neighbours more are asked for as a point's
    group has members, and distances are taken anew in double precision. The points of a group of more than
    300 are compared with all others at any size. The same points give the same neighbours every time.

    Parameters
    ----------
    scaled : float64, shape (N, D)
    groups : integer, shape (N,)
        0..G − 1.
    count : int

    Returns
    -------
    nearest : int64, shape (N, count)
        The nearest first.
    squared : float64, shape (N, count)
        Squared Euclidean distances; infinite where there are too few points of other groups.
    """
    sizes = np.bincount(groups)[groups]
    asked = np.zeros(len(scaled), dtype=bool) if len(scaled) <= EXACT_UP_TO else sizes <= _MOST_ALIKE
    nearest = np.zeros((len(scaled), count), dtype=np.int64)
    squared = np.full((len(scaled), count), np.inf)
    compared = np.flatnonzero(~asked)
    for start in range(0, len(compared), _BLOCK):
        rows = compared[start : start + _BLOCK]
        nearest[rows], squared[rows] = _of_all(scaled, groups, rows, count)
    if asked.any():
        _ask_forest(scaled, groups, np.flatnonzero(asked), sizes, nearest, squared)
    return nearest, squared


def squared_distances(queries: Float64, points: Float64) -> Float64:
    """Return squared Euclidean distances, (Q, N)."""
    squared = (queries**2).sum(1)[:, None] + (points**2).sum(1)[None] - 2 * queries @ points.T
    return np.asarray(np.maximum(squared, 0), dtype=np.float64)


def _of_all(
    scaled: Float64, groups: npt.NDArray[Any], rows: Int64, count: int
) -> tuple[npt.NDArray[Any], Float64]:
    squared = squared_distances(scaled[rows], scaled)
    squared[groups[rows, None] == groups[None]] = np.inf
    kept = np.sort(np.argpartition(squared, min(count, squared.shape[1]) - 1, axis=1)[:, :count], axis=1)
    distances = np.take_along_axis(squared, kept, axis=1)
    order = np.argsort(distances, axis=1, kind="stable")
    nearest = np.take_along_axis(kept, order, axis=1)
    distances = np.take_along_axis(distances, order, axis=1)
    lacking = ((0, 0), (0, count - nearest.shape[1]))
    return np.pad(nearest, lacking), np.pad(distances, lacking, constant_values=np.inf)


def _ask_forest(
    scaled: Float64,
    groups: npt.NDArray[Any],
    rows: Int64,
    sizes: npt.NDArray[Any],
    nearest: Int64,
    squared: Float64,
) -> None:
    """Fill in the neighbours of `rows` by the trees; rows that they give too few to are compared with all."""
    from openTSNE.dependencies.annoy import AnnoyIndex

    count = nearest.shape[1]
    forest = AnnoyIndex(scaled.shape[1], "euclidean")
    forest.set_seed(0)
    for number, point in enumerate(scaled):
        forest.add_item(number, point)
    forest.build(_TREES, n_jobs=1)
    lacking = []
    for row in rows:
        wanted = int(sizes[row]) + count + _SPARE
        given = np.array(forest.get_nns_by_item(int(row), wanted, max(_LOOKED_AT, wanted * _TREES)), np.int64)
        others = given[groups[given] != groups[row]]
        if len(others) < count:
            lacking.append(row)
            continue
        distances = ((scaled[others] - scaled[row]) ** 2).sum(axis=1)
        order = np.lexsort((others, distances))[:count]
        nearest[row], squared[row] = others[order], distances[order]
    for start in range(0, len(lacking), _BLOCK):
        block = np.array(lacking[start : start + _BLOCK], dtype=np.int64)
        nearest[block], squared[block] = _of_all(scaled, groups, block, count)
