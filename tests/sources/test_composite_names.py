"""Names of composites of others: where the foreground's name ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.sources.composite_names import (
    numbered_name,
    split_numbered,
    split_photograph,
    without_background,
)


@pytest.mark.parametrize(
    ("name", "fg"),
    [
        ("boy-1518482_1920_9_19", "boy-1518482_1920_9"),
        ("fire/a_2008_000123", "fire/a"),
        ("a_COCO_train2014_000000000009", "a"),
        ("a_000000000009", "a"),
        ("o_12345678", "o_12345678"),
        ("a_12345", "a_12345"),
        ("plain", "plain"),
    ],
)
def test_the_background_at_the_end_of_a_name(name, fg):
    assert without_background(name) == fg


@pytest.mark.parametrize("name", ["plain", "_7", "a_12345", "a_7b", "2008_000123"])
def test_other_names_are_not_numbered(name):
    assert split_numbered(name) is None


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("fire_2008_000123", ("fire", "2008_000123")),
        ("a_COCO_val2014_000000000009", ("a", "COCO_val2014_000000000009")),
        ("a_b_000000000009", ("a_b", "000000000009")),
        ("a_7", None),
        ("2008_000123", None),
    ],
)
def test_the_prefix_of_coco_belongs_to_the_photograph(name, parts):
    assert split_photograph(name) == parts


@given(fg=st.text(min_size=1), k=st.integers(0, 9999))
def test_a_numbered_name_comes_apart_again(fg, k):
    assert split_numbered(numbered_name(fg, k)) == (fg, str(k))
    assert without_background(numbered_name(fg, k)) == fg
