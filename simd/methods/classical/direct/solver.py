"""Solve a system of a grid: dissect, factor, substitute, and refine until the residual is small.

Large factors are made in single precision, in less time and half the memory; refining, mostly by two steps,
does the rest. A matrix that is too near to a singular one for that is factored again in double precision, and
one that rounding has made indefinite with a larger diagonal.
"""

from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np

from simd.methods.classical.direct.fronts import BOUND, END, START, factor
from simd.methods.classical.direct.grid import Float64, Int64, System
from simd.methods.classical.direct.lapack import LETTERS, one_blas_thread, routines
from simd.methods.classical.direct.plan import Plan
from simd.methods.classical.direct.subnormals import subnormals_are_zero
from simd.methods.classical.direct.substitution import (
    backward,
    forward,
    halves,
    multiply,
    walk_residual,
)

LARGEST_DOUBLE = 3 << 23  # numbers of a factor: 192 MiB; larger ones take less time in single precision
LARGEST_DOUBLE_OF_A_WALK = 1 << 28  # which is not refined
TOLERANCE = 1e-9  # of the residual, relative to the right-hand side
_REACH = 1e-11  # what refining tries for
_ITERATIONS = 200
_ITERATIONS_SINGLE = 20  # a factor in double precision takes less time than more
_STALLED = 4  # steps that do not halve the residual
_SHIFTS = (0.0, 1e-13, 1e-11, 1e-9, 1e-7)  # of the largest number on the diagonal


class Solution(NamedTuple):
    """The solution of a system, and how it was reached."""

    x: Float64
    residual: float  # |A x - b| / |b|, at most TOLERANCE; of a walk the largest of a pixel
    refinements: int  # steps after the direct solution
    shift: float  # what was added to the diagonal that was factored
    numbers: int  # of the factor


def solve(
    system: System, plan: Plan | None = None, *, threads: int = 1, largest_double: int = LARGEST_DOUBLE
) -> Solution:
    """Solve a symmetric positive definite system over a grid.

    Parameters
    ----------
    system : System
    plan : Plan, optional
        Of the system's grid, made before.
    threads : int
        The result is the same to the bit with any number.
    largest_double : int
        Factors of more numbers are made in single precision.

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
    plan = plan or Plan(system.grid, threads)
    largest = float(system.rows[:, 0].max())
    attempts: list[tuple[type[np.floating[Any]], float, int]] = [
        (np.float64, part * largest, _ITERATIONS) for part in _SHIFTS
    ]
    if plan.numbers > largest_double:
        attempts.insert(0, (np.float32, 0.0, _ITERATIONS_SINGLE))
    residual = np.inf
    for dtype, shift, iterations in attempts:
        try:
            factored = Factor(system, plan, dtype, threads=threads, shift=shift)
        except np.linalg.LinAlgError:
            continue
        with np.errstate(over="ignore", invalid="ignore"):  # of what does not converge
            x, residual, steps = _refined(factored, size, iterations)
        if residual <= TOLERANCE:
            return Solution(x, residual, steps, shift, plan.numbers)
        del factored  # before there is another one
        if dtype is np.float64:
            raise np.linalg.LinAlgError(f"the residual is {residual:.1e} of the right-hand side")
    raise np.linalg.LinAlgError("the matrix is not positive definite")


def solve_walk(
    system: System, *, threads: int = 1, largest_double: int = LARGEST_DOUBLE_OF_A_WALK
) -> Solution:
    """Solve for the chances of a walk over a grid, each right to its last digits.

    Parameters
    ----------
    system : System
        Entries off the diagonal are at most 0. In place of the diagonal stands what a pixel's ties to known
        pixels sum to, and the right-hand side is at most that.
    threads, largest_double
        As of :func:`solve`; but a larger factor is computed in double precision, where weak ties are not 0,
        and kept in single, right to five digits.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a pixel is tied to nothing.
    """
    if not len(system.rhs) or not system.rhs.any():
        return Solution(np.zeros_like(system.rhs), 0.0, 0, 0.0, 0)
    plan = Plan(system.grid, threads)
    kept = np.float32 if plan.numbers > largest_double else np.float64
    try:
        factored = Factor(system, plan, kept=kept, threads=threads, is_walk=True)
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError("a pixel is tied to nothing") from None
    x = factored.first_solution()
    grid = system.grid
    residual = walk_residual(grid.addresses, grid.slots, grid.steps, system.rows, system.rhs, x)
    return Solution(x, residual, 0, 0.0, plan.numbers)


class Factor:
    """The Cholesky factor of a system, or of a walk (see :func:`solve_walk`).

    Raises
    ------
    numpy.linalg.LinAlgError
        If a pivot is not positive.
    """

    def __init__(
        self,
        system: System,
        plan: Plan,
        dtype: type[np.floating[Any]] = np.float64,
        *,
        kept: type[np.floating[Any]] | None = None,
        threads: int = 1,
        shift: float = 0.0,
        is_walk: bool = False,
    ) -> None:
        self.system = system
        self.threads = threads
        self._plan = plan
        self._dtype = dtype
        self._panels: Any = np.empty(plan.numbers, kept or dtype)
        if not self._factored(shift, is_walk=is_walk):
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

    def _factored(self, shift: float, *, is_walk: bool) -> bool:
        plan, (grid, rows, rhs) = self._plan, self.system
        dtype = self._dtype
        updates = np.empty(plan.updates, dtype)

        def run(nodes: Int64) -> bool:
            if not len(nodes):
                return True
            heights = plan.table[nodes, END] - plan.table[nodes, START] + plan.table[nodes, BOUND] + 1
            numbers = int(((plan.table[nodes, END] - plan.table[nodes, START]) * heights).max())
            widest = int(plan.table[nodes, BOUND].max()) + 1
            with nullcontext() if is_walk else subnormals_are_zero():
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
                    shift,
                    is_walk,
                    self._panels,
                    updates,
                    np.empty(numbers, dtype),
                    np.empty(widest * widest, dtype),
                    np.empty(len(plan.order), np.int32),
                    np.empty(2 * plan.highest + 2, np.int32),  # a child's boundary may be the longer one
                    np.empty(plan.highest, dtype),
                    np.empty(4, np.int32),
                    np.array([1.0, -1.0, 0.0], dtype),
                    LETTERS,
                    routines("s" if dtype is np.float32 else "d"),
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


def _refined(factored: Factor, size: float, iterations: int) -> tuple[Float64, float, int]:
    """Improve the first solution by conjugate gradients, the factor being the preconditioner."""
    rhs, x = factored.system.rhs, factored.first_solution()
    best, least, better_at = x, np.inf, 0
    direction, old = np.zeros_like(x), 1.0
    for step in range(iterations + 1):
        rest = rhs - factored.product(x)
        residual = float(np.linalg.norm(rest)) / size
        if residual < least / 2:
            better_at = step
        if residual < least:
            best, least = x, residual
        if not residual > _REACH or step == iterations:
            break
        if least <= TOLERANCE and step - better_at == _STALLED:  # as good as rounding lets it get
            break
        correction = factored.solution(rest)
        new = float(rest @ correction)
        direction = correction + (new / old if step else 0.0) * direction
        curvature = float(direction @ factored.product(direction))
        if not (new > 0 and curvature > 0):
            break
        x, old = x + (new / curvature) * direction, new
    return best, least, step
