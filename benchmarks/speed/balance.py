"""Time the choice of equal classes: 815 foregrounds with regions of 20 classes, from loose to tight.

python benchmarks/speed/balance.py
"""

import time

import numpy as np

from simd.selection.class_balance import choose_equal
from simd.taxonomy import CLASSES

FOREGROUNDS = 815  # SIMD: 726 to train on and 89 to test


def material(*, beside: int, sharp: float, seed: int) -> dict[str, list[str]]:
    """Return foregrounds with uneven primary classes, some at random beside them, and sharp in many."""
    rng = np.random.default_rng(seed)
    has = np.zeros((FOREGROUNDS, len(CLASSES)), bool)
    has[np.arange(FOREGROUNDS), np.minimum(rng.geometric(0.12, FOREGROUNDS) - 1, len(CLASSES) - 1)] = True
    for _ in range(beside):
        has[np.arange(FOREGROUNDS), rng.integers(0, len(CLASSES), FOREGROUNDS)] = True
    has[:, CLASSES.index("sharp")] |= rng.random(FOREGROUNDS) < sharp
    return {f"fg{n}": [CLASSES[c] for c in np.flatnonzero(row)] for n, row in enumerate(has)}


def main() -> None:
    choose_equal(material(beside=1, sharp=0, seed=9))  # loads the solver
    for beside, sharp in ((0, 0.0), (1, 0.5), (2, 0.9), (4, 1.0)):
        owned = material(beside=beside, sharp=sharp, seed=beside)
        start, cpu = time.perf_counter(), time.process_time()
        choice = choose_equal(owned)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(f"{beside} beside, sharp in {sharp:.0%}: {wall:.2f} s ({cpu:.2f} s CPU); {choice}")


if __name__ == "__main__":
    main()
