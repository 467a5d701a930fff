"""``simd browse --static``: failures as a page that opens from disk and needs nothing else."""

import json
import math
import shutil
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from simd.dataset.manifest import MattingSet, load_set
from simd.errors import DataError
from simd.files import make_folder, write_atomically
from simd.metrics.scores import METRICS, NOT_TRUTH, WHOLE, Score
from simd.parallel import run
from simd.progress import track
from simd.report.browse.failures import (
    LAYERS,
    METHOD_LAYERS,
    CardJob,
    Failure,
    Pictures,
    find_failures,
    mattes_of,
    picture,
    region_classes,
    scored_of,
)
from simd.report.browse.methods import Method, load_methods, problems
from simd.report.html.frame import frame, read_template
from simd.report.leaderboard.board import TITLES, plural, scaled, short
from simd.report.leaderboard.examples import error_stops
from simd.report.leaderboard.page_tables import chip

LARGEST = 2_000_000
"""Bytes that the page stays below; pictures are files beside it."""

_SLACK = 60_000  # bytes for style, script and the list of classes
_MARKER = ".simd-gallery"
_LABELS = {"image": "image", "trimap": "trimap", "alpha": "true alpha"}
_METHOD_LABELS = {"matte": "predicted alpha", "error": "absolute error", "over": "over another colour"}
_INTRO = """The worst images and class regions of each method, by SAD in the unknown region. Choose whose
failures to see, and whom to compare with: drag the slider of the last picture. Regions are cut out."""


