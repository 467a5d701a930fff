"""A board as text to compute with (CSV) and to paste (Markdown)."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence

from simd.metrics.scores import METRICS
from simd.report.leaderboard.board import (
    MEANS,
    SCOPES,
    TITLES,
    Board,
    Entry,
    interval_notes,
    notes,
    number,
    plural,
    seconds,
    short,
    span,
    truth_note,
)
from simd.report.leaderboard.differences import p_text, share_text, signed
from simd.taxonomy import CLASSES

COLUMNS = (
    *("board", "set", "protocol", "set_digest", "trimaps_digest", "method", "version"),
    *("scope", "name", "images", "foregrounds", "pixels", "fallbacks", "missing", "not_truth"),
    *METRICS,
    *(f"{metric}_{bound}" for metric in METRICS for bound in ("low", "high")),
    *("no_interval", "seconds_per_image"),
)
RIVALS_COLUMNS = (
    *("board", "set", "set_digest", "trimaps_digest", "metric", "mean", "first", "second", "images"),
    *("difference", "low", "high", "p", "p_holm", "first_best", "second_best", "no_interval"),
)
_SINGULAR = {"classes": "class", "regions": "region"}


def to_csv(boards: Sequence[Board]) -> str:
    """Return boards in long form: a row for each method and mean, class or region; an absent score is empty.

    Metrics are in the units of ``simd evaluate``: MSE is as it is, not ×10³.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for index, board in enumerate(boards, start=1):
        for entry in board.entries:
            writer.writerows(_csv_rows(index, board, entry))
    return text.getvalue()


