"""Boards: methods scored on the same set, side by side, ready to be shown as a page, text or a table."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from simd.metrics.bootstrap import Over
from simd.metrics.intervals import ABSENT
from simd.metrics.score import ENTIRE, METRICS, METRICS_VERSION, RESIDUE_FROM, Score
from simd.metrics.score_summary import MeanErrors, ScoreSummary, class_mean_errors, mean_errors, whole_images
from simd.metrics.scores import Scores
from simd.metrics.uncertainty import Estimate
from simd.missing import DASH, present
from simd.records import NOT_TRUTH, UNLABELLED
from simd.report.entries.card import NONE, UNKNOWN, EntryCard
from simd.report.entries.files import Correction, Entry
from simd.report.leaderboard.differences import PairedComparison, compare_pairs
from simd.report.numbers import decimals_for, formatted, number, plural, short
from simd.taxonomy import CLASSES

CLASS_MEAN: Over = "class_mean"
IMAGE_MEAN: Over = "image_mean"
TITLES = {"sad": "SAD", "mse": "MSE ×10³", "grad": "Grad", "conn": "Conn"}
"""The metrics as columns are headed: MSE is shown a thousandfold, and says so."""
MEANS = {CLASS_MEAN: "class-balanced mean", IMAGE_MEAN: "image mean"}
SCOPES = {"classes": CLASSES, "regions": (*CLASSES, UNLABELLED)}
"""How scores are split: by the primary class of an image, or by the class of each unknown pixel."""


RANKED = (
    "Rank: 1 + the number of methods that are better in SAD by the test; methods that cannot be told apart "
    "share ranks."
)
RESOLVED = (
    "Can show: the smallest difference of two methods in a class that a paired test of those two alone, at "
    "5 %, sees in 80 % of draws of as many foregrounds, from the spread between neighbours by that metric; "
    "ranks are corrected for all pairs."
)
"""What ranks and resolvable differences are."""


class Cell(NamedTuple):
    """One method on one class or region; a metric that is absent is nan."""

    images: int
    foregrounds: int
    pixels: int
    fallbacks: int
    not_truth: Counter[str]  # alphas that are not ground truth, by their kind
    values: MeanErrors


@dataclass(frozen=True)
class BoardEntry:
    """One method on a board."""

    scores: Scores
    card: EntryCard | None = None  # of what was handed in as an entry
    corrections: tuple[Correction, ...] = ()

    @property
    def name(self) -> str:
        """The method's name."""
        return self.scores.name

    @cached_property
    def summary(self) -> ScoreSummary:
        """The means of the method, with their intervals."""
        return self.scores.summary()

    @cached_property
    def whole(self) -> dict[str, Score]:
        """The scores of whole images, by id."""
        return {row.id: row for row in self.scores.rows if row.is_whole}

    @cached_property
    def cells(self) -> dict[str, dict[str, Cell]]:
        """A cell for each class and each region."""
        rows: dict[str, dict[str, list[Score]]] = {s: {c: [] for c in names} for s, names in SCOPES.items()}
        for row in self.scores.rows:
            if row.is_whole:
                if row.class_ and not row.is_empty:
                    rows["classes"][row.class_].append(row)
            elif row.region in rows["regions"]:
                rows["regions"][row.region].append(row)
        classes, regions = self.summary.classes, self.summary.regions
        means = {
            "classes": {name: summary.errors for name, summary in classes.items()},
            "regions": {name: summary.errors for name, summary in regions.items()},
        }
        return {
            scope: {name: _cell(inside, means[scope][name]) for name, inside in by_name.items()}
            for scope, by_name in rows.items()
        }

    def mean(self, which: str, metric: str) -> float:
        """Return the class-balanced mean or the image mean of a metric; nan if there is none."""
        return (self.summary.class_mean if which == CLASS_MEAN else self.summary.image_mean)[metric]

    def counts(self, which: str) -> dict[str, int]:
        """Return how many images, foregrounds and fallbacks a mean is of: by class, those with one."""
        rows = [row for row in whole_images(self.scores.rows) if row.class_ or which == IMAGE_MEAN]
        return {
            "images": len(rows),
            "foregrounds": len({row.fg_id for row in rows}),
            "fallbacks": sum(bool(row.fallback) for row in rows),
        }

    def estimate(self, which: str, metric: str) -> Estimate:
        """Return the interval of one of the two means, or of the mean of a class."""
        intervals = self.summary.intervals
        if which in MEANS:
            return (intervals.class_mean if which == CLASS_MEAN else intervals.image_mean)[metric]
        return intervals.classes[which][metric] if which in intervals.classes else ABSENT


