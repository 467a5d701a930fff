"""A selection as one HTML file: what was dropped or warned of, as thumbnails, grouped by reason."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.errors import folded
from simd.files import write_atomically
from simd.image import UInt8
from simd.parallel import run
from simd.progress import track
from simd.records import Background, ForegroundFiles
from simd.report.html.render import render_page
from simd.report.html.thumbnails import thumbnail
from simd.selection.reasons import REASONS, Finding, Selection, Verdict
from simd.sources import read_background, read_foreground

MOST = 150
"""Thumbnails under one reason; the others are named in a fold."""

_SIDE = 168  # pixels on the longest side of a thumbnail
_ABOUT_COLOUR = frozenset({"hidden", "mismatch", "premultiplied"})  # the stored colour is shown as well


class Thumbnail(NamedTuple):
    """A thumbnail."""

    label: str
    uri: str
    size: tuple[int, int]  # (H, W)
    see_through: bool  # to be shown over a checkerboard


class _Card(NamedTuple):
    verdict: Verdict
    finding: Finding
    tiles: list[Thumbnail]
    twin: Thumbnail | None  # the one that it is like


class _Group(NamedTuple):
    reason: str
    meaning: str
    severity: str
    total: int
    counts: str  # in words
    cards: list[_Card]
    others: list[tuple[str, str]]  # id and detail of those without pictures


class _Order(NamedTuple):
    key: str
    record: ForegroundFiles | Background
    with_colour: bool


def write_page(path: Path, selection: Selection, *, what: str = "foregrounds", workers: int = 1) -> None:
    """Write the page of a selection; `what` is "foregrounds" or "backgrounds"."""
    groups = _groups(selection.verdicts)
    shown = {reason: verdicts[:MOST] for reason, verdicts in groups.items()}
    orders = [
        _Order(key, selection.records[key], reason in _ABOUT_COLOUR)
        for reason, verdicts in shown.items()
        for verdict in verdicts
        for key in (verdict.id, _of(verdict, reason).like)
        if key in selection.records
    ]
    # The last order of a key decides; one with colour serves those without.
    chosen = {o.key: o for o in sorted(orders, key=lambda o: o.with_colour)}
    outcomes = track(run(_tiles, list(chosen.values()), workers=workers), len(chosen), "thumbnails")
    tiles = {outcome.item.key: outcome.value or [] for outcome in outcomes}
    write_atomically(path, _html(selection, groups, tiles, what))


def selection_text(selection: Selection, what: str = "foregrounds") -> str:
    """Return what was dropped, alike ones in one line, and how many warnings there are, as text."""
    dropped: dict[str, dict[str, str]] = defaultdict(dict)
    for verdict in selection.verdicts:
        if not verdict.keep:
            dropped[verdict.reason][verdict.id] = verdict.detail
    width = max([8, *map(len, dropped)])
    lines = [f"{reason:{width}} {line}" for reason, details in dropped.items() for line in folded(details)]
    warnings = Counter(f.reason for v in selection.verdicts if v.keep for f in v.findings)
    if warnings:
        counts = ", ".join(f"{name} {count}" for name, count in warnings.most_common())
        lines.append(f"kept with a warning: {counts}; --strict drops them")
    lines += [f"note: {note}" for note in selection.notes]
    kept = sum(verdict.keep for verdict in selection.verdicts)
    return "\n".join([*lines, f"{kept} of {len(selection.verdicts)} {what} kept"])


def _groups(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Return the verdicts by the reason they are shown under: why they drop, else their first warning."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.findings:
            groups[verdict.reason or verdict.findings[0].reason].append(verdict)
    return {reason: groups[reason] for reason in REASONS if reason in groups}


def _html(
    selection: Selection, groups: dict[str, list[Verdict]], tiles: dict[str, list[Thumbnail]], what: str
) -> str:
    return render_page(
        "selection.html.j2",
        styles=("selection.css",),
        what=what,
        total=len(selection.verdicts),
        kept=sum(v.keep for v in selection.verdicts),
        warned=sum(v.keep and bool(v.findings) for v in selection.verdicts),
        notes=[*selection.notes, *(f"{name}: {why}" for name, why in selection.problems.items())],
        groups=[_group(reason, verdicts, tiles) for reason, verdicts in groups.items()],
    )


def _group(reason: str, verdicts: Sequence[Verdict], tiles: dict[str, list[Thumbnail]]) -> _Group:
    counts = Counter("dropped" if not v.keep else "kept with a warning" for v in verdicts)
    return _Group(
        reason=reason,
        meaning=REASONS[reason].meaning,
        severity=_severity(verdicts),
        total=len(verdicts),
        counts=", ".join(f"{n:,} {name}" for name, n in sorted(counts.items())),
        cards=[_card(verdict, reason, tiles) for verdict in verdicts[:MOST]],
        others=[(v.id, _of(v, reason).detail) for v in verdicts[MOST:]],
    )


def _card(verdict: Verdict, reason: str, tiles: dict[str, list[Thumbnail]]) -> _Card:
    finding = _of(verdict, reason)
    like = tiles.get(finding.like)
    twin = like[0]._replace(label=finding.like) if like else None
    return _Card(verdict, finding, tiles.get(verdict.id, []), twin)


def _severity(verdicts: Sequence[Verdict]) -> str:
    return "warn" if all(v.keep for v in verdicts) else "drop"


def _of(verdict: Verdict, reason: str) -> Finding:
    return next(finding for finding in verdict.findings if finding.reason == reason)


def _tiles(order: _Order) -> list[Thumbnail]:
    if isinstance(order.record, Background):
        return [_tile("photograph", read_background(order.record))]
    fg, alpha, _ = read_foreground(order.record)
    tiles = [_tile("cut out", np.dstack([fg, alpha]), see_through=True), _tile("alpha", alpha)]
    return [*tiles, _tile("colour as stored", fg)] if order.with_colour else tiles


def _tile(label: str, pixels: UInt8, *, see_through: bool = False) -> Thumbnail:
    uri, size = thumbnail(pixels, _SIDE)  # weighs colour with alpha, so nothing hidden bleeds into an edge
    return Thumbnail(label, uri, size, see_through)
