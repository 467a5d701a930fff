"""The embeddings panel and similarity search: points that ``simd embed`` has made, and region descriptors."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simd.dataset.manifest import MattingSet, Sample
from simd.errors import DataError
from simd.features.descriptors import describe
from simd.files import read_text
from simd.metrics.score import WHOLE
from simd.parallel import run
from simd.progress import track
from simd.report.browse.fields import COMPOSITE
from simd.report.browse.views import MAP, SIMILAR
from simd.trimap import unknown_region

MAP_NAME = "map.csv"
_COLUMNS = ("id", "region", "class", "fg_id", "x", "y")


def read_points(folder: Path, dataset: MattingSet) -> dict[str, tuple[float, float]]:
    """Read the point of each composite from what ``simd embed`` has written.

    Where a composite has a point for each region, the region of its primary class counts.

    Raises
    ------
    DataError
        If the file is not one of ``simd embed``, or shows other images than the set's.
    """
    path = folder / MAP_NAME if folder.is_dir() else folder
    reader = csv.DictReader(io.StringIO(read_text(path)))
    if missing := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
        raise DataError(f"{path}: has no column {', '.join(missing)}; simd embed writes a {MAP_NAME}")
    classes = {row.id: row.class_ for row in dataset.rows}
    points: dict[str, tuple[float, float]] = {}
    ranks: dict[str, int] = {}
    for row in reader:
        try:
            point = float(row["x"]), float(row["y"])
        except (TypeError, ValueError):
            raise DataError(f"{path}:{reader.line_num}: x and y must be numbers") from None
        if not all(map(math.isfinite, point)):
            raise DataError(f"{path}:{reader.line_num}: x and y must be finite")
        if (id_ := row["id"]) not in classes:
            continue
        rank = (classes[id_], WHOLE).index(row["region"]) if row["region"] in (classes[id_], WHOLE) else 2
        if rank < ranks.get(id_, 3):
            points[id_], ranks[id_] = point, rank
    if not points:
        raise DataError(f"{path}: not one of its points is of {dataset.path}; run simd embed on this set")
    return points


def add_points(target: Any, points: Mapping[str, tuple[float, float]]) -> None:
    """Give the embeddings panel its points, in place of those it had."""
    import fiftyone.brain as fob

    _forget(target, MAP)
    ids = dict(zip(*target.values([COMPOSITE, "id"]), strict=True))
    shown = [composite for composite in points if composite in ids]
    view = target.select([ids[composite] for composite in shown], ordered=True)
    array = np.array([points[composite] for composite in shown])
    fob.compute_visualization(view, points=array, brain_key=MAP, progress=False)


def add_similarity(target: Any, dataset: Sequence[Sample], *, workers: int = 1) -> None:
    """Index the descriptors of each composite's unknown region, for "sort by similarity" in the App."""
    import fiftyone.brain as fob

    _forget(target, SIMILAR)
    if not dataset:
        return
    samples = {_content(sample): sample for sample in dataset}  # composites of one foreground share them
    descriptors = {}
    for outcome in track(
        run(_describe, list(samples.values()), workers=workers), len(samples), "descriptors"
    ):
        if outcome.value is None:
            raise DataError(outcome.reason or "")
        descriptors[_content(outcome.item)] = outcome.value
    matrix = np.stack([descriptors[_content(sample)] for sample in dataset])
    spread = matrix.std(axis=0)
    matrix = (matrix - matrix.mean(axis=0)) / np.where(spread > 0, spread, 1)
    ids = dict(zip(*target.values([COMPOSITE, "id"]), strict=True))
    view = target.select([ids[sample.row.id] for sample in dataset], ordered=True)
    fob.compute_similarity(
        view, embeddings=matrix, brain_key=SIMILAR, backend="sklearn", metric="euclidean", progress=False
    )


def _content(sample: Sample) -> tuple[str, str]:
    return sample.row.alpha_sha256, sample.row.trimap_sha256


def _describe(sample: Sample) -> npt.NDArray[np.float32]:
    return describe(sample.alpha, unknown_region(sample.trimap))


def _forget(target: Any, key: str) -> None:
    if key in target.list_brain_runs():
        target.delete_brain_run(key)
