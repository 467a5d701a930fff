"""The map of a set as one HTML file: class filters, a thumbnail under the pointer, no outside request."""

import base64
import hashlib
import json
from html import escape
from pathlib import Path
from string import Template

import numpy as np
import numpy.typing as npt

from simd.files import read_text
from simd.report.embed.neighbours import ClassNeighbours, confusions
from simd.report.embed.result import Embedding, as_percent
from simd.taxonomy import CLASSES, TAXONOMY

_TEMPLATES = Path(__file__).parents[1] / "templates"
_SIZE = 1000  # the map's side in its own units
_MOST = 24_000_000  # bytes of thumbnails; the patches after that have none
_GLYPHS = (
    "M0-5A5 5 0 1 0 .1-5z",
    "M-4.4-4.4H4.4V4.4H-4.4z",
    "M0-6 6 0 0 6-6 0z",
    "M0-5.6 5.4 4.2H-5.4z",
    "M0 5.6 5.4-4.2H-5.4z",
)


def to_html(made: Embedding) -> str:
    """Return the page of a map."""
    script = read_text(_TEMPLATES / "embed.js")
    n = made.neighbours
    facts = {
        "patches": f"{len(made.patches):,}",
        "foregrounds": f"{len({p.fg_id for p in made.patches}):,}",
        "features": f"{escape(made.features)} ({made.dimensions})",
        "k-NN, own foreground left out": as_percent(n.accuracy),
        "mean over classes": as_percent(n.class_accuracy),
        "perplexity, seed": f"{made.perplexity:.3g}, {made.seed}",
    }
    return Template(read_text(_TEMPLATES / "embed.html")).substitute(
        name=escape(made.name),
        style=read_text(_TEMPLATES / "embed.css"),
        script=script,
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        facts="".join(f"<div><dt>{term}</dt><dd>{value}</dd></div>" for term, value in facts.items()),
        notes="".join(f"<li>{escape(note)}</li>" for note in made.notes),
        filters="".join(_filter(index, c) for index, c in enumerate(n.classes) if c.patches),
        points=_points(made),
        size=_SIZE,
        data=_data(made),
        confusions=_confusions(made),
        matrix=_matrix(made),
    )


def _filter(index: int, c: ClassNeighbours) -> str:
    return (
        f'<label><input type="checkbox" checked value="{index}">{_swatch(index)}'
        f"<span>{c.class_}</span><small>{c.patches:,}</small><b>{as_percent(c.accuracy)}</b></label>"
    )


def _swatch(index: int) -> str:
    glyph = _GLYPHS[index % len(_GLYPHS)]
    shape = f'<path d="{glyph}" fill="{TAXONOMY[index].colour}"/>'
    return f'<svg viewBox="-8 -8 16 16" aria-hidden="true">{shape}</svg>'


def _points(made: Embedding) -> str:
    """Return a group of marks for each class."""
    places = _fitted(made.places)
    scale = float(np.clip(40 / np.sqrt(max(1, len(places))), 0.55, 1.6))
    groups = []
    for index, name in enumerate(CLASSES):
        marks = "".join(
            f'<use href="#m{index % len(_GLYPHS)}" data-i="{i}" '
            f'transform="translate({x:.1f} {y:.1f}) scale({scale:.2f})"/>'
            for i, (patch, (x, y)) in enumerate(zip(made.patches, places.tolist(), strict=True))
            if patch.class_ == name
        )
        if marks:
            groups.append(f'<g data-class="{index}" fill="{TAXONOMY[index].colour}">{marks}</g>')
    shapes = "".join(f'<path id="m{k}" d="{glyph}"/>' for k, glyph in enumerate(_GLYPHS))
    return f"<defs>{shapes}</defs>" + "".join(groups)


def _fitted(places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the places within the map's square, a margin left, y upwards as on the picture."""
    low, high = places.min(axis=0), places.max(axis=0)
    scale = 0.94 * _SIZE / max(float((high - low).max()), 1e-12)
    centred = (places - (low + high) / 2) * scale
    return np.asarray(_SIZE / 2 + centred * (1, -1), dtype=np.float64)


def _data(made: Embedding) -> str:
    """Return what the script shows of each patch, as JSON that no tag can end."""
    room, rows = _MOST, []
    for patch in made.patches:
        room -= len(patch.thumbnail)
        rows.append([patch.id, patch.region, patch.class_, patch.fg_id, patch.thumbnail if room > 0 else ""])
    return json.dumps(rows, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def _confusions(made: Embedding) -> str:
    items = "".join(
        f"<li><b>{own}</b> taken for <b>{other}</b>: {share:.0%}</li>"
        for own, other, share in confusions(made.neighbours, most=8)
    )
    return f"<ul>{items}</ul>" if items else "<p>None.</p>"


def _matrix(made: Embedding) -> str:
    """Return the confusion matrix as a table: of each class, the shares taken for each class."""
    shown = [(k, c) for k, c in enumerate(made.neighbours.classes) if c.patches]
    head = "".join(f'<th scope="col"><span>{c.class_}</span></th>' for _, c in shown)
    rows = []
    for k, c in shown:
        cells = []
        for other, _ in shown:
            share = c.told[other] / c.patches
            own = " own" if other == k else ""
            text = f"{share * 100:.0f}" if c.told[other] else ""
            cells.append(f'<td class="share{own}" style="--share:{share:.2f}">{text}</td>')
        rows.append(f'<tr><th scope="row">{c.class_}</th>{"".join(cells)}</tr>')
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
