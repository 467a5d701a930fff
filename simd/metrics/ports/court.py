"""The court: predictions measured as every port does, beside ours, and the recipe of a claimed figure."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simd.arguments import checked
from simd.errors import DataError
from simd.journal import Journal
from simd.locks import locked_folder
from simd.metrics.evaluate import find_truths, matched_predictions
from simd.metrics.ports.claims import Candidate, Claim, Finding, judge
from simd.metrics.ports.images import (
    OURS,
    Measured,
    MeasuringJob,
    measure_images,
    products,
    wanted_recipes,
    without_scaling,
)
from simd.metrics.ports.recipes import AXES, MEASURED, PORTS, UNSCALED, Recipe
from simd.metrics.score import METRICS_VERSION
from simd.metrics.score_summary import mean
from simd.metrics.truth_of_set import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A metric as a port computes it, or with one departure from ours."""

    port: str  # "" of a single departure
    metric: str
    recipe: Recipe
    value: float  # the mean over images, in the units of simd evaluate; nan where a port divides by nothing
    class_mean: float  # the class-balanced mean; nan without classes
    ours: float
    differing: int  # images of which it says something else than ours
    most: str  # the one where the two are farthest apart; "" if there is none
    alone: Mapping[str, float]  # by how much, of ours, each departure changes the mean alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the court has found."""

    predictions: str
    set: str
    images: int
    empty: int  # images without unknown pixels: ours leaves them out, ports count them
    floats: bool  # whether a prediction has more than 8 bits
    figures: tuple[Figure, ...]  # of ports, then of single departures
    findings: tuple[Finding, ...]  # a claim each
    missing: Mapping[str, str]  # id to reason
    extra: tuple[str, ...]  # files that belong to no image

    def of_port(self, port: str, metric: str) -> Figure:
        """Return the figure of a port, by its name in :data:`simd.metrics.ports.recipes.PORTS`."""
        return next(each for each in self.figures if (each.port, each.metric) == (port, metric))


@checked
def court(
    predictions: str | Path,
    dataset: str | Path | None = None,
    *,
    claims: Sequence[Claim] = (),
    alpha: str | Path | None = None,
    trimap: str | Path | None = None,
    classes: str | Path | None = None,
    map_trimaps: bool = False,
    workers: int = 1,
    state: str | Path | None = None,
) -> Verdict:
    """Measure predictions as circulating ports do, and find the recipes that claimed figures are of.

    Parameters
    ----------
    predictions, dataset, alpha, trimap, classes, map_trimaps, workers
        As of :func:`simd.metrics.evaluate.evaluate`; trimaps are needed.
    claims : sequence of Claim
        Figures that somebody has printed, as :func:`simd.metrics.ports.claims.read_claim` reads them.
    state : path, optional
        A folder to note finished images in, so that an interrupted run can be continued; removed at the end.

    Returns
    -------
    Verdict
        Its ``missing`` says which images have no usable prediction, and why.

    Raises
    ------
    DataError
        If a folder is missing, or holds no prediction.
    """
    if dataset is None and (alpha is None or trimap is None):
        raise DataError("nothing to measure against; give a set, or two folders: --alpha DIR --trimap DIR")
    places = (None if path is None else Path(path) for path in (dataset, alpha, trimap, classes))
    dataset, alpha, trimap, classes = places
    truths = find_truths(dataset, alpha=alpha, trimap=trimap, classes=classes, map_trimaps=map_trimaps)
    _, matched = matched_predictions(Path(predictions), truths)
    wanted = tuple(wanted_recipes({claim.metric for claim in claims}))
    jobs = [
        MeasuringJob(truth, Path(matched.files[truth.id]), map_trimaps, wanted)
        for truth in truths.images
        if truth.id in matched.files
    ]
    settings = {
        "predictions": str(predictions),
        "set": truths.key,
        "claims": sorted({claim.metric for claim in claims}),
        "recipes": hashlib.sha256(repr(wanted).encode()).hexdigest()[:12],
        "metrics_version": METRICS_VERSION,
    }
    with _journal(None if state is None else Path(state), settings) as journal:
        done, failures = measure_images(jobs, workers, journal)
    images = [truth for truth in truths.images if truth.id in done]
    if not images:
        raise DataError(
            f"{predictions}: holds no prediction that can be read: {next(iter(failures.values()))}"
        )
    table = _Table(images, [done[truth.id] for truth in images])
    figures = [
        *(
            table.figure(metric, recipe, port)
            for metric in MEASURED
            for port, about in PORTS.items()
            if (recipe := about.recipes.get(metric)) is not None
        ),
        *(table.figure(metric, (departure,)) for metric in MEASURED for departure in AXES[metric]),
    ]
    return Verdict(
        predictions=str(predictions),
        set=truths.set["name"],
        images=len(images),
        empty=sum(of_image.empty for of_image in done.values()),
        floats=any(of_image.floats for of_image in done.values()),
        figures=tuple(figures),
        findings=tuple(judge(claim, table.candidates(claim.metric)) for claim in claims),
        missing=matched.missing | failures,
        extra=matched.extra,
    )


