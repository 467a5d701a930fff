"""Boards: methods scored on the same set, side by side, ready to be shown as a page, text or a table."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from simd.metrics.bootstrap import Over
from simd.metrics.scores import METRICS, NOT_TRUTH, UNLABELLED, WHOLE, Score, Scores
from simd.report.leaderboard.differences import Rivals, find_rivals
from simd.taxonomy import CLASSES

CLASS_MEAN: Over = "class_mean"
IMAGE_MEAN: Over = "image_mean"
TITLES = {"sad": "SAD", "mse": "MSE ×10³", "grad": "Grad", "conn": "Conn"}
"""The metrics as columns are headed: MSE is shown a thousandfold, and says so."""
MEANS = {CLASS_MEAN: "class-balanced mean", IMAGE_MEAN: "image mean"}
SCOPES = {"classes": CLASSES, "regions": (*CLASSES, UNLABELLED)}
"""How scores are split: by the primary class of an image, or by the class of each unknown pixel."""
DASH = "–"

_SHORT = 12  # hex digits of a digest that are shown


class Cell(NamedTuple):
    """One method on one class or region; a metric that is absent is nan."""

    images: int
    foregrounds: int
    pixels: int
    fallbacks: int
    not_truth: Counter[str]  # alphas that are no ground truth, by their kind
    values: dict[str, float]


class Interval(NamedTuple):
    """The 95 % interval of a mean; nan where `reason` says why there is none."""

    low: float
    high: float
    reason: str = ""


@dataclass(frozen=True)
class Entry:
    """One method on a board."""

    scores: Scores

    @property
    def name(self) -> str:
        """The method's name."""
        return self.scores.name

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What :meth:`Scores.summary` says."""
        return self.scores.summary()

    @cached_property
    def whole(self) -> dict[str, Score]:
        """The scores of whole images, by id."""
        return {row.id: row for row in self.scores.rows if row.region == WHOLE}

    @cached_property
    def cells(self) -> dict[str, dict[str, Cell]]:
        """A cell for each class and each region."""
        rows: dict[str, dict[str, list[Score]]] = {s: {c: [] for c in names} for s, names in SCOPES.items()}
        for row in self.scores.rows:
            if row.region == WHOLE:
                if row.class_:
                    rows["classes"][row.class_].append(row)
            elif row.region in rows["regions"]:
                rows["regions"][row.region].append(row)
        return {
            scope: {name: _cell(inside, self.summary[scope][name]) for name, inside in by_name.items()}
            for scope, by_name in rows.items()
        }

    def mean(self, which: str, metric: str) -> float:
        """Return the class-balanced mean or the image mean of a metric; nan if there is none."""
        value = self.summary[which][metric]
        return math.nan if value is None else float(value)

    def interval(self, which: str, metric: str) -> Interval:
        """Return the interval of one of the two means, or of the mean of a class."""
        found = self.summary["intervals"]
        entry = found[which] if which in MEANS else found["classes"].get(which, {"reason": ""})
        low, high = entry.get(metric) or (math.nan, math.nan)
        return Interval(low, high, entry["reason"] or "" if math.isnan(low) else "")


@dataclass(frozen=True)
class Board:
    """Methods scored on the same images with the same trimaps, the best SAD first."""

    entries: tuple[Entry, ...]

    @property
    def set(self) -> dict[str, str]:
        """Name, protocol, digest and trimaps_digest of the set."""
        return dict(self.entries[0].scores.set)

    @cached_property
    def images(self) -> dict[str, Score]:
        """A score of each image that any method has, by id: its class, foreground and kind of alpha."""
        return {id_: row for entry in reversed(self.entries) for id_, row in entry.whole.items()}

    @property
    def foregrounds(self) -> int:
        """How many foregrounds the images were made from."""
        return len({row.fg_id for row in self.images.values()})

    @cached_property
    def size(self) -> int:
        """How many images the set has, those that no method has a matte for included."""
        missing = {id_ for entry in self.entries for id_ in entry.scores.missing}
        return len(self.images.keys() | missing)

    @cached_property
    def has_classes(self) -> bool:
        """Whether the images have classes, and so a class-balanced mean."""
        return any(row.class_ for row in self.images.values())

    @property
    def headline(self) -> Over:
        """The mean that methods are ranked and compared by."""
        return CLASS_MEAN if self.has_classes else IMAGE_MEAN

    @cached_property
    def rivals(self) -> dict[str, Rivals]:
        """The methods pair by pair, for each metric that can be compared."""
        methods = [entry.whole for entry in self.entries]
        found = {metric: find_rivals(methods, metric, self.headline) for metric in METRICS}
        return {metric: rivals for metric, rivals in found.items() if rivals is not None}

    def largest(self, scope: str, name: str) -> Cell:
        """Return the cell of the method with the most images: what the class or region holds."""
        return max((entry.cells[scope][name] for entry in self.entries), key=lambda cell: cell.images)

    def best_mean(self, which: str, metric: str) -> float:
        """Return the lowest mean of the methods that have every image; nan unless two can be compared."""
        complete = [entry for entry in self.entries if len(entry.whole) == self.size]
        return _lowest(entry.mean(which, metric) for entry in complete)

    def best(self, scope: str, name: str, metric: str) -> float:
        """Return the lowest score in a class or region; methods that lack images are left out."""
        images = self.largest(scope, name).images
        cells = (entry.cells[scope][name] for entry in self.entries)
        return _lowest(cell.values[metric] for cell in cells if cell.images == images)

    @cached_property
    def decimals(self) -> dict[str, int]:
        """How many decimals tell the scores of each metric apart: 2, and more if all are below 1."""
        return {metric: _decimals(self.entries, metric) for metric in METRICS}


def group_boards(scores: Iterable[Scores]) -> list[Board]:
    """Put scores whose sets or trimaps differ on separate boards, in the order in which they come."""
    groups: dict[tuple[str, str], list[Scores]] = {}
    for one in scores:
        groups.setdefault((one.set["digest"], one.set["trimaps_digest"]), []).append(one)
    return [Board(tuple(sorted(map(Entry, group), key=_rank))) for group in groups.values()]


def scaled(value: float, metric: str) -> float:
    """Return a score in the unit in which it is printed."""
    return value * 1000 if metric == "mse" else value


def number(value: float, metric: str, decimals: int = 2) -> str:
    """Return a score as it is printed; a dash for one that is absent."""
    return DASH if math.isnan(value) else f"{scaled(value, metric):.{decimals}f}"


def span(interval: Interval, metric: str, decimals: int = 2) -> str:
    """Return an interval as it is printed; a dash where there is none.

    Examples
    --------
    >>> span(Interval(0.0123, 0.0456), "mse"), span(Interval(math.nan, math.nan, "too few"), "sad")
    ('[12.30, 45.60]', '–')
    """
    if math.isnan(interval.low):
        return DASH
    return f"[{number(interval.low, metric, decimals)}, {number(interval.high, metric, decimals)}]"


def tight_span(interval: Interval, metric: str, decimals: int = 2) -> str:
    """Return an interval in less room: about three figures, a dash between them.

    Examples
    --------
    >>> tight_span(Interval(5.449, 7.1), "sad"), tight_span(Interval(0.15609, 0.16806), "mse")
    ('5.45–7.10', '156–168')
    """
    if math.isnan(interval.low):
        return DASH
    high = scaled(interval.high, metric)
    fewer = 0 if high >= 100 else 1 if high >= 10 else decimals
    return f"{number(interval.low, metric, fewer)}–{number(interval.high, metric, fewer)}"


def seconds(entry: Entry) -> str:
    """Return the seconds an image as they are printed."""
    value = entry.scores.seconds_per_image
    return DASH if value is None else f"{value:.2g}" if value < 1 else f"{value:.1f}"


def short(digest: str) -> str:
    """Return the first digits of a digest."""
    return digest[:_SHORT]


def plural(count: int, noun: str) -> str:
    """Return "1 image", "2 images"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def truth_note(board: Board, name: str, scope: str = "classes") -> str:
    """Say in words how many alphas of a class or region are no ground truth; "" if all are."""
    held = board.largest(scope, name)
    if not held.not_truth:
        return ""
    what = " / ".join(kind.replace("_", " ") for kind in sorted(held.not_truth, reverse=True))
    wrong = held.not_truth.total()
    return f"{wrong} of {held.images} alphas {'is' if wrong == 1 else 'are'} not ground truth ({what})"


