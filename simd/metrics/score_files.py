"""The two files of scores, read and checked: each key and figure, and the one file against the other."""

import csv
import hashlib
import io
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import read_json, read_text
from simd.garbage import search_put_off
from simd.metrics.score import ENTIRE, METRICS, METRICS_VERSION, WHOLE, CutoutErrors, Score
from simd.metrics.score_summary import facts_of
from simd.records import UNLABELLED
from simd.schema import (
    AMOUNT,
    COUNT,
    DIGEST,
    NAME,
    NUMBER,
    PATH,
    SHARE,
    TEXT,
    checked,
    choice,
    differing,
    list_of,
    or_null,
    record,
    table_of,
    texts_by,
    whole,
)
from simd.taxonomy import CLASSES

COLUMNS = [f.name.rstrip("_") for f in fields(Score) if f.name != "cutout"]
"""The columns of the rows of scores."""
CUTOUT_COLUMNS = list(CutoutErrors._fields)
"""The columns that follow where cut-outs were measured; empty in the rows of classes."""
DIGEST_KEY = "rows_sha256"
"""The key of a summary with the digest of its rows file."""

_LOG = logging.getLogger(__name__)
_TYPES: dict[str, Callable[[str], Any]] = {
    name: int if name == "pixels" else float if name in METRICS else str for name in COLUMNS
}
_REGIONS = {WHOLE, *CLASSES, UNLABELLED, ENTIRE}
_MEANS = ("image_mean", "class_mean")
_COUNTED_EMPTY = 1  # the version of the metrics in which an image without unknown pixels counted as 0

_ERRORS = dict.fromkeys(METRICS, or_null(AMOUNT))
_BOUNDS = record({**dict.fromkeys(METRICS, or_null(list_of(NUMBER, length=2))), "reason": or_null(TEXT)})
_OF_CLASS = record({**dict.fromkeys(("images", "foregrounds", "fallbacks", "not_truth"), COUNT), **_ERRORS})
_OF_REGION = record({"images": COUNT, "pixels": COUNT, **_ERRORS})
_CUTOUT = record(dict.fromkeys(CUTOUT_COLUMNS, or_null(SHARE)))
SUMMARY = record(
    {
        "metrics_version": whole(1, METRICS_VERSION),
        "name": NAME,
        "version": TEXT,
        "simd_version": TEXT,
        "set": record(
            {"name": TEXT, "protocol": TEXT, "digest": DIGEST, "trimaps_digest": DIGEST},
            {"part_of": DIGEST, "region": choice(ENTIRE), "class_masks": choice("proposals")},
        ),
        "paths": table_of(PATH),
        "images": COUNT,
        "foregrounds": COUNT,
        "fallbacks": COUNT,
        "missing": texts_by("image ids and reasons"),
        "seconds_per_image": or_null(AMOUNT),
        "image_mean": record(_ERRORS),
        "class_mean": record(_ERRORS),
        "classes": table_of(_OF_CLASS, names=CLASSES),
        "intervals": record(
            {"level": SHARE, "image_mean": _BOUNDS, "class_mean": _BOUNDS, "classes": table_of(_BOUNDS)}
        ),
        "regions": table_of(_OF_REGION, names=[*CLASSES, UNLABELLED]),
    },
    {
        "remarks": list_of(TEXT),
        DIGEST_KEY: DIGEST,
        "mad": record(dict.fromkeys(_MEANS, or_null(AMOUNT))),
        "cutout": record({**dict.fromkeys(_MEANS, _CUTOUT), "classes": table_of(_CUTOUT, names=CLASSES)}),
    },
    words="a summary that simd evaluate has written",
)
"""The kind of <out>.json of simd evaluate."""


