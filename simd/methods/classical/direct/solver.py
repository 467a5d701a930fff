"""Solve a system of a grid: dissect, factor, substitute, and refine until the residual is small.

Factors that are large for their picture, or at all, are kept in single precision, in half the memory;
refining, mostly by one step, does the rest. So it does for a matrix that rounding has made indefinite,
factored with a larger diagonal.
"""

import heapq
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

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
    factor,
    find_boundaries,
    panel_lengths,
)
from simd.methods.classical.direct.grid import Float64, Grid, Int64, System
from simd.methods.classical.direct.lapack import LETTERS, routines
from simd.methods.classical.direct.substitution import (
    backward,
    forward,
    halves,
    multiply,
    walk_residual,
)

LARGEST_DOUBLE = 1 << 28  # numbers of a factor: 2 GiB
ALWAYS_DOUBLE = 3 << 23  # 192 MiB
DOUBLE_A_PIXEL = 39  # numbers for each pixel of the picture, known or not: bands have 9 to 35
TOLERANCE = 1e-9  # of the residual, relative to the right-hand side
_REACH = 1e-11  # what refining tries for
_ITERATIONS = 200
_SHIFTS = (0.0, 1e-13, 1e-11, 1e-9, 1e-7)  # of the largest number on the diagonal
_PIECES_A_THREAD = 4


class Solution(NamedTuple):
    """The solution of a system, and how it was reached."""

    x: Float64
    residual: float  # |A x - b| / |b|, at most TOLERANCE; of a walk the largest of a pixel
    refinements: int  # steps after the direct solution
    shift: float  # what was added to the diagonal that was factored
    numbers: int  # of the factor


def solve(
    system: System, plan: "Plan | None" = None, *, threads: int = 1, largest_double: int | None = None
) -> Solution:
    """Solve a symmetric positive definite system over a grid.

    Parameters
    ----------
    system : System
    plan : Plan, optional
        Of the system's grid, made before.
    threads : int
        The result is the same to the bit with any number.
    largest_double : int, optional
        Factors of more numbers are kept in single precision; by default those of more than 50 million that
        hold more than 39 for each pixel of the picture, or more than 268 million.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite, beyond what rounding explains, or the residual stays above
        1e-9 of the right-hand side.
    """
    if not len(system.rhs):
        return Solution(system.rhs.copy(), 0.0, 0, 0.0, 0)
    if not np.isfinite(system.rhs).all():
        raise np.linalg.LinAlgError("the right-hand side is not finite")
    size = float(np.linalg.norm(system.rhs))
    if size == 0:
        return Solution(np.zeros_like(system.rhs), 0.0, 0, 0.0, 0)
    if largest_double is None:
        largest_double = max(ALWAYS_DOUBLE, min(LARGEST_DOUBLE, DOUBLE_A_PIXEL * len(system.grid.slots)))
    factored = Factor(system, plan, threads=threads, largest_double=largest_double)
    x, residual, steps = _refined(factored, factored.first_solution(), size)
    if not residual <= TOLERANCE:
        raise np.linalg.LinAlgError(f"the residual is {residual:.1e} of the right-hand side")
    return Solution(x, residual, steps, factored.shift, factored.numbers)


def solve_walk(system: System, *, threads: int = 1, largest_double: int = LARGEST_DOUBLE) -> Solution:
    """Solve for the chances of a walk over a grid, each right to its last digits.

    Parameters
    ----------
    system : System
        Entries off the diagonal are at most 0. In place of the diagonal stands what a pixel's ties to known
        pixels sum to, and the right-hand side is at most that.
    threads, largest_double
        As of :func:`solve`; in single precision, right to five digits.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a pixel is tied to nothing.
    """
    if not len(system.rhs) or not system.rhs.any():
        return Solution(np.zeros_like(system.rhs), 0.0, 0, 0.0, 0)
    factored = Factor(system, threads=threads, largest_double=largest_double, is_walk=True)
    x = factored.first_solution()
    grid = system.grid
    residual = walk_residual(grid.addresses, grid.slots, grid.steps, system.rows, system.rhs, x)
    return Solution(x, residual, 0, 0.0, factored.numbers)


