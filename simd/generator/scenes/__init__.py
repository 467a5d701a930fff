"""Backgrounds drawn by formula, in twelve kinds: places outdoors and indoors, surfaces, lights out of focus.

========== =========================================================================================
kind       what is seen; what varies besides light, colours and the camera
========== =========================================================================================
meadow     grass under a sky with clouds, hills and a tree line behind; season, weather, height of the eye
mountains  ridges in haze, with snow or woods, often over a lake; ruggedness, time of day
sea        waves up to a horizon, a beach in front; swell, sun, weather
woods      trunks, leaves and undergrowth, near ones dark, far ones in haze; season, density
street     two rows of houses that meet in the distance; storeys, windows, daylight or dusk
lights     lamps or sun through leaves, far out of focus; number, size, colours
room       a wall with a window, pictures, a sofa and a lamp; furniture, floor, time of day
shelf      books and vases in a bookcase; heights, colours, gaps
bricks     a brick wall; bond, colours, mortar, wear
planks     boards, upright or lying; wood or peeling paint
cloth      folded cloth: plain, striped, checked
pebbles    stones of a beach or a path; size, rocks, wetness
========== =========================================================================================

In files: outdoors (meadow, mountains, sea), woods, street, lights, room, shelf, surfaces (the last four);
camera, and broadcast_noise, noise looked up at places of any shapes.

Every kind goes through one camera (:mod:`~simd.generator.scenes.camera`): defocus, exposure, white
balance, vignette, grain. Colours are those of the foregrounds: greens, skin and wood tones, the glow of
fire, white as lace and smoke.
"""

import operator
from pkgutil import resolve_name

import numpy as np

from simd.errors import DataError
from simd.generator import MAX_SIDE, MIN_SIDE
from simd.generator.kit.layer import nearest
from simd.generator.scenes.camera import photograph
from simd.generator.splits import generator
from simd.image import UInt8
from simd.taxonomy import suggest

_HERE = "simd.generator.scenes"
SCENES = {
    "meadow": f"{_HERE}.outdoors:meadow",
    "mountains": f"{_HERE}.outdoors:mountains",
    "sea": f"{_HERE}.outdoors:sea",
    "woods": f"{_HERE}.woods:woods",
    "street": f"{_HERE}.street:street",
    "lights": f"{_HERE}.lights:lights",
    "room": f"{_HERE}.room:room",
    "shelf": f"{_HERE}.shelf:shelf",
    "bricks": f"{_HERE}.surfaces:bricks",
    "planks": f"{_HERE}.surfaces:planks",
    "cloth": f"{_HERE}.surfaces:cloth",
    "pebbles": f"{_HERE}.surfaces:pebbles",
}
"""Kind to the function that draws it, ``(rng, side) -> (S, S, 3)``; only the middle two thirds are shown."""

_STREAM = 1000  # keeps these random numbers apart from those of the classes, which begin with 0 to 19


def scene(kind: str, seed: int, size: int = 768) -> UInt8:
    """Draw a background.

    Parameters
    ----------
    kind : str
        A key of :data:`SCENES`.
    seed : int
        Not negative. Same kind, seed and size, same pixels; another size shows the same place.
    size : int
        The longer side, the width, in pixels, 48 to 8192; the height is two thirds of it.

    Returns
    -------
    uint8, shape (round(2/3 · size), size, 3)
        RGB.

    Raises
    ------
    DataError
        If the kind is unknown, or the seed or size is not as above.

    Examples
    --------
    >>> scene("lights", seed=3, size=96).shape
    (64, 96, 3)
    """
    if not isinstance(kind, str) or kind not in SCENES:
        raise DataError(f"unknown kind of scene {kind!r}{suggest(str(kind), SCENES)}")
    number, side = _whole("seed", seed), _whole("size", size)
    if number < 0:
        raise DataError(f"seed {seed!r} is negative; give 0, 1, 2, ...")
    if not MIN_SIDE * 3 // 2 <= side <= MAX_SIDE:
        raise DataError(
            f"size {size!r} is out of range; a scene is {MIN_SIDE * 3 // 2} to {MAX_SIDE} pixels wide"
        )
    rng = generator(_STREAM + list(SCENES).index(kind), number)
    picture = photograph(rng, resolve_name(SCENES[kind])(rng, side), kind)
    height = round(side * 2 / 3)
    top = (side - height) // 2
    return nearest(picture[top : top + height] * 255).astype(np.uint8)


def _whole(what: str, value: int) -> int:
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise DataError(f"{what} {value!r} is not a whole number") from None
