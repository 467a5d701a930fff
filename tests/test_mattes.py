"""One door for mattes: what is refused, with which words, and that both forms agree everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simd.composition.arithmetic import composite, composite_truncated
from simd.composition.straight_colour import straight_colour
from simd.errors import DataError
from simd.features.colour_distance import estimated_distance
from simd.features.descriptors import describe
from simd.features.region_statistics import (
    alpha_ratio,
    foreground_size,
    mean_gradient,
    measure_regions,
    thickness,
)
from simd.features.shape import describe_shape, object_mask
from simd.features.texture import describe_texture
from simd.mattes import as_levels, as_matte
from simd.metrics import conn, errors, grad, mse, sad
from simd.selection import alpha_filters, colour_filters
from simd.selection.near_duplicates import sign
from simd.sources.estimated import estimate_foreground
from simd.sources.rgba import extend_colour
from simd.tagging.fill import fill
from simd.trimap import trimap_of

SHAPE = (9, 8)
LEVELS = st.sampled_from([0, 255, 0, 255, 1, 64, 127, 128, 254])
MATTES = arrays(np.uint8, SHAPE, elements=LEVELS)
COLOURS = arrays(np.uint8, (*SHAPE, 3))
REGIONS = arrays(np.bool_, SHAPE)
EVERYWHERE = np.ones(SHAPE, np.bool_)
COLOUR = np.zeros((*SHAPE, 3), np.uint8)

SEEDS = np.where(np.indices(SHAPE)[0] < 4, np.uint8(3), np.uint8(5))

DOORS = {
    "as_matte": as_matte,
    "as_levels": as_levels,
    "trimap_of": lambda alpha: trimap_of(alpha, 1),
    "composite": lambda alpha: composite(COLOUR, alpha, COLOUR),
    "composite_truncated": lambda alpha: composite_truncated(COLOUR, alpha, COLOUR),
    "alpha_ratio": lambda alpha: alpha_ratio(alpha, EVERYWHERE),
    "mean_gradient": lambda alpha: mean_gradient(alpha, EVERYWHERE),
    "thickness": lambda alpha: thickness(alpha, EVERYWHERE),
    "measure_regions": lambda alpha: measure_regions(COLOUR, alpha, EVERYWHERE, {}),
    "foreground_size": foreground_size,
    "describe": describe,
    "describe_shape": lambda alpha: describe_shape(alpha, EVERYWHERE),
    "describe_texture": lambda alpha: describe_texture(alpha, EVERYWHERE),
    "object_mask": object_mask,
    "straight_colour": lambda alpha: straight_colour(COLOUR, alpha),
    "extend_colour": lambda alpha: extend_colour(COLOUR, alpha),
    "estimate_foreground": lambda alpha: estimate_foreground(COLOUR, alpha),
    "fill": lambda alpha: fill(COLOUR, alpha, SEEDS),
    "sign": lambda alpha: sign(COLOUR, alpha),
    **{
        name: getattr(alpha_filters, name)
        for name in ("unusable", "limited", "quantised", "noisy", "islands", "border")
    },
    "premultiplied": lambda alpha: colour_filters.premultiplied(COLOUR, alpha),
    "bleed": lambda alpha: colour_filters.bleed(COLOUR, alpha, COLOUR),
    "mismatch": lambda alpha: colour_filters.mismatch(COLOUR, alpha),
    "hidden": lambda alpha: colour_filters.hidden(COLOUR, alpha),
    "estimated_distance": lambda alpha: estimated_distance(COLOUR, alpha, EVERYWHERE),
    "sad": lambda alpha: sad(alpha, alpha, EVERYWHERE),
    "mse": lambda alpha: mse(alpha, alpha, EVERYWHERE),
    "grad": lambda alpha: grad(alpha, alpha, EVERYWHERE),
    "conn": lambda alpha: conn(alpha, alpha, EVERYWHERE),
    "errors": lambda alpha: errors(alpha, alpha, EVERYWHERE),
}
WRONG = {
    "a list": ([[0.5] * 8] * 9, "of type list, but has to be a NumPy array"),
    "a masked array": (np.ma.masked_array(np.zeros(SHAPE), mask=EVERYWHERE), "masked array"),
    "whole numbers": (np.zeros(SHAPE, np.int64), "int64; a matte is uint8 in 0..255 or float in"),
    "booleans": (np.zeros(SHAPE, np.bool_), "bool; a matte is uint8 in 0..255 or float in"),
    "0 to 255 in floats": (np.full(SHAPE, 200.0), "holds values from 200 to 200; .*: divide 0..255 by 255"),
    "an overshoot": (np.full(SHAPE, -0.25), "clip what overshoots"),
    "nan": (np.full(SHAPE, np.nan), "holds nan"),
    "no pixel": (np.zeros((0, 8)), "at least one pixel|must share one"),
    "three channels": (np.zeros((9, 8, 3), np.uint8), r"pass one|must share one"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("door", DOORS)
def test_what_is_not_a_matte_is_refused_with_a_sentence(door, wrong):
    matte, message = WRONG[wrong]
    with pytest.raises(DataError, match=message):
        DOORS[door](matte)


@pytest.mark.parametrize("door", DOORS)
def test_any_memory_order_gives_the_same(door):
    alpha = np.random.default_rng(0).integers(0, 256, SHAPE).astype(np.uint8)
    channels = np.stack([alpha, alpha // 2], axis=2)  # a channel of it is not contiguous
    frozen = alpha.copy()
    frozen.flags.writeable = False
    expected = DOORS[door](alpha)
    for other in (np.asfortranarray(alpha), channels[..., 0], alpha[::-1].copy()[::-1], frozen):
        np.testing.assert_equal(DOORS[door](other), expected)


@given(MATTES, st.integers(0, 3))
def test_a_float_matte_has_the_trimap_of_its_levels(alpha, radius):
    for dtype in (np.float32, np.float64):
        np.testing.assert_array_equal(
            trimap_of((alpha / 255).astype(dtype), radius), trimap_of(alpha, radius)
        )


@given(COLOURS, MATTES, COLOURS)
def test_a_float_matte_has_the_composite_of_its_levels(fg, alpha, bg):
    for place in (composite, composite_truncated):
        np.testing.assert_array_equal(place(fg, alpha / 255, bg), place(fg, alpha, bg))


@settings(deadline=None)
@given(COLOURS, MATTES, REGIONS)
def test_a_float_matte_has_the_features_of_its_levels(image, alpha, region):
    unit = alpha / 255
    near = {"rel": 1e-5, "abs": 1e-8, "nan_ok": True}  # a single level's gradient in float32 is that exact
    assert alpha_ratio(unit, region) == pytest.approx(alpha_ratio(alpha, region), nan_ok=True)
    assert mean_gradient(unit, region) == pytest.approx(mean_gradient(alpha, region), **near)
    assert thickness(unit, region) == pytest.approx(thickness(alpha, region), nan_ok=True)
    np.testing.assert_array_equal(describe(unit, region, image), describe(alpha, region, image))
    whole, other = (measure_regions(image, matte, region, {})[0] for matte in (unit, alpha))
    for name in other.__slots__:
        assert getattr(whole, name) == pytest.approx(getattr(other, name), **near), name
    assert foreground_size(unit).fg_share == pytest.approx(foreground_size(alpha).fg_share)


@settings(deadline=None)
@given(MATTES, MATTES, REGIONS)
def test_a_float_matte_has_the_errors_of_its_levels(pred, alpha, region):
    np.testing.assert_allclose(
        errors(pred / 255, alpha / 255, region), errors(pred, alpha, region), atol=1e-9
    )


def test_a_trace_of_alpha_is_fractional_in_floats():
    alpha = np.array([[0, 0.001, 0.999, 1]])
    assert trimap_of(alpha, 0).tolist() == [[0, 128, 128, 255]]
    assert alpha_ratio(alpha, alpha >= 0) == 0.5
    whole, _ = measure_regions(np.zeros((1, 4, 3), np.uint8), alpha, alpha >= 0, {})
    assert (whole.alpha_ratio, whole.share_alpha_0, whole.share_alpha_1) == (0.5, 0.25, 0.25)
    assert (whole.levels[0], whole.levels[7]) == (0.25, 0.25)


@pytest.mark.parametrize("radius", [-1, 1.5, True, "3"])
def test_a_radius_that_is_not_a_number_of_pixels_is_refused(radius):
    with pytest.raises(DataError, match="has to be a whole number of pixels, 0 or more"):
        trimap_of(np.zeros((4, 4), np.uint8), radius)


@pytest.mark.parametrize("place", [composite, composite_truncated])
@pytest.mark.parametrize(
    ("colour", "message"),
    [
        (COLOUR[..., 0], r"\(9, 8\) has to be RGB of alpha's size, \(9, 8, 3\)"),
        (COLOUR[:4], r"\(4, 8, 3\) has to be RGB"),
        (COLOUR / 255, "is float64, but colour is uint8 in 0..255"),
        (COLOUR.tolist(), "of type list"),
    ],
)
def test_colour_that_does_not_fit_is_refused(place, colour, message):
    alpha = np.zeros(SHAPE, np.uint8)
    with pytest.raises(DataError, match=f"fg.*{message}"):
        place(colour, alpha, COLOUR)
    with pytest.raises(DataError, match=f"bg.*{message}"):
        place(COLOUR, alpha, colour)


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (EVERYWHERE[1:], "must share one"),
        (EVERYWHERE.astype(np.uint8), "boolean mask"),
        ([[True]], "of type list"),
    ],
)
def test_a_region_that_does_not_fit_is_refused(region, message):
    alpha = np.zeros(SHAPE, np.uint8)
    for measure in (alpha_ratio, mean_gradient, thickness, describe):
        with pytest.raises(DataError, match=f"region.*{message}"):
            measure(alpha, region)
    with pytest.raises(DataError, match=f"region left.*{message}"):
        measure_regions(COLOUR, alpha, EVERYWHERE, {"left": region})


def test_metrics_know_their_names():
    import simd.metrics

    with pytest.raises(AttributeError, match="no attribute 'sadd'"):
        _ = simd.metrics.sadd
