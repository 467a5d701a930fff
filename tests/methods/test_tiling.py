"""Tiles cover an image and their blend has no seams."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.errors import DataError
from simd.methods.runtime.tiling import MIN_OVERLAP, blend, tiles

sides = st.integers(1, 700).map(lambda n: 8 * n)


@given(sides, sides, st.sampled_from([1024, 1536, 2048]))
def test_tiles_cover_the_image_and_overlap(height, width, side):
    covering = tiles((height, width), side)
    for axis, length in enumerate((height, width)):
        spans = sorted({(tile[axis].start, tile[axis].stop) for tile in covering})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(stop - start == min(side, length) for start, stop in spans)
        assert all(end - start >= MIN_OVERLAP for (_, end), (start, _) in pairwise(spans))
        assert all(start % 8 == 0 for start, _ in spans)
    rows, columns = ({(t[axis].start, t[axis].stop) for t in covering} for axis in (0, 1))
    assert len(covering) == len(rows) * len(columns)


def test_tiles_that_agree_give_the_image_back():
    size = (1400, 2000)
    image = np.random.default_rng(0).random(size, dtype=np.float32)
    found = blend(lambda tile: image[tile], tiles(size, 1024), size)
    np.testing.assert_allclose(found, image, atol=1e-6)


def test_tiles_that_disagree_meet_without_a_step():
    # two tiles of constants 0 and 1 over 256 shared columns: the blend rises by at most 1 / 128 a column
    size = (1024, 1792)
    covering = tiles(size, 1024)
    assert [tile.columns.start for tile in covering] == [0, 768]
    found = blend(lambda tile: np.full((1024, 1024), tile.columns.start > 0, np.float32), covering, size)
    steps = np.diff(found, axis=1)
    assert steps.min() >= 0
    assert steps.max() == pytest.approx(1 / 128, rel=1e-4)
    assert (found[:, 0].max(), found[:, -1].min()) == (0, 1)


def test_pixels_of_no_tile_are_0():
    size = (1024, 1792)
    first = tiles(size, 1024)[:1]
    found = blend(lambda _: np.ones((1024, 1024), np.float32), first, size)
    assert (found[:, : 1024 - 64] == 1).all()  # the outer quarter of an overlap has no weight
    assert (found[:, 1024 - 64 :] == 0).all()


@pytest.mark.parametrize(
    ("tile", "overlap", "complaint"),
    [
        (512, 256, "a tile of 512 pixels with an overlap of 256: both must be multiples of 8, at least 1024"),
        (1024, 128, "at least 1024 and 256"),
        (1030, 256, "multiples of 8"),
        (1024, 640, "an overlap of 640 is more than half a tile of 1024 pixels"),
    ],
)
def test_tiles_that_are_too_small_are_refused(tile, overlap, complaint):
    with pytest.raises(DataError, match=complaint):
        tiles((2048, 2048), tile, overlap)