class Placing(NamedTuple):
    """Where a method stands: 1 + the number of methods with a lower mean SAD."""

    place: int  # on the board, where methods that lack images come last
    solved: MeanErrors  # over the images that every method solved; nan where there is none
    solved_place: int | None

    @property
    def text(self) -> str:
        """The place among the solved images, with an arrow where it is another than on the board."""
        if self.solved_place is None:
            return ""
        change = self.place - self.solved_place
        return f"{self.solved_place}{'' if not change else ' ▲' if change > 0 else ' ▼'}"


@dataclass(frozen=True)
class Board:
    """Methods scored on the same images with the same trimaps: the best SAD first, incomplete ones last."""

    entries: tuple[BoardEntry, ...]

    @property
    def set(self) -> dict[str, str]:
        """Name, protocol, digest and trimaps_digest of the set; the name says what is counted otherwise."""
        facts = dict(self.entries[0].scores.set)
        name = f"{facts['name']}, whole images" if self.counts_all else facts["name"]
        if (version := self.entries[0].scores.metrics_version) != METRICS_VERSION:
            name += f", metrics version {version}"
        return {**facts, "name": name}

    @property
    def counts_all(self) -> bool:
        """Whether all pixels are scored, not the unknown region alone."""
        return self.entries[0].scores.set.get("region") == ENTIRE

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

    def lacking(self, entry: BoardEntry) -> int:
        """Return how many images of the set a method has no usable matte of."""
        return self.size - len(entry.whole)

    @cached_property
    def solved(self) -> tuple[Score, ...]:
        """The images that every method solved, by a score of each: there, and not a fallback."""
        methods = [entry.whole for entry in self.entries]
        return tuple(
            row
            for id_, row in self.images.items()
            if not row.is_empty
            and (row.class_ or not self.has_classes)
            and all(id_ in rows and not rows[id_].fallback for rows in methods)
        )

    @property
    def shows_solved(self) -> bool:
        """Whether there are several methods, and images that not all of them solved."""
        counted = [row for row in self.images.values() if row.class_ or not self.has_classes]
        return len(self.entries) > 1 and len(self.solved) < len(whole_images(counted))

    @cached_property
    def placings(self) -> tuple[Placing, ...]:
        """The place of each method on the board, and by the images that every method solved."""
        over = class_mean_errors if self.has_classes else mean_errors
        solved = [over([entry.whole[row.id] for row in self.solved]) for entry in self.entries]
        ranks = [(self.lacking(entry) > 0, entry.mean(self.headline, "sad")) for entry in self.entries]
        return tuple(
            Placing(
                1 + sum(other < rank for other in ranks),
                errors,
                None if math.isnan(errors.sad) else 1 + sum(other.sad < errors.sad for other in solved),
            )
            for rank, errors in zip(ranks, solved, strict=True)
        )

    @cached_property
    def has_classes(self) -> bool:
        """Whether the images have classes, and so a class-balanced mean."""
        return any(row.class_ for row in self.images.values())

    @cached_property
    def unclassed(self) -> int:
        """How many images have no class, where others have one; 0 where none has."""
        return sum(not row.class_ for row in self.images.values()) if self.has_classes else 0

    @property
    def headline(self) -> Over:
        """The mean that methods are ranked and compared by."""
        return CLASS_MEAN if self.has_classes else IMAGE_MEAN

    @cached_property
    def comparisons(self) -> dict[str, PairedComparison]:
        """The methods pair by pair, for each metric that can be compared."""
        methods = [entry.whole for entry in self.entries]
        by_metric = {metric: compare_pairs(methods, metric, self.headline) for metric in METRICS}
        return {metric: pairs for metric, pairs in by_metric.items() if pairs is not None}

    def rank(self, entry: BoardEntry, metric: str) -> int | None:
        """Return 1 + the number of methods that beat one by the test; None if it lacks images."""
        pairs = self.comparisons.get(metric)
        return None if pairs is None else pairs.rank(self.entries.index(entry))

    @property
    def is_ranked(self) -> bool:
        """Whether the methods have ranks: there are several, on enough foregrounds."""
        return any(self.rank(entry, "sad") is not None for entry in self.entries)

    def resolvable(self, name: str, metric: str) -> float:
        """Return the smallest difference that the foregrounds of a class can show; nan if none is known."""
        pairs = self.comparisons.get(metric)
        return math.nan if pairs is None else pairs.resolvable.get(name, math.nan)

    @property
    def without(self) -> str:
        """What a comparison leaves out, for its heading: ``, without net``; "" for nothing."""
        pairs = self.comparisons.get("sad")
        return f", without {', '.join(pairs.left_out)}" if pairs is not None and pairs.note else ""

    def undecided(self, metric: str) -> list[bool]:
        """Tell for each method whether the test does not tell it from the one with the lowest headline mean.

        The lowest is undecided itself unless it differs from all others; methods that lack images, and those
        that are not compared, are not marked.
        """
        means = [math.inf if self.lacking(e) else e.mean(self.headline, metric) for e in self.entries]
        pairs = self.comparisons.get(metric)
        lowest = min(range(len(means)), key=lambda i: (math.isnan(means[i]), means[i]))
        alike = [
            i != lowest
            and pairs is not None
            and (lowest, i) in pairs.differences
            and not pairs.clear(lowest, i)
            for i in range(len(means))
        ]
        alike[lowest] = any(alike)
        return alike

    @property
    def foregrounds_a_class(self) -> str:
        """How many foregrounds the classes have: ``4``, or ``2 to 12``; "" without classes."""
        by_class = {c: {r.fg_id for r in self.images.values() if r.class_ == c} for c in CLASSES}
        counts = sorted(len(fgs) for fgs in by_class.values() if fgs)
        if not counts:
            return ""
        return str(counts[0]) if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"

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


