"""The whole way on built-in data, in minutes: what a newcomer runs first."""

import logging
import time
from pathlib import Path

from simd.composition.build import build
from simd.composition.spec import read_spec
from simd.dataset.manifest import INFO_NAME, MattingSet, load_set
from simd.dataset.resumable_writing import is_unfinished
from simd.errors import DataError
from simd.locks import locked_folder
from simd.methods.predict import predict
from simd.metrics.evaluate import check_complete, evaluate
from simd.parallel import default_workers
from simd.report.leaderboard.terminal import print_board
from simd.report.leaderboard.write import write_leaderboard
from simd.report.sheets.overview import write_overview
from simd.report.statistics.measure import measure_set
from simd.report.statistics.page import write_statistics
from simd.sources.outputs import check_output_folder

METHODS = ("trimap", "closed-form", "shared", "random-walk", "fused")
_PARTS = ("set/", "statistics/", "overview.png", "predictions/", "scores/", "leaderboard/")
_LOG = logging.getLogger(__name__)
SET = "simd-open-mini"
"""20 classes × 2 foregrounds × 2 backgrounds, longest side 320."""


def run_demo(out: str | Path, *, workers: int | None = None) -> Path:
    """Build a class-balanced set, predict it with five methods, score them, and write a leaderboard.

    Parameters
    ----------
    out : path
        Folder for everything; a demo that was interrupted is continued.
    workers : int, optional
        Processes; all processors by default.

    Returns
    -------
    Path
        The leaderboard page.
    """
    out = check_output_folder(out, "the demo", _holds_demo, names=_PARTS)
    with locked_folder(out):
        return _run(out, workers or default_workers())


def _holds_demo(folder: Path) -> bool:
    demo_set = folder / "set"
    return is_unfinished(demo_set) or load_set(demo_set).name == SET


def _run(out: Path, workers: int) -> Path:
    start = time.monotonic()
    _say("1/5  build a set: 20 classes x 2 foregrounds x 2 backgrounds")
    matting_set = _set(out / "set", workers)
    _say("2/5  measure it")
    write_statistics(measure_set(matting_set, workers=workers), out / "statistics")
    overview = write_overview(matting_set, out / "overview.png")
    scores = []
    for method in METHODS:
        _say(f"3/5  predict with {method}")
        answers = out / "predictions" if method == "fused" else None  # those of the methods before
        predict(method, out / "set", out / "predictions" / method, answers=answers, workers=workers)
        _say(f"4/5  score {method}")
        evaluation = evaluate(out / "predictions" / method, out / "set", workers=workers)
        evaluation.scores.save(out / "scores" / method)
        check_complete(evaluation)
        scores.append(evaluation.scores)
    _say("5/5  put the methods side by side")
    page = write_leaderboard(scores, out / "leaderboard")[0]
    print_board(scores)
    _say(f"done in {time.monotonic() - start:.0f} s; open")
    for file, what in (
        (page, "the leaderboard, with examples"),
        (out / "statistics" / "index.html", "what the set is made of"),
        (overview, "foregrounds, class masks and composites"),
        (out / "set" / "image", "all composites"),
    ):
        _say(f"  {file}  {what}")
    return page


def _set(folder: Path, workers: int) -> MattingSet:
    if (folder / INFO_NAME).is_file() and not (folder / ".build").exists():
        demo_set = load_set(folder)
        if demo_set.name != SET:
            raise DataError(f"{folder}: holds another set, {demo_set.name!r}; choose another --out")
        return demo_set
    return build(folder, workers=workers, **read_spec(SET))


def _say(text: str) -> None:
    _LOG.info(text)
