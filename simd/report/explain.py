"""Why a method fails: the properties of images that go with its error, in a terminal and as a page."""

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rich.text import Text

from simd.arguments import checked
from simd.dataset.manifest import MattingSet, Sample, load_set
from simd.errors import BatchError, DataError
from simd.features.image_properties import PROPERTIES, image_properties
from simd.files import csv_text, write_atomically
from simd.locks import locked_folder
from simd.metrics.effects import LEVEL, Effect, Effects, find_effects
from simd.metrics.score import METRICS, Score
from simd.metrics.scores import Scores
from simd.missing import DASH, nan_for_nulls, none_if_nan, nulls_for_nan
from simd.report.console import console
from simd.report.console import table as table_of
from simd.report.html.render import render_page
from simd.report.html.thumbnails import beside, thumbnail
from simd.report.image_rows import rows_of_images
from simd.report.numbers import formatted, p_text, plural
from simd.schema import NUMBER, TEXT, or_null, record
from simd.sources.outputs import Inputs, begins, check_output_folder, has_file

EXPLANATION_NAMES = ("effects.csv", "index.html")
"""The files of an explanation."""
STRONGEST = 3
"""Claims that are said in a sentence, with pictures."""
COLUMNS = (
    "property",
    "effect",
    "low",
    "high",
    "p",
    "claimed",
    "low_third",
    "high_third",
    "goes_with",
    "reason",
)
PROPERTIES_VERSION = 1
"""Raised when a property is measured otherwise: an unfinished run of another is not continued."""

is_explanation = has_file("effects.csv", begins("property,effect,"))
"""Tells whether a folder holds an explanation."""

_SIDE = 480  # pixels of image and alpha side by side
_NOTED = record({"id": TEXT, **dict.fromkeys(PROPERTIES, or_null(NUMBER))})


class Picture(NamedTuple):
    """An image that shows a property, small or large."""

    id: str
    class_: str
    value: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A property with its effect, and what errors are where it is small and where it is large."""

    effect: Effect
    thirds: tuple[float, float]  # mean error of the lower and the upper third, beyond the class
    pictures: tuple[Picture, Picture] | None  # of the strongest claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a method fails on a set, or why one fails where another does not."""

    method: str
    against: str  # "" for a method alone
    metric: str
    set: MattingSet
    findings: tuple[Finding, ...]
    effects: Effects
    notes: tuple[str, ...]

    @property
    def claims(self) -> tuple[Finding, ...]:
        """What is more than chance, the strongest first."""
        return tuple(finding for finding in self.findings if finding.effect.claimed)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The strongest claims in a sentence each."""
        return tuple(_sentence(self, finding) for finding in self.claims[:STRONGEST])


@checked
def explain(
    scores: Scores,
    dataset: str | Path,
    *,
    against: Scores | None = None,
    metric: str = "sad",
    workers: int = 1,
    state: Path | None = None,
) -> Explanation:
    """Find the properties of images that go with a method's error, beyond their class.

    Parameters
    ----------
    scores : Scores
        Of the method.
    dataset : path
        The set that was scored.
    against : Scores, optional
        Of another method on the same set: what is explained is the difference, the first less the other.
    metric : {"sad", "mse", "grad", "conn"}
    workers : int
        Processes.
    state : Path, optional
        A folder to note measured images in, so that an interrupted run goes on. It stays.

    Raises
    ------
    DataError
        If the scores are of another set, or there are too few foregrounds.
    BatchError
        If images cannot be read.
    """
    if metric not in METRICS:
        raise DataError(f"unknown metric {metric!r}; there are {', '.join(METRICS)}")
    matting_set = load_set(dataset)
    methods = [scores, *([] if against is None else [against])]
    for each in methods:
        whole = each.set.get("part_of", each.set["digest"])
        if whole != matting_set.digest:
            raise DataError(
                f"{dataset}: its digest is {matting_set.digest[:12]}, {each.name} was scored on {whole[:12]} "
                f"({each.set['name']}); name the set of the scores"
            )
    if against is not None and scores.table_key != against.table_key:
        raise DataError(
            f"{scores.name} and {against.name} were not scored alike: region, masks or version of the "
            "metrics differ; run simd evaluate again"
        )
    rows, notes = _rows(methods)
    errors = np.array([_error(of_image, metric) for of_image in rows.values()])
    if empty := int(np.isnan(errors).sum()):
        notes.append(f"{plural(empty, 'image')} without unknown pixels left out.")
    first = [of_image[0] for of_image in rows.values()]
    if unnamed := sum(not row.fg_id for row in first):
        notes.append(f"{plural(unnamed, 'image')} of no named foreground count as one of their own each.")
    measured, failures = rows_of_images(
        matting_set,
        _measure,
        workers=workers,
        state=state,
        settings={"properties": PROPERTIES_VERSION},
        kind=_NOTED,
    )
    if failures:
        raise BatchError(failures, "images", len(matting_set))
    values = [nan_for_nulls(measured[row.id]) for row in first]
    properties = {name: np.array([float(v[name]) for v in values]) for name in PROPERTIES}
    foregrounds = [row.fg_id or f"image {row.id}" for row in first]
    effects = find_effects(errors, properties, [row.class_ for row in first], foregrounds)
    if effects.left_out:
        names = ", ".join(name or "no class" for name in effects.left_out)
        notes.append(f"Without {names}: of a single foreground nothing tells what is the class's.")
    used = [row for row, is_used in zip(first, effects.used, strict=True) if is_used]
    kept = errors[effects.used]
    findings = []
    strongest = [effect.name for effect in effects.claims[:STRONGEST]]
    for effect in effects.effects:
        column, beyond = properties[effect.name][effects.used], effects.within[effect.name]
        findings.append(
            Finding(
                effect=effect,
                thirds=_thirds(beyond, column, kept),
                pictures=_extremes(used, column, beyond, kept) if effect.name in strongest else None,
            )
        )
    return Explanation(
        method=scores.name,
        against="" if against is None else against.name,
        metric=metric,
        set=matting_set,
        findings=tuple(findings),
        effects=effects,
        notes=tuple(notes),
    )


def _rows(methods: Sequence[Scores]) -> tuple[dict[str, list[Score]], list[str]]:
    """Return the scores of whole images that every method solved itself, and what is left out."""
    notes, by_image = [], {}
    tables = [{row.id: row for row in each.rows if row.is_whole} for each in methods]
    ids = list(dict.fromkeys(id_ for table in tables for id_ in table))
    for each, table in zip(methods, tables, strict=True):
        if fallbacks := sum(bool(row.fallback) for row in table.values()):
            notes.append(
                f"{each.name}: {plural(fallbacks, 'fallback')} left out, which are not its own mattes."
            )
        if each.missing:
            notes.append(f"{each.name}: {plural(len(each.missing), 'image')} without a matte left out.")
    for id_ in ids:
        if all(id_ in table and not table[id_].fallback for table in tables):
            by_image[id_] = [table[id_] for table in tables]
    return by_image, notes


def _error(of_image: Sequence[Score], metric: str) -> float:
    values = [math.nan if row.is_empty else float(getattr(row, metric)) for row in of_image]
    return values[0] if len(values) == 1 else values[0] - values[1]


def _measure(sample: Sample) -> dict[str, Any]:
    values = image_properties(sample.image, sample.alpha, sample.trimap)
    return {"id": sample.row.id, **nulls_for_nan(values)}


def _thirds(
    beyond: npt.NDArray[np.float64], column: npt.NDArray[np.float64], errors: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Return the mean error of images with the property small, and with it large, beyond their class."""
    known = np.flatnonzero(~np.isnan(column))
    if len(known) < STRONGEST or not beyond.any():
        return math.nan, math.nan
    order, size = known[np.argsort(beyond[known], kind="stable")], len(known) // 3
    return float(errors[order[:size]].mean()), float(errors[order[-size:]].mean())


