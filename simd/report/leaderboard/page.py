"""The leaderboard as one HTML file: no outside request, readable without scripts, below 5 MB."""

from collections.abc import Sequence
from html import escape

from simd.metrics.scores import METRICS
from simd.report.html.frame import frame, read_template
from simd.report.leaderboard.board import TITLES, Board, interval_notes, notes, plural, short, truth_note
from simd.report.leaderboard.page_differences import rivals_section
from simd.report.leaderboard.page_examples import example_strip
from simd.report.leaderboard.page_tables import HOTTEST, chip, headline_table, heat_table
from simd.taxonomy import CLASSES

LARGEST = 5_000_000
"""Bytes that a page stays below; examples are left out where it would not."""

_SLACK = 50_000  # bytes for the rest of the page
_INTRO = """Errors of predicted alpha mattes in the unknown region of the trimap. Lower is better. The
headline is the <b>class-balanced mean</b>: the mean of the class means, so that a class with few images
counts as much as one with many. The mean over images stands beside it. SAD, Grad and Conn are in thousands;
MSE is shown ×10³. Brackets hold the 95 % interval: how far the mean would move with other foregrounds of the
same classes."""


def to_html(boards: Sequence[Board]) -> str:
    """Return the page of these boards."""
    tables = [_tables(index, board) for index, board in enumerate(boards, start=1)]
    script, style = read_template("leaderboard.js"), read_template("leaderboard.css")
    room = LARGEST - _SLACK - sum(len(text.encode()) for text in (*tables, script, style))
    sections = [
        f'<section class="board" id="board-{index}">{text}<h3>Where methods fail</h3>'
        f"{example_strip(board, room // len(boards))}</section>"
        for index, (board, text) in enumerate(zip(boards, tables, strict=True), start=1)
    ]
    return frame(
        "Matting leaderboard", _INTRO, _lead(boards), "\n".join(sections), style=style, script=script
    )


def _lead(boards: Sequence[Board]) -> str:
    if len(boards) == 1:
        return ""
    links = "".join(
        f'<li><a href="#board-{index}">{escape(board.set["name"])}</a> '
        f"{escape(board.set['protocol'])}, <code>{escape(short(board.set['digest']))}</code>, "
        f"{plural(len(board.entries), 'method')}</li>"
        for index, board in enumerate(boards, start=1)
    )
    return (
        f"<nav><p>{len(boards)} boards: these methods were scored on different images or trimaps, "
        f"so they cannot be compared across boards.</p><ul>{links}</ul></nav>"
    )


def _tables(index: int, board: Board) -> str:
    facts = board.set
    present = sum(board.largest("classes", name).images > 0 for name in CLASSES)
    values = {
        "protocol": f"<b>{escape(facts['protocol'])}</b>",
        "images": f"<b>{board.size:,}</b>",
        "foregrounds": f"<b>{board.foregrounds:,}</b>",
        "classes": f"<b>{present}</b> of {len(CLASSES)}",
        "set digest": f'<code title="{escape(facts["digest"])}">{escape(short(facts["digest"]))}</code>',
        "trimaps digest": f'<code title="{escape(facts["trimaps_digest"])}">'
        f"{escape(short(facts['trimaps_digest']))}</code>",
    }
    described = "".join(f"<div><dt>{term}</dt><dd>{value}</dd></div>" for term, value in values.items())
    said = "".join(f"<li>{escape(note)}</li>" for note in (*notes(board), *interval_notes(board)))
    said = said and f'<ul class="notes">{said}</ul>'
    return (
        f'<header><h2>{escape(facts["name"])}</h2><dl class="facts">{described}</dl></header>'
        f"{headline_table(board)}{said}"
        f"{_by_class(index, board)}"
        f"{rivals_section(board, '' if board.has_classes else _choice(index))}"
        f"{_by_region(board)}"
    )


def _by_region(board: Board) -> str:
    if not board.has_classes:
        return ""
    return (
        "<details><summary>Error by region</summary><p>Each unknown pixel counts for its own "
        "class, whatever the image's: class mask ∩ unknown region, the mean over the "
        f"images that hold any. Counts are images and pixels.</p>{_panels(board, 'regions')}</details>"
    )


def _by_class(index: int, board: Board) -> str:
    if not board.has_classes:
        return ""
    return f"<h3>Error by class</h3>{_choice(index)}{_panels(board, 'classes')}{_legend()}{_truth(board)}"


def _choice(index: int) -> str:
    buttons = "".join(
        f'<label><input type="radio" name="metric-{index}" value="{metric}"'
        f"{' checked' if metric == METRICS[0] else ''}><span>{TITLES[metric]}</span></label>"
        for metric in METRICS
    )
    return f'<fieldset class="choice"><legend class="unseen">Metric</legend>{buttons}</fieldset>'


def _panels(board: Board, scope: str) -> str:
    return "".join(f'<div class="panel {m}">{heat_table(board, scope, m)}</div>' for m in METRICS)


def _legend() -> str:
    return (
        '<p class="legend">Colour: times the lowest error of the column <span>1×</span><i class="ramp"></i>'
        f"<span>{HOTTEST}× and more</span> <span>★ lowest</span> "
        "<span>– the set has none of this class</span> <span><b>2f</b> two mattes are fallbacks</span> "
        "<span><b>2m</b> two images are missing</span> "
        "<span>under a class: images / foregrounds</span> <span>under an error: 95 % interval over "
        "foregrounds, a dash where a class has fewer than 5</span></p>"
    )


def _truth(board: Board) -> str:
    said = [(name, note) for name in CLASSES if (note := truth_note(board, name))]
    if not said:
        return ""
    items = "".join(f"<li>{chip(name)}<b>{name}</b> {escape(note)}</li>" for name, note in said)
    return (
        '<div class="truth"><p>In these classes some alphas come from a network or a game texture. '
        f"A low error there means likeness to that source, not to the truth.</p><ul>{items}</ul></div>"
    )
