"""Shared Sampling is pymatting's to the bit, on pictures, on noise and at every edge."""

import warnings

import cv2
import numpy as np
import pymatting
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simd.generator import synthetic
from simd.generator.scenes import scene
from simd.methods.classical.shared import estimate_alpha_shared
from simd.trimap import trimap_of


def of_pymatting(image, trimap):
    known = np.where(trimap == 128, 0.5, trimap / 255.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on its own parallel loops
        return pymatting.estimate_alpha_sm(image / 255.0, known)


def drawn(class_, side, radius):
    cutout = synthetic(class_, 0, side)
    weight = cutout.alpha[..., None] / 255
    backdrop = cv2.resize(scene("woods", 0, side), cutout.alpha.shape[::-1])
    image = weight * cutout.fg + (1 - weight) * backdrop
    return np.rint(image).astype(np.uint8), trimap_of(cutout.alpha, radius)


@pytest.mark.parametrize(
    ("class_", "radius"), [("fur", 4), ("hair_hard", 12), ("plastic_bag", 3), ("motion", 8), ("insect", 1)]
)
def test_drawn_pictures_have_the_mattes_of_pymatting(class_, radius):
    image, trimap = drawn(class_, 160, radius)
    alpha = estimate_alpha_shared(image, trimap)
    assert alpha.dtype == np.float32
    np.testing.assert_array_equal(alpha, of_pymatting(image, trimap))


@st.composite
def scenes(draw):
    """Noise of few colours, so that many distances and costs are equal, over trimaps of any kind."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    palette = rng.integers(0, 256, (draw(st.integers(1, 9)), 3), dtype=np.uint8)
    image = palette[rng.integers(len(palette), size=(height, width))]
    if draw(st.booleans()):
        image = np.clip(image + rng.integers(-3, 4, image.shape), 0, 255).astype(np.uint8)
    shares = draw(st.sampled_from([(0.02, 0.96, 0.02), (0.3, 0.4, 0.3), (0.0, 0.9, 0.1), (0.45, 0.1, 0.45)]))
    trimap = rng.choice(np.array([0, 128, 255], np.uint8), size=(height, width), p=shares)
    trimap.flat[0], trimap.flat[-1] = 0, 255
    return image, trimap


@settings(max_examples=60, deadline=None)
@given(scenes())
def test_noise_has_the_mattes_of_pymatting(case):
    np.testing.assert_array_equal(estimate_alpha_shared(*case), of_pymatting(*case))


def test_rays_longer_than_the_largest_leap_reach_what_is_known():
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (12, 900, 3), dtype=np.uint8)
    trimap = np.full((12, 900), 128, np.uint8)
    trimap[:, :3], trimap[4:8, 897:] = 0, 255
    np.testing.assert_array_equal(estimate_alpha_shared(image, trimap), of_pymatting(image, trimap))
