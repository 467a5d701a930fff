"""Predict, evaluate and put side by side in one resumable run: the parts are those of the three commands."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simd.arguments import checked
from simd.dataset.manifest import INFO_NAME, ROWS_NAME, MattingSet, load_set
from simd.dataset.predictions import RUN_NAME
from simd.errors import BatchError, DataError
from simd.files import read_json, real_path
from simd.image import is_image_name
from simd.locks import locked_folder
from simd.methods import METHODS, load_method, read_options
from simd.methods.facts import facts_of
from simd.methods.predict import predict
from simd.metrics.evaluate import evaluate
from simd.metrics.score import METRICS_VERSION
from simd.metrics.scores import Scores, load_scores
from simd.parallel import default_workers
from simd.report.leaderboard.write import BOARD_NAMES, is_board, write_leaderboard
from simd.sources.outputs import check_output_folder

_PREDICTIONS, _SCORES = "predictions", "scores"
_LOG = logging.getLogger(__name__)


class Bench(NamedTuple):
    """What a run has come to."""

    scores: list[Scores]
    files: list[Path]  # of the board, the page first
    problems: dict[str, str]  # method to what it lacks


class _Entry(NamedTuple):
    """A method to run, or a folder of finished mattes."""

    name: str  # of its files
    method: str | None
    options: Mapping[str, Any]
    mattes: Path


@checked
def bench(
    dataset: str | Path,
    methods: Sequence[str | Path],
    out: str | Path,
    *,
    options: Sequence[str] = (),
    workers: int | None = None,
) -> Bench:
    """Run methods over a set, score them, and write their board.

    Parameters
    ----------
    dataset : path
        A set built by ``simd build``.
    methods : sequence of str or path
        Methods, as :func:`simd.predict` takes them, and folders of finished mattes.
    out : path
        The board's folder; mattes go to ``predictions/<method>``, scores to ``scores/<method>`` in it. A run
        that was interrupted goes on, and what is finished and still holds is not done again.
    options : sequence of str
        Options of methods: ``METHOD.KEY=VALUE``, such as ``"sim.weights=weights"``.
    workers : int, optional
        Processes; without, all processors, and one where a method's device is no CPU.

    Returns
    -------
    Bench
        A method that has failed on images is not on the board, and stands in ``problems``.

    Raises
    ------
    DataError
        If a method, a folder or an option is wrong: before anything is run.
    """
    matting_set, given = load_set(dataset), [str(method) for method in methods]
    if not given:
        raise DataError("no method is named; give methods, or folders of mattes: simd bench SET METHOD...")
    folders = [Path(word) for word in given if _is_folder(word)]
    names = (*BOARD_NAMES, f"{_PREDICTIONS}/", f"{_SCORES}/")
    out = check_output_folder(out, "a board", _holds_bench, names=names, inputs=[dataset, *folders])
    entries = _entries(given, out, _options_by_method(given, options))
    problems: dict[str, str] = {}
    scores: list[Scores] = []
    steps = _Steps(sum(1 + (entry.method is not None) for entry in entries) + 1)
    with locked_folder(out / _SCORES, named=out):
        for entry in entries:
            try:
                if entry.method is not None:
                    steps.say(f"predict with {entry.name}")
                    predict(
                        entry.method,
                        matting_set.path,
                        entry.mattes,
                        workers=_workers(workers, entry.options),
                        **entry.options,
                    )
                steps.say(f"score {entry.name}")
                scores.append(_scored(entry, matting_set, out / _SCORES / entry.name, workers))
            except (BatchError, DataError) as error:
                problems[entry.name] = str(error)
                continue
            if missing := scores[-1].missing:
                problems[entry.name] = f"{len(missing)} of {len(matting_set)} images have no usable matte"
        if not scores:
            raise BatchError(problems, "methods", len(entries))
        steps.say("put them side by side", last=True)
        return Bench(scores, write_leaderboard(scores, out), problems)


class _Steps:
    """Says which of how many steps begins."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def say(self, text: str, *, last: bool = False) -> None:
        self.done = self.total if last else self.done + 1
        _LOG.info("%d/%d  %s", self.done, self.total, text)


def _holds_bench(folder: Path) -> bool:
    """Tell whether a folder is a board, or what an interrupted run has made of one."""
    return is_board(folder) or {path.name for path in folder.iterdir()} <= {_PREDICTIONS, _SCORES}


def _is_folder(word: str) -> bool:
    return word not in METHODS and Path(word).is_dir()


def _entries(words: Sequence[str], out: Path, options: Mapping[str, Mapping[str, Any]]) -> list[_Entry]:
    """Return what to run and to score, each method loaded once to see that it can be."""
    entries: dict[str, _Entry] = {}
    for word in words:
        if _is_folder(word):
            entry = _Entry(real_path(word).name, None, {}, Path(word))
        else:
            if word not in METHODS and ("/" in word or "\\" in word):
                raise DataError(f"{word}: no such folder; a folder of mattes, or a method, is expected")
            name = facts_of(load_method(word, options.get(word))).name.replace(":", "-").replace("/", "-")
            entry = _Entry(name, word, options.get(word, {}), out / _PREDICTIONS / name)
        if entry.name in entries:
            raise DataError(
                f"two of the methods are called {entry.name!r}; rename a folder, or leave one out"
            )
        entries[entry.name] = entry
    return list(entries.values())


def _options_by_method(words: Sequence[str], texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    by_method: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        method, dot, name = key.rpartition(".")
        if not (equals and dot and name):
            raise DataError(
                f"the option {text!r} must be METHOD.KEY=VALUE, as in --option sim.weights=weights"
            )
        if method not in words or _is_folder(method):
            raise DataError(f"the option {text!r} is of {method!r}, which is not among the methods")
        by_method.setdefault(method, []).append(f"{name}={value}")
    return {method: read_options(method, of_method) for method, of_method in by_method.items()}


def _workers(workers: int | None, options: Mapping[str, Any]) -> int:
    if workers is not None:
        return workers
    return default_workers() if options.get("device") in (None, "cpu") else 1


def _scored(entry: _Entry, matting_set: MattingSet, base: Path, workers: int | None) -> Scores:
    """Return the scores of an earlier run, if they still hold, or score."""
    if not _holds_still(entry, matting_set, base):
        evaluate(entry.mattes, matting_set.path, out=base, workers=workers or default_workers())
    return load_scores(base)


def _holds_still(entry: _Entry, matting_set: MattingSet, base: Path) -> bool:
    """Tell whether scores are of these mattes and this set, by this version, and newer than both."""
    summary = base.with_name(f"{base.name}.json")
    if not summary.is_file():
        return False
    try:
        content, scores = read_json(summary), load_scores(base)
    except DataError:
        return False
    of_this = (
        content["metrics_version"] == METRICS_VERSION
        and scores.set.get("digest") == matting_set.digest
        and scores.set.get("name") == matting_set.name
        and real_path(scores.paths.get("predictions", "")) == real_path(entry.mattes)
        and real_path(scores.paths.get("set", "")) == real_path(matting_set.path)
    )
    read = [matting_set.path / INFO_NAME, matting_set.path / ROWS_NAME, entry.mattes, entry.mattes / RUN_NAME]
    read += [path for path in entry.mattes.iterdir() if is_image_name(path.name)]
    scored = summary.stat().st_mtime_ns
    return of_this and all(path.stat().st_mtime_ns < scored for path in read if path.exists())
