"""Time the writing of PNG files: ours beside OpenCV's settings, CPU time and size in one run on one thread.

    python benchmarks/speed/png.py [--rounds 5]

The images are composites and alphas of 1920 x 1280: generated foregrounds over built-in photographs.
"""

import argparse
import statistics
import time

import cv2
import numpy as np

from simd.composition.arithmetic import composite
from simd.composition.protocols.exact import Exact
from simd.generator import synthetic
from simd.image import encode_png, read_image
from simd.sources import index_backgrounds

SIZE = (1280, 1920)
SAMPLES = (("hair_hard", "coffee.png"), ("tree", "rocket.jpg"), ("smoke_cloud", "gravel.png"))


def by_opencv(*parameters):
    return lambda pixels: cv2.imencode(".png", pixels, list(parameters))[1]


LEVEL, STRATEGY = cv2.IMWRITE_PNG_COMPRESSION, cv2.IMWRITE_PNG_STRATEGY
WAYS = {
    "simd (ISA-L)": encode_png,
    "OpenCV, its default": by_opencv(),
    "OpenCV, level 1": by_opencv(LEVEL, 1),
}
if hasattr(cv2, "IMWRITE_PNG_FILTER"):  # from OpenCV 4.12 on
    FILTER = cv2.IMWRITE_PNG_FILTER
    WAYS["OpenCV, Average filter, Huffman"] = by_opencv(
        LEVEL, 1, FILTER, cv2.IMWRITE_PNG_FILTER_AVG, STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY
    )
    WAYS["OpenCV, Up filter, runs"] = by_opencv(
        LEVEL, 1, FILTER, cv2.IMWRITE_PNG_FILTER_UP, STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE
    )


def samples():
    photographs = {record.id: record for record in index_backgrounds("builtin").records}
    for class_, name in SAMPLES:
        cutout = synthetic(class_, seed=1, size=SIZE)
        rng = np.random.default_rng(0)
        window, _ = Exact().place(read_image(photographs[name].file), SIZE, rng)
        yield composite(cutout.fg, cutout.alpha, window), cutout.alpha


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    pairs = list(samples())
    width = f"{SIZE[1]} x {SIZE[0]}"
    print(f"{len(pairs)} images of {width}, medians of {rounds} rounds, OpenCV {cv2.__version__}\n")
    print(f"{'':32} composite: ms     MB   alpha: ms     MB")
    for name, encode in WAYS.items():
        row = ""
        for layer in (0, 1):
            times = []
            for _ in range(rounds):
                start = time.process_time()
                sizes = [len(encode(pair[layer])) for pair in pairs]
                times.append((time.process_time() - start) / len(pairs))
            row += f"{1000 * statistics.median(times):13.1f} {np.mean(sizes) / 1e6:6.2f}"
        print(f"{name:32}{row}")


if __name__ == "__main__":
    main()
