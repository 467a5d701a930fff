"""Many pictures cut out at once, in processes; a run that was cut off goes on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.errors import BatchError, DataError
from simd.image import pixel_digest, to_uint8
from simd.locks import locked_folder
from simd.methods.one_image import matte
from simd.parallel import run
from simd.progress import track
from simd.studio.cutout.boxes import Box, read_boxes
from simd.studio.cutout.first_answer import Predictor, first_answer, predictor
from simd.studio.cutout.folder import (
    check_folder,
    make_cutouts_folder,
    read_record,
    record_ids,
    write_class,
    write_layers,
)
from simd.studio.cutout.record import Record
from simd.studio.cutout.saving import Snapshot, layers_of
from simd.studio.cutout.session import listed, sha256_of
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
        items = _items(out, files, box_of, model)
        return _cut_out(out, items, len(files), workers)


def _items(out: Path, files: list[Path], box_of: Mapping[str, Box], card: Path | None) -> list[_Item]:
    """Return what is left to be done."""
    there: set[tuple[str, str]] = set()
    ids = set(record_ids(out))
    for id_ in sorted(ids):
        record = read_record(out, id_)
        there.add((record.name, record.file_sha256))
    items = []
    for file in files:
        digest = sha256_of(file)
        if (file.name, digest) in there:
            continue
        id_ = id_of(file.name, ids)
        ids.add(id_)
        items.append(_Item(out, id_, file, digest, box_of.get(file.stem), card))
    return items


def _cut_out(out: Path, items: list[_Item], total: int, workers: int) -> Batch:
    failures: dict[str, str] = {}
    empty: dict[str, str] = {}
    for outcome in track(run(_cut, items, workers=workers), len(items), "pictures"):
        name = outcome.item.file.name
        if outcome.value is None:
            failures[name] = outcome.reason or "no reason given"
            continue
        write_class(out, f"{outcome.item.id}.png", None)
        if outcome.value:
            empty[name] = outcome.value
    if failures:
        raise BatchError(dict(sorted(failures.items())), "pictures", total)
    return Batch(len(items), total - len(items), dict(sorted(empty.items())))


@cache
def _predictor(card: Path | None) -> Predictor | None:
    return predictor(card)  # loaded once a process


def _cut(item: _Item) -> str:
    """Cut a picture out and write its layers; return what it is alone, "" where it has both sides."""
    image = read_picture(item.file)
    facts = first_answer(image, _predictor(item.card), item.box)
    trimap = facts.trimap_levels((image.shape[0], image.shape[1]))
    solved = np.asarray(matte(image, trimap), np.float64)
    record = Record(
        name=item.file.name,
        file_sha256=item.file_sha256,
        size=(image.shape[0], image.shape[1]),
        trimap_sha256=pixel_digest(trimap),
        steps=facts.steps,
        first=facts.first,
    )
    alpha = to_uint8(solved)
    snapshot = Snapshot(item.id, item.file, image, solved, alpha, trimap, record)
    write_layers(item.out, item.id, layers_of(item.out, snapshot))
    if alpha.min() == 255:
        return "all foreground"
    return "all background" if alpha.max() == 0 else ""
