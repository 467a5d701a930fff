"""Foregrounds with their tagged regions: their classes, and their class masks."""

import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from simd.errors import DataError
from simd.image import AS_STORED, UPRIGHT, Reader, remarks
from simd.records import Foreground
from simd.sources import Pixels, find_kind, read_foreground
from simd.sources.index import Index
from simd.tagging.annotation_files import check_unchanged, classes_in, find_annotation_files, read_annotation
from simd.tagging.contradictions import contradiction
from simd.taxonomy import class_index

_LOG = logging.getLogger(__name__)


def annotate(index: Index[Foreground], folder: Path, *, proposals: bool = False) -> Index[Foreground]:
    """Give foregrounds the classes of their reviewed annotations; the others stay as they are.

    The primary class stays the primary one if the mask has it; else it is the class with the most pixels. A
    foreground whose annotation is broken, or says no class, becomes a broken one: its class mask would be a
    guess. How many annotations are not reviewed, and how many contradict the stated class, is said in a line.

    Parameters
    ----------
    proposals : bool
        Use annotations that nobody has reviewed, too, unless they contradict the stated class, or none is
        stated: what a user says wins over what a model guesses, and a guess is never a primary class.

    Raises
    ------
    DataError
        If the folder is missing, or holds no annotation of any of these foregrounds.
    """
    annotations = find_annotation_files(folder)
    tagged = [fg for fg in index.records if fg.id in annotations.paths]
    if not tagged:
        broken = "".join(f"\n  {name}: {reason}" for name, reason in annotations.broken.items())
        raise DataError(
            f"{folder}: has {len(annotations.paths)} annotations, none of them of these {len(index.records)} "
            f"foregrounds; give the foregrounds that were tagged, and the same --kind{broken}"
        )
    records, problems = [], dict(annotations.broken)
    counts: Counter[str] = Counter()
    for fg in index.records:
        path = annotations.paths.get(fg.id)
        try:
            records.append(fg if path is None else _annotated(fg, path, counts, proposals=proposals))
        except DataError as error:
            problems[fg.id] = str(error)
    if counts["unreviewed"] or counts["contradicting"]:
        _LOG.warning("%s: %s", folder, _summary(len(tagged), counts, proposals=proposals))
    return replace(index, records=tuple(records), broken=index.broken | problems)


def read_annotated(fg: Foreground, reader: Reader = UPRIGHT) -> Pixels:
    """Read a foreground with its class mask: the tagged one, or what its source has.

    Raises
    ------
    DataError
        If the foreground has changed since it was tagged, or the protocol reads its alpha turned otherwise.
    """
    pixels = read_foreground(fg, reader)
    if fg.annotation is None:
        return pixels
    annotation, class_mask = read_annotation(fg.annotation)
    upright = pixels if reader == UPRIGHT else read_foreground(fg)
    check_unchanged(annotation, upright.fg, upright.alpha)
    if reader == AS_STORED and fg.alpha_file is not None and _is_turned(fg.alpha_file):
        raise DataError(
            f"{fg.alpha_file}: has an EXIF orientation, which its tagged regions follow and this protocol "
            "passes over; turn the file itself and tag it again"
        )
    return pixels._replace(class_mask=class_mask)


def counted_classes(fg: Foreground) -> tuple[str, ...]:
    """Return the classes that a foreground counts for: those of its class mask, or its primary one."""
    has_mask = fg.annotation is not None or find_kind("foregrounds", fg.source).draws_regions
    return fg.classes if has_mask else fg.classes[:1]


def _is_turned(path: Path) -> bool:
    return "EXIF orientation applied" in remarks(path)


def _annotated(fg: Foreground, path: Path, counts: Counter[str], *, proposals: bool) -> Foreground:
    """Return a foreground with what its annotation says, if that counts."""
    annotation, class_mask = read_annotation(path)
    proposed = annotation.review != "reviewed"
    contradicts = bool(contradiction(fg, class_mask))
    counts["unreviewed"] += proposed
    counts["contradicting"] += contradicts
    counts["refused"] += proposed and contradicts
    counts["unstated"] += proposed and not fg.class_
    if proposed and (contradicts or not fg.class_ or not proposals):
        return fg
    pixels = np.bincount(class_mask.ravel(), minlength=256)
    names = sorted(classes_in(class_mask), key=lambda name: -pixels[class_index(name)])
    if not names:
        raise DataError(f"{path}: gives no pixel a class; tag it, or move the annotation away")
    primary = fg.class_ if fg.class_ in names else names[0]
    others = (name for name in names if name != primary)
    return replace(fg, classes=(primary, *others), annotation=path, proposed=proposed)


def _summary(total: int, counts: Counter[str], *, proposals: bool) -> str:
    """Say in a line how many annotations are not reviewed, and how many contradict the stated class."""
    unreviewed, contradicting = counts["unreviewed"], counts["contradicting"]
    if not unreviewed:
        used = "all are reviewed"
    elif proposals:
        used = f"{unreviewed} of {total} are not reviewed and are used as proposals"
        if counts["refused"]:
            used += f", but for {counts['refused']} that contradict the stated class"
        if counts["unstated"]:
            used += (
                f", but for {counts['unstated']} whose foreground has no stated class and gets none by "
                "a guess: review them on the page (simd tag), or state the class"
            )
    else:
        used = (
            f"{unreviewed} of {total} are not reviewed and are not used; review them on the page (simd tag), "
            "or use them as they are with --proposals"
        )
    return f"{used}. {contradicting} of {total} contradict the stated class" + (
        "; simd tag status names them" if contradicting else ""
    )
