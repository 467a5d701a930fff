"""Train the small networks of SIM and draw with them the pictures of sim.md and training.md.

    python docs/sim_pictures.py RUNS [--images FOLDER] [--set KEY=VALUE]

trains with the small recipes into RUNS/classifier, RUNS/discriminator and RUNS/sim, half an hour on one core,
goes on where it was stopped, and then draws into docs/images. The object and its background are drawn,
of the test split. Needs the extra train, Playwright and /usr/bin/chromium.
"""

import argparse
import io
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright

from simd.composition.arithmetic import composite
from simd.composition.protocols.exact import Exact
from simd.generator.objects import mixed
from simd.generator.scenes import scene
from simd.generator.splits import first_seed
from simd.image import UNKNOWN, UInt8
from simd.methods.sim.inputs import pad
from simd.methods.sim.method import load_sim
from simd.methods.sim.pictures import draw_grid
from simd.methods.sim.semantic_trimap import MODES, WINDOW_SIZES, windows
from simd.taxonomy import CLASSES, TAXONOMY
from simd.training.recipe import read_recipe
from simd.training.samples import Samples
from simd.trimap import trimap_of

SIDES = (560, 380)  # of each object; together below 800 pixels, where the release's windows go wrong
OBJECTS, BACKDROP = (("curtain", 1), ("portrait", 3)), ("street", 1)  # kinds and seeds
RADIUS = 12  # of the trimap
COLOURS = {320: (255, 200, 60), 800: (90, 200, 255)}
PICTURES = Path(__file__).with_name("images")
SHORTER = (
    'data.foregrounds=["synthetic:8@320:train", "synthetic-mixed:8@320:train"]',
    *("loop.steps=1000", "loop.batch=6", "loop.precision=bfloat16"),
)  # than sim-small says
STAGES = ("classifier", "discriminator", "sim")
SEEN = {
    "classifier": ("image", "trimap"),
    "discriminator": ("alpha",),
    "sim": ("image", "trimap", "classes", "alpha", "foreground", "background"),
}  # what a stage takes of a sample
SHOWN = 6  # samples of each stage


def main() -> None:
    """Train what is not trained yet, then write the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", type=Path, metavar="RUNS")
    parser.add_argument("--images", type=Path, default=PICTURES, metavar="FOLDER")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--workers", type=int, default=0, help="processes that make samples")
    arguments = parser.parse_args()
    for stage in STAGES:
        subprocess.run([sys.executable, "-m", *training(stage, arguments)], check=True)
    image, trimap = example()
    method = load_sim(weights=str(arguments.runs / "sim"))
    for name, picture in method.pictures(image, trimap).items():
        save(picture, arguments.images / f"sim-{name}.jpg")
    save(draw_windows(image, trimap), arguments.images / "sim-windows.jpg")
    for stage in STAGES:
        save(draw_samples(stage), arguments.images / f"training-{stage}.jpg")
    for stage in ("classifier", "sim"):
        page = photograph(arguments.runs / stage / "index.html")
        save(page, arguments.images / f"training-{stage}-page.jpg")


def training(stage: str, arguments: argparse.Namespace) -> list[str]:
    """Return the command that trains a stage."""
    command = ["simd", "train", recipe_of(stage), "--out", str(arguments.runs / stage)]
    if stage == "sim":
        for other in ("classifier", "discriminator"):
            command += ["--set", f"{other}={arguments.runs / other}"]
        command += [word for setting in SHORTER for word in ("--set", setting)]
    for setting in arguments.settings:
        command += ["--set", setting]
    return [*command, "--workers", str(arguments.workers)]


def recipe_of(stage: str) -> str:
    """Return the name of a stage's small recipe."""
    return "sim-small" if stage == "sim" else f"sim-{stage}-small"


def draw_samples(stage: str) -> UInt8:
    """Draw what a stage learns from, a sample a column, in the order in which its run takes them."""
    recipe = read_recipe(recipe_of(stage))
    samples = Samples(recipe.data, recipe.head.seed)
    columns = []
    for number in range(SHOWN):
        sample = samples[number]
        named = CLASSES[int(sample["label"])]
        columns.append([(key, tile(key, sample[key])) for key in SEEN[stage]])
        columns[-1][0] = (named, columns[-1][0][1])
    grid = [column[row] for row in range(len(columns[0])) for column in columns]
    return draw_grid(grid, abreast=SHOWN)


def tile(key: str, values: npt.NDArray[np.generic]) -> UInt8:
    """Return an array of a sample as colours, classes in theirs."""
    pixels: UInt8 = values.astype(np.uint8)
    if key == "classes":
        palette = np.full((256, 3), 24, np.uint8)
        for class_ in TAXONOMY:
            palette[class_.index] = list(bytes.fromhex(class_.colour[1:]))
        pixels = palette[pixels]
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def photograph(page: Path) -> UInt8:
    """Return a page as a browser shows it, 1000 pixels wide and from top to bottom."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1000, "height": 700})
        view.goto(page.resolve().as_uri())
        taken = view.screenshot(full_page=True)
        browser.close()
    return np.asarray(Image.open(io.BytesIO(taken)).convert("RGB"))


def example() -> tuple[UInt8, UInt8]:
    """Return a composite of two objects side by side, and its trimap."""
    start = first_seed("test")
    layers = [mixed(kind, start + seed, SIDES) for kind, seed in OBJECTS]
    fg, alpha, _ = (np.hstack(parts) for parts in zip(*layers, strict=True))
    kind, seed = BACKDROP
    bg, _ = Exact().place(scene(kind, start + seed, 1140), alpha.shape, np.random.default_rng(0))
    return composite(fg, alpha, bg), trimap_of(alpha, RADIUS)


def draw_windows(image: UInt8, trimap: UInt8) -> UInt8:
    """Draw for each mode the windows of both sizes, and how many of them see a pixel."""
    shown = pad(image)
    unknown = pad(trimap) == UNKNOWN
    size = unknown.shape
    tiles = []
    for mode in MODES:
        seen = np.zeros(size, np.int64)
        for side in WINDOW_SIZES:
            used = [w for w in windows(size, side, mode) if unknown[w].any()]
            sheet = Image.fromarray((shown * 0.6).astype(np.uint8))
            pen = ImageDraw.Draw(sheet)
            for number, (rows, columns) in enumerate(used):
                seen[rows, columns] += 1
                inset = 3 * (number % 4)  # so that edges do not hide each other
                box = (
                    columns.start + inset,
                    rows.start + inset,
                    columns.stop - 1 - inset,
                    rows.stop - 1 - inset,
                )
                pen.rectangle(box, outline=COLOURS[side], width=2)
            plural = "s" if len(used) > 1 else ""
            tiles.append((f"{mode}: {len(used)} window{plural} of {side}", np.asarray(sheet)))
        heat = mpl.colormaps["viridis"](seen / 10, bytes=True)[..., :3]
        tiles.append((f"{mode}: windows over a pixel, {seen.min()} to {seen.max()}", heat))
    height, width = size
    small = [
        (caption, np.asarray(Image.fromarray(tile).resize((width // 2, height // 2), Image.Resampling.BOX)))
        for caption, tile in tiles
    ]
    return draw_grid(small, abreast=3)


def save(picture: UInt8, path: Path) -> None:
    """Write a picture as JPEG."""
    Image.fromarray(picture).save(path, quality=86, optimize=True)


if __name__ == "__main__":
    main()
