"""A bookcase: rows of books, and vases between them."""

import numpy as np

from simd.generator.kit.layer import Float, over
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import grid, hsv, smoothstep
from simd.generator.scenes.broadcast_noise import noise
from simd.generator.scenes.room import box


def shelf(rng: np.random.Generator, side: int) -> Float:
    """Draw a bookcase: heights and colours of books, leaning ones, gaps and vases vary."""
    x, y = grid(side)
    wood = hsv(rng.uniform(0.05, 0.1), rng.uniform(0.1, 0.6), rng.choice([0.25, 0.5, 0.9]))
    flat, titles = Raster(side), Raster(side)
    box(flat, (-0.1, -0.1, 1.1, 1.1), 0.35 * wood)
    rows = int(rng.integers(3, 5))
    pitch = 0.72 / rows
    muted, bold = rng.uniform(0.08, 0.3), rng.uniform(0.35, 0.7)
    for row in range(-1, rows + 2):
        base = 0.15 + pitch * (row + 1) - 0.3 * pitch
        at = -0.02
        while at < 1.0:
            wide, tall = rng.uniform(0.012, 0.036), pitch * rng.uniform(0.55, 0.85)
            if rng.random() < 0.025:
                _vase(rng, flat, at + 0.05, base, 0.6 * pitch)
                at += 0.1
                continue
            cover = hsv(
                rng.choice([0.0, 0.03, 0.08, 0.12, 0.3, 0.58, 0.62, 0.9]) + rng.normal(0, 0.02),
                rng.uniform(muted, bold),
                rng.uniform(0.25, 0.9),
            )
            _book(rng, flat, titles, (at, base), (wide, tall), cover)
            at += wide + (rng.uniform(0.02, 0.06) if rng.random() < 0.06 else 0.0008)
        box(flat, (-0.1, base, 1.1, base + 0.022), wood)
        box(flat, (-0.1, base + 0.022, 1.1, base + 0.027), 0.55 * wood)
    for post in rng.uniform(0, 1, 2) if rng.random() < 0.6 else []:
        box(flat, (post - 0.011, -0.1, post + 0.011, 1.1), 0.95 * wood)
    picture = over(titles.layer(), flat.layer()).colour
    overhead = (y - 0.15 + 0.3 * pitch) / pitch
    dark = 1 - 0.42 * smoothstep(0.5, 0.0, overhead - np.floor(overhead))
    side_light = 0.78 + 0.3 * np.exp(-((x - rng.uniform(0, 1)) ** 2) / 0.15)
    rough = 1 + 0.04 * noise(rng, x, y, 50.0, octaves=2)
    return np.asarray(np.clip(picture * (dark * side_light * rough)[..., None], 0, 1))


def _book(
    rng: np.random.Generator, flat: Raster, titles: Raster, foot: tuple[float, float],
    size: tuple[float, float], cover: Float,
) -> None:  # fmt: skip
    (at, base), (wide, tall) = foot, size
    for k, light in enumerate((0.7, 0.95, 1.1, 1.0, 0.8)):  # a round back
        box(flat, (at + wide * k / 5, base - tall, at + wide * (k + 1) / 5, base), cover * light)
    gold = np.array([0.85, 0.72, 0.4]) if rng.random() < 0.5 else np.clip(cover + 0.45, 0, 1)
    for band in rng.uniform(0.08, 0.92, int(rng.integers(0, 4))):
        box(
            titles, (at + 0.08 * wide, base - tall * band - 0.003, at + 0.92 * wide, base - tall * band), gold
        )
    if wide > 0.016 and rng.random() < 0.7:
        low, high = base - tall * rng.uniform(0.25, 0.4), base - tall * rng.uniform(0.55, 0.75)
        count = int(rng.integers(4, 9))
        for line in np.linspace(low, high, count):
            half = 0.5 * abs(high - low) / count
            box(
                titles, (at + 0.36 * wide, line - half * 0.6, at + 0.62 * wide, line + half * 0.4), 0.9 * gold
            )


def _vase(rng: np.random.Generator, flat: Raster, at: float, base: float, tall: float) -> None:
    colour = hsv(rng.choice([0.05, 0.1, 0.3, 0.55, 0.6]), rng.uniform(0.0, 0.35), rng.uniform(0.5, 0.95))
    t = np.linspace(0, 1, 24)
    radius = 0.034 * (0.45 + 0.55 * np.sin(np.pi * (0.15 + 0.72 * t)) ** 2)
    for k in np.linspace(-0.8, 0.8, 9):
        strip = np.stack([at + k * radius, base - tall * t], axis=-1)
        flat.strokes(strip[None], radius * 0.5, colour * (0.95 - 0.35 * k * k - 0.22 * k))
