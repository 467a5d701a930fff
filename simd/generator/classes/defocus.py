"""Defocus: a thing out of focus; alpha, and colour times alpha, blurred by the disc of an aperture."""

import numpy as np

from simd.generator.classes.flower import flower
from simd.generator.classes.insect import insect
from simd.generator.classes.leaf import leaf
from simd.generator.classes.sharp import sharp
from simd.generator.kit.layer import Float, Layer, convolve, inset


def defocus(rng: np.random.Generator, side: int) -> Layer:
    """Blur a thing.

    It is a flower (0.35), a leaf (0.2), a thing of `sharp` (0.35) or an insect (0.1). The radius of the
    blur is 1.2% to 5% of the side, the power 1.4 of a uniform variate between; the aperture is a disc
    (two in five) or has 5, 6 or 8 blades (one in five each), turned uniformly.
    """
    thing = [flower, leaf, sharp, insect][int(rng.choice(4, p=[0.35, 0.2, 0.35, 0.1]))]
    radius, blades = 0.012 + 0.038 * rng.random() ** 1.4, int(rng.choice([0, 0, 5, 6, 8]))
    turned = rng.uniform(0, 1)
    inner = inset(thing(rng, round(0.84 * side)), side)
    return convolve(inner, aperture(radius * side, blades, turned))


def aperture(radius: float, blades: int, turned: float) -> Float:
    """Return the kernel of an aperture, a disc or a polygon of `blades` sides, with antialiased edges."""
    reach = int(np.ceil(radius)) + 1
    at = np.arange(-reach, reach + 1, dtype=np.float64)
    x, y = at[None, :], at[:, None]
    if blades:
        faces = [x * np.cos(a) + y * np.sin(a) for a in turned + np.arange(blades) * 2 * np.pi / blades]
        far = np.max(faces, axis=0) / np.cos(np.pi / blades) ** 0.5
    else:
        far = np.sqrt(x * x + y * y)
    kernel = np.clip(radius - far + 0.5, 0, 1)
    return np.asarray(kernel / kernel.sum())