def rivals_to_csv(boards: Sequence[Board]) -> str:
    """Return each pair of methods, first - second, for each metric of each board."""
    text = io.StringIO()
    writer = csv.DictWriter(text, RIVALS_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for index, board in enumerate(boards, start=1):
        for metric, rivals in board.rivals.items():
            for (first, second), one in rivals.differences.items():
                if first > second:
                    continue
                facts, estimate = board.set, one.estimate
                writer.writerow(
                    {
                        "board": index,
                        "set": facts["name"],
                        "set_digest": facts["digest"],
                        "trimaps_digest": facts["trimaps_digest"],
                        "metric": metric,
                        "mean": rivals.over,
                        "first": board.entries[first].name,
                        "second": board.entries[second].name,
                        "images": rivals.images,
                        "difference": estimate.mean,
                        "low": estimate.low,
                        "high": estimate.high,
                        "p": one.p,
                        "p_holm": one.p_holm,
                        "first_best": None if rivals.reason else rivals.best[first],
                        "second_best": None if rivals.reason else rivals.best[second],
                        "no_interval": estimate.reason,
                    }
                )
    return text.getvalue()


def to_markdown(boards: Sequence[Board]) -> str:
    """Return boards as Markdown tables: the means, then SAD by class; the best in bold."""
    return "# Leaderboard\n\n" + "\n".join(_markdown(board) for board in boards)


def _csv_rows(index: int, board: Board, entry: Entry) -> Iterator[dict[str, object]]:
    scores, summary = entry.scores, entry.summary
    common = {
        "board": index,
        "set": scores.set["name"],
        "protocol": scores.set["protocol"],
        "set_digest": scores.set["digest"],
        "trimaps_digest": scores.set["trimaps_digest"],
        "method": scores.name,
        "version": scores.version,
        "seconds_per_image": scores.seconds_per_image,
    }
    counts = {key: summary[key] for key in ("images", "foregrounds", "fallbacks")}
    missing = board.size - len(entry.whole)
    for which in MEANS:
        row = common | counts | {"missing": missing, "scope": "overall", "name": which} | summary[which]
        yield row | _bounds(entry, which)
    for scope, names in SCOPES.items():
        for name in names:
            cell = entry.cells[scope][name]
            values = {m: None if math.isnan(v) else v for m, v in cell.values.items()}
            row = common | cell._asdict() | values | {"scope": _SINGULAR[scope], "name": name}
            row["missing"] = board.largest(scope, name).images - cell.images
            row["not_truth"] = cell.not_truth.total()
            del row["values"]
            yield row | (_bounds(entry, name) if scope == "classes" else {})


def _bounds(entry: Entry, which: str) -> dict[str, object]:
    intervals = {metric: entry.interval(which, metric) for metric in METRICS}
    bounds = {
        f"{metric}_{bound}": getattr(one, bound)
        for metric, one in intervals.items()
        for bound in ("low", "high")
        if not math.isnan(one.low)
    }
    return {**bounds, "no_interval": next((one.reason for one in intervals.values() if one.reason), "")}


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
        heads = [title[0].upper() + title[1:], *TITLES.values(), "images", "fallbacks", "s / image"]
        lines += [*_head(heads), *(_mean_row(board, entry, which) for entry in board.entries), ""]
    lines += _rivals(board)
    if not board.has_classes:
        return "\n".join(
            [*lines, *(f"- {_plain(line)}" for line in (*notes(board), *interval_notes(board))), ""]
        )
    lines += [*_head(["SAD by class", "images / foregrounds", *(_plain(e.name) for e in board.entries)])]
    lines += [*(_class_row(board, name) for name in CLASSES), ""]
    truth = [f"{name}: {note}." for name in CLASSES if (note := truth_note(board, name))]
    said = [*truth, *map(_plain, (*notes(board), *interval_notes(board)))]
    return "\n".join([*lines, *(f"- {line}" for line in said), *([""] if said else [])])


def _head(titles: Sequence[str]) -> list[str]:
    return [_line(titles), _line(["---"] + ["---:"] * (len(titles) - 1))]


def _mean_row(board: Board, entry: Entry, which: str) -> str:
    values = []
    for m in METRICS:
        shown = _value(entry.mean(which, m), board.best_mean(which, m), m, board.decimals[m])
        interval = entry.interval(which, m)
        values.append(
            shown if math.isnan(interval.low) else f"{shown} {span(interval, m, board.decimals[m])}"
        )
    fallbacks = entry.summary["fallbacks"]
    return _line([_plain(entry.name), *values, str(len(entry.whole)), str(fallbacks), seconds(entry)])


def _class_row(board: Board, name: str) -> str:
    held, best = board.largest("classes", name), board.best("classes", name, "sad")
    values = []
    for entry in board.entries:
        cell = entry.cells["classes"][name]
        shown = _value(cell.values["sad"], best, "sad", board.decimals["sad"])
        interval = entry.interval(name, "sad")
        if not math.isnan(interval.low):
            shown += f" {span(interval, 'sad', board.decimals['sad'])}"
        values.append(f"{shown} ({cell.fallbacks} fallback)" if cell.fallbacks else shown)
    return _line([name, f"{held.images} / {held.foregrounds}", *values])


def _rivals(board: Board) -> list[str]:
    """Return SAD pair by pair."""
    rivals = board.rivals.get("sad")
    if rivals is None or rivals.reason:
        return []
    names, decimals = [_plain(entry.name) for entry in board.entries], board.decimals["sad"]
    heads = [
        f"SAD, {MEANS[rivals.over]}",
        "difference",
        "95 % interval",
        "p (Holm)",
        "first is best",
        "second is best",
    ]
    lines = _head(heads)
    for (first, second), one in rivals.differences.items():
        if first > second:
            continue
        estimate = one.estimate
        text = signed(estimate.mean, decimals)
        low, high = (signed(bound or 0.0, decimals) for bound in (estimate.low, estimate.high))
        cells = [f"{names[first]} − {names[second]}", f"**{text}**" if rivals.clear(first, second) else text]
        shares = (share_text(rivals.best[i]) for i in (first, second))
        lines.append(_line([*cells, f"[{low}, {high}]", _plain(p_text(one.p_holm)), *map(_plain, shares)]))
    return [*lines, ""]


def _value(value: float, best: float, metric: str, decimals: int) -> str:
    text = number(value, metric, decimals)
    return f"**{text}**" if value == best else text


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Escape what Markdown would take for markup."""
    return re.sub(r"([\\`*_{}\[\]<>|#!~])", r"\\\1", " ".join(text.split()))
