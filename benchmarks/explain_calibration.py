"""How often `simd explain` claims an effect where there is none, and finds the one that there is.

    python benchmarks/explain_calibration.py              # 400 sets of each kind, about a minute
    python benchmarks/explain_calibration.py --sets 40

Each set has ten properties of images, some of them the foreground's alone and some correlated, and errors
that scatter by foreground and by image: skewed, of unlike size in each class, in sets of few and of many
foregrounds. A claim on a set whose errors depend on no property is false; at most 5 % of sets may have one.
"""

import argparse

import numpy as np

from simd.metrics.effects import find_effects

SETS = {
    "20 classes of 2 to 14 foregrounds, 5 images each": (np.resize([2, 3, 5, 8, 14], 20), 5),
    "20 classes of 2 foregrounds, 10 images each": (np.full(20, 2), 10),
    "5 classes of 4 foregrounds, 2 images each": (np.full(5, 4), 2),
    "1 class of 12 foregrounds, 3 images each": (np.full(1, 12), 3),
    "20 classes of 10 foregrounds, 1 image each": (np.full(20, 10), 1),
}
NAMES = [f"property {k}" for k in range(10)]


def made(sizes, images, effect, *seed):
    """Return errors, properties, classes and foregrounds of a set; property 0 has the effect."""
    rng = np.random.default_rng(seed)
    groups = int(np.sum(sizes))
    foregrounds = np.repeat(np.arange(groups), images)
    classes = np.repeat(np.repeat(np.arange(len(sizes)), sizes), images)
    count = len(foregrounds)
    properties = {}
    for k, name in enumerate(NAMES):
        of_class, of_foreground = rng.normal(size=len(sizes)), rng.normal(size=groups)
        share = (k % 3) / 2  # of the foreground: none, half, all
        mixed = share * of_foreground[foregrounds] + (1 - share) * rng.normal(size=count)
        properties[name] = of_class[classes] + mixed
    properties[NAMES[9]] = properties[NAMES[0]] + 0.8 * rng.normal(size=count)  # one that goes with another
    noise = rng.normal(size=groups)[foregrounds] + rng.normal(size=count)
    hard = rng.normal(size=len(sizes))[classes] + rng.uniform(0.5, 1.5, size=len(sizes))[classes] * noise
    return np.exp(hard + effect * properties[NAMES[0]]), properties, classes, foregrounds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=400, help="of each kind")
    count = parser.parse_args().sets
    print(f"{'sets with':50} false claim   true one first   interval holds 0")
    for kind, (title, (sizes, images)) in enumerate(SETS.items()):
        false, held = 0, []
        for seed in range(count):
            found = find_effects(*made(sizes, images, 0.0, kind, seed))
            false += bool(found.claims)
            held += [effect.low <= 0 <= effect.high for effect in found.effects]
        first = 0
        for seed in range(count):
            found = find_effects(*made(sizes, images, 2.0, kind, seed))
            first += bool(found.claims) and found.claims[0].name == NAMES[0]
        print(f"{title:50} {false / count:10.1%} {first / count:15.1%} {np.mean(held):17.1%}")


if __name__ == "__main__":
    main()
