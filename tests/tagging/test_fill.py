"""From strokes to pixels, and from a few pixels to every unknown one."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simd.errors import DataError
from simd.generator import synthetic
from simd.generator.objects import MIXED, mixed
from simd.tagging.annotation import Stroke
from simd.tagging.fill import class_confidence, fill, unknown_of
from simd.tagging.paint import blank, paint
from simd.tagging.simulate import draw_strokes
from simd.taxonomy import CLASSES, class_index

FIRE, FUR = class_index("fire"), class_index("fur")


def painted(*strokes: Stroke, size: tuple[int, int] = (5, 6)) -> list[str]:
    """Return what strokes paint, a character a pixel."""
    marks = {255: ".", FIRE: "f", FUR: "u"}
    return ["".join(marks[int(value)] for value in row) for row in paint(strokes, blank(size))]


def test_strokes_paint_the_pixels_whose_centres_lie_in_them():
    dab = Stroke(kind="brush", class_="fire", points=((1, 2),), radius=1)
    assert painted(dab) == ["..f...", ".fff..", "..f...", "......", "......"]
    line = Stroke(kind="brush", class_="fire", points=((1, 1), (1, 4), (3, 4)), radius=0.5)
    assert painted(line) == ["......", ".ffff.", "....f.", "....f.", "......"]
    box = Stroke(kind="box", class_="fire", points=((3.4, 9), (1.6, 4.2)))
    assert painted(box) == ["......", "......", ".....f", ".....f", "......"]
    triangle = Stroke(kind="polygon", class_="fire", points=((-0.5, -0.5), (-0.5, 3.5), (3.5, -0.5)))
    assert painted(triangle)[0].startswith("fff")
    assert painted(triangle)[2] in ("f.....", "ff....")
    assert painted(triangle)[4] == "......"
    assert painted(Stroke(kind="whole", class_="fur")) == ["uuuuuu"] * 5


def test_later_strokes_lie_over_earlier_ones_and_no_class_takes_away():
    whole = Stroke(kind="whole", class_="fur")
    over = Stroke(kind="box", class_="fire", points=((0, 0), (0, 2)))
    away = Stroke(kind="box", class_=None, points=((0, 2), (1, 3)))
    assert painted(whole, over, away)[:3] == ["ff..uu", "uu..uu", "uuuuuu"]


def test_strokes_outside_the_image_paint_nothing():
    for points in (((-50, -50),), ((-9, 3), (-8, 900)), ((70000, 2), (70000, 3))):
        assert painted(Stroke(kind="brush", class_="fire", points=points, radius=3)) == ["......"] * 5
    assert painted(Stroke(kind="box", class_="fire", points=((-9, -9), (-2, -2)))) == ["......"] * 5
    assert (
        painted(Stroke(kind="polygon", class_="fire", points=((-9, -9), (-2, -2), (-5, 9)))) == ["......"] * 5
    )


coordinates = st.tuples(st.floats(-4, 20), st.floats(-4, 20))


@settings(deadline=None)
@given(coordinates, coordinates, st.floats(0, 6))
def test_a_brush_paints_all_within_its_radius_and_no_more(start, end, radius):
    mask = paint([Stroke(kind="brush", class_="fire", points=(start, end), radius=radius)], blank((16, 16)))
    y, x = np.mgrid[:16, :16]
    t = np.linspace(0, 1, 501)[:, None, None]  # the line, finely sampled
    line_y, line_x = start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])
    distance = np.hypot(y - line_y, x - line_x).min(axis=0)
    assert (mask[distance < radius - 0.05] == FIRE).all()
    assert (mask[distance > radius + 0.05] == 255).all()


def test_one_class_takes_all_of_its_unknown_region_and_nothing_else():
    cutout = synthetic("fur", 3, 96)
    unknown = unknown_of(cutout.alpha)
    tagged = fill(cutout.fg, cutout.alpha, paint([Stroke(kind="whole", class_="fur")], blank((96, 96))))
    assert (tagged.class_mask == np.where(unknown, FUR, 255)).all()
    assert (tagged.confidence == unknown).all()
    assert class_confidence(tagged) == {FUR: 1.0}


def test_painted_pixels_keep_their_class():
    cutout = mixed("candle", 20, 128)
    unknown = unknown_of(cutout.alpha)
    seeds = paint(draw_strokes(cutout.class_mask, unknown), blank((128, 128)))
    tagged = fill(cutout.fg, cutout.alpha, seeds)
    kept = unknown & (seeds != 255)
    assert (tagged.class_mask[kept] == seeds[kept]).all()
    assert (tagged.confidence[kept] == 1).all()
    assert (tagged.class_mask[unknown] != 255).all()
    assert (tagged.class_mask[~unknown] == 255).all()
    assert 0 <= tagged.confidence.min() <= tagged.confidence.max() <= 1


def test_two_halves_that_look_alike_are_parted_midway():
    alpha = np.full((64, 128), 128, np.uint8)
    fg = np.full((64, 128, 3), 90, np.uint8)
    seeds = blank((64, 128))
    seeds[:, 10], seeds[:, 117] = FIRE, FUR
    mask = fill(fg, alpha, seeds).class_mask
    assert (mask[:, :62] == FIRE).all()
    assert (mask[:, 66:] == FUR).all()


def test_a_class_reaches_through_what_looks_like_its_strokes():
    alpha = np.full((90, 120), 100, np.uint8)
    fg = np.zeros((90, 120, 3), np.uint8)
    fg[:] = (30, 30, 160)
    fg[30:60] = (200, 60, 20)  # a band from side to side
    seeds = blank((90, 120))
    seeds[44:47, 2:8], seeds[10:13, 100:110], seeds[75:78, 100:110] = FIRE, FUR, FUR
    mask = fill(fg, alpha, seeds).class_mask  # at its far end the fur's strokes are nearer
    assert (mask[34:56] == FIRE).mean() > 0.98
    assert (mask[:26] == FUR).mean() > 0.98


def test_nothing_painted_and_unlike_sizes_are_refused():
    cutout = synthetic("fur", 3, 64)
    with pytest.raises(DataError, match="nothing is painted"):
        fill(cutout.fg, cutout.alpha, blank((64, 64)))
    with pytest.raises(DataError, match=r"seeds are uint8 \(64, 65\), but have to be uint8 of alpha's size"):
        fill(cutout.fg, cutout.alpha, blank((64, 65)))


@pytest.mark.slow
def test_three_strokes_a_class_give_nine_pixels_of_ten_their_class():
    right = total = 0
    for kind in MIXED:  # the fill was set on seeds 0 to 3
        for seed in (20, 21):
            cutout = mixed(kind, seed, 320)
            unknown = unknown_of(cutout.alpha)
            strokes = draw_strokes(cutout.class_mask, unknown)
            assert max(sum(s.class_ == name for s in strokes) for name in CLASSES) <= 3
            mask = fill(cutout.fg, cutout.alpha, paint(strokes, blank((320, 320))), unknown).class_mask
            share = (mask == cutout.class_mask)[unknown].mean()
            assert share > 0.7, (kind, seed)
            right += share
            total += 1
    assert right / total >= 0.9


def test_a_fill_takes_less_than_two_seconds_at_1024_pixels():
    cutout = mixed("bonfire", 20, 1024)
    unknown = unknown_of(cutout.alpha)
    strokes = draw_strokes(cutout.class_mask, unknown)
    start = time.process_time()
    fill(cutout.fg, cutout.alpha, paint(strokes, blank((1024, 1024))))
    assert time.process_time() - start < 2


def test_simulated_strokes_lie_in_their_class():
    cutout = mixed("bonfire", 21, 256)
    unknown = unknown_of(cutout.alpha)
    for stroke in draw_strokes(cutout.class_mask, unknown):
        points = np.array(stroke.points, int)
        assert (cutout.class_mask[tuple(points.T)] == class_index(stroke.class_)).all()
        assert unknown[tuple(points.T)].all()
    assert draw_strokes(cutout.class_mask, unknown) == draw_strokes(cutout.class_mask, unknown)
