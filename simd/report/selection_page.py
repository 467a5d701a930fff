"""A selection as one HTML file: what was dropped or warned of, as thumbnails, grouped by reason."""

import base64
import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

import numpy as np
from PIL import Image

from simd.files import read_text, write_atomically
from simd.image import UInt8
from simd.parallel import run
from simd.progress import track
from simd.records import Background, Foreground
from simd.selection.reasons import REASONS, Finding, Selection, Verdict
from simd.sources import read_background, read_foreground

MOST = 150
"""Thumbnails under one reason; the others are named in a fold."""

_TEMPLATES = Path(__file__).with_name("templates")
_SIDE = 168  # pixels on the longest side of a thumbnail
_QUALITY = 80  # WebP
_ABOUT_COLOUR = frozenset({"hidden", "mismatch", "premultiplied"})  # the stored colour is shown as well


class Tile(NamedTuple):
    """A thumbnail."""

    label: str
    uri: str
    size: tuple[int, int]  # (H, W)
    see_through: bool  # to be shown over a checkerboard


class _Order(NamedTuple):
    key: str
    record: Foreground | Background
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
    """Return what was dropped, line by line, and how many warnings there are, as text."""
    dropped = [v for v in selection.verdicts if not v.keep]
    width = max([8, *(len(v.reason) for v in dropped)])
    lines = [f"{v.reason:{width}} {v.id}: {v.detail}" for v in dropped]
    warnings = Counter(f.reason for v in selection.verdicts if v.keep for f in v.findings)
    if warnings:
        counts = ", ".join(f"{name} {count}" for name, count in warnings.most_common())
        lines.append(f"kept with a warning: {counts}; --strict drops them")
    lines += [f"note: {note}" for note in selection.notes]
    kept = len(selection.verdicts) - len(dropped)
    return "\n".join([*lines, f"{kept} of {len(selection.verdicts)} {what} kept"])


def _groups(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Return the verdicts by the reason they are shown under: why they drop, else their first warning."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.findings:
            groups[verdict.reason or verdict.findings[0].reason].append(verdict)
    return {reason: groups[reason] for reason in REASONS if reason in groups}


def _html(
    selection: Selection, groups: dict[str, list[Verdict]], tiles: dict[str, list[Tile]], what: str
) -> str:
    total = len(selection.verdicts)
    kept = sum(v.keep for v in selection.verdicts)
    warned = sum(v.keep and bool(v.findings) for v in selection.verdicts)
    parts = {"kept": kept - warned, "warned": warned, "dropped": total - kept}
    links = "".join(
        f'<a class="{_severity(verdicts)}" href="#{reason}">{reason} {len(verdicts):,}</a>'
        for reason, verdicts in groups.items()
    )
    said = [*selection.notes, *(f"{name}: {why}" for name, why in selection.problems.items())]
    notes = "".join(f"<li>{escape(line)}</li>" for line in said)
    sections = "\n".join(_section(reason, verdicts, tiles) for reason, verdicts in groups.items())
    return Template(read_text(_TEMPLATES / "selection.html")).substitute(
        style=read_text(_TEMPLATES / "selection.css"),
        what=what,
        total=f"{total:,}",
        kept=f"{kept:,}",
        warned=f"{warned:,}",
        dropped=f"{total - kept:,}",
        bar="".join(f'<i class="{name}" style="--share:{n}"></i>' for name, n in parts.items() if n),
        nav=links and f'<nav aria-label="Reasons">{links}</nav>',
        notes=notes and f'<ul class="notes">{notes}</ul>',
        sections=sections or '<p class="nothing">Nothing was found to be wrong.</p>',
    )


def _section(reason: str, verdicts: Sequence[Verdict], tiles: dict[str, list[Tile]]) -> str:
    cards = "".join(_card(verdict, reason, tiles) for verdict in verdicts[:MOST])
    rest = ""
    if others := verdicts[MOST:]:
        lines = "".join(f"<li><b>{escape(v.id)}</b> {escape(_of(v, reason).detail)}</li>" for v in others)
        rest = f"<details><summary>{len(others):,} more, without pictures</summary><ul>{lines}</ul></details>"
    severity = _severity(verdicts)
    counts = Counter("dropped" if not v.keep else "kept with a warning" for v in verdicts)
    told = ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items()))
    return (
        f'<section class="reason" id="{reason}"><header><h2>{reason}</h2>'
        f'<span class="tag {severity}">{told}</span><p>{escape(REASONS[reason].meaning)}</p></header>'
        f'<div class="cards">{cards}</div>{rest}</section>'
    )


def _card(verdict: Verdict, reason: str, tiles: dict[str, list[Tile]]) -> str:
    finding = _of(verdict, reason)
    pictures = "".join(_figure(tile, verdict.id) for tile in tiles.get(verdict.id, ()))
    if twin := tiles.get(finding.like):
        pictures += _figure(twin[0]._replace(label=finding.like), finding.like)
    also = "".join(
        f' <span class="tag {f.severity}" title="{escape(f.detail)}">also {f.reason}</span>'
        for f in verdict.findings
        if f is not finding
    )
    class_ = f' <span class="class">{escape(verdict.class_)}</span>' if verdict.class_ else ""
    return (
        f'<article class="card"><div class="tiles">{pictures}</div>'
        f"<b>{escape(verdict.id)}</b>{class_}<p>{escape(finding.detail)}</p>{also}</article>"
    )


def _figure(tile: Tile, name: str) -> str:
    height, width = tile.size
    return (
        f"<figure{' class=see-through' if tile.see_through else ''}>"
        f'<img src="{tile.uri}" alt="{escape(tile.label)} of {escape(name)}" width="{width}" '
        f'height="{height}" loading="lazy" decoding="async">'
        f"<figcaption>{escape(tile.label)}</figcaption></figure>"
    )


def _severity(verdicts: Sequence[Verdict]) -> str:
    return "warn" if all(v.keep for v in verdicts) else "drop"


def _of(verdict: Verdict, reason: str) -> Finding:
    return next(finding for finding in verdict.findings if finding.reason == reason)


def _tiles(order: _Order) -> list[Tile]:
    if isinstance(order.record, Background):
        return [_tile("photograph", read_background(order.record))]
    fg, alpha, _ = read_foreground(order.record)
    made = [_tile("cut out", np.dstack([fg, alpha]), see_through=True), _tile("alpha", alpha)]
    return [*made, _tile("colour as stored", fg)] if order.with_colour else made


def _tile(label: str, pixels: UInt8, *, see_through: bool = False) -> Tile:
    image = Image.fromarray(pixels)
    # resize weighs colour with alpha, so nothing hidden bleeds into an edge
    scale = min(1.0, _SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    data = io.BytesIO()
    image.resize(size, Image.Resampling.BOX).save(data, "WEBP", quality=_QUALITY, method=4)
    uri = "data:image/webp;base64," + base64.b64encode(data.getvalue()).decode()
    return Tile(label, uri, (size[1], size[0]), see_through)
