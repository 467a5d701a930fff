"""Information-flow matting: each of its flows by itself, on pictures whose answer is known by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simd.methods import Fallback, load_method
from simd.methods.classical.closed_form import estimate_alpha_closed_form
from simd.methods.classical.information_flow import (
    Flows,
    estimate_alpha_information_flow,
    flows_of,
    is_highly_transparent,
    mixing_weights,
    solve_flows,
)

RED, BLUE = np.array([200, 40, 30]), np.array([30, 60, 190])


def ramp(height=12, width=24, known=6):
    """Return an image that goes from blue to red, its trimap and its alpha."""
    alpha = np.clip((np.arange(width) - known + 1) / (width - 2 * known + 1), 0, 1)
    alpha = np.tile(alpha, (height, 1))
    image = np.rint(alpha[..., None] * RED + (1 - alpha[..., None]) * BLUE).astype(np.uint8)
    trimap = np.where(alpha == 0, 0, np.where(alpha == 1, 255, 128)).astype(np.uint8)
    return image, trimap, alpha


def noise(seed=0, size=(9, 11)):
    """Return noise whose left is background and whose right is foreground."""
    image = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    trimap = np.full(size, 128, np.uint8)
    trimap[:, :2], trimap[:, -2:] = 0, 255
    return image, trimap


# -- weights of mixtures ---------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.booleans())
def test_weights_sum_to_one(seed, count, flat):
    rng = np.random.default_rng(seed)
    neighbours = rng.random((5, count, 3)) * (not flat)
    weights = mixing_weights(rng.random((5, 3)), neighbours)
    assert weights.shape == (5, count)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(8, 20))
def test_weights_give_the_colour_where_the_neighbours_surround_it(seed, count):
    rng = np.random.default_rng(seed)
    corners = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, 8).T
    neighbours = np.concatenate([corners, rng.random((count - 8, 3))])[None]
    colours = rng.uniform(0.2, 0.8, (1, 3))
    mixture = np.einsum("nk,nkc->nc", mixing_weights(colours, neighbours), neighbours)
    np.testing.assert_allclose(mixture, colours, atol=2e-4)


def test_weights_of_neighbours_of_one_colour_are_equal():
    neighbours = np.full((1, 4, 3), 0.5)
    np.testing.assert_allclose(mixing_weights(np.full((1, 3), 0.5), neighbours), 0.25)
    np.testing.assert_allclose(mixing_weights(np.full((1, 3), 0.7), neighbours), 0.25)


def test_a_colour_between_two_weighs_them_by_its_distances():
    weights = mixing_weights((0.3 * RED + 0.7 * BLUE)[None] / 255, np.stack([RED, BLUE])[None] / 255)
    np.testing.assert_allclose(weights, [[0.3, 0.7]], atol=1e-3)


# -- flows -----------------------------------------------------------------------------------------------


def test_the_mixture_flow_keeps_constants_and_is_at_rest_on_mixtures():
    image, trimap, alpha = ramp()
    flows = flows_of(image, trimap)
    other = flows_of(image, np.where(trimap == 128, 128, 255 - trimap).astype(np.uint8))
    ones = np.ones(len(flows.mixed))  # what unknown and known neighbours weigh sums to 1
    np.testing.assert_allclose(flows.mixture @ ones, flows.mixed + other.mixed, atol=1e-9)
    assert flows.mixed.max() > 0.4
    x = alpha[trimap == 128]
    np.testing.assert_allclose(flows.mixture @ x, flows.mixed, atol=0.01)


def test_known_colours_give_a_mixture_its_alpha():
    image, trimap, alpha = ramp()
    flows = flows_of(image, trimap)
    np.testing.assert_allclose(flows.target, alpha[trimap == 128], atol=0.01)
    np.testing.assert_allclose(flows.confidence, (((RED - BLUE) / 255) ** 2).mean(), rtol=1e-12)


def test_known_colours_that_are_alike_have_no_say():
    image, trimap, _ = ramp()
    flows = flows_of(np.full_like(image, 77), trimap)
    np.testing.assert_array_equal(flows.confidence, 0)
    assert ((flows.target >= 0) & (flows.target <= 1)).all()


def test_ties_among_unknown_pixels_are_a_laplacian():
    flows = flows_of(*noise())
    ties = flows.among.toarray()
    np.testing.assert_array_equal(ties, ties.T)
    np.testing.assert_allclose(ties.sum(axis=1), 0, atol=1e-12)
    off = ties[~np.eye(len(ties), dtype=bool)]
    assert off.min() < 0
    assert off.max() <= 0


def test_pixels_of_opposite_colours_are_not_tied():
    image = np.zeros((3, 6, 3), np.uint8)
    image[:, 3:] = 255
    trimap = np.full((3, 6), 128, np.uint8)
    trimap[0, 0], trimap[0, 5] = 0, 255
    black = (image[..., 0] == 0)[trimap == 128]
    ties = flows_of(image, trimap).among.toarray()
    assert (ties[black][:, ~black] == 0).all()
    np.testing.assert_array_equal((ties[black][:, black] < 0).sum(axis=1) > 0, True)


def test_the_local_flow_alone_is_closed_form():
    image, trimap = noise()
    flows = flows_of(image, trimap)
    x = np.linalg.solve(flows.local.toarray(), flows.local_pull)
    expected = estimate_alpha_closed_form(image, trimap, epsilon=1e-6)[trimap == 128]
    np.testing.assert_allclose(x, expected, atol=1e-8)


def energy_matrix(flows: Flows, weight=0.05):
    mixture = flows.mixture.toarray()
    return (
        mixture.T @ mixture
        + flows.local.toarray()
        + 0.01 * flows.among.toarray()
        + weight * np.diag(flows.confidence)
    )


@pytest.mark.parametrize("weight", [0.0, 0.05])
def test_the_energy_is_convex_and_alpha_is_its_least(weight):
    flows = flows_of(*noise(1))
    matrix = energy_matrix(flows, weight)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    assert np.linalg.eigvalsh(matrix).min() > 0
    rhs = flows.mixture.T @ flows.mixed + flows.local_pull + weight * flows.confidence * flows.target
    np.testing.assert_allclose(solve_flows(flows, weight), np.linalg.solve(matrix, rhs), atol=1e-5)


# -- the method ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known_to_unknown", [None, True, False])
def test_a_ramp_gets_its_alpha(known_to_unknown):
    image, trimap, alpha = ramp()
    estimate = estimate_alpha_information_flow(image, trimap, known_to_unknown=known_to_unknown)
    np.testing.assert_allclose(estimate, alpha, atol=0.01)
    np.testing.assert_array_equal(estimate[trimap != 128], alpha[trimap != 128])


def test_a_hole_of_background_is_found_through_its_colour_alone():
    image, trimap, alpha = ramp(24, 40, 14)
    image[8:16, 30:38], trimap[6:18, 28:40] = BLUE, 128  # no known background is near
    alpha[8:16, 30:38] = 0
    estimate = estimate_alpha_information_flow(image, trimap)
    assert estimate[10:14, 32:36].max() < 0.1
    np.testing.assert_allclose(estimate, alpha, atol=0.15)


def test_swapping_foreground_and_background_gives_one_minus_alpha():
    image, trimap = noise(2)
    other = np.where(trimap == 128, 128, 255 - trimap).astype(np.uint8)
    np.testing.assert_allclose(
        estimate_alpha_information_flow(image, other, known_to_unknown=True),
        1 - estimate_alpha_information_flow(image, trimap, known_to_unknown=True),
        atol=1e-4,
    )


def test_the_same_picture_gives_the_same_bits():
    image, trimap = noise(3)
    first, second = (estimate_alpha_information_flow(image, trimap) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_an_object_whose_colours_are_nowhere_known_is_highly_transparent():
    image, trimap, _ = ramp()
    image[:] = np.where((trimap == 255)[..., None], RED, BLUE)
    assert not is_highly_transparent(image, trimap)  # all its colours are known
    image[trimap == 128] = (250, 250, 0)
    assert is_highly_transparent(image, trimap)
    far = np.pad(image, ((0, 0), (0, 40), (0, 0)), constant_values=0)
    far[:, -8:] = (250, 250, 0)  # known there, but far away
    assert is_highly_transparent(far, np.pad(trimap, ((0, 0), (0, 40)), constant_values=255))


def test_a_highly_transparent_object_is_left_without_known_to_unknown_flow():
    image, trimap = noise(4)
    image[trimap == 128] //= 4  # dark, as nothing known is
    assert is_highly_transparent(image, trimap)
    by_itself, without, with_it = (
        estimate_alpha_information_flow(image, trimap, known_to_unknown=flow) for flow in (None, False, True)
    )
    np.testing.assert_array_equal(by_itself, without)
    assert np.abs(by_itself - with_it).max() > 1e-3


def test_a_picture_without_a_window_is_a_fallback():
    trimap = np.array([[0, 128, 255]], np.uint8)
    result = load_method("information-flow").predict(np.zeros((1, 3, 3), np.uint8), trimap)
    assert isinstance(result, Fallback)
    assert result.reason == "the solver failed (a picture of 1 × 3 pixels holds no window of 3 × 3)"


def test_a_solve_that_does_not_converge_is_a_fallback(monkeypatch):
    image, trimap = noise()
    module = "simd.methods.classical.information_flow"
    monkeypatch.setattr(f"{module}._ITERATIONS", 2)
    with pytest.raises(
        np.linalg.LinAlgError, match="conjugate gradients did not converge within 2 iterations"
    ):
        estimate_alpha_information_flow(image, trimap)
    result = load_method("information-flow").predict(image, trimap)
    assert isinstance(result, Fallback)
    assert (result.alpha[trimap == 128] == 0.5).all()


def test_the_version_says_what_is_computed():
    assert load_method("information-flow").version.startswith("information flow 1")
