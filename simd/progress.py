"""Progress of long work: a bar on a terminal, plain lines in a log."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 15.0


def track(items: Iterable[T], total: int, what: str, done: int = 0, *, quiet: bool = False) -> Iterator[T]:
    """Yield the items and show how far the work is: a bar on a terminal, else lines in the log.

    Parameters
    ----------
    items : iterable
        The results, as they come.
    total : int
        How many there are in all.
    what : str
        What they are, for the reader: ``"composites"``.
    done : int
        How many an earlier, interrupted run has left finished.
    quiet : bool
        Say nothing of it once it is over, and nothing in the log unless it takes long: for steps that take
        minutes for large folders alone.
    """
    if done:
        _LOG.info("%s: %d of %d were already done", what, done, total)
    if total == done:
        yield from items
        return
    with counting(total, what, done, quiet=quiet) as advance:
        for item in items:
            yield item
            advance(1)


@contextmanager
def counting(total: int, what: str, done: int = 0, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Give a function to be called with how many more are done; shown as :func:`track` shows it."""
    show = _bar if sys.stderr.isatty() else _lines
    with show(total, what, done, quiet=quiet) as advance:
        yield advance


@contextmanager
def _bar(total: int, what: str, done: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    start, count = time.monotonic(), 0
    with Progress(*columns, console=Console(stderr=True), transient=quiet) as progress:
        task = progress.add_task(what, total=total, completed=done, rate="")

        def advance(number: int) -> None:
            nonlocal count
            count += number
            progress.update(task, advance=number, rate=_rate(count, start))

        yield advance


@contextmanager
def _lines(total: int, what: str, done: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    start = last = time.monotonic()
    count = 0

    def say() -> None:
        _LOG.info("%s: %d of %d, %s", what, done + count, total, _rate(count, start))

    def advance(number: int) -> None:
        nonlocal count, last
        count += number
        if time.monotonic() - last > _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            say()

    yield advance
    if not quiet or last > start:
        say()


def _rate(count: int, start: float) -> str:
    return f"{count / max(time.monotonic() - start, 1e-9):.2f} a second"
