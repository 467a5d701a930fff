"""Windows and scaling of the semantic trimap, in the mode of the release and in the robust one."""

import numpy as np
import pytest
import torch
from fake_weights import fake_network
from hypothesis import given
from hypothesis import strategies as st

from simd.errors import DataError
from simd.image import UNKNOWN
from simd.methods.runtime.fold_norms import fuse
from simd.methods.sim import semantic_trimap as module
from simd.methods.sim.semantic_trimap import WINDOW_SIZES, score_maps, semantic_trimap, windows

lengths = st.integers(1, 400).map(lambda n: 8 * n)


@pytest.fixture(scope="module")
def classifier():
    return fuse(fake_network("classifier", "small"))


def draw(height, width, seed=0):
    """Return an image of noise and a trimap with a ring of unknown pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    radius = np.hypot((y - height / 2) / height, (x - width / 2) / width)
    trimap = np.select([radius < 0.2, radius < 0.35], [255, 128], 0).astype(np.uint8)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8), trimap


def spans(length, step, mode):
    return [(w.columns.start, w.columns.stop) for w in windows((step, length), step, mode)]


def test_windows_by_hand():
    # starts 0, 160, 320 and 1032 - 320 = 712 from range(0, 712, 160)
    assert [start for start, _ in spans(1032, 320, "released")] == [0, 160, 320, 480, 640, 712]
    assert spans(320, 320, "released") == [(0, 320)]
    # one window whose negative start Python counts from the end: 2 * 648 - 800 = 496
    assert spans(648, 800, "released") == [(496, 648)]
    assert spans(256, 320, "released") == [(192, 256)]
    assert spans(336, 800, "released") == [(0, 336)]
    assert spans(648, 800, "robust") == [(0, 648)]


@given(lengths, st.sampled_from(WINDOW_SIZES))
def test_released_windows_are_what_python_makes_of_the_starts_of_the_release(length, step):
    starts = [*range(0, length - step, step // 2), length - step]
    line = range(length)
    expected = [tuple(line[start : start + step]) for start in starts]
    assert [tuple(range(a, b)) for a, b in spans(length, step, "released")] == expected


@given(lengths, lengths, st.sampled_from(WINDOW_SIZES))
def test_robust_windows_cover_every_pixel(height, width, step):
    seen = np.zeros((height, width), bool)
    for window in windows((height, width), step):
        seen[window] = True
    assert seen.all()


@given(lengths.filter(lambda n: n >= 800), lengths.filter(lambda n: n >= 800), st.sampled_from(WINDOW_SIZES))
def test_the_modes_have_the_same_windows_from_800_pixels_on(height, width, step):
    assert windows((height, width), step, "robust") == windows((height, width), step, "released")


@pytest.mark.parametrize("size", [(800, 800), (800, 1048)])
def test_the_modes_agree_array_for_array_from_800_pixels_on(classifier, size):
    image, trimap = draw(*size)
    trimap[:, 300:] = 0  # fewer windows, for a quick test
    np.testing.assert_array_equal(
        semantic_trimap(classifier, image, trimap, mode="robust"),
        semantic_trimap(classifier, image, trimap, mode="released"),
    )


def test_below_800_pixels_the_release_leaves_pixels_unseen(classifier):
    image, trimap = draw(400, 648)
    trimap[:] = 0
    trimap[100:140, 20:60] = UNKNOWN
    robust, released = (score_maps(classifier, image, trimap, mode=m) for m in ("robust", "released"))
    assert not np.array_equal(robust, released)


@pytest.mark.parametrize("size", [(32, 32), (40, 32), (32, 328), (320, 320), (336, 640), (40, 800)])
def test_robust_maps_are_finite_and_span_the_range_at_any_size(classifier, size):
    image, trimap = draw(*size)
    maps = semantic_trimap(classifier, image, trimap)
    assert maps.shape == (20, *size)
    assert np.isfinite(maps).all()
    assert maps.min() >= 0
    assert maps.max() <= 1
    assert (maps[:, trimap != UNKNOWN] == 0).all()
    assert maps[:, trimap == UNKNOWN].std() > 0


def test_without_unknown_pixels_the_release_divides_by_zero_and_robust_gives_0(classifier):
    image, trimap = draw(96, 120)
    trimap[trimap == UNKNOWN] = 0
    assert np.isnan(semantic_trimap(classifier, image, trimap, mode="released")).all()
    assert (semantic_trimap(classifier, image, trimap) == 0).all()


def test_a_constant_map_is_scaled_to_0_and_not_divided_by_0(classifier, monkeypatch):
    image, trimap = draw(64, 64)
    monkeypatch.setattr(module, "score_maps", lambda *_, **__: np.full((20, 64, 64), 3, np.float32))
    assert (semantic_trimap(classifier, image, trimap) == 0).all()


def test_skipped_windows_and_batches_change_nothing(classifier):
    """Maps against one window at a time, written out again from the definition."""
    image, trimap = draw(832, 832)
    trimap[:, 320:] = 0  # many windows of 320 without an unknown pixel
    total, count, skipped = np.zeros((20, 832, 832)), np.zeros((832, 832)), 0
    for step in WINDOW_SIZES:
        for y in [*range(0, 832 - step, step // 2), 832 - step]:
            for x in [*range(0, 832 - step, step // 2), 832 - step]:
                place = np.s_[y : y + step, x : x + step]
                if not (trimap[place] == UNKNOWN).any():
                    skipped += 1
                    continue
                colours = torch.from_numpy(image[place]).permute(2, 0, 1)[None] / 255
                with torch.inference_mode():
                    maps = classifier(colours, torch.from_numpy(trimap[place])[None, None] / 255).score_maps
                    large = torch.nn.functional.interpolate(maps, (step, step), mode="bilinear")
                total[:, y : y + step, x : x + step] += large[0].numpy()
                count[place] += 1
    mean = total / np.maximum(count, 1)
    assert skipped > 5
    expected = (mean - mean.min()) / (mean.max() - mean.min()) * (trimap == UNKNOWN)
    np.testing.assert_allclose(semantic_trimap(classifier, image, trimap), expected, atol=1e-5)


def test_an_image_below_320_pixels_is_one_window_seen_once(classifier):
    image, trimap = draw(96, 120)
    batches = []
    watch = classifier.register_forward_hook(lambda _module, inputs, _output: batches.append(len(inputs[0])))
    score_maps(classifier, image, trimap)
    watch.remove()
    assert batches == [1]


def test_modes_that_there_are_not_are_refused(classifier):
    with pytest.raises(
        DataError, match="unknown mode 'exact' of the semantic trimap; it is one of robust, rel"
    ):
        semantic_trimap(classifier, *draw(64, 64), mode="exact")
