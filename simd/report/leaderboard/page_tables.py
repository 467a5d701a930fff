"""The tables of the leaderboard page as HTML: the means, and the errors by class or region as heat."""

import math
from collections.abc import Sequence
from html import escape

from simd.metrics.scores import METRICS
from simd.report.leaderboard.board import (
    CLASS_MEAN,
    DASH,
    IMAGE_MEAN,
    MEANS,
    SCOPES,
    TITLES,
    Board,
    Cell,
    Entry,
    number,
    plural,
    seconds,
    truth_note,
)
from simd.report.leaderboard.page_differences import interval_note
from simd.taxonomy import TAXONOMY

HOTTEST = 8
"""The heat of a cell is full where its error is this many times the lowest of its column, on a log scale."""

_COLOURS = {c.name: c.colour for c in TAXONOMY}
_DEFINITIONS = {c.name: c.definition for c in TAXONOMY}
_STAR = '<span class="star" aria-hidden="true">★</span><span class="unseen"> best</span>'


def headline_table(board: Board) -> str:
    """Return the table of means: class-balanced first, the image mean beside it."""
    titles: dict[str, tuple[str, str, str]] = {
        CLASS_MEAN: ("class-balanced", "the mean of the class means", "headline"),
        IMAGE_MEAN: ("image mean", "the mean over images", "" if board.has_classes else "headline"),
    }
    shown = [titles[which] for which in _means(board)]
    groups = "".join(
        f'<th colspan="{len(shown)}" scope="colgroup">{TITLES[metric]}</th>' for metric in METRICS
    )
    leaves = [_sorter(*title) for title in shown] * len(METRICS)
    leaves[0] = _sorter(*shown[0], order="ascending")
    rows = "".join(_headline_row(board, entry) for entry in board.entries)
    return (
        '<div class="scroll"><table class="headline sortable"><thead>'
        f'<tr><td></td>{groups}<td colspan="3"></td></tr>'
        f"<tr>{_sorter('Method', kind='name')}{''.join(leaves)}"
        f"{_sorter('scored', 'images (foregrounds) scored', 'count')}"
        f"{_sorter('fallbacks', 'mattes that are not the method’s own')}"
        f"{_sorter('s / image', 'seconds an image')}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def heat_table(board: Board, scope: str, metric: str) -> str:
    """Return methods × classes or regions for one metric."""
    what = "class" if scope == "classes" else "region"
    heads = [_column_head(board, scope, name) for name in SCOPES[scope]]
    if scope == "classes":
        heads = [
            _sorter("class-balanced mean", kind="headline", order="ascending" if metric == "sad" else ""),
            *heads,
        ]
    rows = "".join(_heat_row(board, entry, scope, metric) for entry in board.entries)
    return (
        f'<div class="scroll"><table class="heat sortable"><caption>{TITLES[metric]} by {what}</caption>'
        f"<thead><tr>{_sorter('Method', kind='name')}{''.join(heads)}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def chip(name: str) -> str:
    """Return the colour of a class as a small square."""
    return f'<i class="chip" style="background:{_COLOURS.get(name, "transparent")}"></i>'


def method(entry: Entry) -> str:
    """Return a method's name and version."""
    version = f"<small>{escape(entry.scores.version)}</small>" if entry.scores.version else ""
    return f"<b>{escape(entry.name)}</b>{version}"


def starred(text: str, value: float, best: float) -> str:
    """Return a score's text, bold and with a star if it is the best."""
    return f"<b>{text}</b>{_STAR}" if value == best else text


def _headline_row(board: Board, entry: Entry) -> str:
    cells = []
    for metric in METRICS:
        worst = max((v for e in board.entries if (v := e.mean(board.headline, metric)) == v), default=0)
        for which in _means(board):
            value = entry.mean(which, metric)
            shown = starred(
                number(value, metric, board.decimals[metric]), value, board.best_mean(which, metric)
            )
            if which == board.headline:
                share = 0 if math.isnan(value) or not worst else value / worst
                shown = f'<span class="bar" style="--share:{share:.3f}">{shown}</span>'
            shown += interval_note(entry.interval(which, metric), metric, board.decimals[metric])
            cells.append(_cell(shown, value, "headline" if which == board.headline else "aside"))
    images, fallbacks = len(entry.whole), entry.summary["fallbacks"]
    scored = f"{images} <small>({entry.summary['foregrounds']})</small>"
    if lacking := board.size - images:
        title = f"{lacking} of {board.size} images are missing"
        scored += f' <span class="flag" title="{title}">{lacking} missing</span>'
    cells += [
        _cell(scored, images, "count"),
        _cell(str(fallbacks), fallbacks, "warn" if fallbacks else ""),
        _cell(seconds(entry), math.nan if (s := entry.scores.seconds_per_image) is None else s),
    ]
    return f'<tr><th scope="row">{method(entry)}</th>{"".join(cells)}</tr>'


def _means(board: Board) -> tuple[str, ...]:
    """Return the means that a board has: without classes only the one over images."""
    return tuple(MEANS) if board.has_classes else (IMAGE_MEAN,)


def _heat_row(board: Board, entry: Entry, scope: str, metric: str) -> str:
    decimals = board.decimals[metric]
    cells = []
    if scope == "classes":
        value, best = entry.mean(CLASS_MEAN, metric), board.best_mean(CLASS_MEAN, metric)
        shown = starred(number(value, metric, decimals), value, best)
        shown += interval_note(entry.interval(CLASS_MEAN, metric), metric, decimals, tight=True)
        cells.append(_cell(shown, value, f"headline {_kind(value, best)}"))
    for name in SCOPES[scope]:
        cell = entry.cells[scope][name]
        column = [other.cells[scope][name].values[metric] for other in board.entries]
        value, best = cell.values[metric], board.best(scope, name, metric)
        shown = starred(number(value, metric, decimals), value, best)
        beneath = _flags(cell, board.largest(scope, name).images)
        if scope == "classes":
            beneath = interval_note(entry.interval(name, metric), metric, decimals, tight=True) + beneath
        cells.append(_cell(shown + beneath, value, _kind(value, best), heat(value, column)))
    return f'<tr><th scope="row">{method(entry)}</th>{"".join(cells)}</tr>'


def heat(value: float, column: Sequence[float]) -> float | None:
    """Return 0 for the lowest error of a column up to 1 for `HOTTEST` times it; None for an absent one.

    Examples
    --------
    >>> round(heat(4.0, [2.0, 4.0, 99.0]), 3), heat(99.0, [2.0, 4.0, 99.0]), heat(0.0, [0.0, 4.0])
    (0.333, 1.0, 0.0)
    """
    lowest = min((v for v in column if not math.isnan(v)), default=math.nan)
    if math.isnan(value):
        return None
    if value == lowest:
        return 0.0
    return 1.0 if lowest <= 0 else min(1.0, math.log(value / lowest) / math.log(HOTTEST))


def _kind(value: float, best: float) -> str:
    return "absent" if math.isnan(value) else "best" if value == best else ""


def _flags(cell: Cell, images: int) -> str:
    flags = []
    if cell.fallbacks:
        title = f"{cell.fallbacks} of {cell.images} mattes are fallbacks"
        flags.append(f'<abbr title="{title}">{cell.fallbacks}f</abbr>')
    if lacking := images - cell.images:
        title = f"{lacking} of {images} images are missing"
        flags.append(f'<abbr title="{title}">{lacking}m</abbr>')
    return f'<span class="flags">{" ".join(flags)}</span>' if flags else ""


def _cell(content: str, value: float, kind: str = "", warmth: float | None = None) -> str:
    sort_key = "" if math.isnan(value) else f"{value:.9g}"
    style = "" if warmth is None else f' style="--heat:{warmth:.3f}"'
    return f'<td class="{kind}" data-value="{sort_key}"{style}>{content}</td>'


def _column_head(board: Board, scope: str, name: str) -> str:
    held = board.largest(scope, name)
    label = f"{chip(name)}<span>{name.replace('_', '_<wbr>')}</span>"
    if not held.images:
        return _sorter(label, _DEFINITIONS.get(name, ""), "absent", f"<small>{DASH}</small>")
    if scope == "regions":
        counts = f"{held.images}<br>{_thousands(held.pixels)} px"
        title = f"{plural(held.images, 'image')}, {plural(held.pixels, 'pixel')}"
    else:
        counts = f"{held.images} / {held.foregrounds}"
        title = f"{plural(held.images, 'image')} of {plural(held.foregrounds, 'foreground')}"
    below = f'<small title="{title}">{counts}</small>'
    if note := truth_note(board, name, scope):
        wrong = held.not_truth.total()
        below += f'<small class="flag" title="{escape(note)}">{wrong} not truth</small>'
    return _sorter(label, _DEFINITIONS.get(name, "unknown pixels without a class"), "", below)


def _sorter(label: str, title: str = "", kind: str = "", below: str = "", order: str = "") -> str:
    tip = f' title="{escape(title)}"' if title else ""
    sort = f' aria-sort="{order}"' if order else ""
    return f'<th scope="col" class="{kind}"{sort}><button type="button"{tip}>{label}</button>{below}</th>'


def _thousands(count: int) -> str:
    return f"{count / 1000:.0f}k" if count >= 10_000 else str(count)
