import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simd.composition.protocols import load_protocol
from simd.composition.protocols.exact import Exact
from simd.errors import DataError

sides = st.integers(1, 60)


def noise(height, width, seed=0, channels=(3,)):
    return np.random.default_rng(seed).integers(0, 256, (height, width, *channels), dtype=np.uint8)


def lanczos(pixels, height, width):
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


# -- the background ------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(sides, sides, sides, sides, st.integers(0, 99))
def test_a_background_just_covers_and_its_window_is_cut_from_it(height, width, bg_height, bg_width, seed):
    bg = noise(bg_height, bg_width)
    window, recipe = Exact().place(bg, (height, width), np.random.default_rng(seed))
    assert window.shape == (height, width, 3)
    assert window.flags.c_contiguous
    cover, top, left = (recipe["bg_height"], recipe["bg_width"]), recipe["crop_top"], recipe["crop_left"]
    # it covers, along one side exactly, and keeps its proportions to half a pixel
    assert cover[0] >= height
    assert cover[1] >= width
    assert height == cover[0] or width == cover[1]
    scale = max(height / bg_height, width / bg_width)
    assert cover[0] == pytest.approx(bg_height * scale, abs=0.5)
    assert cover[1] == pytest.approx(bg_width * scale, abs=0.5)
    assert 0 <= top <= cover[0] - height
    assert 0 <= left <= cover[1] - width
    whole = bg if cover == (bg_height, bg_width) else lanczos(bg, *cover)
    np.testing.assert_array_equal(window, whole[top : top + height, left : left + width])


@pytest.mark.parametrize(
    ("size", "bg_size", "cover"),
    [
        ((50, 100), (100, 100), (100, 100)),  # scale 1
        ((50, 100), (40, 50), (80, 100)),  # enlarged by 2
        ((30, 30), (300, 600), (30, 60)),  # reduced by 10
        ((30, 20), (7, 7), (30, 30)),
        ((3, 3), (1000, 7), (429, 3)),  # 1000 · 3/7 = 428.57
    ],
)
def test_sizes_of_covers_by_hand(size, bg_size, cover):
    _, recipe = Exact().place(noise(*bg_size), size, np.random.default_rng(0))
    assert (recipe["bg_height"], recipe["bg_width"]) == cover


def test_windows_reach_both_ends_and_depend_on_the_generator_alone():
    bg = noise(10, 14)
    lefts = [Exact().place(bg, (10, 10), np.random.default_rng(s))[1]["crop_left"] for s in range(60)]
    assert set(lefts) == {0, 1, 2, 3, 4}
    again = [Exact().place(bg, (10, 10), np.random.default_rng(s))[1]["crop_left"] for s in range(60)]
    assert lefts == again


# -- the foreground ------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_side", [None, 80, 100])
def test_a_foreground_is_never_enlarged(max_side):
    fg, alpha, mask = noise(60, 80), noise(60, 80, 1, ()), noise(60, 80, 2, ())
    prepared = Exact(max_side=max_side).prepare(fg, alpha, mask)
    for now, before in zip(prepared, (fg, alpha, mask), strict=True):
        np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize(
    ("size", "max_side", "want"),
    [
        ((100, 200), 64, (32, 64)),
        ((200, 100), 50, (50, 25)),
        ((333, 500), 100, (67, 100)),
        ((1, 999), 32, (1, 32)),
    ],
)
def test_sizes_of_reduced_foregrounds_by_hand(size, max_side, want):
    fg, alpha = noise(*size), noise(*size, channels=())
    prepared = Exact(max_side=max_side).prepare(fg, alpha, None)
    assert prepared.fg.shape == (*want, 3)
    assert prepared.alpha.shape == want
    assert prepared.class_mask is None


