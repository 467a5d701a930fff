"""Animals: the ellipses they are built of, the colours of their coats, their faces."""

from typing import NamedTuple

import numpy as np

from simd.generator.kit.curves import Place, bezier, ellipse
from simd.generator.kit.layer import Float, Layer
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import hsv


class Tuft(NamedTuple):
    """An ellipse of fur; parts are listed from back to front."""

    x: float
    y: float
    rx: float
    ry: float
    angle: float = 0.0
    tone: int = 0  # 0 coat, 1 belly and muzzle, 2 markings
    long: float = 1.0  # length of the strands


def _pair(part: Tuft) -> list[Tuft]:
    return [part, part._replace(x=1 - part.x, angle=-part.angle)]


SHAPES: dict[str, list[Tuft]] = {
    "teddy": [
        *_pair(Tuft(0.36, 0.19, 0.075, 0.075)), *_pair(Tuft(0.36, 0.19, 0.042, 0.042, tone=1)),
        *_pair(Tuft(0.28, 0.86, 0.1, 0.075, 0.3)), Tuft(0.5, 0.7, 0.19, 0.21),
        *_pair(Tuft(0.29, 0.64, 0.06, 0.13, 0.55)), Tuft(0.5, 0.73, 0.11, 0.13, tone=1),
        Tuft(0.5, 0.34, 0.19, 0.17), Tuft(0.5, 0.4, 0.085, 0.068, tone=1, long=0.6),
    ],
    "cat": [
        Tuft(0.76, 0.78, 0.05, 0.15, 0.5, long=1.4), *_pair(Tuft(0.365, 0.19, 0.045, 0.095, -0.25)),
        *_pair(Tuft(0.37, 0.2, 0.024, 0.06, -0.25, tone=1, long=0.6)), Tuft(0.5, 0.72, 0.19, 0.21),
        *_pair(Tuft(0.32, 0.83, 0.09, 0.09)), *_pair(Tuft(0.43, 0.8, 0.055, 0.12)),
        Tuft(0.5, 0.6, 0.1, 0.13, tone=1, long=1.5), Tuft(0.5, 0.34, 0.19, 0.16),
        *_pair(Tuft(0.46, 0.41, 0.055, 0.045, tone=1, long=0.5)),
    ],
    "rabbit": [
        *_pair(Tuft(0.41, 0.18, 0.042, 0.135, -0.12)),
        *_pair(Tuft(0.41, 0.19, 0.02, 0.1, -0.12, tone=1, long=0.5)),
        Tuft(0.5, 0.73, 0.2, 0.19, long=1.3), *_pair(Tuft(0.33, 0.84, 0.1, 0.07)),
        Tuft(0.5, 0.68, 0.1, 0.12, tone=1, long=1.5), *_pair(Tuft(0.44, 0.85, 0.045, 0.06, tone=1)),
        Tuft(0.5, 0.43, 0.155, 0.145), *_pair(Tuft(0.465, 0.49, 0.045, 0.04, tone=1, long=0.5)),
    ],
    "bear": [
        *_pair(Tuft(0.31, 0.24, 0.075, 0.075, long=1.4)), Tuft(0.5, 0.84, 0.3, 0.2, long=1.8),
        Tuft(0.5, 0.48, 0.28, 0.27, long=1.5), Tuft(0.5, 0.57, 0.13, 0.11, tone=1, long=0.7),
    ],
    "fox": [
        Tuft(0.23, 0.7, 0.08, 0.2, 0.5, long=1.8), Tuft(0.15, 0.56, 0.055, 0.085, 0.5, tone=1, long=1.6),
        *_pair(Tuft(0.375, 0.2, 0.05, 0.11, -0.2)),
        *_pair(Tuft(0.38, 0.21, 0.022, 0.065, -0.2, tone=2, long=0.5)), Tuft(0.5, 0.74, 0.155, 0.19),
        *_pair(Tuft(0.44, 0.83, 0.045, 0.1, tone=2)), Tuft(0.5, 0.62, 0.095, 0.13, tone=1, long=1.8),
        Tuft(0.5, 0.35, 0.19, 0.13, long=1.2),
        *_pair(Tuft(0.38, 0.4, 0.085, 0.06, 0.4, tone=1, long=1.4)),
        Tuft(0.5, 0.43, 0.05, 0.085, tone=0, long=0.5),
    ],
    "chick": [
        Tuft(0.5, 0.67, 0.25, 0.22, long=1.3), *_pair(Tuft(0.27, 0.66, 0.07, 0.13, 0.3, long=1.3)),
        Tuft(0.5, 0.37, 0.175, 0.165, long=1.2), Tuft(0.5, 0.72, 0.15, 0.13, tone=1, long=1.3),
    ],
    "dog": [
        Tuft(0.7, 0.86, 0.12, 0.03, -0.25, long=1.2), Tuft(0.5, 0.72, 0.17, 0.2),
        *_pair(Tuft(0.33, 0.84, 0.085, 0.075)), *_pair(Tuft(0.435, 0.79, 0.05, 0.13)),
        Tuft(0.5, 0.62, 0.09, 0.12, tone=1, long=1.3), Tuft(0.5, 0.33, 0.165, 0.165),
        *_pair(Tuft(0.33, 0.35, 0.05, 0.125, 0.25, tone=2, long=1.3)),
        Tuft(0.5, 0.27, 0.03, 0.09, tone=1, long=0.6), Tuft(0.5, 0.42, 0.08, 0.07, tone=1, long=0.6),
    ],
    "hamster": [
        *_pair(Tuft(0.33, 0.27, 0.055, 0.055, tone=2, long=0.5)), Tuft(0.5, 0.66, 0.28, 0.22, long=1.1),
        Tuft(0.5, 0.47, 0.25, 0.2), Tuft(0.5, 0.7, 0.17, 0.15, tone=1),
        *_pair(Tuft(0.34, 0.53, 0.085, 0.075, tone=1)),
        *_pair(Tuft(0.43, 0.65, 0.03, 0.045, tone=1, long=0.4)),
        *_pair(Tuft(0.4, 0.87, 0.05, 0.025, tone=1, long=0.4)), Tuft(0.5, 0.52, 0.06, 0.05, tone=1, long=0.5),
    ],
    "sheep": [
        *_pair(Tuft(0.36, 0.86, 0.035, 0.09, tone=2, long=0.3)),
        *_pair(Tuft(0.44, 0.88, 0.03, 0.075, tone=2, long=0.3)),
        Tuft(0.5, 0.64, 0.31, 0.23, long=1.2), *_pair(Tuft(0.31, 0.36, 0.075, 0.03, 0.35, tone=2, long=0.5)),
        Tuft(0.5, 0.4, 0.105, 0.145, tone=2, long=0.3), Tuft(0.5, 0.27, 0.115, 0.075, long=0.9),
    ],
    "squirrel": [
        Tuft(0.73, 0.58, 0.095, 0.26, 0.15, long=2.2), Tuft(0.67, 0.29, 0.1, 0.1, 0.3, long=2.2),
        Tuft(0.46, 0.67, 0.165, 0.22, -0.15), Tuft(0.53, 0.8, 0.13, 0.1),
        Tuft(0.41, 0.62, 0.085, 0.2, -0.1, tone=1),
        Tuft(0.37, 0.25, 0.028, 0.065, -0.15, long=1.3),
        Tuft(0.45, 0.25, 0.028, 0.065, 0.15, long=1.3),
        Tuft(0.4, 0.39, 0.125, 0.11), Tuft(0.4, 0.44, 0.055, 0.045, tone=1, long=0.5),
        Tuft(0.36, 0.64, 0.03, 0.075, 0.5, long=0.5), Tuft(0.46, 0.65, 0.03, 0.075, 0.7, long=0.5),
        Tuft(0.4, 0.88, 0.08, 0.03, long=0.4), Tuft(0.55, 0.89, 0.08, 0.03, long=0.4),
    ],
}  # fmt: skip

