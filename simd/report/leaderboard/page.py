"""The leaderboard as one HTML file: no outside request, readable without scripts, below 5 MB."""

from collections.abc import Sequence

from markupsafe import Markup

from simd.report.html.render import read_template, render, render_page
from simd.report.leaderboard.board import (
    CARD_TITLES,
    MEANS,
    TITLES,
    Board,
    card_rows,
    interval_notes,
    notes,
    solved_count,
    truth_note,
)
from simd.report.leaderboard.differences import CLEAR
from simd.report.leaderboard.page_differences import differences
from simd.report.leaderboard.page_examples import example_strip
from simd.report.leaderboard.page_tables import HOTTEST, headline_means, headline_rows, heat_table
from simd.report.leaderboard.reported import ReportedTable
from simd.taxonomy import CLASSES

LARGEST = 5_000_000
"""Bytes that a page stays below; examples are left out where it would not."""

_SLACK = 50_000  # bytes for the rest of the page
_SCRIPT, _STYLE = "leaderboard.js", "leaderboard.css"


def board_page(boards: Sequence[Board], reported: Sequence[ReportedTable] = ()) -> str:
    """Return the page of these boards, and of figures that others have printed."""
    tables = [_tables(index, board) for index, board in enumerate(boards, start=1)]
    fixed = (*tables, read_template(_SCRIPT), read_template(_STYLE))
    room = LARGEST - _SLACK - sum(len(text.encode()) for text in fixed)
    examples = [example_strip(board, room // len(boards)) for board in boards]
    values = {"boards": boards, "reported": reported}
    sections = list(zip(tables, examples, strict=True))
    return render_page("leaderboard.html.j2", styles=(_STYLE,), script=_SCRIPT, sections=sections, **values)


def _tables(index: int, board: Board) -> Markup:
    return render(
        "leaderboard_tables.html.j2",
        index=index,
        board=board,
        TITLES=TITLES,
        MEANS=MEANS,
        solved=solved_count(board) if board.shows_solved else "",
        HOTTEST=HOTTEST,
        CLEAR=CLEAR,
        present=sum(board.largest("classes", name).images > 0 for name in CLASSES),
        notes=[*notes(board), *interval_notes(board)],
        means=headline_means(board),
        headlines=headline_rows(board),
        by_class=heat_table(board, "classes"),
        by_region=heat_table(board, "regions"),
        not_truth=[(name, note) for name in CLASSES if (note := truth_note(board, name))],
        comparisons=differences(board),
        CARD_TITLES=CARD_TITLES,
        cards=card_rows(board),
    )
