"""Where pred and alpha are one piece: the highest threshold of each pixel's largest component, for Conn.

At every threshold, Conn asks for the largest 4-connected component of {min(pred, alpha) >= threshold}.
The sets shrink as the threshold rises, so all their components form a forest, which is built in one pass
over the rows (a max-tree; Salembier et al. 1998) instead of labelling the image ten times:

* a *node* is a run of equal level in a row, the level being the number of thresholds it reaches, 1..10;
* nodes of one level that touch are linked by `same` (union-find); a component points by `below` to
  the component of the next lower level that holds it.
"""

import numpy as np
import numpy.typing as npt

from simd.jit import compiled
from simd.metrics.region_sums import Array, Int32, UInt8

STEPS = 10
THRESHOLDS = (np.arange(STEPS + 1) / STEPS).astype(np.float32)
"""0, 0.1, ..., 1 in the single precision in which mattes are compared with them."""

_NONE = -1
_IN_255 = np.array([26, 51, 77, 102, 128, 153, 179, 204, 230, 255], np.uint8)  # reach 0.1, ..., 1


def connected_levels(pred: Array, alpha: Array, *, skip_empty: bool) -> UInt8:
    """Return 10 l of every pixel, l being the highest threshold up to which it is in the largest components.

    Parameters
    ----------
    pred, alpha : shape (H, W), both uint8, both float32 or both float64
        Contiguous and writable.
    skip_empty : bool
        At a threshold that no pixel reaches, go on as if it had not been asked, instead of ending.

    Returns
    -------
    uint8, shape (H, W)
        0..10.
    """
    levels = np.empty(pred.shape, np.uint8)
    if pred.dtype == np.uint8:
        nodes = _levels_of_uint8(pred, alpha, _IN_255, levels)
    else:
        nodes = _levels_of_float(pred, alpha, THRESHOLDS[1:], levels)
    if skip_empty and nodes == 0:
        levels.fill(STEPS)
    elif nodes > 0:
        _replace_by_connected(levels, nodes, skip_empty)
    return levels


@compiled
def _levels_of_uint8(pred: UInt8, alpha: UInt8, reached: UInt8, levels: UInt8) -> int:
    """Write the level of every pixel; return how many runs of equal level above 0 the rows have."""
    height, width = levels.shape
    table = np.zeros(256, np.uint8)
    for value in range(256):
        for threshold in reached:
            table[value] += value >= threshold
    nodes = 0
    for y in range(height):
        p, a, row = pred[y], alpha[y], levels[y]
        for x in range(width):
            row[x] = table[min(p[x], a[x])]
        nodes += _count_runs(row)
    return nodes


@compiled
def _levels_of_float(pred: Array, alpha: Array, thresholds: npt.NDArray[np.float32], levels: UInt8) -> int:
    height, width = levels.shape
    nodes = 0
    for y in range(height):
        p, a, row = pred[y], alpha[y], levels[y]
        for x in range(width):
            both = np.float32(min(p[x], a[x]))
            level = 0
            for threshold in thresholds:
                level += both >= threshold
            row[x] = level
        nodes += _count_runs(row)
    return nodes


@compiled
def _count_runs(row: UInt8) -> int:
    count = int(row[0] != 0)
    for x in range(1, len(row)):
        count += (row[x] != row[x - 1]) & (row[x] != 0)
    return count


@compiled
def _replace_by_connected(levels: UInt8, nodes: int, skip_empty: bool) -> None:
    """Turn levels into connected levels, in place."""
    start = np.empty(nodes + 1, np.int32)  # flat index of a run's first pixel
    stop = np.empty(nodes, np.int32)  # flat index after its last
    level = np.empty(nodes, np.uint8)
    same = np.empty(nodes, np.int32)
    below = np.full(nodes, _NONE, np.int32)
    size = np.empty(nodes, np.int32)  # pixels, kept at the node that stands for its component
    first = np.empty(nodes, np.int32)  # smallest index in column order
    _build_forest(levels, start, stop, level, same, below, size, first)
    stage = _follow_largest(level, same, below, size, first, skip_empty)
    flat = levels.reshape(-1)
    for n in range(nodes):
        reached = stage[same[n]]
        if reached != level[n]:
            for i in range(start[n], stop[n]):
                flat[i] = reached


