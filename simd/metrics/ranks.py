"""Mean ranks as alphamatting.com prints them: each image with each trimap ranks the methods."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simd.arguments import checked
from simd.errors import DataError, first_of
from simd.files import read_text
from simd.metrics.score import METRICS
from simd.metrics.scores import Scores, bases_of, load_scores

COLUMNS = ("method", "image", "trimap", "metric", "value")
"""The columns of a CSV file of values as a site prints them."""
RESAMPLES, SEED = 10_000, 0
OVERALL = "overall"
"""The column of the mean over all trimaps."""

_Float64 = npt.NDArray[np.float64]


class Value(NamedTuple):
    """An error of a method."""

    method: str
    image: str
    trimap: str
    metric: str
    value: float
    foreground: str = ""  # that the image was made from; "" where nothing names it


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedMethod:
    """The mean ranks of a method for one metric."""

    method: str
    mean_rank: Mapping[str, float]  # OVERALL, then each trimap
    without_one: tuple[float, float]  # the least and the most as any one other method is left out
    drawn: tuple[float, float] | None  # 95 % of draws of the foregrounds; None of a single one


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRanks:
    """All methods ranked by one metric, the best mean rank first."""

    metric: str
    trimaps: tuple[str, ...]
    images: int
    foregrounds: int  # an image without a named one counts as its own
    methods: tuple[RankedMethod, ...]
    left_out: tuple[str, ...]  # images with a trimap that a method has no value of


@checked
def rank_files(paths: Sequence[str | Path]) -> list[MetricRanks]:
    """Rank the methods of some files: scores that ``simd evaluate`` has written, and CSV files of values.

    Raises
    ------
    DataError
        If a file is neither, states a value twice, or there are not two methods to rank.
    """
    values: list[Value] = []
    scores = []
    for path in map(Path, paths):
        if is_values_file(path):
            values += read_values(path)
        else:
            scores += [load_scores(base) for base in bases_of([path])]
    return rank([*values, *values_of(scores)])


def rank(values: Iterable[Value]) -> list[MetricRanks]:
    """Rank methods by each metric.

    For each image with each trimap the method with the lowest error has rank 1; equal errors share the mean
    of their ranks. What a method has no value of counts for no method.

    Raises
    ------
    DataError
        If a value stands twice, or for a metric there are not two methods, or no image that all have.
    """
    by_metric: dict[str, dict[tuple[str, str], dict[str, float]]] = {}
    foregrounds: dict[str, str] = {}
    for each in values:
        if each.foreground and foregrounds.setdefault(each.image, each.foreground) != each.foreground:
            raise DataError(
                f"{each.image} is of the foreground {foregrounds[each.image]!r} by one of the scores, of "
                f"{each.foreground!r} by another; they are not of the same images"
            )
        cell = by_metric.setdefault(each.metric, {}).setdefault((each.trimap, each.image), {})
        if each.method in cell:
            raise DataError(
                f"{each.method} has two values of {each.metric} for {each.image} with the trimap "
                f"{each.trimap}; keep one of them, or give the methods unlike names"
            )
        if not math.isnan(each.value):
            cell[each.method] = each.value
    if not by_metric:
        raise DataError("there are no values to rank")
    return [_rank_by(metric, cells, foregrounds) for metric, cells in by_metric.items()]


def is_values_file(path: Path) -> bool:
    """Tell whether a file is a CSV file of values, by its first line."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    first = next(csv.reader(io.StringIO(read_text(path).partition("\n")[0])), [])
    return set(COLUMNS) <= {name.strip().lower() for name in first}


def read_values(path: Path) -> list[Value]:
    """Read a CSV file with the columns method, image, trimap, metric and value.

    Raises
    ------
    DataError
        If a line has an empty field, or its value is not a number from 0 on.
    """
    lines = io.StringIO(read_text(path))
    names = [name.strip().lower() for name in next(csv.reader(lines))]
    values = []
    for number, row in enumerate(csv.reader(lines), start=2):
        if not any(row):
            continue
        fields = {name: text.strip() for name, text in zip(names, row, strict=False)}
        if missing := [name for name in COLUMNS if not fields.get(name)]:
            raise DataError(f"{path}:{number}: {missing[0]} is empty; every line needs {', '.join(COLUMNS)}")
        try:
            value = float(fields["value"])
        except ValueError:
            value = math.nan
        if not 0 <= value < math.inf:
            raise DataError(f"{path}:{number}: the value {fields['value']!r} is not a number from 0 on")
        method, image, trimap, metric = (fields[name] for name in COLUMNS[:4])
        values.append(Value(method, image, trimap, metric, value))
    return values


