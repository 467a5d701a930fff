"""Time the editor of closed-form mattes: how soon a stroke is solved again, and how exactly.

    python benchmarks/speed/solve_again.py [--foregrounds FOLDER] [--megapixels 1] [--strokes 30] [--only N]

The pictures of ``classical.py``. A stroke is a disc of a radius from 10 to 60 pixels, drawn over a length
of up to twice that, from a pixel that was unknown at first; it makes its pixels foreground, background or
unknown, in turns. The strokes of a picture come one upon the other; one in five is undone and drawn
again, which counts as two more. Times are CPU time of one thread, from the stroke to the whole alpha. The
error is the largest difference from solving the same trimap as a whole, over some of the strokes and all
pixels.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import scipy
from matting_cases import names, picture, real_folder
from threadpoolctl import threadpool_limits

from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, Mask, UInt8
from simd.methods.classical import ClosedFormEditor
from simd.methods.classical.closed_form import estimate_alpha_closed_form

RADII = (10, 60)


class Timed(NamedTuple):
    start: float  # seconds of the first solve
    strokes: list[float]  # seconds of each
    error: float
    mebibytes: float


def stroke(rng: np.random.Generator, unknown: Mask, scale: float) -> Mask:
    """Draw the pixels of a stroke; radii are for a megapixel and grow with the picture's side."""
    y, x = np.mgrid[: unknown.shape[0], : unknown.shape[1]]
    at = rng.choice(np.flatnonzero(unknown))
    radius = scale * np.exp(rng.uniform(*np.log(RADII)))
    length, angle = rng.uniform(0, 2 * radius), rng.uniform(0, 2 * np.pi)
    along_y, along_x = length * np.sin(angle), length * np.cos(angle)
    from_y, from_x = y - at // unknown.shape[1], x - at % unknown.shape[1]
    share = np.clip((from_y * along_y + from_x * along_x) / max(length, 1e-9) ** 2, 0, 1)
    return np.hypot(from_y - share * along_y, from_x - share * along_x) <= radius


def timed(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def edited(image: UInt8, trimap: UInt8, count: int, checks: int, seed: int = 0) -> Timed:
    """Draw some strokes on a picture."""
    rng = np.random.default_rng(seed)
    scale = (trimap.size / 1e6) ** 0.5
    start = time.process_time()
    editor = ClosedFormEditor(image, trimap)
    first = time.process_time() - start
    seconds, error = [], 0.0
    for turn in range(count):
        pixels = stroke(rng, trimap == UNKNOWN, scale)
        value = (FOREGROUND, UNKNOWN, BACKGROUND)[turn % 3]
        seconds.append(timed(lambda pixels=pixels, value=value: editor.paint(pixels, value)))
        if turn % 5 == 4:
            seconds += [timed(editor.undo), timed(editor.redo)]
        if turn in np.linspace(0, count - 1, checks).round():
            whole = np.clip(estimate_alpha_closed_form(image, editor.trimap), 0, 1)
            error = max(error, float(np.abs(editor.alpha - whole).max()))
    return Timed(first, seconds, error, editor.nbytes / 2**20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--foregrounds", type=Path, help="with fg/ and alpha/; $SIMD_TEST_DATA/data/real")
    parser.add_argument("--megapixels", type=float, default=1)
    parser.add_argument("--strokes", type=int, default=30)
    parser.add_argument("--checks", type=int, default=3, help="strokes of a picture solved as a whole, too")
    parser.add_argument("--only", type=int, help="the last N pictures")
    given = parser.parse_args()
    folder = real_folder(given.foregrounds)
    chosen = names(folder)[-given.only if given.only else None :]
    threadpool_limits(1)
    numba.set_num_threads(1)
    edited(*picture("drawn fur", 0.05, None), 12, 1)  # compiles
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}"
    print(f"Python {platform.python_version()}, {versions}; {given.megapixels:g} MP, one thread, CPU time\n")
    print(f"{'':25} unknown  first s  strokes: median ms  90 %  largest    error   MiB")
    everything = []
    for name in chosen:
        image, trimap = picture(name, given.megapixels, folder)
        result = edited(image, trimap, given.strokes, given.checks)
        everything += result.strokes
        print(f"{name:25} {(trimap == UNKNOWN).mean():6.1%} {result.start:8.2f} {'':17}{row(result.strokes)}"
              f" {result.error:8.0e} {result.mebibytes:5.0f}", flush=True)  # fmt: skip
    print(f"\n{f'all {len(everything)} strokes':59}{row(everything)}")


def row(seconds: list[float]) -> str:
    milliseconds = [1000 * s for s in seconds]
    median, tenth = statistics.median(milliseconds), np.percentile(milliseconds, 90)
    return f"{median:4.0f} {tenth:5.0f} {max(milliseconds):8.0f}"


if __name__ == "__main__":
    main()
