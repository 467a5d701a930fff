"""Make the pictures of sim.md, with weights that docs/sim_training.py has made.

    python docs/sim_training.py weights          # an hour on one core
    python docs/sim_pictures.py weights [FOLDER]

FOLDER is docs/images by default. The object and its background are drawn, of the test split.
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw

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
from simd.trimap import trimap_of

SIDES = (560, 380)  # of each object; together below 800 pixels, where the release's windows go wrong
OBJECTS, BACKDROP = (("curtain", 1), ("portrait", 3)), ("street", 1)  # kinds and seeds
RADIUS = 12  # of the trimap
COLOURS = {320: (255, 200, 60), 800: (90, 200, 255)}


def main(weights: Path, folder: Path) -> None:
    """Write the four pictures."""
    image, trimap = example()
    method = load_sim(weights=str(weights))
    for name, picture in method.pictures(image, trimap).items():
        save(picture, folder / f"sim-{name}.jpg")
    save(draw_windows(image, trimap), folder / "sim-windows.jpg")


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
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("images"))
