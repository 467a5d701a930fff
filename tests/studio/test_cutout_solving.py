import numpy as np
import pytest
from cutout_page import photograph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simd.methods.classical.closed_form import estimate_alpha_closed_form
from simd.studio.cutout import solving
from simd.studio.cutout.selecting import select
from simd.studio.cutout.solving import Solver

HEIGHT, WIDTH = 150, 190


@pytest.fixture
def large(monkeypatch):
    """Make pictures of 150 x 190 large ones, which are solved at 81 x 103."""
    monkeypatch.setattr(solving, "WHOLE", 10_000)
    monkeypatch.setattr(solving, "REDUCED", HEIGHT * WIDTH // 3)
    image = photograph(0, HEIGHT, WIDTH)
    return image, select(image, band=0.05)


def test_a_large_picture_comes_close_to_what_it_is_when_solved_whole(large):
    image, trimap = large
    alpha = Solver(image, trimap).alpha()
    whole = np.clip(estimate_alpha_closed_form(image, trimap), 0, 1)
    unknown = trimap == 128
    assert np.array_equal(alpha[~unknown], whole[~unknown])
    assert np.abs(alpha - whole)[unknown].mean() < 0.03
    assert np.abs(alpha - whole)[unknown].max() < 0.3


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 128, 255]),
            st.integers(0, HEIGHT - 1),
            st.integers(0, WIDTH - 1),
            st.integers(1, 30),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_drawn_on_it_is_what_it_is_anew_and_nothing_else_has_changed(large, strokes):
    image, trimap = large
    solver = Solver(image, trimap)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for value, row, column, radius in strokes:
        before, drawn = solver.alpha(), np.hypot(y - row, x - column) <= radius
        trimap = np.where(drawn, np.uint8(value), trimap)
        box = solver.draw(trimap)
        after = solver.alpha()
        outside = ~drawn
        outside[box.top : box.bottom, box.left : box.right] = False
        assert np.array_equal(after[outside], before[outside])
    assert np.abs(after - Solver(image, trimap).alpha()).max() < 1e-3


def test_a_part_is_a_part_of_the_whole(large):
    solver = Solver(*large)
    part = slice(31, 77), slice(50, 400)
    assert np.array_equal(solver.alpha(part), solver.alpha()[part])
