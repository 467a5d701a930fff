"""The statistics of sets as tables: rows of images, regions and classes as CSV, and summaries for people."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from simd.files import csv_text
from simd.missing import present
from simd.report.numbers import DASH, formatted
from simd.report.statistics.result import Measured, SetStatistics
from simd.taxonomy import CLASSES


class Measure(NamedTuple):
    """A figure that is summed up by class."""

    name: str
    title: str
    form: str
    value: Callable[[Measured], float]


MEASURES = (
    Measure("alpha_ratio", "alpha ratio", ".3f", lambda m: m.measures.alpha_ratio),
    Measure("mean_gradient", "mean gradient", ".4f", lambda m: m.measures.mean_gradient),
    Measure("mean_alpha", "mean alpha", ".2f", lambda m: m.measures.mean_alpha),
    Measure("unknown_share", "unknown share", ".3f", lambda m: m.measures.unknown_share),
    Measure("thickness", "stroke width, px", ".1f", lambda m: m.measures.thickness),
    Measure("components", "components", ".1f", lambda m: m.measures.components),
    Measure("holes", "holes", ".1f", lambda m: m.measures.holes),
    Measure(
        "colour_distance_estimated",
        "F–B distance, ΔE (estimated)",
        ".1f",
        lambda m: m.measures.colour_distance_estimated,
    ),
    Measure("fg_share", "foreground share", ".3f", lambda m: m.size.fg_share),
)


class ClassMeasures(NamedTuple):
    """Counts of a class, and mean and deviation of each of :data:`MEASURES`; nan where there is none."""

    class_: str
    rows: int  # images, or regions
    foregrounds: int
    means: tuple[float, ...]
    spreads: tuple[float, ...]  # nan for fewer than two


def measures_by_class(rows: Sequence[Measured]) -> list[ClassMeasures]:
    """Sum images or regions up by class: all 20, in the order of the taxonomy."""
    by_class: dict[str, list[Measured]] = {name: [] for name in CLASSES}
    for row in rows:
        if row.class_:
            by_class[row.class_].append(row)
    summaries = []
    for name, in_class in by_class.items():
        values = [present(column.value(row) for row in in_class) for column in MEASURES]
        summaries.append(
            ClassMeasures(
                name,
                len(in_class),
                len({row.fg_id for row in in_class}),
                tuple(math.fsum(v) / len(v) if v else math.nan for v in values),
                tuple(float(np.std(v, ddof=1)) if len(v) > 1 else math.nan for v in values),
            )
        )
    return summaries


def rows_csv(sets: Sequence[SetStatistics], scope: str) -> str:
    """Return a row for each image (`scope` "images") or region ("regions") as CSV; nan is an empty field."""
    rows = [(of_set.name, row) for of_set in sets for row in getattr(of_set, scope)]
    return _csv([{"set": name, **row.to_row()} for name, row in rows])


def classes_csv(sets: Sequence[SetStatistics]) -> str:
    """Return a row for each set, scope (image, region) and class as CSV."""
    rows = []
    for of_set in sets:
        for scope, measured in (("image", of_set.images), ("region", of_set.regions)):
            if scope == "region" and not of_set.measured:  # a list of names
                continue
            for summary in measures_by_class(measured):
                counts = (summary.rows, summary.foregrounds)
                if not of_set.measured:
                    counts = (
                        of_set.census.composites[summary.class_],
                        of_set.census.foregrounds[summary.class_],
                    )
                row: dict[str, Any] = {"set": of_set.name, "scope": scope, "class": summary.class_}
                row |= {"rows": counts[0], "foregrounds": counts[1]}
                row |= {c.name: v for c, v in zip(MEASURES, summary.means, strict=True)}
                row |= {f"{c.name}_sd": v for c, v in zip(MEASURES, summary.spreads, strict=True)}
                rows.append(row)
    return _csv(rows)


def balance_csv(sets: Sequence[SetStatistics]) -> str:
    """Return the counts and the balance of each set as CSV."""
    return _csv([_balance(of_set) for of_set in sets])


def to_markdown(sets: Sequence[SetStatistics]) -> str:
    """Return balance, class counts and the figures by class as Markdown."""
    parts = [
        "# Statistics",
        "",
        *_markdown(*balance_table(sets)),
        "",
        "Counts: foregrounds / composites.",
        "",
    ]
    parts += _markdown(*counts_table(sets))
    for of_set in sets:
        parts += ["", f"## {_plain(of_set.name)}", ""]
        parts += [f"- {_plain(note)}" for note in of_set.notes]
        if not of_set.measured:
            parts += ["A list of names: it has counts, and no pixels to measure."]
            continue
        parts += ["", "Means over class regions (class mask ∩ unknown region).", ""]
        parts += _markdown(*class_table(of_set, absent=True))
    return "\n".join(parts) + "\n"


def balance_table(sets: Sequence[SetStatistics]) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows: how large and how even each set is."""
    headings = ["set", "composites", "foregrounds", "classes", "max/min", "entropy"]
    rows = []
    for of_set in sets:
        values = _balance(of_set)
        counts = [f"{values[name]:,}" for name in ("composites", "foregrounds")]
        if without := of_set.census.unlabelled:
            counts[1] += f" ({without:,} without a class)"
        rows.append(
            [
                of_set.name,
                *counts,
                f"{values['classes']} of {len(CLASSES)}",
                formatted(values["max_min"], ".1f"),
                formatted(values["entropy"], ".3f"),
            ]
        )
    return headings, rows


def counts_table(sets: Sequence[SetStatistics]) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows: foregrounds / composites of each class and set."""
    rows = []
    for name in CLASSES:
        counts = [(of_set.census.foregrounds[name], of_set.census.composites[name]) for of_set in sets]
        rows.append([name, *(f"{fgs} / {all_}" if fgs or all_ else DASH for fgs, all_ in counts)])
    return ["class", *(of_set.name for of_set in sets)], rows


def class_table(statistics: SetStatistics, *, absent: bool = False) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows: the means of each class over its regions, of those there are or of all."""
    rows = [
        [
            summary.class_,
            *(str(n) if n else DASH for n in (summary.rows, summary.foregrounds)),
            *(formatted(mean, column.form) for mean, column in zip(summary.means, MEASURES, strict=True)),
        ]
        for summary in measures_by_class(statistics.regions)
        if summary.rows or absent
    ]
    return ["class", "regions", "foregrounds", *(column.title for column in MEASURES)], rows


def absent_classes(statistics: SetStatistics) -> int:
    """Return of how many classes there is no region."""
    return len(set(CLASSES) - {region.class_ for region in statistics.regions})


def _balance(statistics: SetStatistics) -> dict[str, Any]:
    return {
        "set": statistics.name,
        "composites": statistics.composites,
        "foregrounds": statistics.census.total,
        "classes": sum(map(bool, statistics.census.foregrounds.values())),
        "max_min": statistics.census.spread,
        "entropy": statistics.census.entropy if any(statistics.census.foregrounds.values()) else math.nan,
    }


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    return csv_text(rows[0], (map(_field, row.values()) for row in rows)) if rows else ""


def _field(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return formatted(value, ".7g", missing="")


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    aligned = ["---", *("---:" for _ in headings[1:])]
    lines = [headings, aligned, *rows]
    return ["| " + " | ".join(map(_plain, line)) + " |" for line in lines]


def _plain(text: str) -> str:
    """Return text that neither ends a cell of a table nor the line."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
