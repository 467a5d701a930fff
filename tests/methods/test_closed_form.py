"""Closed-form matting against its equation in long double, that of benchmarks/closed_form_truth.py."""

import sys
from pathlib import Path

import numpy as np
import pymatting
import pytest
from conftest import soft_alpha

from simd.generator import synthetic
from simd.methods import Fallback, load_method
from simd.methods.classical.closed_form import estimate_alpha_closed_form
from simd.methods.classical.direct.solver import solve
from simd.methods.classical.windows import window_system
from simd.trimap import trimap_of

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
SUBJECTS = ("fur", "hair_hard", "insect", "flower", "plastic_bag", "smoke_cloud")


@pytest.fixture(scope="module")
def truth():
    """Return benchmarks/closed_form_truth.py, which a clone has and a wheel has not."""
    if not BENCHMARKS.is_dir():
        pytest.skip("benchmarks/ is in the repository only")
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import closed_form_truth

        return closed_form_truth
    finally:
        sys.path.remove(str(BENCHMARKS))


def drawn(subject, side=64):
    """Return a drawn foreground over a slope of two colours, and its trimap."""
    cutout = synthetic(subject, 0, side)
    y, x = np.mgrid[:side, :side]
    bg = np.stack([2 * x, 90 + 0 * x, 255 - 2 * y], axis=2)
    weight = cutout.alpha[..., None] / 255
    image = np.rint(weight * cutout.fg + (1 - weight) * bg).astype(np.uint8)
    return image, trimap_of(cutout.alpha, 3)


