import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.errors import DataError
from simd.studio.tagging.mask_editing import STEPS, Work
from simd.tagging.annotation import Stroke
from simd.tagging.fill import Tagged, fill, unknown_of
from simd.tagging.paint import blank, paint
from simd.taxonomy import CLASSES, NO_CLASS, class_index

FUR, NET = class_index("fur"), class_index("net")
SIZE = (24, 30)


def soft_disc():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.clip((8 - np.hypot(y - 12, x - 15)) * 40 + 128, 0, 255).astype(np.uint8)


ALPHA = soft_disc()
FG = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
UNKNOWN = unknown_of(ALPHA)


def box(class_, top=0, left=0, bottom=SIZE[0] - 1, right=SIZE[1] - 1):
    return Stroke(kind="box", class_=class_, points=((top, left), (bottom, right)))


points = st.tuples(st.integers(-3, SIZE[0] + 3), st.integers(-3, SIZE[1] + 3)).map(
    lambda p: (float(p[0]), float(p[1]))
)
strokes = st.builds(
    Stroke,
    kind=st.just("brush"),
    class_=st.sampled_from([*CLASSES, None]),
    points=st.lists(points, min_size=1, max_size=4).map(tuple),
    radius=st.sampled_from([0.5, 2.0, 6.25]),
)


@given(st.lists(strokes, max_size=5))
def test_the_mask_is_what_was_painted_cut_to_the_unknown_region(drawn):
    work = Work(FG, ALPHA)
    for stroke in drawn:
        work.draw(stroke)
    expected = np.where(UNKNOWN, paint(drawn, blank(SIZE)), NO_CLASS)
    assert np.array_equal(work.class_mask, expected)
    assert sum(work.counts.values()) == UNKNOWN.sum()
    assert work.strokes == tuple(drawn)


@given(st.lists(strokes, min_size=1, max_size=5))
def test_all_steps_can_be_taken_back_and_forth(drawn):
    work = Work(FG, ALPHA)
    seen = [(work.revision, work.confidence)]
    for stroke in drawn:
        work.draw(stroke)
        seen.append((work.revision, work.confidence))
    for state in reversed(seen[:-1]):
        work.undo()
        assert (work.revision, work.confidence) == state
    assert work.steps == (0, len(drawn))
    work.undo()
    for state in seen[1:]:
        work.redo()
        assert (work.revision, work.confidence) == state
    assert work.steps == (len(drawn), 0)


def test_a_new_step_ends_the_way_forth():
    work = Work(FG, ALPHA)
    work.draw(box("fur"))
    work.undo()
    work.draw(box("net"))
    work.redo()
    assert set(np.unique(work.class_mask[UNKNOWN])) == {NET}
    assert work.steps == (1, 0)


def test_no_more_than_a_hundred_steps_are_kept():
    work = Work(FG, ALPHA)
    for _ in range(STEPS + 7):
        work.draw(box("fur"))
    assert work.steps == (STEPS, 0)


def test_fill_is_the_fill_of_the_strokes_and_counts_as_strokes():
    work = Work(FG, ALPHA)
    left, right = box("fur", right=4), box("net", left=26)
    wide_left, wide_right = box("fur", right=10), box("net", left=20)
    for stroke in (left, right, wide_left, wide_right):
        work.draw(stroke)
    work.fill()
    tagged = fill(FG, ALPHA, paint(work.strokes, blank(SIZE)), UNKNOWN)
    assert np.array_equal(work.class_mask, tagged.class_mask)
    assert work.counts[""] == 0
    assert set(work.confidence) == {"fur", "net"}
    assert all(0.5 < share <= 1 for share in work.confidence.values())


def test_filling_without_strokes_is_refused():
    with pytest.raises(DataError, match="nothing is painted"):
        Work(FG, ALPHA).fill()


def test_a_proposal_goes_where_no_class_is_yet():
    work = Work(FG, ALPHA)
    work.draw(box("fur", right=14))
    work.accept(Tagged(np.where(UNKNOWN, NET, NO_CLASS).astype(np.uint8), (0.5 * UNKNOWN).astype(np.float32)))
    left = np.zeros(SIZE, bool)
    left[:, :15] = True
    assert set(np.unique(work.class_mask[UNKNOWN & left])) == {FUR}
    assert set(np.unique(work.class_mask[UNKNOWN & ~left])) == {NET}
    assert work.confidence["fur"] == 1
    assert work.confidence["net"] == pytest.approx(0.5, abs=0.005)
    assert work.origin == "proposal"


def test_erasing_leaves_open_what_a_proposal_may_fill():
    work = Work(FG, ALPHA)
    work.draw(box("fur"))
    work.draw(box(None))
    assert work.counts == {"": int(UNKNOWN.sum())}


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (np.zeros((3, 4), np.uint8), r"is 3 x 4, the foreground 24 x 30"),
        (np.full(SIZE, 20, np.uint8), "holds 0..19"),
    ],
)
def test_a_mask_of_another_size_or_taxonomy_is_refused(mask, reason):
    work = Work(FG, ALPHA)
    work.draw(box("fur"))
    before = work.revision
    with pytest.raises(DataError, match=reason):
        work.replace(mask)
    assert work.revision == before


def test_a_checkpoint_brings_everything_back():
    work = Work(FG, ALPHA)
    work.draw(box("fur", right=14))
    kept, before = work.checkpoint(), (work.revision, work.steps)
    work.draw(box("net"))
    work.undo()
    work.undo()
    work.return_to(kept)
    assert (work.revision, work.steps) == before


def test_as_many_strokes_as_the_format_holds_are_taken(monkeypatch):
    monkeypatch.setattr("simd.studio.tagging.mask_editing.MAX_STROKES", 2)
    work = Work(FG, ALPHA)
    work.draw(box("fur"))
    work.draw(box("net"))
    with pytest.raises(DataError, match="2 strokes are drawn"):
        work.draw(box("fur"))
