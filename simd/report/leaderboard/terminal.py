"""Scores as tables in a terminal: whole numbers and names at 80 columns, and never more than 100.

Methods with long names are numbered in the tables, and named once above them.
"""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from simd.metrics.score import METRICS
from simd.metrics.score_summary import MeanErrors
from simd.metrics.scores import Scores
from simd.report.console import LONGEST_NAME, console, labels
from simd.report.console import table as table_of
from simd.report.entries.files import Entry
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
    rank_text,
    solved_text,
    truth_line,
    truth_note,
)
from simd.report.leaderboard.differences import CLEAR
from simd.report.leaderboard.reported import ReportedTable, terminal_parts
from simd.report.numbers import (
    formatted,
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

_ALL_PAIRS = 4  # methods; of more, only the pairs with the best one are printed
_LONGEST_PAIRED = 12  # of two names side by side
_GAP = 2  # columns between two of a table


def print_scores(scores: Scores) -> None:
    """Print the errors of one method by class, then the class-balanced mean and the mean over images."""
    board = group_boards([scores])[0]
    entry = board.entries[0]
    title = f"{scores.name} {scores.version}".strip()
    cutout = [_cutout_table(board, entry)] if entry.summary.cutout and board.has_classes else []
    _print(console(), [_about(board, title), _class_table(board, entry), *cutout, *_remarks(board)])


def print_board(scores: Sequence[Scores | Entry]) -> None:
    """Print methods side by side, a board for each set: the means of the four errors, then SAD by class."""
    stdout = console()
    for board in group_boards(scores):
        parts: list[RenderableType] = [_about(board, board.set["name"])]
        if any(len(entry.name) > LONGEST_NAME for entry in board.entries):
            parts.append(_legend(board))
        if len(board.entries) > 1:
            parts.append(_test(board))
        parts += [_means_table(board), _mattes_table(board)]
        if board.has_classes:
            parts += _sad_tables(board, stdout.width)
        if table := _differences_table(board):
            parts.append(table)
        _print(stdout, [*parts, *_remarks(board)])


def print_reported(tables: Sequence[ReportedTable]) -> None:
    """Print figures that others have printed, a table for each protocol."""
    _print(console(), list(terminal_parts(tables)))


def _print(stdout: Console, parts: Sequence[RenderableType]) -> None:
    for part in parts:
        stdout.print(part)
        if isinstance(part, Table):
            stdout.print()


def _about(board: Board, title: str) -> Text:
    facts = board.set
    described = (
        f"set {facts['name']}, protocol {facts['protocol']}, {plural(board.size, 'image')}, "
        f"{plural(board.foregrounds, 'foreground')}, digest {short(facts['digest'])}"
        + (", class masks not reviewed" if "class_masks" in facts else "")
    )
    return Text.assemble("\n", (title, "bold"), f"\n{described}\n", ("Lower is better.", "dim"))


def _test(board: Board) -> Text:
    """Say what the order of the methods rests on."""
    held = board.foregrounds_a_class
    return Text(
        f"{f'Foregrounds a class: {held}. ' if held else ''}Methods are compared on the same foregrounds"
        f"{' within classes' if held else ''}: Student's t, p after Holm, level {CLEAR:.0%}".replace(
            "%", " %"
        )
        + ".",
        "dim",
    )


def _legend(board: Board) -> Text:
    """Return the names of methods whose tables show numbers."""
    lines = [f"{number:>3}  {entry.name}" for number, entry in enumerate(board.entries, start=1)]
    return Text("\n".join([*lines, ""]))


def _labels(board: Board, longest: int = LONGEST_NAME) -> list[str]:
    return labels([entry.name for entry in board.entries], longest)


def _class_table(board: Board, entry: BoardEntry) -> Table:
    """Return a row a class that is there, then the means; beside the SAD its interval."""
    sad, *others = TITLES.values()
    table = table_of("class", "images /\nfgs", sad, "95 %\nof SAD", *others)

    def row(label: str, which: str, counts: tuple[int, int, int], values: MeanErrors, style: str) -> None:
        images, fgs, fallbacks = counts
        shown = [number(values[m], m, board.decimals[m]) for m in METRICS]
        interval = tight_span(entry.estimate(which, "sad"), "sad", board.decimals["sad"])
        flag = f" {fallbacks}f" if fallbacks else ""
        table.add_row(label, f"{images} / {fgs}", shown[0] + flag, interval, *shown[1:], style=style)

    for name in _present(board):
        cell = entry.cells["classes"][name]
        label = f"{name} *" if truth_note(board, name) else name
        row(label, name, (cell.images, cell.foregrounds, cell.fallbacks), cell.values, "")
    table.add_section()
    summary = entry.summary
    for which, title in _means_shown(board):
        means = summary.class_mean if which == CLASS_MEAN else summary.image_mean
        counts = entry.counts(which)
        of = (counts["images"], counts["foregrounds"], counts["fallbacks"])
        row(title, which, of, means, "bold" if which == board.headline else "")
    return table


def _cutout_table(board: Board, entry: BoardEntry) -> Table:
    """Return a row a class: what its mattes leave of the background."""
    assert entry.summary.cutout is not None
    table = table_of("class", "residue\n×10³", "above\n0.05", "halo\n×10³")
    for name in _present(board):
        residue, share, halo = entry.summary.cutout["classes"][name]
        shown = (1000 * residue, ".2f"), (100 * share, ".2f"), (1000 * halo, ".1f")
        cells = [formatted(value, form) for value, form in shown]
        table.add_row(name, cells[0], f"{cells[1]} %", cells[2])
    return table


def _means_table(board: Board) -> Table:
    """Return two rows a method: its means, and beneath them their intervals; then those of the other mean."""
    table = table_of("", *TITLES.values())
    undecided = {metric: board.undecided(metric) for metric in METRICS}
    for which, title in _means_shown(board):
        table.add_section()
        table.add_row(Text(title, "bold" if which == board.headline else ""))
        for row, (label, entry) in enumerate(zip(_labels(board), board.entries, strict=True)):
            values = [
                _in_order(board, m, entry.mean(which, m), undecided[m][row])
                if which == board.headline
                else Text(number(entry.mean(which, m), m, board.decimals[m]))
                for m in METRICS
            ]
            table.add_row(Text(label), *values)
            estimates = {m: entry.estimate(which, m) for m in METRICS}
            if not all(estimate.reason for estimate in estimates.values()):
                spans = [tight_span(estimate, m, board.decimals[m]) for m, estimate in estimates.items()]
                table.add_row("  95 %", *spans, style="dim")
    return table


def _in_order(board: Board, metric: str, value: float, undecided: bool) -> Text:
    """Return a headline mean, marked as the lowest only where the test bears it."""
    if undecided:
        return Text(f"≈ {number(value, metric, board.decimals[metric])}")
    return _marked(value, board.best_mean(board.headline, metric), metric, board)


def _mattes_table(board: Board) -> Table:
    """Return what each method's mattes are: how many, how many fallbacks, its SAD where all solved."""
    solved = [f"SAD of {len(board.solved)}\nsolved by all"] if board.shows_solved else []
    ranks = ["rank"] if board.is_ranked else []
    table = table_of("method", *ranks, "images", "fallbacks", "s / image", *solved)
    for label, entry, placing in zip(_labels(board), board.entries, board.placings, strict=True):
        counts = [str(len(entry.whole)), str(entry.summary.fallbacks)]
        own = [solved_text(board, placing)] if solved else []
        rank = [rank_text(board, entry)] if ranks else []
        table.add_row(Text(label), *rank, *counts, seconds(entry.scores.seconds_per_image), *own)
    return table


def _differences_table(board: Board) -> Table | None:
    """Return SAD pair by pair: all pairs of a few methods, of more the best one against each other one."""
    pairs = board.comparisons.get("sad")
    if pairs is None or pairs.reason:
        return None
    shown, decimals = _labels(board, _LONGEST_PAIRED), board.decimals["sad"]
    mean = MEANS[pairs.over]
    table = table_of(
        f"SAD: A − B\n{mean}{board.without}", "difference", "95 %", "p (Holm)", "best:\nA", "best:\nB"
    )
    for (a, b), difference in pairs.differences.items():
        if a > b or (a > min(pairs.best) and len(pairs.best) > _ALL_PAIRS):
            continue
        estimate = difference.estimate
        table.add_row(
            f"{shown[a]} − {shown[b]}",
            signed(estimate.mean, decimals),
            signed_span(estimate, "sad", decimals),
            p_text(difference.p_holm),
            *(share_text(pairs.best[i]) for i in (a, b)),
            style="" if pairs.clear(a, b) else "dim",
        )
    return table


def _sad_tables(board: Board, width: int) -> Iterator[Table]:
    """Return SAD by class, as many methods abreast as the width has room for."""
    columns = [
        [Text(label), *_sad_column(board, e)] for label, e in zip(_labels(board), board.entries, strict=True)
    ]
    heads = [["SAD by class", *(_label(board, name) for name in _present(board))]]
    heads.append(["images", *(str(board.largest("classes", name).images) for name in _present(board))])
    if board.is_ranked:
        decimals = board.decimals["sad"]
        shown = (number(board.resolvable(name, "sad"), "sad", decimals) for name in _present(board))
        heads.append(["can show", *shown])
    room = width - sum(_GAP + max(map(len, column)) for column in heads)
    abreast: list[list[Text]] = []
    for column in columns:
        wide = _GAP + max(len(cell) for cell in column)
        if abreast and wide > room - sum(_GAP + max(len(cell) for cell in other) for other in abreast):
            yield _abreast(heads, abreast)
            abreast = []
        abreast.append(column)
    yield _abreast(heads, abreast)


def _abreast(heads: Sequence[Sequence[str]], columns: Sequence[Sequence[Text]]) -> Table:
    table = table_of(*(head[0] for head in heads), *(column[0] for column in columns))
    for cells in zip(*(column[1:] for column in (*heads, *columns)), strict=True):
        table.add_row(*cells)
    return table


def _sad_column(board: Board, entry: BoardEntry) -> Iterator[Text]:
    for name in _present(board):
        cell = entry.cells["classes"][name]
        value = _marked(cell.values["sad"], board.best("classes", name, "sad"), "sad", board)
        yield Text.assemble(value, f" {cell.fallbacks}f" if cell.fallbacks else "")


def _present(board: Board) -> list[str]:
    """Return the classes that any method has an image of."""
    return [name for name in CLASSES if board.has_classes and board.largest("classes", name).images]


def _label(board: Board, name: str) -> str:
    return f"{name} *" if truth_note(board, name) else name


def _means_shown(board: Board) -> list[tuple[str, str]]:
    """Return the means with their titles; one row stands for both where they are printed alike."""
    if not board.has_classes:
        return [(IMAGE_MEAN, MEANS[IMAGE_MEAN])]
    printed = {
        which: [number(e.mean(which, m), m, board.decimals[m]) for e in board.entries for m in METRICS]
        for which in MEANS
    }
    if printed[CLASS_MEAN] == printed[IMAGE_MEAN] and not board.unclassed:
        return [(CLASS_MEAN, "both means")]
    return list(MEANS.items())


def _remarks(board: Board) -> Iterator[Text]:
    if line := truth_line(board):
        yield Text(f"* {line}", "yellow")
    lines = list(notes(board))
    if len(board.entries) > 1:
        flags = "; 2f: two mattes are fallbacks" if any(e.summary.fallbacks for e in board.entries) else ""
        lines.insert(0, f"←: the lowest; ≈: a mean that the test does not tell from the lowest{flags}")
    lines += _remarks_on_intervals(board)
    if board.has_classes and (absent := len(CLASSES) - len(_present(board))):
        lines.append(f"The set has no images of the other {plural(absent, 'class', 'classes')}.")
    if lines:
        yield Text("\n".join(lines), "dim")


def _remarks_on_intervals(board: Board) -> Iterator[str]:
    yield "95 %: interval over foregrounds; a dash where a class has fewer than 5."
    yield from interval_notes(board)
    if (pairs := board.comparisons.get("sad")) and not pairs.reason:
        yield f"A − B on the same foregrounds, below zero A is better; dim where p ≥ {CLEAR}."


def _marked(value: float, best: float, metric: str, board: Board) -> Text:
    text = number(value, metric, board.decimals[metric])
    return Text(f"← {text}", "bold green") if value == best else Text(text)