def _extremes(
    rows: Sequence[Score],
    column: npt.NDArray[np.float64],
    beyond: npt.NDArray[np.float64],
    errors: npt.NDArray[np.float64],
) -> tuple[Picture, Picture]:
    """Return the smallest and the largest of the class in which the property differs most."""
    known = [i for i in range(len(rows)) if not math.isnan(column[i])]
    classes: dict[str, list[int]] = {}
    for i in known:
        classes.setdefault(rows[i].class_, []).append(i)
    members = max(classes.values(), key=lambda each: float(np.ptp(beyond[each])))
    ends = (min(members, key=lambda i: column[i]), max(members, key=lambda i: column[i]))
    small, large = (Picture(rows[i].id, rows[i].class_, float(column[i]), float(errors[i])) for i in ends)
    return small, large


def _sentence(explanation: Explanation, finding: Finding) -> str:
    effect, (low, high) = finding.effect, finding.thirds
    way = "larger" if effect.effect > 0 else "smaller"
    what = f"{_metric(explanation)} of {explanation.method}"
    if explanation.against:
        what = f"{_metric(explanation)} of {explanation.method} less that of {explanation.against}"
    beside_it = [f"{name} ({value:+.2f})".replace("-", "−") for name, value in effect.together]
    goes = f" It goes with {', '.join(beside_it)}, which may be the reason as well." if beside_it else ""
    return (
        f"{what} is {way} where {effect.name} is large: {high:.4g} on the third of images with the most of "
        f"it for their class, {low:.4g} on that with the least ({_span_text(effect)}, "
        f"{_p_equals(effect)}).{goes}"
    )


def _metric(explanation: Explanation) -> str:
    return explanation.metric.upper() if explanation.metric in ("sad", "mse") else explanation.metric.title()


def _span_text(effect: Effect) -> str:
    return f"effect {_signed(effect.effect)}, 95 % {_signed(effect.low)} to {_signed(effect.high)}"


def _signed(value: float) -> str:
    return formatted(value, "+.2f").replace("-", "−").replace("−0.00", "+0.00")


