"""A simulated annotator: the strokes that somebody who knows the true mask would draw.

The rule is one for all images. A class's unknown pixels are parted into as many pieces as there are strokes
(k-means of their positions, begun at the pixel farthest from the class's border, then at the farthest ones).
In each piece a stroke begins at the pixel farthest from the border and runs, where the region is widest, to
the end that is farthest on the way, or until it is a quarter of the image's longer side long. It reaches
0.8 % of that side to each side of its line, or as far as the region has room.
"""

import cv2
import numpy as np
import numpy.typing as npt
from skimage.graph import MCP_Geometric

from simd.image import Mask, UInt8
from simd.tagging.annotation import Stroke
from simd.taxonomy import CLASSES, NO_CLASS

_LONGEST, _RADIUS = 0.25, 0.008  # of the longer side
_SAMPLE, _ROUNDS = 4000, 10


def draw_strokes(class_mask: UInt8, unknown: Mask, per_class: int = 3) -> tuple[Stroke, ...]:
    """Draw strokes of each class of a true mask, uint8 (H, W), inside its unknown pixels, bool (H, W)."""
    strokes: list[Stroke] = []
    for index in np.unique(class_mask[unknown]).tolist():
        if index != NO_CLASS:
            strokes += _strokes_in((class_mask == index) & unknown, CLASSES[index], per_class)
    return tuple(strokes)


def _strokes_in(region: Mask, class_: str, count: int) -> list[Stroke]:
    room = cv2.distanceTransform(np.pad(region.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    pixels = np.argwhere(region)
    owner = _parts(pixels, np.argwhere(room == room.max())[:1], count)
    strokes = []
    for number in np.unique(owner):
        part = np.zeros(region.shape, dtype=np.bool_)
        part[tuple(pixels[owner == number].T)] = True
        start = np.unravel_index(int((room * part).argmax()), region.shape)
        path = _path(np.where(part, 1 / np.maximum(room, 0.5), -1.0), start)
        radius = max(0.5, min(_RADIUS * max(region.shape), float(room[start]) - 1))
        points = tuple((float(y), float(x)) for y, x in path)
        strokes.append(Stroke(kind="brush", class_=class_, points=points, radius=radius))
    return strokes


def _parts(pixels: npt.NDArray[np.int64], first: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Return the number of the part of each pixel (N,), by k-means of positions."""
    sample = pixels[:: max(1, len(pixels) // _SAMPLE)]
    centres = first.astype(np.float64)
    while len(centres) < min(count, len(sample)):
        centres = np.vstack([centres, sample[_squares(sample, centres).min(axis=1).argmax()]])
    for _ in range(_ROUNDS):
        owner = _squares(sample, centres).argmin(axis=1)
        centres = np.array(
            [sample[owner == k].mean(axis=0) if (owner == k).any() else c for k, c in enumerate(centres)]
        )
    return np.asarray(_squares(pixels, centres).argmin(axis=1))


def _squares(pixels: npt.NDArray[np.int64], centres: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(((pixels[:, None] - centres[None]) ** 2).sum(axis=2))


def _path(cost: npt.NDArray[np.float64], start: tuple[np.intp, ...]) -> npt.NDArray[np.int64]:
    """Return the pixels (N, 2) of the way from a start to the end that is farthest, cut to a quarter."""
    ways = MCP_Geometric(cost)
    costs, _ = ways.find_costs([start])
    end = np.unravel_index(int(np.where(np.isfinite(costs), costs, -1).argmax()), cost.shape)
    path = np.array(ways.traceback(end), dtype=np.int64)
    travelled = np.r_[0, np.cumsum(np.hypot(*np.diff(path, axis=0).T))]
    return np.asarray(path[travelled <= _LONGEST * max(cost.shape)])