_BLACK = np.array([0.03, 0.025, 0.02])

# The left eye, the nose, the size of an eye.
_FACES = {
    "teddy": ((0.43, 0.32), (0.5, 0.37), 0.02),
    "cat": ((0.425, 0.325), (0.5, 0.385), 0.032),
    "rabbit": ((0.4, 0.41), (0.5, 0.465), 0.026),
    "bear": ((0.42, 0.42), (0.5, 0.53), 0.02),
    "fox": ((0.425, 0.34), (0.5, 0.505), 0.022),
    "dog": ((0.44, 0.315), (0.5, 0.4), 0.022),
    "hamster": ((0.41, 0.43), (0.5, 0.5), 0.03),
    "sheep": ((0.45, 0.36), (0.5, 0.485), 0.017),
    "squirrel": ((0.35, 0.375), (0.4, 0.425), 0.022),
    "chick": ((0.435, 0.35), (0.5, 0.4), 0.02),
}

_NOSE_WIDTHS = {
    "bear": 0.05, "teddy": 0.034, "cat": 0.02, "rabbit": 0.016, "fox": 0.024, "dog": 0.034,
    "hamster": 0.016, "sheep": 0.026, "squirrel": 0.016,
}  # fmt: skip

# Hue, saturation, value.
COATS: dict[str, list[tuple[float, float, float]]] = {
    "teddy": [(0.08, 0.6, 0.5), (0.07, 0.5, 0.35), (0.1, 0.35, 0.8), (0.95, 0.3, 0.8)],
    "cat": [(0.08, 0.55, 0.75), (0.08, 0.08, 0.5), (0.07, 0.1, 0.22), (0.1, 0.15, 0.85)],
    "rabbit": [(0.08, 0.35, 0.55), (0.09, 0.06, 0.9), (0.07, 0.1, 0.45)],
    "bear": [(0.07, 0.55, 0.36), (0.08, 0.35, 0.2), (0.11, 0.1, 0.92)],
    "fox": [(0.06, 0.78, 0.8), (0.07, 0.65, 0.7)],
    "dog": [(0.09, 0.5, 0.7), (0.07, 0.6, 0.35), (0.09, 0.15, 0.85), (0.6, 0.1, 0.2)],
    "hamster": [(0.08, 0.6, 0.75), (0.09, 0.2, 0.8), (0.08, 0.15, 0.45)],
    "sheep": [(0.11, 0.12, 0.93), (0.1, 0.2, 0.8), (0.07, 0.3, 0.3)],
    "squirrel": [(0.05, 0.7, 0.6), (0.08, 0.25, 0.5), (0.06, 0.5, 0.3)],
    "chick": [(0.13, 0.6, 0.98), (0.12, 0.45, 0.95)],
}


