"""Run a method over a set: a folder of mattes and a run.json, in parallel, resumable."""

import os
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from simd.dataset.manifest import MattingSet, Sample, load_set
from simd.errors import BatchError, DataError
from simd.files import json_text, make_folder, read_json, write_atomically
from simd.image import to_uint8, write_png
from simd.journal import Journal
from simd.methods import Draws, Fallback, Method, load_method
from simd.parallel import run
from simd.progress import track
from simd.version import __version__

RUN_NAME = "run.json"
_STATE = ".predict"
_BASE_GIGABYTES = 0.3  # an interpreter with the libraries loaded
_NOTABLE_GIGABYTES = 1.0  # from here on the estimate is said before the run


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run of a method over a set."""

    folder: Path
    info: dict[str, Any]  # run.json


class _Job(NamedTuple):
    method: str
    options: Mapping[str, Any]
    sample: Sample
    out: Path
    pictures: Path | None


def predict(
    method: str,
    dataset: str | Path,
    out: str | Path,
    *,
    workers: int = 1,
    pictures: str | Path | None = None,
    **options: Any,
) -> Run:
    """Predict the matte of every composite of a set.

    Parameters
    ----------
    method : str
        A key of :data:`simd.methods.METHODS`.
    dataset : path
        A set built by ``simd build``.
    out : path
        Where ``<id>.png`` (8 bits, rounded) and run.json go; an interrupted run there is continued.
    workers : int
        Processes, of one thread each; fewer are used where the memory would not do.
    pictures : path, optional
        Folder for ``<id>-<what it shows>.png`` of the images solved by this run, where the method draws any.
    **options
        The method's own, such as weights="weights", device="cuda"; None leaves an option at its default.

    Raises
    ------
    DataError
        If the method or an option is unknown, or `out` holds something else.
    BatchError
        If some images could not be predicted; the others are written.
    """
    options = {key: value for key, value in options.items() if value is not None}
    loaded, matting_set, out = load_method(method, options), load_set(dataset), Path(out)
    identity = _identity(loaded, matting_set)
    folder = _picture_folder(loaded, pictures)
    if not matting_set:
        raise DataError(f"{dataset}: is a set without composites; nothing can be predicted")
    if (finished := _finished(out, identity, matting_set)) is not None:
        return finished
    journal = Journal(out / _STATE, identity)
    try:
        rows = {row["id"]: row for row in journal.rows if (out / f"{row['id']}.png").is_file()}
        jobs = [
            _Job(method, options, sample, out, folder) for sample in matting_set if sample.row.id not in rows
        ]
        workers = _affordable(workers, loaded, matting_set)
        failures = {}
        outcomes = run(_predict, jobs, workers=workers)
        for outcome in track(outcomes, len(matting_set), method, done=len(rows)):
            id_ = outcome.item.sample.row.id
            if outcome.value is None:
                failures[id_] = outcome.reason or ""
            else:
                rows[id_] = outcome.value
                journal.add(outcome.value)
    finally:
        journal.close()
    if failures:
        raise BatchError(failures, "images", len(matting_set))
    info = _summary(identity, matting_set, [rows[sample.row.id] for sample in matting_set])
    write_atomically(out / RUN_NAME, json_text(info))
    journal.remove()
    return Run(out, info)


def _identity(method: Method, matting_set: MattingSet) -> dict[str, str | None]:
    """Return what a run's mattes depend on."""
    return {
        "method": method.name,
        "version": method.version,
        "checkpoint_digest": method.checkpoint_digest,
        "set_digest": matting_set.digest,
    }


def _picture_folder(method: Method, pictures: str | Path | None) -> Path | None:
    if pictures is None:
        return None
    if not isinstance(method, Draws):
        raise DataError(f"the method {method.name} draws no pictures; run it without them")
    make_folder(Path(pictures))
    return Path(pictures)


def _finished(out: Path, identity: dict[str, str | None], matting_set: MattingSet) -> Run | None:
    if (out / _STATE).is_dir():
        return None
    if (out / RUN_NAME).is_file():
        info = read_json(out / RUN_NAME)
        found = {key: info.get(key) for key in identity}
        if found != identity:
            raise DataError(
                f"{out}: holds the mattes of {found['method']} ({found['version']}), on another set, in "
                "another version or with other weights; choose another folder, or remove this one"
            )
        gone = [s.row.id for s in matting_set if not (out / f"{s.row.id}.png").is_file()]
        if gone:
            raise DataError(
                f"{out}: {len(gone)} mattes of its finished run are gone ({gone[0]}.png first); "
                "remove the folder and predict again"
            )
        return Run(out, info)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: is not an empty folder; predictions need one of their own")
    make_folder(out)
    return None


def _affordable(workers: int, method: Method, matting_set: MattingSet) -> int:
    """Return how many workers fit into the free memory, at the size of the largest image, and say so."""
    megapixels = max(height * width for height, width in (sample.size for sample in matting_set)) / 1e6
    each = _BASE_GIGABYTES + method.gigabytes(megapixels)
    free = _free_gigabytes()
    fewer = max(1, min(workers, int(free / each)))
    told = f"a worker needs about {each:.1f} GB for {megapixels:.1f} megapixels, {free:.1f} GB are free"
    if fewer < workers:
        print(f"{fewer} of {workers} workers are used: {told}", file=sys.stderr)  # noqa: T201
    elif each > _NOTABLE_GIGABYTES:
        print(f"{method.name}: {told}", file=sys.stderr)  # noqa: T201
    return fewer


def _free_gigabytes() -> float:
    try:
        with Path("/proc/meminfo").open() as lines:
            kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
        return kilobytes / 1e6
    except (OSError, StopIteration):  # not Linux: count what is free and unused
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def _predict(job: _Job) -> dict[str, Any]:
    method, sample = load_method(job.method, job.options), job.sample
    megapixels = sample.trimap.size / 1e6
    if (needed := method.gigabytes(megapixels)) > (free := _free_gigabytes()):
        raise DataError(
            f"{method.name} needs about {needed:.1f} GB for {megapixels:.1f} megapixels, {free:.1f} GB are "
            "free; use a smaller --tile if the method has tiles, build the set with --max-side, or take "
            "another method"
        )
    image, trimap = sample.image, sample.trimap
    start = time.perf_counter()
    result = method.predict(image, trimap)
    seconds = time.perf_counter() - start
    alpha, fallback = result if isinstance(result, Fallback) else (result, None)
    if alpha.shape != trimap.shape:
        raise DataError(f"{method.name} returned {alpha.shape} for an image of {trimap.shape}")
    write_png(job.out / f"{sample.row.id}.png", to_uint8(alpha))
    if job.pictures is not None and isinstance(method, Draws):
        for name, picture in method.pictures(image, trimap).items():
            write_png(job.pictures / f"{sample.row.id}-{name}.png", picture)
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is bytes there, kibibytes elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return {
        "id": sample.row.id,
        "seconds": round(seconds, 4),
        "fallback": fallback,
        "peak_megabytes": round(peak),
    }


def _summary(
    identity: dict[str, str | None], matting_set: MattingSet, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        **identity,
        "set": matting_set.name,
        "images": len(rows),
        "seconds_per_image": round(sum(row["seconds"] for row in rows) / max(1, len(rows)), 4),
        "peak_megabytes": max((row["peak_megabytes"] for row in rows), default=0),
        "fallbacks": {row["id"]: row["fallback"] for row in rows if row["fallback"]},
        "simd_version": __version__,
    }
