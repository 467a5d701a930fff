"""Fire: a bonfire, a torch, a wall of flames or a fireball, with sparks."""

import numpy as np

from simd.generator.kit.layer import Float, Layer, over, paint, soften
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import grid, ramp, smoothstep

_GLOW = [
    (0.30, 0.02, 0.0),
    (0.78, 0.13, 0.01),
    (0.97, 0.42, 0.03),
    (1.0, 0.73, 0.16),
    (1.0, 0.93, 0.55),
    (1.0, 0.99, 0.88),
]


def fire(rng: np.random.Generator, side: int) -> Layer:
    """Draw flames.

    A bonfire (0.45), a torch (0.2), a wall of flames (0.2) or a fireball (0.15). Uniform: number of the
    tongues (3, 6 to 10, 9 to 13), their heights and widths, turbulence, heat, 15 to 109 sparks; the
    places of tongues and sparks are Gaussian about the middle.
    """
    x, y = grid(side)
    kind = str(rng.choice(["bonfire", "torch", "wall", "ball"], p=[0.45, 0.2, 0.2, 0.15]))
    curl, lick, grain = Noise(rng), Noise(rng), Noise(rng)
    wild, heat_scale = rng.uniform(0.7, 1.3), rng.uniform(0.85, 1.2)
    foot = 0.9
    rise = np.clip(foot - y, 0, 1)
    # Turbulence moves the picture sideways, more with height; flames are stretched upwards.
    sway = (0.02 + 0.16 * rise) * wild
    u = x + sway * curl(x, y * 0.6, 2.5, octaves=4, gain=0.55)
    bow = {"wall": 0.15, "bonfire": 0.7, "torch": 2.0, "ball": 0.0}[kind]  # flames stand on something round
    v = foot - y - bow * (x - 0.5) ** 2 + 0.05 * wild * lick(x, y, 4.0, octaves=3)
    if kind == "ball":
        heat = _ball(rng, u, y + 0.06 * wild * lick(x, y, 3.0, octaves=4))
    else:
        heat = _tongues(rng, u, v, kind)
    strands = grain(u * 2.2, v * 0.7, 4.5, octaves=4, ridged=True)
    heat = heat * heat_scale - 0.16 * rise * wild + 0.17 * strands * smoothstep(0, 0.3, heat)
    alpha = smoothstep(0.0, 0.42, heat) * (0.80 + 0.2 * smoothstep(0.3, 0.65, heat))
    alpha = alpha * (smoothstep(-0.01, 0.07, v + 0.025 * strands) if kind != "ball" else 1.0) * _margin(x, y)
    flames = paint(ramp(np.clip(heat, 0, 1), _GLOW, [0.0, 0.17, 0.36, 0.56, 0.78, 1.0]), alpha)
    return over(_sparks(rng, side, int(rng.integers(15, 110))), flames)


def _tongues(rng: np.random.Generator, u: Float, v: Float, kind: str) -> Float:
    count = {"torch": 3, "bonfire": int(rng.integers(6, 11)), "wall": int(rng.integers(9, 14))}[kind]
    spread = {"torch": 0.05, "bonfire": 0.2, "wall": 0.34}[kind]
    places = np.linspace(-1, 1, count) + rng.normal(0, 0.12, count)
    total: Float = np.zeros(np.broadcast_shapes(u.shape, v.shape))
    for place in places:
        lean = 1 - 0.55 * min(abs(place), 1.0) if kind != "wall" else rng.uniform(0.5, 0.9)
        height = lean * rng.uniform(0.62, 0.9)
        width = rng.uniform(0.06, 0.12) * (1.3 if kind == "torch" else 1.0)
        centre = 0.5 + spread * place
        t = np.clip(v / height, 0, 1)
        reach = width * (0.35 + 1.6 * np.sqrt(t)) * (1 - t) ** 0.9 + 1e-4
        across = (u - centre - 0.25 * spread * place * t) / reach
        tongue = np.exp(-1.1 * across * across) * (1 - 0.55 * t) * smoothstep(1.0, 0.7, t)
        total = 1 - (1 - total) * (1 - 0.85 * tongue)  # tongues add up as light does, up to white
    return total


def _ball(rng: np.random.Generator, u: Float, y: Float) -> Float:
    centre, radius = (0.5, rng.uniform(0.5, 0.55)), rng.uniform(0.25, 0.31)
    far = np.sqrt((u - centre[0]) ** 2 + (0.92 * (y - centre[1])) ** 2) / radius
    return np.clip(1.12 - 0.75 * far**1.5, 0, 1)


def _sparks(rng: np.random.Generator, side: int, count: int) -> Layer:
    start = np.stack([rng.normal(0.5, 0.17, count), rng.uniform(0.06, 0.85, count)], axis=-1)
    start = np.clip(start, 0.05, 0.95)
    way = np.stack([rng.normal(0, 0.012, count), -rng.gamma(2.0, 0.009, count)], axis=-1)
    paths = start[:, None] + way[:, None] * np.array([0.0, 0.5, 1.0])[None, :, None]
    width = rng.gamma(3.0, 0.0009, count)[:, None] * np.array([0.5, 1.0, 0.4])
    hot = rng.uniform(0.35, 0.95, count)
    raster = Raster(side)
    raster.strokes(paths, width, ramp(hot, _GLOW))
    points = raster.layer()
    halo = soften(points, 0.006 * side)
    return over(points, Layer(halo.colour * 1.5 * np.array([1.0, 0.7, 0.4]), np.clip(halo.alpha * 1.5, 0, 1)))


def _margin(x: Float, y: Float) -> Float:
    near = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    return smoothstep(0.015, 0.09, near)
