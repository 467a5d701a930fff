"""Measure how often the 95 % interval of a paired comparison holds the true difference.

python benchmarks/comparison_coverage.py [--trials 10000]

Prints the table of docs/metrics.md: the difference of two methods on each foreground is drawn around 0, which
the interval should hold. A constant difference moves interval and truth alike, so coverage is that for any
other; and p is below 5 % between equal methods exactly as often as the interval misses 0. The errors are

normal             normal, of one variance
skewed             lognormal (sigma 1) for both: exchangeable, the difference symmetric with heavy tails
unlike classes     normal, the standard deviation of each class lognormal (sigma 1), anew in each trial
skewed difference  one method's lognormal, the other's constant: the difference itself is skewed
"""

import argparse
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from simd.metrics.bootstrap import GroupedScores
from simd.metrics.uncertainty import paired_t

Float64 = npt.NDArray[np.float64]
CLASSES, FOREGROUNDS = (5, 10, 20), (2, 3, 5, 10, 20)


def normal(rng: np.random.Generator, shape: tuple[int, int]) -> Float64:
    return rng.normal(size=shape)


def skewed(rng: np.random.Generator, shape: tuple[int, int]) -> Float64:
    return rng.lognormal(size=shape) - rng.lognormal(size=shape)


def unlike_classes(rng: np.random.Generator, shape: tuple[int, int]) -> Float64:
    return rng.normal(size=shape) * rng.lognormal(size=(shape[0], 1))


def skewed_difference(rng: np.random.Generator, shape: tuple[int, int]) -> Float64:
    return rng.lognormal(size=shape) - np.exp(0.5)


ERRORS: dict[str, Callable[[np.random.Generator, tuple[int, int]], Float64]] = {
    "normal": normal,
    "skewed": skewed,
    "unlike classes": unlike_classes,
    "skewed difference": skewed_difference,
}


def coverage(errors: str, classes: int, foregrounds: int, trials: int) -> float:
    """Return the share of intervals that hold the truth."""
    rng = np.random.default_rng([classes, foregrounds, list(ERRORS).index(errors)])
    names = tuple(f"class {c}" for c in range(classes))
    class_of, counts = np.repeat(np.arange(classes), foregrounds), np.ones(classes * foregrounds)
    held = 0
    for _ in range(trials):
        difference = ERRORS[errors](rng, (classes, foregrounds)).reshape(-1, 1)
        sample = GroupedScores(names, class_of, counts, difference)
        low, high = paired_t(sample, "class_mean", np.ones(1), 0.95)[0].bounds or (np.nan, np.nan)
        held += low <= 0 <= high
    return held / trials


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    trials = parser.parse_args().trials
    print(f"Coverage of 95 % intervals in per cent of {trials} trials, by foregrounds a class\n")
    print("| errors | classes |" + "".join(f" {n} |" for n in FOREGROUNDS))
    print("|---|---:|" + "---:|" * len(FOREGROUNDS))
    for errors in ERRORS:
        for classes in CLASSES:
            cells = [coverage(errors, classes, n, trials) for n in FOREGROUNDS]
            shown = "".join(f" {100 * share:.1f} |" for share in cells)
            print(f"| {errors} | {classes} |{shown}", flush=True)


if __name__ == "__main__":
    main()
