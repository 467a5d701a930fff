"""Class balance: counted by hand, and chosen so that classes come out equal."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simd.errors import DataError
from simd.records import Foreground
from simd.selection.class_balance import equal_numbers
from simd.selection.class_counts import census, take_census
from simd.taxonomy import CLASSES


def test_counts_by_hand():
    counted = census([("fur", "cat"), ("fur", "cat"), ("fur", "dog"), ("fur", "cow"), ("net", "goal")])
    assert (counted.foregrounds["fur"], counted.composites["fur"]) == (3, 4)
    assert (counted.foregrounds["net"], counted.composites["net"]) == (1, 1)
    assert counted.foregrounds["silk"] == 0
    assert counted.spread == 3
    # shares 3/4 and 1/4, logarithm to base 20
    assert counted.entropy == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) / math.log(20))
    assert counted.missing() == {name: 3 for name in CLASSES if name not in ("fur", "net")} | {"net": 2}
    assert counted.missing(1) == {name: 1 for name in CLASSES if name not in ("fur", "net")}


@pytest.mark.parametrize(("pairs", "entropy"), [([(c, c) for c in CLASSES], 1), ([("fur", "a")], 0)])
def test_entropy_at_its_ends(pairs, entropy):
    assert census(pairs).entropy == pytest.approx(entropy)


def test_nothing_has_no_spread():
    assert math.isnan(census([]).spread)
    assert census([]).entropy == 0


def test_the_official_list():
    folder = os.environ.get("SIMD_TEST_DATA")
    if not folder:
        pytest.skip("SIMD_TEST_DATA names no folder with the official list")
    path = Path(folder) / "data" / "simd_official" / "SIMD_composition_test_filelist.txt"
    counted = take_census(str(path))
    # the counts that the paper's test set is known for
    known = [4, 5, 14, 5, 5, 6, 5, 3, 3, 7, 2, 2, 2, 4, 4, 3, 3, 3, 4, 5]
    assert list(counted.foregrounds.values()) == known
    assert list(counted.composites.values()) == [10 * count for count in known]
    assert counted.spread == 7.0


def test_a_list_that_cannot_be_counted_is_named(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("fur:a.jpg:b.jpg\nhair:a.jpg:c.jpg\n")
    with pytest.raises(DataError, match=r"list\.txt:2: unknown class 'hair'; did you mean 'hair_easy'"):
        take_census(str(path))


def foregrounds(counts):
    return [
        Foreground(id=f"{name}_{number}", source="folder", classes=(name,))
        for name, count in counts.items()
        for number in range(count)
    ]


@settings(deadline=None)
@given(st.lists(st.integers(2, 6), min_size=20, max_size=20), st.integers(0, 5))
def test_every_class_gets_the_same_number(counts, seed):
    owned = foregrounds(dict(zip(CLASSES, counts, strict=True)))
    chosen = equal_numbers(owned, 2, seed=seed)
    assert set(census((fg.class_, fg.id) for fg in chosen).foregrounds.values()) == {2}
    assert [fg for fg in owned if fg in chosen] == chosen
    # who else stands in the folder changes no class but its own
    more = owned + foregrounds({"fur": 9})[6:]
    others = [fg for fg in equal_numbers(more, 2, seed=seed) if fg.class_ != "fur"]
    assert others == [fg for fg in chosen if fg.class_ != "fur"]


def test_a_class_that_has_too_few_is_named():
    owned = foregrounds(dict.fromkeys(CLASSES, 2) | {"lace": 1})
    with pytest.raises(DataError, match="2 foregrounds for each class cannot be had: lace has 1;"):
        equal_numbers(owned, 2, seed=0)
    with pytest.raises(DataError, match="per-class must be at least 1"):
        equal_numbers(owned, 0, seed=0)
