"""What a folder of annotations covers: classes, open pixels, and foregrounds that have changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simd.errors import DataError
from simd.progress import track
from simd.records import Foreground
from simd.sources import read_foreground
from simd.tagging.annotation import Annotation
from simd.tagging.annotation_files import change, find_annotation_files, read_annotation
from simd.tagging.contradictions import contradiction, disagreement
from simd.tagging.fill import unknown_of
from simd.taxonomy import CLASSES, NO_CLASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What stands in a folder of annotations."""

    annotated: int
    reviews: dict[str, int]  # review state to annotations
    pixels: dict[str, int]  # class to pixels, of annotations that are good
    foregrounds: dict[str, int]  # class to annotations that have it
    strokes: int
    seconds: float  # that somebody worked, as far as annotations say
    broken: dict[str, str]  # file name to reason
    open_: dict[str, float] = field(
        default_factory=dict
    )  # fg_id to the share of unknown pixels without a class
    unknown: int = 0  # unknown pixels of the annotated foregrounds that were given
    unlabelled: int = 0  # those of them without a class
    changed: dict[str, str] = field(default_factory=dict)  # fg_id to what changed since
    disagreements: dict[str, str] = field(default_factory=dict)  # fg_id to where mask and source differ
    contradictions: dict[str, str] = field(default_factory=dict)  # those in which both cannot be right
    untagged: tuple[str, ...] = ()  # foregrounds without an annotation
    strange: tuple[str, ...] = ()  # annotations of none of the foregrounds

    @property
    def problems(self) -> dict[str, str]:
        """What must be mended: broken annotations, changed foregrounds, contradicted classes."""
        return self.broken | self.changed | self.contradictions


def read_status(folder: Path, foregrounds: Sequence[Foreground] | None = None) -> Status:
    """Look through a folder of annotations; with their foregrounds, find what is open, changed and missing.

    Raises
    ------
    DataError
        If the folder is missing. What is wrong in it stands in the status.
    """
    annotations = find_annotation_files(folder)
    broken, counts, having = dict(annotations.broken), np.zeros(256, np.int64), np.zeros(256, np.int64)
    good: dict[str, Annotation] = {}
    paths = annotations.paths
    for fg_id, path in track(paths.items(), len(paths), "annotations", quiet=True):
        try:
            good[fg_id], mask = read_annotation(path)
        except DataError as error:
            broken[path.name] = str(error)
            continue
        pixels_of = np.bincount(mask.ravel(), minlength=256)
        counts += pixels_of
        having += pixels_of > 0
    reviews = [annotation.review for annotation in good.values()]
    facts: dict[str, Any] = {
        "annotated": len(good),
        "reviews": {review: reviews.count(review) for review in sorted(set(reviews))},
        "pixels": {name: int(counts[k]) for k, name in enumerate(CLASSES) if counts[k]},
        "foregrounds": {name: int(having[k]) for k, name in enumerate(CLASSES) if having[k]},
        "strokes": sum(len(annotation.strokes) for annotation in good.values()),
        "seconds": sum(annotation.seconds or 0 for annotation in good.values()),
        "broken": broken,
    }
    if foregrounds is None:
        return Status(**facts)
    known = {fg.id for fg in foregrounds}
    return Status(
        **facts,
        **_compared(folder, annotations.paths, good, foregrounds),
        untagged=tuple(fg.id for fg in foregrounds if fg.id not in annotations.paths),
        strange=tuple(fg_id for fg_id in good if fg_id not in known),
    )


def _compared(
    folder: Path, paths: dict[str, Path], good: dict[str, Annotation], foregrounds: Sequence[Foreground]
) -> dict[str, Any]:
    """Compare annotations with the pixels of their foregrounds."""
    open_: dict[str, float] = {}
    changed: dict[str, str] = {}
    disagreements: dict[str, str] = {}
    contradictions: dict[str, str] = {}
    unknown = unlabelled = 0
    for fg in track(foregrounds, len(foregrounds), "foregrounds", quiet=True):
        if fg.id not in good:
            continue
        try:
            pixels = read_foreground(fg)
        except DataError as error:
            changed[fg.id] = f"it cannot be read: {error}"
            continue
        if reason := change(good[fg.id], pixels.fg, pixels.alpha):
            changed[fg.id] = f"{reason} since it was annotated"
            continue
        _, mask = read_annotation(paths[fg.id])
        region = unknown_of(pixels.alpha)
        total, without = int(region.sum()), int((mask[region] == NO_CLASS).sum())
        unknown, unlabelled = unknown + total, unlabelled + without
        if without:
            open_[fg.id] = without / total
        if text := disagreement(fg, mask):
            disagreements[fg.id] = text
        if text := contradiction(fg, mask):
            contradictions[fg.id] = text
    return {
        "open_": open_,
        "changed": changed,
        "disagreements": disagreements,
        "contradictions": contradictions,
        "unknown": unknown,
        "unlabelled": unlabelled,
    }
