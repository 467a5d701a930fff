"""Score a folder of predicted mattes against a set, per image, class and region."""

from pathlib import Path
from typing import Any, NamedTuple

from simd.dataset.manifest import MattingSet, Sample, load_set
from simd.dataset.trimap import unknown_region
from simd.errors import BatchError, DataError
from simd.files import read_json
from simd.image import is_image_name, read_matte
from simd.journal import Journal
from simd.metrics.alpha import METRICS_VERSION
from simd.metrics.regions import score_regions
from simd.metrics.scores import UNLABELLED, WHOLE, Score, Scores, score_from_row, score_to_row
from simd.parallel import run
from simd.progress import track
from simd.taxonomy import CLASSES, NO_CLASS


class Evaluation(NamedTuple):
    """The scores, and what could not be scored."""

    scores: Scores
    extra: tuple[str, ...]  # files in the folder that belong to no image of the set


class _Job(NamedTuple):
    sample: Sample
    prediction: Path
    fallback: str


def evaluate(
    predictions: str | Path,
    dataset: str | Path,
    *,
    name: str | None = None,
    workers: int = 1,
    state: Path | None = None,
) -> Evaluation:
    """Score predictions, one ``<id>`` image a composite, against a set.

    Every metric counts the unknown region only. 16-bit predictions are used as they are.

    Parameters
    ----------
    predictions : path
        A folder made by ``simd predict`` or by any other program.
    dataset : path
        A set built by ``simd build``.
    name : str, optional
        The method's name on boards; by default the one in run.json, else the folder's.
    workers : int
        Processes; a bounded number of images is held in memory.
    state : path, optional
        A folder to note finished images in, so that an interrupted run can be continued; removed at
        the end.

    Returns
    -------
    Evaluation
        Its ``scores.missing`` says which images have no usable prediction, and why.

    Raises
    ------
    DataError
        If a folder is missing, or the predictions were made for another set.
    """
    folder, matting_set = Path(predictions), load_set(dataset)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; predictions are expected there")
    info = _run_info(folder, matting_set)
    found, missing = _find(folder, matting_set)
    jobs = [
        _Job(sample, found[sample.row.id], info.get("fallbacks", {}).get(sample.row.id, ""))
        for sample in matting_set
        if sample.row.id in found
    ]
    if not jobs:
        raise DataError(f"{folder}: holds no prediction for {matting_set.path}; files are named <id>.png")
    settings = {"predictions": str(folder), "set": matting_set.digest, "metrics_version": METRICS_VERSION}
    scored = _score_all(jobs, missing, workers, Journal(state, settings) if state else None)
    scores = Scores(
        name=name or info.get("method") or folder.resolve().name,
        version=info.get("version", ""),
        set={
            "name": matting_set.name,
            "protocol": str(matting_set.info["protocol"]),
            "digest": matting_set.digest,
            "trimaps_digest": matting_set.trimaps_digest,
        },
        paths={"set": str(matting_set.path), "predictions": str(folder)},
        rows=tuple(score for row in matting_set.rows for score in scored.get(row.id, ())),
        missing=missing,
        seconds_per_image=info.get("seconds_per_image"),
    )
    ids = {row.id for row in matting_set.rows}
    return Evaluation(scores, tuple(file.name for stem, file in found.items() if stem not in ids))


def check_complete(evaluation: Evaluation) -> None:
    """Raise a BatchError if an image of the set has no usable prediction."""
    scores = evaluation.scores
    if scores.missing:
        scored = len({row.id for row in scores.rows})
        raise BatchError(dict(scores.missing), "predictions", scored + len(scores.missing))


def _run_info(folder: Path, matting_set: MattingSet) -> dict[str, Any]:
    if not (folder / "run.json").is_file():
        return {}
    info = read_json(folder / "run.json")
    if not isinstance(info, dict) or not isinstance(info.get("fallbacks", {}), dict):
        raise DataError(
            f"{folder / 'run.json'}: is not a run.json as simd predict writes it; remove or mend it"
        )
    if (digest := info.get("set_digest")) not in (None, matting_set.digest):
        raise DataError(
            f"{folder}: run.json says that these mattes were made for a set with digest {str(digest)[:12]}, "
            f"{matting_set.path} has {matting_set.digest[:12]}; predict this set first"
        )
    return info


def _find(folder: Path, matting_set: MattingSet) -> tuple[dict[str, Path], dict[str, str]]:
    """Pair predictions with the set by name: the files by id, and the reasons for those not there."""
    found: dict[str, Path] = {}
    missing: dict[str, str] = {}
    for file in sorted(p for p in folder.iterdir() if is_image_name(p.name) and not p.name.startswith(".")):
        if file.stem in found:
            missing[file.stem] = f"{found[file.stem].name} and {file.name} share one name; keep one of them"
        found.setdefault(file.stem, file)
    for id_ in missing:
        del found[id_]
    for row in matting_set.rows:
        if row.id not in found and row.id not in missing:
            missing[row.id] = f"{folder / row.id}.png is not there"
    return found, missing


def _score_all(
    jobs: list[_Job], missing: dict[str, str], workers: int, journal: Journal | None
) -> dict[str, list[Score]]:
    """Score what the journal does not have yet; failures go into `missing`."""
    earlier = {} if journal is None else {row["id"]: row for row in journal.rows}
    facts = {job.sample.row.id: _facts(job.prediction) for job in jobs}
    scored = {
        id_: [score_from_row(row) for row in earlier[id_]["scores"]]
        for id_ in facts
        if id_ in earlier and earlier[id_]["facts"] == facts[id_]
    }
    todo = [job for job in jobs if job.sample.row.id not in scored]
    try:
        outcomes = run(_score, todo, workers=workers)
        for outcome in track(outcomes, len(jobs), "images", done=len(scored)):
            id_ = outcome.item.sample.row.id
            if outcome.value is None:
                missing[id_] = outcome.reason or ""
                continue
            scored[id_] = outcome.value
            if journal is not None:
                rows = [score_to_row(score) for score in outcome.value]
                journal.add({"id": id_, "facts": facts[id_], "scores": rows})
    finally:
        if journal is not None:
            journal.close()
    if journal is not None:
        journal.remove()
    return scored


def _facts(prediction: Path) -> list[int]:
    return [prediction.stat().st_size, prediction.stat().st_mtime_ns]


def _score(job: _Job) -> list[Score]:
    """Score one image: all of its unknown region, then each class inside it."""
    sample, row = job.sample, job.sample.row
    pred = read_matte(job.prediction)
    try:
        result = score_regions(pred, sample.alpha, unknown_region(sample.trimap), sample.class_mask)
    except DataError as error:
        raise DataError(f"{job.prediction}: {error}") from None
    parts = {WHOLE: result.whole}
    for index, part in result.by_class.items():
        parts[UNLABELLED if index == NO_CLASS else CLASSES[index]] = part
    return [
        Score(
            id=row.id,
            class_=row.class_,
            fg_id=row.fg_id,
            region=region,
            alpha_kind=row.alpha_kind,
            fallback=job.fallback,
            **part._asdict(),
        )
        for region, part in parts.items()
    ]