class Gallery(NamedTuple):
    """A page that was written."""

    page: Path
    cards: int
    methods: int
    problems: dict[str, str]  # "<id>" or "<method>, <id>" to what is wrong with a layer or a matte
    total: int  # mattes that were looked for


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
    """
    matting_set, out = load_set(dataset), Path(out)
    methods = load_methods(matting_set, [Path(p) for p in scores], [Path(p) for p in predictions])
    if not any(method.scores for method in methods):
        raise DataError("there are no scores to find failures by; give some: --scores FILE")
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
    write_atomically(page, _page(matting_set, methods, failures, cards, len(cut)))
    wrong = broken | problems(methods)
    return Gallery(page, len(cards), len(methods), wrong, len(methods) * len(matting_set))


def _clean(out: Path) -> Path:
    """Return an empty folder for pictures; an earlier page goes, anything else is refused."""
    if out.exists() and not (out / _MARKER).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: is not an empty folder, nor one of simd browse --static; choose another")
    make_folder(out)
    write_atomically(out / _MARKER, "made by simd browse --static, which replaces what lies here\n")
    folder = out / "pictures"
    if folder.exists():
        shutil.rmtree(folder)
    make_folder(folder)
    return folder


def _picture_all(
    failures: Sequence[Failure], methods: Sequence[Method], folder: Path, workers: int
) -> tuple[dict[int, Pictures], dict[str, str]]:
    """Return what was pictured, by number, and the images that cannot be read, by id."""
    jobs = [
        CardJob(number, failure, mattes_of(failure, methods), scored_of(failure, methods), folder)
        for number, failure in enumerate(failures)
    ]
    made: dict[int, Pictures] = {}
    broken = {}
    for outcome in track(run(picture, jobs, workers=workers), len(jobs), "failures"):
        if outcome.value is None:
            broken[outcome.item.failure.sample.row.id] = outcome.reason or ""
        else:
            made[outcome.item.number] = outcome.value
    return made, broken


def _page(
    dataset: MattingSet,
    methods: Sequence[Method],
    failures: Sequence[Failure],
    cards: Sequence[str],
    cut: int,
) -> str:
    """Return the page; `cut` failures are too many for it."""
    more = f" The {cut:,} least of them are left out, so that this page stays small." if cut else ""
    lead = (
        f"<p><b>{escape(dataset.name)}</b> <code>{escape(short(dataset.digest))}</code>, "
        f"{plural(len(dataset), 'image')}, {plural(len(methods), 'method')}, {plural(len(cards), 'failure')}."
        f"{more}</p>"
    )
    # a picture lies beside the page: 'self' where it is served, file: where it is opened from disk
    return frame(
        "Where methods fail",
        _INTRO,
        lead,
        f'{_controls(methods, failures)}<div class="cards">{"".join(cards)}</div>'
        '<p class="nothing none" hidden>Nothing here fits the choice above.</p>',
        style=read_template("leaderboard.css") + read_template("gallery.css"),
        script=read_template("gallery.js"),
        pictures="'self' file: data:",
    )


def _controls(methods: Sequence[Method], failures: Sequence[Failure]) -> str:
    scored = [(str(i), m.name) for i, m in enumerate(methods) if m.scores is not None]
    every = [(str(i), m.name) for i, m in enumerate(methods)]
    classes = [("", "all classes"), *((name, name) for name in region_classes(failures))]
    scopes = [("image", "images"), ("region", "regions")]
    orders = [*((m, f"{TITLES[m]}, worst first") for m in METRICS), ("-sad", "SAD, best first")]
    pictures = [(name, _METHOD_LABELS[name]) for name in METHOD_LAYERS]
    against = scored[1][0] if len(scored) > 1 else every[-1][0]
    selects = (
        _select("method", "Failures of", scored),
        _select("other", "compared with", every, chosen=against),
        _select("picture", "slider shows", pictures),
        _select("scope", "among", scopes),
        _select("class", "of", classes),
        _select("order", "sorted by", [*orders, ("id", "name")]),
    )
    stops = ", ".join(error_stops())
    return (
        f'<form class="controls" autocomplete="off">{"".join(selects)}<output></output></form>'
        '<p class="legend">Absolute error of alpha: <span>0</span>'
        f'<i style="background:linear-gradient(90deg, {stops})"></i><span>1</span></p>'
    )


def _select(name: str, label: str, options: Sequence[tuple[str, str]], chosen: str | None = None) -> str:
    made = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options
    )
    return f'<label>{label} <select name="{name}">{made}</select></label>'


def _card(number: int, failure: Failure, pictures: Pictures, methods: Sequence[Method]) -> str:
    row = failure.sample.row
    whole = failure.region == WHOLE
    data = {
        "number": str(number),
        "scope": "image" if whole else "region",
        "class": failure.class_,
        "id": row.id,
        "worst": " ".join(map(str, sorted(failure.worst))),
        "scores": json.dumps([_values(score) for score in failure.scores], separators=(",", ":")),
        "reasons": json.dumps(pictures.reasons, separators=(",", ":")),
    }
    attributes = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items())
    height, width = pictures.size
    size = f'width="{width}" height="{height}" loading="lazy" decoding="async" alt=""'
    given = "".join(
        f'<div class="tile"><div class="label">{_LABELS[layer]}</div>'
        f'<img src="pictures/{number}-{layer}.webp" {size}></div>'
        for layer in LAYERS
    )
    made = "".join(
        f'<div class="tile"><div class="label">{_METHOD_LABELS[layer]}</div>'
        f'<img data-layer="{layer}" {size}></div>'
        for layer in METHOD_LAYERS
    )
    compare = (
        '<div class="tile"><div class="label versus"></div><div class="compare">'
        f'<img data-layer="other" {size}><img data-layer="own" {size}>'
        '<input type="range" min="0" max="100" value="50" aria-label="Share of the first method"></div></div>'
    )
    over = f" over <em>{escape(row.bg_id)}</em>" if row.bg_id else ""
    kind = "" if whole else f"<span>region of <b>{escape(row.class_)}</b></span> "
    return (
        f'<figure class="card"{attributes} hidden><figcaption>'
        f"{chip(failure.class_)}<b>{escape(failure.class_)}</b> {kind}"
        f"<span><em>{escape(row.fg_id)}</em>{over}</span>{_flags(failure, methods)}"
        f'<code>{escape(row.id)}</code></figcaption><p class="said"></p>'
        f'<div class="tiles">{given}{made}{compare}</div></figure>\n'
    )


def _flags(failure: Failure, methods: Sequence[Method]) -> str:
    row = failure.sample.row
    said = [f"{method.name}: fallback, {reason}" for method in methods if (reason := method.fallback(row.id))]
    if row.alpha_kind in NOT_TRUTH:
        said.append(f"alpha is not ground truth ({row.alpha_kind.replace('_', ' ')})")
    return "".join(f'<span class="flag">{escape(text)}</span>' for text in said)


def _values(score: Score | None) -> list[float | None] | None:
    """Return the scores in the units in which they are shown; None for what is absent."""
    if score is None:
        return None
    values = {metric: getattr(score, metric) for metric in METRICS}
    return [None if math.isnan(v) else float(f"{scaled(v, m):.4g}") for m, v in values.items()]
