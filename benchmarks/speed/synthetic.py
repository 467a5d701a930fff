"""Time the generator: foregrounds of each class, mixed objects, scenes, and the endless stream.

    python benchmarks/speed/synthetic.py [--size 512] [--seeds N] [--stream N]

CPU seconds of one process; one drawing of each that is not timed comes first.
Slowest is the slowest of the seeds. Scenes are one and a half times as wide as the foregrounds.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable

import cv2
import numpy as np

from simd.composition.stream import stream
from simd.generator import synthetic
from simd.generator.objects import MIXED, mixed
from simd.generator.scenes import SCENES, scene
from simd.taxonomy import CLASSES


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--stream", type=int, default=200)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {os.cpu_count()} cores, one used")
    wide = given.size * 3 // 2
    for title, names, draw, size in (
        ("foregrounds", CLASSES, synthetic, given.size),
        ("mixed objects", tuple(MIXED), mixed, given.size),
        ("scenes", tuple(SCENES), scene, wide),
    ):
        print_times(title, {name: times(draw, name, size, given.seeds) for name in names}, size)
    examples = iter(stream(size=given.size))
    next(examples)
    start = time.process_time()
    for _ in range(given.stream):
        next(examples)
    rate = given.stream / (time.process_time() - start)
    print(f"\nsimd.stream at {given.size} px: {rate:.1f} samples a second a core")


def times(draw: Callable[[str, int, int], object], name: str, size: int, seeds: int) -> list[float]:
    draw(name, seeds, size)
    measured = []
    for seed in range(seeds):
        start = time.process_time()
        draw(name, seed, size)
        measured.append(time.process_time() - start)
    return measured


def print_times(title: str, measured: dict[str, list[float]], size: int) -> None:
    print(f"\n{title} at {size} px    mean s  slowest s")
    for name, each in measured.items():
        print(f"  {name:14} {np.mean(each):13.3f} {max(each):9.3f}")
    mean = float(np.mean([np.mean(each) for each in measured.values()]))
    slowest = max(max(each) for each in measured.values())
    print(f"  {'all':14} {mean:13.3f} {slowest:9.3f}   {1 / mean:.1f} a second")


if __name__ == "__main__":
    main()
