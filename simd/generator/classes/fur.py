"""Fur: teddies and animals covered in short dense strands that follow the body."""

from typing import NamedTuple

import numpy as np

from simd.generator.kit.curves import Place, bezier, ellipse, heading, turn
from simd.generator.kit.layer import Float, Layer, over, shade
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import blur, grid, hsv
from simd.generator.parts.animals import COATS, SHAPES, Tuft, face, nose_of


class _Coat(NamedTuple):
    tones: Float  # (3, 3): coat, belly and muzzle, markings
    length: float  # of a strand
    mess: float  # disorder of their directions, radians
    fluff: float  # 0 sleek, combed from the nose to the tail; 1 standing on end, as plush does
    marking: str
    nose: Float  # (2,), where the coat is parted
    marks: Noise  # where the markings are
    comb: Noise  # which way patches of strands lean


def fur(rng: np.random.Generator, side: int) -> Layer:
    """Draw an animal.

    Which of ten, with even odds; half are mirrored. Uniform: build (0.88 to 1.12 in width, 0.93 to 1.05
    in height, each part by 6%), length of the strands (1.8 to 4% of the side), their disorder and
    fluffiness. Gaussian: lean, hue. Cats are plain (0.3), tabby (0.5) or spotted (0.2); dogs and
    hamsters are plain (0.6) or spotted.
    """
    kind = str(rng.choice(list(SHAPES)))
    wide, tall, lean = rng.uniform(0.88, 1.12), rng.uniform(0.93, 1.05), rng.normal(0, 0.05)
    wide = wide * rng.choice([-1, 1])

    def place(points: Float) -> Float:
        return turn((points - 0.5) * np.array([wide, tall]) + 0.5, lean, (0.5, 0.8))

    hue, strong, bright = COATS[kind][int(rng.integers(len(COATS[kind])))]
    plain = hsv(hue + rng.normal(0, 0.008), strong * rng.uniform(0.85, 1.15), bright * rng.uniform(0.9, 1.1))
    pale = plain + (np.array([0.97, 0.93, 0.87]) - plain) * rng.uniform(0.5, 0.95)
    odds = {"cat": [0.3, 0.5, 0.2], "dog": [0.6, 0.0, 0.4], "hamster": [0.6, 0.0, 0.4]}.get(kind, [1, 0, 0])
    marking = str(rng.choice(["plain", "tabby", "spots"], p=odds))
    coat = _Coat(
        tones=np.stack([plain, pale, 0.28 * plain]),
        length=rng.uniform(0.018, 0.04),
        mess=rng.uniform(0.12, 0.35),
        fluff=rng.uniform(0.6, 1.0) if kind in ("teddy", "chick", "sheep") else rng.uniform(0.05, 0.6),
        marking=marking,
        nose=nose_of(kind),
        marks=Noise(rng),
        comb=Noise(rng),
    )
    raster = Raster(side)
    for part in SHAPES[kind]:
        size = rng.uniform(0.97, 1.03, 2)
        _cover(rng, raster, part._replace(rx=part.rx * size[0], ry=part.ry * size[1]), coat, place)
    x, y = grid(side)
    strands = raster.layer()
    # Cavities darken: light reaches a strand less the more fur is about it from above.
    shadow = blur(strands.alpha, 0.05 * side)
    strands = shade(strands, 1.2 - 0.22 * shadow + 0.18 * (0.5 - y) + 0.1 * (0.5 - x))
    return over(face(rng, side, kind, place, dark=plain.mean() < 0.75), strands)


def _cover(rng: np.random.Generator, raster: Raster, part: Tuft, coat: _Coat, place: Place) -> None:
    """Cover one part with strands, the outer ones first, so that each lies over the next one's root."""
    base, middle, radii = coat.tones[part.tone], np.array([part.x, part.y]), np.array([part.rx, part.ry])
    raster.polygon(place(ellipse(middle, 0.97 * part.rx, 0.97 * part.ry, part.angle)), 0.5 * base)
    count = int(400 + 90000 * part.rx * part.ry)
    far, turned = np.sort(np.sqrt(rng.random(count)))[::-1], rng.uniform(0, 2 * np.pi, count)
    root = turn(far[:, None] * heading(turned) * radii, part.angle) + middle
    normal = turn(heading(turned) / radii, part.angle)
    normal = normal / np.sqrt((normal**2).sum(axis=1, keepdims=True))
    swirl = coat.comb(root[:, :1], root[:, 1:], 4.0, octaves=2)[:, 0]
    # Sleek fur lies from the nose backwards and down; at the outline every strand stands off a little.
    back = root - coat.nose
    back = back / (np.sqrt((back**2).sum(axis=1, keepdims=True)) + 0.02) + np.array([0.0, 0.5])
    stand = coat.fluff * (0.35 + 0.65 * far) + (1 - coat.fluff) * 0.75 * far**4
    way = stand[:, None] * normal + (1 - stand)[:, None] * back
    way = turn(way, 0.35 * swirl + rng.normal(0, coat.mess, count))
    way = way / np.sqrt((way**2).sum(axis=1, keepdims=True) + 1e-12)
    long = part.long * coat.length * rng.uniform(0.55, 1.15, count)
    bend = rng.normal(0, 0.3, count) + 0.25
    tip = root + long[:, None] * way + long[:, None] * bend[:, None] * np.array([0.0, 0.6])
    paths = bezier(np.stack([root, root + 0.5 * long[:, None] * way, tip], axis=1), 6)
    # The part is a ball: its normal towards the viewer is what `far` leaves.
    light = 0.92 - far * (0.14 * normal[:, 0] + 0.23 * normal[:, 1]) - 0.15 * far**3
    light = light + rng.normal(0, 0.13, count)
    colour = np.broadcast_to(base, (count, 3))
    if coat.marking != "plain" and part.tone == 0:
        wide, often = (0.6, 11.0) if coat.marking == "tabby" else (1.0, 8.0)
        spot = coat.marks(wide * root[:, :1], root[:, 1:], often)
        colour = colour + np.clip(3 * (spot - 0.1), 0, 1) * (coat.tones[2] - colour)
    colour = colour * np.clip(light, 0.2, 1.5)[:, None]
    widths = rng.uniform(0.001, 0.0022, count)[:, None] * np.array([1.0, 1.0, 0.9, 0.7, 0.45, 0.15])
    raster.strokes(place(paths), widths, colour[:, None] * np.array([[0.8], [1.1]]))