@contextmanager
def _journal(state: Path | None, settings: Mapping[str, Any]) -> Iterator[Journal | None]:
    if state is None:
        yield None
        return
    with locked_folder(state):
        try:
            journal = Journal(state, settings)
        except DataError as error:
            if not (state / "settings.json").is_file():
                raise
            raise DataError(
                f"{state}: an unfinished court of other mattes, of another set or with other claims is noted "
                f"here; finish it with its own command, remove {state}, or choose another --out"
            ) from error
        yield journal
        journal.remove()


class _Table:
    """What was measured, by image: means, and how they compare with ours."""

    def __init__(self, images: Sequence[Truth], measured: Sequence[Measured]) -> None:
        self._images, self._measured = images, measured

    def figure(self, metric: str, recipe: Recipe, port: str = "") -> Figure:
        values, ours = self._values(metric, recipe, port=port), self._values(metric, OURS)
        apart = [
            0.0 if math.isclose(value, other, rel_tol=1e-5, abs_tol=1e-9) else _distance(value, other)
            for value, other in zip(values, ours, strict=True)
        ]
        most = int(np.argmax(apart))
        alone = {
            departure: self._mean(metric, (departure,)) / self._mean(metric, OURS) - 1
            if self._mean(metric, OURS)
            else math.nan
            for departure in recipe
        }
        return Figure(
            port=port,
            metric=metric,
            recipe=recipe,
            value=self._mean(metric, recipe, port=port),
            class_mean=self._class_mean(metric, recipe, port=port),
            ours=self._mean(metric, OURS),
            differing=sum(distance > 0 for distance in apart),
            most=self._images[most].id if apart[most] else "",
            alone=alone,
        )

    def candidates(self, metric: str) -> list[Candidate]:
        """Return what a claimed figure may be: ours, of a port, or of the axes together, by either mean."""
        recipes = [("", recipe) for recipe in dict.fromkeys([OURS, *products(metric)])]
        recipes += [(port, PORTS[port].recipes[metric]) for port in PORTS if metric in PORTS[port].recipes]
        candidates = []
        for port, recipe in recipes:
            for unscaled in (recipe, (*recipe, "unscaled")):
                if len(set(unscaled)) < len(unscaled):
                    continue  # it is so already
                for kind, value in (
                    ("images", self._mean(metric, unscaled, port=port)),
                    ("classes", self._class_mean(metric, unscaled, port=port)),
                ):
                    if not math.isnan(value):
                        candidates.append(Candidate(port, metric, unscaled, kind, value))
        return candidates

    def _values(self, metric: str, recipe: Recipe, *, port: str = "") -> list[float]:
        factor = UNSCALED[metric] if "unscaled" in recipe else 1.0
        key = (metric, without_scaling(recipe))
        left_out = not port and "whole" not in recipe  # a port counts what ours has nothing to say of
        return [
            math.nan if left_out and image.empty else image.values[key] * factor for image in self._measured
        ]

    def _mean(self, metric: str, recipe: Recipe, *, port: str = "") -> float:
        values = self._values(metric, recipe, port=port)
        return float(np.mean(values)) if port else mean(values)

    def _class_mean(self, metric: str, recipe: Recipe, *, port: str = "") -> float:
        of_classes: dict[str, list[float]] = {}
        for image, value in zip(self._images, self._values(metric, recipe, port=port), strict=True):
            if image.class_:
                of_classes.setdefault(image.class_, []).append(value)
        return mean(mean(values) for values in of_classes.values())


def _distance(value: float, other: float) -> float:
    distance = abs(value - other)
    return math.inf if math.isnan(distance) else distance
