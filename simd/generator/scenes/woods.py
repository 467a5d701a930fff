"""A wood: trunks in haze, undergrowth, and leaves in front."""

import numpy as np

from simd.generator.kit.curves import heading
from simd.generator.kit.layer import Float, Layer, over, paint, soften
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import grid, hsv, smoothstep
from simd.generator.scenes.broadcast_noise import noise


def woods(rng: np.random.Generator, side: int) -> Float:
    """Draw a wood or a hedge: season, density of trunks and leaves, light between them vary."""
    x, y = grid(side)
    season = rng.choice([0.2, 0.25, 0.3, 0.11, 0.06], p=[0.28, 0.28, 0.14, 0.16, 0.14])
    green = hsv(season, rng.uniform(0.5, 0.75), rng.uniform(0.4, 0.62))
    gap = 0.45 * green + 0.55 * np.array([0.93, 0.92, 0.78])
    canopy = noise(rng, x, y, 3.0, octaves=6, gain=0.66)
    shade_ = 0.3 + 0.55 * smoothstep(-1.4, 1.8, canopy + 0.8 * (0.5 - y))
    picture = green * shade_[..., None]
    holes = smoothstep(0.75, 1.7, canopy) * smoothstep(0.75, 0.3, y)
    picture = picture + holes[..., None] * (gap - picture)
    layers = [paint(picture, np.ones((side, side)))]
    ground = 0.5 * green + 0.5 * hsv(rng.uniform(0.05, 0.1), 0.45, 0.4)
    floor = smoothstep(0.62, 0.7, y + 0.03 * canopy)
    litter = noise(rng, x, y * 2.4, 24.0, octaves=4, gain=0.7)
    layers.insert(0, paint(ground * (0.7 + 0.28 * litter)[..., None], floor))
    bark = hsv(rng.uniform(0.05, 0.1), rng.uniform(0.12, 0.4), rng.uniform(0.2, 0.42))
    hedge = rng.random() < 0.3
    for near in (0.12, 0.35, 0.65, 1.0):
        tone = 0.6 * (1 - near) * gap
        if not hedge:
            layers.insert(0, _trunks(rng, side, near, bark * near + tone))
        leaves = _leaves(rng, side, near, green * (0.35 + 0.65 * near) + 0.35 * tone)
        layers.insert(0, soften(leaves, 0.0016 * side * (1.4 - near)))
    return over(*layers).colour


def _trunks(rng: np.random.Generator, side: int, near: float, tone: Float) -> Layer:
    count = int(rng.integers(2, 4 + round(8 * (1 - near))))
    x, y = grid(side)
    raster = Raster(side)
    t = np.linspace(0, 1, 12)
    for at in rng.uniform(0, 1, count):
        wide = (0.008 + 0.045 * near**1.5) * rng.uniform(0.6, 1.5)
        lean, foot = rng.normal(0, 0.05), 0.66 + 0.14 * near + rng.normal(0, 0.01)
        sway = 0.008 * np.sin(t * rng.uniform(2, 6) + rng.uniform(0, 6))
        path = np.stack([at + lean * t + sway, foot - (foot + 0.05) * t], axis=-1)
        width = wide * (1 - 0.3 * t + 0.5 * np.exp(-t * 30))
        for part in np.linspace(-0.45, 0.45, 7):  # round: one side in the light
            strip = path + np.array([part, 0.0]) * width[:, None] * 0.87
            raster.strokes(strip[None], width / 6, np.clip(tone * (1.0 - 0.85 * part), 0, 1))
    layer = raster.layer()
    rough = 1 + 0.2 * noise(rng, x * 4, y * 0.7, 26.0, octaves=3)
    return Layer(np.clip(layer.colour * rough[..., None], 0, layer.alpha[..., None]), layer.alpha)


def _leaves(rng: np.random.Generator, side: int, near: float, tone: Float) -> Layer:
    """Draw leaves in clumps, above the eye and on the ground."""
    clumps, each = int(22 * (1.3 - near)) + 6, 70
    low = rng.random(clumps) < 0.45
    middle = np.stack([rng.uniform(-0.05, 1.05, clumps), np.where(low, 0.72 + 0.13 * near, 0.28)], axis=-1)
    middle[:, 1] += rng.normal(0, 0.08, clumps) * np.where(low, 0.4, 1.2)
    where = np.repeat(middle, each, axis=0) + rng.normal(0, 1, (clumps * each, 2)) * (0.03 + 0.055 * near)
    size = (0.006 + 0.02 * near) * rng.uniform(0.5, 1.3, len(where))
    angle = rng.normal(0.9, 0.9, len(where))
    spine = np.array([-1.0, -0.4, 0.3, 1.0])[None, :, None] * (size[:, None] * heading(angle))[:, None]
    light = np.clip(rng.normal(0.85, 0.25, (len(where), 1)) + 0.5 * (0.5 - where[:, 1:]), 0.25, 1.6)
    warm = 1 + rng.normal(0, 0.09, (len(where), 1)) * np.array([1.0, 0.3, -0.4])
    raster = Raster(side)
    widths = size[:, None] * np.array([0.1, 0.85, 0.75, 0.05])
    raster.strokes(where[:, None] + spine, widths, np.clip(tone * light * warm, 0, 1)[:, None])
    return raster.layer()
