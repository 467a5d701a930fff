"""Time the intervals and comparisons of methods: drawn scores, 10,000 draws.

python benchmarks/speed/intervals.py
"""

import time

import numpy as np

from simd.metrics.uncertainty import compare, summarise
from simd.taxonomy import CLASSES


def drawn(foregrounds: int, composites: int, methods: int):
    """Draw scores whose composites of one foreground are alike, as real ones are."""
    rng = np.random.default_rng(0)
    classes = [CLASSES[i % len(CLASSES)] for i in range(foregrounds) for _ in range(composites)]
    ids = [f"fg{i}" for i in range(foregrounds) for _ in range(composites)]
    own = np.repeat(rng.lognormal(2, 0.6, foregrounds), composites)
    scores = {
        f"method {m}": own * (1 + m / 20) + rng.normal(0, 0.5, foregrounds * composites)
        for m in range(methods)
    }
    return scores, classes, ids


def main() -> None:
    for foregrounds, composites, methods in ((89, 10, 10), (1_000, 1, 1), (10_000, 1, 1)):
        scores, classes, ids = drawn(foregrounds, composites, methods)
        start = time.perf_counter()
        for values in scores.values():
            summarise(values, classes, ids)
        if methods > 1:
            compare(scores, classes, ids)
        seconds = time.perf_counter() - start
        images = foregrounds * composites
        print(f"{methods:2} methods, {images:6,} images of {foregrounds:6,} foregrounds: {seconds:.2f} s")


if __name__ == "__main__":
    main()
