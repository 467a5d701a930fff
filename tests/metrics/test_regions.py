import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_alpha import cases, load_case, steadily

from simd.errors import DataError
from simd.metrics.alpha import errors
from simd.metrics.regions import score_regions
from simd.taxonomy import NO_CLASS


@steadily(400)
@given(cases(), st.sampled_from([np.uint8, np.float64]), st.integers(0, 2**32 - 1))
def test_parts_are_the_errors_of_their_pixels_and_add_up(case, dtype, seed):
    pred, alpha, unknown = case
    if dtype == np.float64:
        pred, alpha = pred / 255, alpha / 255
    labels = np.array([0, 3, 19, NO_CLASS], np.uint8)
    class_mask = np.random.default_rng(seed).choice(labels, pred.shape)
    scores = score_regions(pred, alpha, unknown, class_mask)
    assert list(scores.by_class) == [int(c) for c in labels if (unknown & (class_mask == c)).any()]
    for c, part in scores.by_class.items():
        region = unknown & (class_mask == c)
        assert part.pixels == region.sum()
        assert part[1:] == pytest.approx(errors(pred, alpha, region), rel=1e-9, abs=1e-12)
    whole, parts = scores.whole, scores.by_class.values()
    assert whole.pixels == sum(part.pixels for part in parts) == unknown.sum()
    assert whole[1:] == pytest.approx(errors(pred, alpha, unknown), rel=1e-9, abs=1e-12, nan_ok=True)
    for name in ("sad", "grad", "conn"):
        total = sum(getattr(part, name) for part in parts)
        assert total == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-12)
    if whole.pixels:
        weighted = sum(part.pixels * part.mse for part in parts) / whole.pixels
        assert weighted == pytest.approx(whole.mse, rel=1e-9, abs=1e-12)


def test_halves_of_the_hair_add_up():
    pred, alpha, unknown = load_case("02_hair")
    class_mask = np.full(alpha.shape, 4, np.uint8)
    class_mask[:, alpha.shape[1] // 2 :] = NO_CLASS
    scores = score_regions(pred, alpha, unknown, class_mask)
    assert list(scores.by_class) == [4, NO_CLASS]
    for name in ("sad", "grad", "conn"):
        parts = [getattr(part, name) for part in scores.by_class.values()]
        assert min(parts) > 0
        assert sum(parts) == pytest.approx(getattr(errors(pred, alpha, unknown), name), rel=1e-12)


def test_an_empty_unknown_region_has_no_parts():
    matte = np.zeros((3, 4), np.uint8)
    scores = score_regions(matte, matte, matte == 1, matte)
    assert scores.by_class == {}
    assert scores.whole.pixels == scores.whole.sad == scores.whole.grad == scores.whole.conn == 0
    assert np.isnan(scores.whole.mse)


@pytest.mark.parametrize(
    ("class_mask", "message"),
    [
        (np.zeros((4, 3), np.uint8), r"class_mask \(4, 3\) and alpha \(3, 4\) must share one \(H, W\)"),
        (np.zeros((3, 4), int), "class_mask is int64, but has to be uint8: 0..19, or 255 for no class"),
        (np.full((3, 4), 20, np.uint8), "class_mask holds 20; classes are 0..19, and 255 means no class"),
    ],
)
def test_bad_class_masks_are_named(class_mask, message):
    matte = np.zeros((3, 4))
    with pytest.raises(DataError, match=message):
        score_regions(matte, matte, matte == 0, class_mask)


def test_bad_regions_are_named_unknown():
    matte = np.zeros((3, 4))
    with pytest.raises(DataError, match="unknown is float64, but has to be a boolean mask"):
        score_regions(matte, matte, matte, matte.astype(np.uint8))
