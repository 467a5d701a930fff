"""Write the statistics of sets into a folder: tables, plots, and one HTML page with the extreme images."""

import math
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

from simd.dataset.manifest import Sample, load_set
from simd.errors import DataError
from simd.files import make_folder, read_text, write_atomically
from simd.report.html.thumbnails import beside, data_uri, thumbnail
from simd.report.statistics import tables
from simd.report.statistics.plots import plot_classes, plot_distributions, plot_scatter
from simd.report.statistics.result import Measured, SetStatistics
from simd.taxonomy import TAXONOMY

_TEMPLATES = Path(__file__).parents[1] / "templates"
_SIDE = 240  # pixels of image and alpha side by side
_MOST_EXTREMES = 24_000_000  # bytes of thumbnails on a page; sets after that are shown without


class _Extreme(NamedTuple):
    what: str
    row: Measured
    value: float
    form: str


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
    make_folder(out)
    files: dict[str, str | bytes] = {
        "statistics.md": tables.to_markdown(sets),
        "balance.csv": tables.balance_csv(sets),
        "classes.csv": tables.classes_csv(sets),
        "classes.png": plot_classes(sets),
    }
    with_pixels = [one for one in sets if one.measured]
    if with_pixels:
        files |= {f"{scope}.csv": tables.rows_csv(sets, scope) for scope in ("images", "regions")}
    plots = []
    for number, one in enumerate(with_pixels, start=1):
        ending = f"-{number}" if len(with_pixels) > 1 else ""
        drawn = (plot_distributions(one), plot_scatter(one))
        files |= {f"distributions{ending}.png": drawn[0], f"scatter{ending}.png": drawn[1]}
        plots.append(drawn)
    files["index.html"] = _page(sets, files["classes.png"], plots)
    for name, content in files.items():
        write_atomically(out / name, content)
    return [out / name for name in sorted(files, key=lambda name: (name != "index.html", name))]


def print_statistics(sets: Sequence[SetStatistics]) -> None:
    """Print the balance of the sets, and the figures by class of each."""
    from rich.console import Console

    console = Console()
    console.print(_rich("", *tables.balance_table(sets)))
    for one in sets:
        for note in one.notes:
            console.print(f"{one.name}: {note}", style="yellow", markup=False)
        if one.measured:
            headings, rows = tables.class_table(one)
            title = f"{one.name}: means over {len(one.regions)} class regions of {len(one.images)} images"
            console.print(_rich(title, headings[:6], [row[:6] for row in rows]))


def _rich(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> object:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title and Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(headings[0], no_wrap=True, max_width=30)
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _page(sets: Sequence[SetStatistics], classes: str | bytes, plots: Sequence[tuple[bytes, bytes]]) -> str:
    assert isinstance(classes, bytes)
    drawn = iter(plots)
    sections, room = [], _MOST_EXTREMES
    for number, one in enumerate(sets, start=1):
        section = _section(number, one, next(drawn) if one.measured else None, room)
        room -= len(section)
        sections.append(section)
    return Template(read_text(_TEMPLATES / "statistics.html")).substitute(
        title=escape(" · ".join(one.name for one in sets)),
        style=read_text(_TEMPLATES / "statistics.css"),
        balance=_table(*tables.balance_table(sets)),
        classes=_picture(classes, "share of each class in each set"),
        sections="\n".join(sections),
    )


def _section(number: int, one: SetStatistics, plots: tuple[bytes, bytes] | None, room: int) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in one.notes)
    head = f'<section id="set-{number}"><h2>{escape(one.name)}</h2>' + (
        f'<ul class="notes">{notes}</ul>' if notes else ""
    )
    if plots is None:
        return head + "<p>A list of names: it has counts, and no pixels to measure.</p></section>"
    return (
        f"{head}{_picture(plots[0], 'alpha ratio and mean gradient by class')}"
        "<p>Smoke, glass and sheer cloth fill their region with soft alpha: a high ratio and a low gradient. "
        "Hard outlines, leaves and nets have few fractional pixels, and steep ones.</p>"
        f"{_picture(plots[1], 'alpha ratio against mean gradient')}"
        f"<details><summary>All figures by class</summary>{_table(*tables.class_table(one))}</details>"
        f"<h3>The extreme images of each class</h3>{_extremes(one, room)}</section>"
    )


def _extremes(one: SetStatistics, room: int) -> str:
    if one.path is None or room <= 0:
        return "<p>Left out: the page would grow too large.</p>"
    samples = {sample.row.id: sample for sample in load_set(one.path)}
    parts = []
    shown: dict[str, str] = {}
    for class_ in TAXONOMY:
        own = [row for row in one.regions if row.class_ == class_.name]
        cards = "".join(_card(extreme, samples, shown) for extreme in _extremes_of(own))
        parts.append(
            f'<div class="class"><h4><i style="background:{class_.colour}"></i>{class_.name} '
            f"<small>{len(own):,}</small></h4>{cards or '<p>none in this set</p>'}</div>"
        )
    return f'<div class="extremes">{"".join(parts)}</div>'


def _extremes_of(rows: Sequence[Measured]) -> list[_Extreme]:
    found = []
    for title, form, value in _FIGURES:
        there = sorted((row for row in rows if not math.isnan(value(row))), key=lambda r: (value(r), r.id))
        if there:
            found.append(_Extreme(f"lowest {title}", there[0], value(there[0]), form))
        if len(there) > 1:
            found.append(_Extreme(f"highest {title}", there[-1], value(there[-1]), form))
    return found


def _card(extreme: _Extreme, samples: dict[str, Sample], shown: dict[str, str]) -> str:
    id_ = extreme.row.id
    if id_ not in shown:
        shown[id_] = _thumbnail(samples.get(id_))
    return (
        f'<figure title="{escape(id_)}: {escape(extreme.row.fg_id)}">{shown[id_]}'
        f"<figcaption>{extreme.what} <b>{extreme.value:{extreme.form}}</b></figcaption></figure>"
    )


def _thumbnail(sample: Sample | None) -> str:
    try:
        if sample is None:
            return ""
        uri, (height, width) = thumbnail(beside(sample.image, sample.alpha), _SIDE)
    except DataError:  # gone since it was measured; simd verify names it
        return ""
    return (
        f'<img src="{uri}" width="{width}" height="{height}" loading="lazy" '
        f'alt="image and alpha of {escape(sample.row.id)}" decoding="async">'
    )


def _picture(png: bytes, alt: str) -> str:
    width = int.from_bytes(png[16:20], "big") * 2 // 3  # of 150 pixels an inch, so that print stays crisp
    return f'<img class="plot" src="{data_uri(png, "png")}" width="{width}" alt="{escape(alt)}">'


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(v)}</td>" for v in row[1:])
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
