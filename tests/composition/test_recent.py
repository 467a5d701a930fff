"""Backgrounds that are kept: the latest ones, no more than fit, never changed."""

import numpy as np
import pytest

from simd.composition.recent import Recent

KILOBYTES_400 = (400, 1024)


def test_an_array_is_made_once_and_cannot_be_changed():
    recent, made = Recent(1), []

    def make():
        made.append(1)
        return np.zeros(KILOBYTES_400, np.uint8)

    first = recent.get("a", make)
    assert recent.get("a", make) is first
    assert len(made) == 1
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1


def test_the_least_recently_used_goes_first():
    recent, made = Recent(1), []

    def ask(key):
        recent.get(key, lambda: made.append(key) or np.zeros(KILOBYTES_400, np.uint8))

    for key in "abacab":  # two fit: b goes for c, c for b
        ask(key)
    assert "".join(made) == "abcb"


def test_an_array_that_is_too_large_is_made_each_time():
    recent, made = Recent(1), []
    for _ in range(2):
        recent.get("a", lambda: made.append(1) or np.zeros((2000, 1024), np.uint8))
    assert len(made) == 2
