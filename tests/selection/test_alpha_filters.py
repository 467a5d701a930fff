import io

import cv2
import numpy as np
import pytest
from conftest import soft_alpha
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from simd.errors import DataError
from simd.generator import synthetic
from simd.selection.alpha_filters import border, islands, noisy, quantised, small, unlicensed, unusable
from simd.selection.colour_filters import hidden, mismatch, premultiplied
from simd.selection.foregrounds import SCATTERS, judge
from simd.selection.reasons import REASONS, check_allowed, decide, finding_of
from simd.sources import Pixels
from simd.taxonomy import CLASSES

SEEDS = range(3)


@pytest.fixture(scope="module")
def clean():
    """Return generated foregrounds of all 20 classes: exact alpha, straight colour."""
    return {(name, seed): synthetic(name, seed, 256) for name in CLASSES for seed in SEEDS}


def alpha_with(level, count, *, rest=0):
    """Return an alpha of 100 x 100 pixels in which `count` have a level."""
    alpha = np.full(10_000, rest, np.uint8)
    alpha[:count] = level
    return alpha.reshape(100, 100)


def as_jpeg(pixels, quality):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data))


def multiplied(fg, alpha):
    return np.rint(fg * (alpha[..., None] / 255)).astype(np.uint8)


def photograph(size=256, seed=0):
    """Return a picture with detail everywhere."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (size // 8, size // 8, 3), dtype=np.uint8)
    noise = rng.normal(0, 6, (size, size, 3))
    return np.clip(cv2.resize(coarse, (size, size)) + noise, 0, 255).astype(np.uint8)


@pytest.mark.slow
def test_clean_foregrounds_pass_without_a_warning(clean):
    wrong = {
        key: findings
        for key, cutout in clean.items()
        if (findings := judge(Pixels(*cutout), scatters=key[0] in SCATTERS))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("alpha", "reason"),
    [
        (soft_alpha(), None),
        (alpha_with(0, 0), "empty"),
        (alpha_with(100, 9), "empty"),  # 0.09 %
        (alpha_with(100, 10), None),  # 0.1 %
        (alpha_with(255, 5000), "binary"),
        (np.concatenate([alpha_with(254, 4, rest=255), alpha_with(0, 0)]), "binary"),  # 4 of 20,000: 0.02 %
        (alpha_with(254, 4, rest=255), "binary"),  # 0.04 %
        (alpha_with(254, 5, rest=255), None),  # 0.05 %
        (alpha_with(255, 10_000), "full"),
    ],
)
def test_limits_by_hand(alpha, reason):
    finding = unusable(alpha)
    assert (finding and finding.reason) == reason


def test_the_figure_behind_a_drop_is_told():
    finding = unusable(alpha_with(100, 9))
    assert (finding.figure, finding.detail) == (0.0009, "alpha is above 0 on 0.090% of the pixels")
    binary = unusable(alpha_with(255, 9_999))
    assert binary.detail == "alpha is between 0 and 255 on 0.000% of the pixels"
    assert small((64, 80), 65).detail == "64 x 80 pixels, the shorter side must reach 65"
    assert small((64, 80), 64) is None


def test_four_bits_are_few_levels_and_five_are_not(clean):
    for name in ("defocus", "silk", "smoke_cloud", "glass_ice"):
        alpha = clean[name, 0].alpha
        four, five = (alpha >> 4) * 17, (alpha >> 3) * 8
        assert quantised(four).figure <= 14
        assert quantised(five) is None
    assert quantised(alpha_with(100, 199)) is None  # too few pixels to tell
    assert quantised(alpha_with(100, 200)).figure == 1


@pytest.mark.parametrize("name", ["fur", "insect", "tree", "hair_easy", "sharp", "flower"])
@pytest.mark.parametrize("quality", [95, 85])
def test_jpeg_leaves_noise_beside_0_and_255(clean, name, quality):
    alpha = clean[name, 1].alpha
    assert noisy(alpha) is None
    assert noisy(as_jpeg(alpha, quality)).figure >= 0.03


def test_a_soft_ramp_is_no_noise():
    ramp = np.tile(np.repeat(np.arange(256, dtype=np.uint8), 2), (64, 1))
    assert noisy(ramp) is None
    assert noisy(ramp.T) is None


def test_specks_are_found_far_away_and_left_beside_the_object():
    alpha = soft_alpha(200, 200)
    assert islands(alpha) is None
    alpha[5:7, 5:7] = 200
    finding = islands(alpha)
    assert finding.detail == "1 far from the rest, 4 pixels in all"
    assert finding.severity == "warn"
    near = soft_alpha(200, 200)
    near[100, 186:188] = 200  # the disc has a radius of 80
    assert islands(near) is None
    two = soft_alpha(200, 200)
    two[4:24, 4:24] = 255  # 2 % of the disc: a second object
    assert islands(two) is None


def test_a_stripe_at_the_frame_is_found_and_a_cut_object_is_not():
    alpha = soft_alpha(100, 100)
    alpha[:, 0] = 255
    assert border(alpha).figure == pytest.approx(100 / 400, abs=0.01)
    cut = soft_alpha(100, 100)[:, 40:]
    assert border(cut) is None
    few = soft_alpha(100, 100)
    few[10:28, 99] = 255
    assert border(few) is None  # 18 pixels


@pytest.mark.parametrize(
    "name", ["defocus", "fur", "hair_hard", "fire", "leaf", "tree", "net", "motion", "flower", "smoke_cloud"]
)
def test_multiplied_colour_is_found_as_png_and_as_jpeg(clean, name):
    fg, alpha, _ = clean[name, 0]
    assert premultiplied(fg, alpha) is None
    stored = multiplied(fg, alpha)
    assert premultiplied(stored, alpha).figure <= 0.5
    if name not in ("leaf", "flower"):  # JPEG's coarse colour brightens these at the edge
        assert premultiplied(as_jpeg(stored, 90), alpha).reason == "premultiplied"


def test_dark_objects_are_not_taken_for_multiplied(clean):
    for fg, alpha, _ in clean.values():
        for dark in (fg // 4, fg // 8, np.zeros_like(fg)):
            assert premultiplied(dark, alpha) is None
            assert premultiplied(dark, 255 - alpha) is None


def test_an_alpha_that_is_mirrored_or_turned_is_found():
    fg = np.full((200, 240, 3), 90, np.uint8)
    fg[30:90, 20:100] = (220, 30, 40)
    fg[90:150, 20:60] = (20, 200, 60)
    inside = (fg != 90).any(axis=2).astype(np.uint8) * 255
    alpha, noise = cv2.GaussianBlur(inside, (0, 0), 2), np.random.default_rng(0).integers(0, 6, fg.shape)
    fg = (fg + noise).astype(np.uint8)
    assert mismatch(fg, alpha) is None
    for turned, how in ((alpha[:, ::-1], "mirrored"), (alpha[::-1], "upside down")):
        finding = mismatch(fg, np.ascontiguousarray(turned))
        assert how in finding.detail
        assert finding.figure >= 0.1
    assert "180°" in mismatch(fg, np.ascontiguousarray(alpha[::-1, ::-1])).detail


def test_an_alpha_of_another_object_is_found_over_a_plain_background():
    fg = np.full((200, 200, 3), 255, np.uint8)
    fg[20:180, 10:80] = (120, 90, 60)
    here, there = np.zeros((200, 200), np.uint8), np.zeros((200, 200), np.uint8)
    here[20:180, 10:80] = there[90:110, 85:115] = 255
    soft = cv2.GaussianBlur(there, (0, 0), 3)
    assert mismatch(fg, cv2.GaussianBlur(here, (0, 0), 3)) is None
    assert "100% of what stands out" in mismatch(fg, soft).detail


def test_a_colour_that_is_its_own_alpha_is_found(clean):
    alpha = clean["fur", 0].alpha
    finding = mismatch(np.repeat(alpha[..., None], 3, axis=2), alpha)
    assert finding.detail.startswith("the colour is the alpha again")


def test_a_photograph_under_alpha_0_is_told_and_drawn_on_colour_is_not():
    from simd.sources.rgba import extend_colour

    alpha, picture = soft_alpha(256, 256), photograph()
    finding = hidden(picture, alpha)
    assert finding.severity == "warn"
    assert finding.figure >= 0.5
    assert hidden(extend_colour(picture, alpha), alpha) is None
    assert hidden(np.where(alpha[..., None] > 0, picture, 0).astype(np.uint8), alpha) is None


@pytest.mark.parametrize(
    ("licence", "allowed", "kept"),
    [
        ("CC0-1.0", (), True),
        ("CC0-1.0", ("cc0*",), True),
        ("CC BY 4.0", ("CC0*", "CC BY *"), True),
        ("CC BY-SA 4.0", ("CC0*", "CC BY *"), False),
        ("unknown", ("CC0*",), False),
    ],
)
def test_licences_are_an_allow_list(licence, allowed, kept):
    assert (unlicensed(licence, allowed) is None) == kept


def test_one_drop_is_enough_and_the_gravest_is_told():
    findings = [
        finding_of("noisy", 0.1, "noise"),
        finding_of("small", 3, "three"),
        finding_of("binary", 0, "mask"),
    ]
    verdict = decide("a", findings)
    assert (verdict.keep, verdict.reason, verdict.detail) == (False, "small", "three")
    assert [f.reason for f in verdict.findings] == ["small", "binary", "noisy"]
    assert decide("a", findings, allow={"small", "binary"}).keep
    strict = decide("a", findings[:1], strict=True)
    assert (strict.keep, strict.reason) == (False, "noisy")
    assert decide("a", findings, allow=("small", "binary", "noisy")).findings == ()


def test_reasons_are_named_right():
    assert check_allowed(["noisy"]) == {"noisy"}
    with pytest.raises(DataError, match="--allow nosy: no such reason; did you mean 'noisy'"):
        check_allowed(["nosy"])
    with pytest.raises(DataError, match="--allow broken: there is nothing to keep"):
        check_allowed(["broken"])
    order = [reason.severity for reason in REASONS.values()]
    assert order == sorted(order)  # drop before warn


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24))),
    st.integers(0, 255),
)
def test_any_alpha_gets_an_answer(alpha, level):
    fg = np.full((*alpha.shape, 3), level, np.uint8)
    findings = judge(Pixels(fg, alpha, None))
    assert {f.reason for f in findings} <= set(REASONS)
    mirrored = judge(Pixels(fg[:, ::-1], alpha[:, ::-1], None))
    assert [f.reason for f in mirrored] == [f.reason for f in findings]
