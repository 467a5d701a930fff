"""A factor that is kept: where pixels change, only the fronts on their way to the root are renewed.

What a front leaves for its parent is kept as well, so that a renewed parent takes it from the child that
did not change. The result is that of a factor made anew in the same order: nothing is held, and nothing
adds up.
"""

from collections.abc import Callable

import numpy as np

from simd.image import Mask
from simd.jit import compiled, compiled_with_free_sums
from simd.methods.classical.direct.arena import Arena
from simd.methods.classical.direct.fronts import (
    BOUND,
    BOUND_AT,
    END,
    LEFT,
    PANEL_AT,
    RIGHT_CHILD,
    START,
    UPDATE_AT,
    factor,
    find_boundaries,
    panel_lengths,
)
from simd.methods.classical.direct.grid import Float64, Int32, Int64, System
from simd.methods.classical.direct.growing_tree import GrowingTree, with_ancestors
from simd.methods.classical.direct.lapack import LETTERS, one_blas_thread, routines

TOLERANCE = 1e-7  # a front's pixels are left alone while those they hang on have moved by no more
LARGEST_RESIDUAL = 1e-5  # |A x - b| / |b|
_GROWTH = 1.25  # of the room for pixels


class KeptFactor:
    """The Cholesky factor of a system over a grid, and its solution, renewed as pixels change.

    ``system`` has room for more pixels than are solved for; ``x`` goes by slot.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.x: Float64 = np.zeros(len(system.rhs))
        self._tree = GrowingTree(system.grid)
        self._free: Int32 = np.empty(0, np.int32)  # slots
        self._panels, self._updates = Arena(), Arena()
        self._sizes: Int64 = np.zeros((self._tree.count, 2), np.int64)  # of each node's panel and update
        self._boundary: Int32 = np.empty(8 * len(system.rhs), np.int32)
        self._used: Float64 = np.empty(len(self._boundary))  # x of a boundary when its front last was solved
        self._filled = 0
        self.renewed = self._renew(np.ones(self._tree.count, bool))

    @property
    def slots(self) -> Int32:
        """The slots of the pixels that are solved for."""
        order: Int32 = self._tree.order
        return order

    @property
    def nbytes(self) -> int:
        """Memory of all the arrays."""
        tree, grid, system = self._tree, self.system.grid, self.system
        arrays = (
            *(self._panels.numbers, self._updates.numbers, self._boundary, self._used, self.x),
            *(tree.table, tree.order, tree.position, tree.node_of, grid.slots, grid.addresses),
            *(system.rows, system.rhs),
        )
        return sum(array.nbytes for array in arrays)

    def change(self, changed: Int32, unknown: Mask, assemble: Callable[[System], None]) -> None:
        """Solve again after a change at some addresses.

        Parameters
        ----------
        changed : shape (n,)
            Addresses whose pixels are another than before; each once.
        unknown : shape (n,)
            Whether they are solved for from now on.
        assemble : callable
            Sets anew the equations within reach of `changed`.

        Raises
        ------
        numpy.linalg.LinAlgError
            If a pivot is not positive or the residual is above 1e-5 of the right-hand side: then no more can
            be done with this factor.
        """
        slots = self.system.grid.slots
        solved = slots[changed] >= 0
        leaving = changed[solved & ~unknown]
        gone = slots[leaving]
        added = self._take_slots(changed[~solved & unknown])
        slots[leaving] = -1
        touched = self._tree.change(self.system.grid, added, gone)
        self._free = np.concatenate([self._free, gone])
        assemble(self.system)
        grid = self.system.grid
        _touch_neighbours(changed, grid.slots, self._tree.node_of, grid.width, grid.reach, touched)
        with_ancestors(touched, self._tree.parent)
        self.renewed = self._renew(touched)

    def residual(self) -> float:
        """Return |A x - b|, of |b| or of 1 where that is smaller."""
        grid, rows, rhs = self.system.grid, self.system.rows, self.system.rhs
        rest = _rest(self.slots, grid.addresses, grid.slots, grid.steps, rows, rhs, self.x)
        return float(np.linalg.norm(rest)) / max(1.0, float(np.linalg.norm(rhs[self.slots])))

    def _take_slots(self, addresses: Int32) -> Int32:
        """Give new pixels free slots, those of pixels that are gone first."""
        grid, rows, rhs = self.system
        missing = len(addresses) - len(self._free)
        if missing > 0:
            old = len(rhs)
            more = missing + int((_GROWTH - 1) * old)
            grid = grid._replace(addresses=np.append(grid.addresses, np.zeros(more, np.int32)))
            self.system = System(
                grid, np.concatenate([rows, np.zeros((more, rows.shape[1]))]), np.append(rhs, np.zeros(more))
            )
            self.x = np.append(self.x, np.zeros(more))
            self._free = np.append(self._free, np.arange(old, old + more, dtype=np.int32))
        added, self._free = self._free[: len(addresses)], self._free[len(addresses) :]
        grid.addresses[added] = addresses
        grid.slots[addresses] = added
        return added

    def _renew(self, touched: Mask) -> int:
        """Factor and solve anew the nodes touched, which hold all their ancestors; return how many."""
        tree, table, (grid, rows, rhs) = self._tree, self._tree.table, self.system
        nodes = tree.sequence[touched[tree.sequence]]
        if not len(nodes):
            return 0
        self._find_boundaries(nodes)
        own, bound = table[nodes, END] - table[nodes, START], table[nodes, BOUND]
        heights = own + bound + 1
        self._place(nodes, panel_lengths(own, bound), np.where(bound > 0, (bound + 1) * (bound + 2) // 2, 0))
        children = np.concatenate([table[nodes, LEFT], table[nodes, RIGHT_CHILD]])
        highest = int(max(heights.max(), table[children[children >= 0], BOUND].max(initial=0) + 1))
        with one_blas_thread():
            bad = factor(
                nodes,
                table,
                tree.order,
                tree.position,
                self._boundary,
                grid.addresses,
                grid.slots,
                grid.steps,
                rows,
                rhs,
                0.0,
                False,
                self._panels.numbers,
                self._updates.numbers,
                np.empty(int((own * heights).max())),
                np.empty((int(bound.max()) + 1) ** 2),
                np.empty(len(rhs), np.int32),
                np.empty(2 * highest + 2, np.int32),
                np.empty(highest),
                np.empty(4, np.int32),
                np.array([1.0, -1.0, 0.0]),
                LETTERS,
                routines(),
            )
        if bad >= 0:
            raise np.linalg.LinAlgError("the matrix is not positive definite")
        everything = table[: tree.count]
        _backward(
            tree.sequence,
            touched,
            tree.parent,
            table,
            tree.order,
            self._boundary,
            self._used,
            self._panels.numbers,
            self.x,
            np.empty(int((everything[:, END] - everything[:, START] + everything[:, BOUND]).max()) + 1),
            TOLERANCE,
        )
        if not self.residual() <= LARGEST_RESIDUAL:
            raise np.linalg.LinAlgError("the residual is too large")
        return len(nodes)

    def _find_boundaries(self, nodes: Int64) -> None:
        tree, table, grid = self._tree, self._tree.table, self.system.grid
        self._boundary, self._filled = find_boundaries(
            nodes,
            table,
            tree.order,
            tree.position,
            grid.addresses,
            grid.slots,
            grid.steps,
            self._boundary,
            self._filled,
        )
        if len(self._used) < len(self._boundary):
            self._used = np.append(self._used, np.empty(len(self._boundary) - len(self._used)))
        lengths = table[tree.sequence, BOUND]
        if self._filled > 2 * int(lengths.sum()) + 1000:  # more than half of it is of fronts renewed since
            ends = np.cumsum(lengths)
            kept = np.arange(int(ends[-1])) + np.repeat(
                table[tree.sequence, BOUND_AT] - ends + lengths, lengths
            )
            self._boundary, self._used = self._boundary[kept], self._used[kept]
            self._filled = len(kept)
            table[tree.sequence, BOUND_AT] = ends - lengths

    def _place(self, nodes: Int64, panels: Int64, updates: Int64) -> None:
        """Give the nodes' old places back and take new ones."""
        more = self._tree.count - len(self._sizes)
        if more > 0:
            self._sizes = np.concatenate([self._sizes, np.zeros((more, 2), np.int64)])
        kept = ((self._panels, PANEL_AT, panels), (self._updates, UPDATE_AT, updates))
        for kind, (arena, column, lengths) in enumerate(kept):
            arena.give_back(self._tree.table[nodes, column], self._sizes[nodes, kind])
            self._tree.table[nodes, column] = arena.take(lengths)
            self._sizes[nodes, kind] = lengths


