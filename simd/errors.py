"""The errors that simd raises for a user to read: what is wrong, where, and what to do."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from simd.installation import extra_command

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# what differs between two messages of one kind: a quoted name, a path or file name, a number or digest
_PARTICULAR = re.compile(r"'[^'\n]*'|\S*/\S*|\S+\.[A-Za-z]\w{1,4}\b|\b[0-9a-f]{8,}\b|\d+(?:[.,]\d+)*")
_ALIKE = 6  # messages of one kind that are folded into one
_NAMED = 8  # items that a folded message names


class SimdError(Exception):
    """Base of every error whose message is meant for a user."""


class DataError(SimdError, ValueError):
    """A file, array or option is not what it has to be."""


class MissingExtraError(SimdError, ImportError):
    """A command needs a library of an optional extra."""

    def __init__(self, purpose: str, library: str, extra: str) -> None:
        super().__init__(f"{purpose} needs {library}; install it with: {extra_command(extra)}")


class DiskFullError(SimdError):
    """Nothing more can be written; the run ends here and can be continued later."""


class ClusterLostError(SimdError):
    """The scheduler or all workers are gone; what was finished is kept."""


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
    remarks : sequence of str
        Lines about items that are finished.
    """

    def __init__(self, failures: dict[str, str], what: str, total: int, remarks: Sequence[str] = ()) -> None:
        self.failures = failures
        lines = [f"  {line}" for line in folded(failures)]
        done = total - len(failures)
        super().__init__(
            f"{len(failures)} of {total} {what} failed ({done} are done):\n" + "\n".join([*lines, *remarks])
        )


def folded(reasons: Mapping[str, str]) -> list[str]:
    """Return a line for each item and its reason, and one for many items whose reasons are of one kind.

    Reasons are of one kind if they are alike but for names, paths and numbers.

    Parameters
    ----------
    reasons : mapping
        Item to what is said of it; "" where it is enough to name it.

    Examples
    --------
    >>> sizes = {f"fur-{i}": f"is {i} x 9, its alpha is 8 x 9; they must be equal" for i in range(81)}
    >>> for line in folded({"leaf-1": "leaf-1.png is not there"} | sizes):
    ...     print(line)
    leaf-1: leaf-1.png is not there
    fur-0: is 0 x 9, its alpha is 8 x 9; they must be equal; and 80 more like it: fur-1, fur-2, fur-3, \
fur-4, fur-5, fur-6, fur-7, fur-8, ... (72 more)
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    for name, reason in reasons.items():
        kinds[_kind_of(name, reason)].append(name)
    lines = []
    for names in kinds.values():
        shown = names if len(names) < _ALIKE else names[:1]
        lines += [f"{name}: {reasons[name]}" if reasons[name] else name for name in shown]
        if alike := names[len(shown) :]:
            lines[-1] += f"; and {len(alike)} more like it: {first_of(alike, _NAMED, count=True)}"
    return lines


def _kind_of(name: str, reason: str) -> str:
    """Return a reason without what is particular to its item."""
    for own in (name, PurePath(name).name, PurePath(name).stem):
        reason = reason.replace(own, "'") if len(own) > 1 else reason
    return _PARTICULAR.sub("'", reason)


def first_of(names: Sequence[str], most: int, *, count: bool = False) -> str:
    """Return the first of some names for a message, with a sign that there are more, or how many more.

    Examples
    --------
    >>> first_of(["a", "b", "c"], 2), first_of(["a", "b", "c"], 2, count=True), first_of(["a", "b"], 2)
    ('a, b, ...', 'a, b, ... (1 more)', 'a, b')
    """
    more = ", ..." + (f" ({len(names) - most} more)" if count else "")
    return ", ".join(names[:most]) + (more if len(names) > most else "")


def expected_and_present(expected: Iterable[str], present: Iterable[str]) -> str:
    """Return a name that was expected and one that is there, for a message that nothing matches.

    Examples
    --------
    >>> expected_and_present(["fur-1.png", "fur-2.png"], ["IMG_1.png"])
    "'fur-1.png' is expected, for example; what is there is called as 'IMG_1.png'"
    >>> expected_and_present(["fur-1.png"], [])
    "'fur-1.png' is expected, for example; nothing is there"
    """
    wanted, name = min(expected, default=None), min(present, default=None)
    is_there = "nothing is there" if name is None else f"what is there is called as {name!r}"
    return is_there if wanted is None else f"{wanted!r} is expected, for example; {is_there}"


def first_line(error: Exception) -> str:
    r"""Return the first line of what a library says, without the colours it has for a terminal.

    Examples
    --------
    >>> first_line(ValueError("\x1b[1mtoo short\x1b[0m\nat byte 7")), first_line(KeyError())
    ('too short', 'KeyError')
    """
    return (_COLOUR.sub("", str(error)).strip().splitlines() or [type(error).__name__])[0]
