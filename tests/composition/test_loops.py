"""The compiled loops of large composites give the pixels of NumPy and of Pillow."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simd.composition.arithmetic import LARGE, composite
from simd.composition.loops import blended, lanczos_window
from simd.composition.protocols.exact import Exact

sides = st.integers(1, 70)


def noise(height, width, seed=0, channels=(3,)):
    return np.random.default_rng(seed).integers(0, 256, (height, width, *channels), dtype=np.uint8)


def pillow(pixels, height, width):
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


@settings(max_examples=150)
@given(sides, sides, sides, sides, st.data())
def test_a_window_is_that_of_pillow_to_the_bit(height, width, full_height, full_width, data):
    pixels = noise(height, width, seed=height)
    if data.draw(st.booleans(), label="black and white"):  # sums beyond 0 and 255
        pixels = pixels // 128 * np.uint8(255)
    top = data.draw(st.integers(0, full_height - 1), label="top")
    left = data.draw(st.integers(0, full_width - 1), label="left")
    size = (
        data.draw(st.integers(1, full_height - top), label="height"),
        data.draw(st.integers(1, full_width - left), label="width"),
    )
    window = lanczos_window(pixels, (full_height, full_width), (top, left), size)
    assert window.flags.c_contiguous
    whole = pillow(pixels, full_height, full_width)
    np.testing.assert_array_equal(window, whole[top : top + size[0], left : left + size[1]])


def test_a_large_background_is_that_of_pillow_to_the_bit():
    bg, size = noise(700, 1300), (2048, LARGE // 2048)
    window, recipe = Exact().place(bg, size, np.random.default_rng(3))
    whole = pillow(bg, recipe["bg_height"], recipe["bg_width"])
    top, left = recipe["crop_top"], recipe["crop_left"]
    np.testing.assert_array_equal(window, whole[top : top + size[0], left : left + size[1]])


def test_every_blend_of_levels_is_that_of_small_images():
    alpha, fg, bg = np.meshgrid(np.arange(256), np.arange(0, 256, 5), np.arange(0, 256, 3), indexing="ij")
    planes = [plane.reshape(256, -1).astype(np.uint8) for plane in (alpha, fg, bg)]
    colours = [np.stack([plane, 255 - plane, plane // 2], axis=2) for plane in planes[1:]]
    small = composite(colours[0], planes[0], colours[1])
    assert planes[0].size < LARGE
    np.testing.assert_array_equal(blended(colours[0], planes[0], colours[1]), small)


def test_a_large_composite_is_made_of_small_ones():
    height, width = 1030, LARGE // 1024
    fg, bg, alpha = noise(height, width, 1)[:, ::-1], noise(height, width, 2), noise(height, width, 3, ())
    whole = composite(fg, alpha, bg)
    strips = [composite(fg[i : i + 515], alpha[i : i + 515], bg[i : i + 515]) for i in (0, 515)]
    np.testing.assert_array_equal(whole, np.concatenate(strips))
