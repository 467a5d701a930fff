"""The tree of a dissection whose pixels come and go: its cuts stay, and a leaf that grows too large is cut.

A cut is a line across the whole picture, so that every pixel has its node, whether or not it is solved
for: from the root down, the first whose lines hold it, or the leaf at the end. Pixels that stay keep
their order. So a front is still the same if nothing changed at its pixels, at their neighbours, or
further down.
"""

from typing import Any

import numpy as np

from simd.image import Mask
from simd.jit import compiled
from simd.methods.classical.direct.dissection import LEAF, dissect, dissect_pixels
from simd.methods.classical.direct.fronts import COLUMNS, END, LEFT, RIGHT_CHILD, START
from simd.methods.classical.direct.grid import Grid, Int32, Int64

LARGEST_LEAF = 2 * LEAF  # a leaf of more pixels is cut


class GrowingTree:
    """Nodes, numbered as they came to be, and the order of elimination.

    ``table`` is that of :mod:`~simd.methods.classical.direct.fronts`; it and the other arrays of nodes have
    room for more than ``count``. ``node_of`` goes by slot.
    """

    def __init__(self, grid: Grid) -> None:
        tree = dissect(grid)
        self.grid = grid
        self.count = len(tree.start)
        self.table: Int64 = np.zeros((self.count, COLUMNS), np.int64)
        self.table[:, LEFT], self.table[:, RIGHT_CHILD] = tree.left, tree.right
        self.cut: Int64 = tree.cut
        self.across: Mask = tree.across
        self.parent: Int64 = np.full(self.count, -1)
        for side in (LEFT, RIGHT_CHILD):
            children = self.table[:, side]
            self.parent[children[children >= 0]] = np.flatnonzero(children >= 0)
        self.root = self.count - 1
        self.node_of: Int32 = np.empty(len(grid.addresses), np.int32)
        self.node_of[tree.order] = np.repeat(
            np.arange(self.count, dtype=np.int32), np.asarray(tree.end - tree.start)
        )
        self._arrange(tree.order)

    def change(self, grid: Grid, added: Int32, gone: Int32) -> Mask:
        """Put slots of a grid into the tree, take others out; return which nodes gained or lost any."""
        self.grid = grid
        if len(grid.addresses) > len(self.node_of):
            self.node_of = np.resize(self.node_of, len(grid.addresses))
        self._make_room(len(added))
        known = self.count
        self.count = _place(
            added,
            grid.addresses,
            grid.width,
            grid.reach,
            self.table,
            self.cut,
            self.across,
            self.parent,
            self.root,
            self.node_of,
            self.count,
        )
        stays = np.ones(len(grid.addresses), bool)
        stays[gone] = False
        slots = np.concatenate([self.order[stays[self.order]], added])
        changed = np.zeros(self.count, bool)
        changed[self.node_of[gone]] = True
        changed[self.node_of[added]] = True
        changed[known:] = True
        sizes = np.bincount(self.node_of[slots], minlength=self.count)
        full = changed & (self.cut[: self.count] < 0) & (sizes > LARGEST_LEAF)
        if full.any():
            self._cut_leaves(np.flatnonzero(full), slots[full[self.node_of[slots]]])
            changed = np.append(changed, np.ones(self.count - len(changed), bool))
        self._arrange(slots)
        return changed

    def _cut_leaves(self, leaves: Int64, slots: Int32) -> None:
        """Cut leaves anew, given the slots of them all."""
        slots = slots[np.argsort(self.node_of[slots], kind="stable")]
        first = np.searchsorted(self.node_of[slots], np.append(leaves, self.count))
        self._make_room(2 * len(slots))
        self.count = _graft(
            leaves,
            first,
            slots,
            self.grid.addresses,
            self.grid.width,
            self.grid.reach,
            self.table,
            self.cut,
            self.across,
            self.parent,
            self.node_of,
            self.count,
        )

    def _make_room(self, nodes: int) -> None:
        more = self.count + nodes - len(self.table)
        if more > 0:
            self.table = np.concatenate([self.table, np.zeros((more, COLUMNS), np.int64)])
            self.cut, self.parent = (
                np.concatenate([values, np.full(more, -1)]) for values in (self.cut, self.parent)
            )
            self.across = np.concatenate([self.across, np.zeros(more, bool)])

    def _arrange(self, slots: Int32) -> None:
        """Put slots into the order of elimination; within a node they stay as they are."""
        self.sequence = _sequence(self.table, self.root, self.count)
        self.order, self.position = _arranged(slots, self.node_of, self.sequence, self.table, self.count)


