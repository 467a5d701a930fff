"""Fur: teddy, cat, rabbit, bear, fox or chick, covered in short dense strands."""

from typing import NamedTuple

import numpy as np

from simd.dataset.synthetic.curves import Place, bezier, ellipse, heading, turn
from simd.dataset.synthetic.layer import Float, Layer, over, shade
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.raster import Raster
from simd.dataset.synthetic.shading import blur, grid, hsv


class _Part(NamedTuple):
    """An ellipse of fur; parts are listed from back to front."""

    x: float
    y: float
    rx: float
    ry: float
    angle: float = 0.0
    tone: int = 0  # 0 coat, 1 belly and muzzle, 2 markings
    long: float = 1.0  # length of the strands


class _Coat(NamedTuple):
    tones: Float  # (3, 3): coat, belly and muzzle, markings
    length: float  # of a strand
    mess: float  # disorder of their directions, radians
    marking: str
    marks: Noise  # where the markings are
    comb: Noise  # which way patches of strands lean


def _pair(part: _Part) -> list[_Part]:
    return [part, part._replace(x=1 - part.x, angle=-part.angle)]


_SHAPES: dict[str, list[_Part]] = {
    "teddy": [
        *_pair(_Part(0.36, 0.19, 0.075, 0.075)), *_pair(_Part(0.36, 0.19, 0.042, 0.042, tone=1)),
        *_pair(_Part(0.28, 0.86, 0.1, 0.075, 0.3)), _Part(0.5, 0.7, 0.19, 0.21),
        *_pair(_Part(0.29, 0.64, 0.06, 0.13, 0.55)), _Part(0.5, 0.73, 0.11, 0.13, tone=1),
        _Part(0.5, 0.34, 0.19, 0.17), _Part(0.5, 0.4, 0.085, 0.068, tone=1, long=0.6),
    ],
    "cat": [
        _Part(0.76, 0.78, 0.05, 0.15, 0.5, long=1.4), *_pair(_Part(0.365, 0.19, 0.045, 0.095, -0.25)),
        *_pair(_Part(0.37, 0.2, 0.024, 0.06, -0.25, tone=1, long=0.6)), _Part(0.5, 0.72, 0.19, 0.21),
        *_pair(_Part(0.32, 0.83, 0.09, 0.09)), *_pair(_Part(0.43, 0.8, 0.055, 0.12)),
        _Part(0.5, 0.6, 0.1, 0.13, tone=1, long=1.5), _Part(0.5, 0.34, 0.19, 0.16),
        *_pair(_Part(0.46, 0.41, 0.055, 0.045, tone=1, long=0.5)),
    ],
    "rabbit": [
        *_pair(_Part(0.41, 0.18, 0.042, 0.135, -0.12)),
        *_pair(_Part(0.41, 0.19, 0.02, 0.1, -0.12, tone=1, long=0.5)),
        _Part(0.5, 0.73, 0.2, 0.19, long=1.3), *_pair(_Part(0.33, 0.84, 0.1, 0.07)),
        _Part(0.5, 0.68, 0.1, 0.12, tone=1, long=1.5), *_pair(_Part(0.44, 0.85, 0.045, 0.06, tone=1)),
        _Part(0.5, 0.43, 0.155, 0.145), *_pair(_Part(0.465, 0.49, 0.045, 0.04, tone=1, long=0.5)),
    ],
    "bear": [
        *_pair(_Part(0.31, 0.24, 0.075, 0.075, long=1.4)), _Part(0.5, 0.84, 0.3, 0.2, long=1.8),
        _Part(0.5, 0.48, 0.28, 0.27, long=1.5), _Part(0.5, 0.57, 0.13, 0.11, tone=1, long=0.7),
    ],
    "fox": [
        _Part(0.23, 0.7, 0.08, 0.2, 0.5, long=1.8), _Part(0.15, 0.56, 0.055, 0.085, 0.5, tone=1, long=1.6),
        *_pair(_Part(0.375, 0.2, 0.05, 0.11, -0.2)),
        *_pair(_Part(0.38, 0.21, 0.022, 0.065, -0.2, tone=2, long=0.5)), _Part(0.5, 0.74, 0.155, 0.19),
        *_pair(_Part(0.44, 0.83, 0.045, 0.1, tone=2)), _Part(0.5, 0.62, 0.095, 0.13, tone=1, long=1.8),
        _Part(0.5, 0.35, 0.19, 0.13, long=1.2),
        *_pair(_Part(0.38, 0.4, 0.085, 0.06, 0.4, tone=1, long=1.4)),
        _Part(0.5, 0.43, 0.05, 0.085, tone=0, long=0.5),
    ],
    "chick": [
        _Part(0.5, 0.67, 0.25, 0.22, long=1.3), *_pair(_Part(0.27, 0.66, 0.07, 0.13, 0.3, long=1.3)),
        _Part(0.5, 0.37, 0.175, 0.165, long=1.2), _Part(0.5, 0.72, 0.15, 0.13, tone=1, long=1.3),
    ],
}  # fmt: skip

