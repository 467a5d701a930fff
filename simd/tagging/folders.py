"""Whole folders at a time: annotations filled, proposed, compared and merged."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.errors import BatchError, DataError
from simd.files import make_folder, read_json_lines, real_path
from simd.image import UInt8, pixel_digest
from simd.parallel import run
from simd.progress import track
from simd.records import Foreground
from simd.sources import Pixels, index_foregrounds, read_foreground
from simd.sources.outputs import check_output_folder, holds_pictures_of_ours, write_picture
from simd.tagging.agreement import Agreement, add, agree, difference_picture, vote
from simd.tagging.annotation import Annotation, Stroke
from simd.tagging.annotation_files import (
    annotation_path,
    check_annotation_folder,
    check_unchanged,
    classes_in,
    find_annotation_files,
    find_annotations,
    make_annotation,
    read_annotation,
    read_record,
    write_annotation,
)
from simd.tagging.fill import Tagged, class_confidence, fill, unknown_of
from simd.tagging.paint import blank, paint
from simd.tagging.patch_model import read_model
from simd.tagging.propose import Scorer, propose, review_order
from simd.taxonomy import CLASSES, NO_CLASS


def read_strokes(path: Path) -> dict[str, tuple[Stroke, ...]]:
    """Read strokes from JSON lines: those of annotations/schema, each with the ``fg_id`` it is drawn on."""
    strokes: dict[str, tuple[Stroke, ...]] = {}
    for number, row in enumerate(read_json_lines(path), start=1):
        try:
            fg_id = row.pop("fg_id", None)
            if not isinstance(fg_id, str):
                raise DataError("lacks fg_id, the foreground it is drawn on")
            strokes[fg_id] = (*strokes.get(fg_id, ()), Stroke.from_json({"points": [], "radius": 0.0} | row))
        except DataError as error:
            raise DataError(f"{path}: stroke {number}: {error}") from None
    return strokes


def fill_folder(
    folder: Path,
    foregrounds: Sequence[Foreground],
    strokes: Mapping[str, tuple[Stroke, ...]] | None = None,
    *,
    workers: int = 1,
) -> Counter[str]:
    """Give a class to every unknown pixel of foregrounds, and count what became of them.

    New strokes are added to those of the annotation, unless they are its last ones already, and all are
    filled again. Without, the pixels that an annotation has left open are filled. A foreground that has no
    annotation and one class takes it on all of its unknown region. A proposal that nobody has looked at
    counts as none. What is reviewed is never touched.

    Raises
    ------
    DataError
        If strokes name foregrounds that are not there.
    BatchError
        If some cannot be filled; the others are.
    """
    check_annotation_folder(folder, inputs=_folders_of(foregrounds))
    strokes = strokes or {}
    if strange := sorted(strokes.keys() - {fg.id for fg in foregrounds}):
        raise DataError(f"there are strokes on {len(strange)} foregrounds that are not there: {strange[0]!r}")
    return _each(partial(_fill_one, folder, strokes), foregrounds, "fills", workers)


def propose_folder(
    folder: Path,
    foregrounds: Sequence[Foreground],
    scorer: Scorer,
    *,
    any_class: bool = False,
    again: bool = False,
    workers: int = 1,
) -> Counter[str]:
    """Write a proposal for every foreground without an annotation, and count what became of them.

    Parameters
    ----------
    any_class : bool
        Propose other classes than those that a foreground is said to have; without, they are binding.
    again : bool
        Make proposals that nobody has looked at anew. What somebody has worked on is never touched.
    """
    check_annotation_folder(folder, inputs=_folders_of(foregrounds))
    task = partial(_propose_one, folder, scorer, any_class, again)
    return _each(task, foregrounds, "proposals", workers)


class Proposed(NamedTuple):
    """What became of foregrounds, and their annotations in the order to look at them."""

    counts: Counter[str]
    order: list[str]  # fg_ids, the least sure first
    problems: dict[str, str]  # foregrounds that could not be used, with their reasons


def propose_all(
    annotations: str | Path,
    foregrounds: str | Path,
    *,
    kind: str | None = None,
    classes: str | Path | None = None,
    model: str | Path | None = None,
    any_class: bool = False,
    again: bool = False,
    workers: int = 1,
) -> Proposed:
    """Propose class masks for the foregrounds of a folder: the whole of ``simd tag propose``.

    Parameters
    ----------
    annotations, foregrounds : path
        The folder that is written to, and where the foregrounds are.
    kind, classes : optional
        As for :func:`~simd.sources.index_foregrounds`.
    model : path, optional
        A model of ``simd tag fit``; by default the shipped one.
    any_class, again, workers
        As for :func:`propose_folder`.
    """
    check_annotation_folder(annotations, inputs=[foregrounds, classes, model])
    index = index_foregrounds(str(foregrounds), kind, classes=None if classes is None else Path(classes))
    scorer = read_model(None if model is None else Path(model))
    counts = propose_folder(
        Path(annotations), index.records, scorer, any_class=any_class, again=again, workers=workers
    )
    paths = find_annotation_files(Path(annotations)).paths.values()
    return Proposed(counts, review_order(read_record(path) for path in paths), index.problems)


def review_folder(folder: Path) -> Counter[str]:
    """Say that what people have drawn, imported or merged in a folder is right, and count what became of it.

    Proposals that nobody has looked at stay proposals.

    Raises
    ------
    BatchError
        If some annotations are broken; the others are reviewed.
    """
    check_annotation_folder(folder)
    annotations = find_annotation_files(folder)
    problems, counts = dict(annotations.broken), Counter[str]()
    for fg_id, path in annotations.paths.items():
        try:
            annotation, class_mask = read_annotation(path)
            if annotation.review == "started":
                write_annotation(folder, replace(annotation, review="reviewed"), class_mask)
        except DataError as error:
            problems[fg_id] = str(error)
            continue
        done = {"started": "reviewed", "reviewed": "reviewed already", "proposed": "left as proposed"}
        counts[done[annotation.review]] += 1
    if problems:
        raise BatchError(problems, "annotations", counts.total() + len(problems))
    return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two folders of annotations compared."""

    whole: Agreement  # of all foregrounds taken together
    each: dict[str, Agreement]  # by fg_id
    alone: tuple[str, ...]  # annotated in one of the folders only


