import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.composition.plan import plan
from simd.errors import DataError
from simd.records import Background, Foreground, check_id


def foregrounds(count, class_="fur", first=0):
    return [
        Foreground(id=f"{class_}_{i}", source="folder", classes=(class_,))
        for i in range(first, first + count)
    ]


def backgrounds(count):
    return [Background(id=f"{i}.jpg", source="folder", file=Path(f"{i}.jpg")) for i in range(count)]


def backgrounds_of(planned):
    found = {}
    for one in planned:
        found.setdefault(one.fg.id, []).append(one.bg.id)
    return found


@given(st.integers(1, 20), st.integers(1, 30), st.integers(1, 12), st.integers(0, 99))
def test_no_foreground_has_a_background_twice_before_it_had_all(fgs, bgs, per_foreground, seed):
    planned = plan(foregrounds(fgs), backgrounds(bgs), per_foreground=per_foreground, seed=seed)
    assert [p.fg.id for p in planned] == [f"fur_{i}" for i in range(fgs) for _ in range(per_foreground)]
    assert [p.k for p in planned] == list(range(per_foreground)) * fgs
    for names in backgrounds_of(planned).values():
        counts = Counter(names).values()
        assert len(counts) == min(per_foreground, bgs)
        assert max(counts) - min(counts) <= 1 if len(counts) == bgs else max(counts) == 1


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 3), st.integers(0, 99))
def test_ids_are_safe_unique_and_say_the_class(fgs, bgs, per_foreground, seed):
    planned = plan(foregrounds(fgs, "hair_easy"), backgrounds(bgs), per_foreground=per_foreground, seed=seed)
    for one in planned:
        check_id(one.id)
        assert re.fullmatch("hair-easy-[0-9a-f]{8}", one.id)
        assert 0 <= one.seed < 2**48
    assert len({p.id for p in planned}) == len({p.seed for p in planned}) == len(planned)


def test_an_id_is_the_hash_of_its_parts():
    (one,) = plan(foregrounds(1), backgrounds(1), per_foreground=1, seed=5)
    assert one.id == "fur-" + hashlib.sha256(b"fur_0\x000.jpg\x000").hexdigest()[:8]


def test_composites_stay_when_foregrounds_join_leave_or_change_places():
    whole = plan(foregrounds(30), backgrounds(11), per_foreground=4, seed=1)
    part = plan(foregrounds(30)[7:20:3], backgrounds(11), per_foreground=4, seed=1)
    turned = plan(foregrounds(30)[::-1], backgrounds(11)[::-1], per_foreground=4, seed=1)
    facts = {(p.id, p.fg.id, p.bg.id, p.k, p.seed) for p in whole}
    assert {(p.id, p.fg.id, p.bg.id, p.k, p.seed) for p in part} < facts
    assert {(p.id, p.fg.id, p.bg.id, p.k, p.seed) for p in turned} == facts


def test_composites_stay_when_more_are_asked_for():
    two, three = (plan(foregrounds(9), backgrounds(11), per_foreground=n, seed=1) for n in (2, 3))
    assert two == [p for p in three if p.k < 2]


def test_another_seed_pairs_otherwise():
    plans = [backgrounds_of(plan(foregrounds(9), backgrounds(11), per_foreground=3, seed=s)) for s in (0, 1)]
    assert plans[0] != plans[1]


def test_backgrounds_are_used_alike():
    # 2000 draws over 20 backgrounds: 100 each, standard deviation below 10 if they were independent
    planned = plan(foregrounds(1000), backgrounds(20), per_foreground=2, seed=0)
    counts = Counter(p.bg.id for p in planned)
    assert len(counts) == 20
    assert 60 < min(counts.values()) <= max(counts.values()) < 140


def test_two_foregrounds_of_one_hash_have_two_ids():
    pair = [foregrounds(1, first=n)[0] for n in (16976, 98654)]  # found by trying 100,000 names
    names = [hashlib.sha256(f"{fg.id}\0sky.jpg\0{0}".encode()).hexdigest()[:8] for fg in pair]
    assert names == ["a9343b5e", "a9343b5e"]
    sky = [Background(id="sky.jpg", source="folder", file=Path("sky.jpg"))]
    planned = plan(pair, sky, per_foreground=1, seed=0)
    assert [p.fg for p in planned] == pair
    assert planned[0].id == "fur-a9343b5e"
    assert planned[1].id != planned[0].id
    assert planned[1].seed != planned[0].seed
    check_id(planned[1].id)


@pytest.mark.parametrize(
    ("fgs", "bgs", "per_foreground", "message"),
    [
        (0, 1, 1, "there is no usable foreground; simd index FOLDER says why"),
        (1, 0, 1, "there is no usable background; simd index FOLDER says why"),
        (1, 1, 0, "per-foreground must be at least 1, not 0"),
    ],
)
def test_nothing_to_combine_is_an_error(fgs, bgs, per_foreground, message):
    with pytest.raises(DataError, match=message):
        plan(foregrounds(fgs), backgrounds(bgs), per_foreground=per_foreground, seed=0)
