"""Polygons have the pixels of scikit-image's `polygon2mask`, in a fraction of its time."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import polygon2mask

from simd.tagging.annotation import MAX_POINTS, Stroke
from simd.tagging.paint import covered
from simd.tagging.polygon import filled

TINY = (0.0, 1e-13, -1e-13, 1e-12, -1e-12, 1e-9, 5e-324, -1e-323, 1e-300)
whole = st.integers(-6, 26).map(float)
on_pixels = st.tuples(whole, st.sampled_from(TINY)).map(sum)
anywhere = st.floats(-6, 26) | st.floats(-1e5, 1e5)
coordinates = whole | st.integers(-12, 52).map(lambda n: n / 2) | on_pixels | anywhere
corners = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=14)
sizes = st.tuples(st.integers(1, 20), st.integers(1, 20))


@settings(max_examples=500)
@given(corners, sizes)
def test_the_pixels_are_those_of_the_slow_rule(points, size):
    np.testing.assert_array_equal(filled(points, size), polygon2mask(size, points))


@pytest.mark.parametrize("number", [5, 300])
@pytest.mark.parametrize("shape", ["lasso", "random", "comb"])
def test_long_ones_that_are_filled_in_parts(shape, number):
    size = (150, 200)
    rng = np.random.default_rng(number)
    if shape == "lasso":
        angles = np.linspace(0, 2 * np.pi, number)
        points = 75 + (60 + rng.normal(0, 2, (number, 1))) * np.stack(
            [np.sin(angles), np.cos(angles)], axis=1
        )
    elif shape == "random":
        points = rng.uniform(-20, 220, (number, 2))
    else:  # all of its edges end on centres of pixels
        points = np.stack([np.arange(number) % 2 * 140.0, np.arange(number) * 200 // number], axis=1)
    np.testing.assert_array_equal(filled(points, size), polygon2mask(size, points))


def test_by_hand():
    # centres on the outline count; the hole of a path that goes round twice does not
    square, inner = [(0, 0), (0, 4), (4, 4), (4, 0), (0, 0)], [(1, 1), (1, 3), (3, 3), (3, 1), (1, 1)]
    assert filled(square, (5, 6)).sum() == 25
    ring = filled([*square, *inner], (5, 6))
    assert ring[:5, :5].sum() == 25 - 1
    assert not ring[2, 2]
    assert filled([(-5, -5), (-5, 50), (50, -5)], (3, 4)).all()
    assert not filled([(-5, -5), (-5, -2), (-2, -5)], (3, 4)).any()


def test_a_long_lasso_takes_a_moment():
    """Four thousand corners on 1500 x 1500 took many seconds by the slow rule."""
    rng = np.random.default_rng(0)
    angles = np.linspace(0, 2 * np.pi, 4000)
    points = 750 + 700 * np.stack([np.sin(angles), np.cos(angles)], axis=1) + rng.normal(0, 3, (4000, 2))
    stroke = Stroke(kind="polygon", class_="fur", points=tuple(map(tuple, points.tolist())))
    start = time.process_time()
    mask = covered(stroke, (1500, 1500))
    assert time.process_time() - start < 1  # a tenth of that on the machine it was measured on
    assert 0.6 < mask.mean() < 0.75  # pi * 700**2 / 1500**2 = 0.684


def test_one_with_as_many_corners_as_there_may_be_needs_little_memory():
    import tracemalloc

    points = np.random.default_rng(0).uniform(0, 300, (MAX_POINTS, 2))
    tracemalloc.start()
    filled(points, (300, 300))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300e6
