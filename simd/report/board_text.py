"""A board as text to compute with (CSV) and to paste (Markdown)."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence

from simd.metrics.scores import METRICS
from simd.report.boards import (
    MEANS,
    SCOPES,
    TITLES,
    Board,
    Entry,
    notes,
    number,
    plural,
    seconds,
    short,
    truth_note,
)
from simd.taxonomy import CLASSES

COLUMNS = (
    *("board", "set", "protocol", "set_digest", "trimaps_digest", "method", "version"),
    *("scope", "name", "images", "foregrounds", "pixels", "fallbacks", "missing", "not_truth"),
    *METRICS,
    "seconds_per_image",
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
        yield common | counts | {"missing": missing, "scope": "overall", "name": which} | summary[which]
    for scope, names in SCOPES.items():
        for name in names:
            cell = entry.cells[scope][name]
            values = {m: None if math.isnan(v) else v for m, v in cell.values.items()}
            row = common | cell._asdict() | values | {"scope": _SINGULAR[scope], "name": name}
            row["missing"] = board.largest(scope, name).images - cell.images
            row["not_truth"] = cell.not_truth.total()
            del row["values"]
            yield row


def _markdown(board: Board) -> str:
    facts = board.set
    lines = [
        f"## {_plain(facts['name'])}",
        "",
        f"Protocol {_plain(facts['protocol'])}, {plural(board.size, 'image')}, "
        f"{plural(board.foregrounds, 'foreground')}; set `{short(facts['digest'])}`, "
        f"trimaps `{short(facts['trimaps_digest'])}`. Lower is better; the best is bold.",
        "",
    ]
    for which, title in MEANS.items():
        heads = [title[0].upper() + title[1:], *TITLES.values(), "images", "fallbacks", "s / image"]
        lines += [*_head(heads), *(_mean_row(board, entry, which) for entry in board.entries), ""]
    lines += [*_head(["SAD by class", "images / foregrounds", *(_plain(e.name) for e in board.entries)])]
    lines += [*(_class_row(board, name) for name in CLASSES), ""]
    truth = [f"{name}: {note}." for name in CLASSES if (note := truth_note(board, name))]
    said = [*truth, *map(_plain, notes(board))]
    return "\n".join([*lines, *(f"- {line}" for line in said), *([""] if said else [])])


def _head(titles: Sequence[str]) -> list[str]:
    return [_line(titles), _line(["---"] + ["---:"] * (len(titles) - 1))]


def _mean_row(board: Board, entry: Entry, which: str) -> str:
    values = [_value(entry.mean(which, m), board.best_mean(which, m), m, board.decimals[m]) for m in METRICS]
    fallbacks = entry.summary["fallbacks"]
    return _line([_plain(entry.name), *values, str(len(entry.whole)), str(fallbacks), seconds(entry)])


def _class_row(board: Board, name: str) -> str:
    held, best = board.largest("classes", name), board.best("classes", name, "sad")
    values = []
    for entry in board.entries:
        cell = entry.cells["classes"][name]
        shown = _value(cell.values["sad"], best, "sad", board.decimals["sad"])
        values.append(f"{shown} ({cell.fallbacks} fallback)" if cell.fallbacks else shown)
    return _line([name, f"{held.images} / {held.foregrounds}", *values])


def _value(value: float, best: float, metric: str, decimals: int) -> str:
    text = number(value, metric, decimals)
    return f"**{text}**" if value == best else text


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Escape what Markdown would take for markup."""
    return re.sub(r"([\\`*_{}\[\]<>|#!~])", r"\\\1", " ".join(text.split()))
