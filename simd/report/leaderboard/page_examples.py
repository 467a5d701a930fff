"""The worst images of a board on the leaderboard page, as HTML."""

import math
from html import escape

from simd.metrics.scores import NOT_TRUTH
from simd.report.leaderboard.board import Board, Entry, number
from simd.report.leaderboard.examples import Example, Tile, error_stops, find_set, make_examples
from simd.report.leaderboard.page_tables import chip, starred

_OPEN = 6  # examples shown at once; the others wait in a fold


def example_strip(board: Board, budget: int) -> str:
    """Return the worst images of a board in about `budget` bytes at most, or why there are none."""
    if not any("set" in entry.scores.paths for entry in board.entries):
        return _sentence("No examples: scored against folders of alphas and trimaps, which hold no images.")
    found = find_set(board)
    if found is None:
        return _sentence(
            "No examples: the set is not where it was when it was scored, or has changed since. "
            "Score it again where it lies now, then write this page again."
        )
    examples = make_examples(board, found, budget)
    if not any(tile.alpha for example in examples for tile in example.tiles):
        return _sentence(
            "No examples: the predicted mattes are not where they were when they were scored, or are too "
            "many for this page. Score them again where they lie now, then write this page again."
        )
    figures = [_figure(board, example) for example in examples]
    while sum(len(figure.encode()) for figure in figures) > budget:  # names and markup weigh too
        figures.pop()
    if not figures:
        return _sentence("No examples: not one fits into this page beside its tables.")
    more = "".join(figures[_OPEN:])
    if more:
        more = (
            f"<details><summary>{len(figures) - _OPEN} more, from mean SAD "
            f"{number(examples[_OPEN].sad, 'sad')} down to {number(examples[len(figures) - 1].sad, 'sad')}"
            f"</summary>{more}</details>"
        )
    return (
        "<p>The worst image of each class by mean SAD over the methods, and the next worst where there is "
        f"room; each foreground once.</p>{_legend()}"
        f'<div class="examples">{"".join(figures[:_OPEN])}{more}</div>'
    )


def _figure(board: Board, example: Example) -> str:
    row = example.row
    names = f"<em>{escape(row.fg_id)}</em>"
    if row.bg_id:
        names += f" over <em>{escape(row.bg_id)}</em>"
    height, width = example.size
    size = f'width="{width}" height="{height}"'
    given = (
        _tile("image", _picture(example.image, f"image {row.id}", size))
        + _tile("trimap", _picture(example.trimap, f"trimap of {row.id}", size))
        + _tile("true alpha", _picture(example.alpha, f"true alpha of {row.id}", size))
        + _facts(board, example)
    )
    methods = zip(board.entries, example.tiles, strict=True)
    return (
        f"<figure><figcaption>{chip(row.class_)}<b>{escape(row.class_)}</b> <span>{names}</span>"
        f"<code>{escape(row.id)}</code></figcaption>"
        f'<div class="tiles">{given}{"".join(_method(board, row.id, *pair, size) for pair in methods)}</div>'
        "</figure>"
    )


def _facts(board: Board, example: Example) -> str:
    score = board.images[example.row.id]
    counted = 100 * score.pixels / math.prod(example.full_size)
    facts = [
        f"mean SAD <b>{number(example.sad, 'sad')}</b>",
        "{1} × {0} px".format(*example.full_size),
        f"{counted:.0f} % unknown",
    ]
    if score.alpha_kind in NOT_TRUTH:
        kind = escape(score.alpha_kind.replace("_", " "))
        facts.append(f'<span class="flag">alpha is not ground truth ({kind})</span>')
    return f'<div class="tile facts-tile"><p>{"<br>".join(facts)}</p></div>'


def _method(board: Board, id_: str, entry: Entry, tile: Tile, size: str) -> str:
    errors = [other.whole[id_].sad for other in board.entries if id_ in other.whole]
    lowest = min(errors) if len(errors) > 1 else math.nan
    label, note = f"<b>{escape(entry.name)}</b>", "absolute error"
    if (score := entry.whole.get(id_)) is not None:
        label += f" {starred(number(score.sad, 'sad'), score.sad, lowest)}"
        if score.fallback:
            label += ' <span class="flag">fallback</span>'
            note = f'<span title="{escape(score.fallback)}">{escape(score.fallback)}</span>'
    if tile.reason:
        return _tile(label, f'<p class="nothing">{escape(tile.reason)}</p>') + _tile("", "")
    name = f"{escape(entry.name)} on {escape(id_)}"
    return _tile(label, _picture(tile.alpha, f"alpha of {name}", size)) + _tile(
        note, _picture(tile.error, f"absolute error of {name}", size)
    )


def _tile(label: str, content: str) -> str:
    return f'<div class="tile"><div class="label">{label}</div>{content}</div>'


def _picture(uri: str, alt: str, size: str) -> str:
    return f'<img src="{uri}" alt="{alt}" {size} decoding="async">'


def _legend() -> str:
    return (
        '<p class="legend">Absolute error of alpha: <span>0</span>'
        f'<i style="background:linear-gradient(90deg, {", ".join(error_stops())})"></i><span>1</span> '
        "<span>Known pixels are not scored and stay black.</span></p>"
    )


def _sentence(text: str) -> str:
    return f'<p class="nothing">{text}</p>'
