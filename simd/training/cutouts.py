"""A foreground as samples take it: in several sizes, with a margin, and the places to cut at."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.image import UInt8
from simd.sources import Pixels
from simd.taxonomy import NO_CLASS, class_index
from simd.training.pixels import BLOCK, mark_blocks, pack

_MOST_PLACES = 4096  # of each class: more would not make crops more varied
_CLEAR = 26  # levels from 0 and from 255, a tenth: around fainter pixels there may be nothing to see


class Cutout(NamedTuple):
    """A foreground that is ready to be warped."""

    levels: tuple[UInt8, ...]  # (H + 2, W + 2, 4) RGBA in a ring of alpha 0; then of half the size, a quarter
    near: UInt8  # block by block of the full size: 1 where there is alpha above 0 in it or beside it
    class_mask: UInt8 | None  # (H, W), where it has several classes
    places: dict[int, npt.NDArray[np.int32]]  # class index to (N, 2): row and column of what is unknown

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) at the full size."""
        height, width = self.levels[0].shape[:2]
        return height - 2, width - 2


def prepare(pixels: Pixels, class_: str, levels: int) -> Cutout:
    """Make a foreground ready.

    Parameters
    ----------
    pixels : Pixels
    class_ : str
        Its class, where it has no class mask.
    levels : int
        How many sizes: each has half the sides of the one before.

    Raises
    ------
    DataError
        If its alpha is 0 everywhere, or 255 everywhere.
    """
    fg, alpha, class_mask = pixels
    candidates = _unknown(alpha)
    if not len(candidates[-1]):
        what = "there is no object" if alpha[0, 0] == 0 else "there is no background and nothing to estimate"
        raise DataError(f"its alpha is {alpha[0, 0]} everywhere: {what}")
    index = class_index(class_)
    if class_mask is not None and class_mask.min() == class_mask.max():
        index, class_mask = int(class_mask[0, 0]), None
    places: dict[int, npt.NDArray[np.int32]] = {}
    for flat in candidates:
        classes = np.full(len(flat), index, np.uint8) if class_mask is None else class_mask.ravel()[flat]
        for each in np.unique(classes).tolist():
            if each not in places and each != NO_CLASS:
                places[each] = _thinned(flat[classes == each], alpha.shape[1])
    packed = _levels(fg, alpha, levels)
    blocks = np.zeros([-(-side // BLOCK) for side in packed[0].shape[:2]], np.uint8)
    mark_blocks(packed[0], blocks)
    near = np.asarray(cv2.dilate(blocks, np.ones((3, 3), np.uint8)), dtype=np.uint8)
    return Cutout(tuple(packed), near, class_mask, places)


def _levels(fg: UInt8, alpha: UInt8, count: int) -> list[UInt8]:
    packed = []
    for number in range(count):
        if number:
            half = (max(1, alpha.shape[1] // 2), max(1, alpha.shape[0] // 2))
            fg, alpha = (
                np.asarray(cv2.resize(layer, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
                for layer in (fg, alpha)
            )
        rgba = np.empty((alpha.shape[0] + 2, alpha.shape[1] + 2, 4), np.uint8)
        pack(np.ascontiguousarray(fg), np.ascontiguousarray(alpha), rgba)
        packed.append(rgba)
    return packed


def _unknown(alpha: UInt8) -> list[npt.NDArray[np.int64]]:
    """Return the flat places to cut at, the best first.

    They are the fractional pixels that show something of both sides, then all fractional ones, then, of a
    binary alpha, those along its edge.
    """
    fractional = _between(alpha, 1, 254)
    if len(fractional):
        return [_between(alpha, _CLEAR, 255 - _CLEAR), fractional]
    edge = np.zeros(alpha.shape, np.bool_)
    edge[1:] |= alpha[1:] != alpha[:-1]
    edge[:, 1:] |= alpha[:, 1:] != alpha[:, :-1]
    return [np.flatnonzero(edge)]


def _between(alpha: UInt8, lowest: int, highest: int) -> npt.NDArray[np.int64]:
    return np.flatnonzero((alpha - np.uint8(lowest)) <= highest - lowest)  # what is below wraps around


def _thinned(flat: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.int32]:
    kept = np.linspace(0, len(flat) - 1, min(len(flat), _MOST_PLACES)).round().astype(np.int64)
    return np.stack(np.divmod(flat[kept], width), axis=1).astype(np.int32)
