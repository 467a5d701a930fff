"""A board as text to compute with (CSV) and to paste (Markdown)."""

import re
from collections.abc import Iterator, Sequence

from simd.files import csv_text
from simd.metrics.score import METRICS
from simd.missing import none_if_nan
from simd.report.leaderboard.board import (
    CARD_TITLES,
    CLASS_MEAN,
    MEANS,
    SCOPES,
    TITLES,
    Board,
    BoardEntry,
    card_rows,
    interval_notes,
    notes,
    rank_text,
    solved_count,
    solved_text,
    truth_note,
)
from simd.report.leaderboard.differences import SHOWN
from simd.report.leaderboard.reported import ReportedTable
from simd.report.numbers import number, p_text, plural, seconds, share_text, short, signed, signed_span, span
from simd.taxonomy import CLASSES

COLUMNS = (
    *("board", "set", "protocol", "set_digest", "trimaps_digest", "method", "version"),
    *("scope", "name", "images", "foregrounds", "pixels", "fallbacks", "missing", "not_truth"),
    *METRICS,
    *(f"{metric}_{bound}" for metric in METRICS for bound in ("low", "high")),
    *("no_interval", "seconds_per_image"),
    *(f"{metric}_rank" for metric in METRICS),
    *(f"{metric}_can_show" for metric in METRICS),
)
DIFFERENCES_COLUMNS = (
    *("board", "set", "set_digest", "trimaps_digest", "metric", "mean", "first", "second", "images"),
    *("difference", "low", "high", "p", "p_holm", "first_best", "second_best", "no_interval", "left_out"),
)
_SINGULAR = {"classes": "class", "regions": "region"}


def to_csv(boards: Sequence[Board]) -> str:
    """Return boards in long form: a row for each method and mean, class or region; an absent score is empty.

    Metrics are in the units of ``simd evaluate``: MSE is as it is, not ×10³.
    """
    rows = (
        row
        for index, board in enumerate(boards, start=1)
        for entry in board.entries
        for row in _csv_rows(index, board, entry)
    )
    return csv_text(COLUMNS, ([row.get(column, "") for column in COLUMNS] for row in rows))


def differences_to_csv(boards: Sequence[Board]) -> str:
    """Return each pair of methods, first - second, for each metric of each board."""
    rows = (row for index, board in enumerate(boards, start=1) for row in _difference_rows(index, board))
    return csv_text(DIFFERENCES_COLUMNS, rows)


def to_markdown(boards: Sequence[Board], reported: Sequence[ReportedTable] = ()) -> str:
    """Return boards as Markdown tables: the means, then SAD by class, the best in bold.

    Figures that others have printed follow in tables of their own.
    """
    parts = [*map(_markdown, boards), *map(_reported, reported)]
    return "# Leaderboard\n\n" + "\n".join(parts)


def _reported(table: ReportedTable) -> str:
    lines = [f"## {_plain(table.title)} (reported)", "", *(_plain(line) for line in table.about), ""]
    rows = (_line([_plain(cell) for cell in row]) for row in table.cells)
    return "\n".join([*lines, *_head([_plain(head) for head in table.heads]), *rows, ""])


def _difference_rows(index: int, board: Board) -> Iterator[list[object]]:
    facts = board.set
    about = [index, facts["name"], facts["digest"], facts["trimaps_digest"]]
    for metric, pairs in board.comparisons.items():
        for (first, second), difference in pairs.differences.items():
            if first > second:
                continue
            estimate = difference.estimate
            names = [board.entries[first].name, board.entries[second].name]
            bounds = [estimate.mean, estimate.low, estimate.high, difference.p, difference.p_holm]
            best = [None if pairs.reason else pairs.best[i] for i in (first, second)]
            left_out = " ".join(pairs.left_out)
            yield [
                *about,
                metric,
                pairs.over,
                *names,
                pairs.images,
                *bounds,
                *best,
                estimate.reason,
                left_out,
            ]


