"""Score a folder of predicted mattes against the truth, per image, class and region."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from simd.arguments import checked
from simd.dataset.manifest import load_set
from simd.dataset.predictions import RunRecord
from simd.dataset.review import read_review
from simd.errors import BatchError, DataError, expected_and_present, first_of
from simd.files import no_such_folder
from simd.garbage import search_put_off
from simd.journal import Journal, by_item, resumed
from simd.layer_checks import CONTRADICTS
from simd.locks import locked_folder
from simd.metrics.prediction_files import PredictionFiles, find_predictions, read_run_for
from simd.metrics.score import ENTIRE, METRICS_VERSION, WHOLE, WHOLE_IMAGES, sharing_texts
from simd.metrics.score_image import (
    NOTED,
    Done,
    ScoringJob,
    done_from_row,
    done_to_row,
    facts_of,
    score_with_facts,
)
from simd.metrics.scores import Scores, check_scores_place
from simd.metrics.training_leaks import remarks_on_training
from simd.metrics.truth_of_folders import truths_of_folders
from simd.metrics.truth_of_set import Truths, digests, leave_out, of_whole_images, truths_of_set
from simd.taxonomy import suggest
from simd.trimap import FOREGROUND_FROM, UNKNOWN_FROM

_LOG = logging.getLogger(__name__)
_NAMED = 4  # images without unknown pixels in a remark
_INVERTED = -0.5  # a correlation below it is no accident


class Evaluation(NamedTuple):
    """The scores, and what could not be scored."""

    scores: Scores
    extra: tuple[str, ...]  # files in the folder that belong to no image of the truth

    def __repr__(self) -> str:
        extra = f", {len(self.extra)} other files" if self.extra else ""
        return f"<Evaluation: {self.scores!r}{extra}>"

    def _repr_html_(self) -> str:
        """Return the means as a table, for notebooks."""
        return self.scores._repr_html_()


@checked
def evaluate(
    predictions: str | Path,
    dataset: str | Path | Truths | None = None,
    *,
    alpha: str | Path | None = None,
    trimap: str | Path | None = None,
    classes: str | Path | None = None,
    map_trimaps: bool = False,
    region: str | None = None,
    review: str | Path | None = None,
    proposals: bool = False,
    cutout: bool = False,
    out: str | Path | None = None,
    name: str | None = None,
    workers: int = 1,
    state: Path | None = None,
) -> Evaluation:
    """Score predictions, one ``<id>`` image a composite, against a set or folders of alphas and trimaps.

    Every metric counts the unknown region only, unless `region` says otherwise. 16-bit predictions are used
    as they are.

    Parameters
    ----------
    predictions : path
        A folder made by ``simd predict`` or by any other program.
    dataset : path or Truths
        A set built by ``simd build``, or what
        :func:`simd.metrics.truth_of_folders.truths_of_folders` returns.
    alpha, trimap, classes, map_trimaps, review, proposals
        In place of a set, folders of true mattes and trimaps; what to leave out; whether class masks that
        nobody has reviewed count (:func:`find_truths`).
    region : {"unknown", "whole"}, optional
        What is counted: the unknown region of the trimaps, or all pixels of the images, as papers without
        trimaps print it (with MAD, the mean absolute difference). Boards keep the two apart. By default the
        unknown region; of alphas without trimaps whole images, which the log says.
    cutout : bool
        Whether to measure residue and halo, too (:func:`simd.metrics.cutout.cutout_errors`): in three more
        columns, of whole images only.
    out : path, optional
        Where scores are saved: ``<out>.csv`` and ``<out>.json``. An interrupted run is continued.
    name : str, optional
        The method's name on boards; by default the one in run.json, else the folder's.
    workers : int
        Processes; each holds the layers of one image, and an alpha that the next image may share.
    state : path, optional
        A folder to note finished images in, so that an interrupted run can be continued; removed at
        the end. By default beside `out`.

    Returns
    -------
    Evaluation
        Its ``scores.missing`` says which images have no usable prediction, and why.

    Raises
    ------
    DataError
        If a folder is missing, or the predictions were made for another set.
    """
    if out is not None:
        named = [None if isinstance(dataset, Truths) else dataset, alpha, trimap]
        out = check_scores_place(out, inputs=[predictions, *named, classes, review])
    region = region or region_of(dataset, alpha, trimap)
    if region not in WHOLE_IMAGES:
        raise DataError(
            f"unknown region {region!r}{suggest(region, WHOLE_IMAGES)}; there are unknown and whole"
        )
    if isinstance(dataset, Truths):
        truths = dataset if region == WHOLE else of_whole_images(dataset)
    else:
        truths = find_truths(
            _path(dataset),
            alpha=_path(alpha),
            trimap=_path(trimap),
            classes=_path(classes),
            map_trimaps=map_trimaps,
            region=region,
            review=_path(review),
            proposals=proposals,
        )
    if out is not None and state is None:
        state = Path(out).with_name(f".{Path(out).name}.partial")
    folder = Path(predictions)
    record, matched = matched_predictions(folder, truths)
    with _journal(state, folder, truths, out=out) as journal:
        done = _score_all(_jobs(truths, matched, record, cutout=cutout), workers, journal)
        missing = matched.missing | {id_: result.reason for id_, result in done.items() if result.reason}
        scores = Scores(
            name=name or record.method,
            version=record.version,
            set=truths.set if truths.identified else _identify(truths, done),
            paths={**truths.paths, "predictions": str(folder)},
            rows=tuple(row for image in truths.images if image.id in done for row in done[image.id].scores),
            missing=missing,
            seconds_per_image=record.seconds_per_image,
            remarks=(
                *truths.remarks,
                *remarks_on_training(truths, record),
                *_remarks_on_empty(done),
                *_remarks_on_trimaps(done),
                *_remarks_on_inverted(done),
                *_remarks_on_predictions(done),
            ),
        )
        if out is not None:
            scores.save(Path(out))
    return Evaluation(scores, matched.extra)


def matched_predictions(folder: Path, truths: Truths) -> tuple[RunRecord, PredictionFiles]:
    """Read run.json and pair predictions with images; DataError if there are none, or of another set."""
    if not folder.is_dir():
        raise no_such_folder(folder, "predictions are")
    record = read_run_for(folder, truths)
    matched = find_predictions(folder, truths)
    if not matched.files:
        names = expected_and_present((f"{image.id}.png" for image in truths.images), matched.extra)
        inside = [] if matched.extra else [path.name for path in sorted(folder.iterdir()) if path.is_dir()]
        if inside:
            names = f"it holds folders; name one of them: {first_of(inside, 5)}"
        raise DataError(f"{folder}: holds no prediction for {truths.origin}: {names}")
    return record, matched


def region_of(
    dataset: str | Path | Truths | None, alpha: str | Path | None, trimap: str | Path | None
) -> str:
    """Return what is counted where nobody says it: whole images where alphas have no trimaps, and log it."""
    if dataset is not None or alpha is None or trimap is not None:
        return WHOLE
    _LOG.warning("%s: has no trimaps (--trimap), so whole images are scored, as with --region whole", alpha)
    return ENTIRE


def check_complete(evaluation: Evaluation) -> None:
    """Raise a BatchError if an image has no usable prediction."""
    scores = evaluation.scores
    if scores.missing:
        scored = len({row.id for row in scores.rows})
        raise BatchError(dict(scores.missing), "predictions", scored + len(scores.missing))


def check_no_extra(evaluation: Evaluation) -> None:
    """Raise a DataError if the folder of predictions holds images that belong to no image of the set."""
    if extra := evaluation.extra:
        named = first_of(extra, 8, count=True)
        raise DataError(
            f"{evaluation.scores.paths['predictions']}: {len(extra)} files belong to no image and were not "
            f"scored: {named}; name them as their images, or take them out of the folder"
        )


def find_truths(
    dataset: Path | None,
    *,
    alpha: Path | None = None,
    trimap: Path | None = None,
    classes: Path | None = None,
    map_trimaps: bool = False,
    region: str = WHOLE,
    review: Path | None = None,
    proposals: bool = False,
) -> Truths:
    """Return the truth of a set, or that of folders of alphas and trimaps; DataError where both are given.

    What `review` excludes is left out. Whole images need no trimaps. The regions of a set's class masks that
    nobody has reviewed count with `proposals`; else their images count for their primary class alone.
    """
    answers = None if review is None else read_review(review)
    if dataset is not None:
        if alpha or trimap or classes or map_trimaps:
            raise DataError(
                f"{dataset} is a set and says itself what its alphas, trimaps and classes are; leave out "
                "--alpha, --trimap, --classes and --map-trimaps, or leave out the set"
            )
        truths = truths_of_set(load_set(dataset), answers, proposals=proposals)
        return truths if region == WHOLE else of_whole_images(truths)
    if region != WHOLE and (trimap or map_trimaps):
        raise DataError(
            f"--region {region} counts all pixels and reads no trimap; leave --trimap and --map-trimaps out"
        )
    if alpha is None or (trimap is None and region == WHOLE):
        raise DataError(
            "nothing to score against; give a set, or two folders: --alpha DIR --trimap DIR; with "
            "--alpha DIR alone whole images are scored"
        )
    truths = truths_of_folders(alpha, trimap, classes=classes, map_trimaps=map_trimaps)
    truths = truths if region == WHOLE else of_whole_images(truths)
    return truths if answers is None else leave_out(truths, answers)


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


@search_put_off()
def _jobs(truths: Truths, matched: PredictionFiles, record: RunRecord, *, cutout: bool) -> list[ScoringJob]:
    digest, files, fallbacks = not truths.identified, matched.files, record.fallbacks
    settings = digest, truths.map_trimaps, truths.region, cutout
    return [
        ScoringJob(image, files.get(image.id), fallbacks.get(image.id, ""), *settings)
        for image in truths.images
        if digest or image.id in files
    ]


@contextmanager
def _journal(
    state: Path | None, predictions: Path, truths: Truths, *, out: str | Path | None
) -> Iterator[Journal | None]:
    """Hold the state of a run until its scores are saved; only then it is removed."""
    if state is None:
        yield None
        return
    with locked_folder(state, named=None if out is None else Path(out)):
        journal = _opened(state, predictions, truths)
        yield journal
        journal.remove()


def _opened(state: Path, predictions: Path, truths: Truths) -> Journal:
    settings = {"predictions": str(predictions), "set": truths.key, "metrics_version": METRICS_VERSION}
    try:
        return Journal(state, settings)
    except DataError as error:
        if not (state / "settings.json").is_file():
            raise
        raise DataError(
            f"{state}: an unfinished evaluation of other mattes or of another set is noted here; finish it "
            f"with its own command, remove {state}, or choose another --out"
        ) from error


def _score_all(jobs: list[ScoringJob], workers: int, journal: Journal | None) -> dict[str, Done]:
    """Score what the journal does not have yet, in the order in which images finish."""
    asked = {_id(job): job for job in jobs}
    facts: dict[str, list[list[int]]] = {}  # of what has just come

    def load(row: dict[str, Any]) -> Done | None:
        job = asked[row["id"]]
        done = done_from_row(row) if row.get("facts") == facts_of(job) else None
        measured = done is not None and any(score.cutout for score in done.scores)
        return done if done is None or not done.scores or measured == job.cutout else None

    def work(left: list[ScoringJob]) -> Iterator[tuple[str, Done | str]]:
        for id_, done in by_item(score_with_facts, key=_id, workers=workers)(left):
            if isinstance(done, str):
                yield id_, done
            else:
                facts[id_] = done.facts
                scores = [sharing_texts(score, id_) for score in done.done.scores]
                yield id_, done.done._replace(scores=scores)

    def dump(id_: str, done: Done) -> dict[str, Any] | None:
        of_image = facts.pop(id_)
        return None if done.reason else {"id": id_, "facts": of_image, **done_to_row(done)}

    done, failures = resumed(journal, jobs, work, key=_id, load=load, dump=dump, kind=NOTED, what="images")
    return done | {id_: Done([], reason) for id_, reason in failures.items()}


def _id(job: ScoringJob) -> str:
    return job.truth.id


def _identify(truths: Truths, done: dict[str, Done]) -> dict[str, str]:
    """Return what stands for a set: its name, and digests of the pixels that were read."""
    pixels = {id_: result.pixels for id_, result in done.items() if result.pixels is not None}
    return {**truths.set, **digests(truths.images, pixels)}


def _remarks_on_predictions(done: dict[str, Done]) -> tuple[str, ...]:
    """Say of what is strange about predictions how often it is so, and of one by name."""
    counts = Counter(remark for image in done.values() for remark in image.remarks)
    first = {remark: id_ for id_, image in sorted(done.items(), reverse=True) for remark in image.remarks}
    return tuple(
        f"{count} of {len(done)} predictions, as {first[remark]}: {remark}."
        for remark, count in counts.most_common()
    )


def _remarks_on_empty(done: dict[str, Done]) -> tuple[str, ...]:
    """Name the images of which nothing can be scored."""
    empty = [id_ for id_, image in done.items() if image.scores and image.scores[0].is_empty]
    if not empty:
        return ()
    names = first_of(empty, _NAMED)
    return (
        f"{len(empty)} of {len(done)} images have no unknown pixel, so nothing of them can be scored and no "
        f"mean counts them: {names}.",
    )


def _remarks_on_trimaps(done: dict[str, Done]) -> tuple[str, ...]:
    contradicted = {id_: image.contradicted for id_, image in done.items() if image.contradicted}
    if contradicted:
        worst = max(contradicted, key=lambda id_: contradicted[id_])
        contradictions: tuple[str, ...] = (
            f"{len(contradicted)} of {len(done)} true mattes contradict their trimaps, in "
            f"{sum(contradicted.values()):,} known pixels (more than {CONTRADICTS} of 255 levels away), most "
            f"of all {worst} with {contradicted[worst]:,}: do they belong together?",
        )
    else:
        contradictions = ()
    mapped = [result.mapped for result in done.values() if result.mapped]
    if not mapped:
        return contradictions
    return (
        *contradictions,
        f"{len(mapped)} of {len(done)} trimaps held other values than 0, 128 and 255, in {sum(mapped):,} "
        f"pixels, which were mapped: below {UNKNOWN_FROM} background, from {FOREGROUND_FROM} on foreground.",
    )


def _remarks_on_inverted(done: dict[str, Done]) -> tuple[str, ...]:
    """Say that mattes fit the truth upside down: a common slip, which a mean alone does not show."""
    scored = [of_image for of_image in done.values() if of_image.scores]
    inverted = sum(of_image.likeness < _INVERTED for of_image in scored)
    if not scored or inverted <= len(scored) / 2:
        return ()
    return (
        f"{inverted} of {len(scored)} mattes fall where the truth rises: they look inverted. White has to be "
        "foreground; if these are mattes of the background, invert them and score again.",
    )
