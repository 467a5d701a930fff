"""A selection as a file: a JSON line for each cut-out, whether it is kept and why."""

from collections.abc import Sequence
from pathlib import Path

from simd.errors import DataError
from simd.files import json_lines, read_json_lines, write_atomically
from simd.schema import problem
from simd.selection.reasons import VERDICT, Verdict


def write_selection(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write the verdicts as JSON lines, for people and for ``simd build --selection``."""
    write_atomically(path, json_lines(v.to_row() for v in verdicts))


def read_selection(path: Path) -> set[str]:
    """Read the ids that a selection keeps."""
    keeps: dict[str, bool] = {}
    for number, row in enumerate(read_json_lines(path), start=1):
        if reason := problem(row, VERDICT):
            raise DataError(
                f'{path}:{number}: a line needs "id" and "keep", as simd select writes them; {reason}'
            )
        if keeps.setdefault(row["id"], row["keep"]) != row["keep"]:
            raise DataError(f"{path}:{number}: {row['id']!r} has a line that says otherwise; keep one")
    return {id_ for id_, keep in keeps.items() if keep}
