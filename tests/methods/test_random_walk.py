"""Random-walk matting against its equation, solved from the definition: densely, and with 700 digits."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from simd.methods import load_method
from simd.methods.classical.direct.solver import solve_walk
from simd.methods.classical.random_walk import estimate_alpha_random_walk, random_walk_system


def ties(image):
    """Return W from its definition, float64 (pixels, pixels).

    Every pixel is tied to its 3 x 3 neighbours by exp(-900 |difference of colours|²); outside the image the
    nearest pixel inside stands in, as in pymatting.
    """
    height, width = image.shape[:2]
    colours = image / 255
    weights = np.zeros((height * width, height * width))
    for y, x in np.ndindex(height, width):
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                v, u = min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)
                distance = ((colours[y, x] - colours[v, u]) ** 2).sum()
                weights[y * width + x, v * width + u] += np.exp(-900 * distance)
    np.testing.assert_allclose(weights, weights.T, rtol=1e-12)
    np.fill_diagonal(weights, 0)
    return weights


def walk_by_hand(image, trimap):
    """Solve L_U x_U = -L_UK m_K densely."""
    weights = ties(image)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    unknown = (trimap == 128).ravel()
    x = (trimap.ravel() == 255).astype(float)
    x[unknown] = np.linalg.solve(
        laplacian[np.ix_(unknown, unknown)], -laplacian[np.ix_(unknown, ~unknown)] @ x[~unknown]
    )
    return x.reshape(trimap.shape), laplacian, unknown


def walk_in_decimals(image, trimap):
    """Solve the same by elimination with 700 digits, in which no tie is too weak."""
    weights, unknown = ties(image), (trimap == 128).ravel()
    inside = np.flatnonzero(unknown)
    to_foreground = weights[inside][:, trimap.ravel() == 255]
    with localcontext() as context:
        context.prec = 700
        rows = []
        for i, pixel in enumerate(inside):
            row = [-Decimal(w) for w in weights[pixel, inside]]
            row[i] = sum(map(Decimal, weights[pixel]))
            rows.append([*row, sum(map(Decimal, to_foreground[i]))])
        for k, pivot in enumerate(rows):
            for row in rows[k + 1 :]:
                if row[k]:
                    share = row[k] / pivot[k]
                    row[k:] = [a - share * b for a, b in zip(row[k:], pivot[k:], strict=True)]
        x = [Decimal(0)] * len(rows)
        for k in reversed(range(len(rows))):
            rest = sum((a * b for a, b in zip(rows[k][k + 1 : -1], x[k + 1 :], strict=True)), Decimal(0))
            x[k] = (rows[k][-1] - rest) / rows[k][k]
        return np.array([float(value) for value in x])


def smooth_case(seed=0, height=14, width=17):
    """Return a small image without hard edges, on which all weights are far from 0, and its trimap."""
    rng = np.random.default_rng(seed)
    image = np.rint(128 + 5 * rng.standard_normal((height, width, 3))).astype(np.uint8)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[:, :3], trimap[5:9, -2:] = 0, 255
    return image, trimap


@pytest.mark.parametrize("seed", range(3))
def test_the_random_walk_satisfies_its_equation(seed):
    image, trimap = smooth_case(seed)
    alpha = estimate_alpha_random_walk(image, trimap)
    exact, laplacian, unknown = walk_by_hand(image, trimap)
    np.testing.assert_allclose(alpha, exact, atol=1e-12)
    assert np.abs(laplacian @ alpha.ravel())[unknown].max() < 1e-12
    assert np.abs(laplacian @ (trimap / 255).ravel())[unknown].max() > 0.1  # a guess is far from it
    np.testing.assert_array_equal(alpha.ravel()[~unknown], (trimap / 255).ravel()[~unknown])


@pytest.mark.parametrize("scene", ["noise", "patches", "glints"])
def test_ties_as_weak_as_1e_200_are_still_weighed_rightly(scene):
    rng = np.random.default_rng(4)
    trimap = np.full((7, 9), 128, np.uint8)
    trimap[:, 0], trimap[2:5, -1] = 0, 255
    if scene == "noise":
        image = rng.integers(20, 200, (7, 9, 3), dtype=np.uint8)
    elif scene == "patches":  # islands that hang together by ties of 1, and on the rest by 1e-20 to 1e-200
        image = rng.integers(0, 150, (4, 3, 3), dtype=np.uint8).repeat(2, axis=0).repeat(3, axis=1)[:7]
    else:
        image = np.full((7, 9, 3), 60, np.uint8)
        image[1:3, 3:5], image[5, 5:8] = 170, 160
    alpha = estimate_alpha_random_walk(image, trimap)[trimap == 128]
    exact = walk_in_decimals(image, trimap)
    assert exact.max() > 0.5
    np.testing.assert_allclose(alpha, exact, rtol=1e-10)


def test_the_random_walk_is_that_of_pymatting_where_its_solver_converges():
    import pymatting  # compiles at import: not where every index of ours is checked

    image, trimap = smooth_case()
    known = np.where(trimap == 128, 0.5, trimap / 255)
    theirs = pymatting.estimate_alpha_rw(image / 255, known, cg_kwargs={"rtol": 1e-10})
    # they hold known pixels by a penalty of 100 a pixel, we exactly
    np.testing.assert_allclose(estimate_alpha_random_walk(image, trimap), theirs, atol=0.02)


def test_the_random_walk_between_two_walls_is_a_line():
    # equal colours: all weights are 1, and the solution between columns of 0 and 1 is linear
    trimap = np.full((6, 11), 128, np.uint8)
    trimap[:, 0], trimap[:, -1] = 0, 255
    alpha = estimate_alpha_random_walk(np.full((6, 11, 3), 77, np.uint8), trimap)
    np.testing.assert_allclose(alpha, np.tile(np.linspace(0, 1, 11), (6, 1)), atol=1e-14)


def test_black_beside_white_is_tied_too():
    # 2700 standard steps apart: exp(-2700) is nothing in double precision
    trimap = np.full((5, 5), 128, np.uint8)
    trimap[0], trimap[-1] = 0, 255
    image = np.zeros((5, 5, 3), np.uint8)
    image[2, 2] = 255
    alpha = estimate_alpha_random_walk(image, trimap)
    assert alpha[2, 2] == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("shape", [(60, 70), (3, 90), (90, 1), (33, 34)])
def test_any_number_of_threads_and_single_precision_give_the_same(shape):
    rng = np.random.default_rng(5)
    image = rng.integers(90, 160, (*shape, 3), dtype=np.uint8)
    trimap = np.full(shape, 128, np.uint8)
    trimap.flat[0], trimap.flat[-1] = 0, 255
    alpha = estimate_alpha_random_walk(image, trimap)
    for threads in (1, 2, 5):
        assert estimate_alpha_random_walk(image, trimap, threads=threads).tobytes() == alpha.tobytes()
    single = solve_walk(random_walk_system(image, trimap), largest_double=0)
    np.testing.assert_allclose(single.x, alpha[trimap == 128], rtol=1e-4)
    assert single.residual < 1e-4


def test_an_island_that_nothing_ties_to_foreground_is_background():
    image, trimap = smooth_case()
    trimap[:, :] = 0
    trimap[2:5, 2:5], trimap[10:12, 9:13], trimap[9:13, 13] = 128, 128, 255
    alpha = estimate_alpha_random_walk(image, trimap)
    assert not alpha[2:5, 2:5].any()
    assert (alpha[10:12, 9:13] > 0).all()


def test_the_version_says_what_solves():
    assert load_method("random-walk").version.startswith("random walk 1, multifrontal Cholesky, scipy ")
