"""Many pictures cut out at once, in processes; a run that was cut off goes on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from simd.errors import BatchError, DataError
from simd.image import UInt8, pixel_digest, read_alpha, to_uint8
from simd.locks import locked_folder
from simd.methods.one_image import matte
from simd.parallel import run
from simd.progress import track
from simd.studio.cutout.boxes import Box, read_boxes
from simd.studio.cutout.first_answer import Predictor, first_answer, predictor
from simd.studio.cutout.folder import (
    check_folder,
    image_of,
    make_cutouts_folder,
    read_record,
    record_ids,
    taken_ids,
    write_class,
    write_layers,
    write_missing_rows,
)
from simd.studio.cutout.record import Record
from simd.studio.cutout.saving import Snapshot, layers_of
from simd.studio.cutout.session import listed, sha256_of
from simd.studio.cutout.solving import WHOLE, Solver
from simd.studio.cutout.uploads import id_of, read_picture


class Batch(NamedTuple):
    """What a run has come to."""

    done: int  # cut out by it
    earlier: int  # that were there already
    empty: dict[str, str]  # pictures that came out as one thing alone, to what


@dataclass(frozen=True)
class _Item:
    out: Path
    id: str
    file: Path
    file_sha256: str
    box: Box | None
    card: Path | None


def cut_out_all(
    out: Path,
    pictures: Iterable[Path],
    *,
    model: Path | None = None,
    boxes: Path | None = None,
    workers: int = 1,
) -> Batch:
    """Cut pictures out into a folder; those that it has already are left as they are.

    Parameters
    ----------
    out : Path
        The folder of cut-outs.
    pictures : iterable of Path
        Pictures, and folders of pictures.
    model : Path, optional
        The card of a model that needs no trimap. Without, the subject is found in a box.
    boxes : Path, optional
        CSV file with the columns file, top, left, bottom and right, in pixels; pictures that it does not name
        have the box of the frame without its rim.
    workers : int
        Processes.

    Raises
    ------
    DataError
        If an argument is not what it has to be; nothing is written then.
    BatchError
        If some pictures failed; the others are cut out.
    """
    given = list(pictures)
    files = listed(given)
    if not files:
        raise DataError("no picture is named; give pictures, or folders of pictures")
    if model is not None and boxes is not None:
        raise DataError(f"{boxes}: a model needs no boxes; leave one of the two out")
    predictor(model)  # what is wrong with it is said at once
    box_of = read_boxes(boxes, [file.name for file in files]) if boxes else {}
    check_folder(out, [file for file in given if file.is_dir()])
    with locked_folder(out):
        make_cutouts_folder(out)
        return _cut_out(out, _plan(out, files, box_of, model), workers)


class _Plan(NamedTuple):
    """What is left to be done, and what earlier runs have left."""

    items: list[_Item]
    labels: dict[Path, str]  # what each picture is called in what is said of it
    failures: dict[str, str]
    empty: dict[str, str]  # of the pictures that were there already
    total: int  # pictures, and broken cut-outs that belong to none of them


def _plan(out: Path, files: list[Path], box_of: Mapping[str, Box], card: Path | None) -> _Plan:
    ids, saved = record_ids(out), taken_ids(out, ["strokes"])
    write_missing_rows(out, [f"{id_}.png" for id_ in ids if id_ in saved])  # a killed run may lack its last
    earlier: dict[tuple[str, str], str] = {}
    broken: dict[str, str] = {}
    broken_ids: dict[str, str] = {}  # by the digest of the picture
    for id_ in ids:
        try:
            record = read_record(out, id_)
            earlier[record.name, record.file_sha256] = id_
        except DataError as error:
            broken[id_] = str(error)
            image = image_of(out, id_)
            if image is not None:
                broken_ids[sha256_of(image)] = id_
    names = Counter(file.name for file in files)
    labels = {file: file.name if names[file.name] == 1 else str(file) for file in files}
    plan = _Plan([], labels, {}, {}, 0)
    taken = taken_ids(out)
    for file in files:
        digest = sha256_of(file)
        if (file.name, digest) in earlier:
            try:
                empty = _alone(out, earlier[file.name, digest])
            except DataError as error:
                plan.failures[labels[file]] = str(error)
                continue
            if empty:
                plan.empty[labels[file]] = empty
        elif digest in broken_ids:
            plan.failures[labels[file]] = broken.pop(broken_ids[digest], "its cut-out is broken")
        else:
            id_ = id_of(file.name, taken)
            taken.add(id_)
            plan.items.append(_Item(out, id_, file, digest, box_of.get(file.stem), card))
    plan.failures.update(broken)
    return plan._replace(total=len(files) + len(broken))


def _alone(out: Path, id_: str) -> str:
    """Return what an earlier cut-out is alone, "" where it has both sides or its layers are not written."""
    file = out / "alpha" / f"{id_}.png"
    return _side(read_alpha(file)) if file.is_file() else ""


def _side(alpha: UInt8) -> str:
    if alpha.min() == 255:
        return "all foreground"
    return "all background" if alpha.max() == 0 else ""


def _cut_out(out: Path, plan: _Plan, workers: int) -> Batch:
    items, failures, empty = plan.items, dict(plan.failures), dict(plan.empty)
    for outcome in track(run(_cut, items, workers=workers), len(items), "pictures"):
        name = plan.labels[outcome.item.file]
        if outcome.value is None:
            failures[name] = outcome.reason or "no reason given"
            continue
        write_class(out, f"{outcome.item.id}.png", None)
        if outcome.value:
            empty[name] = outcome.value
    if failures:
        remarks = [f"{name}: came out {side}" for name, side in sorted(empty.items())]
        raise BatchError(dict(sorted(failures.items())), "pictures", plan.total, remarks)
    return Batch(len(items), plan.total - len(items), dict(sorted(empty.items())))


@cache
def _predictor(card: Path | None) -> Predictor | None:
    return predictor(card)  # loaded once a process


def _cut(item: _Item) -> str:
    """Cut a picture out and write its layers; return what it is alone, "" where it has both sides."""
    image = read_picture(item.file)
    facts = first_answer(image, _predictor(item.card), item.box)
    trimap = facts.trimap_levels((image.shape[0], image.shape[1]))
    alpha = to_uint8(Solver(image, trimap).alpha() if trimap.size > WHOLE else matte(image, trimap))
    record = Record(
        name=item.file.name,
        file_sha256=item.file_sha256,
        size=(image.shape[0], image.shape[1]),
        trimap_sha256=pixel_digest(trimap),
        steps=facts.steps,
        first=facts.first,
    )
    snapshot = Snapshot(item.id, item.file, image, None, alpha, trimap, record)
    write_layers(item.out, item.id, layers_of(item.out, snapshot))
    return _side(alpha)
