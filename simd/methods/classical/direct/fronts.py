"""Multifrontal Cholesky over a dissection: every node of the tree is one dense block, factored by LAPACK.

A front holds a node's own pixels and, after them, its boundary: the pixels eliminated later that its
subtree is tied to. Its own columns, once factored, are the node's *panel* of the factor, each kept from its
diagonal on; what is left of the boundary is its *update*, which the parent adds to its own front. The
right-hand side travels as one more row of every front, so factoring solves the lower half of the system on
the way.

The matrix of a walk (a graph Laplacian, plus ties to known pixels) is factored without a subtraction: of each
diagonal only the ties to known pixels are kept, and the diagonal is what the row sums to when its turn comes.
So every number is a sum of positive ones, and right to the last digits however weak the ties are.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from simd.jit import compiled
from simd.methods.classical.direct.grid import Float64, Int32, Int64
from simd.methods.classical.direct.lapack import (
    GEMM,
    LOWER,
    NOT,
    POTRF,
    RIGHT,
    SYRK,
    TRANSPOSED,
    TRSM,
    call,
)

START, END, LEFT, RIGHT_CHILD, BOUND_AT, BOUND, PANEL_AT, UPDATE_AT = range(8)
"""Columns of the table of nodes: own pixels in the order, children, boundary, first of panel and update."""
COLUMNS = 8
Floats: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
BLOCK = 32  # columns of a walk that are eliminated one by one; what follows is a product of matrices


def panel_lengths(own: Int64, bound: Int64) -> Int64:
    """Return how many numbers the panels of nodes hold: columns from the diagonal to the right-hand side."""
    lengths: Int64 = own * (own + bound + 1) - own * (own - 1) // 2
    return lengths


@compiled
def find_boundaries(
    nodes: Int64,
    table: Int64,
    order: Int32,
    position: Int32,
    addresses: Int32,
    slots: Int32,
    steps: Int64,
    boundary: Int32,
    filled: int,
) -> Any:
    """List the boundary of each node, whose children come before it; return the list and its length.

    A list holds slots in the order of elimination; it is added to `boundary` after the first `filled`.
    """
    around = np.concatenate((steps[1:], -steps[1:]))
    seen_by = np.full(len(order), -1, np.int32)  # by position
    for node in nodes:
        start, end = table[node, START], table[node, END]
        first, longest = filled, len(around) * (end - start)
        for child in (table[node, LEFT], table[node, RIGHT_CHILD]):
            if child >= 0:
                longest += table[child, BOUND]
        if filled + longest > len(boundary):
            boundary = np.append(boundary, np.empty(len(boundary) + longest, np.int32))
        for child in (table[node, LEFT], table[node, RIGHT_CHILD]):
            if child >= 0:
                for i in range(table[child, BOUND_AT], table[child, BOUND_AT] + table[child, BOUND]):
                    at = position[boundary[i]]
                    if at >= end and seen_by[at] != node:
                        seen_by[at] = node
                        boundary[filled] = at
                        filled += 1
        for i in range(start, end):
            address = addresses[order[i]]
            for step in around:
                slot = slots[address + step]
                if slot >= 0:
                    at = position[slot]
                    if at >= end and seen_by[at] != node:
                        seen_by[at] = node
                        boundary[filled] = at
                        filled += 1
        boundary[first:filled].sort()  # positions until here; to merge the children's lists takes longer
        for i in range(first, filled):
            boundary[i] = order[boundary[i]]
        table[node, BOUND_AT], table[node, BOUND] = first, filled - first
    return boundary, filled


@compiled
def factor(
    nodes: Int64,
    table: Int64,
    order: Int32,
    position: Int32,
    boundary: Int32,
    addresses: Int32,
    slots: Int32,
    steps: Int64,
    rows: Float64,
    rhs: Float64,
    shift: float,
    is_walk: bool,
    panels: Floats,
    updates: Floats,
    panel: Floats,
    square: Floats,
    local: Int32,
    runs: Int32,
    ties: Floats,
    sizes: Int32,
    factors: Floats,
    letters: npt.NDArray[np.uint8],
    routines: Int64,
) -> int:
    """Factor the fronts of nodes whose children come before them.

    The panels go to `panels`; the precision of the arithmetic is that of the last ten arguments, which are
    room to work in and what LAPACK is called with. `shift` is added to the diagonal. Of a walk, the first
    column of `rows` is what a pixel's ties to known pixels sum to, not the diagonal.

    Returns the node at which a pivot is not positive, or -1.
    """
    for node in nodes:
        start, own, bound = table[node, START], table[node, END] - table[node, START], table[node, BOUND]
        bound_at, panel_at = table[node, BOUND_AT], table[node, PANEL_AT]
        height = own + bound + 1
        rest = bound + 1
        for i in range(own):
            local[order[start + i]] = i
        for i in range(bound):
            local[boundary[bound_at + i]] = own + i
        panel[: own * height] = 0
        for i in range(own):
            slot = order[start + i]
            address = addresses[slot]
            column = i * height
            panel[column + i] = rows[slot, 0] + shift
            panel[column + height - 1] = rhs[slot]
            for t in range(1, len(steps)):
                other = slots[address + steps[t]]
                if other >= 0 and position[other] > start + i:
                    panel[column + local[other]] = rows[slot, t]
                other = slots[address - steps[t]]
                if other >= 0 and position[other] > start + i:
                    panel[column + local[other]] = rows[other, t]
        for child in (table[node, LEFT], table[node, RIGHT_CHILD]):
            if child >= 0:
                count = _find_runs(child, table, boundary, local, height - 1, runs)
                _add_update(child, table, updates, runs, count, panel, height, 0, own)
        if own:
            sizes[0], sizes[1], sizes[2], sizes[3] = own, height, rest, 0
            columns, lines, remaining, failure = (
                sizes.ctypes.data,
                sizes[1:].ctypes.data,
                sizes[2:].ctypes.data,
                sizes[3:].ctypes.data,
            )
            lower, top, bottom = letters[LOWER:].ctypes.data, panel.ctypes.data, panel[own:].ctypes.data
            one, minus_one, zero = (
                factors.ctypes.data,
                factors[1:].ctypes.data,
                factors[2:].ctypes.data,
            )
            right, transposed, not_transposed = (
                letters[RIGHT:].ctypes.data,
                letters[TRANSPOSED:].ctypes.data,
                letters[NOT:].ctypes.data,
            )
            if is_walk:
                if not _eliminate_walk(panel, own, height, ties, sizes, factors, letters, routines):
                    return int(node)
            else:
                call(routines[POTRF], (lower, columns, top, lines, failure))
                if sizes[3] != 0:
                    return int(node)
                call(
                    routines[TRSM],
                    (
                        right,
                        lower,
                        transposed,
                        not_transposed,
                        remaining,
                        columns,
                        one,
                        top,
                        lines,
                        bottom,
                        lines,
                    ),
                )
        if bound:
            if own:
                call(
                    routines[SYRK],
                    (
                        lower,
                        not_transposed,
                        remaining,
                        columns,
                        minus_one,
                        bottom,
                        lines,
                        zero,
                        square.ctypes.data,
                        remaining,
                    ),
                )
                if is_walk:
                    for i in range(bound):
                        square[i * rest + i] = ties[own + i]
            else:
                square[: rest * rest] = 0
            for child in (table[node, LEFT], table[node, RIGHT_CHILD]):
                if child >= 0:
                    count = _find_runs(child, table, boundary, local, height - 1, runs)
                    _add_update(child, table, updates, runs, count, square, rest, own, height)
            target = table[node, UPDATE_AT]
            for j in range(bound):
                column_of_square, kept = square[j * rest + j : (j + 1) * rest], updates[target:]
                for i in range(rest - j):
                    kept[i] = column_of_square[i]
                target += rest - j
        for j in range(own):
            column_of_panel, kept = panel[j * height + j : (j + 1) * height], panels[panel_at:]
            for i in range(height - j):
                kept[i] = column_of_panel[i]
            panel_at += height - j
    return -1


@compiled
def _find_runs(child: int, table: Int64, boundary: Int32, local: Int32, last: int, runs: Int32) -> int:
    """Find where a child's boundary lies in its parent's front, in stretches; return how many.

    Run k is ``runs[2 * k]``, its first place in the child, and ``runs[2 * k + 1]``, that in the parent. The
    right-hand side comes last in both. One more run, of no length, ends the list.
    """
    length, at = table[child, BOUND], table[child, BOUND_AT]
    count, expected = 0, -1
    for i in range(length + 1):
        place = local[boundary[at + i]] if i < length else last
        if place != expected:
            runs[2 * count], runs[2 * count + 1] = i, place
            count += 1
        expected = place + 1
    runs[2 * count] = length + 1
    return count


@compiled
def _add_update(
    child: int,
    table: Int64,
    updates: Floats,
    runs: Int32,
    count: int,
    block: Floats,
    height: int,
    low: int,
    high: int,
) -> None:
    """Add those columns of a child's update that lie from `low` to `high` in its parent's front.

    `block` holds the front from `low` on, in columns of `height`.
    """
    length, source = table[child, BOUND], table[child, UPDATE_AT]
    run = 0
    for j in range(length):
        if j == runs[2 * (run + 1)]:
            run += 1
        column = runs[2 * run + 1] + j - runs[2 * run]
        if column >= high:
            break
        if column >= low:
            begin = j
            for k in range(run, count):
                end = runs[2 * (k + 1)]
                to = (column - low) * height + runs[2 * k + 1] - low + begin - runs[2 * k]
                parent = block[to : to + end - begin]  # slices, or the loop is not vectorised
                part = updates[source + begin - j : source + end - j]
                for i in range(len(part)):
                    parent[i] += part[i]
                begin = end
        source += length + 1 - j


@compiled
def _eliminate_walk(
    panel: Floats,
    own: int,
    height: int,
    ties: Floats,
    sizes: Int32,
    factors: Floats,
    letters: npt.NDArray[np.uint8],
    routines: Int64,
) -> bool:
    """Eliminate a front's own pixels; leave what the ties of the others to known pixels grow by in `ties`.

    Returns whether every pixel was tied to anything.
    """
    last = height - 1  # the right-hand side, which is no pixel
    for i in range(own):
        ties[i] = panel[i * height + i]
    ties[own:last] = 0
    for first in range(0, own, BLOCK):
        end = min(first + BLOCK, own)
        for k in range(first, end):
            below = panel[k * height + k + 1 : (k + 1) * height]
            tied = below[: last - k - 1]  # all but the right-hand side
            ties_below = ties[k + 1 : last]
            total = ties[k]
            for i in range(len(tied)):
                total -= tied[i]
            if not total > 0:
                return False
            root = np.sqrt(total)
            panel[k * height + k] = root
            for i in range(len(below)):
                below[i] /= root
            share = ties[k] / root
            for i in range(len(tied)):
                ties_below[i] -= tied[i] * share
            for j in range(k + 1, end):
                factor = below[j - k - 1]
                column = panel[j * height + j + 1 : (j + 1) * height]
                source = below[j - k :]
                for i in range(len(column)):
                    column[i] -= factor * source[i]
        if end < own:
            sizes[0], sizes[1], sizes[2], sizes[3] = height - end, own - end, end - first, height
            rows_below = panel[first * height + end :].ctypes.data
            call(
                routines[GEMM],
                (
                    letters[NOT:].ctypes.data,
                    letters[TRANSPOSED:].ctypes.data,
                    sizes.ctypes.data,
                    sizes[1:].ctypes.data,
                    sizes[2:].ctypes.data,
                    factors[1:].ctypes.data,
                    rows_below,
                    sizes[3:].ctypes.data,
                    rows_below,
                    sizes[3:].ctypes.data,
                    factors.ctypes.data,
                    panel[end * height + end :].ctypes.data,
                    sizes[3:].ctypes.data,
                ),
            )
    sizes[0], sizes[1], sizes[2], sizes[3] = own, height, height - own, 0
    return True
