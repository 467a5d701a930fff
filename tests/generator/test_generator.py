import hashlib
import os
import subprocess
import sys
from functools import cache
from importlib import import_module

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
from scipy import ndimage

from simd.errors import DataError
from simd.generator import RECIPES, Cutout, synthetic
from simd.generator.classes.defocus import aperture
from simd.generator.classes.motion import smear
from simd.generator.kit.layer import convolve, nearest, over, paint, straight
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.taxonomy import CLASSES, class_index

SIZE = 128
SEE_THROUGH = {
    "fire",
    "glass_ice",
    "motion",
    "plastic_bag",
    "silk",
    "smoke_cloud",
    "spider_web",
    "water_drop",
    "water_spray",
}


@cache
def drawn(name: str, seed: int, size: int = SIZE) -> Cutout:
    return synthetic(name, seed, size)


def test_every_class_has_a_recipe_and_no_more():
    assert tuple(RECIPES) == CLASSES
    for path in RECIPES.values():
        module, _, function = path.partition(":")
        assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_cutout_is_a_foreground_with_soft_edges_and_known_background(name, seed):
    fg, alpha, class_mask = drawn(name, seed)
    assert fg.shape == (SIZE, SIZE, 3)
    assert alpha.shape == class_mask.shape == (SIZE, SIZE)
    assert fg.dtype == alpha.dtype == class_mask.dtype == np.uint8
    assert (class_mask == class_index(name)).all()
    soft, clear = (alpha > 0) & (alpha < 255), alpha == 0
    assert soft.mean() > 0.005
    assert len(np.unique(alpha[soft])) > 10
    assert clear.mean() > 0.1
    assert (alpha > 25).mean() > 0.01
    if name not in SEE_THROUGH:
        # At SIZE the threads of a net are as thin as a pixel, so that none needs to be covered in full.
        solid = drawn(name, seed, 512).alpha if name == "net" else alpha
        assert (solid == 255).mean() > 0.001


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("size", [32, 64])
def test_a_small_cutout_is_neither_empty_nor_binary_nor_full(name, size):
    alpha = drawn(name, 5, size).alpha
    assert alpha.max() > 25
    assert ((alpha > 0) & (alpha < 255)).any()
    assert (alpha < 255).any()


@pytest.mark.parametrize("name", CLASSES)
def test_the_border_is_left_free(name):
    alpha = drawn(name, 3)[1]
    border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    assert (border > 0).mean() < (0.3 if name.startswith("hair") else 0.1)


@pytest.mark.parametrize("name", CLASSES)
def test_another_size_shows_the_same_object(name):
    large = drawn(name, 4, 512)
    fine = large.alpha.reshape(256, 2, 256, 2).mean(axis=(1, 3))
    coarse = drawn(name, 4, 256).alpha.astype(np.float64)
    other = drawn(name, 5, 256).alpha.astype(np.float64)
    apart = np.abs(fine - coarse).mean()
    assert apart < 2.5
    assert apart < 0.35 * np.abs(fine - other).mean()


@pytest.mark.parametrize("name", CLASSES)
def test_another_seed_is_another_object(name):
    first, second = drawn(name, 0), drawn(name, 1)
    assert np.abs(first.alpha.astype(int) - second.alpha).mean() > 0.5


@pytest.mark.parametrize("name", CLASSES)
def test_hidden_colour_goes_on_smoothly(name):
    fg, alpha, _ = drawn(name, 2)
    steps = np.abs(np.diff(fg.astype(int), axis=1)).max(axis=2)
    hidden = (alpha[:, 1:] == 0) & (alpha[:, :-1] == 0)
    assert np.percentile(steps[hidden], 99) <= 40


def test_a_wide_cutout_holds_the_square_one_in_its_middle():
    square, wide = synthetic("flower", 3, 64), synthetic("flower", 3, (64, 101))
    assert wide.fg.shape == (64, 101, 3)
    assert np.array_equal(wide.alpha[:, 18 : 18 + 64], square.alpha)
    assert np.array_equal(wide.fg[:, 18 : 18 + 64], square.fg)
    assert not wide.alpha[:, :18].any()
    assert (wide.class_mask == class_index("flower")).all()


@pytest.mark.parametrize("name", ["hair_easy", "hair_hard"])
def test_a_bust_stands_on_the_lower_edge_of_a_tall_frame(name):
    square, tall = drawn(name, 1, 96), synthetic(name, 1, (144, 96))
    assert np.array_equal(tall.alpha[48:], square.alpha)
    assert not tall.alpha[:48].any()
    assert (tall.alpha[-1] == 255).mean() > 0.5


def test_an_alias_is_its_class():
    assert np.array_equal(synthetic("plant_leaf", 1, 48).fg, synthetic("leaf", 1, 48).fg)


def test_halves_round_up_whatever_their_last_bit():
    half = np.array([42.5, 0.5, 127.5])
    for near in (half, np.nextafter(half, 0), np.nextafter(half, 255)):
        assert nearest(near).tolist() == [43, 1, 128]
    assert nearest(np.array([0.0, 0.4999, 254.6, 255.0])).tolist() == [0, 0, 255, 255]


