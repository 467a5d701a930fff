"""What a set is made of: classes, alpha ratio and mean gradient, as a table and a plot."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from simd.dataset.manifest import MattingSet, Sample
from simd.dataset.trimap import unknown_region
from simd.errors import BatchError
from simd.files import make_folder, write_atomically
from simd.image import Mask, UInt8
from simd.parallel import run
from simd.progress import track
from simd.taxonomy import CLASSES, TAXONOMY


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStatistics:
    """Two numbers of an image's unknown region that tell matting classes apart."""

    id: str
    class_: str
    fg_id: str
    alpha_ratio: float  # share of fractional pixels in the region, 0..1
    mean_gradient: float  # of alpha in 0..1 over the fractional pixels, per pixel


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassStatistics:
    """The counts of a class and its means over images; nan where it is absent."""

    class_: str
    composites: int
    foregrounds: int
    alpha_ratio: float
    mean_gradient: float


@dataclass(frozen=True, slots=True)
class SetStatistics:
    """The statistics of a set, by image and by class."""

    name: str
    images: tuple[ImageStatistics, ...]
    classes: tuple[ClassStatistics, ...]  # all 20


def alpha_ratio(alpha: UInt8, region: Mask) -> float:
    r"""Return the share of fractional pixels in a region R; nan if R is empty.

    .. math:: |\{p \in R : 0 < \alpha_p < 1\}| \,/\, |R|

    Notes
    -----
    "Semantic Image Matting", CVPR 2021, section 3 (statistics of the matting classes).
    """
    count = np.count_nonzero(region)
    return float(np.count_nonzero(_fractional(alpha) & region) / count) if count else math.nan


def mean_gradient(alpha: UInt8, region: Mask) -> float:
    r"""Return the mean gradient magnitude of alpha over the fractional pixels of a region.

    .. math:: \frac{1}{|R'|} \sum_{p \in R'} \sqrt{G_x^2 + G_y^2}, \quad R' = \{p \in R : 0 < \alpha_p < 1\}

    G is the 3×3 Sobel response divided by 8, so a ramp that rises by 0.1 a pixel has gradient 0.1; the border
    is replicated. nan if R' is empty.
    """
    inside = _fractional(alpha) & region
    if not inside.any():
        return math.nan
    sobel = [
        cv2.Sobel(alpha, cv2.CV_16S, dx, dy, ksize=3, borderType=cv2.BORDER_REPLICATE)[inside].astype(
            np.float64
        )
        for dx, dy in ((1, 0), (0, 1))
    ]
    return float(np.hypot(*sobel).mean() / 8 / 255)


def measure_set(matting_set: MattingSet, *, workers: int = 1) -> SetStatistics:
    """Measure every image of a set; BatchError if some cannot be read."""
    samples = list(matting_set)
    measured: dict[str, ImageStatistics] = {}
    failures: dict[str, str] = {}
    for outcome in track(run(_measure, samples, workers=workers), len(samples), "images"):
        id_ = outcome.item.row.id
        if outcome.value is None:
            failures[id_] = outcome.reason or ""
        else:
            measured[id_] = outcome.value
    if failures:
        raise BatchError(failures, "images", len(samples))
    images = tuple(measured[sample.row.id] for sample in samples)
    return SetStatistics(matting_set.name, images, tuple(_of_class(name, images) for name in CLASSES))


def write_statistics(measured: SetStatistics, out: Path) -> list[Path]:
    """Write statistics.csv (by class), images.csv (by image) and statistics.png into a folder."""
    make_folder(out)
    table, rows, plot = out / "statistics.csv", out / "images.csv", out / "statistics.png"
    write_atomically(table, _csv(measured.classes))
    write_atomically(rows, _csv(measured.images))
    write_atomically(plot, _plot(measured))
    return [table, rows, plot]


def print_statistics(measured: SetStatistics) -> None:
    """Print the statistics by class as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{measured.name}: {len(measured.images)} composites", title_justify="left")
    table.add_column("class")
    for heading in ("composites", "foregrounds", "alpha ratio", "mean gradient"):
        table.add_column(heading, justify="right")
    for row in measured.classes:
        figures = ["–" if math.isnan(v) else f"{v:.3f}" for v in (row.alpha_ratio, row.mean_gradient)]
        table.add_row(row.class_, str(row.composites), str(row.foregrounds), *figures)
    Console().print(table)


def _measure(sample: Sample) -> ImageStatistics:
    alpha, unknown = sample.alpha, unknown_region(sample.trimap)
    return ImageStatistics(
        id=sample.row.id,
        class_=sample.row.class_,
        fg_id=sample.row.fg_id,
        alpha_ratio=alpha_ratio(alpha, unknown),
        mean_gradient=mean_gradient(alpha, unknown),
    )


def _of_class(name: str, images: Sequence[ImageStatistics]) -> ClassStatistics:
    own = [image for image in images if image.class_ == name]
    return ClassStatistics(
        class_=name,
        composites=len(own),
        foregrounds=len({image.fg_id for image in own}),
        alpha_ratio=_mean([image.alpha_ratio for image in own]),
        mean_gradient=_mean([image.mean_gradient for image in own]),
    )


def _mean(values: Sequence[float]) -> float:
    there = [v for v in values if not math.isnan(v)]
    return math.fsum(there) / len(there) if there else math.nan


def _fractional(alpha: UInt8) -> Mask:
    return np.asarray((alpha > 0) & (alpha < 255), dtype=np.bool_)


def _csv(rows: Sequence[ImageStatistics] | Sequence[ClassStatistics]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f.name.rstrip("_") for f in fields(rows[0])])
    for row in rows:
        writer.writerow(["" if isinstance(v, float) and math.isnan(v) else v for v in asdict(row).values()])
    return text.getvalue()


def _plot(measured: SetStatistics) -> bytes:
    """Draw class counts, and the two statistics of every image by class."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.5), layout="constrained")
    counts, ratios, gradients = figure.subplots(1, 3, sharey=True)
    places = np.arange(len(CLASSES))
    colours = [c.colour for c in TAXONOMY]
    bars = counts.barh(places, [c.composites for c in measured.classes], color=colours, height=0.7)
    counts.bar_label(
        bars, [f"{c.composites} / {c.foregrounds}" for c in measured.classes], padding=3, fontsize=8
    )
    counts.set(
        xlabel="composites / foregrounds", yticks=places, yticklabels=[n.replace("_", " ") for n in CLASSES]
    )
    counts.margins(x=0.25)
    counts.invert_yaxis()
    for axes, name, label in (
        (ratios, "alpha_ratio", "alpha ratio: fractional share of the unknown region"),
        (gradients, "mean_gradient", "mean gradient of alpha, per pixel"),
    ):
        for place, class_, colour in zip(places, measured.classes, colours, strict=True):
            own = [getattr(image, name) for image in measured.images if image.class_ == class_.class_]
            spread = place + np.linspace(-0.22, 0.22, len(own)) if len(own) > 1 else [place] * len(own)
            axes.scatter(own, spread, s=9, color=colour, alpha=0.55, linewidths=0)
            axes.scatter([getattr(class_, name)], [place], s=60, marker="|", color="black", linewidths=1.8)
        axes.set_xlabel(label)
        axes.set_xlim(left=0)
        axes.grid(axis="x", linewidth=0.4, alpha=0.6)
        axes.set_axisbelow(True)
    for axes in (counts, ratios, gradients):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    figure.suptitle(f"{measured.name}: {len(measured.images)} composites (dots: images, bars: class means)")
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=130, metadata={"Software": None})
    return png.getvalue()
