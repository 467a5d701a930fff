import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from simd.errors import DataError, DiskFullError
from simd.parallel import default_workers, peak_megabytes, run


def work(item):
    """Do what the item says, in whatever process this is."""
    kind, value = item
    if kind == "data":
        raise DataError(f"{value}: is damaged")
    if kind == "bug":
        raise KeyError(value)
    if kind == "memory":
        raise MemoryError
    if kind == "full":
        raise DiskFullError(f"{value}: cannot be written")
    if kind == "die":
        os._exit(value)
    if kind == "slow":
        time.sleep(value)
    if kind == "touch":
        Path(value).touch()
    if kind == "environment":
        return os.environ["OMP_NUM_THREADS"], os.getpid()
    return value


def outcomes(items, workers):
    return {outcome.item: (outcome.value, outcome.reason) for outcome in run(work, items, workers=workers)}


MIXED = [("square", n) for n in range(12)] + [("data", "a.png"), ("bug", "hair"), ("memory", 0)]


def test_serial_and_parallel_agree_in_any_order():
    serial = outcomes(MIXED, workers=1)
    shuffled = random.Random(0).sample(MIXED, len(MIXED))
    parallel = outcomes(shuffled, workers=2)
    assert serial.keys() == parallel.keys() == set(MIXED)
    bug = ("bug", "hair")
    assert {k: v for k, v in serial.items() if k != bug} == {k: v for k, v in parallel.items() if k != bug}
    for value, reason in (serial[bug], parallel[bug]):  # a bug shows where it is
        assert value is None
        assert reason.startswith("KeyError: 'hair'\nTraceback")
        assert "test_parallel.py" in reason


def test_threads_give_the_same_in_this_process():
    serial = outcomes(MIXED, workers=1)
    threaded = {o.item: (o.value, o.reason) for o in run(work, MIXED, workers=3, threads=True)}
    bug = ("bug", "hair")
    assert {k: v for k, v in serial.items() if k != bug} == {k: v for k, v in threaded.items() if k != bug}
    assert threaded[bug][1].startswith("KeyError: 'hair'\nTraceback")
    waits = [("slow", 0.2)] * 6
    start = time.monotonic()
    assert len(list(run(work, waits, workers=6, threads=True))) == 6
    assert time.monotonic() - start < 6 * 0.2  # side by side, not one after the other
    with pytest.raises(DiskFullError):
        list(run(work, [("full", "a.png"), ("square", 1)], workers=2, threads=True))


def test_a_failure_becomes_a_reason():
    found = outcomes(MIXED, workers=1)
    assert found["square", 3] == (3, None)
    assert found["data", "a.png"] == (None, "a.png: is damaged")
    assert found["memory", 0] == (None, "out of memory; use fewer workers or smaller images")


@pytest.mark.slow
def test_a_process_that_dies_costs_only_its_own_item():
    items = [("square", n) for n in range(4)] + [
        ("die", 1),
        *(("square", n) for n in range(4, 8)),
        ("die", 0),
    ]
    found = outcomes(items, workers=2)
    assert found.keys() == set(items)
    for item in items:
        if item[0] == "die":
            assert found[item] == (None, "its process died (out of memory, or a crash in a library)")
        else:
            assert found[item] == (item[1], None)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_ends_the_run(tmp_path, workers):
    last = tmp_path / "touched"
    items = [("square", 1), ("full", "a.png"), *[("slow", 0.05)] * 20, ("touch", str(last))]
    with pytest.raises(DiskFullError, match=r"a\.png: cannot be written"):
        list(run(work, items, workers=workers))
    time.sleep(0.1)
    assert not last.exists()


def test_workers_keep_to_one_thread_in_processes_of_their_own():
    found = outcomes([("environment", n) for n in range(6)], workers=2)
    threads, processes = zip(*(value for value, _ in found.values()), strict=True)
    assert set(threads) == {"1"}
    assert os.getpid() not in processes


def test_one_worker_stays_in_this_process(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    items = [("environment", 0), ("environment", 1)]
    assert outcomes(items, workers=1)["environment", 0] == (("many", os.getpid()), None)
    assert outcomes(items[:1], workers=8)["environment", 0] == (("many", os.getpid()), None)


@pytest.mark.parametrize("workers", [1, 3])
def test_nothing_to_do_is_done(workers):
    assert list(run(work, [], workers=workers)) == []


@pytest.mark.parametrize("workers", [0, -1])
def test_a_worker_is_needed(workers):
    with pytest.raises(DataError, match=f"workers must be at least 1, not {workers}"):
        run(work, [("square", 1)], workers=workers)  # at once, not when the first outcome is asked for


def test_at_most_the_processors_of_this_process_by_default():
    assert 1 <= default_workers() <= os.cpu_count()


def threads_of(_):
    import cv2
    import numba
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    blas = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    return blas, numba.get_num_threads(), cv2.getNumThreads()


def test_this_process_keeps_to_one_thread_too_and_gets_its_own_back():
    import cv2
    import numba
    from threadpoolctl import threadpool_info, threadpool_limits

    most = numba.config.NUMBA_NUM_THREADS
    of_opencv = cv2.getNumThreads()
    cv2.setNumThreads(3)
    with threadpool_limits(2, user_api="blas"):
        found = [outcome.value for outcome in run(threads_of, [1, 2])]
        blas = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    again = cv2.getNumThreads()
    cv2.setNumThreads(of_opencv)
    assert found == [({1}, 1, 1)] * 2
    assert again == 3
    assert blas != {1}
    assert numba.get_num_threads() == most


def test_the_peak_is_that_of_the_process_itself():
    block = np.ones(400_000_000, np.uint8)  # what a process that is started now must not be born with
    command = [sys.executable, "-c", "from simd.parallel import peak_megabytes; print(peak_megabytes())"]
    peak = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert 5 < peak < 200 < 400 <= peak_megabytes()
    assert block.sum() == len(block)
