"""The compiled loops, held against OpenCV, NumPy and sums by hand."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from simd.composition.arithmetic import composite
from simd.training.pixels import (
    blend,
    cubic_weights,
    dilate,
    lanczos_weights,
    merge,
    merge_classes,
    pack,
    trimap,
    warp_by_table,
)

PLANES = arrays.arrays(np.uint8, (5, 7))
COLOURS = arrays.arrays(np.uint8, (5, 7, 3))
CUTOUTS = arrays.arrays(np.uint8, (5, 7, 4))


def merged(top, below):
    fg, alpha = np.empty((*top.shape[:2], 3), np.uint8), np.empty(top.shape[:2], np.uint8)
    merge(top, below, 0, fg, alpha)
    return fg, alpha


@given(COLOURS, PLANES, COLOURS)
def test_blend_is_the_composite_of_every_set(fg, alpha, bg):
    image = np.empty_like(fg)
    blend(fg.ravel(), np.repeat(alpha, 3), bg.ravel(), image.ravel())
    assert np.array_equal(image, composite(fg, alpha, bg))


def test_blend_rounds_rightly_for_every_alpha_and_pair_of_levels():
    fg, alpha = (each.ravel().astype(np.uint8) for each in np.mgrid[:256, :256])
    for level in range(0, 256, 5):
        bg = np.full_like(fg, level)
        image = np.empty_like(fg)
        blend(fg, alpha, bg, image)
        exact = (alpha * (fg / 255) + (255 - alpha.astype(float)) * (bg / 255)) * 1.0
        assert np.abs(image - exact).max() <= 0.5 + 1e-9


@given(CUTOUTS, CUTOUTS, COLOURS)
def test_merging_two_is_laying_one_over_the_other(top, below, bg):
    fg, alpha = merged(top, below)
    a1, a2 = top[..., 3:] / 255, below[..., 3:] / 255
    expected = 255 * (1 - (1 - a1) * (1 - a2))
    assert np.abs(alpha - expected[..., 0]).max() <= 0.5 + 1e-9
    over = a1 * top[..., :3] + (1 - a1) * (a2 * below[..., :3] + (1 - a2) * bg)
    once = alpha[..., None] / 255 * fg + (1 - alpha[..., None] / 255) * bg
    assert np.abs(over - once).max() < 1.6  # alpha and colour are each rounded to whole levels


def test_what_lies_hidden_below_does_not_colour_an_edge():
    top = np.array([[[200, 100, 0, 128]]], np.uint8)
    below = np.array([[[0, 255, 255, 0]]], np.uint8)  # alpha 0: its colour is nobody's
    fg, alpha = merged(top, below)
    assert (fg[0, 0].tolist(), int(alpha[0, 0])) == ([200, 100, 0], 128)


@given(arrays.arrays(np.uint8, (12, 17), elements=st.integers(0, 1)), st.integers(0, 12))
def test_dilation_is_that_by_a_disc(seeds, radius):
    out = np.empty_like(seeds)
    dilate(seeds, float(radius), 0, out)
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    disc = (y**2 + x**2 <= radius**2).astype(np.uint8)
    expected = cv2.dilate(seeds, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    assert np.array_equal(out, expected)
    for margin in (1, 3):
        inner = np.empty((12 - 2 * margin, 17 - 2 * margin), np.uint8)
        dilate(seeds, float(radius), margin, inner)
        assert np.array_equal(inner, expected[margin:-margin, margin:-margin])


def test_dilation_takes_radii_between_pixels():
    seeds, out = np.zeros((1, 5), np.uint8), np.empty((1, 5), np.uint8)
    seeds[0, 2] = 1
    for radius, reached in ((0.5, [0, 0, 1, 0, 0]), (1.5, [0, 1, 1, 1, 0]), (2.0, [1, 1, 1, 1, 1])):
        dilate(seeds, radius, 0, out)
        assert out[0].tolist() == reached


def test_dilation_reaches_far():
    seeds, out = np.zeros((600, 3), np.uint8), np.empty((600, 3), np.uint8)
    seeds[300, 1] = 1
    dilate(seeds, 250.0, 0, out)
    assert np.flatnonzero(out[:, 1]).tolist() == list(range(50, 551))


def test_a_trimap_by_hand():
    alpha = np.array([[0, 0, 0, 9, 255, 255, 255]], np.uint8)
    near_object, near_scenery, out = (np.empty_like(alpha) for _ in range(3))
    dilate((alpha > 0).view(np.uint8), 2.0, 0, near_object)
    dilate((alpha < 255).view(np.uint8), 1.0, 0, near_scenery)
    assert trimap(alpha, near_object, near_scenery, out) == 4
    assert out.tolist() == [[0, 128, 128, 128, 128, 255, 255]]


def test_the_class_on_top_wins_where_it_is_seen_or_reaches():
    classes = np.array([[1, 1, 1, 1]], np.uint8)
    below = np.array([[2, 2, 2, 2]], np.uint8)
    top_alpha = np.array([[9, 0, 0, 0]], np.uint8)
    below_alpha = np.array([[255, 9, 0, 0]], np.uint8)
    top_reach = np.array([[1, 1, 1, 0]], np.uint8)
    merge_classes(classes, below, top_alpha, below_alpha, top_reach)
    assert classes.tolist() == [[1, 2, 1, 2]]


def test_packing_surrounds_with_the_colour_beside_and_no_alpha():
    fg = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    rgba = np.empty((4, 4, 4), np.uint8)
    pack(fg, np.full((2, 2), 7, np.uint8), rgba)
    assert np.array_equal(rgba[..., :3], np.pad(fg, [(1, 1), (1, 1), (0, 0)], mode="edge"))
    assert rgba[..., 3].tolist() == [[0] * 4, [0, 7, 7, 0], [0, 7, 7, 0], [0] * 4]


@pytest.mark.parametrize(
    ("table", "flag"), [(cubic_weights(), cv2.INTER_CUBIC), (lanczos_weights(), cv2.INTER_LANCZOS4)]
)
def test_resampling_by_table_is_opencvs(table, flag):
    rng = np.random.default_rng(0)
    rgba = cv2.GaussianBlur(rng.integers(0, 256, (90, 70, 4), dtype=np.uint8), (0, 0), 1.5)
    matrix = np.array([[0.9, -0.4, 12.3], [0.3, 1.1, -7.9]])
    expected = cv2.warpAffine(
        rgba, matrix, (64, 64), flags=flag | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    out = np.empty((64, 64, 4), np.uint8)
    warp_by_table(rgba, np.ones((6, 5), np.uint8), matrix, table, out)
    difference = np.abs(out.astype(int) - expected)
    assert difference.max() <= 3  # OpenCV has 32 steps between two pixels, this has 64
    assert difference.mean() < 0.2
    assert table.sum(axis=1) == pytest.approx(1)
    warp_by_table(rgba, np.zeros((6, 5), np.uint8), matrix, table, out)
    assert (out[..., 3] == 0).all()
