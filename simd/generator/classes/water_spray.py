"""Water spray: fountains, splash crowns, surf and thrown water; droplets of all sizes in a mist."""

import numpy as np

from simd.generator.kit.layer import Float, Layer, over, paint
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster, splat
from simd.generator.kit.shading import blur, grid, lamp, smoothstep
from simd.generator.parts.jets import SOURCES, Jets

_FINE, _COARSE = 80_000, 1200  # droplets too small to see one by one, and those with a body


def water_spray(rng: np.random.Generator, side: int) -> Layer:
    """Draw a spray.

    The kind is a fountain, a crown, surf or thrown water, each a quarter. Uniform: number of jets, their
    height, lean and spread, exposure (length of the streaks), density of the mist. Radii of droplets
    are Pareto of index 2.1, their pace along a jet clusters about 8 to 21 Gaussian clumps.
    """
    kind = str(rng.choice(list(SOURCES)))
    jets = SOURCES[kind](rng)
    clumps = rng.random((len(jets.share), int(rng.integers(8, 22)))) ** (0.7 if jets.steady else 0.5)
    gusts = (Noise(rng), Noise(rng))
    exposure = rng.uniform(0.008, 0.03)
    where, way = _fly(rng, jets, clumps, gusts, _FINE)
    radius = 0.0005 * (1 + rng.pareto(2.1, _FINE)).clip(1, 5)
    streaks = where[:, None] + np.linspace(-0.5, 0.5, 7)[:, None] * (exposure * way)[:, None]
    inside = _inside(where) * np.pi * radius**2 * side * side / 7
    fine = splat(streaks * side - 0.5, inside[:, None], side)
    # A splat is 0.4 pixels wide. Widened to the same share of the side, it saturates alike at every size.
    fine = blur(fine, np.sqrt(max((0.0018 * side) ** 2 - 0.4**2, 0.0)))
    large = _droplets(rng, side, *_fly(rng, jets, clumps, gusts, _COARSE), exposure)
    x, y = grid(side)
    torn = np.exp(0.75 * Noise(rng)(x, y, 7.0, octaves=6, gain=0.65))
    mist = rng.uniform(0.2, 0.7) * blur(fine, 0.005 * side) + rng.uniform(0.25, 0.6) * blur(fine, 0.03 * side)
    near = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    thick = (rng.uniform(0.9, 1.4) * fine + mist * torn) * smoothstep(0.0, 0.05, near)
    alpha = 0.97 * (1 - np.exp(-thick))
    # Light comes from one side and is lost on its way through the water.
    light = lamp(rng)
    shift = np.round(-0.035 * side * light[:2]).astype(int)
    dense = blur(thick, 0.012 * side)
    shadow = dense - np.roll(np.roll(dense, shift[0], axis=1), shift[1], axis=0)
    grey = 0.86 + 0.05 * np.log(torn) + 0.16 * np.tanh(1.5 * shadow) - 0.1 * np.tanh(dense)
    tint = np.array([0.93, 0.975, 1.0]) ** rng.uniform(0.3, 2.0)
    return over(large, paint(np.clip(grey, 0.4, 1)[..., None] * tint, alpha))


def _fly(
    rng: np.random.Generator, jets: Jets, clumps: Float, gusts: tuple[Noise, Noise], count: int
) -> tuple[Float, Float]:
    """Return where `count` droplets are, (n, 2), and the way each flies, in units a unit of time."""
    jet = rng.choice(len(jets.share), count, p=jets.share)
    clump = rng.integers(0, clumps.shape[1], count)
    pace = clumps[jet, clump] + rng.normal(0, 0.035, count)
    stray = rng.random(count) < 0.35
    pace = np.clip(np.where(stray, rng.random(count) ** 0.7, pace), 0.01, 1.08)
    start = jets.velocity[jet]
    if jets.steady:
        age, velocity = pace, start * (1 + rng.normal(0, 0.02, (count, 1)))
    else:
        age, velocity = np.ones(count), start * pace[:, None]
    fall = np.array([0.0, jets.gravity])
    flown = velocity * age[:, None]
    far = np.sqrt((flown**2).sum(axis=1, keepdims=True))
    where = jets.root[jet] + flown + fall * (age * age)[:, None]
    gust = np.concatenate([g(where[:, :1], where[:, 1:], 5.0, octaves=4, gain=0.6) for g in gusts], axis=1)
    where = where + far * (
        0.35 * jets.spread * gust + jets.spread * rng.normal(0, 0.5, (count, 2)) * far**0.3
    )
    return where, velocity + 2 * fall * age[:, None]


def _inside(where: Float) -> Float:
    low, high = where.min(axis=1), where.max(axis=1)
    return smoothstep(0.015, 0.05, low) * smoothstep(0.985, 0.95, high)


def _droplets(rng: np.random.Generator, side: int, where: Float, way: Float, exposure: float) -> Layer:
    """Draw droplets with a body: a streak along the way, a dark lower side, a glint."""
    radius = np.minimum(0.0008 * (1 + rng.pareto(2.1, len(where))), 0.007) * _inside(where)
    seen = radius > 0.0003
    where, way, radius = where[seen], way[seen], radius[seen, None]
    speed = np.sqrt((way**2).sum(axis=1, keepdims=True)) + 1e-9
    long = np.minimum(0.5 * exposure * speed, 5 * radius)
    paths = where[:, None] + np.array([-1.0, -0.35, 0.35, 1.0])[:, None] * (way / speed * long)[:, None]
    tone = rng.normal(0.88, 0.09, (len(where), 1)).clip(0.55, 1) * np.array([0.95, 0.98, 1.0])
    drops = Raster(side)
    drops.strokes(paths, radius * np.array([0.6, 1.8, 2.0, 1.1]), tone[:, None])
    big = radius[:, 0] > 0.0024
    drops.discs(where[big] + 0.25 * radius[big], 0.7 * radius[big, 0], 0.76 * tone[big])
    drops.discs(where[big] - 0.3 * radius[big], 0.42 * radius[big, 0], np.ones(3))
    return drops.layer()
