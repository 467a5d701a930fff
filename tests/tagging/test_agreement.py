"""Two annotations compared, and several made one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score, jaccard_score

from simd.errors import DataError
from simd.tagging.agreement import add, agree, difference_picture, vote
from simd.taxonomy import CLASSES

masks = arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 1, 2, 19, 255]))


def test_agreement_by_hand():
    one = np.array([[0, 0, 1, 1, 255]], np.uint8)
    other = np.array([[0, 1, 1, 255, 255]], np.uint8)
    found = agree(one, other)
    assert (found.pixels, found.equal) == (4, 2)
    assert found.iou == {"defocus": 1 / 2, "fire": 1 / 3}
    # both have a class on 3 pixels, 2 agree: (2/3 - e) / (1 - e) with e = 2/3 * 1/3 + 1/3 * 2/3 = 4/9
    assert found.kappa == pytest.approx((2 / 3 - 4 / 9) / (5 / 9))


@settings(deadline=None)
@given(masks, masks)
def test_kappa_and_iou_are_those_of_scikit_learn(one, other):
    both = (one != 255) & (other != 255)
    found = agree(one, other)
    if len(set(one[both]) | set(other[both])) > 1:
        assert found.kappa == pytest.approx(cohen_kappa_score(one[both], other[both]))
    else:
        assert np.isnan(found.kappa)
    assert set(found.iou) == {CLASSES[k] for k in (set(one.ravel()) | set(other.ravel())) - {255}}
    for name, value in found.iou.items():
        index = CLASSES.index(name)
        assert value == pytest.approx(jaccard_score((one == index).ravel(), (other == index).ravel()))


@settings(deadline=None)
@given(masks, masks)
def test_agreement_is_symmetric_and_whole_with_itself(one, other):
    there, back = agree(one, other), agree(other, one)
    assert (there.pixels, there.equal, there.iou) == (back.pixels, back.equal, back.iou)
    own = agree(one, one)
    assert all(value == 1 for value in own.iou.values())
    assert own.equal == own.pixels


@settings(deadline=None)
@given(masks, masks)
def test_several_pairs_count_as_one_large_one(one, other):
    parts = add([(one[:2], other[:2]), (one[2:], other[2:])])
    assert parts.iou == agree(one, other).iou
    assert parts.pixels == agree(one, other).pixels


@settings(deadline=None)
@given(masks, masks)
def test_the_picture_is_red_exactly_where_they_differ(one, other):
    picture = difference_picture(one, other)
    red = (picture == (230, 30, 30)).all(axis=2)
    assert (red == (one != other)).all()
    assert ((picture == 255).all(axis=2) == ((one == 255) & (other == 255))).all()


@settings(deadline=None)
@given(st.lists(masks, min_size=1, max_size=5), st.randoms())
def test_a_vote_is_what_most_say_and_open_where_that_is_tied(several, random):
    merged = vote(several)
    for place in np.ndindex(6, 7):
        said = [int(mask[place]) for mask in several if mask[place] != 255]
        counts = sorted(((said.count(k), k) for k in set(said)), reverse=True)
        tied = not counts or (len(counts) > 1 and counts[0][0] == counts[1][0])
        assert merged[place] == (255 if tied else counts[0][1])
    random.shuffle(several)
    assert (vote(several) == merged).all()


def test_masks_of_unlike_sizes_are_refused():
    with pytest.raises(DataError, match="must be of one foreground"):
        agree(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8))
    with pytest.raises(DataError, match="of nobody"):
        vote([])
