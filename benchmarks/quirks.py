"""Measure what each quirk of the published composition scripts does to the pixels of a composite.

    python benchmarks/quirks.py [--picture FILE.jpg]

Each row changes one rule of a protocol and leaves the rest: mean and largest difference in 8-bit levels, and
the share of pixels that change, over three drawn foregrounds on three built-in photographs of 500 x 375.
"""

import argparse
from collections.abc import Callable, Iterator
from math import ceil
from pathlib import Path
from textwrap import fill

import cv2
import numpy as np
from PIL import Image

from simd.composition.arithmetic import composite, composite_truncated
from simd.composition.protocols import load_protocol
from simd.composition.protocols.simd_2021 import final_size
from simd.generator import synthetic
from simd.image import read_image
from simd.sources import index_backgrounds

Resize = Callable[[np.ndarray, tuple[int, int]], np.ndarray]
CLASSES = ("hair_easy", "smoke_cloud", "net")
PHOTOGRAPHS = ("china.jpg", "coffee.png", "flower.jpg")


def by_opencv(interpolation: int) -> Resize:
    return lambda a, size: cv2.resize(a, size[::-1], interpolation=interpolation)


def by_pillow(resampling: Image.Resampling) -> Resize:
    return lambda a, size: np.asarray(Image.fromarray(a).resize(size[::-1], resampling))


BILINEAR, BICUBIC = by_opencv(cv2.INTER_LINEAR), by_pillow(Image.Resampling.BICUBIC)
LANCZOS = by_opencv(cv2.INTER_LANCZOS4)
ROUND_UP: Callable[[float], int] = ceil


def cover(bg, size, resize, rounded, *, top_left=True):
    """Enlarge a background until it covers (H, W), and cut it."""
    height, width = size
    ratio = max(width / bg.shape[1], height / bg.shape[0])
    if ratio > 1:
        bg = resize(bg, (rounded(bg.shape[0] * ratio), rounded(bg.shape[1] * ratio)))
    top, left = (0, 0) if top_left else ((bg.shape[0] - height) // 2, (bg.shape[1] - width) // 2)
    return bg[top : top + height, left : left + width]


def simd(
    fg, alpha, bg, *, resize=BILINEAR, rounded=lambda x: int(x + 1), compose=composite_truncated, **crop
):
    size = final_size(*alpha.shape)
    fg, alpha = (resize(a, size) for a in (fg, alpha))
    return compose(fg, alpha, cover(bg, size, resize, rounded, **crop))


def adobe(fg, alpha, bg, *, resize=BICUBIC, rounded=ROUND_UP, compose=composite_truncated, **crop):
    return compose(fg, alpha, cover(bg, alpha.shape, resize, rounded, **crop))


CHANGES = {
    "simd-2021": (
        simd,
        {
            "the Lanczos filter that the code names, instead of bilinear": {"resize": LANCZOS},
            "background sizes rounded up, instead of int(x + 1)": {"rounded": ROUND_UP},
            "backgrounds cut in the middle, instead of at the top left": {"top_left": False},
            "colours rounded, instead of truncated": {"compose": composite},
        },
    ),
    "adobe-2017": (
        adobe,
        {
            "OpenCV's bicubic, instead of Pillow's": {"resize": by_opencv(cv2.INTER_CUBIC)},
            "OpenCV's bilinear": {"resize": BILINEAR},
            "OpenCV's Lanczos": {"resize": LANCZOS},
            "Pillow's Lanczos": {"resize": by_pillow(Image.Resampling.LANCZOS)},
            "background sizes int(x + 1), instead of rounded up": {"rounded": lambda x: int(x + 1)},
            "backgrounds cut in the middle, instead of at the top left": {"top_left": False},
            "colours rounded, instead of truncated": {"compose": composite},
        },
    ),
}


def samples() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    records = {record.id: record for record in index_backgrounds("builtin").records}
    for seed, (class_, name) in enumerate(zip(CLASSES, PHOTOGRAPHS, strict=True)):
        fg, alpha, _ = synthetic(class_, seed=seed, size=640)
        bg = read_image(records[name].file)
        height = min(bg.shape[0], bg.shape[1] * 3 // 4)
        bg = cv2.resize(bg[:height, : height * 4 // 3], (500, 375), interpolation=cv2.INTER_AREA)
        yield fg[:600], alpha[:600], bg


def draw(path: Path) -> None:
    """Draw a part of a composite, and how far from it each changed rule is, 0 to 24 levels."""
    from matplotlib.figure import Figure

    fg, alpha, _ = synthetic("hair_hard", seed=2, size=640)
    record = next(r for r in index_backgrounds("builtin").records if r.id == "gravel.png")  # CC0
    triple = fg[:600], alpha[:600], read_image(record.file)[:375, :500]
    panels: list[tuple[str, np.ndarray]] = []
    for name, (compose, changes) in CHANGES.items():
        base = compose(*triple)
        height, width = base.shape[0], base.shape[1]
        part = np.s_[height // 16 : 7 * height // 16, width // 2 : 7 * width // 8]
        panels.append((name, base[part]))
        for words, change in changes.items():
            off = abs(base.astype(int) - compose(*triple, **change)).max(axis=2)
            panels.append((words.split(", instead")[0], off[part]))
    figure = Figure(figsize=(11, 7.4), layout="constrained")
    grid = figure.subplots(3, 5)
    for axes in grid.flat:
        axes.axis("off")
    for axes, (words, pixels) in zip(grid.flat, panels, strict=False):
        shown = axes.imshow(pixels, cmap="inferno", vmin=0, vmax=24)
        colour = pixels.ndim == 3
        axes.set_title(fill(words, 26), fontsize=8.5, fontweight="bold" if colour else "normal")
    figure.colorbar(shown, ax=grid, shrink=0.5, label="difference in 8-bit levels (24 and more)")
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", type=Path, help="draw the differences too")
    if (path := parser.parse_args().picture) is not None:
        draw(path)
    triples = list(samples())
    for name, (compose, changes) in CHANGES.items():
        protocol = load_protocol(name)
        base = [compose(*triple) for triple in triples]
        for triple, image in zip(triples, base, strict=True):
            # the protocol itself, or the table says nothing
            prepared = protocol.prepare(*triple[:2], None)
            window, _ = protocol.place(triple[2], prepared.alpha.shape, np.random.default_rng(0))
            assert (protocol.composite(prepared.fg, prepared.alpha, window) == image).all()
        print(f"| {name}: changed to | mean | max | pixels |\n| --- | ---: | ---: | ---: |")
        for words, change in changes.items():
            off = [abs(b.astype(int) - compose(*t, **change)) for t, b in zip(triples, base, strict=True)]
            mean = np.mean([d.mean() for d in off])
            changed = np.mean([d.any(axis=2).mean() for d in off])
            print(f"| {words} | {mean:.2f} | {max(d.max() for d in off)} | {changed:.0%} |")
        print()


if __name__ == "__main__":
    main()
