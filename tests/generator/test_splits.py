"""Training and testing share no seed, and no value of a uniformly drawn parameter."""

import numpy as np
import pytest
from scipy.stats import kstest

from simd.generator import synthetic
from simd.generator.splits import STRATA, WIDTH, generator

TRAIN, TEST = WIDTH + 3, 2 * WIDTH + 3


def strata(numbers, low=0.0, high=1.0):
    return set(np.floor((np.asarray(numbers) - low) / (high - low) * 2 * STRATA).astype(int).ravel())


@pytest.mark.parametrize("draw", ["random", "uniform"])
def test_uniform_numbers_of_the_splits_share_no_stratum_and_leave_none_out(draw):
    train, test = (strata(getattr(generator(5, seed), draw)(size=(500, 4))) for seed in (TRAIN, TEST))
    assert train == set(range(0, 2 * STRATA, 2))
    assert test == set(range(1, 2 * STRATA, 2))


def test_a_range_is_cut_alike():
    low, high = np.array([-3.0, 10.0]), np.array([5.0, 10.5])
    for seed, parity in ((TRAIN, 0), (TEST, 1)):
        rng = generator(0, seed)
        drawn = np.array([rng.uniform(low, high) for _ in range(300)])
        for k in range(2):
            assert {s % 2 for s in strata(drawn[:, k], low[k], high[k])} == {parity}
        assert np.shape(rng.uniform(0, 1)) == np.shape(rng.random()) == ()


def test_numbers_of_a_split_are_uniform_still():
    for seed in (TRAIN, TEST):
        numbers = generator(1, seed).random(20_000)
        # Cut into 64 parts, half of them used, the distribution function is off by at most 1/64.
        assert kstest(numbers, "uniform").statistic < 1 / (2 * STRATA) + 0.02


def test_seeds_of_no_split_draw_as_numpy_does():
    for seed in (0, 7, 3 * WIDTH):
        np.testing.assert_array_equal(
            generator(2, seed).random(9), np.random.default_rng([2, seed]).random(9)
        )


def test_a_split_draws_the_same_object_at_two_sizes():
    small, large = (synthetic("leaf", TEST, size).alpha for size in (128, 256))
    halved = large.reshape(128, 2, 128, 2).mean((1, 3))
    assert np.abs(halved - small).mean() < 4
    assert np.abs(synthetic("leaf", TRAIN, 128).alpha - halved).mean() > 4
