"""Nested dissection of a set of pixels by straight cuts: the order of elimination, and its tree.

Pixels of two sides of a cut share no entry of the matrix once the lines of the cut are taken out, since a row
reaches no further than `reach` pixels. So the sides are eliminated first, each cut again in the same way, and
the cut last; what an elimination fills in stays within small dense blocks.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simd.jit import compiled
from simd.methods.classical.direct.grid import Grid, Int32, Int64

LEAF = 40  # pixels that are not cut any more: dense blocks of this size are as fast as LAPACK gets


class Tree(NamedTuple):
    """Nodes in the order of elimination, children before their parent.

    Node k eliminates the pixels ``order[start[k]:end[k]]``.
    """

    order: Int32  # slot of the pixel at each position
    start: Int64
    end: Int64
    left: Int64  # child, or -1
    right: Int64
    cut: Int64  # first line of the cut, or -1 at a leaf
    across: npt.NDArray[np.bool_]  # the lines are rows (of equal y), not columns


def dissect(grid: Grid, leaf: int = LEAF) -> Tree:
    """Cut the pixels of a grid into a tree with at most `leaf` pixels at each of its ends."""
    y, x = np.divmod(grid.addresses, np.int32(grid.width))
    return Tree(*dissect_pixels(y, x, grid.reach, leaf))


@compiled
def dissect_pixels(y: Int32, x: Int32, reach: int, leaf: int) -> Any:
    """Return the fields of the :class:`Tree` of the pixels at these places."""
    count = len(y)
    order = np.arange(count).astype(np.int32)
    ys, xs = y.copy(), x.copy()  # in the order, too: read one after the other
    spare = np.empty((3, count), np.int32)
    capacity = 2 * count + 1  # each cut has pixels on both sides; what is not used takes no memory
    bounds = np.empty((capacity, 3), np.int64)  # first pixel, first of the cut, end
    children = np.empty((capacity, 2), np.int64)
    cuts = np.empty(capacity, np.int64)
    across = np.empty(capacity, np.bool_)
    longest = 0
    for i in range(count):
        longest = max(longest, y[i], x[i])
    histogram = np.zeros(longest + 2, np.int64)
    # A node is numbered when it is taken from the stack, before its right and then its left side: read
    # backwards, that is left, right, node.
    stack = [(0, count, -1, 0)]  # first, end, parent, side
    nodes = 0
    while len(stack) > 0:
        first, end, parent, side = stack.pop()
        node = nodes
        nodes += 1
        if parent >= 0:
            children[parent, side] = node
        children[node, 0] = children[node, 1] = cuts[node] = -1
        across[node] = False
        bounds[node, 0], bounds[node, 1], bounds[node, 2] = first, first, end
        size = end - first
        if size <= leaf:
            continue
        rows, rows_cut, rows_size = _best_cut(ys[first:end], reach, histogram)
        columns, columns_cut, columns_size = _best_cut(xs[first:end], reach, histogram)
        if not rows and not columns:
            continue
        use_rows = rows and (not columns or rows_size <= columns_size)
        line = rows_cut if use_rows else columns_cut
        spare[0, :size] = order[first:end]
        spare[1, :size] = ys[first:end]
        spare[2, :size] = xs[first:end]
        values = spare[1, :size] if use_rows else spare[2, :size]
        before = after = 0
        for value in values:
            before += value < line
            after += value >= line + reach
        at, at_after, at_cut = first, first + before, first + before + after
        for i in range(size):
            value = values[i]
            if value < line:
                to = at
                at += 1
            elif value >= line + reach:
                to = at_after
                at_after += 1
            else:
                to = at_cut
                at_cut += 1
            order[to], ys[to], xs[to] = spare[0, i], spare[1, i], spare[2, i]
        bounds[node, 1] = first + before + after
        cuts[node], across[node] = line, use_rows
        if before:
            stack.append((first, first + before, node, 0))
        if after:
            stack.append((first + before, first + before + after, node, 1))
    start, stop = bounds[:nodes, 1][::-1].copy(), bounds[:nodes, 2][::-1].copy()
    left = np.full(nodes, -1)
    right = np.full(nodes, -1)
    for node in range(nodes):
        if children[node, 0] >= 0:
            left[nodes - 1 - node] = nodes - 1 - children[node, 0]
        if children[node, 1] >= 0:
            right[nodes - 1 - node] = nodes - 1 - children[node, 1]
    return order, start, stop, left, right, cuts[:nodes][::-1].copy(), across[:nodes][::-1].copy()


@compiled
def _best_cut(values: Int32, reach: int, histogram: Int64) -> tuple[bool, int, int]:
    """Return whether there is a cut, its first line, and its pixels: the fewest near the median."""
    size = len(values)
    low = high = values[0]
    for value in values:
        low, high = min(low, value), max(high, value)
    lines = high - low + 1
    if lines <= 2 * reach:
        return False, 0, 0
    histogram[:lines] = 0
    run, last = 0, low
    for value in values:  # rows come sorted: counted in runs, a count need not wait for the one before
        if value != last:
            histogram[last - low] += run
            run, last = 0, value
        run += 1
    histogram[last - low] += run
    best, best_pixels = -1, size + 1
    evenest, evenest_smaller, evenest_pixels = 0, -1, 0
    before = 0
    for line in range(lines - reach + 1):
        pixels = 0
        for i in range(line, line + reach):
            pixels += histogram[i]
        smaller = min(before, size - before - pixels)
        if 4 * smaller >= size and pixels < best_pixels:
            best, best_pixels = line, pixels
        if smaller > evenest_smaller:
            evenest, evenest_smaller, evenest_pixels = line, smaller, pixels
        before += histogram[line]
    if best < 0:
        best, best_pixels = evenest, evenest_pixels
    return best_pixels < size, best + low, best_pixels