def test_over_is_the_compositing_equation():
    red, blue = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    mixed = over(paint(red, np.full((2, 2), 0.25)), paint(blue, np.ones((2, 2))))
    assert mixed.alpha == pytest.approx(1)
    assert mixed.colour[0, 0] == pytest.approx(0.25 * red + 0.75 * blue)


@pytest.mark.parametrize(
    "kernel", [aperture(5.3, 0, 0.0), aperture(6.0, 5, 0.3), smear(np.array([[-4.0, 1], [0, 0], [5, 2.5]]))]
)
def test_a_blur_keeps_the_amount_of_alpha_and_the_straight_colour(kernel):
    alpha = np.zeros((41, 41))
    alpha[15:25, 14:27] = 1
    tint = np.array([0.8, 0.3, 0.1])
    blurred = convolve(paint(tint, alpha), kernel)
    assert kernel.sum() == pytest.approx(1)
    assert blurred.alpha.sum() == pytest.approx(alpha.sum())
    assert straight(blurred) == pytest.approx(np.broadcast_to(tint, (41, 41, 3)))


@pytest.mark.parametrize("side", [32, 100, 512])
def test_a_polygon_covers_its_area_and_a_stroke_its_width(side):
    raster = Raster(side)
    raster.polygon(np.array([[0.2, 0.1], [0.9, 0.4], [0.3, 0.8]]), np.ones(3))
    # half the cross product of the two sides from the first corner: (0.7 * 0.7 - 0.1 * 0.3) / 2
    assert raster.layer().alpha.mean() == pytest.approx(0.23, rel=0.02)
    raster = Raster(side)
    raster.strokes(np.array([[[0.1, 0.2], [0.5, 0.55], [0.9, 0.9]]]), np.array([0.05]), np.ones(3))
    length = np.hypot(0.4, 0.35) * 2
    assert raster.layer().alpha.mean() == pytest.approx(0.05 * length, rel=0.05)


@pytest.mark.parametrize("reach", [1, 8, 500])
def test_noise_is_the_spline_of_scipy_to_the_bit(reach):
    rng = np.random.default_rng(reach)
    x, y = rng.uniform(-reach, reach, (2, 70, 90))
    x[0], y[1], x[2] = np.round(x[0]), -1e-17, rng.uniform(63, 64, 90)  # on the lattice, and at its seams
    noise = Noise(rng)
    options = {"order": 3, "mode": "grid-wrap", "prefilter": False}
    expected = ndimage.map_coordinates(noise._lattice, np.stack([y, x]), **options)
    assert np.array_equal(noise(x, y, 1), expected)
    row, column = np.linspace(-reach, reach, 90)[None], np.linspace(0, reach, 70)[:, None]
    spread = (np.ascontiguousarray(each) for each in np.broadcast_arrays(row, column))
    assert noise(row, column, 1) == pytest.approx(noise(*spread, 1), abs=1e-12)


DIGESTS = """
import hashlib, sys
import cv2
if sys.argv[1] == "plain":
    cv2.setUseOptimized(False)
cv2.setNumThreads(int(sys.argv[2]))
from simd.generator import RECIPES, synthetic
for name in RECIPES:
    cutout = synthetic(name, 11 if name != "motion" else 35, 96)  # 35: a tint of 42.5, between two levels
    print(name, hashlib.sha256(cutout.fg.tobytes() + cutout.alpha.tobytes()).hexdigest())
"""


def test_pixels_do_not_depend_on_threads_or_vector_instructions():
    def digests(*arguments: str, **environment: str) -> list[str]:
        command = [sys.executable, "-c", DIGESTS, *arguments]
        done = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    features = [f for f in __cpu_dispatch__ if __cpu_features__[f]]
    plain = digests(
        "plain",
        "1",
        NPY_DISABLE_CPU_FEATURES=" ".join(features),
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
    )
    fast = digests("fast", "2", OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2")
    assert len(fast) == len(CLASSES)
    assert plain == fast
    here = synthetic("fur", 11, 96)
    assert fast[2] == f"fur {hashlib.sha256(here.fg.tobytes() + here.alpha.tobytes()).hexdigest()}"


@pytest.mark.parametrize("size", [0, 1, 31, 20_000, -5, (64, 31), (64, 64, 64), "64", 64.0, None])
def test_bad_sizes_are_refused(size):
    with pytest.raises(
        DataError, match=r"size .* (out of range; each side has 32 to 8192|neither a whole number nor)"
    ):
        synthetic("fire", 0, size)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True])
def test_bad_seeds_are_refused(seed):
    with pytest.raises(DataError, match=r"whole number; give 0, 1, 2"):
        synthetic("fire", seed, 64)


def test_an_unknown_class_is_refused_with_a_suggestion():
    with pytest.raises(DataError, match="did you mean 'fire'"):
        synthetic("fyre", 0, 64)
