"""Declared preprocessing: by hand, and beside NumPy's own padding."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.errors import DataError
from simd.methods.runtime.preprocess import TRIMAPS, Postprocessing, Preprocessing

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
    inputs = Preprocessing(multiple=8, fit="resize", resampling="cubic", alpha_resampling="cubic")
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


def pixels_of(height, width):
    rng = np.random.default_rng(height)
    trimap = np.kron(
        rng.choice(np.array([0, 128, 255], np.uint8), (height // 4 + 1, width // 4 + 1)), np.ones((4, 4))
    )
    return (
        rng.integers(0, 256, (height, width, 3), dtype=np.uint8),
        trimap[:height, :width].astype(np.uint8),
    )


def test_dim_shrinks_levels_before_normalisation():
    """huochaitiantang's DIM: sides rounded down, at most 1600, image and trimap resized as bytes."""
    image, trimap = pixels_of(45, 1700)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    inputs = Preprocessing(
        mean=mean, std=std, multiple=32, fit="resize", rounds_down=True, max_side=1600, resizes_levels=True
    )
    parts = inputs.parts(image, trimap)
    small = cv2.resize(image, (1600, 32), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(parts["image"], ((small / 255 - mean) / std).transpose(2, 0, 1), atol=1e-5)
    levels = cv2.resize(trimap, (1600, 32), interpolation=cv2.INTER_LINEAR)
    assert len(np.unique(levels)) > 3  # the network sees levels between
    np.testing.assert_allclose(parts["trimap"], levels[None] / 255, atol=1e-7)
    assert inputs.size((20, 64)) == (32, 64)  # a side below 32 fails in the network; it grows here


def test_the_demo_of_gca_has_a_border_and_pads_once():
    image, trimap = pixels_of(37, 50)
    inputs = Preprocessing(trimap="one-hot", multiple=32, fit="reflect", border=32)
    parts = inputs.parts(image, trimap)
    widths = [(32, 32 + 27), (32, 32 + 14)]  # what is missing to 64
    np.testing.assert_array_equal(
        parts["image"].transpose(1, 2, 0), Preprocessing().image(np.pad(image, [*widths, (0, 0)], "reflect"))
    )
    np.testing.assert_array_equal(parts["trimap"][2], np.pad(trimap == 255, widths, "reflect"))
    np.testing.assert_array_equal(inputs.restored(parts["trimap"][2], (37, 50)), trimap == 255)


def test_fba_resizes_by_lanczos_and_measures_nearness_there():
    image, trimap = pixels_of(21, 35)
    inputs = Preprocessing(
        trimap="known", multiple=8, fit="resize", resampling="lanczos", trimap_resampling="lanczos"
    )
    parts, clicks = inputs.parts(image, trimap), inputs.clicks(trimap)
    assert (parts["image"].shape, parts["trimap"].shape, clicks.shape) == (
        (3, 24, 40),
        (2, 24, 40),
        (6, 24, 40),
    )
    for channel, value in enumerate((0, 255)):
        known = cv2.resize((trimap == value).astype(np.float32), (40, 24), interpolation=cv2.INTER_LANCZOS4)
        np.testing.assert_array_equal(parts["trimap"][channel], known)
        inside = np.argwhere(np.abs(known - 1) < 1 / 255)
        for row, column in ((0, 0), (11, 23), (23, 39)):
            squared = ((inside - (row, column)) ** 2).sum(axis=1).min()
            expected = [np.exp(-squared / (2 * (share * 320) ** 2)) for share in (0.02, 0.08, 0.16)]
            np.testing.assert_allclose(
                clicks[3 * channel : 3 * channel + 3, row, column], expected, rtol=1e-5
            )
    alpha = inputs.restored(parts["trimap"][1], (21, 35))
    np.testing.assert_array_equal(alpha, cv2.resize(parts["trimap"][1], (35, 21)))  # back by bilinear


def test_nearness_is_padded_as_the_image():
    _, trimap = pixels_of(30, 41)
    clicks = Preprocessing(multiple=32, fit="edge").clicks(trimap)
    plain = Preprocessing().clicks(trimap)
    np.testing.assert_array_equal(clicks, np.pad(plain, [(0, 0), (0, 2), (0, 23)], "edge"))


def test_what_comes_out_by_hand():
    raw, trimap = np.array([[0, 51, 300]], np.float32), np.array([[128, 128, 0]], np.uint8)
    inputs = Preprocessing()
    np.testing.assert_allclose(Postprocessing(range=255).alpha(raw, inputs, trimap), [[0, 0.2, 0]])
    loose = Postprocessing(range=255, keep_known=False).alpha(raw, inputs, trimap)
    np.testing.assert_allclose(loose, [[0, 0.2, 1]])
    logits = np.array([[0, np.log(3), 0]], np.float32)
    np.testing.assert_allclose(Postprocessing(sigmoid=True).alpha(logits, inputs, trimap), [[0.5, 0.75, 0]])
    with pytest.raises(DataError, match="its alpha is not finite"):
        Postprocessing().alpha(np.array([[0, np.nan, 0]], np.float32), inputs, trimap)


@pytest.mark.parametrize(
    "fields",
    [
        {"trimap": "three"},
        {"resampling": "best"},
        {"fit": "resize", "border": 32},
        {"max_side": 1600},
        {"rounds_down": True, "fit": "reflect"},
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(fields):
    with pytest.raises(ValueError, match=r"unknown|border|need fit"):
        Preprocessing(**fields)
