"""The map of a set as one HTML file: class filters, a thumbnail under the pointer, no outside request."""

import json
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from simd.report.embed.neighbours import accuracy_span, confusions
from simd.report.embed.result import Embedding
from simd.report.html.render import render_page
from simd.report.numbers import percent
from simd.taxonomy import CLASSES

_SIZE = 1000  # the map's side in its own units
_MOST = 24_000_000  # bytes of thumbnails; the patches after that have none
_GLYPHS = (
    "M0-5A5 5 0 1 0 .1-5z",
    "M-4.4-4.4H4.4V4.4H-4.4z",
    "M0-6 6 0 0 6-6 0z",
    "M0-5.6 5.4 4.2H-5.4z",
    "M0 5.6 5.4-4.2H-5.4z",
)


def embedding_page(embedding: Embedding) -> str:
    """Return the page of a map."""
    neighbours = embedding.neighbours
    return render_page(
        "embed.html.j2",
        styles=("embed.css",),
        script="embed.js",
        made=embedding,
        facts={
            "patches": f"{len(embedding.patches):,}",
            "foregrounds": f"{len({p.fg_id for p in embedding.patches}):,}",
            "features": f"{embedding.features} ({embedding.dimensions})",
            "k-NN, own foreground left out": percent(neighbours.accuracy),
            "mean over classes": percent(neighbours.class_accuracy) + accuracy_span(neighbours),
            **_of_descriptors(embedding),
            "perplexity, seed": f"{embedding.perplexity:.3g}, {embedding.seed}",
        },
        size=_SIZE,
        glyphs=_GLYPHS,
        groups=_groups(embedding),
        scale=f"{float(np.clip(40 / np.sqrt(max(1, len(embedding.places))), 0.55, 1.6)):.2f}",
        classes=[(index, c) for index, c in enumerate(neighbours.classes) if c.patches],
        confusions=confusions(neighbours, most=8),
        percent=percent,
        data=_data(embedding),
    )


def _of_descriptors(embedding: Embedding) -> dict[str, str]:
    beside = embedding.by_descriptors
    if beside is None:
        return {}
    return {"by descriptors": f"{percent(beside.class_accuracy)}{accuracy_span(beside)}"}


class _Group(NamedTuple):
    """The marks of a class: number of the patch, and where it stands."""

    class_index: int
    marks: list[tuple[int, str, str]]


def _groups(embedding: Embedding) -> list[_Group]:
    marks: dict[str, list[tuple[int, str, str]]] = {}
    for i, (patch, (x, y)) in enumerate(
        zip(embedding.patches, _fitted(embedding.places).tolist(), strict=True)
    ):
        marks.setdefault(patch.class_, []).append((i, f"{x:.1f}", f"{y:.1f}"))
    return [_Group(index, marks[name]) for index, name in enumerate(CLASSES) if name in marks]


def _fitted(places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the places within the map's square, a margin left, y upwards as on the picture."""
    low, high = places.min(axis=0), places.max(axis=0)
    scale = 0.94 * _SIZE / max(float((high - low).max()), 1e-12)
    centred = (places - (low + high) / 2) * scale
    return np.asarray(_SIZE / 2 + centred * (1, -1), dtype=np.float64)


def _data(embedding: Embedding) -> Markup:
    """Return what the script shows of each patch, as JSON that no tag can end."""
    room, rows = _MOST, []
    for patch in embedding.patches:
        room -= len(patch.thumbnail)
        rows.append([patch.id, patch.region, patch.class_, patch.fg_id, patch.thumbnail if room > 0 else ""])
    text = json.dumps(rows, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))
