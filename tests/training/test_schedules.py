"""The learning rate of every step, by hand."""

import math

import pytest

from simd.training.schedules import ScheduleOptions, rate_at


def rates(steps=8, rate=1.0, **options):
    options = {"kind": "constant", "warm_up": 0, "floor": 0.0, "drops": (), "factor": 0.1, **options}
    return [rate_at(ScheduleOptions(**options), rate, step, steps) for step in range(steps)]


def test_a_constant_rate_after_a_warm_up():
    assert rates(4, 0.5, warm_up=2) == [0.25, 0.5, 0.5, 0.5]


def test_a_cosine_falls_from_the_end_of_the_warm_up_to_the_floor():
    found = rates(6, warm_up=2, kind="cosine", floor=0.2)
    # shares 0, 1/4, 2/4, 3/4 of the way: 0.2 + 0.8 (1 + cos(pi share)) / 2
    expected = [0.5, 1.0, 1.0, *(0.2 + 0.4 * (1 + math.cos(math.pi * share)) for share in (0.25, 0.5, 0.75))]
    assert found == pytest.approx(expected)


def test_drops_multiply_and_stop_at_the_floor():
    found = rates(6, kind="drops", drops=(1 / 3, 2 / 3), factor=0.1, floor=0.05)
    assert found == pytest.approx([1, 1, 0.1, 0.1, 0.05, 0.05])
