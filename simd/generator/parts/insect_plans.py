"""Insects: the segments and clear wings that each kind is built of, and the colours of its coat."""

from typing import NamedTuple

import numpy as np

from simd.generator.kit.curves import Place
from simd.generator.kit.layer import Float
from simd.generator.kit.shading import hsv

Segment = tuple[float, float, float]
"""y, half width, half length of a segment, from head to tail."""
Wing = tuple[float, float, float, float]
"""Angle, length, width, y of the root."""


class Insect(NamedTuple):
    """What one insect is made of."""

    kind: str
    body: list[Segment]
    wings: list[Wing]
    dark: Float
    bright: Float
    place: Place


PLANS: dict[str, tuple[list[Segment], list[Wing]]] = {
    "fly": ([(0.27, 0.062, 0.042), (0.38, 0.075, 0.085), (0.55, 0.08, 0.115)], [(1.05, 0.36, 0.24, 0.37)]),
    "wasp": ([(0.25, 0.05, 0.036), (0.35, 0.06, 0.07), (0.44, 0.014, 0.03), (0.6, 0.066, 0.15)],
             [(0.45, 0.36, 0.2, 0.34), (0.95, 0.24, 0.26, 0.38)]),
    "dragonfly": ([(0.2, 0.047, 0.03), (0.285, 0.045, 0.07), (0.4, 0.019, 0.08), (0.55, 0.017, 0.1),
                   (0.7, 0.016, 0.09), (0.81, 0.02, 0.05)],
                  [(-0.16, 0.41, 0.16, 0.26), (0.22, 0.39, 0.21, 0.31)]),
    "beetle": ([(0.24, 0.06, 0.05), (0.34, 0.105, 0.07), (0.56, 0.135, 0.2)], []),
    "ant": ([(0.24, 0.058, 0.058), (0.38, 0.036, 0.08), (0.475, 0.013, 0.02), (0.62, 0.075, 0.115)], []),
    "bee": ([(0.27, 0.062, 0.042), (0.37, 0.088, 0.082), (0.55, 0.1, 0.135)],
            [(0.25, 0.3, 0.22, 0.35), (0.8, 0.2, 0.28, 0.39)]),
    "butterfly": ([(0.31, 0.02, 0.02), (0.38, 0.029, 0.055), (0.52, 0.02, 0.12)], []),
    "moth": ([(0.33, 0.03, 0.024), (0.4, 0.052, 0.062), (0.53, 0.04, 0.105)], []),
}  # fmt: skip
"""Kind to its segments and its clear wings; butterflies and moths have scales on theirs."""


def coat_of(rng: np.random.Generator, kind: str) -> tuple[Float, Float]:
    """Return the dark and the bright colour of an insect."""
    dark = hsv(rng.uniform(0.02, 0.1), rng.uniform(0.2, 0.6), rng.uniform(0.12, 0.24))
    if kind == "wasp":
        return dark * 0.7, hsv(rng.uniform(0.1, 0.14), 0.9, 0.92)
    if kind == "ant":
        return dark * 1.3, dark * 1.6
    if kind == "fly":
        return dark, rng.choice([0.45, 0.9]) * hsv(rng.uniform(0.3, 0.6), 0.35, 0.8)
    if kind == "bee":
        return dark * 0.8, hsv(rng.uniform(0.09, 0.12), rng.uniform(0.55, 0.8), rng.uniform(0.65, 0.85))
    if kind == "moth":
        return dark * 1.4, hsv(rng.uniform(0.06, 0.12), rng.uniform(0.1, 0.5), rng.uniform(0.45, 0.9))
    return dark, hsv(rng.random(), rng.uniform(0.6, 0.95), rng.uniform(0.55, 0.95))
