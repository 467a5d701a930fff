"""Images measured by every recipe, each once; what an interrupted run has measured is not measured again."""

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simd.errors import DataError
from simd.image import Matte, UInt8, read_matte, read_prediction
from simd.journal import Journal, by_item, resumed
from simd.mattes import largest_value
from simd.metrics.ports.measure import copied, measure
from simd.metrics.ports.recipes import AXES, MEASURED, PORTS, Recipe
from simd.metrics.score_image import facts_of_files
from simd.metrics.truth_of_set import Truth
from simd.schema import FLAG, INTEGER, TEXT, Kind, list_of, record
from simd.trimap import read_mapped_trimap, unknown_region

OURS: Recipe = ()

_STRETCHING = {"stretched", "unstretched"}
_SHAPING = {"copied", "rounded", "truncated", "long-side-1024"}  # what makes other mattes before

_FIGURE = Kind("a number as text", lambda value: isinstance(value, str) and _is_figure(value))
_NOTED = record(
    {
        "id": TEXT,
        "facts": list_of(list_of(INTEGER, length=2)),
        "values": list_of(_FIGURE),
        "empty": FLAG,
        "floats": FLAG,
    }
)


class MeasuringJob(NamedTuple):
    """One image to measure."""

    truth: Truth
    prediction: Path
    map_trimaps: bool
    wanted: tuple[tuple[str, Recipe], ...]


class Measured(NamedTuple):
    """What one image has come to."""

    values: dict[tuple[str, Recipe], float]
    empty: bool
    floats: bool
    facts: list[list[int]]  # of the files, before they were read


def wanted_recipes(claimed: set[str]) -> dict[tuple[str, Recipe], None]:
    """Return the metrics and recipes to measure, each once; of claimed metrics all products of the axes."""
    wanted: dict[tuple[str, Recipe], None] = {}
    for metric in MEASURED:
        recipes = [OURS, *((departure,) for departure in AXES[metric])]
        for port in PORTS.values():
            if (recipe := port.recipes.get(metric)) is not None:
                recipes += [(departure,) for departure in without_scaling(recipe)]
                recipes.append(without_scaling(recipe))
        recipes += products(metric) if metric in claimed else []
        wanted |= dict.fromkeys((metric, recipe) for recipe in recipes)
    return wanted


def products(metric: str) -> list[Recipe]:
    """Return what the axes make together."""
    kept = [departure for departure in AXES[metric] if departure not in ("rounded", "truncated")]
    choices = [((), ("rounded",), ("truncated",)), *(((), (departure,)) for departure in kept)]
    return [tuple(name for names in chosen for name in names) for chosen in product(*choices)]


def without_scaling(recipe: Recipe) -> Recipe:
    """Return a recipe without what only changes the scale, which is applied to means."""
    return tuple(departure for departure in recipe if departure != "unscaled")


def measure_images(
    jobs: list[MeasuringJob], workers: int, journal: Journal | None
) -> tuple[dict[str, Measured], dict[str, str]]:
    """Measure what the journal does not have yet; of a file that has changed since, again."""
    asked = {_id(job): job for job in jobs}
    wanted = jobs[0].wanted if jobs else ()

    def load(row: dict[str, Any]) -> Measured | None:
        if row["facts"] != _facts(asked[row["id"]]) or len(row["values"]) != len(wanted):
            return None
        values = dict(zip(wanted, map(float, row["values"]), strict=True))
        return Measured(values, row["empty"], row["floats"], row["facts"])

    def dump(id_: str, done: Measured) -> dict[str, Any]:
        values = [repr(done.values[key]) for key in wanted]  # texts: JSON has neither nan nor inf
        return {
            "id": id_,
            "facts": done.facts,
            "values": values,
            "empty": done.empty,
            "floats": done.floats,
        }

    work = by_item(_measure_image, key=_id, workers=workers)
    return resumed(journal, jobs, work, key=_id, load=load, dump=dump, kind=_NOTED, what="images")


def _id(job: MeasuringJob) -> str:
    return job.truth.id


def _facts(job: MeasuringJob) -> list[list[int]]:
    return facts_of_files([*job.truth.files, job.prediction])


def _measure_image(job: MeasuringJob) -> Measured:
    truth, facts = job.truth, _facts(job)
    alpha: Matte
    if truth.sample is not None:
        alpha, trimap = truth.sample.read("alpha"), truth.sample.read("trimap")
    else:
        assert truth.trimap is not None
        alpha = read_matte(truth.alpha)
        trimap = read_mapped_trimap(truth.trimap, map_other=job.map_trimaps).pixels
    pred = read_prediction(job.prediction).matte
    if not pred.shape == alpha.shape == trimap.shape:
        raise DataError(
            f"{job.prediction} {pred.shape}, its alpha {alpha.shape} and its trimap {trimap.shape} must "
            "share one (H, W)"
        )
    idle = _idle(pred, alpha, trimap)
    values: dict[tuple[str, Recipe], float] = {}
    for metric, recipe in job.wanted:
        shorter = tuple(departure for departure in recipe if departure not in idle)
        if "stretching" in idle and not set(shorter) & _SHAPING:  # else what is stretched is another matte
            shorter = tuple(departure for departure in shorter if departure not in _STRETCHING)
        if (metric, shorter) not in values:
            values[metric, shorter] = measure(pred, alpha, trimap, metric, shorter)
        values[metric, recipe] = values[metric, shorter]
    return Measured(values, "empty" in idle, pred.dtype != np.uint8, facts)


def _idle(pred: Matte, alpha: Matte, trimap: UInt8) -> set[str]:
    """Return the departures that change nothing of an image.

    "stretching" stands for those that stretch its mattes as they are or do not, "empty" for no unknown pixel.
    """
    unknown = unknown_region(trimap)
    idle = {"rounded", "truncated"} if pred.dtype == alpha.dtype == np.uint8 else set()
    if np.array_equal(copied(pred, trimap), pred):
        idle.add("copied")
    if unknown.all():
        idle |= {"whole", "whole-over-unknown"}
    if all(matte.min() == 0 and matte.max() == largest_value(matte) for matte in (pred, alpha)):
        idle.add("stretching")
    return idle if unknown.any() else idle | {"empty"}


def _is_figure(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
