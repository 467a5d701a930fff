"""Scores as tables in a terminal, at most 100 columns wide."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from simd.metrics.scores import METRICS, Scores
from simd.report.boards import (
    CLASS_MEAN,
    DASH,
    MEANS,
    TITLES,
    Board,
    Entry,
    group_boards,
    notes,
    number,
    plural,
    seconds,
    short,
    truth_note,
)
from simd.taxonomy import CLASSES

WIDTH = 100

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
        for start in range(0, len(board.entries), _METHODS_ABREAST):
            parts.append(_sad_table(board, board.entries[start : start + _METHODS_ABREAST]))
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


def _class_table(board: Board, entry: Entry) -> Table:
    table = _table("class", "images", "foregrounds", *TITLES.values(), "fallbacks")
    decimals = [board.decimals[metric] for metric in METRICS]
    for name in CLASSES:
        cell = entry.cells["classes"][name]
        counts = [str(n) if cell.images else DASH for n in (cell.images, cell.foregrounds, cell.fallbacks)]
        errors = (number(cell.values[m], m, d) for m, d in zip(METRICS, decimals, strict=True))
        label = f"{name} *" if truth_note(board, name) else name
        style = "" if cell.images else "dim"
        table.add_row(label, *counts[:2], *errors, counts[2], style=style)
    table.add_section()
    images, fgs, fallbacks = (str(entry.summary[k]) for k in ("images", "foregrounds", "fallbacks"))
    for which, title in MEANS.items():
        errors = (number(entry.mean(which, m), m, d) for m, d in zip(METRICS, decimals, strict=True))
        style = "bold" if which == CLASS_MEAN else ""
        table.add_row(title, images, fgs, *errors, fallbacks, style=style)
    return table


def _means_table(board: Board) -> Table:
    table = _table("method", "mean", *TITLES.values(), "images", "fallbacks", "s / image")
    for entry in board.entries:
        for which in MEANS:
            first = which == CLASS_MEAN
            values = [_marked(entry.mean(which, m), board.best_mean(which, m), m, board) for m in METRICS]
            counts = (
                [str(len(entry.whole)), str(entry.summary["fallbacks"]), seconds(entry)]
                if first
                else [""] * 3
            )
            name = Text(entry.name if first else "", "bold")
            table.add_row(name, "class-balanced" if first else "image", *values, *counts)
    return table


def _sad_table(board: Board, entries: Sequence[Entry]) -> Table:
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
    said = list(notes(board))
    if len(board.entries) > 1:
        flags = "; 2f: two mattes are fallbacks" if any(e.summary["fallbacks"] for e in board.entries) else ""
        said.insert(0, f"←: the best{flags}")
    if said:
        yield Text("\n".join(said), "dim")


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
