"""What the tables of the leaderboard page show: the means, and the errors by class or region as heat."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simd.metrics.score import METRICS
from simd.metrics.uncertainty import Estimate
from simd.missing import present
from simd.report.leaderboard.board import (
    CLASS_MEAN,
    IMAGE_MEAN,
    MEANS,
    SCOPES,
    Board,
    BoardEntry,
    Cell,
    rank_text,
    truth_note,
)
from simd.report.numbers import formatted, number, plural, span, thousands, tight_span
from simd.taxonomy import TAXONOMY

HOTTEST = 8
"""The heat of a cell is full where its error is this many times the lowest of its column, on a log scale."""

_DEFINITIONS = {c.name: c.definition for c in TAXONOMY}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCell:
    """A score in a table."""

    text: str
    best: bool
    key: str  # what the column is sorted by; "" for an absent score
    kind: str  # CSS classes
    share: str = ""  # length of the bar beneath it, 0..1; "" for none
    heat: str = ""  # 0..1; "" for none
    interval: str = ""
    reason: str = ""  # why there is no interval
    flags: tuple[tuple[str, str], ...] = ()  # text, and what it means


@dataclass(frozen=True, slots=True)
class MeanTitle:
    """The heading of a mean."""

    label: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class HeadlineRow:
    """The means of one method."""

    entry: BoardEntry
    cells: tuple[ScoreCell, ...]
    images: int
    missing: int
    solved: ScoreCell | None  # SAD over the images that every method solved, with its place
    place: str
    rank: str  # by the test; "" where methods are not ranked


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnHead:
    """The heading of a class or region, with what the set holds of it."""

    name: str
    definition: str
    counts: str | None = None  # None if the set has none of it
    pixels: str = ""  # of a region
    title: str = ""  # the counts in words
    note: str = ""  # how many alphas are not ground truth
    wrong: int = 0
    shows: Mapping[str, str] = field(default_factory=dict)  # by metric: the smallest difference it can show


@dataclass(frozen=True, slots=True)
class HeatTable:
    """Methods × classes or regions."""

    what: str  # "class" or "region"
    heads: tuple[ColumnHead, ...]
    rows: Mapping[str, Sequence[tuple[BoardEntry, Sequence[ScoreCell]]]]  # by metric


def headline_means(board: Board) -> list[MeanTitle]:
    """Return the headings of the means that a board has, the class-balanced one first."""
    kind = "" if board.has_classes else "headline"
    titles: dict[str, MeanTitle] = {
        CLASS_MEAN: MeanTitle("class-balanced", "the mean of the class means", "headline"),
        IMAGE_MEAN: MeanTitle("image mean", "the mean over images", kind),
    }
    return [titles[which] for which in _means(board)]


def headline_rows(board: Board) -> list[HeadlineRow]:
    """Return the means of each method."""
    rows = []
    lowest = min((p.solved.sad for p in board.placings if p.solved_place == 1), default=math.nan)
    for entry, placing in zip(board.entries, board.placings, strict=True):
        cells = tuple(
            _mean_cell(board, entry, metric, which) for metric in METRICS for which in _means(board)
        )
        solved = None
        if board.shows_solved:
            value = placing.solved.sad
            text = number(value, "sad", board.decimals["sad"])
            solved = ScoreCell(text=text, best=value == lowest, key=_key(value), kind=_kind(value, lowest))
        rank = rank_text(board, entry) if board.is_ranked else ""
        counts = len(entry.whole), board.lacking(entry)
        rows.append(HeadlineRow(entry, cells, *counts, solved, placing.text, rank))
    return rows


def heat_table(board: Board, scope: str) -> HeatTable:
    """Return the errors of each method by class (`scope` "classes") or by region ("regions")."""
    what = "class" if scope == "classes" else "region"
    heads = tuple(_column_head(board, scope, name) for name in SCOPES[scope])
    rows = {
        metric: [(entry, _heat_cells(board, entry, scope, metric)) for entry in board.entries]
        for metric in METRICS
    }
    return HeatTable(what, heads, rows)


def heat(value: float, column: Sequence[float]) -> float | None:
    """Return 0 for the lowest error of a column up to 1 for `HOTTEST` times it; None for an absent one.

    Examples
    --------
    >>> round(heat(4.0, [2.0, 4.0, 99.0]), 3), heat(99.0, [2.0, 4.0, 99.0]), heat(0.0, [0.0, 4.0])
    (0.333, 1.0, 0.0)
    """
    lowest = min(present(column), default=math.nan)
    if math.isnan(value):
        return None
    if value == lowest:
        return 0.0
    return 1.0 if lowest <= 0 else min(1.0, math.log(value / lowest) / math.log(HOTTEST))


def _means(board: Board) -> tuple[str, ...]:
    """Return the means that a board has: without classes only the one over images."""
    return tuple(MEANS) if board.has_classes else (IMAGE_MEAN,)


def _mean_cell(board: Board, entry: BoardEntry, metric: str, which: str) -> ScoreCell:
    value, decimals = entry.mean(which, metric), board.decimals[metric]
    share = ""
    if which == board.headline:
        worst = max((v for e in board.entries if (v := e.mean(which, metric)) == v), default=0)
        share = f"{0 if math.isnan(value) or not worst else value / worst:.3f}"
    interval, reason = _interval(entry.estimate(which, metric), metric, decimals)
    return ScoreCell(
        text=number(value, metric, decimals),
        best=value == board.best_mean(which, metric),
        key=_key(value),
        kind="headline" if which == board.headline else "aside",
        share=share,
        interval=interval,
        reason=reason,
    )


def _heat_cells(board: Board, entry: BoardEntry, scope: str, metric: str) -> list[ScoreCell]:
    decimals, cells = board.decimals[metric], []
    if scope == "classes":
        value, best = entry.mean(CLASS_MEAN, metric), board.best_mean(CLASS_MEAN, metric)
        interval, reason = _interval(entry.estimate(CLASS_MEAN, metric), metric, decimals, tight=True)
        cells.append(
            ScoreCell(
                text=number(value, metric, decimals),
                best=value == best,
                key=_key(value),
                kind=f"headline {_kind(value, best)}",
                interval=interval,
                reason=reason,
            )
        )
    for name in SCOPES[scope]:
        cell = entry.cells[scope][name]
        column = [other.cells[scope][name].values[metric] for other in board.entries]
        value, best = cell.values[metric], board.best(scope, name, metric)
        warmth = heat(value, column)
        interval, reason = (
            _interval(entry.estimate(name, metric), metric, decimals, tight=True)
            if scope == "classes"
            else ("", "")
        )
        cells.append(
            ScoreCell(
                text=number(value, metric, decimals),
                best=value == best,
                key=_key(value),
                kind=_kind(value, best),
                heat="" if warmth is None else f"{warmth:.3f}",
                interval=interval,
                reason=reason,
                flags=tuple(_flags(cell, board.largest(scope, name).images)),
            )
        )
    return cells


def _interval(estimate: Estimate, metric: str, decimals: int, *, tight: bool = False) -> tuple[str, str]:
    """Return an interval as text, and why there is none; nothing of what the set does not have."""
    text = tight_span(estimate, metric, decimals) if tight else span(estimate, metric, decimals)
    return ("", "") if estimate.bounds is None and not estimate.reason else (text, estimate.reason)


def _flags(cell: Cell, images: int) -> list[tuple[str, str]]:
    flags = []
    if cell.fallbacks:
        flags.append((f"{cell.fallbacks}f", f"{cell.fallbacks} of {cell.images} mattes are fallbacks"))
    if lacking := images - cell.images:
        flags.append((f"{lacking}m", f"{lacking} of {images} images are missing"))
    return flags


def _column_head(board: Board, scope: str, name: str) -> ColumnHead:
    held, definition = board.largest(scope, name), _DEFINITIONS.get(name, "")
    if not held.images:
        return ColumnHead(name=name, definition=definition)
    regions = scope == "regions"
    images, fgs = plural(held.images, "image"), plural(held.foregrounds, "foreground")
    return ColumnHead(
        name=name,
        definition=definition or "unknown pixels without a class",
        counts=str(held.images) if regions else f"{held.images} / {held.foregrounds}",
        pixels=thousands(held.pixels) if regions else "",
        title=f"{images}, {plural(held.pixels, 'pixel')}" if regions else f"{images} of {fgs}",
        note=truth_note(board, name, scope),
        wrong=held.not_truth.total(),
        shows={}
        if regions or not board.is_ranked
        else {m: number(board.resolvable(name, m), m, board.decimals[m]) for m in METRICS},
    )


def _kind(value: float, best: float) -> str:
    return "absent" if math.isnan(value) else "best" if value == best else ""


def _key(value: float) -> str:
    return formatted(value, ".9g", missing="")
