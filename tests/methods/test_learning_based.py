"""Learning-based matting against its equation: pymatting's matrix, and the paper's in long double."""

import numpy as np
import pytest
import scipy.sparse.linalg

from simd.generator import synthetic
from simd.methods import Fallback, load_method
from simd.methods.classical.learning_based import estimate_alpha_learning_based
from simd.trimap import trimap_of


def drawn(subject, side=48):
    """Return a drawn foreground over a slope of two colours, and its trimap."""
    cutout = synthetic(subject, 0, side)
    y, x = np.mgrid[:side, :side]
    bg = np.stack([2 * x, 90 + 0 * x, 255 - 2 * y], axis=2)
    weight = cutout.alpha[..., None] / 255
    image = np.rint(weight * cutout.fg + (1 - weight) * bg).astype(np.uint8)
    return image, trimap_of(cutout.alpha, 3)


def inverse(matrix):
    """Return the inverse by Gauss and Jordan, in the precision of the matrix."""
    size = len(matrix)
    both = np.concatenate([matrix, np.eye(size, dtype=matrix.dtype)], axis=1)
    for k in range(size):
        pivot = k + int(np.argmax(np.abs(both[k:, k])))
        both[[k, pivot]] = both[[pivot, k]]
        both[k] /= both[k, k]
        factors = both[:, k].copy()
        factors[k] = 0
        both -= np.outer(factors, both[k])
    return both[:, size:]


def window_matrix(colours, epsilon):
    """Return (I - F)ᵀ (I - F) with F = K (K + ε I)⁻¹ and K = X Xᵀ, a row of X being a colour and 1."""
    x = np.concatenate([colours, np.ones((9, 1), colours.dtype)], axis=1)
    kernel, identity = x @ x.T, np.eye(9, dtype=colours.dtype)
    left = identity - kernel @ inverse(kernel + epsilon * identity)
    return left.T @ left


def by_the_paper(image, trimap):
    """Solve the equation with known pixels held, in long double."""
    height, width = trimap.shape
    colours = image.astype(np.longdouble) / 255
    matrix = np.zeros((trimap.size,) * 2, np.longdouble)
    pixels = np.arange(trimap.size).reshape(trimap.shape)
    for y in range(height - 2):
        for x in range(width - 2):
            within = np.s_[y : y + 3, x : x + 3]
            number = pixels[within].ravel()
            matrix[np.ix_(number, number)] += window_matrix(
                colours[within].reshape(9, 3), np.longdouble(10) ** -7
            )
    unknown, foreground = (trimap == 128).ravel(), (trimap == 255).ravel()
    rhs = -matrix[unknown] @ foreground.astype(np.longdouble)
    return inverse(matrix[np.ix_(unknown, unknown)]) @ rhs


def flat_case(kind):
    rng = np.random.default_rng(0)
    trimap = np.full((12, 14), 128, np.uint8)
    trimap[:, :2], trimap[:, -2:], trimap[5:7, 6:8] = 0, 255, 255
    if kind == "noise":
        return rng.integers(0, 256, (12, 14, 3), dtype=np.uint8), trimap
    colours = rng.integers(0, 256, (3, 3), dtype=np.uint8)
    image = colours[rng.integers(0, 3, (3, 7))].repeat(4, axis=0).repeat(2, axis=1)
    if kind == "greys":
        image[..., 1], image[..., 2] = image[..., 0], image[..., 0]
    return image, trimap


@pytest.mark.parametrize(("kind", "bound"), [("noise", 1e-9), ("greys", 1e-6)])
def test_alpha_is_that_of_the_paper_in_long_double(kind, bound):
    image, trimap = flat_case(kind)
    alpha = estimate_alpha_learning_based(image, trimap)
    np.testing.assert_allclose(alpha[trimap == 128], by_the_paper(image, trimap).astype(float), atol=bound)


@pytest.mark.parametrize("subject", ["fur", "insect", "flower"])
def test_alpha_is_that_of_pymattings_matrix_with_known_pixels_held(subject):
    import pymatting  # compiles at import: not where every index of ours is checked

    image, trimap = drawn(subject)
    unknown = (trimap == 128).ravel()
    matrix = pymatting.lbdm_laplacian(image / 255.0).tocsc()
    rhs = -matrix[unknown] @ (trimap.ravel() == 255).astype(float)
    expected = scipy.sparse.linalg.splu(matrix[unknown][:, unknown].tocsc()).solve(rhs)
    alpha = estimate_alpha_learning_based(image, trimap)
    assert expected.max() > 0.5
    np.testing.assert_allclose(alpha.ravel()[unknown], expected, atol=1e-6)
    np.testing.assert_array_equal(alpha[trimap != 128], trimap[trimap != 128] / 255)


def test_alpha_is_near_that_of_pymatting():
    import pymatting  # compiles at import: not where every index of ours is checked

    image, trimap = drawn("fur")
    known = np.where(trimap == 128, 0.5, trimap / 255)
    difference = np.abs(
        load_method("learning-based").predict(image, trimap)
        - pymatting.estimate_alpha_lbdm(image / 255.0, known)
    )
    assert difference[trimap == 128].mean() < 2e-3


def test_swapping_foreground_and_background_gives_one_minus_alpha():
    image, trimap = drawn("flower")
    alpha = estimate_alpha_learning_based(image, trimap)
    other = np.where(trimap == 128, 128, 255 - trimap).astype(np.uint8)
    # the regression shrinks its constant, too, so windows are not quite content with ones
    np.testing.assert_allclose(estimate_alpha_learning_based(image, other), 1 - alpha, atol=2e-3)


def test_a_colour_that_is_nowhere_known_gets_one_half_and_a_word():
    image, trimap = flat_case("flat")  # any alpha of the third colour fits, to 1e-14
    with pytest.raises(np.linalg.LinAlgError):
        estimate_alpha_learning_based(image, trimap)
    result = load_method("learning-based").predict(image, trimap)
    assert isinstance(result, Fallback)
    assert result.reason == "the colours leave it open, solved near one half"
    expected = by_the_paper(image, trimap)
    unknown = trimap == 128
    fixed = np.abs(result.alpha[unknown] - expected) < 1e-3
    assert 0.3 < fixed.mean() < 1
    np.testing.assert_allclose(result.alpha[unknown][~fixed], 0.5, atol=2e-3)


def test_every_number_of_threads_gives_the_same_bits():
    image, trimap = drawn("fur")
    alpha = estimate_alpha_learning_based(image, trimap)
    assert estimate_alpha_learning_based(image, trimap, threads=3).tobytes() == alpha.tobytes()


def test_the_version_says_what_solves():
    assert load_method("learning-based").version.startswith("local learning 1, multifrontal Cholesky, scipy ")
