"""``simd browse --static``: failures as a page that opens from disk and needs nothing else."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from simd.dataset.manifest import MattingSet, load_set
from simd.errors import DataError
from simd.files import check_replaceable, flush_disks, make_folder, write_atomically
from simd.locks import locked_folder
from simd.metrics.score import METRICS, WHOLE, Score
from simd.missing import none_if_nan
from simd.parallel import run
from simd.progress import track
from simd.records import NOT_TRUTH
from simd.report.browse.failures import (
    CardJob,
    Failure,
    Pictures,
    find_failures,
    mattes_of,
    picture,
    region_classes,
    scored_of,
)
from simd.report.browse.methods import ShownMethod, load_methods, problems
from simd.report.html.render import render, render_page
from simd.report.leaderboard.board import TITLES
from simd.report.leaderboard.examples import error_stops
from simd.report.numbers import scaled
from simd.sources.outputs import begins, check_output_folder, check_output_place, has_file

LARGEST = 2_000_000
"""Bytes that the page stays below; pictures are files beside it."""

_SLACK = 60_000  # bytes for style, script and the list of classes
_MARKER = ".simd-gallery"
_LABELS = {"image": "image", "trimap": "trimap", "alpha": "true alpha"}
_METHOD_LABELS = {"matte": "predicted alpha", "error": "absolute error", "over": "over another colour"}


class Gallery(NamedTuple):
    """A page that was written."""

    page: Path
    cards: int
    methods: int
    problems: dict[str, str]  # "<id>" or "<method>, <id>" to what is wrong with a layer or a matte
    total: int  # mattes that were looked for


def check_of_app(**options: object) -> None:
    """Refuse options of the App where a page is written (DataError), which would pass over them."""
    if given := [name for name, value in options.items() if value is not None]:
        raise DataError(f"{given[0]} is for the App, not for a page; leave it out with --static")


def write_gallery(
    dataset: str | Path,
    out: str | Path,
    *,
    scores: Sequence[str | Path],
    predictions: Sequence[str | Path] = (),
    worst: int = 3,
    workers: int = 1,
) -> Gallery:
    """Write the failures of methods on a set: ``index.html`` below 2 MB, and a folder of pictures.

    Parameters
    ----------
    dataset : path
        A set built by ``simd build``.
    out : path
        A new or empty folder, or that of an earlier page, which is replaced.
    scores, predictions : sequence of path
        As for :func:`simd.report.browse.methods.load_methods`; failures are those of methods with scores.
    worst : int
        Images, and regions, of each class and method.
    workers : int
        Processes that make pictures.

    Raises
    ------
    DataError
        If an input is of another set, there are no scores, or the folder holds something else.
    BusyError
        If another process writes to `out`.
    """
    matting_set, out = load_set(dataset), Path(out)
    methods = load_methods(matting_set, [Path(p) for p in scores], [Path(p) for p in predictions])
    if not any(method.scores for method in methods):
        raise DataError("there are no scores to find failures by; give some: --scores FILE")
    is_ours = has_file(_MARKER, begins("made by simd"))
    check_output_folder(out, "a page", is_ours, inputs=[dataset, *scores, *predictions])
    with locked_folder(out):
        return _write(matting_set, methods, out, worst, workers)


def _write(
    matting_set: MattingSet, methods: Sequence[ShownMethod], out: Path, worst: int, workers: int
) -> Gallery:
    folder = _clean(out)
    failures = find_failures(matting_set, methods, worst)
    pictures, broken = _picture_all(failures, methods, folder, workers)
    cards, size, cut = [], _SLACK, []
    for number, failure in enumerate(failures):
        card = _card(number, failure, pictures[number], methods) if number in pictures else ""
        size += len(card.encode())
        if size > LARGEST:
            cut.append(number)
        elif card:
            cards.append(card)
    for number in cut:
        for file in folder.glob(f"{number}-*.webp"):
            file.unlink()
    page = out / "index.html"
    text = render_page(
        "gallery.html.j2",
        styles=("leaderboard.css", "gallery.css"),
        script="gallery.js",
        dataset=matting_set,
        methods=len(methods),
        cards=cards,
        cut=len(cut),
        selects=_selects(methods, failures),
        stops=error_stops(),
    )
    flush_disks()
    write_atomically(page, text)
    wrong = broken | problems(methods)
    return Gallery(page, len(cards), len(methods), wrong, len(methods) * len(matting_set))


def _clean(out: Path) -> Path:
    """Return an empty folder for pictures; those of an earlier page go."""
    make_folder(out)
    write_atomically(out / _MARKER, "made by simd browse --static, which replaces what lies here\n")
    folder = out / "pictures"
    check_output_place(folder, "the pictures of a page")
    if folder.is_symlink() or not folder.is_dir():
        check_replaceable(folder)
    else:
        shutil.rmtree(folder)
    make_folder(folder)
    return folder


def _picture_all(
    failures: Sequence[Failure], methods: Sequence[ShownMethod], folder: Path, workers: int
) -> tuple[dict[int, Pictures], dict[str, str]]:
    """Return what was pictured, by number, and the images that cannot be read, by id."""
    jobs = [
        CardJob(number, failure, mattes_of(failure, methods), scored_of(failure, methods), folder)
        for number, failure in enumerate(failures)
    ]
    pictured: dict[int, Pictures] = {}
    broken = {}
    for outcome in track(run(picture, jobs, workers=workers), len(jobs), "failures"):
        if outcome.value is None:
            broken[outcome.item.failure.sample.row.id] = outcome.reason or ""
        else:
            pictured[outcome.item.number] = outcome.value
    return pictured, broken


def _selects(methods: Sequence[ShownMethod], failures: Sequence[Failure]) -> list[dict[str, object]]:
    """Return the choices of the page: name, label, (value, text) of each, and the one chosen at first."""
    scored = [(str(i), m.name) for i, m in enumerate(methods) if m.scores is not None]
    every = [(str(i), m.name) for i, m in enumerate(methods)]
    orders = [
        *((m, f"{TITLES[m]}, worst first") for m in METRICS),
        ("-sad", "SAD, best first"),
        ("id", "name"),
    ]
    classes = [("", "all classes"), *((name, name) for name in region_classes(failures))]
    return [
        {"name": "method", "label": "Failures of", "options": scored},
        {
            **{"name": "other", "label": "compared with", "options": every},
            "chosen": scored[1][0] if len(scored) > 1 else every[-1][0],
        },
        {"name": "picture", "label": "slider shows", "options": list(_METHOD_LABELS.items())},
        {"name": "scope", "label": "among", "options": [("image", "images"), ("region", "regions")]},
        {"name": "class", "label": "of", "options": classes},
        {"name": "order", "label": "sorted by", "options": orders},
    ]


def _card(number: int, failure: Failure, pictures: Pictures, methods: Sequence[ShownMethod]) -> Markup:
    return render(
        "gallery_card.html.j2",
        number=number,
        failure=failure,
        row=failure.sample.row,
        whole=failure.region == WHOLE,
        scores=json.dumps([_values(score) for score in failure.scores], separators=(",", ":")),
        reasons=json.dumps(pictures.reasons, separators=(",", ":")),
        size=pictures.size,
        flags=_flags(failure, methods),
        labels=_LABELS,
        method_labels=_METHOD_LABELS,
    )


def _flags(failure: Failure, methods: Sequence[ShownMethod]) -> list[str]:
    row = failure.sample.row
    flags = [
        f"{method.name}: fallback, {reason}" for method in methods if (reason := method.fallback(row.id))
    ]
    if row.alpha_kind in NOT_TRUTH:
        flags.append(f"alpha is not ground truth ({row.alpha_kind.replace('_', ' ')})")
    return flags


def _values(score: Score | None) -> list[float | None] | None:
    """Return the scores in the units in which they are shown; None for what is absent."""
    if score is None:
        return None
    values = {metric: getattr(score, metric) for metric in METRICS}
    return [none_if_nan(float(f"{scaled(v, m):.4g}")) for m, v in values.items()]
