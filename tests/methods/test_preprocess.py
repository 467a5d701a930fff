"""Declared preprocessing: by hand, and beside NumPy's own padding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.methods.runtime.preprocess import TRIMAPS, Preprocessing

IMAGE = np.array([[[0, 51, 255], [255, 102, 0]]], np.uint8)  # one row of two pixels
TRIMAP = np.array([[255, 128]], np.uint8)


def test_an_image_by_hand():
    inputs = Preprocessing(order="bgr", mean=(0.5, 0.2, 0.0), std=(0.5, 0.1, 2.0))
    # blue 1 and 0, green 0.2 and 0.4, red 0 and 1, each less its mean over its std
    expected = [[[1.0, -1.0]], [[0.0, 2.0]], [[0.0, 0.5]]]
    np.testing.assert_allclose(inputs.parts(IMAGE, TRIMAP)["image"], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("levels", [[[255, 128]]]),
        ("half", [[[1, 0.5]]]),
        ("one-hot", [[[0, 0]], [[0, 1]], [[1, 0]]]),  # background, unknown, foreground: GCA's order
        ("known", [[[0, 0]], [[1, 0]]]),
    ],
)
def test_a_trimap_by_hand(encoding, expected):
    inputs = Preprocessing(trimap=encoding)
    np.testing.assert_array_equal(inputs.parts(IMAGE, TRIMAP)["trimap"], expected)
    assert inputs.trimap_channels == len(TRIMAPS[encoding]) == len(expected)


@pytest.mark.parametrize(("fit", "mode"), [("reflect", "reflect"), ("edge", "edge"), ("zero", "constant")])
def test_padding_is_that_of_numpy_after_normalisation(fit, mode):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    trimap = np.full((5, 7), 128, np.uint8)
    plain = Preprocessing(mean=(0.1, 0.2, 0.3))
    parts = Preprocessing(mean=(0.1, 0.2, 0.3), multiple=32, fit=fit).parts(image, trimap)
    expected = np.pad(plain.image(image).transpose(2, 0, 1), [(0, 0), (0, 27), (0, 25)], mode=mode)
    np.testing.assert_array_equal(parts["image"], expected)
    assert parts["trimap"].shape == (1, 32, 32)


def test_a_network_that_resizes_gets_its_multiple_and_gives_the_size_back():
    inputs = Preprocessing(multiple=8, fit="resize", resampling="cubic")
    parts = inputs.parts(np.full((9, 13, 3), 51, np.uint8), np.full((9, 13), 255, np.uint8))
    assert (parts["image"].shape, parts["trimap"].shape) == ((3, 16, 16), (1, 16, 16))
    np.testing.assert_allclose(parts["image"], 0.2, atol=1e-6)
    alpha = inputs.restored(parts["trimap"][0], (9, 13))
    np.testing.assert_allclose(alpha, np.ones((9, 13)), atol=1e-6)


sides = st.integers(1, 200)


@given(sides, sides, st.sampled_from([1, 8, 16, 32]), st.booleans())
def test_sizes_are_multiples_and_never_smaller(height, width, multiple, grows):
    size = Preprocessing(multiple=multiple, grows=grows).size((height, width))
    for side, length in zip(size, (height, width), strict=True):
        assert side % multiple == 0
        assert length + grows <= side <= length + multiple - (not grows)
    pixels = np.zeros((height, width), np.uint8)
    assert Preprocessing(multiple=multiple, grows=grows, fit="symmetric").padded(pixels).shape == size
