"""Compare the estimated colour distance of F and B with that of the layers, on generated foregrounds.

    python benchmarks/colour_distance.py [--per-class 4] [--size 512]

Prints, over 20 classes × backgrounds: the correlation, and the median relative error. The layers are only at
hand here; `simd stats` estimates from composite and alpha alone.
"""

import argparse

import numpy as np
from skimage.color import rgb2lab

from simd.composition.arithmetic import composite
from simd.features.colour_distance import estimated_distance
from simd.generator import synthetic
from simd.image import read_image
from simd.sources import index_backgrounds
from simd.taxonomy import CLASSES
from simd.trimap import trimap_of, unknown_region


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-class", type=int, default=4)
    parser.add_argument("--size", type=int, default=512)
    options = parser.parse_args()
    backgrounds = [read_image(record.file) for record in index_backgrounds("builtin").records]
    backgrounds = [bg for bg in backgrounds if min(bg.shape[:2]) >= options.size] or backgrounds
    true, estimated = [], []
    for class_ in CLASSES:
        for seed in range(options.per_class):
            bg = backgrounds[(seed + CLASSES.index(class_)) % len(backgrounds)]
            size = min(options.size, *bg.shape[:2])
            cutout, bg = synthetic(class_, seed, size), bg[:size, :size]
            image = composite(cutout.fg, cutout.alpha, bg)
            unknown = unknown_region(trimap_of(cutout.alpha, max(3, round(0.01 * size))))
            apart = rgb2lab(cutout.fg / 255) - rgb2lab(bg / 255)
            true.append(np.linalg.norm(apart, axis=2)[unknown].mean())
            estimated.append(estimated_distance(image, cutout.alpha, unknown))
    found = np.isfinite(estimated)
    errors = np.abs(np.array(estimated) - true) / true
    print(
        f"{len(true)} composites, {found.sum()} with an estimate: correlation "
        f"{np.corrcoef(np.array(true)[found], np.array(estimated)[found])[0, 1]:.2f}, "
        f"median relative error {np.median(errors[found]):.0%}"
    )


if __name__ == "__main__":
    main()