@compiled
def _touch_neighbours(
    changed: Int32, slots: Int32, node_of: Int32, width: int, reach: int, touched: Mask
) -> None:
    """Mark the nodes of the pixels within reach."""
    for address in changed:
        for step_y in range(-reach, reach + 1):
            for step_x in range(-reach, reach + 1):
                slot = slots[address + step_y * width + step_x]
                if slot >= 0:
                    touched[node_of[slot]] = True


@compiled_with_free_sums
def _backward(
    sequence: Int64,
    touched: Mask,
    parent: Int64,
    table: Int64,
    order: Int32,
    boundary: Int32,
    used: Float64,
    panels: Float64,
    values: Float64,
    front: Float64,
    tolerance: float,
) -> None:
    """Solve the upper half of the system for the nodes touched, and those below whose boundary has moved."""
    solved = np.zeros(len(parent), np.bool_)
    for node in sequence[::-1]:
        start, own, bound = table[node, START], table[node, END] - table[node, START], table[node, BOUND]
        bound_at = table[node, BOUND_AT]
        moved = touched[node]
        if not moved and solved[parent[node]]:
            for i in range(bound):
                if not abs(values[boundary[bound_at + i]] - used[bound_at + i]) <= tolerance:
                    moved = True
                    break
        if not moved:
            continue
        solved[node] = True
        for i in range(bound):
            front[own + i] = used[bound_at + i] = values[boundary[bound_at + i]]
        height = own + bound + 1
        first = table[node, PANEL_AT] + own * height - own * (own - 1) // 2
        for j in range(own - 1, -1, -1):
            length = height - j
            first -= length
            column, below = panels[first + 1 : first + length - 1], front[j + 1 : own + bound]
            total = 0.0
            for i in range(len(column)):  # slices, or the loop is not vectorised
                total += column[i] * below[i]
            front[j] = (panels[first + length - 1] - total) / panels[first]
            values[order[start + j]] = front[j]


@compiled
def _rest(
    order: Int32, addresses: Int32, slots: Int32, steps: Int64, rows: Float64, rhs: Float64, x: Float64
) -> Float64:
    """Return A x - b by slot, 0 where nothing is solved for."""
    rest = np.zeros(len(x))
    for slot in order:
        address = addresses[slot]
        total = rows[slot, 0] * x[slot] - rhs[slot]
        for t in range(1, len(steps)):
            other = slots[address + steps[t]]
            if other >= 0:
                total += rows[slot, t] * x[other]
                rest[other] += rows[slot, t] * x[slot]
        rest[slot] += total
    return rest