@compiled
def _build_forest(
    levels: UInt8,
    start: Int32,
    stop: Int32,
    level: UInt8,
    same: Int32,
    below: Int32,
    size: Int32,
    first: Int32,
) -> None:
    height, width = levels.shape
    both = np.zeros(width + 2, np.uint8)  # level that a pixel shares with the one above it, 0 at the ends
    node_above, node = np.empty(width, np.int32), np.empty(width, np.int32)
    n = 0
    for y in range(height):
        n = _add_row(levels[y], y, height, n, node, start, stop, level, same, below, size, first)
        if y > 0:
            for x in range(width):
                both[x + 1] = min(levels[y - 1, x], levels[y, x])
            for x in range(width):
                # Beside a pair that shares as much, the row's own links already connect this pair.
                if both[x + 1] > both[x + 2] and both[x + 1] >= both[x]:
                    _connect(node_above[x], node[x], level, same, below, size, first)
        node_above, node = node, node_above


@compiled
def _add_row(
    row: UInt8,
    y: int,
    height: int,
    n: int,
    node: Int32,
    start: Int32,
    stop: Int32,
    level: UInt8,
    same: Int32,
    below: Int32,
    size: Int32,
    first: Int32,
) -> int:
    """Add the runs of a row as nodes n, n + 1, ..., linked along the row; return the next free node."""
    width = len(row)
    path = np.empty(STEPS + 1, np.int32)  # the last node and what is below it, lowest first
    depth = 0
    x = 0
    while x < width:
        value, begin = row[x], x
        x += 1
        while x < width and row[x] == value:
            x += 1
        if value == 0:
            depth = 0
            continue
        start[n], stop[n] = y * width + begin, y * width + x
        level[n], same[n], below[n], size[n], first[n] = value, n, _NONE, x - begin, begin * height + y
        for i in range(begin, x):
            node[i] = n
        higher = _NONE
        while depth > 0 and level[path[depth - 1]] > value:
            depth -= 1
            higher = path[depth]
        if depth > 0 and level[path[depth - 1]] == value:
            same[n] = path[depth - 1]
            size[same[n]] += size[n]
        else:
            if depth > 0:
                below[n] = path[depth - 1]
            if higher != _NONE:
                below[higher] = n
            path[depth] = n
            depth += 1
        n += 1
    return n


@compiled
def _find(same: Int32, n: int) -> int:
    """Return the node that stands for the component of n at the level of n."""
    while same[n] != n:
        same[n] = same[same[n]]
        n = same[n]
    return n


@compiled
def _connect(a: int, b: int, level: UInt8, same: Int32, below: Int32, size: Int32, first: Int32) -> None:
    """Note that a and b touch: merge the components that hold them, from their levels down to 1."""
    a, b = _find(same, a), _find(same, b)
    while a != b:
        if level[a] < level[b] or (level[a] == level[b] and a < b):
            a, b = b, a
        lower = below[a]
        if lower != _NONE:
            lower = _find(same, lower)
        if level[a] == level[b]:
            other = below[b]
            same[a] = b
            size[b] += size[a]
            first[b] = min(first[a], first[b])
            if lower == _NONE:
                return
            if other == _NONE:
                below[b] = lower
                return
            other = _find(same, other)
            below[b] = lower if level[lower] > level[other] else other
            a, b = lower, other
        elif lower == _NONE:
            below[a] = b
            return
        elif level[lower] >= level[b]:
            a = lower
        else:
            below[a] = b
            a, b = b, lower


