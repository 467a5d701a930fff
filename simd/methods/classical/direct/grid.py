"""The unknown pixels of a picture as a numbered list, and a symmetric matrix of one stencil for each."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simd.image import Mask

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


class Grid(NamedTuple):
    """Pixels to solve for, which matrix rows reach by steps on a picture with a margin of `reach` pixels.

    A pixel's *slot* is its number, its *address* its place in the flat picture with margin.
    """

    reach: int
    width: int  # of the picture with its margins
    addresses: Int32  # by slot
    slots: Int32  # by address; -1 where nothing is solved for
    steps: Int64  # from a pixel to itself and to the half of its neighbours that come after it


class System(NamedTuple):
    """A symmetric matrix over a grid and a right-hand side."""

    grid: Grid
    rows: Float64  # (pixels, steps): the entry of each pixel and the one so many addresses further on
    rhs: Float64  # (pixels,)


def grid_of(unknown: Mask, reach: int) -> Grid:
    """Give each unknown pixel its slot, in raster order."""
    padded = with_margin(unknown, reach)
    width = unknown.shape[1] + 2 * reach
    addresses = np.flatnonzero(padded).astype(np.int32)
    slots = np.full(padded.size, -1, np.int32)
    slots[addresses] = np.arange(len(addresses), dtype=np.int32)
    offsets = [(dy, dx) for dy in range(reach + 1) for dx in range(-reach, reach + 1) if (dy, dx) >= (0, 0)]
    return Grid(reach, width, addresses, slots, np.array([dy * width + dx for dy, dx in offsets]))


def with_margin(mask: Mask, reach: int) -> Mask:
    """Return a mask with a margin of False, flat: indexed by address."""
    return np.pad(mask, reach).ravel()


def empty_system(grid: Grid) -> System:
    """Return a system of zeros."""
    return System(grid, np.zeros((len(grid.addresses), len(grid.steps))), np.zeros(len(grid.addresses)))
