"""The failures of the page: which they are, and their pictures cut out, small, as files."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.dataset.manifest import MattingSet, Sample
from simd.errors import DataError
from simd.files import write_atomically
from simd.image import Mask, UInt8, read_prediction, to_uint8
from simd.masks import bounding_box
from simd.metrics.score import WHOLE, Score
from simd.records import UNLABELLED
from simd.report.browse.error_maps import absolute_error
from simd.report.browse.methods import ShownMethod
from simd.report.html.thumbnails import NEAREST, WAY, fit, shrink, webp
from simd.report.leaderboard.examples import error_colours, is_as_scored
from simd.taxonomy import CLASSES, NO_CLASS, class_index
from simd.trimap import unknown_region

LAYERS = ("image", "trimap", "alpha")
"""Pictures of a card that no method has part in, ``<number>-<layer>.webp``."""
METHOD_LAYERS = ("matte", "error", "over")
"""Pictures of each method, ``<number>-<method's number>-<layer>.webp``."""

_SIDE = 360  # pixels on the longest side of a picture
_MARGIN = 0.15  # around a region, as a share of its longest side
_SCREENS = ((0, 170, 70), (200, 40, 170))  # the two colours to composite over: one is unlike any object


class Failure(NamedTuple):
    """An image, or a class region of one, that a method does badly on."""

    sample: Sample
    region: str  # WHOLE, a class, or UNLABELLED
    scores: tuple[Score | None, ...]  # of each method
    worst: frozenset[int]  # the methods that it is among the worst of
    rank: int  # its best place among the worst

    @property
    def class_(self) -> str:
        """The class that it is a failure of."""
        return self.sample.row.class_ if self.region == WHOLE else self.region


class CardJob(NamedTuple):
    """A failure to picture."""

    number: int
    failure: Failure
    mattes: tuple[Path | None, ...]  # of each method
    scored: tuple[float, ...]  # SAD of each on the whole image, nan where it is unknown
    folder: Path


class Pictures(NamedTuple):
    """What has been pictured."""

    size: tuple[int, int]  # (H, W)
    reasons: tuple[str, ...]  # for each method why it has no pictures; "" if it has


def find_failures(dataset: MattingSet, methods: Sequence[ShownMethod], worst: int) -> list[Failure]:
    """Return the worst images and regions of each class and method by SAD, the worst first."""
    tables = [_by_place(method) for method in methods]
    among: dict[tuple[str, str], dict[int, int]] = {}
    for number, table in enumerate(tables):
        groups: dict[tuple[bool, str], list[tuple[float, tuple[str, str]]]] = {}
        for position, row in table.items():
            whole = row.region == WHOLE
            if not math.isnan(row.sad):
                key = (whole, row.class_ if whole else row.region)
                groups.setdefault(key, []).append((-row.sad, position))
        for group in groups.values():
            for rank, (_, position) in enumerate(sorted(group)[:worst]):
                among.setdefault(position, {})[number] = rank
    samples = {sample.row.id: sample for sample in dataset}
    failures = [
        Failure(
            samples[id_],
            region,
            tuple(table.get((id_, region)) for table in tables),
            frozenset(ranks),
            min(ranks.values()),
        )
        for (id_, region), ranks in among.items()
        if id_ in samples
    ]
    return sorted(failures, key=lambda f: (f.rank, -_largest(f.scores), f.sample.row.id, f.region))


