"""Run a method over a set or pictures: a folder of mattes and a run.json, in parallel, resumable."""

import hashlib
import logging
import pickle
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from simd.arguments import checked
from simd.dataset.predictions import UNFINISHED_NAME, RunRecord, write_run
from simd.errors import BatchError, DataError
from simd.files import flush_disks, make_folder, remove_parts, sizes_of, write_atomically
from simd.image import to_uint8, write_png
from simd.journal import Journal, by_item, continues, resumed
from simd.locks import locked_folder
from simd.methods import Draws, Method, load_method, target_of
from simd.methods.facts import Facts, facts_of, gigabytes_of
from simd.methods.given_answers import (
    GivenAnswer,
    GivenAnswers,
    given_answers,
    places_of_answers,
    read_answers,
)
from simd.methods.mattes_folder import check_ours, finished_run, holds_run
from simd.methods.one_image import solve
from simd.methods.run_images import PictureFile, RunImages, SetImage, images_to_predict
from simd.parallel import current_engine, free_gigabytes, peak_megabytes
from simd.replacing import beside, mend, take_place
from simd.schema import AMOUNT, COUNT, INTEGER, TEXT, list_of, or_null, record, table_of
from simd.sources.outputs import check_output_folder, holds_pictures_of_ours, write_picture
from simd.version import __version__

_LOG = logging.getLogger(__name__)
_PICKLE_NAME = "method.pickle"
_NOTED = record(
    {
        "id": TEXT,
        "seconds": AMOUNT,
        "fallback": or_null(TEXT),
        "peak_megabytes": or_null(COUNT),
        "bytes": list_of(INTEGER, length=1),
    },
    {"digest": TEXT, "version": TEXT, "pictures": table_of(INTEGER)},
)
_MENDABLE = ("version",)  # a message may advise options that are part of it, as a smaller tile
_BASE_GIGABYTES = 0.3  # an interpreter with the libraries loaded
_NOTABLE_GIGABYTES = 1.0  # from here on the estimate is said before the run


@dataclass(frozen=True, slots=True)
class Predicted:
    """A finished run of a method."""

    folder: Path
    record: RunRecord

    def __repr__(self) -> str:
        """Return a line."""
        return f"<Predicted by {self.record.method!r}: {self.record.images} mattes, at {self.folder}>"

    @property
    def info(self) -> dict[str, Any]:
        """The content of run.json."""
        return self.record.to_json()


class _Task(NamedTuple):
    """One image, and what predicts it."""

    method: "str | Method | _PickledMethod"
    options: Mapping[str, Any]
    image: SetImage | PictureFile
    out: Path
    pictures: Path | None
    given: tuple[GivenAnswer, ...]


class _PickledMethod(NamedTuple):
    """A method that is an object, in a file from which each process loads it once."""

    file: Path
    sha256: str


@checked
def predict(
    method: str | Method,
    dataset: str | Path,
    out: str | Path,
    *,
    trimap: str | Path | None = None,
    map_trimaps: bool = False,
    workers: int = 1,
    pictures: str | Path | None = None,
    answers: str | Path | None = None,
    overwrite: bool = False,
    **options: Any,
) -> Predicted:
    """Predict the matte of every composite of a set, of every picture of a folder, or of one picture.

    Parameters
    ----------
    method : str or object
        A key of :data:`simd.methods.METHODS`; ``"package.module:attribute"``; or an object with
        ``predict(image, trimap) -> alpha``, see :class:`simd.methods.Method`.
    dataset : path
        A set built by ``simd build``, a folder of pictures, or a picture.
    out : path
        Where ``<id>.png`` (8 bits, rounded) and run.json go; an interrupted run there is continued. The id of
        a picture is its name without the ending.
    trimap : path, optional
        For pictures: a folder of trimaps of the same names, or one trimap for one picture. None for a method
        that takes no trimap.
    map_trimaps : bool
        For pictures: take trimaps with other values than 0, 128 and 255, by the thresholds 85 and 170.
    workers : int
        Processes, of one thread each; fewer are used where the memory would not do. An object that cannot be
        handed to other processes runs in this one, and the log says so.
    pictures : path, optional
        Folder for ``<id>-<what it shows>.png`` of the images solved by this run, where the method draws any.
    answers : path, optional
        For `fused`, which weighs the answers of other methods: a folder with their finished runs over the
        same images, in folders of their names. The mattes are the same as without, to the bit; seconds and
        memory of those runs count.
    overwrite : bool
        Predict anew where a finished or another run's mattes lie already; they stay until the new ones are
        complete.
    **options
        The method's own, such as weights="weights", device="cuda"; None leaves an option at its default.

    Raises
    ------
    DataError
        If the method or an option is unknown, or `out` holds something else.
    BusyError
        If another process writes to `out`.
    BatchError
        If some images could not be predicted; the others are written.
    """
    options = {key: value for key, value in options.items() if value is not None}
    read = [dataset, trimap]
    out = check_output_folder(out, "a folder of mattes", holds_run, inputs=read, among_pictures=True)
    if pictures is not None:
        title, is_ours = "a folder of pictures", holds_pictures_of_ours
        pictures = check_output_folder(
            pictures, title, is_ours, names=(), inputs=[*read, out], among_pictures=True
        )
    loaded = load_method(method, options)
    taken = places_of_answers(answers, loaded)  # only the method knows them
    check_output_folder(out, "a folder of mattes", holds_run, inputs=taken, among_pictures=True)
    facts = facts_of(loaded)
    images = images_to_predict(
        dataset,
        needs_trimap=facts.name if facts.takes_trimap else "",
        trimap=trimap,
        map_trimaps=map_trimaps,
    )
    given = None if answers is None else given_answers(answers, loaded, images)
    identity = _identity(facts, images)
    folder = _picture_folder(loaded, facts, pictures)
    mend(out, holds_run)
    if overwrite and holds_run(out) and not continues(out / UNFINISHED_NAME, identity, mendable=_MENDABLE):
        with locked_folder(out), locked_folder(beside(out), named=out):
            check_ours(out)
            fewer = _affordable(workers, loaded, images)
            predicted = _run(method, loaded, options, images, given, beside(out), folder, fewer)
            take_place(beside(out), out)
            return replace(predicted, folder=out)
    if (finished := finished_run(out, identity, images)) is not None:
        return Predicted(out, finished)
    with locked_folder(out):
        # another run may have finished meanwhile
        if (finished := finished_run(out, identity, images)) is not None:
            return Predicted(out, finished)
        fewer = _affordable(workers, loaded, images)
        return _run(method, loaded, options, images, given, out, folder, fewer)


