"""The worst images of a board on the leaderboard page."""

import math
from dataclasses import dataclass

from markupsafe import Markup

from simd.records import NOT_TRUTH
from simd.report.html.render import render
from simd.report.leaderboard.board import Board, BoardEntry
from simd.report.leaderboard.examples import MethodPictures, WorstImage, error_stops, find_set, make_examples
from simd.report.numbers import number

_OPEN = 6  # examples shown at once; the others wait in a fold


@dataclass(frozen=True, slots=True)
class MethodResult:
    """What one method made of an example."""

    name: str
    sad: str  # "" if it has no score
    best: bool
    fallback: str
    pictures: MethodPictures


def example_strip(board: Board, budget: int) -> Markup:
    """Return the worst images of a board in about `budget` bytes at most, or why there are none."""
    if not any("set" in entry.scores.paths for entry in board.entries):
        return _none("No examples: scored against folders of alphas and trimaps, which hold no images.")
    matting_set = find_set(board)
    if matting_set is None:
        return _none(
            "No examples: the set is not where it was when it was scored, or has changed since. "
            "Score it again where it lies now, then write this page again."
        )
    examples = make_examples(board, matting_set, budget)
    if not examples:
        return _none(
            "No examples: not one fits into this page, or the layers of the set cannot be read or have "
            "changed since it was built; simd verify names them."
        )
    if not any(pictures.alpha for example in examples for pictures in example.methods):
        return _none(
            "No examples: the predicted mattes are not where they were when they were scored, or are too "
            "many for this page. Score them again where they lie now, then write this page again."
        )
    figures = [_figure(board, example) for example in examples]
    while sum(len(figure.encode()) for figure in figures) > budget:  # names and markup weigh too
        figures.pop()
    if not figures:
        return _none("No examples: not one fits into this page beside its tables.")
    sads = [number(example.sad, "sad") for example in examples[: len(figures)]]
    return render(
        "leaderboard_examples.html.j2",
        reason="",
        figures=figures,
        open=_OPEN,
        first=sads[min(_OPEN, len(sads) - 1)],
        last=sads[-1],
        stops=error_stops(),
    )


def _none(reason: str) -> Markup:
    return render("leaderboard_examples.html.j2", reason=reason)


def _figure(board: Board, example: WorstImage) -> Markup:
    row, score = example.row, board.images[example.row.id]
    return render(
        "leaderboard_example.html.j2",
        example=example,
        row=row,
        unknown=100 * score.pixels / math.prod(example.full_size),
        not_truth=score.alpha_kind.replace("_", " ") if score.alpha_kind in NOT_TRUTH else "",
        methods=[
            _method(board, row.id, entry, pictures)
            for entry, pictures in zip(board.entries, example.methods, strict=True)
        ],
    )


def _method(board: Board, id_: str, entry: BoardEntry, pictures: MethodPictures) -> MethodResult:
    score = entry.whole.get(id_)
    if score is None:
        return MethodResult(entry.name, "", False, "", pictures)
    errors = [other.whole[id_].sad for other in board.entries if id_ in other.whole]
    best = len(errors) > 1 and score.sad == min(errors)
    return MethodResult(entry.name, number(score.sad, "sad"), best, score.fallback, pictures)
