"""The files of scores, read and checked: what ``simd evaluate`` has written, and nothing else."""

import csv
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import read_json, read_text
from simd.metrics.alpha import METRICS_VERSION
from simd.metrics.score import METRICS, UNLABELLED, WHOLE, Score
from simd.metrics.score_summary import Errors
from simd.taxonomy import CLASSES

COLUMNS = [f.name.rstrip("_") for f in fields(Score)]
"""The columns of the rows of scores."""

_TYPES: dict[str, Callable[[str], Any]] = {
    name: int if name == "pixels" else float if name in METRICS else str for name in COLUMNS
}
_REGIONS = {WHOLE, *CLASSES, UNLABELLED}
_SET = ("name", "protocol", "digest", "trimaps_digest")
_NEAR = 1e-9  # relative: the means of a summary are sums of the rows, in another order at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a summary says beside its means."""

    name: str
    version: str
    set: Mapping[str, str]
    paths: Mapping[str, str]
    missing: Mapping[str, str]
    seconds_per_image: float | None
    remarks: tuple[str, ...]
    image_mean: Mapping[str, float | None]

    def fits(self, errors: Errors) -> bool:
        """Tell whether the mean over images is that of these errors."""
        stated = {metric: self.image_mean.get(metric) for metric in METRICS}
        return all(
            math.isnan(errors[metric])
            if value is None
            else math.isclose(value, errors[metric], rel_tol=_NEAR)
            for metric, value in stated.items()
        )


def read_facts(path: Path) -> Facts:
    """Read a summary, without the means that follow from its rows.

    Raises
    ------
    DataError
        If it is missing, is of another version of the metrics, or a key is missing or of another type.
    """
    summary = read_json(path)
    if not isinstance(summary, dict) or not {"name", "set", "paths", "image_mean"} <= summary.keys():
        raise DataError(f"{path}: is not a summary that simd evaluate has written")
    if summary.get("metrics_version") != METRICS_VERSION:
        raise DataError(
            f"{path}: was scored with metrics version {summary.get('metrics_version')}, "
            f"this is version {METRICS_VERSION}; run simd evaluate again"
        )
    set_ = _checked(path, summary, "set", _is_texts, "texts by name")
    if lacking := [key for key in _SET if key not in set_]:
        raise DataError(f"{path}: set lacks {', '.join(lacking)}; run simd evaluate again")
    return Facts(
        name=_checked(path, summary, "name", _is_text, "a text"),
        version=_checked(path, summary, "version", _is_text, "a text"),
        set=set_,
        paths=_checked(path, summary, "paths", _is_texts, "texts by name"),
        missing=_checked(path, summary, "missing", _is_texts, "texts by id"),
        seconds_per_image=_checked(path, summary, "seconds_per_image", _is_error, "a number >= 0 or null"),
        remarks=tuple(_checked(path, {"remarks": []} | summary, "remarks", _is_list, "a list of texts")),
        image_mean=_checked(path, summary, "image_mean", _is_errors, "numbers >= 0 or null, by metric"),
    )


def read_rows(path: Path) -> list[Score]:
    """Read the rows of scores.

    Raises
    ------
    DataError
        If it is missing, or a row is not one that ``simd evaluate`` writes, or stands there twice.
    """
    reader = csv.DictReader(io.StringIO(read_text(path)))
    if reader.fieldnames != COLUMNS:
        raise DataError(f"{path}: its columns are not those that simd evaluate writes")
    rows: dict[tuple[str, str], Score] = {}
    for row in reader:
        try:
            values: dict[str, Any] = {key: _TYPES[key](text) for key, text in row.items()}
            score = Score(class_=values.pop("class"), **values)
        except (TypeError, ValueError, KeyError) as error:
            raise DataError(f"{path}:{reader.line_num}: {error}") from None
        if problem := _problem(score):
            raise DataError(f"{path}:{reader.line_num}: {problem}; run simd evaluate again")
        if (score.id, score.region) in rows:
            raise DataError(f"{path}:{reader.line_num}: {score.id}, region {score.region}, is listed twice")
        rows[score.id, score.region] = score
    return list(rows.values())


def _problem(score: Score) -> str:
    if score.class_ and score.class_ not in CLASSES:
        return f"{score.class_!r} is not a class"
    if score.region not in _REGIONS:
        return f"{score.region!r} is not a region"
    wrong = [m for m in METRICS if (v := getattr(score, m)) < 0 or math.isinf(v)]
    if score.pixels < 0 or wrong:
        return (
            f"{wrong[0] if wrong else 'pixels'} is {getattr(score, (*wrong, 'pixels')[0])}, out of its range"
        )
    return ""


def _checked(path: Path, summary: Mapping[str, Any], key: str, fits: Callable[[Any], bool], what: str) -> Any:
    if key not in summary:
        raise DataError(f"{path}: lacks {key}; run simd evaluate again")
    if not fits(summary[key]):
        raise DataError(
            f"{path}: {key} has to be {what}, not {str(summary[key])[:60]}; run simd evaluate again"
        )
    return summary[key]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_error(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (number and 0 <= value < math.inf)


def _is_errors(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() >= set(METRICS) and all(map(_is_error, value.values()))