def _csv_rows(index: int, board: Board, entry: BoardEntry) -> Iterator[dict[str, object]]:
    scores, summary = entry.scores, entry.summary
    common = {
        "board": index,
        "set": board.set["name"],
        "protocol": scores.set["protocol"],
        "set_digest": scores.set["digest"],
        "trimaps_digest": scores.set["trimaps_digest"],
        "method": scores.name,
        "version": scores.version,
        "seconds_per_image": scores.seconds_per_image,
    }
    missing = board.lacking(entry)
    for which in MEANS:
        means = (summary.class_mean if which == CLASS_MEAN else summary.image_mean).to_json()
        row = common | entry.counts(which) | {"missing": missing, "scope": "overall", "name": which} | means
        if which == board.headline:
            row |= {f"{metric}_rank": board.rank(entry, metric) for metric in METRICS}
        yield row | _bounds(entry, which)
    if board.shows_solved:
        solved, errors = board.solved, board.placings[board.entries.index(entry)].solved
        yield (
            common
            | errors.to_json()
            | {
                "scope": "solved",
                "name": board.headline,
                "images": len(solved),
                "foregrounds": len({row.fg_id for row in solved}),
                "fallbacks": 0,
                "missing": 0,
            }
        )
    for scope, names in SCOPES.items():
        for name in names:
            cell = entry.cells[scope][name]
            row = common | cell._asdict() | cell.values.to_json() | {"scope": _SINGULAR[scope], "name": name}
            row["missing"] = board.largest(scope, name).images - cell.images
            row["not_truth"] = cell.not_truth.total()
            del row["values"]
            if scope == "classes":
                shown = {f"{metric}_can_show": board.resolvable(name, metric) for metric in METRICS}
                row |= {key: none_if_nan(value) for key, value in shown.items()}
            yield row | (_bounds(entry, name) if scope == "classes" else {})


def _bounds(entry: BoardEntry, which: str) -> dict[str, object]:
    estimates = {metric: entry.estimate(which, metric) for metric in METRICS}
    bounds = {
        f"{metric}_{end}": bound
        for metric, estimate in estimates.items()
        for end, bound in zip(("low", "high"), estimate.bounds or (), strict=False)
    }
    return {**bounds, "no_interval": next((e.reason for e in estimates.values() if e.reason), "")}


def _markdown(board: Board) -> str:
    facts = board.set
    lines = [
        f"## {_plain(facts['name'])}",
        "",
        f"Protocol {_plain(facts['protocol'])}, {plural(board.size, 'image')}, "
        f"{plural(board.foregrounds, 'foreground')}; set `{short(facts['digest'])}`, "
        f"trimaps `{short(facts['trimaps_digest'])}`. Lower is better; the best is bold. "
        "In brackets: 95 % interval over foregrounds, where there are enough.",
        "",
    ]
    for which, title in MEANS.items():
        solved = [f"SAD, solved by all ({solved_count(board)})"] if _shows_solved(board, which) else []
        counts = ("images", "fallbacks", "s / image")
        ranks = ["rank"] if board.is_ranked and which == board.headline else []
        heads = [title[0].upper() + title[1:], *ranks, *TITLES.values(), *solved, *counts]
        lines += [*_head(heads), *(_mean_row(board, entry, which) for entry in board.entries), ""]
    lines += _differences(board)
    lines += _cards(board)
    if not board.has_classes:
        return "\n".join(
            [*lines, *(f"- {_plain(line)}" for line in (*notes(board), *interval_notes(board))), ""]
        )
    shows = ["can show"] if board.is_ranked else []
    heads = ["SAD by class", "images / foregrounds", *shows, *(_plain(e.name) for e in board.entries)]
    lines += _head(heads)
    lines += [*(_class_row(board, name) for name in CLASSES), ""]
    truth = [f"{name}: {note}." for name in CLASSES if (note := truth_note(board, name))]
    remarks = [*truth, *map(_plain, (*notes(board), *interval_notes(board)))]
    return "\n".join([*lines, *(f"- {line}" for line in remarks), *([""] if remarks else [])])