def agree_folders(first: Path, other: Path, pictures: Path | None = None) -> Compared:
    """Compare what two folders say of the same foregrounds; write pictures of the differences to a folder.

    Raises
    ------
    DataError
        If they have no foreground in common, or annotated different versions of one.
    """
    if pictures is not None:
        is_ours = holds_pictures_of_ours
        check_output_folder(pictures, "a folder of pictures", is_ours, names=(), inputs=[first, other])
    ours, theirs = find_annotations(first), find_annotations(other)
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        raise DataError(f"{first} and {other} have no annotated foreground in common")
    pairs = {}
    for fg_id in track(both, len(both), "foregrounds", quiet=True):
        _, masks = _read_same([ours[fg_id], theirs[fg_id]])
        pairs[fg_id] = (masks[0], masks[1])
        if pictures is not None:
            make_folder(pictures)
            write_picture(pictures / f"{ours[fg_id].stem}.png", difference_picture(*masks))
    return Compared(
        whole=add(list(pairs.values())),
        each={fg_id: agree(*pair) for fg_id, pair in pairs.items()},
        alone=tuple(sorted(ours.keys() ^ theirs.keys())),
    )


class Merged(NamedTuple):
    """What a merge has come to."""

    foregrounds: int
    pixels: int  # that somebody gave a class
    open_: int  # those of them on which the vote was tied


def merge_folders(folders: Sequence[Path], out: Path) -> Merged:
    """Write what most of several annotations of each foreground say; pixels of a tied vote stay open.

    Raises
    ------
    DataError
        If `out` is one of the folders, or they annotated different versions of a foreground.
    """
    if real_path(out) in [real_path(folder) for folder in folders]:
        raise DataError(f"{out}: would be read and written; name another folder for the result")
    check_output_folder(out, "a merge", _holds_merge, inputs=folders)
    annotations_of = [find_annotations(folder) for folder in folders]
    pixels = open_ = 0
    ids = sorted(set().union(*annotations_of))
    for fg_id in track(ids, len(ids), "foregrounds", quiet=True):
        first, masks = _read_same([paths[fg_id] for paths in annotations_of if fg_id in paths])
        mask = vote(masks)
        labelled = np.any([m != NO_CLASS for m in masks], axis=0)
        pixels, open_ = pixels + int(labelled.sum()), open_ + int((labelled & (mask == NO_CLASS)).sum())
        voters = np.sum([m != NO_CLASS for m in masks], axis=0)
        votes = np.sum([(m == mask) & (m != NO_CLASS) for m in masks], axis=0)
        sure = np.where(mask != NO_CLASS, votes / np.maximum(voters, 1), 0).astype(np.float32)
        merged = replace(
            first,
            class_mask_sha256=pixel_digest(mask),
            strokes=(),
            confidence=_named(Tagged(mask, sure)),
            origin="merged",
            review="started",
            annotator=None,
            time=None,
            seconds=None,
        )
        write_annotation(out, merged, mask)
    return Merged(len(ids), pixels, open_)