def _run(
    method: str | Method,
    loaded: Method,
    options: Mapping[str, Any],
    images: RunImages,
    given: GivenAnswers | None,
    out: Path,
    folder: Path | None,
    workers: int,
) -> Predicted:
    """Predict what an earlier run has not, in a folder that this one holds."""
    facts = facts_of(loaded)
    journal = Journal(out / UNFINISHED_NAME, _identity(facts, images), mendable=_MENDABLE)
    # a name that was put into METHODS here is not there in other processes
    shared: str | Method | _PickledMethod = target_of(method) if isinstance(method, str) else method
    if workers > 1 and not isinstance(method, str):
        pickled = _pickled(loaded, facts, out / UNFINISHED_NAME / _PICKLE_NAME)
        shared, workers = (pickled, workers) if pickled else (method, 1)
    tasks = {
        each.id: _Task(shared, options, each, out, folder, given.of(each.id) if given else ())
        for each in images.images
    }

    def load(row: dict[str, Any]) -> dict[str, Any] | None:
        """Take a row of this version whose matte is as it was written and whose files are as they were."""
        is_whole = row["bytes"] == sizes_of(out / f"{row['id']}.png")
        if not is_whole or row.get("version") != facts.version:
            return None
        drawn = {} if folder is None else {folder / name: size for name, size in _pictures_of(row).items()}
        if list(drawn.values()) != sizes_of(*drawn):
            return None
        return row if row.get("digest", "") == tasks[row["id"]].image.digest() else None

    rows, reasons = resumed(
        journal,
        tasks.values(),
        by_item(_predict, key=_id, workers=workers),
        key=_id,
        load=load,
        dump=lambda id_, row: {**row, "version": facts.version, "bytes": sizes_of(out / f"{id_}.png")},
        kind=_NOTED,
        what=facts.name,
    )
    failures = dict(images.failures) | reasons
    if failures:
        raise BatchError(failures, "images", len(images.images) + len(images.failures))
    record = _record(facts, images, given, [rows[each.id] for each in images.images])
    for written in {out, folder or out}:
        remove_parts(written)
    flush_disks()
    write_run(out, record)
    journal.remove()
    return Predicted(out, record)


def _pictures_of(row: Mapping[str, Any]) -> dict[str, int]:
    """Return the bytes of the pictures that an image's row notes, by name."""
    sizes: dict[str, int] = row.get("pictures", {})
    return sizes


def _identity(facts: Facts, images: RunImages) -> dict[str, str | None]:
    """Return what a run's mattes depend on."""
    return {
        "method": facts.name,
        "version": facts.version,
        "checkpoint_digest": facts.checkpoint_digest,
        "set_digest": images.set_digest,
    }


def _picture_folder(method: Method, facts: Facts, pictures: str | Path | None) -> Path | None:
    if pictures is None:
        return None
    if not isinstance(method, Draws):
        raise DataError(f"the method {facts.name} draws no pictures; run it without them")
    make_folder(Path(pictures))
    return Path(pictures)


