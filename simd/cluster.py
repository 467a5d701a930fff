"""A Dask cluster as the place where items are worked on, in place of processes of this machine.

Every worker has to see the same files under the same paths, with the same versions of simd and the libraries
that pixels go through; that is looked at before the work begins.
"""

import contextlib
import functools
import logging
import queue
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from simd.arguments import checked
from simd.cluster_worker import Answer, RunSettings, dask_setting, installed_versions, problem_of, work_on
from simd.errors import ClusterLostError, DataError, MissingExtraError, SimdError
from simd.landmarks import Landmark, landmarks_of
from simd.parallel import Outcome, elsewhere
from simd.temporary import temporary_folder

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
Result = TypeVar("Result")

LOCAL = "local:"
_AHEAD = 2  # tasks in flight a worker
_TOGETHER = 64  # items of a task, at most
_TASK_SECONDS = 0.25  # what a task should take, at least: short items go together
_TASK_SECONDS_A_WORKER = 0.02  # and on many workers longer: a scheduler hands out some hundred tasks a second
_CONNECTING_SECONDS = 20
_LOOKING_SECONDS = 2  # between two looks at whether there still are a scheduler and workers
_PATIENCE_SECONDS = 120  # without any worker
_ALLOWED_FAILURES = 2  # deaths of workers that a task of a local cluster may cost, and one more
_LOG = logging.getLogger(__name__)


@checked
@contextmanager
def on_cluster(address: str) -> Iterator[None]:
    """Hand the work of the functions of simd that are called inside to a Dask cluster.

    Parameters
    ----------
    address : str
        Of a scheduler, ``"tcp://HOST:8786"`` or with another protocol of Dask; or ``"local:N"``, N workers on
        this machine that end with the block.

    Raises
    ------
    MissingExtraError
        If dask.distributed is not installed.
    DataError
        If no scheduler or no worker answers, or workers differ from this process in version or files.
    ClusterLostError
        If the scheduler or all workers go away meanwhile.

    Examples
    --------
    >>> with on_cluster("tcp://scheduler:8786"):  # doctest: +SKIP
    ...     simd.build("my_set", foregrounds="adobe", backgrounds="coco")
    """
    try:
        import distributed
    except ImportError as error:
        raise MissingExtraError("a cluster", "dask.distributed", "cluster") from error
    if address.startswith(LOCAL):
        connected = _local(_workers_of(address))
    elif "://" in address:
        connected = _connected(address)
    else:
        raise DataError(
            f"cluster {address!r}: is neither the address of a scheduler (tcp://HOST:8786) nor local:N"
        )
    with _silent(), connected as client:
        assert isinstance(client, distributed.Client)
        with elsewhere(Cluster(client, address)):
            yield


