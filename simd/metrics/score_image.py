"""Score one image: read its layers and its matte, each file once, and compute the errors by class."""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simd.errors import DataError
from simd.image import (
    UNKNOWN,
    Mask,
    Matte,
    Prediction,
    UInt8,
    pixel_digest,
    read_matte,
    read_prediction,
)
from simd.layer_checks import count_contradictions, part_of_range
from simd.metrics.score import ENTIRE, METRICS, WHOLE, CutoutErrors, Score, score_from_row, score_to_row
from simd.metrics.truth_of_set import PixelDigests, Truth
from simd.records import UNLABELLED
from simd.schema import AMOUNT, COUNT, DIGEST, INTEGER, NUMBER, SHARE, TEXT, choice, list_of, or_null, record
from simd.taxonomy import CLASSES, NO_CLASS, class_index
from simd.trimap import Trimap, read_mapped_trimap, unknown_region

_NO_TRIMAP = "0" * 64  # in place of the digest of one that is not read
_COMPARED = 10_000  # pixels that tell whether a matte is inverted


_SCORE = record(
    {
        **dict.fromkeys(("id", "fg_id", "alpha_kind", "fallback"), TEXT),
        "class_": choice("", *CLASSES),
        "region": choice(WHOLE, *CLASSES, UNLABELLED, ENTIRE),
        "pixels": COUNT,
        **dict.fromkeys(METRICS, or_null(AMOUNT)),
    },
    {"cutout": list_of(or_null(SHARE), length=len(CutoutErrors._fields))},
)
NOTED = record(
    {
        "id": TEXT,
        "facts": list_of(list_of(INTEGER, length=2)),
        "scores": list_of(_SCORE),
        "pixels": or_null(list_of(DIGEST, length=2)),
        "mapped": COUNT,
        "likeness": NUMBER,
        "contradicted": COUNT,
        "remarks": list_of(TEXT),
    }
)
"""The kind of a row of the journal: :func:`done_to_row` with the image and the state of its files."""


class ScoringJob(NamedTuple):
    """One image to score."""

    truth: Truth
    prediction: str | None  # its path; None: only to digest the truth
    fallback: str
    digest: bool  # whether to digest the pixels of alpha and trimap
    map_trimaps: bool
    region: str = WHOLE  # or ENTIRE
    cutout: bool = False  # whether residue and halo are measured, too


class Done(NamedTuple):
    """What one image has come to."""

    scores: list[Score]
    reason: str = ""  # why there are none
    pixels: PixelDigests | None = None
    mapped: int = 0  # pixels of the trimap that were mapped to 0, 128 and 255
    likeness: float = 0.0  # correlation of matte and truth in the unknown region, -1..1
    contradicted: int = 0  # known pixels of the trimap that the true matte contradicts
    remarks: tuple[str, ...] = ()  # on the prediction


class DoneWithFacts(NamedTuple):
    """What one image has come to, and the state of its files before they were read."""

    done: Done
    facts: list[list[int]]


def score_with_facts(job: ScoringJob) -> DoneWithFacts:
    """Score an image, see :func:`score`, and say of which files: they may be others when a run goes on."""
    facts = facts_of(job)
    return DoneWithFacts(score(job), facts)


def facts_of(job: ScoringJob) -> list[list[int]]:
    """Return size and time of each file of a job, so that what has changed since is scored again."""
    return facts_of_files([*job.truth.files, *([Path(job.prediction)] if job.prediction else [])])


def facts_of_files(files: Iterable[Path]) -> list[list[int]]:
    """Return size and time of each file that is there."""
    stats = [file.stat() for file in files if file.is_file()]
    return [[stat.st_size, stat.st_mtime_ns] for stat in stats]


def score(job: ScoringJob) -> Done:
    """Score all of an image's unknown region, then each class inside it; or all of its pixels.

    Raises
    ------
    DataError
        If the truth cannot be read. A bad prediction is a reason: the truth is digested all the same.
    """
    truth = job.truth
    alpha: Matte
    if truth.sample is not None:
        alpha, digest = truth.sample.read("alpha"), ""
    else:
        alpha, digest = _read_alpha(truth.alpha, _time(truth.alpha), job.digest)
    if job.region == ENTIRE:
        trimap = Trimap(np.full(alpha.shape, UNKNOWN, np.uint8), 0)  # nothing is known
    elif truth.sample is not None:
        trimap = Trimap(truth.sample.read("trimap"), 0)
    else:
        assert truth.trimap is not None
        trimap = read_mapped_trimap(truth.trimap, map_other=job.map_trimaps)
    if trimap.pixels.shape != alpha.shape:
        raise DataError(
            f"{truth.trimap} {trimap.pixels.shape} and {truth.alpha} {alpha.shape} must share one (H, W)"
        )
    of_trimap = pixel_digest(trimap.pixels) if job.digest and job.region == WHOLE else _NO_TRIMAP
    pixels = PixelDigests(digest, of_trimap) if job.digest else None
    contradicted = count_contradictions(alpha, trimap.pixels)
    if job.prediction is None:
        return Done([], "", pixels, trimap.mapped, contradicted=contradicted)
    try:
        prediction = read_prediction(Path(job.prediction))
        scores, likeness = _scores(job, prediction.matte, alpha, trimap.pixels)
    except DataError as error:
        return Done([], str(error), pixels, trimap.mapped, contradicted=contradicted)
    return Done(scores, "", pixels, trimap.mapped, likeness, contradicted, _remarks(prediction, alpha))


