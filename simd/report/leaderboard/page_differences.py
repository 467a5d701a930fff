"""Methods pair by pair on the leaderboard page, as HTML: difference, interval, p-value, chance to be best."""

from html import escape

from simd.metrics.scores import METRICS
from simd.report.leaderboard.board import (
    CLASS_MEAN,
    TITLES,
    Board,
    Entry,
    Interval,
    plural,
    scaled,
    span,
    tight_span,
)
from simd.report.leaderboard.differences import CLEAR, MOST, Rivals, p_text, share_text, signed


def rivals_section(board: Board, choice: str = "") -> str:
    """Return a heading, the choice of a metric and a matrix for each; nothing for a lone method."""
    if len(board.entries) < 2:
        return ""
    heading = "<h3>Which differences are more than chance?</h3>"
    panels = {metric: _panel(board, metric) for metric in METRICS}
    said = {panel for panel in panels.values() if panel.startswith("<p")}
    if len(said) == 1 and all(panel in said for panel in panels.values()):
        return heading + said.pop()  # the same reason for all
    return (
        heading
        + choice
        + "".join(f'<div class="panel {metric}">{panel}</div>' for metric, panel in panels.items())
    )


def _panel(board: Board, metric: str) -> str:
    rivals = board.rivals.get(metric)
    if rivals is None:
        return _sentence("No comparison: the methods share no image that has this score.")
    if rivals.reason:
        return _sentence(
            f"No comparison: {rivals.reason}, too little to tell how much another draw would vary."
        )
    return _lead(board, rivals, metric) + _matrix(board, rivals, metric)


def _lead(board: Board, rivals: Rivals, metric: str) -> str:
    mean = "class-balanced mean" if rivals.over == CLASS_MEAN else "mean over images"
    count = plural(rivals.images, "image")
    where = count if rivals.images == board.size else f"the {count} that all of them have"
    only = (
        f" Of {len(board.entries)} methods the best {MOST} are compared." if len(board.entries) > MOST else ""
    )
    return (
        f'<p class="hint">{TITLES[metric]}, {mean} of the row − that of the column, on {where}; below zero '
        "the row is better. Beneath: 95 % interval, and p after Holm’s correction for all pairs. "
        f"Coloured: p &lt; {CLEAR}.{only}</p>"
    )


def _matrix(board: Board, rivals: Rivals, metric: str) -> str:
    entries = board.entries[: len(rivals.best)]
    heads = "".join(f'<th scope="col">{_short(entry)}</th>' for entry in entries)
    title = "how often it has the lowest mean when foregrounds are drawn again"
    rows = "".join(
        f'<tr><th scope="row"><b>{escape(entry.name)}</b></th>'
        f'<td class="chance"><span class="bar" style="--share:{share:.3f}">{share_text(share)}</span></td>'
        f"{''.join(_cell(board, rivals, metric, row, column) for column in range(len(entries)))}</tr>"
        for row, (entry, share) in enumerate(zip(entries, rivals.best, strict=True))
    )
    return (
        f'<div class="scroll fit"><table class="rivals"><caption>{TITLES[metric]}: differences</caption>'
        f'<thead><tr><th class="name" scope="col">Method</th><th scope="col" title="{title}">'
        f"probability best</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(board: Board, rivals: Rivals, metric: str, row: int, column: int) -> str:
    if row == column:
        return '<td class="self"></td>'
    one, decimals = rivals.differences[row, column], board.decimals[metric]
    estimate = one.estimate
    kind = ""
    if rivals.clear(row, column):
        kind = "better" if estimate.mean < 0 else "worse"
    if estimate.low is None or estimate.high is None:
        beneath = f'<small title="{escape(estimate.reason)}">–</small>'
    else:
        low, high = (signed(scaled(v, metric), decimals) for v in (estimate.low, estimate.high))
        uncorrected = f"p = {p_text(one.p)} before the correction".replace("= <", "<")
        beneath = (
            f'<small>[{low}, {high}]</small><small title="{escape(uncorrected)}">{_p(one.p_holm)}</small>'
        )
    return f'<td class="{kind}"><b>{signed(scaled(estimate.mean, metric), decimals)}</b>{beneath}</td>'


def interval_note(interval: Interval, metric: str, decimals: int, *, tight: bool = False) -> str:
    """Return an interval in small type, to stand beneath its mean; a dash that tells its reason."""
    text = tight_span(interval, metric, decimals) if tight else span(interval, metric, decimals)
    if interval.reason:
        return f'<small class="interval" title="no interval: {escape(interval.reason)}">{text}</small>'
    if text == "–":
        return ""
    return f'<small class="interval" title="95 % interval">{text}</small>'


def _p(p: float | None) -> str:
    text = p_text(p)
    return f"p {escape(text)}" if text.startswith("<") else f"p = {text}"


def _short(entry: Entry) -> str:
    return f'<span title="{escape(entry.name)}">{escape(entry.name)}</span>'


def _sentence(text: str) -> str:
    return f'<p class="nothing">{escape(text)}</p>'
