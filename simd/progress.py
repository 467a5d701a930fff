"""Progress of long work: a bar on a terminal, plain lines in a log."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 15.0


def track(items: Iterable[T], total: int, what: str, done: int = 0) -> Iterator[T]:
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
    """
    if done:
        _LOG.info("%s: %d of %d were already done", what, done, total)
    if total == done:
        yield from items
    elif sys.stderr.isatty():
        yield from _bar(items, total, what, done)
    else:
        yield from _lines(items, total, what, done)


def _bar(items: Iterable[T], total: int, what: str, done: int) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    start = time.monotonic()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total, completed=done, rate="")
        for count, item in enumerate(items, start=1):
            yield item
            progress.update(task, advance=1, rate=_rate(count, start))


def _lines(items: Iterable[T], total: int, what: str, done: int) -> Iterator[T]:
    start = last = time.monotonic()
    count = 0
    for count, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - last > _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            _LOG.info("%s: %d of %d, %s", what, done + count, total, _rate(count, start))
    _LOG.info("%s: %d of %d, %s", what, done + count, total, _rate(count, start))


def _rate(count: int, start: float) -> str:
    return f"{count / max(time.monotonic() - start, 1e-9):.2f} a second"