def _id(task: _Task) -> str:
    return task.image.id


def gigabytes_with_libraries(method: Method, megapixels: float) -> float:
    """Return what a process that predicts an image is reckoned to take, in 10⁹ bytes."""
    return _BASE_GIGABYTES + gigabytes_of(method, megapixels)


def _affordable(workers: int, method: Method, images: RunImages) -> int:
    """Return how many workers fit into the free memory, at the size of the largest image, and say so."""
    if workers < 1:
        raise DataError(f"workers must be at least 1, not {workers}")
    sizes = (each.size for each in images.images)
    megapixels = max((height * width for height, width in sizes), default=0) / 1e6
    each = gigabytes_with_libraries(method, megapixels)
    if (engine := current_engine()) is not None:
        if each > engine.gigabytes:
            raise DataError(
                f"{facts_of(method).name} needs about {each:.1f} GB for {megapixels:.1f} megapixels, the "
                f"cluster's workers may take {engine.gigabytes:.1f} GB; start fewer, with more memory each"
            )
        return max(workers, 2)  # so that an object is handed to others
    free = free_gigabytes()
    fewer = int(max(1, min(workers, free / each)))
    message = f"a worker needs about {each:.1f} GB for {megapixels:.1f} megapixels, {free:.1f} GB are free"
    if fewer < workers:
        _LOG.warning("%d of %d workers are used: %s", fewer, workers, message)
    elif each > _NOTABLE_GIGABYTES:
        _LOG.info("%s: %s", facts_of(method).name, message)
    return fewer


def _pickled(method: Method, facts: Facts, file: Path) -> _PickledMethod | None:
    """Write a method where other processes load it; None, said in the log, if it cannot be handed to them."""
    try:
        data = pickle.dumps(method)
        if type(method).__module__ == "__main__" and not hasattr(sys.modules["__main__"], "__file__"):
            raise pickle.PicklingError("its class was made in a notebook or an interpreter, not in a file")
    except Exception as error:  # whatever the object's own parts raise
        _LOG.warning(
            "%s runs in one process, since it cannot be handed to others (%s); "
            'give it as "package.module:attribute" to use more',
            facts.name,
            str(error).partition("\n")[0],
        )
        return None
    write_atomically(file, data)
    return _PickledMethod(file, hashlib.sha256(data).hexdigest())


@cache  # once a process, not once an image
def _unpickled(method: _PickledMethod) -> Method:
    data = method.file.read_bytes()
    if hashlib.sha256(data).hexdigest() != method.sha256:
        raise DataError(f"{method.file}: is not the file that this run has written; run the command again")
    loaded: Method = pickle.loads(data)  # written by the process that started this one
    return loaded


def _predict(task: _Task) -> dict[str, Any]:
    if isinstance(task.method, _PickledMethod):
        method = _unpickled(task.method)
    else:
        method = load_method(task.method, task.options)
    image, trimap = task.image.read(with_trimap=facts_of(method).takes_trimap)
    answers = read_answers(task.given, image.shape[:2]) if task.given else None
    start = time.perf_counter()
    alpha, fallback = solve(method, image, trimap, answers)
    seconds = time.perf_counter() - start
    write_png(task.out / f"{task.image.id}.png", to_uint8(alpha))
    pictures = {}
    if task.pictures is not None and isinstance(method, Draws) and trimap is not None:
        for name, picture in method.pictures(image, trimap).items():
            file = task.pictures / f"{task.image.id}-{name}.png"
            write_picture(file, picture)
            pictures[file.name] = file.stat().st_size
    row = {
        "id": task.image.id,
        "seconds": round(seconds, 4),
        "fallback": fallback,
        "peak_megabytes": peak_megabytes(),
        "pictures": pictures,
    }
    return row | ({"digest": digest} if (digest := task.image.digest()) else {})


def _record(
    facts: Facts, images: RunImages, given: GivenAnswers | None, rows: Sequence[dict[str, Any]]
) -> RunRecord:
    peaks = [row["peak_megabytes"] for row in rows if row["peak_megabytes"] is not None]
    if given is not None and given.peak_megabytes is not None:
        peaks.append(given.peak_megabytes)
    seconds = sum(row["seconds"] for row in rows) / max(1, len(rows)) + (given.seconds if given else 0)
    return RunRecord(
        method=facts.name,
        version=facts.version,
        checkpoint_digest=facts.checkpoint_digest,
        set_digest=images.set_digest,
        set=images.set_name,
        images=len(rows),
        seconds_per_image=round(seconds, 4),
        peak_megabytes=max(peaks, default=None),
        fallbacks={row["id"]: row["fallback"] for row in rows if row["fallback"]},
        simd_version=__version__,
        images_digest=images.files_digest() if images.set_digest is None else None,
        trained_on=facts.trained_on,
    )
