"""Large images in overlapping tiles whose results are blended, so that memory depends on the tile."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simd.errors import DataError

MIN_TILE, MIN_OVERLAP = 1024, 256
"""Pixels: the network's pyramid looks 288 pixels around, and pools over all that it sees."""

_GRID = 8  # tiles begin and end on the network's stride

Float32 = npt.NDArray[np.float32]


class Tile(NamedTuple):
    """A part of an image."""

    rows: slice
    columns: slice


def tiles(size: tuple[int, int], tile: int, overlap: int = MIN_OVERLAP) -> list[Tile]:
    """Cover an image of (H, W), multiples of 8, with tiles of at most `tile` pixels a side.

    Raises
    ------
    DataError
        If the tile or the overlap is below MIN_TILE and MIN_OVERLAP, or not a multiple of 8.
    """
    if tile < MIN_TILE or overlap < MIN_OVERLAP or tile % _GRID or overlap % _GRID:
        raise DataError(
            f"a tile of {tile} pixels with an overlap of {overlap}: both must be multiples of {_GRID}, "
            f"at least {MIN_TILE} and {MIN_OVERLAP}"
        )
    if 2 * overlap > tile:
        raise DataError(f"an overlap of {overlap} is more than half a tile of {tile} pixels")
    return [
        Tile(rows, columns)
        for rows in _spans(size[0], tile, overlap)
        for columns in _spans(size[1], tile, overlap)
    ]


def blend(
    solve: Callable[[Tile], Float32],
    covering: list[Tile],
    size: tuple[int, int],
    overlap: int = MIN_OVERLAP,
) -> Float32:
    """Solve tile by tile and blend with weights that fall linearly to 0 in the middle of the overlaps.

    The outer quarter of an overlap, where a network sees the zeros around its tile, has no weight at all.

    Parameters
    ----------
    solve : callable
        Returns float32 (h, w) of a tile.
    covering : list of Tile
        Tiles to solve; pixels that none of them covers are 0.
    size : tuple of int
        (H, W) of the image.
    overlap : int
        Pixels that neighbours share at least.

    Returns
    -------
    float32, shape (H, W)
    """
    total, weight = np.zeros(size, np.float32), np.zeros(size, np.float32)
    for tile in covering:
        rows, columns = (_ramp(span, n, overlap) for span, n in zip(tile, size, strict=True))
        weights_of_tile = rows[:, None] * columns
        total[tile] += weights_of_tile * solve(tile)
        weight[tile] += weights_of_tile
    return np.divide(total, weight, out=total, where=weight > 0)


def _spans(length: int, tile: int, overlap: int) -> list[slice]:
    if length <= tile:
        return [slice(0, length)]
    last = length - tile
    return [slice(start, start + tile) for start in (*range(0, last, tile - overlap), last)]


def _ramp(span: slice, length: int, overlap: int) -> Float32:
    """Return the weight along one side: 1, falling towards tile edges that are not the image's."""
    n = span.stop - span.start
    weight = np.ones(n, np.float32)
    margin, width = overlap // 4, overlap // 2
    rise = ((np.arange(overlap, dtype=np.float32) - margin + 0.5) / width).clip(0, 1)
    if span.start > 0:
        weight[:overlap] *= rise
    if span.stop < length:
        weight[n - overlap :] *= rise[::-1]
    return weight