class Factor:
    """The Cholesky factor of a system, or of a walk (see :func:`solve_walk`)."""

    def __init__(
        self,
        system: System,
        plan: "Plan | None" = None,
        *,
        threads: int = 1,
        largest_double: int = LARGEST_DOUBLE,
        is_walk: bool = False,
    ) -> None:
        self.system = system
        self.is_walk = is_walk
        self.threads = threads
        self.shift = 0.0
        self._plan = plan or Plan(system.grid, threads)
        self.numbers = self._plan.numbers
        single = self.numbers > largest_double
        self._panels: Any = np.empty(self.numbers, np.float32 if single else np.float64)
        if is_walk:
            if not self._factored():
                raise np.linalg.LinAlgError("a pixel is tied to nothing")
            return
        largest = float(system.rows[:, 0].max())
        for part in _SHIFTS:
            self.shift = part * largest
            if self._factored():
                return
        raise np.linalg.LinAlgError("the matrix is not positive definite")

    def first_solution(self) -> Float64:
        """Return the solution for the right-hand side that was factored along."""
        values = np.empty_like(self.system.rhs)
        self._backward(values, is_factored_along=True)
        return values

    def solution(self, rhs: Float64) -> Float64:
        """Return the solution for another right-hand side."""
        plan, values = self._plan, rhs.copy()
        front = np.empty(plan.highest)
        forward(plan.all, plan.table, plan.order, plan.boundary, self._panels, values, front)
        self._backward(values)
        return values

    def product(self, x: Float64) -> Float64:
        """Return the product of the matrix, not its factor, with a vector."""
        grid = self.system.grid
        return multiply(grid.addresses, grid.slots, grid.steps, self.system.rows, x)

    def _factored(self) -> bool:
        plan, (grid, rows, rhs) = self._plan, self.system
        double = self._panels.dtype == np.float64
        updates = np.empty(plan.updates)

        def run(nodes: Int64) -> bool:
            if not len(nodes):
                return True
            heights = plan.table[nodes, END] - plan.table[nodes, START] + plan.table[nodes, BOUND] + 1
            numbers = int(((plan.table[nodes, END] - plan.table[nodes, START]) * heights).max())
            widest = int(plan.table[nodes, BOUND].max()) + 1
            bad = factor(
                nodes,
                plan.table,
                plan.order,
                plan.position,
                plan.boundary,
                grid.addresses,
                grid.slots,
                grid.steps,
                rows,
                rhs,
                self.shift,
                self.is_walk,
                self._panels if double else np.empty(0),
                np.empty(0, np.float32) if double else self._panels,
                updates,
                np.empty(numbers),
                np.empty(widest * widest),
                np.empty(len(plan.order), np.int32),
                np.empty(plan.highest, np.int32),  # a child's boundary may be the longer one
                np.empty(plan.highest),
                np.empty(4, np.int32),
                np.array([1.0, -1.0, 0.0]),
                LETTERS,
                routines(),
            )
            return bool(bad < 0)

        with one_blas_thread():
            return _up(run, plan, self.threads)

    def _backward(self, values: Float64, *, is_factored_along: bool = False) -> None:
        plan = self._plan

        def run(nodes: Int64) -> bool:
            if is_factored_along:
                halves(nodes, plan.table, plan.order, self._panels, values)
            front = np.empty(plan.highest)
            backward(nodes, plan.table, plan.order, plan.boundary, self._panels, values, front)
            return True

        _down(run, plan, self.threads)


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

    @property
    def parts(self) -> dict[int, Int64]:
        """The pieces, and each node above them alone, by their last node."""
        return {int(piece[-1]): piece for piece in [*self.pieces, *self.top[:, None]]}

    def children(self, node: int) -> list[int]:
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


def _up(run: Callable[[Int64], bool], plan: Plan, threads: int) -> bool:
    """Run all nodes, children before their parent; return whether each said so."""
    if threads == 1:
        return run(plan.all)
    parents = {child: node for node in plan.top.tolist() for child in plan.children(node)}
    waiting = {node: len(plan.children(node)) for node in plan.top.tolist()}

    def after(node: int) -> list[int]:
        parent = parents.get(node, -1)
        if parent < 0:
            return []
        waiting[parent] -= 1
        return [] if waiting[parent] else [parent]

    return _run_parts(run, plan.parts, [int(piece[-1]) for piece in plan.pieces], after, threads)


def _down(run: Callable[[Int64], bool], plan: Plan, threads: int) -> bool:
    """Run all nodes, each after its parent."""
    if threads == 1:
        return run(plan.all)
    top = set(plan.top.tolist())
    root = len(plan.table) - 1
    return _run_parts(
        run, plan.parts, [root], lambda node: plan.children(node) if node in top else [], threads
    )


def _run_parts(
    run: Callable[[Int64], bool],
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


def _refined(factored: Factor, x: Float64, size: float) -> tuple[Float64, float, int]:
    """Improve a solution by conjugate gradients, the factor being the preconditioner."""
    rhs = factored.system.rhs
    best, least = x, np.inf
    direction, old = np.zeros_like(x), 1.0
    for step in range(_ITERATIONS + 1):
        rest = rhs - factored.product(x)
        residual = float(np.linalg.norm(rest)) / size
        if residual < least:
            best, least = x, residual
        if not residual > _REACH or step == _ITERATIONS:
            break
        correction = factored.solution(rest)
        new = float(rest @ correction)
        direction = correction + (new / old if step else 0.0) * direction
        curvature = float(direction @ factored.product(direction))
        if not (new > 0 and curvature > 0):
            break
        x, old = x + (new / curvature) * direction, new
    return best, least, step


def in_parallel(function: Any, items: Sequence[Any], threads: int) -> list[Any]:
    """Call a function, which must let go of the interpreter, with each of the items."""
    if threads == 1 or len(items) == 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


_BLAS = threading.Lock()


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: with more, the last bits depend on how it cuts its work."""
    with _BLAS, _controller().limit(limits=1, user_api="blas"):
        yield
