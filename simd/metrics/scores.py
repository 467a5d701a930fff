"""Scores of a method on a set: rows by image and region, and what they come to by class and in all."""

import csv
import io
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import json_text, make_folder, read_json, read_text, write_atomically
from simd.metrics.alpha import METRICS_VERSION
from simd.metrics.intervals import intervals
from simd.taxonomy import CLASSES
from simd.version import __version__

METRICS = ("sad", "mse", "grad", "conn")
WHOLE = "unknown"
"""The region that is the whole unknown region of an image."""
UNLABELLED = "unlabelled"
"""The region of unknown pixels without a class."""
NOT_TRUTH = frozenset({"predicted", "game_texture"})
"""Kinds of alpha that are no ground truth: a network's output, a painted texture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The errors of one image in one region."""

    id: str
    class_: str  # the image's primary class; "" where nobody said
    fg_id: str
    region: str  # WHOLE, a class, or UNLABELLED
    pixels: int
    sad: float
    mse: float
    grad: float
    conn: float
    alpha_kind: str = ""
    fallback: str = ""  # why the matte is not the method's own, if it is not


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """All scores of a method on a set, with what they were computed from."""

    name: str
    version: str
    set: Mapping[str, str]  # name, protocol, digest, trimaps_digest
    paths: Mapping[str, str]  # where the set and the predictions lie
    rows: tuple[Score, ...]
    missing: Mapping[str, str]  # id to reason
    seconds_per_image: float | None = None
    remarks: tuple[str, ...] = ()  # what a reader of the scores has to know

    def summary(self) -> dict[str, Any]:
        """Return the means by class, by region and in all; an absent class has no score (None).

        ``intervals`` is what :func:`simd.metrics.intervals.intervals` says of the same means.
        """
        whole = [row for row in self.rows if row.region == WHOLE]
        by_class = {name: [row for row in whole if row.class_ == name] for name in CLASSES}
        classes = {name: _summarise_class(rows) for name, rows in by_class.items()}
        return {
            "name": self.name,
            "version": self.version,
            "metrics_version": METRICS_VERSION,
            "simd_version": __version__,
            "set": dict(self.set),
            "paths": dict(self.paths),
            "images": len(whole),
            "foregrounds": len({row.fg_id for row in whole}),
            "fallbacks": sum(bool(row.fallback) for row in whole),
            "missing": dict(self.missing),
            "remarks": list(self.remarks),
            "seconds_per_image": self.seconds_per_image,
            "image_mean": {m: _none(mean(getattr(row, m) for row in whole)) for m in METRICS},
            "class_mean": {m: _none(mean(_number(c[m]) for c in classes.values())) for m in METRICS},
            "classes": classes,
            "intervals": intervals(
                {m: [getattr(row, m) for row in whole] for m in METRICS},
                [row.class_ for row in whole],
                [row.fg_id for row in whole],
            ),
            "regions": _summarise_regions(self.rows),
        }

    def save(self, out: Path) -> tuple[Path, Path]:
        """Write ``<out>.csv`` (rows) and ``<out>.json`` (summary); paths in it are relative to it."""
        make_folder(out.parent)
        table, summary = (out.with_name(out.name + suffix) for suffix in (".csv", ".json"))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for row in self.rows:
            values = [getattr(row, f.name) for f in fields(Score)]
            writer.writerow([repr(v) if isinstance(v, float) else v for v in values])
        write_atomically(table, text.getvalue())
        paths = {k: os.path.relpath(v, out.parent) for k, v in self.paths.items()}
        write_atomically(summary, json_text(self.summary() | {"paths": paths}))
        return table, summary


_COLUMNS = [f.name.rstrip("_") for f in fields(Score)]
_TYPES: dict[str, Callable[[str], Any]] = {
    name: int if name == "pixels" else float if name in METRICS else str for name in _COLUMNS
}


def load_scores(path: Path) -> Scores:
    """Read scores from their summary or their rows: ``<out>``, ``<out>.json`` or ``<out>.csv``.

    Raises
    ------
    DataError
        If a file is missing or is not one that ``simd evaluate`` writes.
    """
    base = base_of(path)
    summary_file, rows_file = base.with_name(base.name + ".json"), base.with_name(base.name + ".csv")
    summary = read_json(summary_file)
    if not isinstance(summary, dict) or not {"name", "set", "paths", "image_mean"} <= summary.keys():
        raise DataError(f"{summary_file}: is not a summary that simd evaluate has written")
    if summary.get("metrics_version") != METRICS_VERSION:
        raise DataError(
            f"{summary_file}: was scored with metrics version {summary.get('metrics_version')}, "
            f"this is version {METRICS_VERSION}; run simd evaluate again"
        )
    rows = _read_rows(rows_file)
    return Scores(
        name=summary["name"],
        version=summary["version"],
        set=summary["set"],
        paths={k: os.path.normpath(summary_file.parent / v) for k, v in summary["paths"].items()},
        rows=tuple(rows),
        missing=summary["missing"],
        seconds_per_image=summary["seconds_per_image"],
        remarks=tuple(summary.get("remarks", ())),
    )


def base_of(path: Path) -> Path:
    """Return ``<out>`` of ``<out>``, ``<out>.json`` or ``<out>.csv``: the scores that any of them means."""
    return path.with_suffix("") if path.suffix in (".json", ".csv") else path


def mean(values: Iterable[float]) -> float:
    """Return the mean of the values that are there; nan if none is."""
    there = [v for v in values if not math.isnan(v)]
    return math.fsum(there) / len(there) if there else math.nan


def _read_rows(path: Path) -> list[Score]:
    reader = csv.DictReader(io.StringIO(read_text(path)))
    if reader.fieldnames != _COLUMNS:
        raise DataError(f"{path}: its columns are not those that simd evaluate writes")
    rows = []
    for row in reader:
        try:
            values: dict[str, Any] = {key: _TYPES[key](text) for key, text in row.items()}
            rows.append(Score(class_=values.pop("class"), **values))
        except (TypeError, ValueError, KeyError) as error:
            raise DataError(f"{path}:{reader.line_num}: {error}") from None
    return rows


def _summarise_class(rows: Sequence[Score]) -> dict[str, Any]:
    return {
        "images": len(rows),
        "foregrounds": len({row.fg_id for row in rows}),
        "fallbacks": sum(bool(row.fallback) for row in rows),
        "not_truth": sum(row.alpha_kind in NOT_TRUTH for row in rows),
        **{m: _none(mean(getattr(row, m) for row in rows)) for m in METRICS},
    }


def _summarise_regions(rows: Sequence[Score]) -> dict[str, Any]:
    regions = {}
    for name in (*CLASSES, UNLABELLED):
        inside = [row for row in rows if row.region == name]
        regions[name] = {
            "images": len(inside),
            "pixels": sum(row.pixels for row in inside),
            **{m: _none(mean(getattr(row, m) for row in inside)) for m in METRICS},
        }
    return regions


def _none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def score_to_row(score: Score) -> dict[str, Any]:
    """Return a score as JSON; nan becomes None."""
    return {k: _none(v) if isinstance(v, float) else v for k, v in asdict(score).items()}


def score_from_row(row: Mapping[str, Any]) -> Score:
    """Make the score of :func:`score_to_row` again."""
    values: dict[str, Any] = {k: math.nan if v is None else v for k, v in row.items()}
    return Score(**values)