def _p_equals(effect: Effect) -> str:
    text = p_text(effect.p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def check_explanation_folder(out: str | Path, *, inputs: Inputs = ()) -> Path:
    """Return the folder if an explanation may be written there; DataError if something is in the way."""
    return check_output_folder(out, "an explanation", is_explanation, names=EXPLANATION_NAMES, inputs=inputs)


def write_explanation(explanation: Explanation, out: str | Path, *, inputs: Inputs = ()) -> list[Path]:
    """Write ``effects.csv`` and ``index.html`` into a folder; return the files."""
    out = check_explanation_folder(out, inputs=[explanation.set.path, *inputs])
    with locked_folder(out):
        write_atomically(out / "effects.csv", effects_csv(explanation))
        write_atomically(out / "index.html", _page(explanation))
    return [out / name for name in EXPLANATION_NAMES]


def forget_state(state: Path) -> None:
    """Delete what a finished run has noted."""
    shutil.rmtree(state, ignore_errors=True)


def forget_empty(state: Path) -> None:
    """Delete the folder of a run that has noted nothing."""
    if not any(state.iterdir()):
        state.rmdir()


def effects_csv(explanation: Explanation) -> str:
    """Return a row a property, the strongest effect first."""
    return csv_text(COLUMNS, (row.values() for row in effects_rows(explanation)))


def effects_rows(explanation: Explanation) -> list[dict[str, Any]]:
    """Return the properties with their effects, as the CSV file and JSON have them."""
    return [
        dict(
            zip(
                COLUMNS,
                (
                    *(finding.effect.name, *map(none_if_nan, finding.effect[1:5])),
                    "yes" if finding.effect.claimed else "no",
                    *map(none_if_nan, finding.thirds),
                    "; ".join(name for name, _ in finding.effect.together),
                    finding.effect.reason,
                ),
                strict=True,
            )
        )
        for finding in explanation.findings
    ]


_HEADS = ("property", "effect", "95 %", "p", "third with least", "with most")


def _cells(finding: Finding) -> list[str]:
    effect = finding.effect
    if effect.reason:
        return [effect.name, DASH, effect.reason, DASH, DASH, DASH]
    bounds = f"{_signed(effect.low)} to {_signed(effect.high)}"
    thirds = (formatted(value, ".4g") for value in finding.thirds)
    name = f"{effect.name} *" if effect.claimed else effect.name
    return [name, _signed(effect.effect), bounds, p_text(effect.p), *thirds]


def print_explanation(explanation: Explanation) -> None:
    """Print the effects, then what is more than chance in sentences."""
    stdout = console()
    stdout.print(Text(f"\n{_title(explanation)}", "bold"))
    stdout.print(Text(f"{_about(explanation)}\n"))
    table = table_of(*_HEADS)
    for finding in explanation.findings:
        table.add_row(*map(Text, _cells(finding)), style="" if finding.effect.claimed else "dim")
    stdout.print(table)
    for line in _verdict(explanation):
        stdout.print(Text(line))
    for note in explanation.notes:
        stdout.print(Text(note, "yellow"))
    stdout.print(Text(_HOW, "dim"))


_HOW = (
    "Effect: rank correlation of error and property within classes; 95 % and p over foregrounds, p corrected "
    f"for all properties; *: p below {LEVEL}. An effect goes with the error and need not cause it."
)


def _title(explanation: Explanation) -> str:
    if explanation.against:
        return f"Where {explanation.method} and {explanation.against} differ"
    return f"Where {explanation.method} fails"


def _about(explanation: Explanation) -> str:
    effects = explanation.effects
    return (
        f"{_metric(explanation)}, set {explanation.set.name}: {plural(effects.images, 'image')} of "
        f"{plural(effects.foregrounds, 'foreground')} in {plural(effects.classes, 'class', 'classes')}"
    )


def _verdict(explanation: Explanation) -> tuple[str, ...]:
    nothing = (
        "No property goes with the error by more than chance, on as many foregrounds as these: that is no "
        "proof that none does."
    )
    return explanation.sentences or (nothing,)


def _page(explanation: Explanation) -> str:
    samples = {sample.row.id: sample for sample in explanation.set}
    sections = []
    for finding, sentence in zip(explanation.claims, explanation.sentences, strict=False):
        cards = [
            _card(explanation, samples, picture, size)
            for picture, size in zip(finding.pictures or (), ("small", "large"), strict=False)
        ]
        sections.append((finding.effect.name, sentence, cards))
    return render_page(
        "explain.html.j2",
        styles=("selection.css", "explain.css"),
        title=_title(explanation),
        about=_about(explanation),
        notes=[*explanation.notes, _HOW],
        nothing="" if sections else _verdict(explanation)[0],
        sections=sections,
        heads=_HEADS,
        rows=[_cells(finding) for finding in explanation.findings],
        properties=PROPERTIES,
    )


def _card(
    explanation: Explanation, samples: Mapping[str, Sample], picture: Picture, size: str
) -> tuple[str, tuple[int, int], str]:
    sample = samples[picture.id]
    uri, shape = thumbnail(beside(sample.image, sample.alpha), _SIDE)
    what = "difference" if explanation.against else _metric(explanation)
    return (
        uri,
        shape,
        f"{size}: {picture.value:.4g}; {what} {picture.error:.4g}; {picture.class_} {picture.id}",
    )
