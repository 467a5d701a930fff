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

from typing import Any

import numpy as np
import numpy.typing as npt

from simd.jit import compiled
from simd.methods.classical.direct.grid import Float64, Int32, Int64
from simd.methods.classical.direct.lapack import (
    DGEMM,
    DPOTRF,
    DSYRK,
    DTRSM,
    LOWER,
    NOT,
    RIGHT,
    TRANSPOSED,
    call,
)

START, END, LEFT, RIGHT_CHILD, BOUND_AT, BOUND, PANEL_AT, UPDATE_AT = range(8)
"""Columns of the table of nodes: own pixels in the order, children, boundary, first of panel and update."""
COLUMNS = 8
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
    panels: Float64,
    single: npt.NDArray[np.float32],
    updates: Float64,
    panel: Float64,
    square: Float64,
    local: Int32,
    targets: Int32,
    ties: Float64,
    sizes: Int32,
    factors: Float64,
    letters: npt.NDArray[np.uint8],
    routines: Int64,
) -> int:
    """Factor the fronts of nodes whose children come before them.

    The panels go to `panels`, or rounded to `single` if that has any length. The last ten arguments are
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
                length = table[child, BOUND]
                for i in range(length):
                    targets[i] = local[boundary[table[child, BOUND_AT] + i]]
                targets[length] = height - 1
                source = table[child, UPDATE_AT]
                for j in range(length):
                    if targets[j] >= own:
                        break
                    column = targets[j] * height
                    for i in range(j, length + 1):
                        panel[column + targets[i]] += updates[source + i - j]
                    source += length + 1 - j
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
                call(routines[DPOTRF], (lower, columns, top, lines, failure))
                if sizes[3] != 0:
                    return int(node)
                call(
                    routines[DTRSM],
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
                    routines[DSYRK],
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
                    length = table[child, BOUND]
                    for i in range(length):
                        targets[i] = local[boundary[table[child, BOUND_AT] + i]] - own
                    targets[length] = bound
                    source = table[child, UPDATE_AT]
                    for j in range(length):
                        if targets[j] >= 0:
                            column = targets[j] * rest
                            for i in range(j, length + 1):
                                square[column + targets[i]] += updates[source + i - j]
                        source += length + 1 - j
            target = table[node, UPDATE_AT]
            for j in range(bound):
                for i in range(j, rest):
                    updates[target + i - j] = square[j * rest + i]
                target += rest - j
        for j in range(own):
            first = j * height + j
            if len(single) == 0:
                for i in range(height - j):
                    panels[panel_at + i] = panel[first + i]
            else:
                for i in range(height - j):
                    single[panel_at + i] = panel[first + i]
            panel_at += height - j
    return -1


@compiled
def _eliminate_walk(
    panel: Float64,
    own: int,
    height: int,
    ties: Float64,
    sizes: Int32,
    factors: Float64,
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
            column = panel[k * height : (k + 1) * height]
            total = ties[k]
            for i in range(k + 1, last):
                total -= column[i]
            if not total > 0:
                return False
            root = np.sqrt(total)
            column[k] = root
            for i in range(k + 1, height):
                column[i] /= root
            share = ties[k] / root
            for i in range(k + 1, last):
                ties[i] -= column[i] * share
            for j in range(k + 1, end):
                factor = column[j]
                for i in range(j + 1, height):
                    panel[j * height + i] -= factor * column[i]
        if end < own:
            sizes[0], sizes[1], sizes[2], sizes[3] = height - end, own - end, end - first, height
            rows_below = panel[first * height + end :].ctypes.data
            call(
                routines[DGEMM],
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