class Cluster:
    """Runs functions over items on the workers of a client."""

    def __init__(self, client: "Client", address: str) -> None:
        self._client = client
        self._address = address

    @property
    def gigabytes(self) -> float:
        """The memory that the smallest worker may take, in 10⁹ bytes; inf where there is no limit."""
        limits = [worker["memory_limit"] for worker in self._workers().values()]
        return min((limit / 1e9 for limit in limits if limit), default=float("inf"))

    def run(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Outcome[Item, Result]]:
        """Apply a function to every item and yield the outcomes as they come, as :func:`simd.parallel.run`.

        An item whose workers die is tried again by the scheduler; one that kills as many as it allows
        (three of a local cluster) is reported.
        """
        settings = RunSettings(
            run=uuid.uuid4().hex, folder=str(Path.cwd()), versions=tuple(installed_versions().items())
        )
        self._check_workers(settings, landmarks_of((function, *items)))
        work = functools.partial(work_on, settings, function)
        suspects: list[Item] = []
        apart: list[Item] = []  # of a task of several that has failed, for which one of them is enough
        for part, most in ((items, _TOGETHER), (apart, 1)):
            for together, answer in self._flying(work, part, most):
                if isinstance(answer, Answer):
                    for item, (value, reason) in zip(together, answer.outcomes, strict=True):
                        yield Outcome(item, value, reason)
                elif len(together) > 1:
                    apart.extend(together)
                elif _is_killed(answer):
                    suspects.extend(together)
                else:
                    yield _not_run(together[0], answer)
        certain = bool(suspects) and self._blames_rightly()
        for item in suspects:
            if certain:
                yield Outcome(item, None, self._killed())
                continue
            for _, answer in self._flying(work, [item], 1):
                if isinstance(answer, Answer):
                    yield Outcome(item, *answer.outcomes[0])
                elif _is_killed(answer):
                    yield Outcome(item, None, self._killed())
                else:
                    yield _not_run(item, answer)

    def _flying(
        self, work: Callable[[list[Item]], Answer], items: Sequence[Item], most: int
    ) -> Iterator[tuple[list[Item], Answer | BaseException]]:
        """Keep a window of tasks, of `most` items at most, with the scheduler; yield each with its answer."""
        waiting, finished = iter(items), 0
        size, left, workers = 1, len(items), max(1, len(self._workers()))
        wanted = max(_TASK_SECONDS, _TASK_SECONDS_A_WORKER * workers)
        flying: dict[str, tuple[list[Item], Future]] = {}
        done: queue.SimpleQueue[str] = queue.SimpleQueue()

        def submit() -> None:
            nonlocal left
            fair = left // (_AHEAD * workers)  # near the end, so that nobody waits for one long task
            if together := list(islice(waiting, max(1, min(size, fair)))):
                left -= len(together)
                # pure: equal tasks would run once for ever
                future = self._client.submit(work, together, pure=False)
                flying[future.key] = together, future
                future.add_done_callback(lambda done_future: done.put(done_future.key))

        try:
            for _ in range(_AHEAD * workers):
                submit()
            while flying:
                together, future = flying.pop(self._next(done, finished, len(items)))
                answer = self._result(future, finished, len(items))
                del future  # the worker forgets it
                finished += len(together)
                if isinstance(answer, Answer):
                    if answer.seconds < wanted / 2 and len(together) == size:
                        size = min(2 * size, most)
                    elif answer.seconds > 2 * wanted:
                        size = max(1, size // 2)
                submit()
                yield together, answer
        finally:
            with contextlib.suppress(Exception):
                self._client.cancel([future for _, future in flying.values()], force=True)

    def _next(self, done: "queue.SimpleQueue[str]", finished: int, total: int) -> str:
        """Wait for a task that is done; look now and then whether somebody works on them."""
        alone_since = None
        while True:
            try:
                return done.get(timeout=_LOOKING_SECONDS)
            except queue.Empty:
                pass
            if self._client.status != "running":
                raise self._lost("the scheduler does not answer any more", finished, total)
            if self._workers():
                alone_since = None
                continue
            if alone_since is None:
                alone_since = time.monotonic()
                _LOG.warning("%s: has no workers; waiting %d s for some", self._address, _PATIENCE_SECONDS)
            elif time.monotonic() - alone_since > _PATIENCE_SECONDS:
                raise self._lost("there are no workers any more", finished, total)

    def _result(self, future: "Future", finished: int, total: int) -> Answer | BaseException:
        from distributed.client import FutureCancelledError
        from distributed.comm import CommClosedError

        try:
            answer: Answer = future.result()
        except (FutureCancelledError, CommClosedError) as error:  # only result() tells
            raise self._lost("the scheduler is gone", finished, total) from error
        except SimdError:
            raise  # of a full disk: every other item would fail as well
        except Exception as error:
            return error
        return answer

    def _lost(self, what: str, finished: int, total: int) -> ClusterLostError:
        return ClusterLostError(
            f"{self._address}: {what}, after {finished} of {total} items; what is finished is kept, and the "
            "same command goes on from there once they are back"
        )

    def _workers(self) -> Mapping[str, Any]:
        workers: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return workers

    def _check_workers(self, settings: RunSettings, landmarks: Sequence[Landmark]) -> None:
        """Refuse workers that would do other things than this process (DataError)."""
        threads = {name: worker["nthreads"] for name, worker in self._workers().items()}
        problems = {
            name: f"has {count} threads; start it with --nthreads 1 and more --nworkers"
            for name, count in threads.items()
            if count != 1
        }
        try:
            answers = self._client.run(problem_of, settings, landmarks, on_error="return")
        except Exception as error:
            raise DataError(f"{self._address}: its workers cannot be asked ({error})") from error
        finally:
            for landmark in landmarks:
                landmark.remove()
        problems |= {name: str(problem) for name, problem in answers.items() if problem}
        if problems:
            lines = "\n".join(f"  {name}: {problem}" for name, problem in sorted(problems.items()))
            raise DataError(
                f"{self._address}: {len(problems)} of {len(threads)} workers cannot do this:\n{lines}"
            )

    def _blames_rightly(self) -> bool:
        """Tell whether workers are handed no more than they run, so that deaths blame the right task."""
        key = "distributed.scheduler.worker-saturation"
        return bool(self._client.run_on_scheduler(dask_setting, key) == 1.0)

    def _killed(self) -> str:
        key = "distributed.scheduler.allowed-failures"
        deaths = 1 + int(self._client.run_on_scheduler(dask_setting, key))
        return f"its process died on {deaths} workers (out of memory, or a crash in a library)"


def _not_run(item: Item, error: BaseException) -> Outcome[Item, Any]:
    """Return what comes of an item that, or whose function, could not be loaded by a worker."""
    return Outcome(item, None, f"a worker could not run it ({type(error).__name__}: {error})")


def _is_killed(error: BaseException) -> bool:
    from distributed import KilledWorker

    return isinstance(error, KilledWorker)


# --- connecting ------------------------------------------------------------------------------------------


def _workers_of(address: str) -> int:
    number = address.removeprefix(LOCAL)
    if not number.isdecimal() or not 1 <= int(number) <= 1024:
        raise DataError(f"cluster {address!r}: after {LOCAL} stands the number of workers, as local:4")
    return int(number)


@contextmanager
def _connected(address: str) -> "Iterator[Client]":
    from distributed import Client

    try:
        client = Client(address, timeout=_CONNECTING_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        raise DataError(
            f"{address}: no scheduler answers there ({error}); start one with `dask scheduler`, and workers "
            f"with `dask worker {address} --nworkers auto --nthreads 1`"
        ) from error
    try:
        try:
            client.wait_for_workers(1, timeout=_CONNECTING_SECONDS)
        except TimeoutError as error:
            raise DataError(
                f"{address}: its scheduler has no workers; start some with "
                f"`dask worker {address} --nworkers auto --nthreads 1`"
            ) from error
        yield client
    finally:
        _close(client)


@contextmanager
def _local(workers: int) -> "Iterator[Client]":
    """Start workers on this machine; they end with the block."""
    import dask
    from distributed import Client, LocalCluster

    settings = {
        "distributed.scheduler.worker-saturation": 1.0,  # above, tasks that never ran are blamed for deaths
        "distributed.scheduler.allowed-failures": _ALLOWED_FAILURES,
    }
    with (
        dask.config.set(settings),
        temporary_folder() as folder,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            local_directory=str(folder),
            silence_logs=logging.CRITICAL,
        ) as cluster,
    ):
        client = Client(cluster, set_as_default=False)
        try:
            yield client
        finally:
            _close(client)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep Dask's own log of lost connections from the terminal; what has to be said is said here."""
    loggers = [
        logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("distributed")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _close(client: "Client") -> None:
    with contextlib.suppress(Exception):  # of a scheduler that is gone
        client.close(timeout=5)
