"""Write the leaderboard of several methods: a page to look at, a CSV to compute with, Markdown to paste."""

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

from simd.arguments import checked
from simd.errors import DataError
from simd.files import make_folder, write_atomically
from simd.locks import locked_folder
from simd.metrics.scores import Scores
from simd.report.entries.files import Entry
from simd.report.leaderboard.board import Board, group_boards
from simd.report.leaderboard.huggingface import (
    HUB_PATTERNS,
    check_hub_dataset,
    huggingface_files,
    left_out,
)
from simd.report.leaderboard.page import board_page
from simd.report.leaderboard.paper import to_bibtex, to_latex
from simd.report.leaderboard.reported import read_reported
from simd.report.leaderboard.text import differences_to_csv, to_csv, to_markdown
from simd.sources.outputs import begins, check_output_folder, has_file
from simd.taxonomy import suggest

BOARD_NAMES = ("index.html", "leaderboard.csv", "leaderboard.md", "differences.csv")
"""The files of a leaderboard."""
FORMATS = {"latex": "leaderboard.tex", "bibtex": "references.bib", "huggingface": "huggingface/"}
"""What else may be asked for, and the file or folder that it is."""

_LOG = logging.getLogger(__name__)

is_board = has_file("leaderboard.md", begins("# Leaderboard\n"))
"""Tells whether a folder holds a leaderboard."""


@checked
def write_leaderboard(
    scores: Sequence[Scores | Entry],
    out: str | Path,
    *,
    reported: Sequence[str] = (),
    formats: Sequence[str] = (),
    hub_dataset: str | None = None,
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
    formats : sequence of str
        What else to write: "latex" (``leaderboard.tex``), "bibtex" (``references.bib``), "huggingface" (a
        folder of evaluation files for the Hub).
    hub_dataset : str, optional
        For "huggingface": the data set on the Hub, ``USER/NAME``.

    Returns
    -------
    list of path
        The files written: the page first.

    Raises
    ------
    DataError
        If there are no scores, a format is unknown, or the folder cannot be written.
    """
    tables = [table for name in reported for table in read_reported(name)]
    if not scores and not tables:
        raise DataError("there are no scores to show; make some with: simd evaluate <predictions> <set>")
    if unknown := [name for name in formats if name not in FORMATS]:
        raise DataError(f"unknown format {unknown[0]!r}{suggest(unknown[0], FORMATS)}")
    if hub_dataset is not None and "huggingface" not in formats:
        raise DataError("--hub-dataset is of --format huggingface alone; give both, or neither")
    places = [
        path
        for each in scores
        for path in ([*each.paths.values()] if isinstance(each, Scores) else [str(each.folder)])
    ]
    names = (*BOARD_NAMES, *(FORMATS[name] for name in dict.fromkeys(formats)))
    out = check_output_folder(out, "a leaderboard", is_board, names=names, inputs=places)
    boards = group_boards(scores)
    contents = {
        "leaderboard.md": to_markdown(boards, tables),  # first: by it the folder is known as ours
        "leaderboard.csv": to_csv(boards),
        "differences.csv": differences_to_csv(boards),
    }
    others = _others(boards, formats, hub_dataset)
    page = {"index.html": board_page(boards, tables)}  # last: where it is, all others are
    with locked_folder(out):
        for name, content in {**contents, **others, **page}.items():
            make_folder((out / name).parent)
            write_atomically(out / name, content)
    if stale := _left_by_earlier_runs(out, others):
        _LOG.warning(
            "%s: of an earlier board, and not written now: %s; remove what is out of date",
            out,
            ", ".join(stale),
        )
    return [out / name for name in (*BOARD_NAMES, *others)]


def _left_by_earlier_runs(out: Path, written: Collection[str]) -> list[str]:
    patterns = (FORMATS["latex"], FORMATS["bibtex"], *HUB_PATTERNS)
    paths = (path for pattern in patterns for path in sorted(out.glob(pattern)))
    return [name for path in paths if (name := path.relative_to(out).as_posix()) not in written]


def _others(boards: Sequence[Board], formats: Sequence[str], hub_dataset: str | None) -> dict[str, str]:
    """Return what else was asked for, by path."""
    files = {}
    if "latex" in formats:
        files[FORMATS["latex"]] = to_latex(boards)
    if "bibtex" in formats:
        files[FORMATS["bibtex"]] = to_bibtex(boards)
    if "huggingface" in formats:
        dataset = check_hub_dataset(boards, hub_dataset)
        files |= huggingface_files(boards[0], dataset)
        if names := left_out(boards[0]):
            _LOG.warning("no evaluation file of %s: mattes are missing", ", ".join(names))
    return files
