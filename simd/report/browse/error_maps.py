r"""The maps that the App draws, as 8-bit PNG files: class masks, soft mattes, absolute and signed errors.

============  =============================================================================================
class mask    class index + 1, and 0 where there is no class: the App hides 0 whatever it means, and in the
              set 0 is a class
alpha         the matte as it is; a copy only where its file is no 8-bit grey PNG
error         \|pred − alpha\| in levels; 0 where they are equal, and outside the unknown region
signed error  128 + (pred − alpha) / 2, rounded away from 128, within 1..255: 128 is no error, more is
              too much alpha; 0 outside the unknown region
============  =============================================================================================

Composites that share their files, as links do, share their maps.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simd.dataset.manifest import MattingSet, Sample
from simd.errors import DataError
from simd.files import json_text, read_json, real_path, sizes_of, write_atomically
from simd.image import Mask, UInt8, read_prediction, to_uint8, write_png
from simd.locks import locked_folder
from simd.masks import check_class_mask
from simd.metrics.alpha import sad
from simd.parallel import run
from simd.progress import track
from simd.report.browse.methods import ShownMethod
from simd.report.leaderboard.examples import is_as_scored
from simd.schema import AMOUNT, PATH, TEXT, checked, list_of, record, table_of, whole
from simd.tagging.formats.index_plus_one import to_void_zero
from simd.trimap import unknown_region

NO_ERROR = 128
"""The level of a signed error that is none."""
_MAP_NAME = re.compile(r"[0-9a-f]{32}(-(\d+-)?[a-z_]+)?\.(png|json)")
_VERSION = 2  # maps of another are made again; from 2 on the layers are those that were built
_NOTED = record(
    {
        "class_mask": PATH,
        "methods": table_of(
            record({**dict.fromkeys(("alpha", "error", "signed"), PATH), "reason": TEXT}),
        ),
        "disagreement": table_of(AMOUNT),
    },
    {"bytes": list_of(whole(-1, 2**53))},
)
_HEADER = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_GREY_8 = b"\x08\0"  # bit depth and colour type


class MethodMaps(NamedTuple):
    """Where the maps of a matte lie; or the reason why there are none."""

    alpha: str = ""
    error: str = ""
    signed: str = ""
    reason: str = ""


class Maps(NamedTuple):
    """The maps of one composite."""

    class_mask: str
    methods: dict[str, MethodMaps]  # by the method's key
    disagreement: dict[str, float]  # "<key> <key>" to the SAD between two mattes


class _MapJob(NamedTuple):
    folder: Path
    digest: str
    sample: Sample
    mattes: dict[str, tuple[Path, float]]  # by key: the file, and the SAD it was scored with or nan


def make_maps(
    dataset: MattingSet, methods: Sequence[ShownMethod], folder: Path, *, workers: int = 1
) -> tuple[dict[str, Maps], dict[str, str]]:
    """Make the maps of a set, those that are not there yet, and remove those of methods that are gone.

    Parameters
    ----------
    folder : path
        A folder of our own.
    workers : int
        Processes; each holds the layers and mattes of one image.

    Returns
    -------
    maps : dict
        By id. A matte that cannot be shown has a reason.
    broken : dict
        Id to reason, of composites whose own layers cannot be read.
    """
    with locked_folder(folder):
        return _make_all(dataset, methods, folder, workers)


def _make_all(
    dataset: MattingSet, methods: Sequence[ShownMethod], folder: Path, workers: int
) -> tuple[dict[str, Maps], dict[str, str]]:
    jobs: dict[str, _MapJob] = {}
    digest_of, broken = {}, {}
    for sample in dataset:
        try:
            job = _job(folder, sample, methods)
        except DataError as error:
            broken[sample.row.id] = str(error)
            continue
        digest_of[sample.row.id] = job.digest
        jobs.setdefault(job.digest, job)
    finished: dict[str, Maps] = {
        digest: maps for digest, job in jobs.items() if (maps := _made_before(job)) is not None
    }
    todo = [job for digest, job in jobs.items() if digest not in finished]
    failed: dict[str, str] = {}
    for outcome in track(run(_make, todo, workers=workers), len(jobs), "maps", done=len(finished)):
        if outcome.value is None:
            failed[outcome.item.digest] = outcome.reason or ""
        else:
            finished[outcome.item.digest] = outcome.value
    _remove_others(folder, jobs)
    of_images = {id_: finished[digest] for id_, digest in digest_of.items() if digest in finished}
    broken |= {id_: failed[digest] for id_, digest in digest_of.items() if digest in failed}
    return of_images, broken


def stored_classes(class_mask: UInt8) -> UInt8:
    """Return a class mask with index + 1, and 0 where there is no class.

    Examples
    --------
    >>> stored_classes(np.array([[0, 19, 255]], np.uint8)).tolist()
    [[1, 20, 0]]
    """
    return to_void_zero(check_class_mask(class_mask, class_mask.shape, "the class mask"))


def absolute_error(pred: UInt8, alpha: UInt8, unknown: Mask) -> UInt8:
    """Return the absolute error in levels, 0 outside the unknown region."""
    error: UInt8 = np.abs(pred.astype(np.int16) - alpha).astype(np.uint8)
    error[~unknown] = 0
    return error


def signed_error(pred: UInt8, alpha: UInt8, unknown: Mask) -> UInt8:
    """Return half the signed error about 128, at least 1; 0 outside the unknown region.

    Examples
    --------
    >>> pred = np.array([[0, 9, 9, 9, 9, 255]], np.uint8)
    >>> signed_error(pred, np.array([[255, 10, 9, 8, 0, 0]], np.uint8), pred < 256).tolist()
    [[1, 127, 128, 129, 133, 255]]
    """
    difference = pred.astype(np.int16) - alpha
    away = np.sign(difference) * ((np.abs(difference) + 1) // 2)  # the least error is seen, too
    signed: UInt8 = np.clip(NO_ERROR + away, 1, 255).astype(np.uint8)
    signed[~unknown] = 0
    return signed


def _job(folder: Path, sample: Sample, methods: Sequence[ShownMethod]) -> _MapJob:
    mattes = {
        m.key: (m.files[id_], m.whole[id_].sad if id_ in m.whole else math.nan)
        for m in methods
        if (id_ := sample.row.id) in m.files
    }
    layers = [_identity(sample.path(layer)) for layer in ("alpha", "trimap", "class_mask")]
    facts = [_VERSION, *layers, *((key, _identity(file), scored) for key, (file, scored) in mattes.items())]
    return _MapJob(folder, hashlib.sha256(repr(facts).encode()).hexdigest()[:32], sample, mattes)


def _identity(file: Path) -> tuple[int, ...]:
    """Return numbers that are the same for every link to one file, and change when it does."""
    try:
        status = file.stat()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _make(job: _MapJob) -> Maps:
    sample = job.sample
    alpha, trimap = sample.alpha, sample.trimap
    if alpha.shape != trimap.shape:
        raise DataError(f"alpha {alpha.shape} and trimap {trimap.shape} must share one (H, W)")
    unknown = unknown_region(trimap)
    class_mask = job.folder / f"{job.digest}.png"
    write_png(class_mask, stored_classes(sample.class_mask))
    preds: dict[str, UInt8] = {}
    methods = {}
    for number, (key, (file, scored)) in enumerate(job.mattes.items()):
        try:
            pred = read_prediction(file).matte
        except DataError as error:
            methods[key] = MethodMaps(reason=str(error))
            continue
        if pred.shape != alpha.shape:
            methods[key] = MethodMaps(reason=f"{file}: is {pred.shape}, the image is {alpha.shape}")
        elif not math.isnan(scored) and not is_as_scored(pred, alpha, unknown, scored):
            methods[key] = MethodMaps(reason=f"{file}: has changed since it was scored; score it again")
        else:
            preds[key] = to_uint8(pred)
            methods[key] = _write(job, number, file, preds[key], alpha, unknown)
    disagreement = {f"{a} {b}": sad(preds[a], preds[b], unknown) for a, b in combinations(preds, 2)}
    maps = Maps(str(real_path(class_mask)), methods, disagreement)
    write_atomically(job.folder / f"{job.digest}.json", json_text(_to_row(maps)), flush=False)
    return maps


def _write(job: _MapJob, number: int, file: Path, pred: UInt8, alpha: UInt8, unknown: Mask) -> MethodMaps:
    names = {kind: job.folder / f"{job.digest}-{number}-{kind}.png" for kind in ("alpha", "error", "signed")}
    write_png(names["error"], absolute_error(pred, alpha, unknown))
    write_png(names["signed"], signed_error(pred, alpha, unknown))
    if _is_grey_png(file):
        names["alpha"] = file
    else:
        write_png(names["alpha"], pred)
    return MethodMaps(*(str(real_path(names[kind])) for kind in ("alpha", "error", "signed")))


def _is_grey_png(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(26)
    return head.startswith(_HEADER) and head[24:26] == _GREY_8


def _to_row(maps: Maps) -> dict[str, Any]:
    methods = {key: of_method._asdict() for key, of_method in maps.methods.items()}
    row = {"class_mask": maps.class_mask, "methods": methods, "disagreement": maps.disagreement}
    return row | {"bytes": sizes_of(*_files(maps))}


def _files(maps: Maps) -> list[Path]:
    mattes = [path for of_method in maps.methods.values() for path in of_method[:3] if path]
    return list(map(Path, [maps.class_mask, *mattes]))


def _made_before(job: _MapJob) -> Maps | None:
    """Return the maps that an earlier run has finished, if they all lie there as they were written.

    Raises
    ------
    DataError
        If what it has noted of them is damaged.
    """
    file = job.folder / f"{job.digest}.json"
    if not file.is_file() or not file.stat().st_size:  # a power cut may leave it empty
        return None
    row: Mapping[str, Any] = checked(read_json(file), _NOTED, file, "remove it, and the maps are made again")
    methods = {
        key: MethodMaps(**{name: of_method[name] for name in MethodMaps._fields})
        for key, of_method in row["methods"].items()
    }
    maps = Maps(row["class_mask"], methods, row["disagreement"])
    shown = [key for key in job.mattes if key in methods and not methods[key].reason]
    is_whole = (
        maps.class_mask == str(real_path(job.folder / f"{job.digest}.png"))
        and methods.keys() == job.mattes.keys()
        and maps.disagreement.keys() == {f"{a} {b}" for a, b in combinations(shown, 2)}
        and row.get("bytes") == sizes_of(*_files(maps))
    )
    return maps if is_whole else None


def _remove_others(folder: Path, wanted: Mapping[str, _MapJob]) -> None:
    for file in folder.iterdir():
        if _MAP_NAME.fullmatch(file.name) and file.name[:32] not in wanted:
            file.unlink()
