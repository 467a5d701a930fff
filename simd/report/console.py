"""The terminal as reports use it: whole numbers and names at 80 columns, and never more than 100."""

import os

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 100
"""Columns of a pipe or a log, and the most that a wider terminal is used for."""

LONGEST_NAME = 24
"""Of longer names tables show a number, and name them once above."""


def console() -> Console:
    """Return the console of stdout, at the width that reports use."""
    stdout = Console(highlight=False)
    # A pipe or a log has no width of its own; a narrow terminal has, and keeps it.
    known = stdout.is_terminal or os.environ.get("COLUMNS", "").isdigit()
    stdout.width = min(WIDTH, stdout.width) if known else WIDTH
    return stdout


def table(first: str, *others: str | Text) -> Table:
    """Return an empty table: the first column to the left, the others, of numbers, to the right."""
    empty = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True, header_style="bold"
    )
    empty.add_column(first, overflow="fold")
    for title in others:
        empty.add_column(title, justify="right", overflow="fold")
    return empty


def labels(names: list[str], longest: int = LONGEST_NAME) -> list[str]:
    """Return what tables call things: their names, or all their numbers where a name is long."""
    if max(map(len, names), default=0) <= longest:
        return names
    return [str(number) for number in range(1, len(names) + 1)]