def _head(titles: Sequence[str]) -> list[str]:
    return [_line(titles), _line(["---"] + ["---:"] * (len(titles) - 1))]


def _mean_row(board: Board, entry: BoardEntry, which: str) -> str:
    values = []
    for m in METRICS:
        shown = _value(entry.mean(which, m), board.best_mean(which, m), m, board.decimals[m])
        estimate = entry.estimate(which, m)
        values.append(shown if estimate.bounds is None else f"{shown} {span(estimate, m, board.decimals[m])}")
    if _shows_solved(board, which):
        values.append(solved_text(board, board.placings[board.entries.index(entry)]))
    counts = (str(len(entry.whole)), str(entry.summary.fallbacks), seconds(entry.scores.seconds_per_image))
    if board.is_ranked and which == board.headline:
        values.insert(0, rank_text(board, entry))
    return _line([_plain(entry.name), *values, *counts])


def _shows_solved(board: Board, which: str) -> bool:
    return board.shows_solved and which == board.headline


def _class_row(board: Board, name: str) -> str:
    held, best = board.largest("classes", name), board.best("classes", name, "sad")
    values = []
    for entry in board.entries:
        cell = entry.cells["classes"][name]
        shown = _value(cell.values["sad"], best, "sad", board.decimals["sad"])
        estimate = entry.estimate(name, "sad")
        if estimate.bounds is not None:
            shown += f" {span(estimate, 'sad', board.decimals['sad'])}"
        values.append(f"{shown} ({cell.fallbacks} fallback)" if cell.fallbacks else shown)
    shown = number(board.resolvable(name, "sad"), "sad", board.decimals["sad"])
    shows = [shown] if board.is_ranked else []
    return _line([name, f"{held.images} / {held.foregrounds}", *shows, *values])


def _cards(board: Board) -> list[str]:
    """Return what the cards of entries say."""
    if not (rows := card_rows(board)):
        return []
    return [
        _line(CARD_TITLES),
        _line(["---"] * len(CARD_TITLES)),
        *(_line([_plain(c) for c in row]) for row in rows),
        "",
    ]


def _differences(board: Board) -> list[str]:
    """Return SAD pair by pair."""
    pairs = board.comparisons.get("sad")
    if pairs is None or pairs.reason:
        return []
    names, decimals = [_plain(entry.name) for entry in board.entries], board.decimals["sad"]
    heads = ["difference", "95 % interval", "p (Holm)", "first is best", "second is best"]
    lines = _head([f"SAD, {MEANS[pairs.over]}{board.without}", *heads])
    shown = list(pairs.best)[:SHOWN]
    for (first, second), difference in pairs.differences.items():
        if first > second or not {first, second} <= set(shown):
            continue
        text = signed(difference.estimate.mean, decimals)
        cells = [f"{names[first]} − {names[second]}", f"**{text}**" if pairs.clear(first, second) else text]
        interval = signed_span(difference.estimate, "sad", decimals)
        shares = (share_text(pairs.best[i]) for i in (first, second))
        lines.append(_line([*cells, interval, _plain(p_text(difference.p_holm)), *map(_plain, shares)]))
    if len(shown) < len(pairs.best):
        methods = f"Of {len(pairs.best)} methods the pairs of the best {SHOWN}"
        lines += ["", f"{methods}; all stand in differences.csv."]
    return [*lines, ""]


def _value(value: float, best: float, metric: str, decimals: int) -> str:
    text = number(value, metric, decimals)
    return f"**{text}**" if value == best else text


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Escape what Markdown would take for markup."""
    return re.sub(r"([\\`*_{}\[\]<>|#!~])", r"\\\1", " ".join(text.split()))
