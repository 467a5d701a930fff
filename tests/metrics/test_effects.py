"""Which properties go with an error: known truth, no claim where there is none, and what is refused."""

import numpy as np
import pytest

from simd.errors import DataError
from simd.metrics.effects import find_effects

SIZES, IMAGES = np.resize([1, 2, 4, 6, 9], 10), 3
NAMES = [f"p{k}" for k in range(8)]


def made(seed, effect=0.0):
    """Return skewed errors that scatter by class, foreground and image, and go with p0 by `effect`."""
    rng = np.random.default_rng(seed)
    groups = int(SIZES.sum())
    fgs = np.repeat(np.arange(groups), IMAGES)
    classes = np.repeat(np.repeat(np.arange(len(SIZES)), SIZES), IMAGES)
    own = rng.normal(size=(groups, len(NAMES)))[fgs]
    values = rng.normal(size=(len(SIZES), len(NAMES)))[classes] + own
    values[:, ::2] += rng.normal(size=(len(fgs), len(NAMES)))[:, ::2]  # odd ones are the foreground's alone
    noise = (
        rng.normal(size=groups)[fgs] + rng.normal(size=len(fgs)) + 2 * rng.normal(size=len(SIZES))[classes]
    )
    properties = dict(zip(NAMES, values.T, strict=True))
    return np.exp(noise + effect * properties["p0"]), properties, classes, fgs


def test_what_the_error_depends_on_comes_out_first():
    first = [find_effects(*made(seed, effect=-3.0)).effects[0] for seed in range(20)]
    assert [effect.name for effect in first] == ["p0"] * 20
    assert all(effect.claimed and effect.high < 0 for effect in first)


def test_where_nothing_goes_with_the_error_at_most_3_of_20_sets_give_a_claim():
    assert sum(bool(find_effects(*made(seed)).claims) for seed in range(20)) <= 3


def test_ten_composites_of_a_foreground_are_not_ten_answers():
    # 12 foregrounds whose error rises with p: ten copies of each say no more than one
    rng = np.random.default_rng(1)
    p, error = rng.normal(size=12), rng.normal(size=12)
    once = find_effects(error, {"p": p}, ["fur"] * 12, range(12)).effects[0]
    copies = find_effects(
        np.repeat(error, 10), {"p": np.repeat(p, 10)}, ["fur"] * 120, np.repeat(range(12), 10)
    )
    tenfold = copies.effects[0]
    assert (copies.images, copies.foregrounds) == (120, 12)
    assert tenfold[1:4] == pytest.approx(once[1:4])
    assert tenfold.p == pytest.approx(once.p)


def test_the_effect_is_the_rank_correlation_within_classes():
    # Ranks of p rise in each class, those of the error rise in one and fall in the other, as far: 0 in all
    error = [*range(10), *range(19, 9, -1)]
    two = find_effects(error, {"p": np.arange(20.0)}, ["a"] * 10 + ["b"] * 10, range(20))
    assert two.effects[0].effect == pytest.approx(0, abs=1e-12)
    one = find_effects(range(12), {"p": np.arange(12.0) ** 3}, ["a"] * 12, range(12))
    assert one.effects[0].effect == pytest.approx(1)


def test_properties_that_go_together_name_each_other_and_silent_ones_say_why():
    errors, properties, classes, fgs = made(0)
    twin, nan = properties["p0"] * 2 + 1, np.full(len(fgs), np.nan)
    extra = {"twin": twin, "unknown": nan, "of the class": classes * 1.0}
    found = {e.name: e for e in find_effects(errors, properties | extra, classes, fgs).effects}
    assert found["p0"].together[0] == ("twin", pytest.approx(1))
    assert found["unknown"].reason.startswith("known of 0 of ")
    assert found["of the class"].reason == "does not vary within a class"
    assert not found["unknown"].claimed


def test_images_without_an_error_and_classes_of_one_foreground_are_left_out():
    errors, properties, classes, fgs = made(0)
    errors[-1] = np.nan
    found = find_effects(errors, properties, classes, fgs)
    assert found.left_out == ("0", "5")
    assert found.images == len(fgs) - 1 - 2 * IMAGES
    assert not found.used[-1]


def test_an_error_that_does_not_vary_gives_no_claim():
    found = find_effects(np.ones(12), {"p": np.arange(12.0)}, ["a"] * 12, range(12))
    assert found.claims == ()
    assert found.effects[0].reason == "the error does not vary within a class"


def test_too_few_foregrounds_are_refused():
    with pytest.raises(
        DataError, match=r"9 foregrounds .* in 1 classes: effects need at least 10 foregrounds"
    ):
        find_effects(np.arange(9.0), {"p": np.arange(9.0)}, ["a"] * 9, range(9))
    with pytest.raises(DataError, match="lists of one length"):
        find_effects([1.0], {"p": [1.0, 2.0]}, ["a"], ["x"])
