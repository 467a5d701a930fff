"""Names beside points of a plot that lie neither on each other nor on the points."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
LabelBox = tuple[float, float, float, float]
"""Left, bottom, right, top, in pixels of the figure."""

_DIRECTIONS = 16
_RINGS = (12, 20, 30, 42, 56, 74, 96, 124, 160, 200)  # points of 1/72 inch from the anchor, nearest first
_GAP = 2.0  # pixels between boxes


def whole_title(*lines: str, columns: int) -> str:
    """Return lines of a plot's title, broken where they would leave the figure; ``$`` stays a dollar."""
    broken = (part for line in lines for part in textwrap.wrap(line, columns) or [""])
    return "\n".join(broken).replace("$", r"\$")


def place_labels(
    ax: Any,
    anchors: npt.NDArray[np.float64],
    names: Sequence[str],
    *,
    avoid: npt.NDArray[np.float64] | None = None,
    fontsize: float = 9,
) -> list[LabelBox]:
    """Write names near their anchors, each with a thin line to it.

    Parameters
    ----------
    ax : matplotlib Axes
        With its final limits and layout.
    anchors : float, shape (N, 2)
        Points in data coordinates.
    names : sequence of str
    avoid : float, shape (M, 2), optional
        More points to keep free where there is room.
    fontsize : float

    Returns
    -------
    list of LabelBox
        Where the names stand; no two overlap as long as there is room.
    """
    figure = ax.figure
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # what follows must not move the axes
    frame = ax.get_window_extent()
    points = ax.transData.transform(anchors.reshape(-1, 2))
    others = points[:0] if avoid is None else ax.transData.transform(avoid)
    taken = np.vstack(
        [_around(points, 6), np.zeros((len(points), 4))]
    )  # filled with names as they are placed
    boxes: list[LabelBox] = []
    for number, (anchor, point, name) in enumerate(zip(anchors, points, names, strict=True)):
        text = ax.text(*anchor, name, fontsize=fontsize, ha="center", va="center", zorder=5)
        size = text.get_window_extent()
        candidates = _candidates(point, (size.width, size.height), frame, figure.dpi / 72)
        covered = _covered(candidates, taken) + 1e-3 * _covered(candidates, _around(others, 4))
        box = candidates[int(covered.argmin())]  # the first, so the nearest, of equals
        taken[len(points) + number] = box
        boxes.append((float(box[0]), float(box[1]), float(box[2]), float(box[3])))
        centre = ax.transData.inverted().transform(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
        text.set_position(centre)
        text.set_bbox({"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6})
        ax.plot(*zip(anchor, centre, strict=True), color="#6b7280", linewidth=0.6, zorder=2)
    return boxes


def _candidates(point: Float64, size: tuple[float, float], frame: Any, scale: float) -> Float64:
    """Return boxes (K, 4) of a size around a point and within the frame, nearest first."""
    angles = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    radii = np.repeat(np.array(_RINGS) * scale, _DIRECTIONS)
    half = np.array(size) / 2
    x = point[0] + np.tile(np.cos(angles), len(_RINGS)) * (radii + half[0])
    y = point[1] + np.tile(np.sin(angles), len(_RINGS)) * (radii + half[1])
    boxes: Float64 = np.stack([x - half[0], y - half[1], x + half[0], y + half[1]], axis=1)
    within_x = (boxes[:, 0] >= frame.x0) & (boxes[:, 2] <= frame.x1)
    inside = within_x & (boxes[:, 1] >= frame.y0) & (boxes[:, 3] <= frame.y1)
    return np.asarray(boxes[inside] if inside.any() else boxes[:1], dtype=np.float64)


def _around(points: Float64, reach: float) -> Float64:
    return np.hstack([points - reach, points + reach])


def _covered(candidates: Float64, taken: Float64) -> Float64:
    """Return how many square pixels of other boxes each candidate covers, gaps included."""
    low = np.maximum(candidates[:, None, :2], taken[None, :, :2])
    high = np.minimum(candidates[:, None, 2:], taken[None, :, 2:])
    filled = np.any(taken != 0, axis=1, keepdims=True)  # rows of zeros are not filled yet
    sides = np.where(filled, np.maximum(high - low + _GAP, 0), 0)
    return np.asarray(sides.prod(axis=2).sum(axis=1), dtype=np.float64)
