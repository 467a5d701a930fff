"""A person who cuts out: knows the true matte, sees where the answer is worst, and draws there."""

from typing import Any

import cv2
import numpy as np

from simd.image import Mask, UInt8
from simd.trimap import dilated

_WIDEST = 0.04  # radius of a brush, as a share of the shorter side
_LONGEST = 10  # radii that a stroke is long
_SURE, _HIDDEN = 250, 5  # levels from which on, and up to which, something is plain to see
_STEADY = 2.0  # pixels that a hand keeps away from an edge


def box_around(alpha: UInt8) -> dict[str, Any]:
    """Return the box that a person draws around the subject, as the page sends it."""
    height, width = alpha.shape
    margin = max(2, round(0.012 * min(height, width)))
    rows, columns = (np.flatnonzero((alpha > _HIDDEN).any(axis=axis)) for axis in (1, 0))
    top, bottom = max(0, rows[0] - margin), min(height - 1, rows[-1] + margin)
    left, right = max(0, columns[0] - margin), min(width - 1, columns[-1] + margin)
    points = [[float(top), float(left)], [float(bottom), float(right)]]
    return {"tool": "subject", "kind": "box", "points": points, "radius": 0}


def next_stroke(alpha: UInt8, trimap: UInt8, truth: UInt8) -> dict[str, Any] | None:
    """Return the stroke that a person draws next, as the page sends it; None where nothing is left to see.

    Parameters
    ----------
    alpha, trimap : uint8, shape (H, W)
        As they are shown.
    truth : uint8, shape (H, W)
        What the person has in mind: where it is plainly subject or background, that is said; where it is
        soft and was taken for known, that it is not sure.
    """
    off = np.abs(alpha.astype(np.float32) - truth) / 255
    soft = (truth > _HIDDEN) & (truth < _SURE)
    wanted = {
        "select": (truth >= _SURE) & (trimap != 255),
        "erase": (truth <= _HIDDEN) & (trimap != 0),
        "fine": soft & (trimap != 128),
    }
    side = max(3, min(truth.shape) // 24) | 1
    best, chosen, at = 0.0, "", (0, 0)
    for tool, where in wanted.items():
        weight = cv2.boxFilter(np.where(where, off, 0).astype(np.float32), -1, (side, side))
        weight[~where] = 0
        place = int(weight.argmax())
        if weight.flat[place] > best:
            best, chosen, at = float(weight.flat[place]), tool, divmod(place, truth.shape[1])
    if best < 0.02:  # of the pixels around
        return None
    allowed = {"select": truth >= _SURE, "erase": truth <= _HIDDEN, "fine": dilated(soft, 6)}[chosen]
    return _stroke(chosen, at, allowed, wanted[chosen] & (off > 0.1))


def _stroke(tool: str, at: tuple[int, int], allowed: Mask, wrong: Mask) -> dict[str, Any]:
    """Return a stroke from a place along what is wrong, as wide as the edge allows."""
    depth = cv2.distanceTransform(allowed.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    widest = _WIDEST * min(allowed.shape)
    y, x = np.nonzero(wrong)
    radius = float(np.clip(depth[at] - _STEADY, 0.5, widest))
    away = np.hypot(y - at[0], x - at[1])
    near = np.flatnonzero(away <= max(8.0, _LONGEST * radius))
    for index in near[np.argsort(-away[near])][:: max(1, len(near) // 40)]:
        steps = np.linspace(0, 1, 24)
        line = np.rint(np.outer(1 - steps, at) + np.outer(steps, (y[index], x[index]))).astype(int)
        narrowest = float(depth[line[:, 0], line[:, 1]].min())
        if narrowest >= min(radius, 3.0) + 0.5 * _STEADY:
            points = [list(map(float, at)), [float(y[index]), float(x[index])]]
            width = float(np.clip(narrowest - _STEADY, 0.5, widest))
            return {"tool": tool, "kind": "brush", "points": points, "radius": round(4 * width) / 4}
    return {"tool": tool, "kind": "brush", "points": [list(map(float, at))], "radius": round(4 * radius) / 4}
