"""The map of a set as a page that opens from disk: points and thumbnails lie in files beside it."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simd.files import flush_disks, write_atomically
from simd.report.embed.neighbours import accuracy_span, confusions
from simd.report.embed.patches import THUMBNAIL_SIDE, RegionPatch
from simd.report.embed.result import Embedding
from simd.report.embed.sprites import COLUMNS, FOLDER, SHEET, write_sheets
from simd.report.html.render import render_page
from simd.report.numbers import percent
from simd.taxonomy import CLASSES, TAXONOMY

PAGE, POINTS = "index.html", "points.js"

_SIZE = 10_000  # the map's side in its own units
_CURVE_BITS = 10  # of a place along the curve that sheets follow
_GLYPHS = (
    "M0-5A5 5 0 1 0 .1-5z",
    "M-4.4-4.4H4.4V4.4H-4.4z",
    "M0-6 6 0 0 6-6 0z",
    "M0-5.6 5.4 4.2H-5.4z",
    "M0 5.6 5.4-4.2H-5.4z",
)


def write_page(embedding: Embedding, out: Path) -> list[Path]:
    """Write the page of a map, its points and its sheets of thumbnails into a folder.

    A browser gives a page from disk no other file but pictures and scripts, so the points are a script.

    Returns
    -------
    list of Path
        ``index.html``, ``points.js`` and the folder ``thumbnails``.
    """
    places = _fitted(embedding.places)
    order = _along_a_curve(places)
    patches = [embedding.patches[k] for k in order.tolist()]
    sizes = write_sheets(patches, out)
    write_atomically(out / POINTS, _points(patches, places[order], sizes), flush=False)
    flush_disks()
    write_atomically(out / PAGE, _page(embedding))
    return [out / PAGE, out / POINTS, out / FOLDER]


def _page(embedding: Embedding) -> str:
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
        glyphs=_GLYPHS,
        points=POINTS,
        classes=[(index, c) for index, c in enumerate(neighbours.classes) if c.patches],
        confusions=confusions(neighbours, most=8),
        percent=percent,
    )


def _of_descriptors(embedding: Embedding) -> dict[str, str]:
    beside = embedding.by_descriptors
    if beside is None:
        return {}
    return {"by descriptors": f"{percent(beside.class_accuracy)}{accuracy_span(beside)}"}


def _points(
    patches: Sequence[RegionPatch], places: npt.NDArray[np.int64], sizes: Sequence[tuple[int, int]]
) -> str:
    """Return the script of the points: columns of numbers, and the names that they count in."""
    foregrounds = {name: number for number, name in enumerate(dict.fromkeys(p.fg_id for p in patches))}
    regions = {name: number for number, name in enumerate(dict.fromkeys(p.region for p in patches))}
    columns = {
        "size": _SIZE,
        "mark": round(float(np.clip(40 / np.sqrt(max(1, len(patches))), 0.3, 1.6)), 2),
        "glyphs": _GLYPHS,
        "classes": CLASSES,
        "colours": [class_.colour for class_ in TAXONOMY],
        "sheet": {"folder": FOLDER, "count": SHEET, "columns": COLUMNS, "side": THUMBNAIL_SIDE},
        "x": places[:, 0].tolist(),
        "y": places[:, 1].tolist(),
        "width": [width for width, _ in sizes],
        "height": [height for _, height in sizes],
        "label": [CLASSES.index(p.class_) for p in patches],
        "region": [regions[p.region] for p in patches],
        "regions": list(regions),
        "foreground": [foregrounds[p.fg_id] for p in patches],
        "foregrounds": list(foregrounds),
        "id": [p.id for p in patches],
    }
    return f"const POINTS = {json.dumps(columns, ensure_ascii=True, separators=(',', ':'))};\n"


def _fitted(places: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the places within the map's square, a margin left, y upwards as on the picture."""
    low, high = places.min(axis=0), places.max(axis=0)
    scale = 0.94 * _SIZE / max(float((high - low).max()), 1e-12)
    centred = (places - (low + high) / 2) * scale
    return np.asarray(np.rint(_SIZE / 2 + centred * (1, -1)), dtype=np.int64)


def _along_a_curve(places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Order places along Morton's curve: patches near each other on the map share a sheet."""
    cells = places * 2**_CURVE_BITS // (_SIZE + 1)
    code = np.zeros(len(places), dtype=np.int64)
    for bit in range(_CURVE_BITS):
        code |= ((cells[:, 0] >> bit) & 1) << (2 * bit) | ((cells[:, 1] >> bit) & 1) << (2 * bit + 1)
    return np.argsort(code, kind="stable")
