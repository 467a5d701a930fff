"""A head and shoulders for hair to grow on, seen from the front or from behind."""

from typing import NamedTuple

import numpy as np

from simd.dataset.synthetic.curves import bezier, ellipse, through
from simd.dataset.synthetic.layer import Float, Layer, over, shade, soften
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.raster import Raster
from simd.dataset.synthetic.shading import blur, grid, hsv, lit, ramp, slopes

HEAD = np.array([0.5, 0.34])
"""Middle of the skull."""
RADII = np.array([0.128, 0.165])
"""Half width and half height of the skull with the face."""

_SKIN = [(0.99, 0.85, 0.75), (0.93, 0.75, 0.61), (0.79, 0.58, 0.42), (0.56, 0.37, 0.25), (0.36, 0.23, 0.16)]


class Person(NamedTuple):
    """Colours of a person."""

    skin: Float
    hair: Float  # of a strand in full light
    shirt: Float


def person(rng: np.random.Generator) -> Person:
    """Return the colours of a random person."""
    tone = rng.random()
    hair = [
        hsv(0.07, 0.6, 0.2),
        hsv(0.07, 0.65, 0.38),
        hsv(0.09, 0.5, 0.62),
        hsv(0.115, 0.42, 0.9),
        hsv(0.045, 0.78, 0.6),
        hsv(0.6, 0.15, 0.13),
        hsv(0.1, 0.05, 0.75),
    ]
    chosen = int(rng.choice(7, p=[0.25, 0.2, 0.14, 0.14, 0.1, 0.12, 0.05]))
    if tone > 0.6:
        chosen = int(rng.choice([0, 5]))
    shirt = hsv(rng.uniform(0.25, 0.97), rng.uniform(0.1, 0.75), rng.uniform(0.3, 0.9))
    return Person(ramp(np.array(tone), _SKIN), hair[chosen] * rng.uniform(1.0, 1.3), shirt)


def bust(rng: np.random.Generator, side: int, who: Person, front: bool) -> Layer:
    """Draw shoulders in a shirt, a neck, and a head with a face if seen from the front."""
    body, neck, head = Raster(side), Raster(side), Raster(side)
    half = np.array(
        [[0.5, 0.555], [0.59, 0.565], [0.66, 0.6], [0.77, 0.645], [0.835, 0.72], [0.855, 0.83], [0.86, 1.02]]
    )
    mirrored = (half * [-1, 1] + [1, 0])[::-1]
    body.polygon(np.concatenate([through(half, 40), through(mirrored, 40)]), who.shirt)
    throat = np.array(
        [
            [0.435, 0.4],
            [0.565, 0.4],
            [0.562, 0.53],
            [0.6, 0.575],
            [0.5, 0.64 if front else 0.6],
            [0.4, 0.575],
            [0.438, 0.53],
        ]
    )
    neck.polygon(through(throat, 80, closed=True), who.skin)
    face = [[0, -1.0], [0.62, -0.83], [0.97, -0.25], [0.93, 0.25], [0.72, 0.7], [0.3, 0.98], [0, 1.03]]
    right = np.asarray(face) * RADII + HEAD
    left = (right * [-1, 1] + [1, 0])[::-1]
    outline = through(np.concatenate([right, left[1:-1]]), 120, closed=True)
    for hand in (-1, 1):
        head.polygon(
            ellipse(HEAD + np.array([hand * 0.128, 0.02]), 0.018, 0.035, hand * 0.15), 0.9 * who.skin
        )
    head.polygon(outline, who.skin)
    x, y = grid(side)
    layers = []
    for part, depth in ((head.layer(), 0.3), (neck.layer(), 0.25), (body.layer(), 0.3)):
        height = depth * blur(part.alpha, 0.05 * side)
        slope_x, slope_y = slopes(height, side)
        diffuse, _ = lit(slope_x, slope_y, np.array([-0.5, -0.6, 1.0]))
        layers.append(shade(part, 0.45 + 0.65 * diffuse))
    creases = Noise(rng)(x * 1.6, y * 0.8, 6.0, octaves=3)
    layers[2] = shade(layers[2], 1 + 0.09 * creases)
    chin = np.exp(-((y - 0.52) ** 2 / 0.002 + (x - 0.5) ** 2 / 0.006))
    layers[1] = shade(layers[1], 1 - 0.45 * chin)
    return over(*([_features(rng, side, who)] if front else []), *layers)


def _features(rng: np.random.Generator, side: int, who: Person) -> Layer:
    """Draw eyes, brows, nose and mouth."""
    soft, fine = Raster(side), Raster(side)
    dark = 0.25 * who.hair
    iris = hsv(rng.choice([0.07, 0.08, 0.58, 0.3]), 0.6, 0.4)
    lips = who.skin * np.array([0.86, 0.58, 0.58])
    for hand in (-1, 1):
        at = HEAD + np.array([hand * 0.053, 0.015])
        soft.polygon(ellipse(at - [0, 0.006], 0.034, 0.02), 0.84 * who.skin)
        lid = bezier(
            np.stack(
                [at + [-0.026, 0.003], at + [-0.012, -0.018], at + [0.012, -0.018], at + [0.026, 0.003]]
            ),
            16,
        )
        low = bezier(
            np.stack([at + [0.026, 0.003], at + [0.01, 0.014], at + [-0.01, 0.014], at + [-0.026, 0.003]]), 16
        )
        fine.polygon(np.concatenate([lid, low]), np.array([0.93, 0.91, 0.89]))
        fine.polygon(ellipse(at - [0, 0.001], 0.0105, 0.0105), iris)
        fine.polygon(ellipse(at - [0, 0.001], 0.005, 0.005), np.array([0.02, 0.02, 0.02]))
        fine.polygon(ellipse(at - [0.004, 0.005], 0.0026, 0.0026), np.ones(3))
        fine.strokes(lid[None], np.array([0.006]), dark)
        brow = bezier(np.stack([at + [-hand * 0.03, -0.03], at + [0, -0.05], at + [hand * 0.036, -0.03]]), 12)
        fine.strokes(brow[None], np.linspace(0.012, 0.004, 12), 0.45 * who.hair + 0.1 * who.skin)
        soft.polygon(ellipse(HEAD + np.array([hand * 0.014, 0.076]), 0.008, 0.005), 0.62 * who.skin)
    soft.polygon(ellipse(HEAD + np.array([0.012, 0.045]), 0.008, 0.03, 0.1), 0.9 * who.skin)
    soft.polygon(ellipse(HEAD + np.array([-0.003, 0.05]), 0.006, 0.026), np.minimum(1.08 * who.skin, 1))
    mouth = HEAD + np.array([0, 0.11])
    top = bezier(
        np.stack([mouth - [0.04, 0], mouth + [-0.012, -0.017], mouth + [0.012, -0.017], mouth + [0.04, 0]]),
        16,
    )
    under = bezier(
        np.stack([mouth + [0.04, 0], mouth + [0.015, 0.022], mouth + [-0.015, 0.022], mouth - [0.04, 0]]), 16
    )
    fine.polygon(np.concatenate([top, under]), lips)
    line = bezier(np.stack([mouth - [0.04, 0], mouth + [0, 0.006], mouth + [0.04, 0]]), 12)
    fine.strokes(line[None], np.array([0.004]), 0.55 * lips)
    return over(soften(fine.layer(), 0.0012 * side), soften(soft.layer(), 0.006 * side))