def notes(board: Board) -> Iterator[str]:
    """Say in sentences what a reader has to know before comparing: remarks, fallbacks, missing images."""
    yield from dict.fromkeys(remark for entry in board.entries for remark in entry.scores.remarks)
    for entry in board.entries:
        reasons = Counter(row.fallback for row in entry.whole.values() if row.fallback)
        if reasons:
            why = ", ".join(f"{reason}: {count}" for reason, count in reasons.most_common())
            yield (
                f"{entry.name}: {reasons.total()} of {len(entry.whole)} mattes are fallbacks, "
                f"not the method's own ({why})."
            )
        if lacking := board.size - len(entry.whole):
            yield (
                f"{entry.name}: {lacking} of {board.size} images have no usable matte; its means leave them "
                "out, so it is not marked as best where it lacks an image."
            )


def interval_notes(board: Board) -> Iterator[str]:
    """Say why the mean that methods are ranked by has no interval, if it has none."""
    reasons = {entry.interval(board.headline, "sad").reason for entry in board.entries} - {""}
    if reasons:
        yield f"No interval for the {MEANS[board.headline]}: {'; '.join(sorted(reasons))}."


def _cell(rows: Sequence[Score], summary: dict[str, Any]) -> Cell:
    return Cell(
        images=len(rows),
        foregrounds=len({row.fg_id for row in rows}),
        pixels=sum(row.pixels for row in rows),
        fallbacks=sum(bool(row.fallback) for row in rows),
        not_truth=Counter(row.alpha_kind for row in rows if row.alpha_kind in NOT_TRUTH),
        values={m: math.nan if summary[m] is None else float(summary[m]) for m in METRICS},
    )


def _decimals(entries: Iterable[Entry], metric: str) -> int:
    largest = max((v for entry in entries for v in _all_values(entry, metric) if v > 0), default=1.0)
    return 2 + max(0, math.ceil(-math.log10(scaled(largest, metric))))


def _all_values(entry: Entry, metric: str) -> Iterator[float]:
    yield from (entry.mean(which, metric) for which in MEANS)
    yield from (cell.values[metric] for cells in entry.cells.values() for cell in cells.values())


def _rank(entry: Entry) -> tuple[bool, float, str]:
    value = entry.mean(CLASS_MEAN, "sad")
    if math.isnan(value):  # no classes
        value = entry.mean(IMAGE_MEAN, "sad")
    return math.isnan(value), value, entry.name


def _lowest(values: Iterable[float]) -> float:
    there = [v for v in values if not math.isnan(v)]
    return min(there) if len(there) > 1 else math.nan
