"""The one entry for work over many items: in this process, in worker processes that may die, or elsewhere."""

import math
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from itertools import islice
from multiprocessing.connection import wait as wait_for_process
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from simd.errors import DataError, DiskFullError, SimdError
from simd.files import full_disk, is_full

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")

_IN_FLIGHT_PER_WORKER = 2
_GIGABYTES_PER_WORKER = 0.8  # libraries, and the images of some megapixels that are in hand
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Outcome(NamedTuple, Generic[Item, Result]):
    """What became of an item: a value, or the reason why there is none."""

    item: Item
    value: Result | None
    reason: str | None


def run(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int = 1, threads: bool = False
) -> Iterator[Outcome[Item, Result]]:
    """Apply a function to every item and yield the outcomes as they come, in no fixed order.

    An item that fails does not end the run. With one worker the function runs in this process; with
    more, a worker that dies (out of memory, a crash in a library) costs no item: those it may have
    held run again, each in a process of its own, and only the one that kills its process is reported.

    Parameters
    ----------
    function : callable
        Defined in a module, since processes import it by name.
    items : sequence
        At most two items a worker are held in flight.
    workers : int
        Processes; each, and this one where it is the only one, keeps BLAS and numba to one thread: they
        wait for each other on small images, at several times the CPU time, and sum in another order.
    threads : bool
        Threads of this process in their place: for work that waits for disks, not for Python.

    Yields
    ------
    Outcome
        With `reason` None, or `value` None.
    """
    if workers < 1:
        raise DataError(f"workers must be at least 1, not {workers}")
    if _engine is not None and not threads and items:
        return _engine.run(function, items)
    if min(workers, len(items)) <= 1:
        return _run_here(function, items)
    if threads:
        return _run_in_threads(function, items, workers)
    return _run_in_processes(function, items, min(workers, len(items)))


class Engine(Protocol):
    """Another place to run functions than processes of this machine."""

    @property
    def gigabytes(self) -> float:
        """The memory that the smallest of its workers may take, in 10⁹ bytes."""

    def run(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Outcome[Item, Result]]:
        """Apply a function to every item, as :func:`run` does."""


_engine: Engine | None = None


@contextmanager
def elsewhere(engine: Engine) -> Iterator[None]:
    """Run what is run inside on an engine, whatever number of workers is asked for."""
    global _engine  # noqa: PLW0603  for the whole process: work is begun in threads, too
    former, _engine = _engine, engine
    try:
        yield
    finally:
        _engine = former


def current_engine() -> Engine | None:
    """Return the engine that runs go to; None for processes of this machine."""
    return _engine


def default_workers(gigabytes: float = _GIGABYTES_PER_WORKER) -> int:
    """Return how many of the processors that this process may use the free memory allows, at least one.

    Parameters
    ----------
    gigabytes : float
        What a worker takes.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processors, int(free_gigabytes() / gigabytes)))


def free_gigabytes() -> float:
    """Return the memory that processes may still take without swapping, in 10⁹ bytes; inf if unknown."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as lines:
            kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
        return kilobytes * 1024 / 1e9
    except (OSError, StopIteration):
        pass
    try:  # not Linux: count what is free and unused
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (AttributeError, OSError, ValueError):  # neither here
        return math.inf


def peak_megabytes() -> int | None:
    """Return the most memory that this process has held, in 10⁶ bytes; None if the system does not say.

    On Linux getrusage would not do: a new process is born with the peak of the one that started it.
    """
    try:
        with Path("/proc/self/status").open(encoding="ascii") as lines:
            return round(
                int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) * 1024 / 1e6
            )
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def call(function: Callable[[Item], Result], item: Item) -> Outcome[Item, Result]:
    """Apply a function to an item; an error becomes the outcome's reason."""
    try:
        return Outcome(item, function(item), None)
    except DiskFullError:
        raise  # every other item would fail as well
    except SimdError as error:
        return Outcome(item, None, str(error))
    except MemoryError:
        return Outcome(item, None, "out of memory; use fewer workers or smaller images")
    except Exception as error:  # a bug must not end the batch, and must not be hidden
        if is_full(error):
            raise full_disk(error) from error
        return Outcome(item, None, f"{type(error).__name__}: {error}\n{traceback.format_exc()}")


def _run_here(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Outcome[Item, Result]]:
    for item in items:
        with one_thread():
            outcome = call(function, item)
        yield outcome


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS, numba and OpenCV, as far as they are loaded, to one thread; what was set comes back."""
    numba, cv2 = sys.modules.get("numba"), sys.modules.get("cv2")
    with _libraries(len(sys.modules)).limit(limits=1, user_api="blas"), ExitStack() as back:
        if numba is not None:
            back.callback(numba.set_num_threads, numba.get_num_threads())
            numba.set_num_threads(1)
        if cv2 is not None:
            back.callback(cv2.setNumThreads, cv2.getNumThreads())
            cv2.setNumThreads(1)
        yield


@lru_cache(maxsize=1)
def _libraries(modules: int) -> "ThreadpoolController":
    """Return the libraries with threads of their own; looked for again when more modules are loaded."""
    del modules
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _run_in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[Outcome[Item, Result]]:
    waiting = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        first = islice(waiting, workers * _IN_FLIGHT_PER_WORKER)
        flying = {pool.submit(call, function, item) for item in first}
        while flying:
            done, flying = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                flying |= {pool.submit(call, function, item) for item in islice(waiting, 1)}
                yield future.result()


def _run_in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[Outcome[Item, Result]]:
    waiting = list(reversed(items))
    while waiting:
        suspects: list[Item] = []
        pool = _new_pool(workers)
        flying: dict[Future[Outcome[Item, Result]], Item] = {}
        try:
            while waiting or flying:
                while waiting and not suspects and len(flying) < workers * _IN_FLIGHT_PER_WORKER:
                    flying[pool.submit(call, function, waiting[-1])] = waiting[-1]
                    waiting.pop()
                if not flying:
                    break
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    item = flying.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        suspects.append(item)
                    else:
                        yield future.result()
        except BrokenProcessPool:  # it broke while we were submitting
            suspects.extend(flying.values())
        except BaseException:  # Ctrl-C, or our caller stopped listening: do not wait for work in hand
            _kill(pool)
            raise
        pool.shutdown()
        for item in suspects:
            yield _run_alone(function, item)


def _run_alone(function: Callable[[Item], Result], item: Item) -> Outcome[Item, Result]:
    with _new_pool(1) as pool:
        try:
            return pool.submit(call, function, item).result()
        except BrokenProcessPool:
            return Outcome(item, None, "its process died (out of memory, or a crash in a library)")


def _new_pool(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")  # forked threads of numba and OpenCV deadlock
    return ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker)


def _kill(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):  # public only from Python 3.14 on
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)


def start_worker() -> None:
    """Make this process a worker: one thread, no Ctrl-C of its own, and gone when its parent is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    for name in _ONE_THREAD:  # before any library is imported here
        os.environ[name] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()

    import cv2

    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait_for_process([parent.sentinel])
    os._exit(1)