def read_score_files(summary_file: Path, rows_file: Path) -> tuple[dict[str, Any], list[Score]]:
    """Read a summary and its rows.

    Raises
    ------
    DataError
        If one is missing, is of another version of the metrics, has a key or row that is not what
        ``simd evaluate`` writes, or if the two are not of one run.
    """
    summary, rows = _read_summary(summary_file), _read_rows(rows_file)
    digest = hashlib.sha256(rows_file.read_bytes()).hexdigest()
    if DIGEST_KEY not in summary:
        _LOG.warning(
            "%s: states no digest of its rows, as it was written by an earlier simd; the rows are compared "
            "with its means alone",
            summary_file,
        )
    elif summary[DIGEST_KEY] != digest:
        raise DataError(
            f"{rows_file}: is not the file that {summary_file.name} was written with (its digest differs); "
            "restore the two, or run simd evaluate again"
        )
    if key := differing(summary, facts_of(rows)):
        raise DataError(
            f"{rows_file}: {key} of these rows is not the one in {summary_file.name}, so they are not of one "
            "run of simd evaluate; run it again"
        )
    if any((row.region == ENTIRE) != (summary["set"].get("region") == ENTIRE) for row in rows):
        raise DataError(
            f"{rows_file}: counts another region than {summary_file.name} says; run simd evaluate again"
        )
    if both := sorted(summary["missing"].keys() & {row.id for row in rows}):
        raise DataError(f"{rows_file}: has scores of {both[0]}, which {summary_file.name} lists as missing")
    if summary["metrics_version"] == _COUNTED_EMPTY and any(row.is_empty for row in rows):
        raise DataError(
            f"{summary_file}: was scored with metrics version {_COUNTED_EMPTY}, in which images without "
            "unknown pixels counted as 0; run simd evaluate again"
        )
    return summary, rows


def version_of(summary: Mapping[str, Any]) -> int:
    """Return the version of the metrics that a summary's figures are of, as read by :func:`read_score_files`.

    Version 1 differs from 2 in images without unknown pixels alone, which are refused there.
    """
    return max(int(summary["metrics_version"]), _COUNTED_EMPTY + 1)


def _read_summary(path: Path) -> dict[str, Any]:
    content = read_json(path)
    version = content.get("metrics_version") if isinstance(content, dict) else None
    if type(version) is int and not 1 <= version <= METRICS_VERSION:
        raise DataError(
            f"{path}: was scored with metrics version {str(version)[:20]}, this is version "
            f"{METRICS_VERSION}; run simd evaluate again"
        )
    summary: dict[str, Any] = checked(content, SUMMARY, path, "run simd evaluate again")
    return summary


@search_put_off()
def _read_rows(path: Path) -> list[Score]:
    reader = csv.DictReader(io.StringIO(read_text(path)))
    if reader.fieldnames not in (COLUMNS, COLUMNS + CUTOUT_COLUMNS):
        raise DataError(f"{path}: its columns are not those that simd evaluate writes")
    rows: dict[tuple[str, str], Score] = {}
    for row in reader:
        try:
            values: dict[str, Any] = {key: _TYPES[key](row[key]) for key in COLUMNS}
            measured = [row[key] for key in CUTOUT_COLUMNS if row.get(key)]
            cutout = CutoutErrors(*map(float, measured)) if measured else None
            score = Score(class_=values.pop("class"), **values, cutout=cutout)
        except (TypeError, ValueError, KeyError) as error:
            raise DataError(f"{path}:{reader.line_num}: {error}") from None
        if reason := _problem(score):
            raise DataError(f"{path}:{reader.line_num}: {reason}; run simd evaluate again")
        if (score.id, score.region) in rows:
            raise DataError(f"{path}:{reader.line_num}: {score.id}, region {score.region}, is listed twice")
        rows[score.id, score.region] = score
    return list(rows.values())


def _problem(score: Score) -> str:
    if score.class_ and score.class_ not in CLASSES:
        return f"{score.class_!r} is not a class"
    if score.region not in _REGIONS:
        return f"{score.region!r} is not a region"
    for name in ("pixels", *METRICS):
        value = getattr(score, name)
        if value < 0 or math.isinf(value):
            return f"{name} is {value}, out of its range"
    for name, value in (score.cutout._asdict() if score.cutout else {}).items():
        if not (0 <= value <= 1 or math.isnan(value)):
            return f"{name} is {value}, out of its range 0..1"
    return ""
