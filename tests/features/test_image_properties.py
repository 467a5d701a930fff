"""The properties of an image that may make it hard, on images whose properties are known."""

import numpy as np
import pytest

from simd.features.image_properties import PROPERTIES, image_properties


def test_a_band_a_bar_and_a_checkerboard_by_hand():
    alpha = np.zeros((64, 64), np.uint8)
    alpha[:, 31:33] = 255  # a stroke two pixels wide
    trimap = np.zeros((64, 64), np.uint8)
    trimap[:, 28:36] = 128  # a band of 8 pixels around it
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 31:33] = 255
    values = image_properties(image, alpha, trimap)
    assert values.keys() == PROPERTIES.keys()
    assert values["unknown area"] == 8 / 64
    # distances to what is known are 1 2 3 4 4 3 2 1
    assert values["unknown width"] == pytest.approx(8, abs=0.01)
    assert values["thin strokes"] == 1
    assert values["holes"] == 0
    assert values["background texture"] == 0
    assert values["alpha ratio"] == 0
    assert np.isnan(values["gradient"])  # no fractional pixel
    assert values["size"] == pytest.approx(np.sqrt(2 * 64), rel=1e-5)
    # |Laplacian| of a bar of 255: 255 on each of its two columns and on each one beside it, of 8
    assert values["sharpness"] == pytest.approx(255 * 4 / 8)


def test_texture_holes_and_sharpness_follow_what_they_are_named_after():
    rng = np.random.default_rng(0)
    alpha = np.zeros((64, 64), np.uint8)
    alpha[16:48, 16:48] = 255
    alpha[24:28, 24:28] = alpha[36:40, 36:40] = 0
    trimap = np.full((64, 64), 128, np.uint8)
    trimap[:8] = 0
    flat = image_properties(np.full((64, 64, 3), 90, np.uint8), alpha, trimap)
    noisy = image_properties(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8), alpha, trimap)
    assert flat["holes"] == 2
    assert flat["thin strokes"] == 0
    assert flat["background texture"] == flat["sharpness"] == 0
    assert noisy["background texture"] > 10
    assert noisy["sharpness"] > 10


def test_without_an_unknown_pixel_there_is_no_figure():
    values = image_properties(
        np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)
    )
    assert np.isnan(values["unknown width"])
    assert np.isnan(values["sharpness"])
