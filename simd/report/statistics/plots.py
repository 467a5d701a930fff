"""The plots of statistics: class counts, distributions by class, and a scatter with names."""

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simd.report.numbers import DASH, formatted
from simd.report.plot_labels import place_labels, whole_title
from simd.report.statistics.result import Measured, SetStatistics
from simd.report.statistics.tables import MEASURES
from simd.taxonomy import CLASSES, TAXONOMY

MOST_POINTS = 150
"""Points that are drawn of a class in a distribution; the curve counts all."""

_DPI = 150
_PANEL_COLUMNS = 27  # characters of a title over one of several panels
_MARKERS = "osD^v"  # told apart without colour
_INK, _SOFT = "#1d2129", "#6b7280"
_SHOWN = {column.name: column for column in MEASURES}


def plot_classes(sets: Sequence[SetStatistics]) -> bytes:
    """Draw the share of each class in each set, side by side, as PNG (the SIM paper's Figure 4)."""
    figure = _figure(2.2 + 2.7 * len(sets), 6.6)
    axes = np.atleast_1d(figure.subplots(1, len(sets), sharey=True, sharex=True))
    places = np.arange(len(CLASSES))
    for ax, of_set in zip(axes, sets, strict=True):
        counts = np.array([of_set.census.foregrounds[name] for name in CLASSES])
        shares = 100 * counts / max(1, counts.sum())
        bars = ax.barh(places, shares, color=[c.colour for c in TAXONOMY], edgecolor=_INK, linewidth=0.6)
        labels = [
            f"{count:,} / {of_set.census.composites[name]:,}" if count else DASH
            for name, count in zip(CLASSES, counts.tolist(), strict=True)
        ]
        for text in ax.bar_label(bars, labels, padding=4, fontsize=7.5, color=_INK):
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})  # over the dashed line
        ax.axvline(100 / len(CLASSES), color=_INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
        entropy = of_set.census.entropy if counts.any() else math.nan
        ax.set_title(
            whole_title(
                of_set.name,
                f"max/min {formatted(of_set.census.spread, '.1f')}, entropy {formatted(entropy, '.2f')}",
                columns=_PANEL_COLUMNS,
            ),
            fontsize=9.5,
            loc="left",
        )
        ax.set_xlabel("% of foregrounds")
        _plain_axes(ax)
    axes[0].set_yticks(places, [name.replace("_", " ") for name in CLASSES])
    axes[0].invert_yaxis()
    axes[0].margins(x=0.34)
    figure.suptitle(
        whole_title(
            "Classes: foregrounds / composites; the dashed line is an equal share",
            columns=round(12 * figure.get_figwidth()),
        ),
        x=0.01,
        ha="left",
        fontsize=10.5,
    )
    return _png(figure)


def plot_distributions(statistics: SetStatistics) -> bytes:
    """Draw how alpha ratio and mean gradient spread in each class's regions, as PNG (Figure 5)."""
    figure = _figure(11, 7.6)
    panels = figure.subplots(1, 2, sharey=True)
    for ax, name in zip(panels, ("alpha_ratio", "mean_gradient"), strict=True):
        _ridges(ax, statistics.regions, name)
    panels[0].set_xlabel("alpha ratio: share of the region with 0 < alpha < 1")
    panels[1].set_xlabel("mean gradient of alpha over those pixels, a pixel")
    panels[0].set_yticks(np.arange(len(CLASSES)), [name.replace("_", " ") for name in CLASSES])
    panels[0].set_ylim(len(CLASSES) - 0.5, -1)
    figure.suptitle(
        whole_title(
            f"{statistics.name}: {len(statistics.regions):,} class regions "
            "(a dot: a region, the black bar: the median, the curve: the density)",
            columns=130,
        ),
        x=0.01,
        ha="left",
        fontsize=10.5,
    )
    return _png(figure)


def plot_scatter(statistics: SetStatistics) -> bytes:
    """Draw alpha ratio against mean gradient: regions as points, medians of classes with their names."""
    figure = _figure(8.6, 6.8)
    ax = figure.subplots()
    anchors, names, drawn = [], [], []
    for index, class_ in enumerate(TAXONOMY):
        points = np.array(
            [
                [_value(r, "alpha_ratio"), _value(r, "mean_gradient")]
                for r in statistics.regions
                if r.class_ == class_.name
            ]
        ).reshape(-1, 2)
        points = points[~np.isnan(points).any(1)]
        if not len(points):
            continue
        marker, shown = _MARKERS[index % len(_MARKERS)], points[_spaced(len(points), MOST_POINTS)]
        ax.scatter(
            *shown.T, s=13, marker=marker, color=class_.colour, alpha=0.6, edgecolors=_INK, linewidths=0.2
        )
        middle = np.median(points, axis=0)
        ax.scatter(
            *middle, s=64, marker=marker, color=class_.colour, edgecolors=_INK, linewidths=1.1, zorder=3
        )
        anchors.append(middle)
        drawn.append(shown)
        names.append(class_.name.replace("_", " "))
    ax.set_xlabel("alpha ratio: share of the region with 0 < alpha < 1")
    ax.set_ylabel("mean gradient of alpha over those pixels, a pixel")
    ax.margins(0.06)
    ax.grid(linewidth=0.4, color="#d6dae0")
    _plain_axes(ax)
    figure.suptitle(
        whole_title(f"{statistics.name}: regions, and the median of each class (outlined)", columns=100),
        x=0.01,
        ha="left",
        fontsize=10.5,
    )
    avoid = np.vstack(drawn) if drawn else None
    place_labels(ax, np.array(anchors).reshape(-1, 2), names, avoid=avoid)
    return _png(figure)


def density(values: npt.NDArray[np.float64], at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Estimate a density with Gaussians of Silverman's width, at least 1 % of the range of `at`.

    The width's floor keeps equal values finite.
    """
    spread = min(float(values.std()), float(np.subtract(*np.quantile(values, (0.75, 0.25)))) / 1.34 or np.inf)
    width = max(0.9 * spread * len(values) ** -0.2, float(np.ptp(at)) / 100)
    kernels = np.exp(-0.5 * ((at[:, None] - values[None]) / width) ** 2)
    return np.asarray(kernels.sum(1) / (len(values) * width * np.sqrt(2 * np.pi)), dtype=np.float64)


def _ridges(ax: Any, regions: Sequence[Measured], name: str) -> None:
    by_class = {
        class_: np.array([v for r in regions if r.class_ == class_ and not math.isnan(v := _value(r, name))])
        for class_ in CLASSES
    }
    largest = max((float(v.max()) for v in by_class.values() if len(v)), default=1.0) or 1.0
    at = np.linspace(0, largest * 1.04, 300)
    for position, class_ in enumerate(TAXONOMY):
        values = by_class[class_.name]
        ax.axhline(position, color="#d6dae0", linewidth=0.5, zorder=0)
        if not len(values):
            ax.text(
                0.01,
                position,
                "none",
                transform=ax.get_yaxis_transform(),
                fontsize=7.5,
                color=_SOFT,
                va="center",
            )
            continue
        if len(values) >= 3:
            height = density(values, at)
            height *= 0.62 / height.max()
            ax.fill_between(at, position, position - height, color=class_.colour, alpha=0.55, linewidth=0)
            ax.plot(at, position - height, color=_INK, linewidth=0.7)
        shown = np.sort(values)[_spaced(len(values), MOST_POINTS)]
        below = position + 0.08 + 0.2 * ((np.arange(len(shown)) * 0.618) % 1)  # spread, the same every time
        ax.scatter(shown, below, s=7, color=class_.colour, edgecolors=_INK, linewidths=0.25)
        ax.plot([np.median(values)] * 2, [position - 0.22, position + 0.32], color=_INK, linewidth=1.8)
    ax.set_xlim(0, largest * 1.04)
    ax.grid(axis="x", linewidth=0.4, color="#d6dae0")
    _plain_axes(ax)


def _value(row: Measured, name: str) -> float:
    return _SHOWN[name].value(row)


def _spaced(count: int, most: int) -> npt.NDArray[np.int64]:
    """Return evenly spaced indices of at most `most` of `count` things."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def _plain_axes(ax: Any) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=9)
    ax.tick_params(axis="y", length=0)
    ax.set_axisbelow(True)


def _png(figure: Any) -> bytes:
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=_DPI, metadata={"Software": None})
    return data.getvalue()