def group_boards(methods: Iterable[Scores | Entry]) -> list[Board]:
    """Put methods on boards, in their order.

    Those whose sets, trimaps, regions, class masks or versions of the metrics differ stand on separate ones.
    """
    groups: dict[tuple[str, ...], list[BoardEntry]] = {}
    for method in methods:
        if isinstance(method, Scores):
            entry = BoardEntry(method)
        else:
            entry = BoardEntry(method.scores, method.card, method.corrections)
        groups.setdefault(entry.scores.table_key, []).append(entry)
    return [_sorted(Board(tuple(group))) for group in groups.values()]


def truth_note(board: Board, name: str, scope: str = "classes") -> str:
    """Say in words how many alphas of a class or region are not ground truth; "" if all are."""
    held = board.largest(scope, name)
    if not held.not_truth:
        return ""
    what = " / ".join(kind.replace("_", " ") for kind in sorted(held.not_truth, reverse=True))
    wrong = held.not_truth.total()
    return f"{wrong} of {held.images} alphas {'is' if wrong == 1 else 'are'} not ground truth ({what})"


def truth_line(board: Board) -> str:
    """Say in one line how many alphas are not ground truth, and in which classes; "" if all are."""
    kinds = Counter(row.alpha_kind for row in board.images.values() if row.alpha_kind in NOT_TRUTH)
    if not kinds:
        return ""
    what = " / ".join(kind.replace("_", " ") for kind in sorted(kinds, reverse=True))
    classes = [name for name in CLASSES if board.has_classes and board.largest("classes", name).not_truth]
    where = f", in {', '.join(classes)}" if classes else ""
    wrong = kinds.total()
    return f"{wrong} of {board.size} alphas {'is' if wrong == 1 else 'are'} not ground truth ({what}){where}"


