"""Polygons filled row by row: the pixels of scikit-image's ``polygon2mask``, however many corners there are.

Its rule asks each pixel about each edge: a pixel is inside where a ray from its centre to the right, or one
to the left, crosses the outline an odd number of times, or where its centre is a corner. Here each edge is
asked only about the rows that it crosses, and in a row only about the columns at which rounding may decide;
all columns farther to the left or right are certain.
"""

import numpy as np
import numpy.typing as npt

from simd.image import Mask

_NEAR = 1e-12  # a corner this close to a pixel's centre lies on it
_UNSURE = 2  # columns on either side of a crossing that are asked one by one
_MOST = 2**18  # pixels, and crossings, that are in work at a time

_Numbers = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.int64]


def filled(points: npt.ArrayLike, size: tuple[int, int]) -> Mask:
    """Return the pixels (H, W) inside a polygon and on its outline, by even and odd crossings.

    Parameters
    ----------
    points : shape (N, 2)
        Row and column of each corner; (0, 0) is the centre of the first pixel.
    size : (H, W)

    Examples
    --------
    >>> filled([(0, 0), (0, 2), (2, 0)], (3, 4)).astype(int)
    array([[1, 1, 1, 0],
           [1, 1, 0, 0],
           [1, 0, 0, 0]])
    """
    corners = np.asarray(points, dtype=np.float64)
    inside = np.zeros(size, dtype=np.bool_)
    (top, left), (bottom, right) = (
        np.maximum(0, corners.min(axis=0)).astype(int),
        np.minimum(np.array(size) - 1, np.ceil(corners.max(axis=0))).astype(int),
    )
    if top > bottom or left > right:
        return inside
    rows = max(1, _MOST // (right - left + 1))
    for start in range(top, bottom + 1, rows):
        _fill(inside, corners, range(start, min(start + rows, bottom + 1)), range(left, right + 1))
    _mark_corners(inside, corners)
    return inside


def _fill(inside: Mask, corners: _Numbers, rows: range, columns: range) -> None:
    """Fill some rows, between two columns."""
    y0, y1 = corners[:, 0], np.roll(corners[:, 0], 1)  # an edge goes from the corner before to its own
    first = np.maximum(np.ceil(np.minimum(y0, y1)), rows.start).astype(np.int64)
    last = np.minimum(np.floor(np.maximum(y0, y1)), rows.stop - 1).astype(np.int64)
    counts = np.maximum(0, last - first + 1)
    if counts.sum() > _MOST and len(rows) > 1:
        middle = len(rows) // 2
        _fill(inside, corners, rows[:middle], columns)
        _fill(inside, corners, rows[middle:], columns)
        return
    edges = np.repeat(np.arange(len(corners)), counts)
    begins = np.cumsum(counts) - counts
    row = first[edges] + np.arange(len(edges)) - begins[edges]
    odd = _is_odd(corners, edges, row, rows, columns)
    inside[rows.start : rows.stop, columns.start : columns.stop] = odd


def _is_odd(corners: _Numbers, edges: _Indices, row: _Indices, rows: range, columns: range) -> Mask:
    """Tell of each pixel whether the edges in its row are crossed an odd number of times on one side."""
    before = np.roll(corners, 1, axis=0)[edges]
    y0, y1 = corners[edges, 0] - row, before[:, 0] - row
    x0, x1 = corners[edges, 1], before[:, 1]
    to_right, to_left = (y0 > 0) != (y1 > 0), (y0 < 0) != (y1 < 0)
    crosses = to_right | to_left
    y0, y1, x0, x1, row, to_right, to_left = (
        array[crosses] for array in (y0, y1, x0, x1, row - rows.start, to_right, to_left)
    )
    low, high = columns.start - _UNSURE, columns.stop + _UNSURE
    crossing = np.floor(np.clip((x0 * y1 - x1 * y0) / (y1 - y0), low, high)).astype(np.int64)
    width = len(columns)
    right, left = np.zeros((2, len(rows), width + 1), dtype=np.bool_)
    _toggle(right, row[to_right], (crossing - _UNSURE - columns.start)[to_right])
    _toggle(left, row[to_left], (crossing + _UNSURE + 1 - columns.start)[to_left])
    # a ray to the right from a column left of the crossing meets it, one to the left from right of it
    right = np.logical_xor.accumulate(right[:, ::-1], axis=1)[:, ::-1][:, 1:]
    left = np.logical_xor.accumulate(left, axis=1)[:, :width]
    met: dict[str, list[tuple[_Indices, _Indices]]] = {"right": [], "left": []}
    for offset in range(-_UNSURE, _UNSURE + 1):
        column = crossing + offset
        beyond = ((x0 - column) * y1 - (x1 - column) * y0) / (y1 - y0)
        is_here = (column >= columns.start) & (column < columns.stop)
        for side, meets in (("right", to_right & (beyond > 0)), ("left", to_left & (beyond < 0))):
            some = meets & is_here
            met[side].append((row[some], column[some] - columns.start))
    for side, plane in (("right", right), ("left", left)):
        _toggle(plane, *map(np.concatenate, zip(*met[side], strict=True)))
    return right | left


def _toggle(plane: Mask, rows: _Indices, columns: _Indices) -> None:
    """Turn pixels over, as often as they are named; columns beyond the plane are its first and last."""
    height, width = plane.shape
    places = rows * width + np.clip(columns, 0, width - 1)
    plane ^= (np.bincount(places, minlength=height * width) & 1).astype(np.bool_).reshape(height, width)


def _mark_corners(inside: Mask, corners: _Numbers) -> None:
    nearest = np.rint(corners)
    is_pixel = (np.abs(corners - nearest) < _NEAR).all(axis=1)
    is_pixel &= ((nearest >= 0) & (nearest < inside.shape)).all(axis=1)
    rows, columns = nearest[is_pixel].astype(np.int64).T
    inside[rows, columns] = True
