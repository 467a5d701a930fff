"""The last step of `fused`: the equation that carries its alpha on, and its derivative."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

import simd
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN
from simd.methods.classical.closed_form import estimate_alpha_closed_form
from simd.methods.fused.propagation import propagated


@pytest.fixture(scope="module")
def drawn():
    return simd.stream(["fur"], size=(48, 56), seed=3)[0]


@pytest.fixture(scope="module")
def given(drawn):
    """Return an alpha and a confidence that are anything."""
    rng = np.random.default_rng(0)
    alpha, confidence = rng.uniform(size=(2, *drawn.trimap.shape)).astype(np.float32)
    return alpha, np.exp(6 * confidence - 6)


def test_it_solves_pymattings_equation_with_a_further_term(drawn, given):
    cf_laplacian = pytest.importorskip("pymatting").cf_laplacian
    alpha, confidence = given
    known = drawn.trimap != UNKNOWN
    laplacian = cf_laplacian(drawn.image / 255.0, epsilon=1e-7, is_known=known).tocsr()
    unknown, held = ~known.ravel(), confidence.ravel().astype(np.float64)
    matrix = laplacian[unknown][:, unknown] + sparse.diags(held[unknown])
    rhs = (held * alpha.ravel())[unknown] - laplacian[unknown][:, known.ravel()] @ (
        drawn.trimap[known] == FOREGROUND
    )
    x = propagated(drawn.image, drawn.trimap, alpha, confidence)
    assert x == pytest.approx(spsolve(matrix.tocsc(), rhs).clip(0, 1), abs=1e-5)


def test_little_confidence_is_closed_form_and_much_the_given_alpha(drawn, given):
    unknown = drawn.trimap == UNKNOWN
    little, much = (
        propagated(drawn.image, drawn.trimap, given[0], np.full(unknown.shape, held, np.float32))
        for held in (1e-9, 1e5)
    )
    solved = estimate_alpha_closed_form(drawn.image, drawn.trimap)[unknown].clip(0, 1)
    assert np.abs(little - solved).mean() < 1e-3
    assert much == pytest.approx(given[0][unknown], abs=1e-2)


def test_no_known_pixel_is_needed_and_a_constant_stays_one(drawn):
    trimap = np.full((20, 20), UNKNOWN, np.uint8)
    image = np.ascontiguousarray(drawn.image[:20, :20])
    alpha = np.full((20, 20), 0.3, np.float32)
    x = propagated(image, trimap, alpha, np.full((20, 20), 0.03, np.float32))
    assert x == pytest.approx(0.3, abs=1e-5)


def test_its_derivative_is_that_of_differences():
    torch = pytest.importorskip("torch")
    from simd.training.propagation import propagate

    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (2, 9, 11, 3), dtype=np.uint8)
    trimap = np.full((2, 9, 11), UNKNOWN, np.uint8)
    trimap[0, 0], trimap[0, -1] = FOREGROUND, BACKGROUND  # the other one knows nothing
    alpha = torch.tensor(rng.uniform(size=(2, 1, 9, 11)), requires_grad=True)
    confidence = torch.tensor(rng.uniform(0.01, 0.1, (2, 1, 9, 11)), requires_grad=True)
    unknown = torch.from_numpy(trimap == UNKNOWN)[:, None]
    assert torch.autograd.gradcheck(
        lambda *maps: propagate(image, trimap, *maps)[unknown], (alpha, confidence)
    )
    carried = propagate(image, trimap, alpha, confidence)
    assert torch.equal(carried[~unknown], alpha[~unknown])
