"""What the scores of a method come to: means by class, by region and in all, as records and as JSON."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from simd.metrics.intervals import Intervals, intervals
from simd.metrics.score import ENTIRE, METRICS, METRICS_VERSION, WHOLE_IMAGES, CutoutErrors, Score
from simd.missing import none_if_nan, nulls_for_nan, present
from simd.records import NOT_TRUTH, UNLABELLED
from simd.taxonomy import CLASSES
from simd.version import __version__


@dataclass(frozen=True, slots=True)
class MeanErrors:
    """The four errors; nan where there is none."""

    sad: float
    mse: float
    grad: float
    conn: float

    def __getitem__(self, metric: str) -> float:
        """Return the error of a metric by its name."""
        return float(getattr(self, metric))

    def to_json(self) -> dict[str, float | None]:
        """Return the errors by metric; None for nan."""
        return {metric: none_if_nan(self[metric]) for metric in METRICS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSummary:
    """The images of a class, and their mean errors."""

    images: int
    foregrounds: int
    fallbacks: int
    not_truth: int  # alphas that are not ground truth
    errors: MeanErrors


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionSummary:
    """The images that hold pixels of a class, those pixels, and the mean errors in them."""

    images: int
    pixels: int
    errors: MeanErrors


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSummary:
    """The scores of a method on a set, summed up; the fields are in the order of the file."""

    name: str
    version: str
    metrics_version: int
    simd_version: str
    set: Mapping[str, str]
    paths: Mapping[str, str]
    images: int
    foregrounds: int
    fallbacks: int
    missing: Mapping[str, str]
    remarks: tuple[str, ...]
    seconds_per_image: float | None
    image_mean: MeanErrors
    class_mean: MeanErrors  # class-balanced: the mean of the means of the classes present
    classes: Mapping[str, ClassSummary]  # all 20
    intervals: Intervals
    regions: Mapping[str, RegionSummary]  # all 20, and UNLABELLED
    mad: Mapping[str, float] | None = None  # of all pixels: image_mean, class_mean; None of unknown regions
    cutout: Mapping[str, Any] | None = None  # CutoutErrors: image_mean, class_mean, classes; if asked for

    def to_json(self) -> dict[str, Any]:
        """Return the summary as ``<out>.json`` holds it; an absent class has no score (None)."""
        values = {field.name: _to_json(getattr(self, field.name)) for field in fields(self)}
        optional = ("mad", "cutout")
        return {name: value for name, value in values.items() if name not in optional or value is not None}


def summarise_scores(
    rows: Sequence[Score],
    *,
    name: str,
    version: str,
    set: Mapping[str, str],
    paths: Mapping[str, str],
    missing: Mapping[str, str],
    remarks: tuple[str, ...],
    seconds_per_image: float | None,
    metrics_version: int = METRICS_VERSION,
) -> ScoreSummary:
    """Sum the scores of a method up; the parameters are the fields of :class:`simd.metrics.scores.Scores`."""
    whole = whole_images(rows)
    return ScoreSummary(
        name=name,
        version=version,
        metrics_version=metrics_version,
        simd_version=__version__,
        set=dict(set),
        paths=dict(paths),
        missing=dict(missing),
        remarks=remarks,
        seconds_per_image=seconds_per_image,
        **_counts_and_means(rows),
        intervals=intervals(
            {m: [getattr(row, m) for row in whole] for m in METRICS},
            [row.class_ for row in whole],
            [row.fg_id for row in whole],
        ),
    )


def facts_of(rows: Sequence[Score]) -> dict[str, Any]:
    """Return the counts and means of rows as a summary on disk holds them."""
    return {key: _to_json(value) for key, value in _counts_and_means(rows).items()}


def _counts_and_means(rows: Sequence[Score]) -> dict[str, Any]:
    whole = whole_images(rows)
    entire = any(row.region == ENTIRE for row in rows)
    cutout = any(row.cutout is not None for row in rows)
    return {
        **({"mad": mean_absolute_differences(rows)} if entire else {}),
        **({"cutout": mean_cutout_errors(rows)} if cutout else {}),
        "images": len(whole),
        "foregrounds": len({row.fg_id for row in whole}),
        "fallbacks": sum(bool(row.fallback) for row in whole),
        "image_mean": mean_errors(whole),
        "class_mean": class_mean_errors(rows),
        "classes": {name: _of_class(of_class) for name, of_class in _by_class(rows).items()},
        "regions": {name: _of_region(of_region) for name, of_region in _by_region(rows).items()},
    }


def whole_images(rows: Sequence[Score]) -> list[Score]:
    """Return the scores of whole images; those without an unknown pixel have none."""
    return [row for row in rows if row.region in WHOLE_IMAGES and row.pixels]  # as is_whole and is_empty say


def mean_errors(rows: Sequence[Score]) -> MeanErrors:
    """Return the mean of each error over rows."""
    return MeanErrors(*(mean(map(attrgetter(m), rows)) for m in METRICS))


def class_mean_errors(rows: Sequence[Score]) -> MeanErrors:
    """Return the class-balanced mean of each error: the mean of the class means of whole images."""
    means = [mean_errors(of_class) for of_class in _by_class(rows).values()]
    return MeanErrors(*(mean(errors[m] for errors in means) for m in METRICS))


def mean_absolute_differences(rows: Sequence[Score]) -> dict[str, float]:
    """Return MAD of whole images: the mean over images, and the class-balanced one."""
    by_class = [mean(row.mad for row in of_class) for of_class in _by_class(rows).values()]
    return {"image_mean": mean(row.mad for row in whole_images(rows)), "class_mean": mean(by_class)}


def mean_cutout_errors(rows: Sequence[Score]) -> dict[str, Any]:
    """Return the errors of cut-outs: the mean over images, the class-balanced one, and that of each class."""
    of_images = _mean_cutout(row.cutout for row in whole_images(rows))
    by_class = _by_class(rows)
    classes = {name: _mean_cutout(row.cutout for row in of_class) for name, of_class in by_class.items()}
    return {"image_mean": of_images, "class_mean": _mean_cutout(classes.values()), "classes": classes}


def _mean_cutout(values: Iterable[CutoutErrors | None]) -> CutoutErrors:
    known = [errors for errors in values if errors is not None]
    return CutoutErrors(*(mean(getattr(errors, name) for errors in known) for name in CutoutErrors._fields))


def mean(values: Iterable[float]) -> float:
    """Return the mean of the values that are not nan; nan if none is."""
    known = present(values)
    return math.fsum(known) / len(known) if known else math.nan


def _by_class(rows: Sequence[Score]) -> dict[str, list[Score]]:
    of_classes: dict[str, list[Score]] = {name: [] for name in CLASSES}
    for row in whole_images(rows):
        if row.class_ in of_classes:
            of_classes[row.class_].append(row)
    return of_classes


def _by_region(rows: Sequence[Score]) -> dict[str, list[Score]]:
    of_regions: dict[str, list[Score]] = {name: [] for name in (*CLASSES, UNLABELLED)}
    for row in rows:
        if row.region in of_regions:
            of_regions[row.region].append(row)
    return of_regions


def _of_class(rows: Sequence[Score]) -> ClassSummary:
    return ClassSummary(
        images=len(rows),
        foregrounds=len({row.fg_id for row in rows}),
        fallbacks=sum(bool(row.fallback) for row in rows),
        not_truth=sum(row.alpha_kind in NOT_TRUTH for row in rows),
        errors=mean_errors(rows),
    )


def _of_region(rows: Sequence[Score]) -> RegionSummary:
    return RegionSummary(images=len(rows), pixels=sum(row.pixels for row in rows), errors=mean_errors(rows))


def _to_json(value: Any) -> Any:
    if isinstance(value, MeanErrors | Intervals):
        return value.to_json()
    if isinstance(value, ClassSummary | RegionSummary):
        counts = {f.name: getattr(value, f.name) for f in fields(value) if f.name != "errors"}
        return {**counts, **value.errors.to_json()}
    if isinstance(value, CutoutErrors):
        return nulls_for_nan(value._asdict())
    if isinstance(value, Mapping):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, float):
        return none_if_nan(value)
    return list(value) if isinstance(value, tuple) else value
