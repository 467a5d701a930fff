"""The worst images of a board as thumbnails: image, trimap, truth, and each method's matte and error."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simd.dataset.manifest import MattingSet, Sample, load_set
from simd.errors import DataError, folded
from simd.image import EXTENSIONS, Mask, Matte, UInt8, read_prediction, to_uint8
from simd.metrics.alpha import sad
from simd.metrics.score_summary import mean
from simd.records import Composite
from simd.report.html.thumbnails import NEAREST, data_uri, fit, shrink, webp
from simd.report.leaderboard.board import Board, BoardEntry
from simd.trimap import unknown_region

_LOG = logging.getLogger(__name__)

MOST = 20
"""Examples on a board, if there is room."""
ERROR_COLOURS = "inferno"
"""Matplotlib's map for errors: rises evenly in lightness, so it reads without colour vision and in grey."""

_SIDE = 192  # pixels on the longest side of a thumbnail


@dataclass(frozen=True)
class MethodPictures:
    """A method's matte of an example and its error, as data URIs; or why they cannot be shown."""

    alpha: str = ""
    error: str = ""
    reason: str = ""


@dataclass(frozen=True)
class WorstImage:
    """An image of a set with what each method made of it."""

    row: Composite
    sad: float  # mean over methods
    full_size: tuple[int, int]  # (H, W)
    size: tuple[int, int]  # (H, W) of the thumbnails
    image: str  # data URIs
    trimap: str
    alpha: str
    methods: tuple[MethodPictures, ...]  # in the order of the board's entries

    @property
    def weight(self) -> int:
        """Bytes of all thumbnails."""
        shared = len(self.image) + len(self.trimap) + len(self.alpha)
        return shared + sum(len(pictures.alpha) + len(pictures.error) for pictures in self.methods)


def find_set(board: Board) -> MattingSet | None:
    """Open the set that a board was scored on; None if it is not there any more, or is another one now."""
    for path in dict.fromkeys(entry.scores.paths.get("set", "") for entry in board.entries):
        try:
            matting_set = load_set(path)
        except DataError:
            continue
        whole = board.set.get("part_of", board.set["digest"])  # scored without what a review excludes
        if matting_set.digest == whole:
            return matting_set
    return None


def worst_images(board: Board) -> list[tuple[str, float]]:
    """Return ids and mean SAD over methods: the worst of each class first, then the second worst, and so on.

    Of each foreground only its worst image is taken, as its composites fail alike.

    Examples
    --------
    With fur 9 and 4 and net 5, the order is fur 9, net 5, fur 4.
    """
    errors = {
        id_: mean(entry.whole[id_].sad for entry in board.entries if id_ in entry.whole)
        for id_ in board.images
    }
    ranks: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    order: list[tuple[int, float, str]] = []
    for id_ in sorted((i for i in errors if not math.isnan(errors[i])), key=lambda i: (-errors[i], i)):
        row = board.images[id_]
        if (row.class_, row.fg_id) in seen:
            continue
        seen.add((row.class_, row.fg_id))
        ranks[row.class_] = ranks.get(row.class_, -1) + 1
        order.append((ranks[row.class_], -errors[id_], id_))
    return [(id_, -negated) for _, negated, id_ in sorted(order)]


def make_examples(board: Board, matting_set: MattingSet, budget: int, most: int = MOST) -> list[WorstImage]:
    """Make examples, as many as fit into `budget` bytes, and return them by SAD, the worst first."""
    samples = {sample.row.id: sample for sample in matting_set}
    examples: list[WorstImage] = []
    unread: dict[str, str] = {}
    for id_, error in worst_images(board)[:most]:
        if id_ not in samples:
            continue
        try:
            example = _example(board, samples[id_], error)
        except DataError as reason:
            unread[id_] = str(reason)
            continue
        budget -= example.weight
        if budget < 0:
            break
        examples.append(example)
    for line in folded(unread):
        _LOG.warning("not among the examples: %s", line)
    return sorted(examples, key=lambda example: -example.sad)


def error_stops(count: int = 9) -> list[str]:
    """Return the error colours from 0 to 1 as ``#rrggbb``, for a legend."""
    return ["#" + bytes(colour).hex() for colour in error_colours()[np.linspace(0, 255, count).astype(int)]]


def is_as_scored(pred: Matte, alpha: UInt8, unknown: Mask, scored: float) -> bool:
    """Tell whether a matte still has the SAD it was scored with."""
    return math.isclose(sad(pred, alpha, unknown), scored, rel_tol=1e-6, abs_tol=1e-9)


@cache
def error_colours() -> npt.NDArray[np.uint8]:
    """Return the colours of errors 0..255, uint8 (256, 3) RGB."""
    from matplotlib import colormaps

    colours: npt.NDArray[np.uint8] = colormaps[ERROR_COLOURS](np.arange(256), bytes=True)[:, :3]
    return np.ascontiguousarray(colours)


def _example(board: Board, sample: Sample, error: float) -> WorstImage:
    image, alpha, trimap = (sample.read(layer) for layer in ("image", "alpha", "trimap"))
    full_size = (alpha.shape[0], alpha.shape[1])
    size = fit(full_size, _SIDE)
    unknown = np.ones(alpha.shape, bool) if board.counts_all else unknown_region(trimap)
    return WorstImage(
        row=sample.row,
        sad=error,
        full_size=full_size,
        size=size,
        image=_uri(image, size),
        trimap=data_uri(webp(trimap, size, NEAREST), "webp"),
        alpha=_uri(alpha, size),
        methods=tuple(_pictures(entry, sample.row.id, alpha, unknown, size) for entry in board.entries),
    )


def _pictures(
    entry: BoardEntry, id_: str, alpha: UInt8, unknown: Mask, size: tuple[int, int]
) -> MethodPictures:
    if id_ not in entry.whole:
        return MethodPictures(reason="no usable matte")
    file = next(_candidates(Path(entry.scores.paths.get("predictions", "")), id_), None)
    if file is None:
        return MethodPictures(reason="the matte is not there any more")
    try:
        pred = read_prediction(file).matte
    except DataError:
        return MethodPictures(reason="the matte cannot be read any more")
    if pred.shape != alpha.shape or not is_as_scored(pred, alpha, unknown, entry.whole[id_].sad):
        return MethodPictures(reason="the matte has changed since it was scored")
    levels = to_uint8(pred)
    error = np.abs(levels.astype(np.int16) - alpha).astype(np.uint8)
    error[~unknown] = 0  # known pixels are not scored
    return MethodPictures(_uri(levels, size), _uri(error_colours()[shrink(error, size)], size))


def _uri(pixels: UInt8, size: tuple[int, int]) -> str:
    return data_uri(webp(pixels, size), "webp")


def _candidates(folder: Path, id_: str) -> Iterator[Path]:
    names = (id_ + ending for extension in EXTENSIONS for ending in (extension, extension.upper()))
    return (folder / name for name in names if (folder / name).is_file())
