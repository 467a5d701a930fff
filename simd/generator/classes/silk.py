"""Silk: a floating scarf, a curtain or a veil, laid down sample by sample, so alpha follows the folds."""

import numpy as np

from simd.generator.kit.curves import through, turn, wander
from simd.generator.kit.layer import Float, Layer
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import sideways, splat
from simd.generator.kit.shading import hsv, smoothstep


def silk(rng: np.random.Generator, side: int) -> Layer:
    """Draw sheer cloth.

    The kind is a scarf (0.45), a curtain (0.25) or a veil (0.3); it has one dye (0.35), runs from one
    into another (0.3), has a border (0.2) or a batik (0.15). Uniform: course, width, number and depth of
    the folds, wrinkles, hue, optical depth of one layer (0.6 to 1.7). The saturation is beta(2.5, 1.6).
    """
    kind = rng.choice(["scarf", "curtain", "veil"], p=[0.45, 0.25, 0.3])
    count = 2 * side
    s = np.linspace(0, 1, count)[None, :]  # across the cloth
    t = np.linspace(0, 1, count)[:, None]  # along it
    spine, width = _course(rng, kind, count)
    folds, slope = _folds(rng, s, t, kind)
    noise = Noise(rng)
    folds = folds + 0.03 * noise(s * 2.0, t, 3.0, octaves=2)
    wrinkles = noise(s * 1.3, t * rng.uniform(0.8, 1.6), 5.0, octaves=3)
    slope = slope + rng.uniform(0.1, 0.45) * wrinkles
    across = sideways(spine)
    reach = width[:, None] * (s - 0.5 + folds)
    sag = 0.02 * noise(s, t + 0.37, 2.2, octaves=2) + 0.012 * slope
    along = np.gradient(spine, axis=0)
    along = along / np.sqrt((along**2).sum(axis=1, keepdims=True))
    where = spine[:, None] + reach[..., None] * across[:, None] + sag[..., None] * along[:, None]
    where = np.clip(where, 0.02, 0.98)
    # Light by the slope of the fold; sheen where it turns to the viewer.
    light = 0.62 + 0.3 * np.tanh(1.2 * slope) + 0.30 * np.exp(-((slope - 0.35) ** 2) / 0.03)
    length = float(np.sqrt((np.diff(spine, axis=0) ** 2).sum(axis=1)).sum())
    area = width[:, None] * length * side * side / (count * count) * np.ones_like(light)
    hem = smoothstep(0.012, 0.0, np.minimum(s, 1 - s)) + smoothstep(0.008, 0.0, np.minimum(t, 1 - t))
    density = area * (1 + 2.5 * np.clip(hem, 0, 1))
    pixels = where * side - 0.5
    cover = splat(pixels, density, side)
    first, second, mix = _dye(rng, s, t, noise)
    seen = np.maximum(cover, 1e-9)
    colour = first + (splat(pixels, density * mix, side) / seen)[..., None] * (second - first)
    shine = splat(pixels, density * light, side) / seen
    alpha = 1 - np.exp(-rng.uniform(0.6, 1.7) * cover)
    sheen = np.clip(shine - 0.75, 0, 1)[..., None]
    straight = np.clip(colour * np.clip(shine, 0.2, 1.2)[..., None] + (1 - colour) * 1.1 * sheen, 0, 1)
    return Layer(straight * alpha[..., None], alpha)


def _dye(rng: np.random.Generator, s: Float, t: Float, noise: Noise) -> tuple[Float, Float, Float]:
    """Return two colours and how much of the second each sample has: none, a run, a border, a batik."""
    hue, strong = rng.random(), rng.beta(2.5, 1.6)
    first = hsv(hue, strong, rng.uniform(0.6, 1.0))
    second = hsv(hue + rng.normal(0, 0.12), strong * rng.uniform(0.3, 1.1), rng.uniform(0.55, 1.0))
    kind = str(rng.choice(["plain", "run", "border", "batik"], p=[0.35, 0.3, 0.2, 0.15]))
    share = np.zeros(np.broadcast_shapes(s.shape, t.shape))
    if kind == "run":
        share = smoothstep(0.1, 0.9, (t if rng.random() < 0.5 else s) + 0 * share)
    elif kind == "border":
        edge = np.minimum(np.minimum(s, 1 - s), np.minimum(t, 1 - t))
        share = smoothstep(0.09, 0.08, edge) * smoothstep(0.02, 0.03, edge)
    elif kind == "batik":
        share = smoothstep(0.2, 0.6, noise(s + 0.2, t + 0.3, 6.0, octaves=3))
    return first, second, share


def _course(rng: np.random.Generator, kind: str, count: int) -> tuple[Float, Float]:
    t = np.linspace(0, 1, count)
    if kind == "scarf":
        lift = rng.uniform(0.04, 0.11) * np.array([1, -1, 1, -1]) * rng.choice([-1, 1])
        points = np.stack([np.linspace(0.1, 0.9, 4), 0.5 + lift * rng.uniform(0.5, 1.2, 4)], axis=-1)
        points = turn(points, rng.uniform(-0.7, 0.7), (0.5, 0.5))
        width = rng.uniform(0.24, 0.4) * (0.85 + 0.25 * wander(rng, (1,), count)[0])
        return through(points, count), np.clip(width, 0.14, 0.44)
    if kind == "curtain":
        points = np.stack([0.5 + rng.normal(0, 0.015, 4), np.linspace(0.07, 0.92, 4)], axis=-1)
        waist = rng.uniform(0.0, 0.5) * np.exp(-(((t - rng.uniform(0.4, 0.7)) / 0.15) ** 2))
        return through(points, count), rng.uniform(0.5, 0.74) * (1 - waist)
    top = np.array([rng.uniform(0.3, 0.7), 0.1])
    points = np.stack([top, [0.5, 0.38], [rng.uniform(0.4, 0.6), 0.65], [0.5, 0.9]])
    return through(points, count), 0.08 + rng.uniform(0.5, 0.68) * smoothstep(-0.1, 1.0, t) ** 0.8


def _folds(rng: np.random.Generator, s: Float, t: Float, kind: str) -> tuple[Float, Float]:
    """Return how far folds move the cloth sideways, in widths, and their slope towards the light."""
    waves = {"scarf": (1.0, 4.0), "curtain": (3.0, 9.0), "veil": (2.0, 6.0)}[kind]
    twist = {"scarf": 0.9, "curtain": 0.15, "veil": 0.5}[kind]
    moved, slope = (
        np.zeros(np.broadcast_shapes(s.shape, t.shape)),
        np.zeros(np.broadcast_shapes(s.shape, t.shape)),
    )
    for k in range(4):
        number = rng.uniform(*waves) * (1 + 0.5 * k)
        strength = rng.uniform(0.5, 1.15) / (2 * np.pi * number) * 0.8**k
        drift = twist * wander(rng, (1,), t.shape[0], knots=4)[0][:, None]
        phase = 2 * np.pi * (number * s + rng.random()) + 2 * drift
        depth = 0.7 + 0.5 * wander(rng, (1,), t.shape[0], knots=4)[0][:, None]
        moved = moved + strength * depth * np.sin(phase)
        slope = slope + 0.5 * depth * 0.8**k * np.cos(phase + 0.7)
    return moved, slope
