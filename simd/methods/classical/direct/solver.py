"""Solve a system of a grid: dissect, factor, substitute, and refine until the residual is small.

Factors that are large for their picture, or at all, are kept in single precision, in half the memory;
refining, mostly by one step, does the rest. So it does for a matrix that rounding has made indefinite,
factored with a larger diagonal.
"""

from typing import Any, NamedTuple

import numpy as np

from simd.methods.classical.direct.fronts import BOUND, END, START, factor
from simd.methods.classical.direct.grid import Float64, Int64, System
from simd.methods.classical.direct.lapack import LETTERS, one_blas_thread, routines
from simd.methods.classical.direct.plan import Plan
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


class Solution(NamedTuple):
    """The solution of a system, and how it was reached."""

    x: Float64
    residual: float  # |A x - b| / |b|, at most TOLERANCE; of a walk the largest of a pixel
    refinements: int  # steps after the direct solution
    shift: float  # what was added to the diagonal that was factored
    numbers: int  # of the factor


def solve(
    system: System, plan: Plan | None = None, *, threads: int = 1, largest_double: int | None = None
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
        Factors of more numbers are kept in single precision; by default those of more than 25 million that
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
        plan: Plan | None = None,
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
            return plan.up(run, self.threads)

    def _backward(self, values: Float64, *, is_factored_along: bool = False) -> None:
        plan = self._plan

        def run(nodes: Int64) -> bool:
            if is_factored_along:
                halves(nodes, plan.table, plan.order, self._panels, values)
            front = np.empty(plan.highest)
            backward(nodes, plan.table, plan.order, plan.boundary, self._panels, values, front)
            return True

        plan.down(run, self.threads)


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
