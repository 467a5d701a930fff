"""What sets are made of: measure each image and each class region, resumably, and write tables and plots."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from simd.arguments import checked
from simd.dataset.manifest import INFO_NAME, MattingSet, Sample, load_set
from simd.dataset.unreviewed import is_unreviewed, unlabelled_images, unreviewed_note
from simd.errors import BatchError, DataError
from simd.features.region_statistics import ForegroundSize, Measures, foreground_size, measure_regions
from simd.files import real_path
from simd.locks import locked_folder
from simd.missing import nan_for_nulls, nulls_for_nan
from simd.report.image_rows import rows_of_images
from simd.report.sample_regions import regions_of_sample
from simd.report.statistics.result import Measured, SetStatistics
from simd.schema import AMOUNT, COUNT, FLAG, SHARE, TEXT, list_of, or_null, record
from simd.selection.class_counts import Census, census_of_rows, take_census
from simd.taxonomy import CLASSES
from simd.trimap import unknown_region

MEASURES_VERSION = 1
"""Raised when a measure changes: an unfinished run with another is not continued."""

_STATE = ".statistics"
_MEASURES = record(
    {
        **dict.fromkeys(("pixels", "components", "holes"), COUNT),
        **dict.fromkeys(
            ("unknown_share", "alpha_ratio", "mean_alpha", "share_alpha_0", "share_alpha_1"), or_null(SHARE)
        ),
        **dict.fromkeys(("mean_gradient", "thickness", "colour_distance_estimated"), or_null(AMOUNT)),
        "levels": list_of(or_null(SHARE), length=8),
    }
)
_SIZE = record({**dict.fromkeys(("height", "width", "fg_height", "fg_width"), COUNT), "fg_share": SHARE})
_NOTED = record(
    {
        "id": TEXT,
        "masked": FLAG,
        "size": _SIZE,
        "image": _MEASURES,
        "regions": record({}, dict.fromkeys(CLASSES, _MEASURES)),
    }
)


def report_statistics(
    places: Sequence[str | Path], out: str | Path, *, proposals: bool = False, workers: int = 1
) -> tuple[list[SetStatistics], list[Path]]:
    """Measure sets side by side and write tables, plots and a page into a folder.

    An interrupted run is continued by the same command.

    Parameters
    ----------
    places : sequence of path
        Sets; or what :func:`~simd.selection.class_counts.take_census` counts, of which there are only counts:
        a folder of foregrounds, a list of names.
    out : path
        Folder for index.html, statistics.md, four CSV files and the plots.
    proposals : bool
        Measure the regions of class masks that nobody has reviewed, too.
    workers : int
        Processes.

    Returns
    -------
    statistics : list of SetStatistics
    files : list of Path

    Raises
    ------
    DataError
        If a place is none of these.
    BusyError
        If another process writes to `out`.
    BatchError
        If images could not be measured. The others are, and all files are written.
    """
    from simd.report.statistics.page import check_statistics_folder

    out = check_statistics_folder(out, len(places), inputs=places)
    opened = [_open(origin) for origin in places]
    with locked_folder(out):
        return _report(places, opened, out, proposals, workers)


def _report(
    places: Sequence[str | Path],
    opened: Sequence[MattingSet | Census],
    out: Path,
    proposals: bool,
    workers: int,
) -> tuple[list[SetStatistics], list[Path]]:
    """Measure sets and write about them into a folder that this run holds."""
    from simd.report.statistics.page import write_statistics

    state = out / _STATE
    statistics: list[SetStatistics] = []
    failures: dict[str, str] = {}
    total = 0
    for origin, source in zip(places, opened, strict=True):
        if not isinstance(source, MattingSet):
            name = Path(origin).name or str(origin)
            statistics.append(SetStatistics(name, source, sum(source.composites.values())))
            failures |= source.problems
            total += source.total + len(source.problems) if source.problems else 0
            continue
        total += len(source)
        key = hashlib.sha256(str(real_path(origin)).encode()).hexdigest()[:12]
        try:
            statistics.append(measure_set(source, proposals=proposals, workers=workers, state=state / key))
        except _PartlyMeasuredError as partly:
            failures |= partly.failures
            statistics.append(partly.statistics)
    statistics = _named_apart(statistics, places)
    files = write_statistics(statistics, out)
    shutil.rmtree(state, ignore_errors=True)
    if failures:
        raise BatchError(failures, "images", total)
    return statistics, files


@checked
def stats(
    *datasets: str | Path, out: str | Path | None = None, proposals: bool = False, workers: int = 1
) -> list[SetStatistics]:
    """Measure sets side by side; with `out`, write tables, plots and a page too.

    See :func:`report_statistics`, which this is for a notebook: ``simd.stats("my_set")``.
    """
    if out is not None:
        return report_statistics(datasets, out, proposals=proposals, workers=workers)[0]
    statistics = []
    for origin, opened in zip(datasets, map(_open, datasets), strict=True):
        if isinstance(opened, MattingSet):
            statistics.append(measure_set(opened, proposals=proposals, workers=workers))
        else:
            composites = sum(opened.composites.values())
            statistics.append(SetStatistics(Path(origin).name or str(origin), opened, composites))
    return _named_apart(statistics, datasets)


def measure_set(
    matting_set: MattingSet, *, proposals: bool = False, workers: int = 1, state: Path | None = None
) -> SetStatistics:
    """Measure every image of a set.

    Parameters
    ----------
    matting_set : MattingSet
    proposals : bool
        Measure the regions of class masks that nobody has reviewed, too.
    workers : int
        Processes.
    state : Path, optional
        Folder in which finished images are noted; a run that finds it goes on from there. It stays.

    Raises
    ------
    BatchError
        If some images cannot be read.
    """
    settings: dict[str, Any] = {"measures": MEASURES_VERSION}
    if proposals and any(map(is_unreviewed, matting_set.rows)):
        settings["proposals"] = True
    rows, failures = rows_of_images(
        matting_set,
        partial(_measure, proposals),
        workers=workers,
        state=state,
        settings=settings,
        kind=_NOTED,
    )
    measured = [rows[row.id] for row in matting_set.rows if row.id in rows]
    statistics = _gathered(matting_set, measured, proposals=proposals)
    if failures:
        raise _PartlyMeasuredError(statistics, failures, len(matting_set))
    return statistics


class _PartlyMeasuredError(BatchError):
    """Some images failed; carries the statistics of the others."""

    def __init__(self, statistics: SetStatistics, failures: dict[str, str], total: int) -> None:
        super().__init__(failures, "images", total)
        self.statistics = statistics


def _open(origin: str | Path) -> MattingSet | Census:
    if (Path(origin) / INFO_NAME).is_file():
        return load_set(origin)
    return take_census(str(origin))


def _named_apart(statistics: Sequence[SetStatistics], places: Sequence[str | Path]) -> list[SetStatistics]:
    """Return the statistics with the place in the name where two sets have one name."""
    counts = Counter(of_set.name for of_set in statistics)
    return [
        replace(of_set, name=f"{of_set.name} ({Path(origin).name} {number})")
        if counts[of_set.name] > 1
        else of_set
        for number, (of_set, origin) in enumerate(zip(statistics, places, strict=True), start=1)
    ]


def _measure(proposals: bool, sample: Sample) -> dict[str, Any]:
    """Measure an image and its regions; the result is JSON, null for nan."""
    image, alpha, trimap = sample.image, sample.alpha, sample.trimap
    unknown = unknown_region(trimap)
    for layer, pixels in (("image", image), ("trimap", trimap)):
        _check_size(sample, layer, pixels.shape[:2], alpha.shape)
    by_class = regions_of_sample(sample, unknown, proposals=proposals)
    of_image = {sample.row.class_: unknown} if sample.row.class_ else {}
    regions = of_image if by_class is None else by_class
    whole, parts = measure_regions(image, alpha, unknown, regions)
    return {
        "id": sample.row.id,
        "masked": by_class is not None,
        "size": asdict(foreground_size(alpha)),
        "image": _to_json(whole),
        "regions": {name: _to_json(part) for name, part in parts.items()},
    }


def _check_size(sample: Sample, layer: str, size: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if size != wanted:
        raise DataError(f"{sample.path(layer)} {size} and its alpha {wanted} must share one (H, W)")


def _to_json(measures: Measures) -> dict[str, Any]:
    return nulls_for_nan(asdict(measures))


def _from_json(row: Mapping[str, Any]) -> Measures:
    return Measures(**nan_for_nulls({field.name: row[field.name] for field in fields(Measures)}))


def _gathered(
    matting_set: MattingSet, done: Sequence[Mapping[str, Any]], *, proposals: bool
) -> SetStatistics:
    rows = {row.id: row for row in matting_set.rows}
    images, regions = [], []
    for measured in done:
        row, stated = rows[measured["id"]], measured["size"]
        size = ForegroundSize(**{field.name: stated[field.name] for field in fields(ForegroundSize)})
        images.append(Measured(row.id, row.class_, row.fg_id, _from_json(measured["image"]), size))
        for class_ in (name for name in CLASSES if name in measured["regions"]):
            part = _from_json(measured["regions"][class_])
            regions.append(Measured(row.id, class_, row.fg_id, part, size))
    counted = census_of_rows(matting_set.rows, proposals=proposals)
    return SetStatistics(
        matting_set.name,
        counted,
        len(matting_set),
        tuple(images),
        tuple(regions),
        tuple(_notes(matting_set, counted, done, proposals=proposals)),
        matting_set,
    )


def _notes(
    matting_set: MattingSet, counted: Census, done: Sequence[Mapping[str, Any]], *, proposals: bool
) -> list[str]:
    total, notes = len(done), []
    if unlabelled := unlabelled_images(matting_set.rows):
        notes.append(unlabelled)
    if unreviewed := unreviewed_note(matting_set.rows, proposals=proposals):
        notes.append(unreviewed)
    if counted.by_region:
        notes.append("some foregrounds have regions of several classes, and count for each of them")
    if without := sum(not measured["masked"] for measured in done):
        notes.append(
            f"{without} of {total} images have no class mask: their whole unknown region counts for their "
            "primary class"
        )
    by_image = sum(row.class_mask_from == "image" and bool(row.class_) for row in matting_set.rows)
    if by_image and not without:
        notes.append(
            f"the class masks of {by_image} of {len(matting_set)} images were not tagged: they give the "
            "primary class to every unknown pixel"
        )
    if empty := sum(measured["image"]["pixels"] == 0 for measured in done):
        notes.append(f"{empty} of {total} images have no unknown region: they count, but have no figures")
    return notes
