"""The map of a set as a picture, classes by colour, marker and name."""

import io

import numpy as np
import numpy.typing as npt

from simd.report.embed.neighbours import accuracy_span
from simd.report.embed.result import Embedding
from simd.report.numbers import percent
from simd.report.plot_labels import place_labels, whole_title
from simd.taxonomy import TAXONOMY

MARKERS = "osD^v"
"""Classes next to each other in the taxonomy have different ones, so the map reads without colour."""

_INK = "#1d2129"
_COLUMNS = 110  # characters of the title that the width holds


def plot_map(embedding: Embedding) -> bytes:
    """Draw the map as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 8), layout="constrained", facecolor="white")
    ax = figure.subplots()
    classes = np.array([patch.class_ for patch in embedding.patches])
    size = float(np.clip(18000 / max(1, len(classes)), 8, 40))
    anchors, names = [], []
    for index, class_ in enumerate(TAXONOMY):
        points = embedding.places[classes == class_.name]
        if not len(points):
            continue
        ax.scatter(
            points[:, 0],
            points[:, 1],
            s=size,
            marker=MARKERS[index % len(MARKERS)],
            color=class_.colour,
            edgecolors=_INK,
            linewidths=0.3,
            alpha=0.85,
        )
        anchors.append(densest(points))
        names.append(class_.name.replace("_", " "))
    ax.set(xticks=[], yticks=[])
    ax.margins(0.08)
    ax.spines[:].set_color("#d6dae0")
    n = embedding.neighbours
    figure.suptitle(
        whole_title(
            f"{embedding.name}: {len(classes):,} patches by {embedding.features}",
            "t-SNE; distances between groups say little",
            f"k-NN without the own foreground: {percent(n.accuracy)} of patches, "
            f"{percent(n.class_accuracy)}{accuracy_span(n)} mean over classes",
            columns=_COLUMNS,
        ),
        x=0.01,
        ha="left",
        fontsize=10,
    )
    place_labels(ax, np.array(anchors), names, avoid=embedding.places, fontsize=9.5)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=150, metadata={"Software": None})
    return data.getvalue()


def densest(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the point that has the most others near: where to write a name to a group that may be split."""
    some = points[np.unique(np.linspace(0, len(points) - 1, min(len(points), 500)).astype(np.int64))]
    apart = np.linalg.norm(some[:, None] - some[None], axis=2)
    near = float(np.quantile(apart, 0.25)) or 1.0
    return np.asarray(some[np.exp(-((apart / near) ** 2)).sum(1).argmax()], dtype=np.float64)
