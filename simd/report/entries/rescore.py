"""Entries of an earlier version of the metrics, scored again where their mattes are at hand."""

from dataclasses import dataclass
from pathlib import Path

from simd.arguments import checked
from simd.dataset.manifest import INFO_NAME
from simd.dataset.predictions import read_run
from simd.errors import DataError, SimdError
from simd.metrics.score import METRICS, METRICS_VERSION, WHOLE, score_to_row
from simd.metrics.score_summary import class_mean_errors, mean_errors, whole_images
from simd.metrics.scores import Scores
from simd.report.entries.card import NONE, UNKNOWN
from simd.report.entries.check import scored_again
from simd.report.entries.files import (
    SCORES_NAME,
    Correction,
    Entry,
    make_entry,
    read_entries,
)
from simd.schema import differing
from simd.temporary import temporary_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """What has become of the entries of a folder, by their folders in it."""

    renewed: dict[str, tuple[Correction, ...]]
    current: tuple[str, ...]  # of this version already
    failures: dict[str, str]  # why an entry stays as it is


@checked
def rescore_entries(
    entries: str | Path, predictions: str | Path, sets: str | Path, *, workers: int = 1
) -> Rescored:
    """Score the mattes of all entries of an earlier version of the metrics again, and renew the entries.

    What that has changed is added to corrections.csv of each, and boards say it.

    Parameters
    ----------
    entries : path
        A folder of entries.
    predictions : path
        The folder of mattes, those of an entry in a folder of the entry's name in `entries`.
    sets : path
        The folder of the sets, each in a folder of its name; what was scored on folders, in one with
        ``alpha``, ``trimap`` and perhaps ``classes.csv``.
    workers : int
        Processes.

    Returns
    -------
    Rescored
        An entry whose mattes or set are not at hand, or are others now, stays as it is and says why.
    """
    entries, renewed, current = Path(entries), {}, []
    present, failures = read_entries(entries)
    for entry in present:
        place = entry.folder.relative_to(entries).as_posix()
        if entry.card.metrics_version == METRICS_VERSION:
            current.append(place)
            continue
        try:
            renewed[place] = _rescore(entry, Path(predictions) / place, Path(sets) / entry.card.set, workers)
        except SimdError as error:
            failures[place] = str(error)
    return Rescored(renewed=renewed, current=tuple(current), failures=failures)


def _rescore(entry: Entry, mattes: Path, matting_set: Path, workers: int) -> tuple[Correction, ...]:
    for folder, what in ((mattes, "its mattes are"), (matting_set, "its set is")):
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder, where {what} expected; it stays as it is")
    record = read_run(mattes)
    version = (record.version if record else "") or UNKNOWN
    if version != entry.card.version:
        raise DataError(
            f"{mattes}: its mattes are of version {version!r} of the method, the entry is of "
            f"{entry.card.version!r}; it stays as it is"
        )
    digest = (record.checkpoint_digest if record else "") or NONE
    if entry.card.weights_sha256 not in (UNKNOWN, digest):
        raise DataError(f"{mattes}: its mattes are of other weights than the entry's; it stays as it is")
    with temporary_folder() as work:
        base = work / SCORES_NAME
        truth = _truth(matting_set, entry)
        again = scored_again(entry, mattes, truth.pop("dataset"), out=base, workers=workers, **truth)
        if again.missing.keys() - entry.scores.missing.keys():
            raise DataError(f"{mattes}: {len(again.missing)} mattes are missing; it stays as it is")
        corrections = _corrections(entry.scores, again, entry.card.metrics_version)
        log = [*entry.corrections, *corrections]
        make_entry(base, entry.folder, predictions=mattes, corrections=log)
    return corrections


def _truth(folder: Path, entry: Entry) -> dict[str, Path | None]:
    """Return what to score against: a set, or the folders that lie in a folder of the set's name."""
    if (folder / INFO_NAME).is_file():
        return {"dataset": folder}
    alpha, table = folder / "alpha", folder / "classes.csv"
    trimap = next((path for name in ("trimap", "trimaps") if (path := folder / name).is_dir()), folder)
    return {
        "dataset": None,
        "alpha": alpha if alpha.is_dir() else folder,
        "trimap": trimap if entry.card.region == WHOLE else None,
        "classes": table if table.is_file() else None,
    }


def _corrections(before: Scores, after: Scores, version: int) -> tuple[Correction, ...]:
    rows = {(row.id, row.region): score_to_row(row) for row in before.rows}
    changed = sum(
        (row.id, row.region) not in rows or bool(differing(rows[row.id, row.region], score_to_row(row)))
        for row in after.rows
    )
    means = {
        "class_mean": (class_mean_errors(before.rows), class_mean_errors(after.rows)),
        "image_mean": (mean_errors(whole_images(before.rows)), mean_errors(whole_images(after.rows))),
    }
    return tuple(
        Correction(version, METRICS_VERSION, name, metric, old[metric], new[metric], changed)
        for name, (old, new) in means.items()
        for metric in METRICS
    )
