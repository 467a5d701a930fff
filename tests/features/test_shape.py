import numpy as np
import pytest

from simd.features.shape import SPECK, find_parts, object_mask, stroke_widths, widths_at


@pytest.mark.parametrize("width", range(1, 10))
@pytest.mark.parametrize("upright", [True, False])
def test_the_width_of_a_straight_stroke_is_within_half_a_pixel(width, upright):
    mask = np.zeros((40, 60), bool)
    mask[15 : 15 + width] = True
    widths = widths_at(*stroke_widths(mask if upright else mask.T.copy()))
    assert len(widths) >= 60
    assert np.abs(widths - width).max() <= 0.5


def test_a_slanted_stroke_is_as_wide_as_it_is_drawn():
    y, x = np.mgrid[:80, :80]
    mask = np.abs((y - x) / np.sqrt(2)) <= 4.5  # 9 pixels across
    distance, ridge = stroke_widths(mask)
    inner = np.zeros_like(ridge)
    inner[20:60, 20:60] = True
    assert np.median(widths_at(distance, ridge & inner)) == pytest.approx(9, abs=1)


def test_a_mask_without_an_outside_has_no_ridge():
    assert not stroke_widths(np.ones((5, 7), bool))[1].any()
    assert not stroke_widths(np.zeros((5, 7), bool))[1].any()


def test_the_object_is_where_alpha_reaches_half_of_its_largest_value():
    faint = np.array([[0, 40, 50, 51, 100]], np.uint8)
    assert object_mask(faint).tolist() == [[False, False, True, True, True]]
    assert not object_mask(np.zeros((3, 3), np.uint8)).any()


def test_parts_and_holes_are_counted_by_hand():
    mask = np.zeros((20, 30), bool)
    mask[2:10, 2:10] = True
    mask[4:7, 4:7] = False  # a hole of 9
    mask[10:14, 10:14] = True  # touches the square at a corner: one part by 8 neighbours
    mask[3:6, 20:25] = True  # 15 pixels
    mask[8, 27] = True  # a speck
    mask[15:20, 0:6] = True
    mask[17:20, 2:4] = False  # open to the border below: no hole
    parts = find_parts(mask)
    assert sorted(parts.part_sizes.tolist()) == [15, 30 - 6, 64 - 9 + 16]
    assert parts.hole_sizes.tolist() == [9]
    assert SPECK == 4


def test_a_diagonal_wall_closes_a_hole():
    mask = np.zeros((9, 9), bool)
    for k in range(4):  # a diamond; its hole of 25 reaches the outside over corners only
        for y, x in ((k, 4 - k), (k, 4 + k), (8 - k, 4 - k), (8 - k, 4 + k)):
            mask[y, x] = True
    mask[4, 0] = mask[4, 8] = True
    assert find_parts(mask).hole_sizes.tolist() == [25]
