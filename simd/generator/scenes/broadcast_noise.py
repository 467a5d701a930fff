"""Noise of a fresh surface, looked up at places of any shapes that broadcast."""

import numpy as np

from simd.generator.kit.layer import Float
from simd.generator.kit.noise import Noise


def noise(
    rng: np.random.Generator,
    x: Float,
    y: Float,
    frequency: float,
    *,
    octaves: int = 1,
    gain: float = 0.5,
    ridged: bool = False,
) -> Float:
    """Draw a surface and evaluate it; the options are those of :class:`Noise`."""
    lattice = x.shape[0] == 1 and y.shape[1] == 1  # a row and a column: the fast way
    if not lattice:
        x, y = (np.ascontiguousarray(a) for a in np.broadcast_arrays(x, y))
    return Noise(rng)(x, y, frequency, octaves=octaves, gain=gain, ridged=ridged)
