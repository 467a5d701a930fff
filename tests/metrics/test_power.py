"""The smallest difference that foregrounds can show: against published sizes of samples, and by drawing."""

import math

import numpy as np
import pytest
from scipy import stats

from simd.metrics.power import noncentrality, resolvable_differences


@pytest.mark.parametrize(
    ("effect", "foregrounds"),
    [(0.5, 34), (0.8, 15), (1.0, 10), (0.2, 199)],  # G*Power 3.1: paired t, two-sided 5 %, power 80 %
)
def test_sample_sizes_are_those_of_the_tables(effect, foregrounds):
    assert noncentrality(foregrounds) / math.sqrt(foregrounds) <= effect
    assert noncentrality(foregrounds - 1) / math.sqrt(foregrounds - 1) > effect


@pytest.mark.parametrize("foregrounds", [2, 3, 10])
def test_a_difference_of_that_size_is_seen_in_80_percent_of_draws(foregrounds):
    rng = np.random.default_rng(foregrounds)
    drawn = rng.normal(size=(20_000, foregrounds)) + noncentrality(foregrounds) / math.sqrt(foregrounds)
    assert (stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05).mean() == pytest.approx(0.8, abs=0.01)


def test_the_spread_is_that_of_foregrounds_not_of_images():
    # Foregrounds differ by -1, 0, 1: spread 1. Three images of each alike change nothing.
    plain = {"a": [5.0, 5.0, 5.0], "b": [6.0, 5.0, 4.0]}
    thrice = {name: [value for value in values for _ in range(3)] for name, values in plain.items()}
    few = resolvable_differences(plain, ["fur"] * 3, ["x", "y", "z"])
    many = resolvable_differences(thrice, ["fur"] * 9, [name for name in "xyz" for _ in range(3)])
    assert few["fur"] == pytest.approx(noncentrality(3) / math.sqrt(3))
    assert many["fur"] == pytest.approx(few["fur"])


def test_a_single_foreground_and_equal_differences_tell_nothing():
    scores = {"a": [1.0, 2.0, 3.0], "b": [2.0, 3.0, 9.0]}
    shown = resolvable_differences(scores, ["fur", "fur", "net"], ["x", "y", "z"])
    assert math.isnan(shown["net"])  # one foreground
    assert math.isnan(shown["fur"])  # b - a is 1 on both
