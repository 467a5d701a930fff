"""How a training run goes: one static page with its losses, its validation by class, and samples."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.files import write_atomically
from simd.report.html.render import render_page
from simd.report.html.thumbnails import NEAREST, data_uri, fit, webp
from simd.taxonomy import CLASSES, NO_CLASS, TAXONOMY
from simd.training.run_folder import STRIP_NAME, read_log, read_run_recipe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIDE = 160  # of a tile of the strip, in pixels
_WIDTH = 10.0  # of a plot, in inches
_CLASS_MAPS = {"seen": "classes given", "classes": "true classes"}
_FLAT = ("trimap", *_CLASS_MAPS.values())
Row = dict[str, Any]


class Chip(NamedTuple):
    """A class and its colour, in the legend of the strip."""

    name: str
    colour: str


class Picture(NamedTuple):
    """A plot with its heading."""

    title: str
    text: str
    uri: str


class Tile(NamedTuple):
    """A picture of the strip."""

    label: str
    uri: str
    size: tuple[int, int]


def write_training_page(run: str | Path) -> Path:
    """Draw the page of a run and return its path, RUN/index.html.

    Raises
    ------
    DataError
        If the folder is not a run, or has no logged step yet.
    """
    run = Path(run)
    recipe, rows = read_run_recipe(run), read_log(run)
    steps = [row for row in rows if row["kind"] == "step"]
    validations = [row for row in rows if row["kind"] == "validation"]
    if not steps:
        raise DataError(f"{run}: has no logged step yet; go on with simd train and its recipe")
    figures = [_losses(steps)]
    if validations:
        figures += [_by_class(validations, sim=recipe.head.stage == "sim")]
    if validations and "confusion" in validations[-1]:
        figures.append(_confusion(validations[-1]))
    scores = [row["score"] for row in validations]
    facts = [
        ("stage", recipe.head.stage),
        ("preset", recipe.head.preset),
        ("steps", f"{steps[-1]['step']:,} of {recipe.loop.steps:,}"),
        ("loss", f"{steps[-1]['loss']:.4f}"),
        *([("validation", f"{scores[-1]:.4f}"), ("best", f"{min(scores):.4f}")] if scores else []),
    ]
    strip, legend = _strip(run / STRIP_NAME)
    page = render_page(
        "training.html.j2",
        styles=("selection.css", "training.css"),
        name=run.name or str(run),
        facts=facts,
        figures=figures,
        strip=strip,
        legend=legend,
    )
    path = run / "index.html"
    write_atomically(path, page)
    return path


def _losses(steps: Sequence[Row]) -> Picture:
    def draw(ax: "Axes") -> None:
        numbers = [row["step"] for row in steps]
        ax.plot(numbers, [row["loss"] for row in steps], color="black", linewidth=1.8, label="sum")
        names = list(steps[0]["losses"])
        for name in names if len(names) > 1 else []:
            terms = [row["losses"][name] for row in steps]
            weight = f"{terms[0]['weight']:g}"
            ax.plot(
                numbers, [t["value"] * t["weight"] for t in terms], linewidth=1, label=f"{weight} · {name}"
            )
        ax.set(xlabel="step", ylabel="loss, weighted", yscale="log")
        ax.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))

    text = "Each term times its weight, and their sum, of the logged steps alone; a logarithmic scale."
    return Picture("Losses", text, _drawn(draw, 4.2))


def _by_class(validations: Sequence[Row], *, sim: bool) -> Picture:
    names = [name for name in CLASSES if any(name in row["by_class"] for row in validations)]
    values = np.array([[row["by_class"].get(name, np.nan) for row in validations] for name in names])

    def draw(ax: "Axes") -> None:
        image = ax.imshow(values, aspect="auto", cmap="viridis", interpolation="nearest")
        ax.set_yticks(range(len(names)), names, fontsize=8)
        numbers = [row["step"] for row in validations]
        ticks = sorted({round(i) for i in np.linspace(0, len(numbers) - 1, min(8, len(numbers)))})
        ax.set_xticks(ticks, [f"{numbers[i]:,}\n{validations[i]['score']:.3f}" for i in ticks], fontsize=8)
        ax.set_xlabel("step, and the mean over classes")
        ax.figure.colorbar(image, ax=ax, pad=0.01)

    if sim:
        title = "Validation: SAD by class"
        grey = validations[-1]["trimap_sad"]
        text = (
            "The mean over the samples that show a class, ÷ 1000; lower is better. "
            f"The trimap itself, as a matte, has {grey:.3f} a sample over all unknown pixels."
        )
    else:
        title, text = (
            "Validation: patches taken for another class",
            "The share of each class; lower is better.",
        )
    return Picture(title, text, _drawn(draw, 0.6 + 0.24 * max(4, len(names))))


def _confusion(validation: Row) -> Picture:
    counts = np.array(validation["confusion"], float)
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)

    def draw(ax: "Axes") -> None:
        image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        ax.set_xticks(range(len(CLASSES)), CLASSES, rotation=90, fontsize=8)
        ax.set_yticks(range(len(CLASSES)), CLASSES, fontsize=8)
        ax.set(xlabel="answered", ylabel="true")
        ax.figure.colorbar(image, ax=ax, pad=0.01)

    text = "Of the patches of a class (row), the share that was given each class (column)."
    return Picture("Confusion of classes", text, _drawn(draw, 8.0))


def _strip(file: Path) -> tuple[list[list[Tile]], list[Chip]]:
    """Return the tiles of each sample, and the classes that their maps show."""
    if not file.is_file():
        return [], []
    with np.load(file, allow_pickle=False) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    count = len(next(iter(held.values()), ()))
    shown = [held[name] for name in _CLASS_MAPS if name in held]
    for name in _CLASS_MAPS:
        if name in held:
            held[name] = _coloured(held[name], held["trimap"])
    labels = {
        **{"image": "image", "trimap": "trimap", **_CLASS_MAPS},
        **{"pred": "predicted", "alpha": "true alpha"},
    }
    rows = []
    for i in range(count):
        tiles = [_tile(held[name][i], label) for name, label in labels.items() if name in held]
        if "answer" in held and tiles:
            true, answer = CLASSES[int(held["label"][i])], CLASSES[int(held["answer"][i])]
            verdict = true if true == answer else f"{true}, taken for {answer}"
            tiles[-1] = tiles[-1]._replace(label=verdict)
        rows.append(tiles)
    present = sorted({int(index) for maps in shown for index in np.unique(maps)} - {NO_CLASS})
    return rows, [Chip(TAXONOMY[index].name, TAXONOMY[index].colour) for index in present]


def _coloured(maps: npt.NDArray[np.uint8], trimaps: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return trimaps (N, H, W) with the colours of classes in the unknown region, (N, H, W, 3)."""
    colours = np.array([_rgb(class_.colour) for class_ in TAXONOMY], np.uint8)
    known = maps == NO_CLASS
    coloured = colours[np.where(known, 0, maps)]
    return np.where(known[..., None], trimaps[..., None], coloured)


def _rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(colour.removeprefix("#")))


def _tile(pixels: npt.NDArray[np.uint8], label: str) -> Tile:
    size = fit(pixels.shape[:2], _SIDE)
    content = webp(pixels, size, NEAREST) if label in _FLAT else webp(pixels, size)
    return Tile(label, data_uri(content, "webp"), size)


def _drawn(draw: Any, height: float) -> str:
    """Return a plot as a data URI of a PNG; without pyplot, whose state every figure shares."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return data_uri(content.getvalue(), "png")
