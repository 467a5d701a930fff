"""Write the leaderboard of several methods: a page to look at, a CSV to compute with, Markdown to paste."""

from collections.abc import Sequence
from pathlib import Path

from simd.arguments import checked
from simd.errors import DataError
from simd.files import write_atomically
from simd.locks import locked_folder
from simd.metrics.scores import Scores
from simd.report.entries.files import Entry
from simd.report.leaderboard.board import group_boards
from simd.report.leaderboard.page import board_page
from simd.report.leaderboard.reported import read_reported
from simd.report.leaderboard.text import differences_to_csv, to_csv, to_markdown
from simd.sources.outputs import begins, check_output_folder, has_file

BOARD_NAMES = ("index.html", "leaderboard.csv", "leaderboard.md", "differences.csv")
"""The files of a leaderboard."""

is_board = has_file("leaderboard.md", begins("# Leaderboard\n"))
"""Tells whether a folder holds a leaderboard."""


@checked
def write_leaderboard(
    scores: Sequence[Scores | Entry], out: str | Path, *, reported: Sequence[str] = ()
) -> list[Path]:
    """Write ``index.html``, ``leaderboard.csv``, ``leaderboard.md`` and ``differences.csv`` into a folder.

    Scores on different sets, or with different trimaps, stand on separate boards. The page is one file
    below 5 MB that asks nothing of any other. It shows examples if the set still lies where it was scored.

    Parameters
    ----------
    scores : sequence of Scores or Entry
        A method each, as :func:`simd.metrics.scores.load_scores` reads them, or
        :func:`simd.report.entries.files.read_entries`, with what their cards say.
    out : path
        The folder; made if it is missing.
    reported : sequence of str
        Names of figures that others have printed (:func:`simd.report.leaderboard.reported.read_reported`):
        on the page and in Markdown they stand in tables of their own.

    Returns
    -------
    list of path
        The files written: the page first.

    Raises
    ------
    DataError
        If there are no scores, or the folder cannot be written.
    """
    tables = [table for name in reported for table in read_reported(name)]
    if not scores and not tables:
        raise DataError("there are no scores to show; make some with: simd evaluate <predictions> <set>")
    places = [
        path
        for each in scores
        for path in ([*each.paths.values()] if isinstance(each, Scores) else [str(each.folder)])
    ]
    out = check_output_folder(out, "a leaderboard", is_board, names=BOARD_NAMES, inputs=places)
    boards = group_boards(scores)
    contents = {
        "leaderboard.md": to_markdown(boards, tables),  # first: by it the folder is known as ours
        "index.html": board_page(boards, tables),
        "leaderboard.csv": to_csv(boards),
        "differences.csv": differences_to_csv(boards),
    }
    with locked_folder(out):
        for name, content in contents.items():
            write_atomically(out / name, content)
    return [out / name for name in BOARD_NAMES]
