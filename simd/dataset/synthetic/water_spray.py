"""Water spray: a splash crown, a fountain, a breaking wave; very many droplets in a mist."""

import numpy as np

from simd.dataset.synthetic.curves import heading
from simd.dataset.synthetic.layer import Float, Layer, fade, over, paint
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.raster import Raster
from simd.dataset.synthetic.shading import blur, grid, smoothstep


def water_spray(rng: np.random.Generator, side: int) -> Layer:
    """Draw a spray: kind, speed, spread, number and size of droplets, foam, mist and light vary."""
    kind = rng.choice(["splash", "fountain", "burst"])
    count = int(rng.integers(2500, 6000))
    where, way, core = _flight(rng, kind, count)
    inside = np.clip(
        smoothstep(0.02, 0.06, where.min(axis=1)) * smoothstep(0.98, 0.94, where.max(axis=1)), 0, 1
    )
    size = 0.0008 + 0.0012 * rng.pareto(2.3, count)
    size = np.minimum(size, 0.012) * inside * (0.7 + 0.5 * core)
    white = np.clip(rng.normal(0.88, 0.1, (count, 1)), 0.5, 1.0) * np.array([0.95, 0.98, 1.0])
    streak = way * np.minimum(0.012, 6 * size)[:, None] * rng.uniform(0.2, 1.2)
    paths = where[:, None] + np.array([-1.0, -0.3, 0.3, 1.0])[None, :, None] * streak[:, None]
    paths = np.clip(paths, 0.01, 0.99)
    drops = Raster(side)
    keep = size > 0
    drops.strokes(paths[keep], (size[:, None] * np.array([0.4, 1.6, 2.0, 1.0]))[keep], white[keep][:, None])
    large = keep & (size > 0.0035)
    drops.discs(where[large] + 0.2 * size[large, None], 0.75 * size[large], 0.72 * white[large])
    drops.discs(where[large] - 0.35 * size[large, None], 0.35 * size[large], np.ones(3))
    # Mist is what the droplets too small to draw add up to: the drawn ones, blurred and torn.
    layer = fade(drops.layer(), 0.92)
    x, y = grid(side)
    torn = Noise(rng)(x, y, 7.0, octaves=5, gain=0.6)
    cloud = blur(layer.alpha, 0.012 * side) + 0.7 * blur(layer.alpha, 0.035 * side)
    near = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    mist = 1 - np.exp(-rng.uniform(1.5, 3.2) * cloud * np.clip(1 + 0.5 * torn, 0.1, 2.2))
    mist = mist * smoothstep(0.01, 0.06, near)
    grey = np.clip(0.86 + 0.09 * torn - 0.2 * blur(mist, 0.03 * side), 0.55, 1.0)[..., None] * np.array(
        [0.94, 0.98, 1.0]
    )
    return over(layer, paint(grey, np.clip(mist, 0, 0.97)))


def _flight(rng: np.random.Generator, kind: str, count: int) -> tuple[Float, Float, Float]:
    """Return where droplets are, the way they fly, and 1 near the root to 0 far out."""
    bunches = int(rng.integers(16, 44))
    bunch = rng.integers(0, bunches, count)
    if kind == "burst":
        angle = rng.uniform(-np.pi, np.pi, bunches)[bunch] + rng.normal(0, 0.16, count)
        speed = rng.uniform(0.12, 0.44, bunches)[bunch] * rng.uniform(0.75, 1.1, count)
        root, gravity, time = np.array([0.5, 0.47]), 0.05, rng.power(1.4, count)
        velocity = speed[:, None] * heading(angle)
    else:
        # Each bunch rises to a height and comes down at a place; units make gravity 1.
        wide, low = (0.42, 0.15) if kind == "splash" else (0.34, 0.62)
        aside = rng.uniform(-1, 1, bunches)
        apex = rng.uniform(low, 0.78, bunches) * (1 - (0.55 if kind == "splash" else 0.15) * np.abs(aside))
        up = 2 * np.sqrt(apex)[bunch] * rng.normal(1, 0.05, count)
        sideways = (aside * wide)[bunch] / up * rng.normal(1, 0.12, count)
        root, gravity = np.array([0.5, 0.93]), 1.0
        time = rng.power(1.2, count) * 0.97 * up
        velocity = np.stack([sideways, -up], axis=-1)
        root = root + rng.normal(0, 0.05 if kind == "splash" else 0.006, (count, 1)) * np.array([1.0, 0.0])
    fall = np.array([0.0, gravity])
    where = root + velocity * time[:, None] + fall * (time * time)[:, None]
    far = np.sqrt(((where - root) ** 2).sum(axis=1))
    where = where + rng.normal(0, 0.022, (count, 2)) * far[:, None]
    where[:, 1] = np.minimum(where[:, 1], 0.935 + 0.02 * rng.random(count))
    way = velocity + 2 * fall * time[:, None]
    way = way / np.sqrt((way**2).sum(axis=1, keepdims=True) + 1e-12)
    return where, way, np.clip(1 - far / 0.6, 0, 1)
