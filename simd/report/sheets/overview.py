"""A picture that shows what a set is: foreground, alpha, class mask, and two of its composites."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

from simd.composition.arithmetic import composite
from simd.dataset.manifest import MattingSet, Sample
from simd.image import UInt8
from simd.records import Foreground
from simd.sources import read_foreground
from simd.sources.outputs import write_picture
from simd.taxonomy import NO_CLASS, TAXONOMY

_GAP, _HEADER = 6, 24
_HEADINGS = ("foreground", "alpha", "class mask", "composite", "another")
SHOWN = ("hair_hard", "insect", "plastic_bag", "lace")


def write_overview(matting_set: MattingSet, path: Path, *, classes: Sequence[str] = SHOWN) -> Path:
    """Write the picture of a set of generated foregrounds: a row for each of some classes.

    Only composites over photographs that need no attribution are shown, so the picture may go anywhere.
    """
    rows = [row for class_ in classes if (row := _row(matting_set, class_)) is not None]
    width = rows[0].shape[1]
    header = np.full((_HEADER, width, 3), 255, np.uint8)
    step = (width + _GAP) // len(_HEADINGS)
    for number, heading in enumerate(_HEADINGS):
        corner = (number * step + 2, _HEADER - 8)
        cv2.putText(header, heading, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (60, 60, 60), 1, cv2.LINE_AA)
    gap = np.full((_GAP, width, 3), 255, np.uint8)
    write_picture(path, np.vstack([header, *[part for row in rows for part in (row, gap)]][:-1]))
    return path


def colour_class_mask(class_mask: UInt8) -> UInt8:
    """Paint a class mask, uint8 (H, W), in the taxonomy's colours: RGB (H, W, 3), white where no class is."""
    palette = np.full((256, 3), 255, np.uint8)
    for class_ in TAXONOMY:
        palette[class_.index] = [int(class_.colour[i : i + 2], 16) for i in (1, 3, 5)]
    assert NO_CLASS == 255
    return np.asarray(palette[class_mask], dtype=np.uint8)


def checkerboard(size: tuple[int, int], cell: int = 16) -> UInt8:
    """Return the grey checkerboard (H, W, 3) on which a cut-out is shown."""
    y, x = np.indices(size) // cell
    grey = np.where((y + x) % 2, 150, 185).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _row(matting_set: MattingSet, class_: str) -> UInt8 | None:
    samples_of_class = [sample for sample in matting_set if sample.row.class_ == class_]
    groups = [list(group) for _, group in groupby(samples_of_class, key=lambda sample: sample.row.fg_id)]
    free = [[s for s in group if not (s.row.bg_licence or "").startswith("CC BY")] for group in groups]
    samples = max(free, key=len, default=[])
    if len(samples) < 2:
        return None
    first = samples[0]
    pixels = read_foreground(_foreground(first))
    tiles = [
        composite(pixels.fg, pixels.alpha, checkerboard((pixels.alpha.shape[0], pixels.alpha.shape[1]))),
        np.repeat(first.alpha[..., None], 3, axis=2),
        colour_class_mask(first.class_mask),
        first.image,
        samples[1].image,
    ]
    gap = np.full((first.alpha.shape[0], _GAP, 3), 255, np.uint8)
    return np.hstack([part for tile in tiles for part in (tile, gap)][:-1])


def _foreground(sample: Sample) -> Foreground:
    return Foreground(id=sample.row.fg_id, source=sample.row.source, classes=(sample.row.class_,))
