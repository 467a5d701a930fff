"""Scores as tables in a terminal, at most 100 columns wide."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from simd.metrics.score import METRICS
from simd.metrics.score_summary import MeanErrors
from simd.metrics.scores import Scores
from simd.report.leaderboard.board import (
    CLASS_MEAN,
    IMAGE_MEAN,
    MEANS,
    TITLES,
    Board,
    BoardEntry,
    group_boards,
    interval_notes,
    notes,
    truth_note,
)
from simd.report.leaderboard.differences import CLEAR
from simd.report.numbers import (
    DASH,
    number,
    p_text,
    plural,
    seconds,
    share_text,
    short,
    signed,
    signed_span,
    tight_span,
)
from simd.taxonomy import CLASSES

WIDTH = 100

_ALL_PAIRS = 4  # methods; of more, only the pairs with the best one are printed
_METHODS_ABREAST = 5  # in the table by class; more methods go into a table below


def print_scores(scores: Scores) -> None:
    """Print the errors of one method by class, then the class-balanced mean and the mean over images."""
    board = group_boards([scores])[0]
    entry = board.entries[0]
    title = f"{scores.name} {scores.version}".strip()
    _print([_about(board, title), _class_table(board, entry), *_remarks(board)])


def print_board(scores: Sequence[Scores]) -> None:
    """Print methods side by side, a board for each set: both means of the four errors, then SAD by class."""
    for board in group_boards(scores):
        parts: list[RenderableType] = [_about(board, board.set["name"]), _means_table(board)]
        for start in range(0, len(board.entries) if board.has_classes else 0, _METHODS_ABREAST):
            parts.append(_sad_table(board, board.entries[start : start + _METHODS_ABREAST]))
        if table := _differences_table(board):
            parts.append(table)
        _print([*parts, *_remarks(board)])


def _print(parts: Sequence[RenderableType]) -> None:
    console = Console(highlight=False)
    # A pipe or a log has no width of its own; a narrow terminal has, and keeps it.
    console.width = min(WIDTH, console.width) if console.is_terminal else WIDTH
    for part in parts:
        console.print(part, end="\n\n" if isinstance(part, Table) else "\n")


def _about(board: Board, title: str) -> Text:
    facts = board.set
    described = (
        f"set {facts['name']}, protocol {facts['protocol']}, {plural(board.size, 'image')}, "
        f"{plural(board.foregrounds, 'foreground')}, digest {short(facts['digest'])}"
    )
    return Text.assemble("\n", (title, "bold"), f"\n{described}\n", ("Lower is better.", "dim"))


def _class_table(board: Board, entry: BoardEntry) -> Table:
    """Return a row a class that is there, then the means; beside the SAD its interval."""
    sad, *others = TITLES.values()
    table = _table("class", "images", "foregrounds", sad, "95 % of SAD", *others, "fallbacks")

    def errors(values: MeanErrors, which: str) -> list[str]:
        shown = [number(values[m], m, board.decimals[m]) for m in METRICS]
        return [shown[0], tight_span(entry.estimate(which, "sad"), "sad", board.decimals["sad"]), *shown[1:]]

    for name in CLASSES if board.has_classes else ():
        cell = entry.cells["classes"][name]
        counts = [str(n) if cell.images else DASH for n in (cell.images, cell.foregrounds, cell.fallbacks)]
        label = f"{name} *" if truth_note(board, name) else name
        style = "" if cell.images else "dim"
        table.add_row(label, *counts[:2], *errors(cell.values, name), counts[2], style=style)
    table.add_section()
    summary = entry.summary
    images, fgs, fallbacks = map(str, (summary.images, summary.foregrounds, summary.fallbacks))
    for which, title in MEANS.items():
        means = summary.class_mean if which == CLASS_MEAN else summary.image_mean
        style = "bold" if which == board.headline else ""
        table.add_row(title, images, fgs, *errors(means, which), fallbacks, style=style)
    return table


def _means_table(board: Board) -> Table:
    """Return two rows a method and mean: the means, and beneath them their intervals."""
    table = _table("method", "mean", *TITLES.values(), "images", "fallbacks", "s / image")
    for entry in board.entries:
        for which in MEANS if board.has_classes else (IMAGE_MEAN,):
            first = which == board.headline
            values = [_marked(entry.mean(which, m), board.best_mean(which, m), m, board) for m in METRICS]
            counts = (
                [str(len(entry.whole)), str(entry.summary.fallbacks), seconds(entry.scores.seconds_per_image)]
                if first
                else [""] * 3
            )
            name = Text(entry.name if first else "", "bold")
            table.add_row(name, "class-balanced" if which == CLASS_MEAN else "image", *values, *counts)
            estimates = {m: entry.estimate(which, m) for m in METRICS}
            if not all(estimate.reason for estimate in estimates.values()):
                spans = [tight_span(estimate, m, board.decimals[m]) for m, estimate in estimates.items()]
                table.add_row("", "  95 %", *spans, style="dim")
    return table


def _differences_table(board: Board) -> Table | None:
    """Return SAD pair by pair: all pairs of a few methods, of more the best one against each other one."""
    pairs = board.comparisons.get("sad")
    if pairs is None or pairs.reason:
        return None
    names, decimals = [entry.name for entry in board.entries], board.decimals["sad"]
    mean = "class-balanced" if pairs.over == CLASS_MEAN else "image mean"
    table = _table(f"SAD, {mean}: A − B", "difference", "95 %", "p (Holm)", "best: A", "best: B")
    for (a, b), difference in pairs.differences.items():
        if a > b or (a > 0 and len(pairs.best) > _ALL_PAIRS):
            continue
        estimate = difference.estimate
        table.add_row(
            f"{names[a]} − {names[b]}",
            signed(estimate.mean, decimals),
            signed_span(estimate, "sad", decimals),
            p_text(difference.p_holm),
            *(share_text(pairs.best[i]) for i in (a, b)),
            style="" if pairs.clear(a, b) else "dim",
        )
    return table


def _sad_table(board: Board, entries: Sequence[BoardEntry]) -> Table:
    table = _table("SAD by class", "images", *(Text(entry.name) for entry in entries))
    for name in CLASSES:
        held, best = board.largest("classes", name), board.best("classes", name, "sad")
        values = []
        for entry in entries:
            cell = entry.cells["classes"][name]
            value = _marked(cell.values["sad"], best, "sad", board)
            values.append(Text.assemble(value, f" {cell.fallbacks}f" if cell.fallbacks else ""))
        label = f"{name} *" if truth_note(board, name) else name
        table.add_row(
            label, str(held.images) if held.images else DASH, *values, style="" if held.images else "dim"
        )
    return table


def _remarks(board: Board) -> Iterator[Text]:
    marked = [f"{name}: {note}" for name in CLASSES if (note := truth_note(board, name))]
    if marked:
        yield Text("* " + "\n  ".join(marked), "yellow")
    lines = list(notes(board))
    if len(board.entries) > 1:
        flags = "; 2f: two mattes are fallbacks" if any(e.summary.fallbacks for e in board.entries) else ""
        lines.insert(0, f"←: the best{flags}")
    lines += _remarks_on_intervals(board)
    if lines:
        yield Text("\n".join(lines), "dim")


def _remarks_on_intervals(board: Board) -> Iterator[str]:
    yield "95 %: interval over foregrounds; a dash where a class has fewer than 5."
    yield from interval_notes(board)
    if (pairs := board.comparisons.get("sad")) and not pairs.reason:
        yield f"A − B on the same foregrounds, below zero A is better; dim where p ≥ {CLEAR}."


def _table(first: str, *others: str | Text) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True, header_style="bold"
    )
    table.add_column(first, overflow="fold")
    for title in others:
        left = title == "mean"
        table.add_column(title, justify="left" if left else "right", no_wrap=left, overflow="fold")
    return table


def _marked(value: float, best: float, metric: str, board: Board) -> Text:
    text = number(value, metric, board.decimals[metric])
    return Text(f"← {text}", "bold green") if value == best else Text(text)