def picture(job: CardJob) -> Pictures:
    """Write the pictures of a failure.

    Raises
    ------
    DataError
        If a layer of the set cannot be read.
    """
    sample = job.failure.sample
    image, alpha, trimap = (sample.read(layer) for layer in ("image", "alpha", "trimap"))
    unknown = unknown_region(trimap)
    box = _box(job.failure.region, sample, unknown)
    size = fit(alpha[box].shape, _SIDE)
    for layer, pixels in zip(LAYERS, (image, trimap, alpha), strict=True):
        way = NEAREST if layer == "trimap" else WAY
        picture = job.folder / f"{job.number}-{layer}.webp"
        write_atomically(picture, webp(pixels[box], size, way), flush=False)
    reasons = []
    for index, (file, scored) in enumerate(zip(job.mattes, job.scored, strict=True)):
        pred, reason = _read(file, alpha, unknown, scored)
        reasons.append(reason)
        if pred is not None:
            error = shrink(absolute_error(pred, alpha, unknown)[box], size)
            over = over_a_colour(image[box], pred[box], size)
            drawn = {"matte": pred[box], "error": error_colours()[error], "over": over}
            for layer in METHOD_LAYERS:
                picture = job.folder / f"{job.number}-{index}-{layer}.webp"
                write_atomically(picture, webp(drawn[layer], size), flush=False)
    return Pictures(size, tuple(reasons))


def over_a_colour(image: UInt8, pred: UInt8, size: tuple[int, int]) -> UInt8:
    """Cut an image out by a predicted matte and put it over a colour that it does not have.

    Returns
    -------
    uint8, shape (H, W, 3)
        α F + (1 − α) C, where F is estimated from the image and the matte.
    """
    from pymatting import estimate_foreground_ml

    image, pred = shrink(image, size), shrink(pred, size)
    alpha = pred / 255
    fg = estimate_foreground_ml(image / 255, alpha)
    mean = (fg * alpha[..., None]).sum((0, 1)) / max(alpha.sum(), 1e-6)
    screen = max((np.array(c) / 255 for c in _SCREENS), key=lambda c: float(((c - mean) ** 2).sum()))
    composite = alpha[..., None] * fg + (1 - alpha[..., None]) * screen
    return np.asarray(np.rint(255 * composite.clip(0, 1)), dtype=np.uint8)


def mattes_of(failure: Failure, methods: Sequence[ShownMethod]) -> tuple[Path | None, ...]:
    """Return the file of each method's matte."""
    return tuple(method.files.get(failure.sample.row.id) for method in methods)


def scored_of(failure: Failure, methods: Sequence[ShownMethod]) -> tuple[float, ...]:
    """Return the SAD of each method on the whole image; nan where it is not known."""
    id_ = failure.sample.row.id
    return tuple(m.whole[id_].sad if id_ in m.whole else math.nan for m in methods)


def region_classes(failures: Sequence[Failure]) -> list[str]:
    """Return the classes that there are failures of, in the order of the taxonomy."""
    present = {failure.class_ for failure in failures}
    return [name for name in (*CLASSES, UNLABELLED) if name in present]


def _by_place(method: ShownMethod) -> dict[tuple[str, str], Score]:
    rows = () if method.scores is None else method.scores.rows
    return {(row.id, row.region): row for row in rows}


def _largest(scores: Sequence[Score | None]) -> float:
    return max((row.sad for row in scores if row is not None), default=0.0)


def _read(file: Path | None, alpha: UInt8, unknown: Mask, scored: float) -> tuple[UInt8 | None, str]:
    if file is None:
        return None, "no usable matte"
    try:
        pred = read_prediction(file).matte
    except DataError:
        return None, "the matte cannot be read"
    if pred.shape != alpha.shape:
        return None, "the matte has another size"
    if not math.isnan(scored) and not is_as_scored(pred, alpha, unknown, scored):
        return None, "the matte has changed since it was scored"
    return to_uint8(pred), ""


def _box(region: str, sample: Sample, unknown: Mask) -> tuple[slice, slice]:
    """Return what to show: all of an image, or a region with some margin."""
    height, width = unknown.shape
    if region == WHOLE:
        return np.s_[:height, :width]
    index = NO_CLASS if region == UNLABELLED else class_index(region)
    inside = unknown & (sample.class_mask == index)
    if (box := bounding_box(inside)) is None:  # the class mask is not the one that was scored
        return np.s_[:height, :width]
    margin = 8 + round(_MARGIN * (max(box.height, box.width) - 1))
    return (
        slice(max(0, box.top - margin), box.bottom + margin),
        slice(max(0, box.left - margin), box.right + margin),
    )
