"""Foregrounds made ready: where crops may lie."""

import numpy as np
import pytest

from simd.errors import DataError
from simd.sources import Pixels
from simd.taxonomy import NO_CLASS, class_index
from simd.training.cutouts import prepare

FUR, NET = class_index("fur"), class_index("net")


def pixels(alpha, class_mask=None):
    return Pixels(np.zeros((*alpha.shape, 3), np.uint8), alpha, class_mask)


def test_crops_lie_where_both_sides_are_seen():
    alpha = np.array([[0, 1, 128, 254, 255]], np.uint8)
    assert prepare(pixels(alpha), "fur", 1).places[FUR].tolist() == [[0, 2]]


def test_else_at_any_fractional_pixel():
    alpha = np.array([[0, 1, 255], [0, 0, 254]], np.uint8)
    assert prepare(pixels(alpha), "fur", 1).places[FUR].tolist() == [[0, 1], [1, 2]]


def test_else_along_the_edge_of_a_binary_alpha():
    alpha = np.array([[0, 0, 255, 255]], np.uint8)
    assert prepare(pixels(alpha), "fur", 1).places[FUR].tolist() == [[0, 2]]


def test_every_class_has_places_of_its_own_and_a_faint_one_too():
    alpha = np.array([[100, 100, 5, 5, 100]], np.uint8)
    mask = np.array([[FUR, FUR, NET, NET, NO_CLASS]], np.uint8)
    places = prepare(pixels(alpha, mask), "fur", 1).places
    assert {index: held.tolist() for index, held in places.items()} == {
        FUR: [[0, 0], [0, 1]],
        NET: [[0, 2], [0, 3]],
    }


@pytest.mark.parametrize(
    ("level", "message"), [(0, "there is no object"), (255, "there is no background and nothing to estimate")]
)
def test_an_alpha_with_nothing_to_estimate_is_refused(level, message):
    with pytest.raises(DataError, match=f"its alpha is {level} everywhere: {message}"):
        prepare(pixels(np.full((3, 3), level, np.uint8)), "fur", 1)


def test_smaller_copies_have_half_the_sides():
    cutout = prepare(pixels(np.tile(np.arange(40, dtype=np.uint8), (21, 1))), "fur", 3)
    assert [level.shape for level in cutout.levels] == [(23, 42, 4), (12, 22, 4), (7, 12, 4)]
    assert cutout.size == (21, 40)
