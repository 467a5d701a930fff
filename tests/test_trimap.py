import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simd.trimap import trimap_of, unknown_region

mattes = arrays(
    np.uint8,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.sampled_from([0, 255, 0, 255, 1, 254]),
)
radii = st.integers(0, 6)


def by_brute_force(alpha, radius):
    """Return the trimap by asking, for each pixel, how far each fractional pixel is."""
    trimap = np.where(alpha == 255, 255, 0)
    fractional = np.argwhere((alpha > 0) & (alpha < 255))
    for y, x in np.ndindex(alpha.shape):
        if any((y - v) ** 2 + (x - u) ** 2 <= radius**2 for v, u in fractional):
            trimap[y, x] = 128
    return trimap


@given(mattes, radii)
def test_the_unknown_region_is_within_a_disc_of_the_fractional_pixels(alpha, radius):
    np.testing.assert_array_equal(trimap_of(alpha, radius), by_brute_force(alpha, radius))


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 50), st.integers(1, 50)), fill=st.just(0)), st.integers(15, 60)
)
def test_large_discs_are_as_exact_as_small_ones(alpha, radius):
    rows, columns = np.indices(alpha.shape)
    unknown = np.zeros(alpha.shape, bool)
    for y, x in np.argwhere((alpha > 0) & (alpha < 255)):
        unknown |= (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    np.testing.assert_array_equal(trimap_of(alpha, radius) == 128, unknown)


@pytest.mark.parametrize("side", [-np.inf, np.inf])
@pytest.mark.parametrize("radius", [18, 26, 60, 400])
def test_a_last_bit_of_a_distance_moves_no_border(monkeypatch, radius, side):
    # OpenCV 4.11 says 26.000002 for 26 in small images where a processor has AVX2
    def moved(*arguments):
        return np.nextafter(distances(*arguments), np.float32(side))

    distances = cv2.distanceTransform
    monkeypatch.setattr(cv2, "distanceTransform", moved)
    alpha = np.zeros((2, radius + 2), np.uint8)
    alpha[0, 0] = 100
    unknown = trimap_of(alpha, radius) == 128
    assert unknown[0].tolist() == [True] * (radius + 1) + [False]
    assert unknown[1].tolist() == [True] * radius + [False, False]


def test_a_disc_by_hand():
    alpha = np.zeros((7, 7), np.uint8)
    alpha[3, 3] = 100
    disc = [
        "...#...",
        ".#####.",
        ".#####.",
        "#######",
        ".#####.",
        ".#####.",
        "...#...",
    ]  # y² + x² ≤ 9
    want = np.array([[128 if c == "#" else 0 for c in row] for row in disc])
    np.testing.assert_array_equal(trimap_of(alpha, 3), want)


@given(arrays(np.uint8, (6, 7)), radii)
def test_every_fractional_pixel_is_unknown_and_the_rest_is_as_alpha_says(alpha, radius):
    trimap = trimap_of(alpha, radius)
    assert trimap.dtype == np.uint8
    assert set(np.unique(trimap)) <= {0, 128, 255}
    assert (trimap[(alpha > 0) & (alpha < 255)] == 128).all()
    known = trimap != 128
    np.testing.assert_array_equal(trimap[known], alpha[known])


@pytest.mark.parametrize("level", [0, 255])
def test_a_matte_without_fractions_is_its_own_trimap(level):
    alpha = np.full((5, 5), level, np.uint8)
    alpha[2, 2] = 255 - level
    np.testing.assert_array_equal(trimap_of(alpha, 4), alpha)


def test_the_unknown_region_is_exactly_128():
    trimap = np.array([[0, 127, 128, 129, 255]], np.uint8)
    assert unknown_region(trimap).tolist() == [[False, False, True, False, False]]
    assert unknown_region(trimap).dtype == np.bool_
