"""Spider webs: an orb of radii and a sagging spiral, anchor threads, dew."""

import numpy as np

from simd.generator.kit.curves import bezier, heading
from simd.generator.kit.layer import Float, Layer, fade, over, soften
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import grid


def spider_web(rng: np.random.Generator, side: int) -> Layer:
    """Draw an orb web.

    Uniform: place of the hub, 14 to 29 radii and 14 to 33 turns, their lengths and angles, sag, thickness
    of the thread (0.11% to 0.19% of the side). A third each has no gaps, 3% or 10% of the spiral torn; 6 of
    10 bear dew, whose drops have gamma-distributed sizes.
    """
    hub = np.array([rng.uniform(0.45, 0.55), rng.uniform(0.44, 0.53)])
    count, turns = int(rng.integers(14, 30)), int(rng.integers(14, 34))
    angles = (np.arange(count) + rng.uniform(-0.28, 0.28, count)) * 2 * np.pi / count
    squash = rng.uniform(0.8, 1.0)
    far = rng.uniform(0.34, 0.43, count)
    ends = np.clip(hub + far[:, None] * heading(angles) * np.array([squash, 1.0]), 0.035, 0.965)
    thick = rng.uniform(0.0011, 0.0019)
    white = rng.uniform(0.78, 0.98) * np.array([0.97, 0.99, 1.0])
    threads = Raster(side)
    sagging = rng.uniform(0.01, 0.03)

    def thread(a: Float, b: Float, sag: Float | float, points: int) -> Float:
        middle = (a + b) / 2
        pull = np.stack([np.zeros_like(middle[..., 0]), np.broadcast_to(sag, middle.shape[:-1])], axis=-1)
        return bezier(np.stack([a, middle + pull, b], axis=-2), points)

    radii = thread(np.broadcast_to(hub, ends.shape), ends, 0.2 * sagging * np.abs(np.cos(angles)), 24)
    threads.strokes(radii, np.array([1.35 * thick]), white)
    frame = thread(ends, np.roll(ends, -1, axis=0), -0.02 * np.sin(angles), 12)
    threads.strokes(frame, np.array([1.5 * thick]), white)
    # The catching spiral: one step outwards a turn; each piece hangs between two radii.
    steps = np.arange(count * turns)
    share = 0.12 + 0.83 * steps / len(steps) + 0.006 * rng.standard_normal(len(steps))
    radius_of = steps % count
    at = hub + share[:, None] * (ends[radius_of] - hub)
    at[:, 1] += 0.8 * sagging * np.abs(np.cos(angles[radius_of])) * share * (1 - share)
    gap = np.sqrt(((at[1:] - at[:-1]) ** 2).sum(axis=1))
    middle = (at[1:] + at[:-1]) / 2
    pull = gap[:, None] * (np.array([0.0, 0.16]) + 0.13 * (hub - middle))
    pieces = bezier(np.stack([at[:-1], middle + pull, at[1:]], axis=1), 9)
    whole = rng.random(len(pieces)) > rng.choice([0.0, 0.03, 0.1])
    threads.strokes(pieces[whole], np.array([0.85 * thick]), white)
    start, end = ends[:: max(count // 7, 1)], hub + (ends[:: max(count // 7, 1)] - hub) * 1.6
    threads.strokes(thread(start, np.clip(end, 0.02, 0.98), 0.0, 8), np.array([1.6 * thick]), white)
    x, y = grid(side)
    glitter = np.clip(0.72 + 0.25 * Noise(rng)(x, y, 5.0, octaves=3), 0.3, 1.0)
    web = fade(threads.layer(), glitter)
    if rng.random() < 0.6:
        web = over(_dew(rng, side, pieces[whole], radii, thick), web)
    return web


def _dew(rng: np.random.Generator, side: int, pieces: Float, radii: Float, thick: float) -> Layer:
    drops = Raster(side)
    beads = int(rng.integers(1, 4))
    places = pieces[:, np.linspace(1, 7, beads).round().astype(int)].reshape(-1, 2)
    places = np.concatenate([places, radii[:, 4::3].reshape(-1, 2)])
    size = thick * (0.8 + rng.gamma(2.0, 0.55, len(places)))
    grey = rng.uniform(0.62, 0.85, (len(places), 1)) * np.array([0.95, 0.98, 1.0])
    drops.discs(places, size, grey)
    drops.discs(places - 0.25 * size[:, None], 0.5 * size, np.array([1.0, 1.0, 1.0]))
    return soften(drops.layer(), 0.0004 * side)