def test_a_foreground_is_reduced_by_pillows_lanczos_and_its_mask_by_nearest():
    fg, mask = noise(90, 120), np.random.default_rng(3).choice([0, 4, 19, 255], (90, 120)).astype(np.uint8)
    alpha = np.clip(noise(90, 120, 1, ()), 1, 255)  # all visible: no colour is replaced
    prepared = Exact(max_side=40).prepare(fg, alpha, mask)
    np.testing.assert_array_equal(prepared.fg, lanczos(fg, 30, 40))
    np.testing.assert_array_equal(prepared.alpha, lanczos(alpha, 30, 40))
    nearest = np.asarray(Image.fromarray(mask).resize((40, 30), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(prepared.class_mask, nearest)
    assert set(np.unique(prepared.class_mask)) == {0, 4, 19, 255}  # no class between two others


def test_colour_hidden_under_alpha_0_does_not_reach_the_edge():
    fg = np.full((64, 64, 3), (200, 30, 60), np.uint8)
    alpha = np.zeros((64, 64), np.uint8)
    alpha[16:48, 16:48] = 255
    poisoned = fg.copy()
    poisoned[alpha == 0] = (0, 255, 0)
    prepared = Exact(max_side=32).prepare(poisoned, alpha, None)
    assert (prepared.fg == (200, 30, 60)).all()


# -- the trimap, the options -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "radius"),
    [((64, 64), 3), ((300, 2000), 3), ((349, 349), 3), ((351, 900), 4), ((1080, 1920), 11)],
)
def test_the_radius_is_one_percent_of_the_short_side_and_at_least_3(size, radius):
    assert Exact().recipe(size) == {"trimap_radius": radius}
    assert Exact(trimap_radius=0).recipe(size) == {"trimap_radius": 0}


def test_the_recipes_radius_is_that_of_the_trimap():
    alpha = np.zeros((400, 400), np.uint8)
    alpha[200, 200] = 7
    unknown = np.argwhere(Exact().trimap(alpha) == 128) - 200
    assert np.abs(unknown).max() == 4
    assert len(Exact(trimap_radius=0).trimap(alpha).nonzero()[0]) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_side": 31}, "max-side must be at least 32 pixels, not 31"),
        ({"trimap_radius": -1}, r"trimap-radius must be in 0\.\.200 pixels, not -1"),
        ({"trimap_radius": 201}, r"trimap-radius must be in 0\.\.200 pixels, not 201"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        load_protocol("exact", **options)


def test_unknown_protocols_are_named():
    with pytest.raises(DataError, match=r"unknown protocol 'exakt'; did you mean 'exact'\?"):
        load_protocol("exakt")
    assert load_protocol("exact", max_side=32).name == "exact"


@pytest.mark.parametrize("seed", range(8))
def test_the_window_keeps_off_a_known_object(seed):
    bg = noise(40, 200)
    whole = {Exact().place(bg, (40, 60), np.random.default_rng(s))[1]["crop_left"] for s in range(40)}
    assert max(whole) - min(whole) > 100
    # an object over the left 70 % of the photograph: only the right end shows none of it
    _, recipe = Exact().place(bg, (40, 60), np.random.default_rng(seed), avoid=(0.0, 0.0, 0.7, 1.0))
    assert recipe["crop_left"] >= 140
    # one in the middle third leaves both sides free
    _, recipe = Exact().place(bg, (40, 60), np.random.default_rng(seed), avoid=(0.4, 0.2, 0.6, 0.8))
    assert recipe["crop_left"] + 60 <= 80 or recipe["crop_left"] >= 120
    # a seeded window that shows none of it stays where it is
    seeded = Exact().place(bg, (40, 60), np.random.default_rng(seed))[1]
    left = seeded["crop_left"] / 200
    beside = (left + 0.3, 0.0, 1.0, 1.0) if left < 0.35 else (0.0, 0.0, left, 1.0)
    assert Exact().place(bg, (40, 60), np.random.default_rng(seed), avoid=beside)[1] == seeded


@given(
    st.tuples(st.integers(32, 90), st.integers(32, 90)),
    st.tuples(st.integers(5, 70), st.integers(5, 70)),
    st.integers(0, 2**32 - 1),
)
def test_a_window_is_the_same_whether_the_whole_background_is_scaled_or_not(size, bg_size, seed):
    bg = np.random.default_rng(seed).integers(0, 256, (*bg_size, 3), np.uint8)
    whole = Exact().place(bg, size, np.random.default_rng(seed), scaled=lambda cover, make: make())
    window = Exact().place(bg, size, np.random.default_rng(seed))
    assert whole[1] == window[1]
    np.testing.assert_array_equal(whole[0], window[0])