# The left eye, the nose, the size of an eye.
_FACES = {
    "teddy": ((0.43, 0.32), (0.5, 0.37), 0.02),
    "cat": ((0.425, 0.325), (0.5, 0.385), 0.032),
    "rabbit": ((0.4, 0.41), (0.5, 0.465), 0.026),
    "bear": ((0.42, 0.42), (0.5, 0.53), 0.02),
    "fox": ((0.425, 0.34), (0.5, 0.505), 0.022),
    "chick": ((0.435, 0.35), (0.5, 0.4), 0.02),
}

# Hue, saturation, value.
_COATS = {
    "teddy": [(0.08, 0.6, 0.5), (0.07, 0.5, 0.35), (0.1, 0.35, 0.8), (0.95, 0.3, 0.8)],
    "cat": [(0.08, 0.55, 0.75), (0.08, 0.08, 0.5), (0.07, 0.1, 0.22), (0.1, 0.15, 0.85)],
    "rabbit": [(0.08, 0.35, 0.55), (0.09, 0.06, 0.9), (0.07, 0.1, 0.45)],
    "bear": [(0.07, 0.55, 0.36), (0.08, 0.35, 0.2), (0.11, 0.1, 0.92)],
    "fox": [(0.06, 0.78, 0.8), (0.07, 0.65, 0.7)],
    "chick": [(0.13, 0.6, 0.98), (0.12, 0.45, 0.95)],
}


def fur(rng: np.random.Generator, side: int) -> Layer:
    """Draw an animal: which, build, coat, pattern, length, disorder of the strands and light vary."""
    kind = str(rng.choice(list(_SHAPES)))
    wide, tall, lean = rng.uniform(0.92, 1.08), rng.uniform(0.95, 1.04), rng.normal(0, 0.04)

    def place(points: Float) -> Float:
        return turn((points - 0.5) * np.array([wide, tall]) + 0.5, lean, (0.5, 0.8))

    hue, strong, bright = _COATS[kind][int(rng.integers(len(_COATS[kind])))]
    plain = hsv(hue + rng.normal(0, 0.008), strong * rng.uniform(0.85, 1.15), bright * rng.uniform(0.9, 1.1))
    pale = plain + (np.array([0.97, 0.93, 0.87]) - plain) * rng.uniform(0.5, 0.95)
    marking = rng.choice(["plain", "tabby", "spots"], p=[0.3, 0.5, 0.2]) if kind == "cat" else "plain"
    coat = _Coat(
        tones=np.stack([plain, pale, 0.28 * plain]),
        length=rng.uniform(0.022, 0.04),
        mess=rng.uniform(0.15, 0.4),
        marking=marking,
        marks=Noise(rng),
        comb=Noise(rng),
    )
    raster = Raster(side)
    for part in _SHAPES[kind]:
        _cover(rng, raster, part, coat, place)
    x, y = grid(side)
    strands = raster.layer()
    # Cavities darken: light reaches a strand less the more fur is about it from above.
    shadow = blur(strands.alpha, 0.05 * side)
    strands = shade(strands, 1.2 - 0.22 * shadow + 0.18 * (0.5 - y) + 0.1 * (0.5 - x))
    return over(_face(rng, side, kind, place, dark=plain.mean() < 0.75), strands)


def _cover(rng: np.random.Generator, raster: Raster, part: _Part, coat: _Coat, place: Place) -> None:
    """Cover one part with strands, the outer ones first, so that each lies over the next one's root."""
    base, middle, radii = coat.tones[part.tone], np.array([part.x, part.y]), np.array([part.rx, part.ry])
    raster.polygon(place(ellipse(middle, 0.97 * part.rx, 0.97 * part.ry, part.angle)), 0.5 * base)
    count = int(420 + 52000 * part.rx * part.ry)
    far, turned = np.sort(np.sqrt(rng.random(count)))[::-1], rng.uniform(0, 2 * np.pi, count)
    root = turn(far[:, None] * heading(turned) * radii, part.angle) + middle
    normal = turn(heading(turned) / radii, part.angle)
    normal = normal / np.sqrt((normal**2).sum(axis=1, keepdims=True))
    swirl = coat.comb(root[:, :1], root[:, 1:], 4.0, octaves=2)[:, 0]
    way = normal * (0.35 + 0.65 * far[:, None]) + np.array([0.0, 0.55]) * (1.1 - 0.7 * far[:, None])
    way = turn(way, 0.35 * swirl + rng.normal(0, coat.mess, count))
    way = way / np.sqrt((way**2).sum(axis=1, keepdims=True) + 1e-12)
    long = part.long * coat.length * rng.uniform(0.55, 1.15, count)
    bend = rng.normal(0, 0.3, count) + 0.25
    tip = root + long[:, None] * way + long[:, None] * bend[:, None] * np.array([0.0, 0.6])
    paths = bezier(np.stack([root, root + 0.5 * long[:, None] * way, tip], axis=1), 6)
    # The part is a ball: its normal towards the viewer is what `far` leaves.
    light = 0.92 - far * (0.14 * normal[:, 0] + 0.23 * normal[:, 1]) - 0.15 * far**3
    light = light + rng.normal(0, 0.11, count)
    colour = np.broadcast_to(base, (count, 3))
    if coat.marking != "plain" and part.tone == 0:
        wide, often = (0.6, 11.0) if coat.marking == "tabby" else (1.0, 8.0)
        spot = coat.marks(wide * root[:, :1], root[:, 1:], often)
        colour = colour + np.clip(3 * (spot - 0.1), 0, 1) * (coat.tones[2] - colour)
    colour = colour * np.clip(light, 0.2, 1.5)[:, None]
    widths = rng.uniform(0.0016, 0.0032, count)[:, None] * np.array([1.0, 1.0, 0.9, 0.7, 0.45, 0.15])
    raster.strokes(place(paths), widths, colour[:, None] * np.array([[0.8], [1.02], [1.2]]))