@compiled
def with_ancestors(nodes: Mask, parent: Int64) -> None:
    """Add to a set of nodes all that are above them."""
    for start in range(len(nodes)):
        if nodes[start]:
            node = parent[start]
            while node >= 0 and not nodes[node]:
                nodes[node] = True
                node = parent[node]


@compiled
def _place(
    added: Int32,
    addresses: Int32,
    width: int,
    reach: int,
    table: Int64,
    cut: Int64,
    across: Mask,
    parent: Int64,
    root: int,
    node_of: Int32,
    count: int,
) -> Any:
    """Find each slot's node, and make a leaf where there is none; return the number of nodes."""
    for slot in added:
        y, x = addresses[slot] // width, addresses[slot] % width
        node = root
        while cut[node] >= 0:
            line = y if across[node] else x
            if cut[node] <= line < cut[node] + reach:
                break
            side = LEFT if line < cut[node] else RIGHT_CHILD
            if table[node, side] < 0:
                table[node, side] = count
                table[count, LEFT] = table[count, RIGHT_CHILD] = cut[count] = -1
                parent[count] = node
                count += 1
            node = table[node, side]
        node_of[slot] = node
    return count


@compiled
def _graft(
    leaves: Int64,
    first: Int64,
    slots: Int32,
    addresses: Int32,
    width: int,
    reach: int,
    table: Int64,
    cut: Int64,
    across: Mask,
    parent: Int64,
    node_of: Int32,
    count: int,
) -> Any:
    """Put a dissection in the place of each leaf, whose slots are a stretch; return the number of nodes."""
    for k in range(len(leaves)):
        within = slots[first[k] : first[k + 1]]
        places = addresses[within]
        y, x = (places // width).astype(np.int32), (places % width).astype(np.int32)
        order, start, end, left, right, cuts, rows = dissect_pixels(y, x, reach, LEAF)
        top = len(start) - 1
        for node in range(top + 1):
            number = leaves[k] if node == top else count + node
            cut[number], across[number] = cuts[node], rows[node]
            table[number, LEFT] = table[number, RIGHT_CHILD] = -1
            if left[node] >= 0:
                table[number, LEFT] = count + left[node]
                parent[count + left[node]] = number
            if right[node] >= 0:
                table[number, RIGHT_CHILD] = count + right[node]
                parent[count + right[node]] = number
            for i in range(start[node], end[node]):
                node_of[within[order[i]]] = number
        count += top
    return count


@compiled
def _sequence(table: Int64, root: int, count: int) -> Int64:
    """Return the nodes, children before their parent."""
    sequence = np.empty(count, np.int64)
    stack = [root]
    at = count
    while len(stack) > 0:
        node = stack.pop()
        at -= 1
        sequence[at] = node
        if table[node, LEFT] >= 0:
            stack.append(table[node, LEFT])
        if table[node, RIGHT_CHILD] >= 0:
            stack.append(table[node, RIGHT_CHILD])
    return sequence


@compiled
def _arranged(slots: Int32, node_of: Int32, sequence: Int64, table: Int64, count: int) -> Any:
    """Sort slots by their node, and tell each node where its own are; return the order and its inverse."""
    sizes = np.zeros(count, np.int64)
    for slot in slots:
        sizes[node_of[slot]] += 1
    at = 0
    for node in sequence:
        table[node, START] = table[node, END] = at
        at += sizes[node]
    order = np.empty(len(slots), np.int32)
    position = np.full(len(node_of), -1, np.int32)
    for slot in slots:
        node = node_of[slot]
        order[table[node, END]] = slot
        position[slot] = table[node, END]
        table[node, END] += 1
    return order, position
