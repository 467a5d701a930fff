"""The strip of worst images on the leaderboard page, as HTML."""

from html import escape

from simd.metrics.scores import NOT_TRUTH
from simd.report.boards import Board, number
from simd.report.examples import Example, Tile, error_stops, find_set, make_examples, worst_images
from simd.report.page_tables import chip, starred


def example_strip(board: Board, budget: int) -> str:
    """Return the worst images of a board in about `budget` bytes at most, or why there are none."""
    found = find_set(board)
    if found is None:
        return _sentence(
            "No examples: the set is not where it was when it was scored, or has changed since. "
            "Score it again where it lies now, and write this page anew."
        )
    examples = make_examples(board, found, budget)
    examples = [e for e in examples if any(tile.alpha for tile in e.tiles)]
    if not examples:
        return _sentence(
            "No examples: the predicted mattes are not where they were when they were scored, "
            "or do not fit into this page."
        )
    total = len(worst_images(board))
    stops = ", ".join(error_stops())
    legend = (
        '<p class="legend">Absolute error of alpha, counted pixels only: <span>0</span>'
        f'<i style="background:linear-gradient(90deg, {stops})"></i><span>1</span></p>'
    )
    return (
        "<p>The worst image of each class by mean SAD over the methods, then the next worst: "
        f"{len(examples)} of {total} foregrounds, the worst first.</p>{legend}"
        f'<div class="examples">{"".join(_figure(board, example) for example in examples)}</div>'
    )


def _figure(board: Board, example: Example) -> str:
    row = example.row
    names = f"{escape(row.fg_id)} <span>over</span> {escape(row.bg_id)}" if row.bg_id else escape(row.fg_id)
    kind = board.images[row.id].alpha_kind
    truth = f"alpha is not ground truth ({kind.replace('_', ' ')})" if kind in NOT_TRUTH else ""
    height, width = example.size
    size = f'width="{width}" height="{height}"'
    given = [("image", example.image), ("trimap", example.trimap), ("true alpha", example.alpha)]
    tiles = "".join(
        f"<div><span>{name}</span>{_picture(uri, f'{name} of {row.id}', size)}</div>" for name, uri in given
    )
    return (
        f"<figure><figcaption>{chip(row.class_)}<b>{escape(row.class_)}</b> "
        f"<code>{escape(row.id)}</code> <em>{names}</em>"
        f'<span class="flag">{truth}</span>'
        f'<span class="mean">mean SAD <b>{number(example.sad, "sad")}</b></span></figcaption>'
        f'<div class="strip"><div class="given">{tiles}</div>{_methods(board, example, size)}</div></figure>'
    )


def _methods(board: Board, example: Example, size: str) -> str:
    id_ = example.row.id
    errors = [entry.whole[id_].sad for entry in board.entries if id_ in entry.whole]
    best = min(errors) if len(errors) > 1 else float("nan")
    blocks = []
    for entry, tile in zip(board.entries, example.tiles, strict=True):
        score = entry.whole.get(id_)
        shown = "" if score is None else starred(number(score.sad, "sad"), score.sad, best)
        if score is not None and score.fallback:
            shown += f' <abbr title="a fallback: {escape(score.fallback)}">f</abbr>'
        name = escape(entry.name)
        blocks.append(f'<div class="method"><span>{name} {shown}</span>{_pair(tile, name, size)}</div>')
    return "".join(blocks)


def _pair(tile: Tile, name: str, size: str) -> str:
    if tile.reason:
        return f'<p class="nothing">{escape(tile.reason)}</p>'
    return _picture(tile.alpha, f"alpha of {name}", size) + _picture(tile.error, f"error of {name}", size)


def _picture(uri: str, alt: str, size: str) -> str:
    return f'<img src="{uri}" alt="{alt}" {size} loading="lazy">'


def _sentence(text: str) -> str:
    return f'<p class="nothing">{text}</p>'