def _face(rng: np.random.Generator, side: int, kind: str, place: Place, *, dark: bool) -> Layer:
    eyes, nose, size = _FACES[kind]
    raster = Raster(side)
    black = np.array([0.03, 0.025, 0.02])
    iris = hsv(rng.choice([0.12, 0.25, 0.07]), 0.7, 0.75)
    for hand in (-1, 1):
        at = np.array([0.5 + hand * (0.5 - eyes[0]), eyes[1]])
        raster.polygon(place(ellipse(at, 1.15 * size, 1.1 * size)), black)
        if kind == "cat":
            raster.polygon(place(ellipse(at, 0.95 * size, 0.9 * size)), iris)
            raster.polygon(place(ellipse(at + [0, 0.3 * size], 0.7 * size, 0.5 * size)), 1.25 * iris)
            raster.polygon(place(ellipse(at, 0.33 * size, 0.85 * size)), black)
        else:
            raster.polygon(
                place(ellipse(at + [0, 0.2 * size], 0.85 * size, 0.75 * size)), np.array([0.16, 0.09, 0.05])
            )
            raster.polygon(place(ellipse(at, 0.55 * size, 0.55 * size)), black)
        raster.polygon(place(ellipse(at + [-0.3 * size, -0.4 * size], 0.26 * size, 0.26 * size)), np.ones(3))
    if kind == "chick":
        beak = np.array([[0.46, 0.395], [0.5, 0.38], [0.54, 0.395], [0.5, 0.45]])
        raster.polygon(place(beak), hsv(0.08, 0.85, 0.9))
        raster.polygon(place(np.array([[0.46, 0.398], [0.54, 0.398], [0.5, 0.412]])), hsv(0.07, 0.9, 0.65))
        return raster.layer()
    wide = {"bear": 0.05, "teddy": 0.034, "cat": 0.02, "rabbit": 0.016, "fox": 0.024}[kind]
    pink = kind in ("cat", "rabbit") and rng.random() < 0.6
    tint = np.array([0.78, 0.5, 0.48]) if pink else black + 0.04
    shape = np.array(
        [[-1.0, -0.55], [-0.5, -0.75], [0.5, -0.75], [1.0, -0.55], [0.75, 0.1], [0.0, 0.7], [-0.75, 0.1]]
    ) * wide + np.asarray(nose)
    raster.polygon(place(shape), tint)
    raster.polygon(
        place(ellipse((nose[0] - 0.25 * wide, nose[1] - 0.42 * wide), 0.4 * wide, 0.14 * wide)),
        np.minimum(tint + 0.35, 1),
    )
    for hand in (-1, 1):
        low = np.asarray(nose) + np.array([0, 0.7 * wide])
        smile = bezier(
            np.stack(
                [
                    low,
                    low + [0, 1.1 * wide],
                    low + [hand * 1.1 * wide, 1.0 * wide],
                    low + [hand * 1.6 * wide, 0.5 * wide],
                ]
            ),
            12,
        )
        raster.strokes(place(smile)[None], np.array([0.0045]), black + 0.05)
    if kind in ("cat", "rabbit", "fox"):
        root = np.asarray(nose) + np.array([[hand * 0.045, 0.014 * k] for hand in (-1, 1) for k in (0, 1, 2)])
        away = np.array(
            [
                [hand * rng.uniform(0.15, 0.22), 0.02 + 0.035 * (k - 1) + rng.normal(0, 0.01)]
                for hand in (-1, 1)
                for k in (0, 1, 2)
            ]
        )
        whiskers = bezier(np.stack([root, root + 0.6 * away - [0, 0.03], root + away], axis=1), 14)
        raster.strokes(
            place(whiskers),
            np.linspace(0.0028, 0.0008, 14),
            np.full(3, 0.92 if dark else 0.53),
        )
    return raster.layer()
