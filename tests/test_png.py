"""The writer of PNG files, against the decoders of Pillow, OpenCV and zlib."""

import io
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from simd.png import png_bytes

RNG = np.random.default_rng(0)
SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=40)


def check(pixels):
    data = png_bytes(pixels)
    assert (np.asarray(Image.open(io.BytesIO(data))) == pixels).all()
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    order = slice(None) if pixels.ndim == 2 else [2, 1, 0, 3][: pixels.shape[2]]
    assert (decoded == pixels[..., order]).all()
    return data


@settings(deadline=None)
@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 128, 255]))))
def test_grey_images_come_back(pixels):
    check(pixels)


@settings(deadline=None)
@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, (*shape, 3))))
def test_colour_images_come_back(pixels):
    check(pixels)


@settings(deadline=None)
@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, (*shape, 4))))
def test_cut_outs_come_back(pixels):
    check(pixels)


@pytest.mark.parametrize("length", [*range(1, 12), *range(256, 265), 515, 516, 517, 518, 519, 4000])
def test_runs_of_every_length(length):
    """One run of zeros between bytes that differ from it and from each other."""
    row = np.zeros(length + 4, np.uint8)
    row[[0, 1, -2, -1]] = 9, 7, 5, 3
    check(np.concatenate([row, RNG.integers(1, 256, 40, dtype=np.uint8)])[None])


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (1, 4000), (4000, 1), (3000, 1000)])
def test_extreme_shapes(shape):
    check(np.full(shape, 200, np.uint8))


def test_it_is_about_as_small_as_opencv_makes_it():
    y, x = np.mgrid[:300, :400]
    photograph = np.stack([(y * x // 97 + 40 * c) % 200 for c in range(3)], axis=2)
    photograph = (photograph + RNG.integers(0, 8, photograph.shape)).astype(np.uint8)
    trimap = np.where(np.hypot(y - 150, x - 200) < 100, 255, 0).astype(np.uint8)
    for pixels in (photograph, trimap):
        theirs = cv2.imencode(".png", pixels)[1].size
        assert len(check(pixels)) < 1.3 * theirs


def test_no_chunk_but_the_three_that_are_needed():
    data = png_bytes(np.zeros((3, 4), np.uint8))
    kinds = [data[i : i + 4] for i in range(len(data)) if data[i : i + 4] in (b"IHDR", b"IDAT", b"IEND")]
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    start = data.index(b"IDAT") + 4
    stream = data[start : start + int.from_bytes(data[start - 8 : start - 4], "big")]
    assert zlib.decompress(stream) == bytes([2, 0, 0, 0, 0] * 3)