def done_to_row(done: Done) -> dict[str, Any]:
    """Return what a journal keeps of an image that was scored."""
    return {
        "scores": [score_to_row(score) for score in done.scores],
        "pixels": done.pixels,
        "mapped": done.mapped,
        "likeness": done.likeness,
        "contradicted": done.contradicted,
        "remarks": list(done.remarks),
    }


def done_from_row(row: Mapping[str, Any]) -> Done:
    """Make the result of :func:`done_to_row` again."""
    pixels = PixelDigests(*row["pixels"]) if row["pixels"] else None
    return Done(
        [score_from_row(score) for score in row["scores"]],
        "",
        pixels,
        row["mapped"],
        row.get("likeness", 0.0),
        row.get("contradicted", 0),
        tuple(row.get("remarks", ())),
    )


def _remarks(prediction: Prediction, alpha: Matte) -> tuple[str, ...]:
    """Say what is strange about a prediction: a cut-out, or levels that span less than those of the truth."""
    levels = part_of_range(prediction.matte)
    return (
        *(("is a cut-out, of which the alpha is scored",) if prediction.is_cutout else ()),
        *((levels.detail,) if levels is not None and part_of_range(alpha) is None else ()),
    )


def _scores(job: ScoringJob, pred: Matte, alpha: Matte, trimap: UInt8) -> tuple[list[Score], float]:
    from simd.metrics.cutout import cutout_errors  # they bring the compiler, which only workers need
    from simd.metrics.regions import RegionScore, score_regions

    truth, unknown = job.truth, unknown_region(trimap)
    if job.region == ENTIRE:
        class_mask = np.full(trimap.shape, NO_CLASS, np.uint8)  # classes are of unknown pixels alone
    elif truth.sample is not None and truth.masked:
        class_mask = truth.sample.read("class_mask")
    else:
        class_mask = np.full(trimap.shape, class_index(truth.class_) if truth.class_ else NO_CLASS, np.uint8)
    try:
        result = score_regions(pred, alpha, unknown, class_mask)
    except DataError as error:
        raise DataError(f"{job.prediction}: {error}") from None
    cutout = cutout_errors(pred, alpha) if job.cutout else None
    nothing = RegionScore(0, *[math.nan] * len(METRICS))  # a sum over no pixel is 0, which reads as perfect
    parts = {job.region: result.whole if result.whole.pixels else nothing}
    for index, part in result.by_class.items() if job.region == WHOLE else ():
        parts[UNLABELLED if index == NO_CLASS else CLASSES[index]] = part
    scores = [
        Score(
            id=truth.id,
            class_=truth.class_,
            fg_id=truth.fg_id,
            region=region,
            alpha_kind=truth.alpha_kind,
            fallback=job.fallback,
            cutout=cutout if region == job.region else None,
            **part._asdict(),
        )
        for region, part in parts.items()
    ]
    return scores, _likeness(pred, alpha, unknown)


def _likeness(pred: Matte, alpha: Matte, unknown: Mask) -> float:
    """Return the correlation of some of the unknown pixels; 0 where either matte is constant."""
    places = np.flatnonzero(unknown)
    places = places[:: 1 + len(places) // _COMPARED]
    levels, truth = (np.asarray(matte.ravel()[places], dtype=np.float64) for matte in (pred, alpha))
    if len(places) < 2 or not np.ptp(levels) or not np.ptp(truth):
        return 0.0
    return float(np.corrcoef(levels, truth)[0, 1])


@lru_cache(maxsize=1)  # the composites of one foreground, scored one after the other, share its alpha
def _read_alpha(path: Path, _time: int, digest: bool) -> tuple[Matte, str]:
    alpha = read_matte(path)
    return alpha, pixel_digest(alpha.view(np.uint8)) if digest else ""


def _time(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0
