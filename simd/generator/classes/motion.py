"""Motion: a thing that moved during the exposure; colour times alpha, and alpha, smeared along its way."""

import numpy as np

from simd.generator.classes.flower import flower
from simd.generator.classes.leaf import leaf
from simd.generator.classes.sharp import sharp
from simd.generator.kit.curves import bezier, heading
from simd.generator.kit.layer import Float, Layer, convolve, inset
from simd.generator.kit.raster import splat
from simd.generator.parts.toys import ball, car


def motion(rng: np.random.Generator, side: int) -> Layer:
    """Smear a thing.

    It is a car (0.4), a ball (0.2), a thing of `sharp` (0.2), a leaf or a flower (0.1 each). The way is
    4% to 22% of the side long, uniformly; a car drives level (Gaussian, 0.12 radians) and straight, other
    ways have any direction and a Gaussian bend (0.25 of their length).
    """
    kind = int(rng.choice(5, p=[0.4, 0.2, 0.2, 0.1, 0.1]))
    angle = rng.normal(0, 0.12) if kind == 0 else rng.uniform(-np.pi, np.pi)
    length, bend = rng.uniform(0.04, 0.22), rng.normal(0, 0.25) * (kind != 0)
    drawn = round((0.9 - length) * side)
    thing = [car, ball, sharp, leaf, flower][kind](rng, drawn)
    way = length * heading(angle)
    aside = bend * length * heading(angle + np.pi / 2)
    path = bezier(np.stack([-way / 2 - aside / 2, 2 * aside - aside / 2, way / 2 - aside / 2]), 400)
    return convolve(inset(thing, side), smear(path * side))


def smear(path: Float) -> Float:
    """Return the kernel of a point that travels `path`, (n, 2) in pixels about 0, at an even pace."""
    reach = int(np.ceil(np.abs(path).max())) + 2
    width = 2 * reach + 1
    kernel = splat(path + reach, np.ones(len(path)), width)
    return np.asarray(kernel / kernel.sum())
