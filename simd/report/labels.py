"""Names beside points of a plot that lie neither on each other nor on the points."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in pixels of the figure."""

_DIRECTIONS = 16
_RINGS = (12, 20, 30, 42, 56, 74, 96, 124, 160, 200)  # points of 1/72 inch from the anchor, nearest first
_GAP = 2.0  # pixels between boxes


def place_labels(
    ax: Any, anchors: npt.NDArray[np.float64], names: Sequence[str], *, fontsize: float = 9
) -> list[Box]:
    """Write names near their anchors, with a thin line to those that had to move away.

    Parameters
    ----------
    ax : matplotlib Axes
        With its final limits and layout.
    anchors : float, shape (N, 2)
        Points in data coordinates.
    names : sequence of str
    fontsize : float

    Returns
    -------
    list of Box
        Where the names stand; no two overlap as long as there is room.
    """
    figure = ax.figure
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # what follows must not move the axes
    frame = ax.get_window_extent()
    points = ax.transData.transform(anchors) if len(anchors) else np.zeros((0, 2))
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    boxes: list[Box] = []
    for anchor, point, name in zip(anchors, points, names, strict=True):
        text = ax.text(*anchor, name, fontsize=fontsize, ha="center", va="center", zorder=5)
        size = text.get_window_extent()
        box = _free_box(point, (size.width, size.height), taken, frame, figure.dpi / 72)
        taken.append(box)
        boxes.append(box)
        centre = ax.transData.inverted().transform(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
        text.set_position(centre)
        text.set_bbox({"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6})
        ax.plot(*zip(anchor, centre, strict=True), color="#6b7280", linewidth=0.6, zorder=2)
    return boxes


def _free_box(
    point: npt.NDArray[np.float64], size: tuple[float, float], taken: Sequence[Box], frame: Any, scale: float
) -> Box:
    """Return the nearest box of this size that touches no other, or the one that is touched least."""
    best: Box | None = None
    least = np.inf
    for radius in _RINGS:
        for step in range(_DIRECTIONS):
            angle = 2 * np.pi * step / _DIRECTIONS
            x = point[0] + np.cos(angle) * (radius * scale + size[0] / 2)
            y = point[1] + np.sin(angle) * (radius * scale + size[1] / 2)
            box = (x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2)
            if box[0] < frame.x0 or box[1] < frame.y0 or box[2] > frame.x1 or box[3] > frame.y1:
                continue
            covered = sum(_overlap(box, other) for other in taken)
            if covered < least:
                best, least = box, covered
            if not covered:
                return box
    if best is None:  # a name larger than the plot
        x, y = point
        best = (x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2)
    return best


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0]) + _GAP
    height = min(a[3], b[3]) - max(a[1], b[1]) + _GAP
    return width * height if width > 0 and height > 0 else 0.0
