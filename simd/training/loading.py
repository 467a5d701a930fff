"""Batches of samples, made here or by worker processes: the same for any number of workers and any start."""

import multiprocessing
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from simd.errors import DataError, SimdError
from simd.parallel import start_worker
from simd.training.shared_memory import SharedMemory

Batch = dict[str, npt.NDArray[Any]]
Layout = Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]

_IN_HAND = 2  # batches that a worker has made or makes
_ALIGNED = 64  # bytes


class SampleSource(Protocol):
    """What gives samples by their number, such as :class:`~simd.training.samples.Samples`."""

    def __getitem__(self, number: int, /) -> Mapping[str, npt.NDArray[Any]]: ...


def batches(
    samples: SampleSource,
    batch: int,
    start: int = 0,
    workers: int = 0,
    *,
    stop: int | None = None,
    rank: int = 0,
    world: int = 1,
) -> Iterator[Batch]:
    """Yield batches number `start`, `start` + 1, ... in order.

    Batch b holds the samples b · `batch` to (b + 1) · `batch` - 1; of these, process `rank` of `world` gets
    its share, in their order. So the number of the batch is all there is to remember for going on later.

    Parameters
    ----------
    samples : SampleSource
        Where there are workers, something that can be pickled; its samples have equal keys, those of a batch
        equal shapes, and none is larger than its `layout`, or else its first sample, says.
    batch : int
        Samples of a batch, over all processes.
    workers : int
        Processes that make batches; 0 makes them in this one. Two batches for each are in hand at most.
    stop : int, optional
        Number of the batch before which it ends; by default it never does.
    rank, world : int
        Which of how many training processes this is.

    Yields
    ------
    dict
        The arrays of the samples, stacked: (N, ...).

    Raises
    ------
    DataError
        If a number is out of range, `batch` does not divide by `world`, or a sample cannot be made; the
        message names it.
    SimdError
        If a worker dies.
    """
    if batch < 1 or start < 0 or workers < 0 or not 0 <= rank < world:
        raise DataError(
            f"batch {batch}, start {start}, workers {workers}, rank {rank} of {world}: out of range"
        )
    if batch % world:
        raise DataError(f"a batch of {batch} samples cannot be shared equally by {world} processes")
    share = batch // world
    numbers = count(start) if stop is None else range(start, stop)
    rows = (range(number * batch + rank * share, number * batch + (rank + 1) * share) for number in numbers)
    if workers == 0:
        return (_stacked(samples, each) for each in rows)
    return _from_workers(samples, rows, share, workers)


def _stacked(samples: SampleSource, numbers: Sequence[int]) -> Batch:
    made = [samples[number] for number in numbers]
    return {key: np.stack([sample[key] for sample in made]) for key in made[0]}


def _from_workers(
    samples: SampleSource, rows: Iterator[Sequence[int]], share: int, workers: int
) -> Iterator[Batch]:
    layout = _layout(samples)
    crew: list[_Worker] = []
    try:
        crew = [_Worker(samples, layout, share) for _ in range(workers)]
        for _ in range(_IN_HAND):
            for worker in crew:
                worker.ask(rows)
        while True:
            for worker in crew:
                made = worker.take()
                if made is None:
                    return
                worker.ask(rows)
                yield made
    finally:
        for worker in crew:
            worker.end()


class _Worker:
    """A process that makes batches in memory shared with this one, which has room for those in hand."""

    def __init__(self, samples: SampleSource, layout: Layout, share: int) -> None:
        context = multiprocessing.get_context("spawn")  # forked threads of numba and OpenCV deadlock
        memory = SharedMemory(_IN_HAND * _size_of_room(layout, share))
        self._rooms = _rooms(memory, layout, share)
        self._pipe, far_end = context.Pipe()
        self._asked = self._taken = 0
        arguments = (far_end, memory, samples, layout, share)
        self._process = context.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        far_end.close()

    def ask(self, rows: Iterator[Sequence[int]]) -> None:
        """Order the next batch there is; nothing where there is none."""
        numbers = next(rows, None)
        if numbers is not None:
            with suppress(OSError):  # it has died, as taking will say
                self._pipe.send((numbers, self._asked % _IN_HAND))
            self._asked += 1

    def take(self) -> Batch | None:
        """Return the batch that was ordered first; None if none is."""
        if self._taken == self._asked:
            return None
        try:
            failure, shapes = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            raise SimdError(
                f"a process that makes samples died (exit code {self._process.exitcode}; out of memory?); "
                "run the same command again to go on, with fewer workers"
            ) from None
        if failure is not None:
            raise failure
        room = self._rooms[self._taken % _IN_HAND]
        self._taken += 1
        return {key: array.copy() for key, array in _shaped(room, shapes).items()}

    def end(self) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()


def _work(pipe: Connection, memory: SharedMemory, samples: SampleSource, layout: Layout, share: int) -> None:
    """Make the batches that are asked for, until nobody asks."""
    start_worker()
    rooms = _rooms(memory, layout, share)
    while True:
        try:
            numbers, which = pipe.recv()
        except (EOFError, OSError):
            return
        failure: Exception | None = None
        shapes: dict[str, tuple[int, ...]] = {}
        try:
            for row, number in enumerate(numbers):
                sample = samples[number]
                shapes = shapes or {key: (len(numbers), *sample[key].shape) for key in layout}
                for key, array in _shaped(rooms[which], shapes).items():
                    array[row] = sample[key]
        except SimdError as error:
            failure = DataError(str(error))
        except Exception as error:  # a bug keeps its traceback, as text
            failure = RuntimeError(f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
        try:
            pipe.send((failure, shapes))
        except OSError:
            return


def _layout(samples: SampleSource) -> Layout:
    layout: Layout | None = getattr(samples, "layout", None)
    if layout is None:
        layout = {key: (array.shape, array.dtype) for key, array in samples[0].items()}
    return dict(sorted(layout.items(), key=lambda item: -item[1][1].itemsize))  # each is aligned


def _shaped(room: Batch, shapes: Mapping[str, tuple[int, ...]]) -> Batch:
    """Return the arrays of a batch of these shapes in the room of the largest."""
    return {
        key: flat[: int(np.prod(shapes[key], dtype=np.int64))].reshape(shapes[key])
        for key, flat in room.items()
    }


def _rooms(memory: SharedMemory, layout: Layout, share: int) -> list[Batch]:
    """Return the flat arrays of the batches that there is room for."""
    start, rooms = 0, []
    for _ in range(_IN_HAND):
        room = {}
        for key, (shape, dtype) in layout.items():
            length = _size(shape, dtype) * share
            room[key] = np.frombuffer(memory.bytes, np.uint8, length, start).view(dtype)
            start += length
        start = -(-start // _ALIGNED) * _ALIGNED
        rooms.append(room)
    return rooms


def _size_of_room(layout: Layout, share: int) -> int:
    size = sum(_size(shape, dtype) for shape, dtype in layout.values()) * share
    return -(-size // _ALIGNED) * _ALIGNED


def _size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
