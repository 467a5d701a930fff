"""The sparse Cholesky solver against SciPy's SuperLU, on unknown regions of any shape."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from simd.methods.classical.direct.dissection import dissect
from simd.methods.classical.direct.grid import System, empty_system, grid_of
from simd.methods.classical.direct.plan import Plan
from simd.methods.classical.direct.solver import Factor, solve

COMPILED = [
    str(Path(__file__).with_name(name))
    for name in ("test_direct_solver.py", "test_random_walk.py", "test_learning_based.py", "test_editor.py")
]
BOUND = 1e-7  # of the largest difference from SuperLU


def system_of(unknown, reach=2, seed=0, margin=0.1):
    """Return a well-conditioned system: random ties between neighbours, rows that sum to `margin` or more."""
    rng = np.random.default_rng(seed)
    system = empty_system(grid_of(unknown, reach))
    grid, rows = system.grid, system.rows
    rows[:, 0] += margin * (1 + rng.random(len(rows)))
    for t, step in enumerate(grid.steps[1:], 1):
        there = grid.slots[grid.addresses + step]
        tied = there >= 0
        rows[tied, t] = -rng.random(int(tied.sum()))
        rows[tied, 0] -= rows[tied, t]
        np.subtract.at(rows[:, 0], there[tied], rows[tied, t])
    return System(grid, rows, rng.normal(size=len(rows)))


def as_sparse(system):
    grid, here, there, entries = system.grid, [], [], []
    for t, step in enumerate(grid.steps):
        slots = grid.slots[grid.addresses + step]
        here.append(np.flatnonzero(slots >= 0))
        there.append(slots[slots >= 0])
        entries.append(system.rows[slots >= 0, t])
    here, there, entries = map(np.concatenate, (here, there, entries))
    half = scipy.sparse.coo_array((entries, (here, there)), shape=(len(system.rhs),) * 2).tocsc()
    return half + scipy.sparse.triu(half, 1).T


def by_superlu(matrix, rhs):
    factor = scipy.sparse.linalg.splu(scipy.sparse.csc_matrix(matrix))
    x = factor.solve(rhs)
    for _ in range(3):
        x += factor.solve(rhs - matrix @ x)
    return x


def distance(system, solution):
    expected = by_superlu(as_sparse(system), system.rhs)
    assert np.linalg.norm(as_sparse(system) @ solution.x - system.rhs) <= 1e-9 * np.linalg.norm(system.rhs)
    return np.abs(solution.x - expected).max() / max(1, np.abs(expected).max())


@st.composite
def unknown_regions(draw):
    """Draw masks of any shape and density: bands, blocks, islands, lines, all, all but one pixel."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    kind = draw(st.sampled_from(["noise", "band", "islands", "all", "all but one", "line"]))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    y, x = np.mgrid[:height, :width]
    if kind == "noise":
        unknown = rng.random((height, width)) < rng.random()
    elif kind == "band":
        unknown = (
            np.abs(np.hypot(y - height * rng.random(), x - width * rng.random()) - 12) < 1 + 4 * rng.random()
        )
    elif kind == "islands":
        unknown = (y % rng.integers(3, 9) < 3) & (x % rng.integers(3, 9) < 3)
    elif kind == "line":
        unknown = (y == height // 2) | (x == rng.integers(width))
    else:
        unknown = np.ones((height, width), bool)
    if kind == "all but one":
        unknown[rng.integers(height), rng.integers(width)] = False
    return unknown


@settings(max_examples=150)
@given(unknown_regions(), st.integers(1, 3), st.integers(1, 3), st.booleans(), st.integers(0, 99))
def test_any_region_is_solved_as_by_superlu(unknown, reach, threads, single, seed):
    system = system_of(unknown, reach, seed)
    solution = solve(system, threads=threads, largest_double=0 if single else 1 << 28)
    assert len(solution.x) == unknown.sum()
    if len(solution.x):
        assert distance(system, solution) < BOUND
        assert solution.residual <= 1e-9
        assert solution.shift == 0


@settings(max_examples=60)
@given(unknown_regions(), st.integers(1, 3), st.integers(1, 60))
def test_a_dissection_holds_every_pixel_once_and_cuts_what_is_tied(unknown, reach, leaf):
    grid = grid_of(unknown, reach)
    tree = dissect(grid, leaf)
    assert sorted(tree.order) == list(range(int(unknown.sum())))
    assert tree.start[0] == 0
    assert tree.end[-1] == len(tree.order)
    np.testing.assert_array_equal(tree.start[1:], tree.end[:-1])
    # no pixel left of a cut reaches one right of it
    y, x = np.divmod(grid.addresses[tree.order], grid.width)
    first = np.arange(len(tree.start))
    for node, (left, right) in enumerate(zip(tree.left, tree.right, strict=True)):
        for child in (left, right):
            assert child < node
            if child >= 0:
                first[node] = min(first[node], first[child])
        if left >= 0 and right >= 0:
            a = slice(tree.start[first[left]], tree.end[left])
            b = slice(tree.start[first[right]], tree.end[right])
            lines = y if tree.across[node] else x
            assert lines[a].max() + reach < lines[b].min()


def band(side=90):
    y, x = np.mgrid[:side, :side]
    return np.abs(np.hypot(y - side / 2, x - side / 2) - side / 3) < side / 12


def test_every_number_of_threads_and_every_repeat_gives_the_same_bits():
    system = system_of(band())
    for largest_double in (0, 1 << 28):
        first = solve(system, largest_double=largest_double)
        for threads in (1, 2, 3, 5):
            again = solve(system, threads=threads, largest_double=largest_double)
            assert again.x.tobytes() == first.x.tobytes()
            assert again[1:] == first[1:]


def test_a_factor_in_single_precision_is_refined_to_the_same_solution():
    system = system_of(band(), margin=1e-4)
    double, single = solve(system), solve(system, largest_double=0)
    assert double.numbers == single.numbers
    assert double.refinements < single.refinements
    assert max(double.residual, single.residual) < 1e-11
    np.testing.assert_allclose(single.x, double.x, atol=1e-9)


def test_a_large_factor_is_made_in_single_precision():
    system = system_of(band(), margin=1e-4)
    numbers = solve(system).numbers
    assert solve(system, largest_double=numbers).refinements == 0
    assert solve(system, largest_double=numbers - 1).refinements > 0


def test_what_single_precision_cannot_refine_is_factored_in_double():
    system = system_of(band(), margin=1e-8)
    double, single = solve(system), solve(system, largest_double=0)
    np.testing.assert_array_equal(single.x, double.x)
    assert single[1:] == double[1:]


def test_refining_stops_where_rounding_lets_the_residual_fall_no_further():
    for largest_double in (0, 1 << 28):
        solution = solve(system_of(band(), margin=1e-7), largest_double=largest_double)
        assert solution.residual <= 1e-9
        assert solution.refinements < 20


def test_a_factor_solves_for_other_right_hand_sides():
    system = system_of(band())
    factor = Factor(system, Plan(system.grid))
    rhs = np.random.default_rng(1).normal(size=len(system.rhs))
    expected = by_superlu(as_sparse(system), rhs)
    np.testing.assert_allclose(factor.solution(rhs), expected, atol=1e-10)
    np.testing.assert_allclose(factor.product(expected), rhs, atol=1e-10)


def singular_but_for(epsilon):
    """Return equations that hardly fix a level: each row sums to epsilon, but for rounding."""
    system = system_of(band(40))
    matrix = as_sparse(system)
    system.rows[:, 0] -= matrix.sum(axis=1) - epsilon
    return system


def test_a_pivot_that_rounding_made_negative_is_met_by_a_shift_and_refinement():
    # One eigenvalue just below zero, of the constants, which the right-hand side does not touch: refining
    # with the factor of a shifted matrix reaches the solution.
    system = singular_but_for(-1e-12)
    matrix = as_sparse(system)
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.cholesky(matrix.toarray())
    expected = np.random.default_rng(2).normal(size=len(system.rhs))
    expected -= expected.mean()
    system = System(system.grid, system.rows, matrix @ expected)
    solution = solve(system)
    assert solution.shift > 0
    assert solution.residual <= 1e-9
    x = solution.x - solution.x.mean()  # a constant costs nothing here
    np.testing.assert_allclose(x, expected, atol=1e-7)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_matrix_that_is_not_positive_definite_is_refused(threads):
    system = system_of(band(30))
    system.rows[:, 0] *= 0.3
    with pytest.raises(np.linalg.LinAlgError, match=r"^the matrix is not positive definite$"):
        solve(system, threads=threads)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(value):
    system = system_of(band(30))
    rhs = system.rhs.copy()
    rhs[3] = value
    with pytest.raises(np.linalg.LinAlgError, match="right-hand side is not finite"):
        solve(System(system.grid, system.rows, rhs))
    system.rows[7, 0] = value
    with pytest.raises(np.linalg.LinAlgError):
        solve(system)


def test_nothing_unknown_and_nothing_asked_are_answered_with_zeros():
    assert solve(system_of(np.zeros((4, 5), bool))).x.shape == (0,)
    system = system_of(band(30))
    assert not solve(System(system.grid, system.rows, np.zeros_like(system.rhs))).x.any()


@pytest.mark.slow  # compiles the solver anew, with every index checked, and not optimised: that takes longest
def test_no_index_of_the_compiled_loops_is_out_of_bounds(tmp_path):
    checked = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_OPT": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    environment = os.environ | checked
    names = "any_region or every_number or single_precision or other_right or weak or any_number or stroke"
    options = ("-q", "-p", "no:cacheprovider", "-W", "ignore:Cannot cache compiled function")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *COMPILED, "-k", names],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:]
