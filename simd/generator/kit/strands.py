"""Strands of hair: smooth paths, their colours, the sheen across them."""

import numpy as np

from simd.generator.kit.layer import Float, Layer, glow, shade
from simd.generator.kit.noise import Noise
from simd.generator.kit.shading import grid

POINTS = 22
"""Points of a strand."""


def through_all(knots: Float, count: int = POINTS) -> Float:
    """Run a smooth curve of `count` points through the knots (n, k, 2) of each strand."""
    padded = np.concatenate(
        [2 * knots[:, :1] - knots[:, 1:2], knots, 2 * knots[:, -1:] - knots[:, -2:-1]], axis=1
    )
    at = np.linspace(0, knots.shape[1] - 1, count)
    cell = np.minimum(np.floor(at).astype(int), knots.shape[1] - 2)
    t = (at - cell)[:, None]
    a, b, c, d = (padded[:, cell + k] for k in range(4))
    return np.asarray(b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))


def strand_colours(rng: np.random.Generator, paths: Float, hair: Float, parts: int = 7) -> Float:
    """Return colours (n, parts, 3): strands differ, and grow lighter towards the tip and the light."""
    count = len(paths)
    at = paths[:, np.linspace(1, paths.shape[1] - 2, parts).round().astype(int)]
    tone = rng.normal(1, 0.17, (count, 1)) + rng.normal(0.06, 0.06, (count, 1)) * np.linspace(-1, 1, parts)
    side_light = 1.0 - 0.9 * (at[..., 0] - 0.42)
    light = np.clip(tone, 0.5, 1.6) * np.clip(side_light, 0.6, 1.2)
    return np.clip(hair * light[..., None], 0, 1)


def gleam(rng: np.random.Generator, layer: Layer, heights: list[float], strength: float = 1.0) -> Layer:
    """Put bands of sheen across hair at some heights: bows over a round head, broken by strands."""
    side = len(layer.alpha)
    x, y = grid(side)
    broken = np.clip(0.75 + 0.5 * Noise(rng)(x * 12, y * 0.7, 6.0, octaves=2), 0.1, 2)
    bow = y + 0.012 * Noise(rng)(x, y * 0.1, 14.0) - 0.9 * (x - 0.5) ** 2
    bands = np.asarray(sum(np.exp(-(((bow - height) / 0.045) ** 2)) for height in heights))
    patchy = np.clip(0.7 + 0.4 * Noise(rng)(x, y, 5.0, octaves=2), 0.1, 1.5)
    sheen = strength * bands * broken * patchy
    return shade(glow(layer, 0.03 * sheen), 1 + 0.6 * sheen)
