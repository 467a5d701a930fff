"""The plan of a factor: the tree of its fronts, where each part is kept, and in which turn they are made."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import numpy as np

from simd.methods.classical.direct.dissection import dissect
from simd.methods.classical.direct.fronts import (
    BOUND,
    COLUMNS,
    END,
    LEFT,
    PANEL_AT,
    RIGHT_CHILD,
    START,
    UPDATE_AT,
    find_boundaries,
    panel_lengths,
)
from simd.methods.classical.direct.grid import Grid, Int64

_PIECES_A_THREAD = 4
Run = Callable[[Int64], bool]
"""What is done with some nodes, in their order; False if it failed."""


class Plan:
    """What is known of the factor before any number: its tree, its sizes, where each part is kept."""

    def __init__(self, grid: Grid, threads: int = 1) -> None:
        tree = dissect(grid)
        self.order = tree.order
        self.position = np.empty_like(tree.order)
        self.position[tree.order] = np.arange(len(tree.order), dtype=np.int32)
        self.table = np.zeros((len(tree.start), COLUMNS), np.int64)
        self.table[:, START], self.table[:, END] = tree.start, tree.end
        self.table[:, LEFT], self.table[:, RIGHT_CHILD] = tree.left, tree.right
        self.all = np.arange(len(self.table))
        room = np.empty(8 * len(tree.order), np.int32)
        self.boundary, _ = find_boundaries(
            self.all, self.table, tree.order, self.position, grid.addresses, grid.slots, grid.steps, room, 0
        )
        own, bound = tree.end - tree.start, self.table[:, BOUND]
        heights = own + bound + 1
        self.highest = int(heights.max())
        lengths = panel_lengths(own, bound)
        self.numbers = int(lengths.sum())
        self.table[:, PANEL_AT] = np.cumsum(lengths) - lengths
        self.pieces, self.top = _pieces(self.table, threads)
        self.updates = self._place_updates()

    def up(self, run: Run, threads: int) -> bool:
        """Run all nodes, children before their parent; return whether each said so."""
        if threads == 1:
            return run(self.all)
        parents = {child: node for node in self.top.tolist() for child in self._children(node)}
        waiting = {node: len(self._children(node)) for node in self.top.tolist()}

        def after(node: int) -> list[int]:
            parent = parents.get(node, -1)
            if parent < 0:
                return []
            waiting[parent] -= 1
            return [] if waiting[parent] else [parent]

        return _run_parts(run, self._parts(), [int(piece[-1]) for piece in self.pieces], after, threads)

    def down(self, run: Run, threads: int) -> bool:
        """Run all nodes, each after its parent."""
        if threads == 1:
            return run(self.all)
        top = set(self.top.tolist())
        root = len(self.table) - 1
        return _run_parts(
            run,
            self._parts(),
            [root],
            lambda node: self._children(node) if node in top else [],
            threads,
        )

    def _parts(self) -> dict[int, Int64]:
        """Return the pieces, and each node above them alone, by their last node."""
        return {int(piece[-1]): piece for piece in [*self.pieces, *self.top[:, None]]}

    def _children(self, node: int) -> list[int]:
        """Return the one or two children of a node, none of a leaf."""
        return [child for child in self.table[node, [LEFT, RIGHT_CHILD]].tolist() if child >= 0]

    def _place_updates(self) -> int:
        """Give each update a place, a first child's where there is one; return the numbers in all."""
        bound = self.table[:, BOUND]
        sizes = ((bound + 1) * (bound + 2) // 2).tolist()
        children = np.where(
            self.table[:, LEFT] >= 0, self.table[:, LEFT], self.table[:, RIGHT_CHILD]
        ).tolist()
        places, peak = [0] * len(sizes), 0
        for piece in [*self.pieces, self.top]:
            free = peak
            for node in piece.tolist():
                child = children[node]
                in_piece = child >= piece[0] and piece is not self.top
                places[node] = free = places[child] if in_piece else free
                free += sizes[node]
                peak = max(peak, free)
        self.table[:, UPDATE_AT] = places
        return peak


def _pieces(table: Int64, threads: int) -> tuple[list[Int64], Int64]:
    """Cut the tree into subtrees of similar work; return their nodes, and those above them."""
    nodes = len(table)
    if threads == 1:
        return [np.arange(nodes)], np.arange(0)
    own, bound = (table[:, END] - table[:, START]).astype(float), table[:, BOUND].astype(float)
    work = own**3 / 3 + own**2 * bound + own * bound**2 + 50 * (own + bound) ** 2
    left, right = table[:, LEFT].tolist(), table[:, RIGHT_CHILD].tolist()
    total, first = work.tolist(), list(range(nodes))
    for node in range(nodes):
        for child in (right[node], left[node]):
            if child >= 0:
                total[node] += total[child]
                first[node] = min(first[node], first[child])
    heap, top = [(-total[-1], nodes - 1)], []
    while len(heap) < _PIECES_A_THREAD * threads:
        _, node = heapq.heappop(heap)
        children = [child for child in (left[node], right[node]) if child >= 0]
        if not children:
            heapq.heappush(heap, (0.0, node))  # a leaf is work that cannot be shared
            break
        top.append(node)
        for child in children:
            heapq.heappush(heap, (-total[child], child))
    return [np.arange(first[node], node + 1) for _, node in sorted(heap)], np.array(sorted(top), np.int64)


def _run_parts(
    run: Run,
    parts: Mapping[int, Int64],
    first: Sequence[int],
    after: Callable[[int], Sequence[int]],
    threads: int,
) -> bool:
    """Run parts of the tree, known by their last node, as soon as `after` names them; stop at a False."""
    with ThreadPoolExecutor(threads) as pool:
        pending = {pool.submit(run, parts[node]): node for node in first}
        well = True
        while pending and well:
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                node = pending.pop(future)
                well = well and future.result()
                if well:
                    pending |= {pool.submit(run, parts[other]): other for other in after(node)}
        for future in pending:
            future.cancel()
    return well