def nose_of(kind: str) -> Float:
    """Return where an animal's nose is, (2,)."""
    return np.asarray(_FACES[kind][1])


def face(rng: np.random.Generator, side: int, kind: str, place: Place, *, dark: bool) -> Layer:
    """Draw eyes, nose or beak, mouth and whiskers; pale whiskers on a `dark` coat."""
    raster = Raster(side)
    _eyes(rng, raster, kind, place)
    if kind == "chick":
        beak = np.array([[0.46, 0.395], [0.5, 0.38], [0.54, 0.395], [0.5, 0.45]])
        raster.polygon(place(beak), hsv(0.08, 0.85, 0.9))
        raster.polygon(place(np.array([[0.46, 0.398], [0.54, 0.398], [0.5, 0.412]])), hsv(0.07, 0.9, 0.65))
        return raster.layer()
    _muzzle(rng, raster, kind, place)
    if kind in ("cat", "rabbit", "fox", "hamster", "squirrel"):
        _whiskers(rng, raster, kind, place, tone=0.92 if dark else 0.53)
    return raster.layer()


def _eyes(rng: np.random.Generator, raster: Raster, kind: str, place: Place) -> None:
    eyes, nose, size = _FACES[kind]
    brown, iris = np.array([0.16, 0.09, 0.05]), hsv(rng.choice([0.12, 0.25, 0.07]), 0.7, 0.75)
    for hand in (-1, 1):
        at = np.array([nose[0] + hand * (nose[0] - eyes[0]), eyes[1]])
        raster.polygon(place(ellipse(at, 1.15 * size, 1.1 * size)), _BLACK)
        if kind == "cat":
            raster.polygon(place(ellipse(at, 0.95 * size, 0.9 * size)), iris)
            raster.polygon(place(ellipse(at + [0, 0.3 * size], 0.7 * size, 0.5 * size)), 1.25 * iris)
            raster.polygon(place(ellipse(at, 0.33 * size, 0.85 * size)), _BLACK)
        else:
            raster.polygon(place(ellipse(at + [0, 0.2 * size], 0.85 * size, 0.75 * size)), brown)
            raster.polygon(place(ellipse(at, 0.55 * size, 0.55 * size)), _BLACK)
        raster.polygon(place(ellipse(at + [-0.3 * size, -0.4 * size], 0.26 * size, 0.26 * size)), np.ones(3))


def _muzzle(rng: np.random.Generator, raster: Raster, kind: str, place: Place) -> None:
    nose, wide = nose_of(kind), _NOSE_WIDTHS[kind]
    pink = kind in ("cat", "rabbit", "hamster") and rng.random() < 0.6
    tint = np.array([0.78, 0.5, 0.48]) if pink else _BLACK + 0.04
    half = np.array([[0.5, -0.75], [1.0, -0.55], [0.75, 0.1]])
    left = (half * [-1, 1])[::-1]
    raster.polygon(place(nose + wide * np.concatenate([left, half, [[0.0, 0.7]]])), tint)
    gleam = ellipse(nose - [0.25 * wide, 0.42 * wide], 0.4 * wide, 0.14 * wide)
    raster.polygon(place(gleam), np.minimum(tint + 0.35, 1))
    for hand in (-1, 1):
        knots = np.array([[0, 0.7], [0, 1.8], [1.1 * hand, 1.7], [1.6 * hand, 1.2]])
        raster.strokes(place(bezier(nose + wide * knots, 12))[None], np.array([0.0045]), _BLACK + 0.05)


def _whiskers(rng: np.random.Generator, raster: Raster, kind: str, place: Place, *, tone: float) -> None:
    hand, row = np.repeat([-1.0, 1.0], 4), np.tile(np.arange(4.0), 2)
    root = nose_of(kind) + np.stack([0.045 * hand, 0.011 * row], axis=-1)
    rise = 0.028 * (row - 1) + rng.normal(0, 0.012, 8)
    away = np.stack([hand * rng.uniform(0.14, 0.24, 8), 0.02 + rise], axis=-1)
    paths = bezier(np.stack([root, root + 0.6 * away - [0, 0.03], root + away], axis=1), 14)
    raster.strokes(place(paths), np.linspace(0.0024, 0.0007, 14), np.full(3, tone))
