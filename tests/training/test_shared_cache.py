"""The cache that workers share: what comes out is what went in, and no more is kept than fits."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from simd.errors import DataError
from simd.training.shared_cache import SharedCache
from simd.training.shared_memory import SharedMemory


def test_values_come_out_as_they_went_in():
    cache = SharedCache(3, 1)
    value = ((np.arange(12, dtype=np.uint8).reshape(3, 4),), None, {7: np.array([[1, 2]], np.int32)})
    assert cache.get(1) is None
    cache.put(1, value)
    (plane,), nothing, places = cache.get(1)
    assert np.array_equal(plane, value[0][0])
    assert nothing is None
    assert places[7].tolist() == [[1, 2]]
    assert cache.get(0) is None
    assert cache.kept == 1


def test_what_is_kept_cannot_be_changed():
    cache = SharedCache(1, 1)
    cache.put(0, np.zeros(5, np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        cache.get(0)[0] = 1


def test_no_more_is_kept_than_fits():
    cache = SharedCache(100, 1)
    for key in range(100):
        cache.put(key, np.full(100_000, key, np.uint8))
    assert cache.kept == 10  # of 1,048,576 bytes
    assert cache.used <= 2**20 + 64 * 100
    assert [cache.get(key)[0] for key in range(10)] == list(range(10))
    assert cache.get(10) is None


def test_without_megabytes_nothing_is_kept():
    cache = SharedCache(1, 0)
    cache.put(0, np.zeros(1, np.uint8))
    assert cache.get(0) is None
    with pytest.raises(DataError, match="0 megabytes or more, not -1"):
        SharedCache(1, -1)


def _put(cache: SharedCache, key: int) -> None:
    cache.put(key, np.full(10, key, np.uint8))


def test_processes_see_what_the_others_have_kept():
    cache = SharedCache(2, 1)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_put, args=(cache, 1))
    process.start()
    process.join()
    assert cache.get(1).tolist() == [1] * 10


def test_the_file_of_shared_memory_is_closed_with_it():
    before = _open_files()
    memory = SharedMemory(4096)
    assert _open_files() > before
    del memory
    assert _open_files() == before


def _open_files():
    return len(list(Path("/dev/fd").iterdir()))
