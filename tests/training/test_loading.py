"""Batches: the same for any number of workers, any start and any number of processes."""

import os
import pickle
import signal

import numpy as np
import pytest

from simd.errors import DataError, SimdError
from simd.training.loading import batches
from simd.training.samples import SampleOptions, Samples

OPTIONS = SampleOptions(
    foregrounds=("synthetic:1@64:train",),
    backgrounds=("builtin:train",),
    side=32,
    crops=(32, 64),
    kernels=(1, 3),
    iterations=(1, 3),
)


class Numbers:
    """Samples that say their number, and how one of them ends."""

    def __init__(self, ends: dict[int, str] | None = None):
        self.ends = ends or {}

    def __getitem__(self, number):
        match self.ends.get(number):
            case "refused":
                raise DataError(f"sample {number}: there is nothing to see")
            case "bug":
                raise KeyError("x")
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
        return {"number": np.array(number), "plane": np.full((2, 3), number % 256, np.uint8)}


@pytest.fixture(scope="module")
def expected():
    return list(batches(Samples(OPTIONS, seed=0), 4, stop=6))


def assert_equal(made, expected):
    assert len(made) == len(expected)
    for batch, other in zip(made, expected, strict=True):
        assert list(batch) == list(other) or set(batch) == set(other)
        for key in other:
            assert batch[key].dtype == other[key].dtype, key
            assert np.array_equal(batch[key], other[key]), key


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(workers, expected):
    assert_equal(list(batches(Samples(OPTIONS, seed=0), 4, 0, workers, stop=6)), expected)


@pytest.mark.parametrize("workers", [0, 1])
def test_going_on_gives_what_would_have_come(workers, expected):
    assert_equal(list(batches(Samples(OPTIONS, seed=0), 4, 3, workers, stop=6)), expected[3:])


def test_processes_share_each_batch(expected):
    shares = [list(batches(Samples(OPTIONS, seed=0), 4, 1, stop=3, rank=rank, world=2)) for rank in (0, 1)]
    for number, whole in enumerate(expected[1:3]):
        for key, array in whole.items():
            assert np.array_equal(np.concatenate([share[number][key] for share in shares]), array)


def test_batches_hold_their_numbers_in_order():
    made = list(batches(Numbers(), 3, 5, 2, stop=8))
    assert [batch["number"].tolist() for batch in made] == [[15, 16, 17], [18, 19, 20], [21, 22, 23]]
    assert made[0]["plane"][1].tolist() == [[16] * 3] * 2


@pytest.mark.parametrize("workers", [0, 1])
def test_a_sample_that_cannot_be_made_ends_with_its_reason_after_those_before_it(workers):
    stream = batches(Numbers({7: "refused"}), 2, 0, workers)
    assert [next(stream)["number"].tolist() for _ in range(3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(DataError, match=r"^sample 7: there is nothing to see$"):
        next(stream)


def test_a_bug_in_a_worker_keeps_its_traceback():
    with pytest.raises(RuntimeError, match=r"(?s)KeyError: 'x'.*in __getitem__"):
        next(batches(Numbers({3: "bug"}), 4, 0, 1))


def test_a_worker_that_dies_is_an_error_that_says_what_to_do():
    with pytest.raises(SimdError, match=r"died \(exit code -9; out of memory\?\); run the same"):
        next(batches(Numbers({3: "killed"}), 4, 0, 1))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"batch": 0}, "batch 0, start 0, workers 0, rank 0 of 1: out of range"),
        ({"batch": 5, "world": 2}, "a batch of 5 samples cannot be shared equally by 2 processes"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(numbers, message):
    with pytest.raises(DataError, match=message):
        batches(Numbers(), **numbers)


@pytest.mark.slow
def test_what_is_kept_in_the_cache_changes_no_sample(expected):
    for cache_mb in (0, 1, 100):
        samples = Samples(OPTIONS, seed=0, cache_mb=cache_mb)
        assert_equal(list(batches(samples, 4, stop=3)), expected[:3])
        assert_equal(list(batches(samples, 4, stop=3)), expected[:3])


def test_a_copy_by_pickle_gives_the_same_samples(expected):
    samples = pickle.loads(pickle.dumps(Samples(OPTIONS, seed=0)))
    assert_equal(list(batches(samples, 4, stop=2)), expected[:2])


def test_the_torch_dataset_counts_on_from_any_number(expected):
    torch_data = pytest.importorskip("torch.utils.data")
    from simd.training.torch_dataset import SampleDataset

    loader = torch_data.DataLoader(
        SampleDataset(Samples(OPTIONS, seed=0)), batch_size=4, sampler=range(4 * 2, 4 * 4)
    )
    for batch, other in zip(loader, expected[2:4], strict=True):
        for key, array in other.items():
            channels_last = batch[key].numpy()
            channels_last = channels_last.transpose(0, 2, 3, 1) if array.ndim == 4 else channels_last
            assert np.array_equal(channels_last, array), key
