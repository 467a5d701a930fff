import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from simd.errors import DataError
from simd.masks import Box, bounding_box, check_class_mask, class_regions, nearest_pixel

REGIONS = arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=7))


def mask(*rows):
    return np.array(rows, np.uint8)


def test_the_bounding_box_by_hand():
    box = bounding_box(mask([0, 0, 0, 0], [0, 3, 0, 0], [0, 0, 255, 0]))
    assert box == Box(1, 1, 3, 3)
    assert (box.height, box.width) == (2, 2)
    assert bounding_box(np.zeros((3, 4), np.bool_)) is None


@given(REGIONS)
def test_a_box_holds_the_whole_region_and_no_empty_edge(region):
    box = bounding_box(region)
    if box is None:
        assert not region.any()
        return
    cut = region[box.slices]
    assert cut.shape == (box.height, box.width)
    assert cut.sum() == region.sum()
    assert all(edge.any() for edge in (cut[0], cut[-1], cut[:, 0], cut[:, -1]))


@given(st.data())
def test_the_classes_split_the_unknown_region(data):
    unknown = data.draw(REGIONS)
    values = st.sampled_from([0, 7, 19, 255])
    class_mask = data.draw(arrays.arrays(np.uint8, unknown.shape, elements=values))
    regions = class_regions(class_mask, unknown)
    assert all(region.any() for region in regions.values())
    total = sum((region.astype(int) for region in regions.values()), np.zeros(unknown.shape, int))
    np.testing.assert_array_equal(total, unknown & (class_mask != 255))


def test_class_0_and_class_19_have_regions():
    unknown = np.array([[True, True, True, False]])
    regions = class_regions(mask([19, 0, 255, 3]), unknown)
    assert list(regions) == ["defocus", "water_spray"]
    np.testing.assert_array_equal(regions["defocus"], [[False, True, False, False]])


@pytest.mark.parametrize(
    ("class_mask", "message"),
    [
        (mask([20, 0]), r"m.png: holds 20; classes are 0..19, and 255 means no class"),
        (mask([0, 21]), r"m.png: holds 21;"),  # outside the unknown region, too
        (mask([0, 0]).astype(np.int64), r"m.png: is int64, but has to be uint8"),
        (mask([0]), r"m.png: \(1, 1\) and alpha \(1, 2\) must share one \(H, W\)"),
    ],
)
def test_a_wrong_class_mask_is_refused(class_mask, message):
    unknown = np.array([[True, False]])
    with pytest.raises(DataError, match=message):
        class_regions(class_mask, unknown, "m.png:")
    with pytest.raises(DataError, match=message):
        check_class_mask(class_mask, unknown.shape, "m.png:")


@given(REGIONS)
def test_a_pixel_of_the_region_is_nearest_to_itself(region):
    if region.any():
        number = nearest_pixel(region)
        np.testing.assert_array_equal(number[region], np.arange(region.sum()))
        assert number.max() < region.sum()
