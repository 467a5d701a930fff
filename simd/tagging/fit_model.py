"""Fit the model of proposals on foregrounds of any source, with the class masks that are there."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from simd.errors import BatchError, DataError
from simd.files import make_folder
from simd.image import Mask, UInt8
from simd.options import renamed
from simd.progress import track
from simd.records import Foreground
from simd.sources import index_foregrounds
from simd.sources.outputs import check_output_file
from simd.tagging.annotated_foregrounds import annotate, counted_classes, read_annotated
from simd.tagging.fill import unknown_of
from simd.tagging.patch_model import fit, is_model, write_model
from simd.taxonomy import class_index


@renamed(source="kind")
def fit_on(
    places: Sequence[str],
    out: Path,
    *,
    annotations: Path | None = None,
    kind: str | None = None,
    classes: Path | None = None,
) -> int:
    """Fit a model on the foregrounds of some places, write it, and return how many were used.

    A foreground has its class mask where it is annotated or drawn with one, else its class everywhere. Those
    that have several classes and no mask are left out.

    Raises
    ------
    DataError
        If none can be used.
    BatchError
        If some are missing or broken; the model is fitted on the others.
    """
    out = check_output_file(out, "a model of patches", is_model, inputs=[*places, annotations, classes])
    records: list[Foreground] = []
    problems: dict[str, str] = {}
    for place in places:
        index = index_foregrounds(place, kind, classes=classes)
        index = annotate(index, annotations) if annotations is not None else index
        records += index.records
        problems |= index.missing | index.broken  # a CSV file may be that of several places
    classed = [fg for fg in records if fg.classes]
    usable = [fg for fg in classed if len(fg.classes) == 1 or counted_classes(fg) == fg.classes]
    if not usable:
        raise DataError("no foreground has one class or a class mask; tag some first, or give --annotations")
    model = fit(_read(usable))
    make_folder(out.parent)
    write_model(out, model)
    if problems:
        raise BatchError(problems, "foregrounds", len(records) + len(problems))
    return len(usable)


def _read(records: Sequence[Foreground]) -> Iterator[tuple[UInt8, UInt8, UInt8, Mask]]:
    for fg in track(records, len(records), "foregrounds", quiet=True):
        pixels = read_annotated(fg)
        mask = pixels.class_mask
        if mask is None:
            mask = np.full(pixels.alpha.shape, class_index(fg.class_), np.uint8)
        yield pixels.fg, pixels.alpha, mask, unknown_of(pixels.alpha)