def _holds_merge(folder: Path) -> bool:
    """Tell whether all annotations of a folder are those of an earlier merge."""
    origins = {read_record(path).origin for path in find_annotations(folder).values()}
    return origins == {"merged"}


def _folders_of(foregrounds: Sequence[Foreground]) -> set[Path]:
    return {file.parent for fg in foregrounds for file in (fg.file, fg.alpha_file) if file is not None}


def _each(
    task: Callable[[Foreground], str], foregrounds: Sequence[Foreground], what: str, workers: int
) -> Counter[str]:
    counts: Counter[str] = Counter()
    failures = {}
    outcomes = run(task, foregrounds, workers=workers)
    for outcome in track(outcomes, len(foregrounds), what):
        if outcome.value is None:
            failures[outcome.item.id] = str(outcome.reason)
        else:
            counts[outcome.value] += 1
    if failures:
        raise BatchError(failures, what, len(foregrounds))
    return counts


def _fill_one(folder: Path, strokes: Mapping[str, tuple[Stroke, ...]], fg: Foreground) -> str:
    path, new = annotation_path(folder, fg.id), strokes.get(fg.id, ())
    known = read_annotation(path) if path.exists() else None
    guessed = known is not None and (known[0].origin, known[0].review) == ("proposal", "proposed")
    if known is not None and not guessed:
        annotation, mask = known
        if annotation.review == "reviewed":
            if new:
                raise DataError(f"{path}: is reviewed; remove it first if strokes are to change it")
            return "kept as reviewed"
        pixels = read_foreground(fg)
        check_unchanged(annotation, pixels.fg, pixels.alpha)
        if new == annotation.strokes[-len(new) :]:  # a run that was cut off has drawn them
            new = ()
        drawn = (*annotation.strokes, *new)
        if new:
            mask = paint(drawn, blank(mask.shape) if annotation.origin == "strokes" else mask)
        facts = {"strokes": drawn, "origin": annotation.origin, "review": "started"}
        facts |= {name: getattr(annotation, name) for name in ("annotator", "time", "seconds")}
    else:
        if not new and len(fg.classes) != 1:
            several = "several classes" if fg.classes else "no class"
            proposed = "left as proposed: nobody has reviewed them"
            return proposed if guessed else f"left open: {several} and no strokes"
        drawn = new or (Stroke(kind="whole", class_=fg.class_),)
        pixels = read_foreground(fg)
        mask = paint(drawn, blank(_size(pixels)))
        facts = {"strokes": drawn, "review": "started" if new else "proposed"}
    unknown = unknown_of(pixels.alpha)
    if known is not None and not guessed and not new and (mask[unknown] != NO_CLASS).all():
        return "complete already"
    filled = fill(pixels.fg, pixels.alpha, mask, unknown)
    _write(folder, fg, pixels, filled, **facts)
    return "filled"


def _propose_one(folder: Path, scorer: Scorer, any_class: bool, again: bool, fg: Foreground) -> str:
    path = annotation_path(folder, fg.id)
    if path.exists():
        annotation, _ = read_annotation(path)
        if annotation.review != "proposed" or not again:
            return "kept"
    pixels = read_foreground(fg)
    among = () if any_class else fg.classes
    proposed = propose(pixels.fg, pixels.alpha, scorer, among=among)
    _write(folder, fg, pixels, proposed, origin="proposal", review="proposed")
    return "proposed"


def _write(folder: Path, fg: Foreground, pixels: Pixels, tagged: Tagged, **facts: object) -> None:
    annotation = make_annotation(
        fg.id, pixels.fg, pixels.alpha, tagged.class_mask, confidence=_named(tagged), **facts
    )
    write_annotation(folder, annotation, tagged.class_mask)


def _named(tagged: Tagged) -> dict[str, float]:
    sure = class_confidence(tagged)
    assert len(sure) == len(classes_in(tagged.class_mask))
    return {CLASSES[index]: share for index, share in sure.items()}


def _size(pixels: Pixels) -> tuple[int, int]:
    height, width = pixels.alpha.shape
    return height, width


def _read_same(paths: Sequence[Path]) -> tuple[Annotation, list[UInt8]]:
    """Read annotations of one foreground; DataError if they are of different versions of it."""
    read = [read_annotation(path) for path in paths]
    first = read[0][0]
    for path, (annotation, _) in zip(paths, read, strict=True):
        layers = "size", "fg_sha256", "alpha_sha256"
        if any(getattr(annotation, name) != getattr(first, name) for name in layers):
            raise DataError(
                f"{path}: is of another version of foreground {first.fg_id!r} than {paths[0]}; "
                "tag one of them again"
            )
    return first, [mask for _, mask in read]
