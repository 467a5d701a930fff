"""The errors that simd raises for a user to read: what is wrong, where, and what to do."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class SimdError(Exception):
    """Base of every error whose message is meant for a user."""


class DataError(SimdError, ValueError):
    """A file, array or option is not what it has to be."""


class MissingExtraError(SimdError, ImportError):
    """A command needs a library of an optional extra."""

    def __init__(self, purpose: str, library: str, extra: str) -> None:
        super().__init__(f'{purpose} needs {library}; install it with: pip install -e ".[{extra}]"')


class DiskFullError(SimdError):
    """Nothing more can be written; the run ends here and can be continued later."""


class BusyError(SimdError):
    """Another program is writing there; nothing was changed."""

    def __init__(self, path: Path, process: int | None) -> None:
        self.process = process
        who = "another program" if process is None else f"process {process}"
        who += " (this one)" if process == os.getpid() else ""
        super().__init__(
            f"{path}: {who} is writing there; wait until it has ended, or stop it, and run the same command "
            "again, or choose another place"
        )


class BatchError(SimdError):
    """Some items of a batch failed; the others are finished.

    Parameters
    ----------
    failures : dict
        Item name to reason, in the order of the batch.
    what : str
        What an item is, in the plural ("composites").
    total : int
        Items in the batch.
    """

    def __init__(self, failures: dict[str, str], what: str, total: int) -> None:
        self.failures = failures
        lines = [f"  {name}: {reason}" for name, reason in failures.items()]
        done = total - len(failures)
        super().__init__(f"{len(failures)} of {total} {what} failed ({done} are done):\n" + "\n".join(lines))


def first_of(names: Sequence[str], most: int, *, count: bool = False) -> str:
    """Return the first of some names for a message, with a sign that there are more, or how many more.

    Examples
    --------
    >>> first_of(["a", "b", "c"], 2), first_of(["a", "b", "c"], 2, count=True), first_of(["a", "b"], 2)
    ('a, b, ...', 'a, b, ... (1 more)', 'a, b')
    """
    more = ", ..." + (f" ({len(names) - most} more)" if count else "")
    return ", ".join(names[:most]) + (more if len(names) > most else "")


def first_line(error: Exception) -> str:
    r"""Return the first line of what a library says, without the colours it has for a terminal.

    Examples
    --------
    >>> first_line(ValueError("\x1b[1mtoo short\x1b[0m\nat byte 7")), first_line(KeyError())
    ('too short', 'KeyError')
    """
    return (_COLOUR.sub("", str(error)).strip().splitlines() or [type(error).__name__])[0]
