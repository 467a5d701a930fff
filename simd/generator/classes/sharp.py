"""Sharp: solid things in focus, with an edge one or two pixels wide."""

from collections.abc import Callable

import numpy as np

from simd.generator.kit.layer import Layer
from simd.generator.parts.ironware import gear, key, spanner
from simd.generator.parts.toys import ball, car
from simd.generator.parts.turnery import bottle, mug, pawn

OBJECTS: dict[str, Callable[[np.random.Generator, int], Layer]] = {
    "bottle": bottle,
    "pawn": pawn,
    "mug": mug,
    "gear": gear,
    "spanner": spanner,
    "key": key,
    "car": car,
    "ball": ball,
}
"""Name of a thing to what draws it."""


def sharp(rng: np.random.Generator, side: int) -> Layer:
    """Draw a solid thing.

    One of eight with even odds. Uniform: its proportions, hue, saturation, polish, the way it lies and
    the light; a third of the gears, spanners and keys is rusty, six of ten keys are brass.
    """
    return OBJECTS[str(rng.choice(list(OBJECTS)))](rng, side)
