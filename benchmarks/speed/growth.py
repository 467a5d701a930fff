"""How time and memory grow with the number of foregrounds, of rows, or of regions.

    python benchmarks/speed/growth.py duplicates 1000 3000 10000 100000

Each size runs in a process of its own; its inputs are made before the clock starts. CPU seconds, and the most
memory that the process held, inputs and libraries included. The exponent is between this size and the one
before it: 1 is in proportion, 2 is all pairs.
"""

import argparse
import atexit
import json
import math
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

PICTURE = 96  # pixels a side: the thumbnail is as large as any


class Measurement(NamedTuple):
    """What a part took."""

    seconds: float
    peak_mib: float
    note: str


def duplicates(count: int) -> Callable[[], str]:
    """Sign made cut-outs, one in fifty a changed copy of an earlier one; return the search for them."""
    from simd.selection.duplicates import add_duplicates
    from simd.selection.near_duplicates import sign
    from simd.selection.stored_thumbs import ThumbFile

    thumbs = ThumbFile()
    signatures = {}
    for number in range(count):
        copied = number % 50 == 49
        fg, alpha = made_cutout(number - 25 if copied else number)
        if copied:
            fg, alpha = fg[:, ::-1].copy(), alpha[:, ::-1].copy()
        signatures[f"{number:06d}"] = sign(fg, alpha).with_thumb_in(thumbs)

    def search() -> str:
        findings: dict[str, list] = {}
        add_duplicates(findings, signatures)
        return f"{len(findings)} of {count // 50} copies found"

    return search


def made_cutout(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw clouds of colour, cut out by another cloud; detail falls off as in photographs."""
    rng = np.random.default_rng(seed)
    clouds = np.zeros((PICTURE, PICTURE, 4), np.float32)
    for side in (3, 6, 12, 24, 48):
        spots = rng.normal(size=(side, side, 4)).astype(np.float32)
        clouds += cv2.resize(spots, (PICTURE, PICTURE), interpolation=cv2.INTER_CUBIC) * (3 / side)
    levels = np.clip(clouds * 60 + 128, 0, 255).astype(np.uint8)
    alpha = np.clip(clouds[..., 3] * 400 + 128, 0, 255).astype(np.uint8)
    return levels[..., :3].copy(), alpha


def board(rows: int) -> Callable[[], str]:
    """Write scores of two methods, of `rows` rows each; return the reading and the leaderboard of both."""
    from simd.metrics.score import Score
    from simd.metrics.scores import Scores, load_scores
    from simd.report.leaderboard.write import write_leaderboard
    from simd.taxonomy import CLASSES

    folder = Path(tempfile.mkdtemp(prefix="simd-growth-"))
    atexit.register(shutil.rmtree, folder)
    facts = {"name": "made", "protocol": "exact", "digest": "0" * 64, "trimaps_digest": "1" * 64}
    for name in ("first", "second"):
        rng = np.random.default_rng(len(name))
        made = []
        for number in range(rows // 2):
            class_ = CLASSES[number % 20]
            for region in ("unknown", class_):
                errors = dict(zip(("sad", "mse", "grad", "conn"), rng.gamma(2, size=4).tolist(), strict=True))
                id_, fg_id = f"{class_}-{number:08x}", f"{class_}-{number // 200}"  # ten images each
                made.append(Score(id=id_, class_=class_, fg_id=fg_id, region=region, pixels=90_000, **errors))
        Scores(name=name, version="1", set=facts, paths={}, rows=tuple(made), missing={}).save(folder / name)

    def show() -> str:
        files = write_leaderboard(
            [load_scores(folder / name) for name in ("first", "second")], folder / "out"
        )
        return f"{files[0].stat().st_size / 1024:.0f} KiB of page"

    return show


def picture(pixels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a drawn fur of some pixels: colour, alpha, and its unknown region."""
    from simd.generator import synthetic
    from simd.trimap import default_radius, trimap_of, unknown_region

    side = round(pixels**0.5)
    drawn = synthetic("fur", 0, 512)
    fg, alpha = (cv2.resize(layer, (side, side), interpolation=cv2.INTER_CUBIC) for layer in drawn[:2])
    return fg, alpha, unknown_region(trimap_of(alpha, default_radius(alpha.shape)))


def signing(pixels: int) -> Callable[[], str]:
    """Draw a picture; return the making of its signature."""
    from simd.selection.near_duplicates import sign

    fg, alpha, _ = picture(pixels)

    def signed() -> str:
        return sign(fg, alpha).digest[:8]

    return signed


def stats(pixels: int) -> Callable[[], str]:
    """Draw a picture; return the measuring that `simd stats` does."""
    from simd.features.region_statistics import measure_regions

    fg, alpha, unknown = picture(pixels)

    def measured() -> str:
        left = unknown.copy()
        left[:, left.shape[1] // 2 :] = False
        whole, _ = measure_regions(fg, alpha, unknown, {"fur": left, "hair_hard": unknown & ~left})
        return f"thickness {whole.thickness:.2f}, {whole.components} components"

    return measured


PARTS = {"duplicates": duplicates, "board": board, "signing": signing, "stats": stats}


def measure(part: str, size: int) -> Measurement:
    """Run a part in a process of its own."""
    command = [sys.executable, __file__, part, str(size), "--here"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Measurement(*json.loads(printed.splitlines()[-1]))


def measure_here(part: str, size: int) -> Measurement:
    """Run a part after its inputs are made and its loops compiled."""
    PARTS[part](2000 if part in ("signing", "stats") else 60)()
    work = PARTS[part](size)
    start = time.process_time()
    note = work()
    seconds = time.process_time() - start
    return Measurement(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, note)


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--here", action="store_true", help="in this process, one size, as JSON")
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure_here(options.part, options.sizes[0])))
        return
    print(f"{options.part:>12}  CPU seconds  exponent  peak MiB")
    before: tuple[int, float] | None = None
    for size in options.sizes:
        seconds, peak, note = measure(options.part, size)
        exponent = f"{math.log(seconds / before[1]) / math.log(size / before[0]):.2f}" if before else ""
        print(f"{size:12,}  {seconds:11.2f}  {exponent:>8}  {peak:8.0f}  {note}", flush=True)
        before = size, seconds


if __name__ == "__main__":
    main()