def notes(board: Board) -> Iterator[str]:
    """Say in sentences what a reader has to know before comparing: remarks, fallbacks, missing images."""
    if board.counts_all:
        yield "All pixels are counted, known ones included: compare with nothing that counts unknown pixels."
        for entry in board.entries:
            yield f"{entry.name}: {_mad_text(entry, of_classes=board.has_classes)}."
    for entry in board.entries:
        if text := _cutout_text(board, entry):
            yield f"{entry.name}: {text}."
    yield from _levels(board)
    for entry in board.entries:
        shown = [each for each in entry.corrections if each.mean == board.headline]
        yield from (f"{entry.name}: {correction}." for correction in shown)
    yield from _remarks(board)
    if board.unclassed:
        yield (
            f"{board.unclassed} of {board.size} images have no class: they count in the image mean, in no "
            "class and not in the class-balanced mean."
        )
    for entry in board.entries:
        reasons = Counter(row.fallback for row in entry.whole.values() if row.fallback)
        if reasons:
            why = ", ".join(f"{reason}: {count}" for reason, count in reasons.most_common())
            yield (
                f"{entry.name}: {reasons.total()} of {len(entry.whole)} mattes are fallbacks, "
                f"not the method's own ({why})."
            )
        if lacking := board.lacking(entry):
            yield (
                f"{entry.name}: {lacking} of {board.size} images have no usable matte; its means leave them "
                "out, so it stands after the methods that have all, and is not marked as best where it lacks "
                f"an image.{_unranked_text(board, entry)}"
            )
    pairs = board.comparisons.get("sad")
    if pairs is not None and pairs.note:
        yield f"Pairs are compared over the other classes. {pairs.note}"
    if board.is_ranked:
        yield RANKED
        if board.has_classes:
            yield RESOLVED
    if board.shows_solved:
        yield _solved_note(board)


def _remarks(board: Board) -> Iterator[str]:
    """Return the remarks on scores, once each; those that not all methods have say whose they are."""
    owners: dict[str, list[str]] = {}
    for entry in board.entries:
        for remark in entry.scores.remarks:
            owners.setdefault(remark, []).append(entry.name)
    for remark, names in owners.items():
        yield remark if len(names) == len(board.entries) else f"{', '.join(names)}: {remark}"


def _unranked_text(board: Board, entry: BoardEntry) -> str:
    """Say why a method that lacks images has no rank; "" if it has one, or if nothing is ranked."""
    if not board.is_ranked or board.rank(entry, "sad") is not None:
        return ""
    images = plural(board.comparisons["sad"].images, "image")
    return f" It has no rank: the others are compared on {images}, of which it lacks some."


def _levels(board: Board) -> Iterator[str]:
    """Say whose mattes were scored with other levels than 8 bits: that alone moves a score."""
    for entry in board.entries:
        if entry.card is not None and entry.card.mattes not in ("8-bit", UNKNOWN):
            kind = {"float": "finer than 8 bits", "mixed": "partly finer than 8 bits"}[entry.card.mattes]
            yield f"{entry.name}: its mattes are {kind}, and are not rounded."


CARD_TITLES = ("method", "version", "paper", "code", "trained on", "weights", "hardware", "mattes", "contact")
"""What a board says of entries, in columns."""


def card_rows(board: Board) -> list[tuple[str, ...]]:
    """Return what the cards of a board say, a row each, under `CARD_TITLES`; nothing without entries."""
    return [_card_row(entry.card) for entry in board.entries if entry.card is not None]


def _card_row(card: EntryCard) -> tuple[str, ...]:
    trained_on = ", ".join(card.trained_on) or "nothing"
    weights = f"{short(card.weights_sha256)}, {card.weights_licence}"
    if card.weights_sha256 in (NONE, UNKNOWN):
        weights = card.weights_sha256
    of_run = (card.hardware, card.mattes, card.contact)
    return (card.name, card.version, card.paper, card.code, trained_on, weights, *of_run)


