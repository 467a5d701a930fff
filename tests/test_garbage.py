"""simd.garbage: the search for circular garbage is put off, and comes back whatever happens."""

import gc

import pytest

from simd.garbage import search_put_off


@search_put_off()
def is_searched(*, fails: bool = False) -> bool:
    if fails:
        raise ValueError("it fails")
    return gc.isenabled()


def test_it_is_put_off_and_comes_back():
    assert gc.isenabled()
    assert not is_searched()
    assert gc.isenabled()


def test_it_comes_back_after_an_error():
    with pytest.raises(ValueError, match="it fails"):
        is_searched(fails=True)
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_off():
    gc.disable()
    try:
        assert not is_searched()
        assert not gc.isenabled()
    finally:
        gc.enable()
