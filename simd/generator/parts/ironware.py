"""Flat things of metal in focus: a gear wheel, a spanner, a key."""

import numpy as np

from simd.generator.kit.curves import ellipse, heading, turn
from simd.generator.kit.layer import Float, Layer, glow, over, paint
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import blur, grid, hsv, lamp, lit, slopes, smoothstep


def gear(rng: np.random.Generator, side: int) -> Layer:
    """Draw a gear wheel with spokes."""
    teeth, radius = int(rng.integers(9, 28)), rng.uniform(0.36, 0.42)
    deep = min(0.075, 1.6 / teeth * radius)
    t = (np.arange(teeth)[:, None] + np.array([0.0, 0.12, 0.4, 0.52])[None]) * 2 * np.pi / teeth
    far = np.tile(np.array([radius - deep, radius, radius, radius - deep]), teeth)
    flat = Raster(side)
    flat.polygon(0.5 + far[:, None] * heading(t.ravel()), np.ones(3))
    spokes, hub = int(rng.integers(3, 7)), rng.uniform(0.08, 0.12)
    rim = radius - deep - rng.uniform(0.05, 0.08)
    for k in range(spokes):
        a, b = (k + 0.16) * 2 * np.pi / spokes, (k + 0.84) * 2 * np.pi / spokes
        out, back = np.linspace(a, b, 20), np.linspace(b - 0.1, a + 0.1, 20)
        flat.erase(np.concatenate([0.5 + rim * heading(out), 0.5 + (hub + 0.03) * heading(back)]))
    flat.erase(ellipse((0.5, 0.5), 0.45 * hub, 0.45 * hub))
    return _metal(rng, flat.layer(), side)


def spanner(rng: np.random.Generator, side: int) -> Layer:
    """Draw a spanner: an open jaw and a ring."""
    flat, angle = Raster(side), rng.uniform(-0.9, 0.9)

    def put(points: Float) -> Float:
        return turn(points, angle, (0.5, 0.5))

    half, jaw, ring = rng.uniform(0.028, 0.042), rng.uniform(0.1, 0.125), rng.uniform(0.075, 0.095)
    shaft = np.array(
        [[0.5 - half, 0.2], [0.5 + half, 0.2], [0.5 + 0.8 * half, 0.82], [0.5 - 0.8 * half, 0.82]]
    )
    flat.polygon(put(shaft), np.ones(3))
    flat.polygon(put(ellipse((0.5, 0.19), jaw, 1.05 * jaw)), np.ones(3))
    flat.polygon(put(ellipse((0.5, 0.82), ring, ring)), np.ones(3))
    notch = np.array([[-0.5, -1.4], [0.5, -1.4], [0.5, 0.0], [0.25, 0.3], [-0.25, 0.3], [-0.5, 0.0]]) * jaw
    flat.erase(put(turn(notch, 0.26) + [0.5, 0.19]))
    hexagon = 0.6 * ring * heading(np.arange(6) * np.pi / 3) + np.array([0.5, 0.82])
    flat.erase(put(hexagon))
    return _metal(rng, flat.layer(), side)


def key(rng: np.random.Generator, side: int) -> Layer:
    """Draw a key with a bow, a shaft and a cut bit."""
    flat, angle = Raster(side), rng.uniform(-1.2, 1.2)

    def put(points: Float) -> Float:
        return turn(points, angle, (0.5, 0.5))

    bow = rng.uniform(0.12, 0.15)
    flat.polygon(put(ellipse((0.5, 0.24), bow, bow * rng.uniform(0.8, 1.1))), np.ones(3))
    cuts = np.linspace(0.5, 0.88, 9)
    depth = rng.uniform(0.015, 0.055, 9)
    right = np.stack([np.repeat(0.5 + depth, 2), np.repeat(cuts, 2) + np.tile([0.0, 0.028], 9)], axis=-1)
    left = np.array([[0.5, 0.93], [0.465, 0.89], [0.465, 0.3], [0.53, 0.3], [0.53, 0.48]])
    flat.polygon(put(np.concatenate([left, right])), np.ones(3))
    flat.erase(put(ellipse((0.5, 0.19), 0.32 * bow, 0.32 * bow)))
    layer = _metal(rng, flat.layer(), side, gold=rng.random() < 0.6)
    groove = Raster(side)
    groove.strokes(
        put(np.array([[0.487, 0.4], [0.487, 0.6], [0.487, 0.86]]))[None], np.array([0.008]), 0.25 * np.ones(3)
    )
    return over(paint(groove.layer().colour, 0.6 * groove.layer().alpha), layer)


def _metal(rng: np.random.Generator, flat: Layer, side: int, gold: bool = False) -> Layer:
    x, y = grid(side)
    height = 0.022 * blur(flat.alpha, 0.007 * side) + 0.02 * blur(flat.alpha, 0.02 * side)
    slope_x, slope_y = slopes(height, side)
    angle = rng.uniform(0, np.pi)
    brushed = Noise(rng)(
        18 * (np.cos(angle) * x + np.sin(angle) * y),
        1.2 * (np.cos(angle) * y - np.sin(angle) * x),
        4.0,
        octaves=2,
    )
    broad = Noise(rng)(x, y, 1.6, octaves=2)
    diffuse, shine = lit(slope_x + 0.06 * broad, slope_y + 0.06 * brushed, lamp(rng), shine=18)
    steel = hsv(rng.uniform(0.55, 0.65), rng.uniform(0.0, 0.1), rng.uniform(0.5, 0.7))
    base = hsv(rng.uniform(0.1, 0.13), 0.6, 0.75) if gold else steel
    rust = smoothstep(0.9, 1.9, Noise(rng)(x, y, 4.0, octaves=5)) * rng.choice([0.0, 0.0, 0.6])
    colour = base + rust[..., None] * (np.array([0.4, 0.2, 0.1]) - base)
    return glow(paint(colour * (0.25 + 0.95 * diffuse)[..., None], flat.alpha), 0.5 * shine)
