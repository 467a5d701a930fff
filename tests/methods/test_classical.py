import re
import sys

import numpy as np
import pymatting
import pytest
from conftest import soft_alpha

from simd.errors import DataError
from simd.image import to_uint8
from simd.methods import METHODS as ALL_METHODS
from simd.methods import Fallback, load_method
from simd.methods.trimap_only import fill_unknown
from simd.trimap import trimap_of

_GIVEN = {
    "sim",
    "dim",
    "indexnet",
    "gca",
    "fba",
    "shm",
    "vitmatte",
    "onnx",
    "external",
}  # need weights or a command
METHODS = [name for name in ALL_METHODS if name not in _GIVEN]
CLASSICAL = [name for name in METHODS if name != "trimap"]
ITERATIVE = [name for name in CLASSICAL if name in ("knn", "large-kernel")]


def easy_image(height=60, width=70):
    """Return an image, its trimap and the alpha in it: a soft red disc over blue, with some noise."""
    alpha = soft_alpha(height, width)
    a = alpha[..., None] / 255
    noise = np.random.default_rng(0).normal(0, 4, (height, width, 3))
    image = a * (200, 40, 30) + (1 - a) * (30, 60, 190) + noise
    return np.clip(np.rint(image), 0, 255).astype(np.uint8), trimap_of(alpha, 3), alpha


@pytest.fixture(scope="module")
def easy():
    return easy_image()


# -- what every method does ----------------------------------------------------------------------------


def test_every_method_has_the_name_it_is_found_by():
    for name in METHODS:
        assert load_method(name).name == name
        assert load_method(name).gigabytes(1) > 0
    assert re.fullmatch(r"pymatting \d+\.\d+.*", load_method("knn").version)


def test_unknown_methods_are_refused_with_near_names():
    with pytest.raises(DataError, match=r"unknown method 'closed_form'; did you mean 'closed-form'\?"):
        load_method("closed_form")


@pytest.mark.parametrize("name", METHODS)
def test_a_matte_is_finite_within_bounds_and_true_to_the_trimap(easy, name):
    image, trimap = easy[0].copy(), easy[1].copy()
    alpha = load_method(name).predict(image, trimap)
    assert not isinstance(alpha, Fallback)
    np.testing.assert_array_equal(image, easy[0])  # the input is left alone
    np.testing.assert_array_equal(trimap, easy[1])
    assert alpha.shape == trimap.shape
    assert np.issubdtype(alpha.dtype, np.floating)
    assert 0 <= alpha.min() <= alpha.max() <= 1  # which nan would not fulfil
    assert (alpha[trimap == 0] == 0).all()
    assert (alpha[trimap == 255] == 1).all()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "shared" else name for name in METHODS]
)
def test_any_memory_order_gives_the_same_matte(easy, name):
    image, trimap, _ = easy
    expected = load_method(name).predict(image, trimap)
    blue_first = np.ascontiguousarray(image[..., ::-1])
    wide = np.dstack([image, trimap])
    for other, levels in (
        (blue_first[..., ::-1], trimap),
        (wide[..., [0, 1, 2]], wide[..., 3]),  # a channel-indexed copy is laid out channel by channel
        (wide[..., :3], np.asfortranarray(trimap)),
        (np.asfortranarray(image), trimap[::-1].copy()[::-1]),
    ):
        np.testing.assert_array_equal(load_method(name).predict(other, levels), expected)


def test_the_floor_is_one_half_on_the_unknown_region(easy):
    image, trimap, _ = easy
    alpha = load_method("trimap").predict(image, trimap)
    assert (alpha[trimap == 128] == 0.5).all()


@pytest.mark.parametrize("name", CLASSICAL)
def test_every_method_beats_the_floor_on_an_easy_image(easy, name):
    image, trimap, alpha = easy
    unknown = trimap == 128
    error = np.abs(load_method(name).predict(image, trimap) - alpha / 255)[unknown].mean()
    floor = np.abs(0.5 - alpha / 255)[unknown].mean()
    assert error < 0.6 * floor


# -- trimaps that leave nothing to solve -----------------------------------------------------------------