def values_of(scores: Sequence[Scores]) -> list[Value]:
    """Return the errors of whole images; trimaps are called by their set, by digest where two share it.

    Raises
    ------
    DataError
        If the scores are of unlike versions of the metrics, or of sets that do not have the same images.
    """
    _check_alike(scores)
    digests: dict[str, set[str]] = {}
    for of_method in scores:
        digests.setdefault(of_method.set["name"], set()).add(of_method.set["trimaps_digest"])
    values = []
    for of_method in scores:
        name = of_method.set["name"]
        trimap = name if len(digests[name]) == 1 else f"{name} {of_method.set['trimaps_digest'][:8]}"
        for row in of_method.rows:
            if row.is_whole and not row.is_empty:
                values += [
                    Value(of_method.name, row.id, trimap, m, getattr(row, m), row.fg_id) for m in METRICS
                ]
    return values


def _check_alike(scores: Sequence[Scores]) -> None:
    """Raise DataError if scores cannot stand in one table: of unlike metrics, or of unlike images."""
    images: dict[tuple[str, str], set[str]] = {}
    for of_method in scores:
        if of_method.metrics_version != scores[0].metrics_version:
            raise DataError(
                f"{of_method.name} is scored by version {of_method.metrics_version} of the metrics, "
                f"{scores[0].name} by version {scores[0].metrics_version}; run simd evaluate again"
            )
        key = of_method.set["name"], of_method.set["trimaps_digest"]
        images.setdefault(key, set()).update({row.id for row in of_method.rows}, of_method.missing)
    groups = [(name, ids) for (name, _), ids in images.items()]
    for name, ids in groups[1:]:
        if unlike := sorted(ids ^ groups[0][1]):
            raise DataError(
                f"{groups[0][0]} and {name} do not have the same images: {first_of(unlike, 3)} of one alone; "
                "rank the methods of each set for itself"
            )


def _rank_by(
    metric: str, cells: Mapping[tuple[str, str], Mapping[str, float]], foregrounds: Mapping[str, str]
) -> MetricRanks:
    methods = sorted({method for cell in cells.values() for method in cell})
    whole = {key: cell for key, cell in cells.items() if len(cell) == len(methods)}
    if len(methods) < 2 or not whole:
        named = first_of(methods, 5)
        reason = f"no image that all of {named} have" if len(methods) > 1 else f"only {named or 'no method'}"
        raise DataError(f"{metric}: there is {reason}; ranks need two methods on the same images and trimaps")
    keys = sorted(whole)
    table = np.array([[whole[key][method] for method in methods] for key in keys])
    trimaps = [trimap for trimap, _ in keys]
    # a foreground may be called as an image that has none
    groups = [f"fg {fg}" if (fg := foregrounds.get(image)) else f"image {image}" for _, image in keys]
    names, group_of = np.unique(groups, return_inverse=True)
    ranks = _ranks(table)
    drawn = _drawn(ranks, group_of, len(names)) if len(names) > 1 else None
    ranked = []
    for i, method in enumerate(methods):
        mean = {OVERALL: float(ranks[:, i].mean())}
        for trimap in sorted(set(trimaps)):
            here = [t == trimap for t in trimaps]
            mean[trimap] = float(ranks[here, i].mean())
        bounds = None if drawn is None else (float(drawn[0, i]), float(drawn[1, i]))
        ranked.append(
            RankedMethod(method=method, mean_rank=mean, without_one=_without_one(table, i), drawn=bounds)
        )
    return MetricRanks(
        metric=metric,
        trimaps=tuple(sorted(set(trimaps))),
        images=len({image for _, image in keys}),
        foregrounds=len(names),
        methods=tuple(sorted(ranked, key=lambda each: (each.mean_rank[OVERALL], each.method))),
        left_out=tuple(f"{image} with {trimap}" for trimap, image in sorted(cells.keys() - whole.keys())),
    )


def _ranks(table: _Float64) -> _Float64:
    """Return the rank of each method in each row; equal values share the mean of their ranks."""
    below = (table[:, None, :] < table[:, :, None]).sum(axis=2)
    equal = (table[:, None, :] == table[:, :, None]).sum(axis=2)
    return np.asarray(below + (equal + 1) / 2, dtype=np.float64)


def _without_one(table: _Float64, method: int) -> tuple[float, float]:
    """Return the least and the most mean rank of a method as any one other is left out."""
    others = [other for other in range(table.shape[1]) if other != method]
    means = []
    for other in others:
        kept = [each for each in range(table.shape[1]) if each != other]
        means.append(float(_ranks(table[:, kept])[:, kept.index(method)].mean()))
    return min(means), max(means)


def _drawn(ranks: _Float64, group_of: npt.NDArray[np.intp], groups: int) -> _Float64:
    """Return the bounds of 95 % of the mean ranks as foregrounds are drawn again, with all their images."""
    rng = np.random.default_rng(SEED)
    sums = np.zeros((groups, ranks.shape[1]))
    np.add.at(sums, group_of, ranks)
    counts = np.bincount(group_of, minlength=groups)
    often = rng.multinomial(groups, np.full(groups, 1 / groups), size=RESAMPLES)
    means = (often @ sums) / (often @ counts)[:, None]
    return np.asarray(np.quantile(means, [0.025, 0.975], axis=0))
