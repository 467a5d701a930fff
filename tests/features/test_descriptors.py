import numpy as np
import pytest

from simd.errors import DataError
from simd.features.descriptors import COLOUR_NAMES, NAMES, describe


def named(alpha, region=None):
    return dict(zip(NAMES, describe(alpha, region).tolist(), strict=True))


def disc(side=120, radius=40.0, soft=20.0):
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.clip((radius - np.hypot(y, x)) * soft + 128, 0, 255).astype(np.uint8)


def stripes(period, side=128):
    x = np.arange(side)
    wave = 127.5 + 127 * np.sin(2 * np.pi * x / period)
    return np.tile(wave.astype(np.uint8), (side, 1))


def test_every_feature_has_one_name():
    assert len(set(NAMES)) == len(NAMES)
    assert describe(disc()).shape == (len(NAMES),)
    image = np.zeros((120, 120, 3), np.uint8)
    assert describe(disc(), image=image).shape == (len(NAMES) + len(COLOUR_NAMES),)
    assert describe(disc()).dtype == np.float32


@pytest.mark.parametrize("level", [0, 1, 100, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 3), (64, 64), (700, 9)])
def test_a_constant_alpha_gives_finite_numbers(level, shape):
    alpha = np.full(shape, level, np.uint8)
    image = np.full((*shape, 3), level, np.uint8)
    for region in (None, np.zeros(shape, bool), np.ones(shape, bool)):
        assert np.isfinite(describe(alpha, region, image)).all()


def test_noise_of_any_size_gives_finite_numbers():
    rng = np.random.default_rng(0)
    for _ in range(40):
        shape = tuple(rng.integers(1, 90, 2))
        alpha = rng.integers(0, 256, shape, dtype=np.uint8) * (rng.random(shape) < rng.random())
        assert np.isfinite(describe(alpha.astype(np.uint8), rng.random(shape) < 0.3)).all()


def test_float_and_uint8_agree():
    assert np.array_equal(describe(disc()), describe(disc() / 255))


def test_what_lies_outside_the_region_s_box_does_not_count():
    alpha, region = np.zeros((200, 220), np.uint8), np.zeros((200, 220), bool)
    alpha[30:150, 50:170], region[30:150, 50:170] = disc(), True
    alpha[:20] = 99
    assert np.array_equal(describe(alpha, region), describe(disc()))


def test_a_mirrored_patch_differs_in_its_sides_only():
    rng = np.random.default_rng(1)
    alpha = np.zeros((96, 128), np.uint8)
    alpha[:40, :50] = rng.integers(0, 256, (40, 50))
    one, other = named(alpha), named(alpha[:, ::-1].copy())
    for left, right in (("side_left", "side_right"), ("side_right", "side_left")):
        assert one.pop(left) == other.pop(right) or left == "side_right"
    changed = [name for name in one if one[name] != pytest.approx(other.get(name, one[name]), abs=2e-3)]
    assert changed == []


def test_levels_and_edges_by_hand():
    alpha = np.array([[0, 0, 64, 128, 192, 255, 255, 255]] * 8, np.uint8)
    found = named(alpha)
    assert (found["share_0"], found["share_1"], found["alpha_ratio"]) == (0.25, 0.375, 0.375)
    assert [found[f"level_{k}"] for k in range(8)] == pytest.approx([0, 1 / 3, 0, 1 / 3, 0, 1 / 3, 0, 0])
    assert found["level_mean"] == pytest.approx(128 / 255)
    # (128 - 0) / 2, (192 - 64) / 2, (255 - 128) / 2 levels a pixel
    assert found["mean_gradient"] == pytest.approx((64 + 64 + 63.5) / 3 / 255)
    assert found["gradient_bin_6"] == pytest.approx(2 / 3)  # two of 0.251 from 1/4 on, one of 0.249 below
    assert (found["one_direction"], found["upright"]) == pytest.approx((1, 1))
    assert (found["size"], found["aspect"]) == (3, 0)


def test_stripes_have_one_direction_and_noise_has_none():
    rng = np.random.default_rng(0)
    noise = named(rng.integers(0, 256, (128, 128), dtype=np.uint8))
    lines = named(stripes(8))
    assert lines["coherence_0"] > 0.98 > 0.4 > noise["coherence_0"]
    assert lines["directions_0"] < 0.1 < 0.95 < noise["directions_0"]
    assert named(stripes(8).T.copy())["coherence_0"] == pytest.approx(lines["coherence_0"], abs=1e-4)


def test_the_slope_of_the_spectrum_is_the_exponent_of_the_noise():
    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None])
    frequency[0, 0] = 1
    for exponent in (0, 1, 2):  # power falls as f**-exponent
        slopes = []
        for _ in range(12):
            spectrum = np.fft.fft2(rng.standard_normal((128, 128))) * frequency ** (-exponent / 2)
            waves = np.fft.ifft2(spectrum).real
            slopes.append(named(np.interp(waves, (waves.min(), waves.max()), (0, 1)))["slope_middle"])
        assert np.mean(slopes) == pytest.approx(-exponent, abs=0.15)


def test_coarser_stripes_move_energy_to_coarser_bands():
    bands = [
        int(np.argmax([named(stripes(period))[f"band_{k}"] for k in range(6)])) for period in (3, 8, 16, 40)
    ]
    assert bands == sorted(bands)
    assert bands[0] < bands[-1]


def test_a_mesh_has_holes_and_a_peak():
    mesh = np.zeros((128, 128), np.uint8)
    mesh[::8] = mesh[:, ::8] = 255
    found, solid = named(mesh), named(disc(128))
    # 16 lines each way; the last cells are open to the border: 15 x 15 closed cells
    assert found["holes"] == pytest.approx(np.log2(1 + 225))
    assert found["hole_mean"] == pytest.approx(np.log2(49))
    assert found["hole_spread"] == pytest.approx(0, abs=1e-6)
    assert found["peak"] > solid["peak"]
    assert solid["holes"] == 0


def test_the_soft_edge_is_as_wide_as_it_is_drawn():
    widths = [named(disc(soft=255 / width))["edge_width"] for width in (4, 8, 16)]
    assert np.diff(widths) == pytest.approx([1, 1], abs=0.35)  # twice as wide: one more


def test_depth_tells_a_rim_from_a_body():
    y, x = np.mgrid[:120, :120] - 59.5
    radius = np.hypot(y, x)
    glass = np.where(radius > 50, 0, np.where(radius > 46, 230, 40)).astype(np.uint8)
    found = named(glass)
    assert found["depth_0"] == pytest.approx(230 / 255, abs=0.02)
    assert found["inside_3"] == pytest.approx(40 / 255, abs=0.02)


def test_wrong_arrays_are_refused():
    with pytest.raises(DataError, match=r"region \(3, 4\) and alpha \(3, 3\) must share one"):
        describe(np.zeros((3, 3), np.uint8), np.ones((3, 4), bool))
    with pytest.raises(DataError, match="at least one pixel"):
        describe(np.zeros((0, 3), np.uint8))
