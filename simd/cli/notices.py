"""What the library logs, shown on stderr as it stands."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from simd.cli.wrapping import wrapped


class _OnStderr(logging.Handler):
    """Writes to what is stderr at that moment, which a progress bar or a test may have replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        typer.echo(wrapped(self.format(record), sys.stderr), err=True)


@contextmanager
def notices_on_stderr() -> Iterator[None]:
    """Show the notices of the library, and how far its work is, while a command runs."""
    log, handler = logging.getLogger("simd"), _OnStderr()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
