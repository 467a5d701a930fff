"""Closed-form alpha of a trimap that is drawn on: as if each trimap had been solved by itself."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simd.errors import DataError
from simd.methods import load_method
from simd.methods.classical import Box, ClosedFormEditor
from simd.methods.classical.direct.renewal import KeptFactor

KINDS = (0, 128, 255)
SHAPE = (30, 44)


def soft_picture(height=30, width=44):
    """Return a slope between two noisy colours."""
    rng = np.random.default_rng(0)
    weight = np.clip((np.arange(width) - width / 3) / (width / 3), 0, 1)[None, :, None]
    image = weight * [200, 120, 40] + (1 - weight) * [30, 60, 160] + rng.normal(0, 6, (height, width, 3))
    return np.clip(image, 0, 255).astype(np.uint8)


def start_of(shape=SHAPE):
    """Return a trimap of which the middle is unknown."""
    trimap = np.full(shape, 128, np.uint8)
    trimap[:, : shape[1] // 4], trimap[:, -shape[1] // 4 :] = 0, 255
    return trimap


def disc(y, x, radius, shape=SHAPE):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def whole(image, trimap):
    result = load_method("closed-form").predict(image, trimap)
    return getattr(result, "alpha", result)


strokes = st.tuples(
    st.builds(disc, st.integers(-2, 32), st.integers(-2, 46), st.integers(0, 15)), st.sampled_from(KINDS)
)


@settings(max_examples=30)
@given(st.lists(strokes, min_size=1, max_size=8), st.booleans())
def test_every_stroke_gives_the_alpha_of_a_whole_solve_and_undo_gives_it_back(drawn, blank):
    image = soft_picture()
    trimap = np.full(SHAPE, 128, np.uint8) if blank else start_of()
    editor = ClosedFormEditor(image, trimap)
    seen = [(trimap, editor.alpha)]
    for stroke, value in drawn:
        before = editor.alpha
        box = editor.paint(stroke, value)
        trimap = np.where(stroke, value, trimap).astype(np.uint8)
        np.testing.assert_array_equal(editor.trimap, trimap)
        np.testing.assert_allclose(editor.alpha, whole(image, trimap), atol=1e-5)
        outside = np.ones(SHAPE, bool)
        outside[box.top : box.bottom, box.left : box.right] = False
        np.testing.assert_array_equal(editor.alpha[outside], before[outside])
        if (trimap != seen[-1][0]).any():
            seen.append((trimap, editor.alpha))
    for trimap, alpha in seen[-2::-1]:
        assert editor.undo() is not None
        np.testing.assert_array_equal(editor.trimap, trimap)
        np.testing.assert_allclose(editor.alpha, alpha, atol=1e-5)
    assert editor.undo() is None
    for trimap, alpha in seen[1:]:
        assert editor.redo() is not None
        np.testing.assert_array_equal(editor.trimap, trimap)
        np.testing.assert_allclose(editor.alpha, alpha, atol=1e-5)
    assert editor.redo() is None


def test_a_larger_picture_keeps_most_of_its_fronts(monkeypatch):
    factors = []

    class Watched(KeptFactor):
        def __init__(self, system):
            super().__init__(system)
            factors.append(self)

    monkeypatch.setattr("simd.methods.classical.editor.KeptFactor", Watched)
    shape = (150, 200)
    image, trimap = soft_picture(*shape), start_of(shape)
    editor = ClosedFormEditor(image, trimap)
    (factor,) = factors
    nodes, renewed = factor.renewed, []
    rng = np.random.default_rng(1)
    for turn in range(12):
        stroke = disc(rng.integers(150), rng.integers(40, 160), rng.integers(2, 25), shape)
        editor.paint(stroke, KINDS[turn % 3])
        renewed.append(factor.renewed)
        assert factor.residual() < 1e-6
    assert factors == [factor]  # none had to be made anew
    assert np.median(renewed) < nodes / 3
    np.testing.assert_allclose(editor.alpha, whole(image, editor.trimap), atol=1e-5)


def test_memory_does_not_grow_with_strokes_that_come_and_go():
    editor = ClosedFormEditor(soft_picture(60, 80), start_of((60, 80)))
    stroke = disc(30, 40, 9, (60, 80))
    sizes = []
    for _ in range(30):
        editor.paint(stroke, 255)
        editor.paint(stroke, 128)
        sizes.append(editor.nbytes)
    assert sizes[-1] - sizes[9] <= 20 * 2 * 10 * stroke.sum()  # what undoing takes: 8 + 1 + 1 bytes a pixel


def test_nbytes_is_the_memory_that_is_held():
    image, trimap = soft_picture(90, 120), start_of((90, 120))
    ClosedFormEditor(image, trimap)  # compiles
    tracemalloc.start()
    editor = ClosedFormEditor(image, trimap)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert editor.nbytes == pytest.approx(held, rel=0.05)


def test_a_new_stroke_forgets_what_was_undone():
    editor = ClosedFormEditor(soft_picture(), start_of())
    editor.paint(disc(10, 20, 4), 255)
    editor.undo()
    editor.paint(disc(20, 20, 4), 0)
    assert editor.redo() is None
    editor.undo()
    np.testing.assert_array_equal(editor.trimap, start_of())


def test_a_stroke_that_changes_nothing_is_not_one():
    editor = ClosedFormEditor(soft_picture(), start_of())
    assert editor.paint(np.zeros(SHAPE, bool), 255) == Box(0, 0, 0, 0)
    assert editor.paint(disc(15, 22, 3), 128) == Box(0, 0, 0, 0)
    assert editor.undo() is None


@pytest.mark.parametrize("first", [start_of(), np.where(start_of() == 128, 0, start_of()).astype(np.uint8)])
def test_a_trimap_without_unknown_pixels_is_its_own_alpha_and_more_can_be_drawn(first):
    editor = ClosedFormEditor(soft_picture(), first)
    known = np.zeros(SHAPE, np.uint8)
    known[:, SHAPE[1] // 2 :] = 255
    editor.draw(known)  # more than a quarter of the picture changes: solved from the start
    np.testing.assert_array_equal(editor.alpha, known / 255)
    editor.paint(disc(15, 22, 5), 128)
    np.testing.assert_allclose(
        editor.alpha, whole(soft_picture(), np.where(disc(15, 22, 5), 128, known).astype(np.uint8)), atol=1e-6
    )
    editor.undo()
    np.testing.assert_array_equal(editor.alpha, known / 255)


def test_a_whole_trimap_is_drawn_as_one_stroke():
    image, other = soft_picture(), start_of()
    other[:10] = 0
    editor = ClosedFormEditor(image, start_of())
    editor.draw(other)
    np.testing.assert_allclose(editor.alpha, whole(image, other), atol=1e-5)
    editor.undo()
    np.testing.assert_array_equal(editor.trimap, start_of())


def test_what_is_handed_out_does_not_change_and_what_is_handed_in_is_not_kept():
    image, trimap = soft_picture(), start_of()
    editor = ClosedFormEditor(image, trimap)
    alpha, copy = editor.alpha, editor.alpha.copy()
    with pytest.raises(ValueError, match="read-only"):
        alpha[0, 0] = 1
    image[:], trimap[:] = 0, 0
    editor.trimap[:] = 255
    editor.paint(disc(10, 20, 4), 255)
    np.testing.assert_array_equal(alpha, copy)
    expected = np.where(disc(10, 20, 4), np.uint8(255), start_of())
    np.testing.assert_array_equal(editor.trimap, expected)
    np.testing.assert_allclose(editor.alpha, whole(soft_picture(), expected), atol=1e-5)


def test_strokes_of_several_threads_are_all_drawn():
    editor = ClosedFormEditor(soft_picture(), start_of())
    discs = [disc(y, 22, 2) for y in range(3, 30, 6)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda stroke: editor.paint(stroke, 255), discs))
    expected = np.where(np.any(discs, axis=0), np.uint8(255), start_of())
    np.testing.assert_array_equal(editor.trimap, expected)
    np.testing.assert_allclose(editor.alpha, whole(soft_picture(), expected), atol=1e-5)


@pytest.mark.parametrize("residual", [False, True])
def test_a_front_that_fails_is_met_by_solving_the_picture_as_a_whole(monkeypatch, residual):
    editor = ClosedFormEditor(soft_picture(), start_of())
    with monkeypatch.context() as patch:
        if residual:
            patch.setattr("simd.methods.classical.direct.renewal.KeptFactor.residual", lambda _: np.nan)
        else:
            patch.setattr("simd.methods.classical.direct.renewal.factor", lambda *_: 3)
        editor.paint(disc(15, 22, 5), 255)
        np.testing.assert_allclose(editor.alpha, whole(soft_picture(), editor.trimap), atol=1e-9)
    editor.paint(disc(15, 22, 3), 128)
    np.testing.assert_allclose(editor.alpha, whole(soft_picture(), editor.trimap), atol=1e-5)


@pytest.mark.parametrize("error", [np.linalg.LinAlgError, MemoryError, KeyboardInterrupt])
def test_where_nothing_solves_the_stroke_is_not_drawn(monkeypatch, error):
    def refuse(*_arguments, **_options):
        raise error("no")

    editor = ClosedFormEditor(soft_picture(), start_of())
    alpha = editor.alpha
    with monkeypatch.context() as patch:
        patch.setattr("simd.methods.classical.direct.renewal.factor", refuse)
        patch.setattr("simd.methods.classical.closed_form.solve", refuse)
        with pytest.raises(error):
            editor.paint(disc(15, 22, 5), 255)
    np.testing.assert_array_equal(editor.trimap, start_of())
    np.testing.assert_array_equal(editor.alpha, alpha)
    assert editor.undo() is None
    editor.paint(disc(15, 22, 3), 255)
    np.testing.assert_allclose(editor.alpha, whole(soft_picture(), editor.trimap), atol=1e-5)


@pytest.mark.parametrize(
    ("image", "trimap", "message"),
    [
        (np.zeros((30, 44), np.uint8), None, r"an image is uint8 \(H, W, 3\).*not uint8 \(30, 44\)"),
        (np.zeros((30, 44, 3)), None, "not float64"),
        (np.zeros((2, 44, 3), np.uint8), None, "at least 3 × 3"),
        (soft_picture(), start_of()[1:], r"a trimap of this image is uint8 \(30, 44\), not uint8 \(29, 44\)"),
        (soft_picture(), start_of() + np.uint8(1), "a trimap holds 0, 128 and 255, not 1"),
    ],
)
def test_what_is_not_an_image_or_its_trimap_is_refused(image, trimap, message):
    with pytest.raises(DataError, match=message):
        ClosedFormEditor(image, trimap)


def test_what_is_not_a_stroke_is_refused():
    editor = ClosedFormEditor(soft_picture(), start_of())
    with pytest.raises(DataError, match=r"a stroke is bool \(30, 44\), not uint8 \(30, 44\)"):
        editor.paint(start_of(), 255)
    with pytest.raises(DataError, match=r"a stroke is bool \(30, 44\), not bool \(30, 45\)"):
        editor.paint(np.zeros((30, 45), bool), 255)
    with pytest.raises(DataError, match="a stroke makes pixels 0, 128 or 255, not 1"):
        editor.paint(disc(3, 3, 2), 1)
    with pytest.raises(DataError, match="a trimap of this image"):
        editor.draw(start_of()[:, :-1])
