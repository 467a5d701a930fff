"""Strokes, boxes and polygons turned into pixels of a class mask."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from simd.image import Mask, UInt8
from simd.tagging.annotation import Stroke
from simd.tagging.polygon import filled
from simd.taxonomy import NO_CLASS, class_index


def paint(strokes: Iterable[Stroke], class_mask: UInt8) -> UInt8:
    """Return a class mask, uint8 (H, W), with strokes painted over it in their order.

    A pixel is painted where its centre lies in the stroke; a stroke without a class leaves 255 behind.

    Examples
    --------
    >>> open_ = np.full((3, 5), 255, np.uint8)
    >>> paint([Stroke(kind="box", class_="fire", points=((0, 1), (1, 3)))], open_)
    array([[255,   1,   1,   1, 255],
           [255,   1,   1,   1, 255],
           [255, 255, 255, 255, 255]], dtype=uint8)
    """
    painted = class_mask.copy()
    for stroke in strokes:
        index = NO_CLASS if stroke.class_ is None else class_index(stroke.class_)
        if stroke.kind == "brush":
            _brush(painted, stroke, index)
        else:
            painted[covered(stroke, class_mask.shape)] = index
    return painted


def covered(stroke: Stroke, size: tuple[int, ...]) -> Mask:
    """Return the pixels, bool (H, W), whose centres lie in a stroke."""
    if stroke.kind == "whole":
        return np.ones(size, dtype=np.bool_)
    if stroke.kind == "polygon":
        return filled(stroke.points, (size[0], size[1]))
    inside = np.zeros(size, dtype=np.bool_)
    if stroke.kind == "brush":
        _brush(inside, stroke, True)
    else:
        (top, bottom), (left, right) = (sorted(ends) for ends in zip(*stroke.points, strict=True))
        inside[_span(top, bottom), _span(left, right)] = True
    return inside


def blank(size: tuple[int, int]) -> UInt8:
    """Return a class mask, uint8 (H, W), in which no pixel has a class."""
    return np.full(size, NO_CLASS, np.uint8)


def _brush(painted: UInt8 | Mask, stroke: Stroke, index: int) -> None:
    """Paint all pixels within the radius of a line through the points, a part of the line at a time."""
    points = np.array(stroke.points, dtype=np.float64)
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)  # a dab is a line of no length
    for start, end in pairwise(points):
        low, high = np.minimum(start, end) - stroke.radius, np.maximum(start, end) + stroke.radius
        rows, columns = _span(low[0], high[0]), _span(low[1], high[1])
        window = painted[rows, columns]
        if not window.size:
            continue
        y, x = np.ogrid[
            rows.start : rows.start + window.shape[0], columns.start : columns.start + window.shape[1]
        ]
        along = end - start
        t = ((y - start[0]) * along[0] + (x - start[1]) * along[1]) / max(along @ along, 1e-12)
        t = np.clip(t, 0, 1)
        squares = (y - start[0] - t * along[0]) ** 2 + (x - start[1] - t * along[1]) ** 2
        window[squares <= stroke.radius**2 + 1e-9] = index


def _span(low: float, high: float) -> slice:
    """Return the pixels whose centres lie in [low, high]; none where that is outside."""
    return slice(max(0, int(np.ceil(low))), max(0, int(np.floor(high)) + 1))