def _mad_text(entry: BoardEntry, *, of_classes: bool) -> str:
    """Return the mean absolute difference of whole images in thousandths, as papers print it."""
    mad = entry.summary.mad or {}
    means = {which: title for which, title in MEANS.items() if of_classes or which == IMAGE_MEAN}
    shown = [f"{1000 * mad[which]:.2f} ({title})" for which, title in means.items() if which in mad]
    return f"MAD ×10³ {', '.join(shown)}"


def _cutout_text(board: Board, entry: BoardEntry) -> str:
    """Return what is left of the background, in the mean that the board is ranked by; "" if not measured."""
    if entry.summary.cutout is None:
        return ""
    residue, share, halo = entry.summary.cutout[board.headline]
    return (
        f"residue ×10³ {formatted(1000 * residue, '.2f')}, {formatted(share, '.2%').replace('%', ' %')} of "
        f"the pixels there above {RESIDUE_FROM}, halo ×10³ {formatted(1000 * halo, '.1f')} "
        f"({MEANS[board.headline]})"
    )


def rank_text(board: Board, entry: BoardEntry) -> str:
    """Return the rank by SAD, a dash for a method that is not compared."""
    rank = board.rank(entry, "sad")
    return DASH if rank is None else str(rank)


def solved_text(board: Board, placing: Placing) -> str:
    """Return the SAD over the images that every method solved, and the place by it: ``6.12 (2)``."""
    value = number(placing.solved.sad, "sad", board.decimals["sad"])
    return f"{value} ({placing.text})" if placing.text else value


def solved_count(board: Board) -> str:
    """Return how many images every method solved, and of how many classes: ``57 images, 19 classes``."""
    images = plural(len(board.solved), "image")
    if not board.has_classes:
        return images
    return f"{images}, {plural(len({row.class_ for row in board.solved}), 'class', 'classes')}"


def _solved_note(board: Board) -> str:
    """Say what the column of solved images is, and which methods change places in it."""
    if not board.solved:
        return "No image was solved by every method, so there is no mean over such images."
    moved = [
        f"{entry.name} is number {placing.solved_place} there and number {placing.place} over all"
        for entry, placing in zip(board.entries, board.placings, strict=True)
        if placing.solved_place not in (None, placing.place)
    ]
    return (
        f"Solved by all: the {MEANS[board.headline]} over the {solved_count(board)}, of which every method "
        f"has a matte of its own, with its own order{''.join('; ' + line for line in moved)}."
    )


def interval_notes(board: Board) -> Iterator[str]:
    """Say why the mean that methods are ranked by has no interval, if it has none."""
    reasons = {entry.estimate(board.headline, "sad").reason for entry in board.entries} - {""}
    if reasons:
        yield f"No interval for the {MEANS[board.headline]}: {'; '.join(sorted(reasons))}."


def _cell(rows: Sequence[Score], values: MeanErrors) -> Cell:
    return Cell(
        images=len(rows),
        foregrounds=len({row.fg_id for row in rows}),
        pixels=sum(row.pixels for row in rows),
        fallbacks=sum(bool(row.fallback) for row in rows),
        not_truth=Counter(row.alpha_kind for row in rows if row.alpha_kind in NOT_TRUTH),
        values=values,
    )


def _decimals(entries: Iterable[BoardEntry], metric: str) -> int:
    largest = max((v for entry in entries for v in _all_values(entry, metric) if v > 0), default=1.0)
    return decimals_for(largest, metric)


def _all_values(entry: BoardEntry, metric: str) -> Iterator[float]:
    yield from (entry.mean(which, metric) for which in MEANS)
    yield from (cell.values[metric] for cells in entry.cells.values() for cell in cells.values())


def _sorted(board: Board) -> Board:
    """Put the best SAD first, and methods that lack images, whose means leave them out, last."""

    def rank(entry: BoardEntry) -> tuple[bool, bool, float, str]:
        value = entry.mean(board.headline, "sad")
        return board.lacking(entry) > 0, math.isnan(value), value, entry.name

    return Board(tuple(sorted(board.entries, key=rank)))


def _lowest(values: Iterable[float]) -> float:
    known = present(values)
    return min(known) if len(known) > 1 else math.nan
