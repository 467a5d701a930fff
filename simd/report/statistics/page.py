"""Write the statistics of sets into a folder: tables, plots, and one HTML page with the extreme images."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup
from rich.table import Table
from rich.text import Text

from simd.dataset.manifest import Sample
from simd.errors import DataError
from simd.files import make_folder, write_atomically
from simd.report.console import console, labels, table
from simd.report.html.render import render, render_page
from simd.report.html.thumbnails import beside, data_uri, thumbnail
from simd.report.numbers import plural
from simd.report.statistics import tables
from simd.report.statistics.plots import plot_classes, plot_distributions, plot_scatter
from simd.report.statistics.result import Measured, SetStatistics
from simd.sources.outputs import Inputs, begins, check_output_folder, has_file
from simd.taxonomy import TAXONOMY, MattingClass

_FIRST = "statistics.md"  # written first: by it the folder is known as ours
_SIDE = 240  # pixels of image and alpha side by side
_MOST_EXTREMES = 24_000_000  # bytes of thumbnails on a page; sets after that are shown without


class _Extreme(NamedTuple):
    what: str
    row: Measured
    value: float
    form: str


class _Card(NamedTuple):
    what: str
    row: Measured
    value: str
    uri: str
    size: tuple[int, int]  # (H, W)


_FIGURES: tuple[tuple[str, str, Callable[[Measured], float]], ...] = (
    ("alpha ratio", ".3f", lambda m: m.measures.alpha_ratio),
    ("gradient", ".4f", lambda m: m.measures.mean_gradient),
)


def write_statistics(measured: SetStatistics | Sequence[SetStatistics], out: Path) -> list[Path]:
    """Write the statistics of one or several sets.

    Returns
    -------
    list of Path
        index.html, statistics.md, balance.csv, classes.csv, images.csv and regions.csv (where pixels were
        measured), classes.png, and for each measured set distributions.png and scatter.png, numbered where
        there are several.
    """
    sets = [measured] if isinstance(measured, SetStatistics) else list(measured)
    out = check_statistics_folder(out, len(sets))
    make_folder(out)
    files: dict[str, str | bytes] = {
        _FIRST: tables.to_markdown(sets),
        "balance.csv": tables.balance_csv(sets),
        "classes.csv": tables.classes_csv(sets),
        "classes.png": (classes := plot_classes(sets)),
    }
    with_pixels = [of_set for of_set in sets if of_set.measured]
    if with_pixels:
        files |= {f"{scope}.csv": tables.rows_csv(sets, scope) for scope in ("images", "regions")}
    plots = []
    for number, of_set in enumerate(with_pixels, start=1):
        ending = f"-{number}" if len(with_pixels) > 1 else ""
        drawn = (plot_distributions(of_set), plot_scatter(of_set))
        files |= {f"distributions{ending}.png": drawn[0], f"scatter{ending}.png": drawn[1]}
        plots.append(drawn)
    files["index.html"] = _page(sets, classes, plots)
    for name, content in files.items():
        write_atomically(out / name, content)
    return [out / name for name in sorted(files, key=lambda name: (name != "index.html", name))]


def check_statistics_folder(out: str | Path, sets: int, *, inputs: Inputs = ()) -> Path:
    """Return a folder into which the statistics of some sets may be written, or raise DataError."""
    plots = [f"{name}{ending}.png" for name in ("distributions", "scatter") for ending in _endings(sets)]
    tables_of = [f"{name}.csv" for name in ("balance", "classes", "images", "regions")]
    names = [_FIRST, *tables_of, *plots, "classes.png", "index.html"]
    is_ours = has_file(_FIRST, begins("# Statistics\n"))
    return check_output_folder(out, "statistics", is_ours, names=names, inputs=inputs)


def _endings(sets: int) -> list[str]:
    return ["", *(f"-{number}" for number in range(1, sets + 1))]


def print_statistics(sets: Sequence[SetStatistics]) -> None:
    """Print the balance of the sets, and the figures by class of each."""
    stdout = console()
    headings, rows = tables.balance_table(sets)
    names = [row[0] for row in rows]
    shown = labels(names)
    stdout.print()
    if shown != names:
        for number, name in zip(shown, names, strict=True):
            stdout.print(f"{number:>3}  {name}", markup=False, soft_wrap=True)
        stdout.print()
    stdout.print(_rich(headings, [[label, *row[1:]] for label, row in zip(shown, rows, strict=True)]))
    for of_set in sets:
        for note in of_set.notes:
            stdout.print(f"{of_set.name}: {note}", style="yellow", markup=False)
        if of_set.measured:
            headings, rows = tables.class_table(of_set)
            regions, images = len(of_set.regions), len(of_set.images)
            stdout.print(f"\n{of_set.name}", style="bold", markup=False, soft_wrap=True)
            stdout.print(f"means over {plural(regions, 'class region')} of {plural(images, 'image')}")
            stdout.print(_rich(headings[:6], [row[:6] for row in rows]))
            if absent := tables.absent_classes(of_set):
                stdout.print(f"No region of the other {plural(absent, 'class', 'classes')}.", style="dim")


def _rich(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    filled = table(*headings)
    for row in rows:
        filled.add_row(*map(Text, row))
    return filled


def _page(sets: Sequence[SetStatistics], classes: bytes, plots: Sequence[tuple[bytes, bytes]]) -> str:
    drawn = iter(plots)
    sections, room = [], _MOST_EXTREMES
    for number, statistics in enumerate(sets, start=1):
        section = _section(number, statistics, next(drawn) if statistics.measured else None, room)
        room -= len(section)
        sections.append(section)
    return render_page(
        "statistics.html.j2",
        styles=("statistics.css",),
        title=" · ".join(statistics.name for statistics in sets),
        balance=tables.balance_table(sets),
        classes=_picture(classes, "share of each class in each set"),
        sections=sections,
    )


def _section(number: int, statistics: SetStatistics, plots: tuple[bytes, bytes] | None, room: int) -> Markup:
    names = ("alpha ratio and mean gradient by class", "alpha ratio against mean gradient")
    return render(
        "statistics_section.html.j2",
        number=number,
        statistics=statistics,
        plots=plots and [_picture(png, name) for png, name in zip(plots, names, strict=True)],
        figures=tables.class_table(statistics),
        extremes=None if plots is None else _extremes(statistics, room),
    )


def _extremes(statistics: SetStatistics, room: int) -> list[tuple[MattingClass, int, list[_Card]]] | None:
    """Return each class with its number of regions and its cards; None where there is no room for any."""
    if statistics.matting_set is None or room <= 0:
        return None
    samples = {sample.row.id: sample for sample in statistics.matting_set}
    thumbnails: dict[str, tuple[str, tuple[int, int]]] = {}
    extremes = []
    for class_ in TAXONOMY:
        rows = [row for row in statistics.regions if row.class_ == class_.name]
        cards = []
        for extreme in _extremes_of(rows):
            id_ = extreme.row.id
            if id_ not in thumbnails:
                thumbnails[id_] = _thumbnail(samples.get(id_))
            value = format(extreme.value, extreme.form)
            cards.append(_Card(extreme.what, extreme.row, value, *thumbnails[id_]))
        extremes.append((class_, len(rows), cards))
    return extremes


def _extremes_of(rows: Sequence[Measured]) -> list[_Extreme]:
    extremes = []
    for title, form, value in _FIGURES:
        ordered = sorted((row for row in rows if not math.isnan(value(row))), key=lambda r: (value(r), r.id))
        if ordered:
            extremes.append(_Extreme(f"lowest {title}", ordered[0], value(ordered[0]), form))
        if len(ordered) > 1:
            extremes.append(_Extreme(f"highest {title}", ordered[-1], value(ordered[-1]), form))
    return extremes


def _thumbnail(sample: Sample | None) -> tuple[str, tuple[int, int]]:
    """Return image and alpha as a data URI, "" where they cannot be read, with its (H, W)."""
    try:
        if sample is not None:
            return thumbnail(beside(sample.image, sample.alpha), _SIDE)
    except DataError:  # gone since it was measured; simd verify names it
        pass
    return "", (0, 0)


def _picture(png: bytes, alt: str) -> Markup:
    width = int.from_bytes(png[16:20], "big") * 2 // 3  # of 150 pixels an inch, so that print stays crisp
    return render("plot.html.j2", uri=data_uri(png, "png"), width=width, alt=alt)