@compiled
def _follow_largest(
    level: UInt8, same: Int32, below: Int32, size: Int32, first: Int32, skip_empty: bool
) -> UInt8:
    """Return, at each node that stands for a component, how far the component is connected, 0..10."""
    nodes = len(level)
    count = np.zeros(STEPS + 2, np.int32)
    for n in range(nodes):
        same[n] = same[same[n]]  # its own number or a smaller one, which is already final
        if same[n] == n:
            count[level[n] - 1] += 1
    starts = np.zeros(STEPS + 2, np.int32)  # components by falling level
    for k in range(STEPS - 1, 0, -1):
        starts[k - 1] = starts[k] + count[k]
    order = np.empty(starts[0] + count[0], np.int32)
    for n in range(nodes):
        if same[n] == n:
            order[starts[level[n] - 1]] = n
            starts[level[n] - 1] += 1
            if below[n] != _NONE:
                below[n] = same[below[n]]

    best = np.full(STEPS + 2, _NONE, np.int32)  # at each threshold, the largest component
    for n in order:  # a component is whole once all above it were added to it
        lowest = 1 if below[n] == _NONE else level[below[n]] + 1
        for k in range(lowest, level[n] + 1):
            b = best[k]
            if b == _NONE or size[n] > size[b] or (size[n] == size[b] and first[n] < first[b]):
                best[k] = n
        if below[n] != _NONE:
            size[below[n]] += size[n]
            first[below[n]] = min(first[below[n]], first[n])

    stage = np.zeros(nodes, np.uint8)
    for n in order[::-1]:
        lowest = 1
        if below[n] != _NONE:
            stage[n] = stage[below[n]]
            lowest = level[below[n]] + 1
        for k in range(lowest, level[n] + 1):
            if best[k] == n and stage[n] == k - 1:
                stage[n] = k
        if skip_empty and stage[n] > 0 and best[stage[n] + 1] == _NONE:
            stage[n] = STEPS
    return stage


_PHI_STEP = 383  # 10 value - 255 level >= 382.5 is value / 255 - l >= 0.15, in units of 1 / 2550
_THETA = np.float32(0.15)


@compiled
def sum_connectivity_of_uint8(
    pred: UInt8, alpha: UInt8, levels: UInt8, runs: Int32, sums: npt.NDArray[np.int64]
) -> None:
    """Add to each slot the sum of |phi(pred) - phi(alpha)|, exact, in units of 1 / 2550."""
    jump = np.zeros((STEPS + 1, 256), np.int64)  # 1 - phi
    for k in range(STEPS + 1):
        for value in range(256):
            if 10 * value - 255 * k >= _PHI_STEP:
                jump[k, value] = 10 * value - 255 * k
    for n in range(len(runs)):
        y, start, stop, slot = runs[n]
        p, a, level = pred[y, start:stop], alpha[y, start:stop], levels[y, start:stop]
        total = 0
        for x in range(len(p)):
            total += abs(jump[level[x], p[x]] - jump[level[x], a[x]])
        sums[slot] += total


@compiled
def sum_connectivity_of_float(
    pred: Array, alpha: Array, levels: UInt8, runs: Int32, sums: npt.NDArray[np.float64]
) -> None:
    """Add to each slot the sum of |phi(pred) - phi(alpha)|; the step at 0.15 is taken in float32."""
    for n in range(len(runs)):
        y, start, stop, slot = runs[n]
        p, a, level = pred[y, start:stop], alpha[y, start:stop], levels[y, start:stop]
        total = 0.0
        for x in range(len(p)):
            threshold, exact = THRESHOLDS[level[x]], level[x] / STEPS
            jump_p = p[x] - exact if np.float32(p[x]) - threshold >= _THETA else 0.0
            jump_a = a[x] - exact if np.float32(a[x]) - threshold >= _THETA else 0.0
            total += abs(jump_p - jump_a)
        sums[slot] += total