def trimap_with(*levels):
    return np.repeat(np.array([levels], np.uint8), 60, axis=0).repeat(60 // len(levels), axis=1)


@pytest.mark.parametrize("name", [name for name in CLASSICAL if name != "fused"])  # which solves them
@pytest.mark.parametrize(
    ("levels", "value", "reason"),
    [
        ((0, 128), 0.0, "the trimap has no known foreground"),
        ((128, 255), 1.0, "the trimap has no known background"),
        ((128,), 0.5, "the trimap has neither known foreground nor background"),
    ],
)
def test_degenerate_trimaps_are_answered_without_solving(name, levels, value, reason):
    trimap = trimap_with(*levels)
    result = load_method(name).predict(np.zeros((60, 60, 3), np.uint8), trimap)
    assert isinstance(result, Fallback)
    assert result.reason == reason
    assert (result.alpha[trimap == 128] == value).all()
    assert (result.alpha[trimap == 0] == 0).all()
    assert (result.alpha[trimap == 255] == 1).all()


@pytest.mark.parametrize("name", METHODS)
def test_a_trimap_without_unknown_pixels_is_the_matte(name):
    trimap = trimap_with(0, 255)
    alpha = load_method(name).predict(np.zeros((60, 60, 3), np.uint8), trimap)
    np.testing.assert_array_equal(to_uint8(alpha), trimap)


def test_filling_keeps_what_is_known():
    assert fill_unknown(np.array([[0, 128, 255]], np.uint8), 0.25).tolist() == [[0, 0.25, 1]]


# -- solvers that fail ---------------------------------------------------------------------------------


@pytest.fixture
def short_of_patience(monkeypatch):
    """Give the real solver too few iterations; return the settings it was asked with."""
    cg, asked = pymatting.cg, []

    def impatient(*args, **kwargs):
        asked.append(kwargs.get("rtol"))
        return cg(*args, **kwargs | {"maxiter": 1})

    for module in ("knn", "lkm"):
        monkeypatch.setattr(sys.modules[f"pymatting.alpha.estimate_alpha_{module}"], "cg", impatient)
    return asked


@pytest.mark.parametrize("name", ITERATIVE)
def test_a_solver_that_fails_twice_leaves_the_answer_of_the_trimap(easy, short_of_patience, name):
    image, trimap, _ = easy
    result = load_method(name).predict(image, trimap)
    assert isinstance(result, Fallback)
    assert re.match(r"the solver failed \(Conjugate gradient descent did not converge", result.reason)
    np.testing.assert_array_equal(result.alpha, load_method("trimap").predict(image, trimap))
    assert short_of_patience[-1] == 1e-5  # the second try was a looser one
    assert len(short_of_patience) == 2


@pytest.mark.parametrize("name", ITERATIVE)
def test_a_solver_that_needs_a_looser_tolerance_gets_it(easy, monkeypatch, name):
    image, trimap, alpha = easy
    cg = pymatting.cg

    def strict_only(*args, **kwargs):
        if kwargs.get("rtol") != 1e-5:
            raise ValueError("Conjugate gradient descent did not converge within 10000 iterations")
        return cg(*args, **kwargs)

    for module in ("knn", "lkm"):
        monkeypatch.setattr(sys.modules[f"pymatting.alpha.estimate_alpha_{module}"], "cg", strict_only)
    result = load_method(name).predict(image, trimap)
    assert isinstance(result, Fallback)
    assert result.reason == "solved at a looser tolerance"
    unknown = trimap == 128
    error = np.abs(result.alpha - alpha / 255)[unknown].mean()
    assert error < 0.6 * np.abs(0.5 - alpha / 255)[unknown].mean()


def test_a_direct_method_is_not_tried_twice(easy, monkeypatch):
    calls = []

    def broken(*_args, **_kwargs):
        calls.append(1)
        return np.full((60, 70), np.nan)

    monkeypatch.setattr("simd.methods.classical.shared.estimate_alpha_shared", broken)
    result = load_method("shared").predict(*easy[:2])
    assert result.reason == "the solver failed (its result is not finite)"
    assert len(calls) == 1


@pytest.mark.parametrize("size", [(1, 3), (3, 3), (5, 6), (20, 20), (40, 60)])
@pytest.mark.parametrize("name", METHODS)
def test_small_images_give_a_matte_or_a_fallback(name, size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    trimap = np.full(size, 128, np.uint8)
    trimap.flat[0], trimap.flat[-1] = 0, 255
    result = load_method(name).predict(image, trimap)
    alpha = result.alpha if isinstance(result, Fallback) else result
    assert alpha.shape == size
    assert 0 <= alpha.min() <= alpha.max() <= 1
    if name == "large-kernel":
        assert result.reason == "the solver failed (it refuses this image)"
