"""A board as Hugging Face's evaluation files: eval.yaml of a data set, .eval_results/*.yaml of models.

The formats are those of https://huggingface.co/docs/hub/eval-results as of August 2026. Strings are written
as JSON, which YAML reads.
"""

import json
import re
from collections.abc import Sequence

from simd.errors import DataError
from simd.metrics.bootstrap import Over
from simd.metrics.score import METRICS
from simd.report.entries.card import NONE, UNKNOWN
from simd.report.entries.files import default_folder
from simd.report.leaderboard.board import MEANS, Board, BoardEntry
from simd.report.numbers import scaled, short

FRAMEWORK = "simd"
"""The evaluation framework. Hugging Face keeps a list of them; a new one is added there by a pull request."""

HUB_PATTERNS = ("huggingface/dataset/eval.yaml", "huggingface/models/*/.eval_results/*.yaml")
"""Where the files lie in the folder of a board."""

_UNITS = {
    "sad": "SAD in thousands of pixels",
    "mse": "MSE times 1000",
    "grad": "Grad in thousands",
    "conn": "Conn in thousands",
}
_DIGITS = 6
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def check_hub_dataset(boards: Sequence[Board], dataset: str | None) -> str:
    """Return the name of the data set on the Hub; DataError if it is none, or there are several boards."""
    if dataset is None:
        raise DataError(
            "--format huggingface needs to know which data set of the Hub the results are of: "
            "--hub-dataset USER/NAME"
        )
    if not _HUB_NAME.fullmatch(dataset):
        raise DataError(f"--hub-dataset {dataset}: a data set of the Hub is called USER/NAME")
    if len(boards) != 1:
        names = ", ".join(f"{board.set['name']} ({short(board.set['digest'])})" for board in boards)
        raise DataError(
            f"--format huggingface writes the results of one data set, and these are {len(boards)} boards: "
            f"{names or 'none'}; name the scores of one"
        )
    return dataset


def huggingface_files(board: Board, dataset: str) -> dict[str, str]:
    """Return the files by their paths: what goes into the repository of the data set, and of each model.

    A task is a mean of a metric; the one that the board is ranked by comes first, which is what a
    leaderboard of the Hub shows. A method that lacks images has no file: its means are of other images.
    """
    set_name = default_folder(board.entries[0].scores).parent.name
    files = {"huggingface/dataset/eval.yaml": _eval_yaml(board)}
    for entry in board.entries:
        method = default_folder(entry.scores).name
        path = f"huggingface/models/{method}/.eval_results/{set_name}.yaml"
        if path in files:
            raise DataError(
                f"two methods are called {entry.name}; give one another name: simd evaluate --name"
            )
        if not board.lacking(entry):
            files[path] = _results_yaml(board, entry, dataset)
    return files


def left_out(board: Board) -> list[str]:
    """Return the methods that have no file, as they lack images."""
    return [entry.name for entry in board.entries if board.lacking(entry)]


def _tasks(board: Board) -> list[tuple[Over, str]]:
    """Return the mean and the metric of each task."""
    means = [board.headline, *(mean for mean in MEANS if mean != board.headline and board.has_classes)]
    return [(mean, metric) for mean in means for metric in METRICS]


def _eval_yaml(board: Board) -> str:
    facts = board.set
    region = "all pixels" if board.counts_all else "the unknown region of the trimaps"
    about = (
        f"Image matting: errors of predicted mattes over {region}, protocol {facts['protocol']}, "
        f"{board.size} images of {board.foregrounds} foregrounds. Lower is better. Set {facts['digest']}."
    )
    lines = [
        f"name: {_text(facts['name'])}",
        f"description: {_text(about)}",
        f"evaluation_framework: {_text(FRAMEWORK)}",
        "",
        "tasks:",
    ]
    return (
        "\n".join([*lines, *(f"  - id: {_text(f'{metric}_{mean}')}" for mean, metric in _tasks(board))])
        + "\n"
    )


def _results_yaml(board: Board, entry: BoardEntry, dataset: str) -> str:
    lines = []
    for mean, metric in _tasks(board):
        value = float(f"{scaled(entry.mean(mean, metric), metric):.{_DIGITS}g}")
        if value != value:  # noqa: PLR0124 - nan: a mean of nothing
            continue
        lines += [
            "- dataset:",
            f"    id: {_text(dataset)}",
            f"    task_id: {_text(f'{metric}_{mean}')}",
            f"  value: {value!r}",
            *_source(entry),
            f"  notes: {_text(_notes(board, entry, mean, metric))}",
        ]
    return "\n".join(lines) + "\n"


def _source(entry: BoardEntry) -> list[str]:
    """Return where a result comes from, if the card says it as an address."""
    card = entry.card
    for name, url in (("Code", card.code), ("Paper", card.paper)) if card is not None else ():
        if re.fullmatch(r"https?://\S+", url):
            return ["  source:", f"    url: {_text(url)}", f"    name: {_text(name)}"]
    return []


def _notes(board: Board, entry: BoardEntry, mean: Over, metric: str) -> str:
    summary, facts = entry.summary, board.set
    card = entry.card
    parts = [
        f"{_UNITS[metric]}, lower is better",
        MEANS[mean],
        "whole images" if board.counts_all else "unknown region",
        *([f"{card.mattes} mattes"] if card is not None and card.mattes not in (UNKNOWN, NONE) else []),
        *([f"{summary.fallbacks} fallbacks"] if summary.fallbacks else []),
        f"set {short(facts['digest'])}, trimaps {short(facts['trimaps_digest'])}",
        f"simd metrics version {entry.scores.metrics_version}",
    ]
    return "; ".join(parts)


def _text(text: str) -> str:
    return json.dumps(" ".join(text.split()), ensure_ascii=True)