def flat_case(height=24, width=30):
    """Return a picture of five colours in flat patches: windows of no variance, of which all is rounding."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (5, 3), dtype=np.uint8)
    image = colours[rng.integers(0, 5, (height // 6, width // 6))].repeat(6, axis=0).repeat(6, axis=1)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[:, :2], trimap[:, -2:], trimap[9:12, 12:16] = 0, 255, 255
    return image, trimap


@pytest.mark.parametrize("subject", [*SUBJECTS, "flat"])
def test_alpha_is_that_of_the_equation_in_long_double(truth, subject):
    image, trimap = flat_case() if subject == "flat" else drawn(subject)
    equations = truth.equations(image, trimap)
    exact = truth.solution(equations)
    unknown = trimap == 128
    alpha = estimate_alpha_closed_form(image, trimap)
    assert exact.max() > 0.5
    assert np.abs(alpha[unknown] - exact).mean() <= 1e-4
    assert np.abs(alpha[unknown] - exact).max() <= (1e-3 if subject == "flat" else 1e-6)
    pymatting_mean = np.abs(truth.of_pymatting(image, trimap) - exact).mean()
    assert np.abs(alpha[unknown] - exact).mean() <= pymatting_mean
    # the truth itself: what is left of the equation, in long double
    scale = np.abs(equations.entry).max() * np.abs(exact).max()
    assert np.abs(equations.residual(exact)).max() < 1e-12 * scale


def test_the_truth_is_the_equation_by_hand(truth):
    """One window, 3 × 3, of which the middle is unknown: x = (1/9) Σ (1 + ...) m / (1 - 1/9 (1 + ...))."""
    image = np.random.default_rng(3).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    trimap = np.array([[0, 255, 0], [255, 128, 255], [0, 0, 255]], np.uint8)
    colours = image.reshape(9, 3) / 255
    centred = colours - colours.mean(axis=0)
    inverse = np.linalg.inv(centred.T @ centred / 9 + 1e-7 / 9 * np.eye(3))
    weights = (1 + centred[4] @ inverse @ centred.T) / 9
    known = np.arange(9) != 4
    expected = weights[known] @ (trimap.ravel()[known] == 255) / (1 - weights[4])
    assert float(truth.solution(truth.equations(image, trimap))[0]) == pytest.approx(expected, abs=1e-9)
    assert estimate_alpha_closed_form(image, trimap)[1, 1] == pytest.approx(expected, abs=1e-9)


def test_alpha_is_near_that_of_pymatting():
    image, trimap = drawn("fur")
    theirs = pymatting.estimate_alpha_cf(
        image / 255.0, trimap / 255.0 * (trimap != 128) + 0.5 * (trimap == 128)
    )
    difference = np.abs(np.clip(estimate_alpha_closed_form(image, trimap), 0, 1) - theirs)
    assert difference.mean() < 1e-4


def test_every_number_of_threads_gives_the_same_bits():
    image, trimap = drawn("hair_hard", 96)
    alpha = estimate_alpha_closed_form(image, trimap)
    for threads in (1, 2, 3, 7):
        assert estimate_alpha_closed_form(image, trimap, threads=threads).tobytes() == alpha.tobytes()


def test_the_residual_is_small_in_double_and_in_single_precision():
    image, trimap = drawn("fur", 96)
    system = window_system(image, trimap)
    double, single = solve(system), solve(system, largest_double=0)
    assert double.residual <= 1e-9
    assert single.residual <= 1e-9
    np.testing.assert_allclose(single.x, double.x, atol=1e-6)


def test_known_pixels_are_held_and_a_solution_is_unchanged_by_adding_a_flat_border():
    image, trimap = drawn("insect")
    alpha = estimate_alpha_closed_form(image, trimap)
    np.testing.assert_array_equal(alpha[trimap != 128], trimap[trimap != 128] / 255)
    pad = ((4, 4), (5, 5))
    wide = estimate_alpha_closed_form(
        np.pad(image, (*pad, (0, 0)), mode="edge"), np.pad(trimap, pad, mode="edge")
    )
    inner = wide[4:-4, 5:-5]
    touches = (trimap == 128).copy()
    assert not touches[[0, -1]].any()
    np.testing.assert_allclose(inner, alpha, atol=1e-9)


def test_swapping_foreground_and_background_gives_one_minus_alpha():
    image, trimap = drawn("flower")
    alpha = estimate_alpha_closed_form(image, trimap)
    swapped = estimate_alpha_closed_form(image, np.where(trimap == 128, 128, 255 - trimap).astype(np.uint8))
    np.testing.assert_allclose(swapped, 1 - alpha, atol=1e-7)


@pytest.mark.parametrize("size", [(3, 3), (3, 50), (50, 3), (4, 7), (31, 33)])
def test_pictures_of_a_few_pixels_and_all_but_two_unknown_are_solved(size):
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    trimap = np.full(size, 128, np.uint8)
    trimap.flat[0], trimap.flat[-1] = 0, 255
    alpha = estimate_alpha_closed_form(image, trimap)
    assert np.isfinite(alpha).all()


def test_a_picture_smaller_than_a_window_is_said_to_be_one():
    with pytest.raises(ValueError, match="a picture of 2 × 9 pixels holds no window of 3 × 3"):
        estimate_alpha_closed_form(np.zeros((2, 9, 3), np.uint8), np.full((2, 9), 128, np.uint8))


def test_the_method_says_what_solves_and_falls_back_where_nothing_does(monkeypatch):
    method = load_method("closed-form")
    assert method.version.startswith("colour lines 1, multifrontal Cholesky, scipy ")

    def refuse(_system, _plan, *, threads):
        raise np.linalg.LinAlgError("the residual is 1.0e-03 of the right-hand side")

    monkeypatch.setattr("simd.methods.classical.closed_form.solve", refuse)
    trimap = trimap_of(soft_alpha(), 3)
    result = method.predict(np.zeros((*trimap.shape, 3), np.uint8), trimap)
    assert isinstance(result, Fallback)
    assert result.reason == "the solver failed (the residual is 1.0e-03 of the right-hand side)"
    np.testing.assert_array_equal(result.alpha, load_method("trimap").predict(None, trimap))
