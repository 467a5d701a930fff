"""Jets of water: where a fountain, a splash, surf and a thrown bucket send it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from simd.generator.kit.curves import heading
from simd.generator.kit.layer import Float


class Jets(NamedTuple):
    """Streams of water; lengths in unit coordinates, one unit of time from launch to photograph."""

    root: Float  # (j, 2)
    velocity: Float  # (j, 2)
    gravity: float  # the drop after one unit of time
    steady: bool  # it has flowed for long, so its droplets have all ages; else all were launched at once
    spread: float  # disorder across the way, over the way flown
    share: Float  # (j,) of the droplets, sum 1


def fountain(rng: np.random.Generator) -> Jets:
    """Throw jets from a nozzle: one tall plume, or a fan of arcs that come down again."""
    count = int(rng.choice([1, 3, 5, 7, 9], p=[0.2, 0.2, 0.2, 0.2, 0.2]))
    aside = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
    rise = rng.uniform(0.6, 0.8) * (1 - rng.uniform(0.15, 0.5) * aside**2)
    reach = rng.uniform(0.28, 0.4) * aside + rng.normal(0, 0.02)
    # From launch to landing is one unit of time; the height 4 v t (1 - t) peaks in the middle.
    velocity = np.stack([reach, -4 * rise], axis=-1)
    share = np.full(count, 1 / count)
    gravity = float(4 * rise.mean())
    velocity[:, 1] = -2 * np.sqrt(rise * gravity)
    root = np.array([0.5, 0.93]) + np.zeros((count, 2))
    return Jets(root, velocity, gravity, True, rng.uniform(0.04, 0.11), share)


def crown(rng: np.random.Generator) -> Jets:
    """Throw a ring of fingers up from where something fell in, and a column from the middle."""
    count = int(rng.integers(16, 34))
    around = 2 * np.pi * (np.arange(count) + rng.normal(0, 0.2, count)) / count
    wide, flat = rng.uniform(0.1, 0.17), 0.3
    root = np.array([0.5, 0.84]) + wide * heading(around) * np.array([1, flat])
    high = rng.uniform(0.3, 0.55) * rng.uniform(0.55, 1.25, count)
    velocity = np.stack(
        [rng.uniform(0.8, 1.4) * wide * np.cos(around), -high + 0.1 * wide * np.sin(around)], -1
    )
    root = np.concatenate([root, root[: count // 4] * 0.15 + 0.85 * np.array([0.5, 0.84])])
    column = np.stack([rng.normal(0, 0.03, count // 4), -rng.uniform(0.3, 0.75, count // 4)], axis=-1)
    share = np.concatenate([np.full(count, 0.8 / count), np.full(count // 4, 0.2 / (count // 4))])
    velocity = np.concatenate([velocity, column])
    return Jets(root, velocity, 0.06, False, rng.uniform(0.06, 0.12), share)


def surf(rng: np.random.Generator) -> Jets:
    """Throw a wave up a rock: a wall of plumes that lean with the wind."""
    count = int(rng.integers(40, 90))
    at = rng.uniform(-1, 1, count)
    crest = rng.uniform(-0.5, 0.5)
    high = rng.uniform(0.25, 0.72, count) * np.exp(-((at - crest) ** 2) / 0.5)
    lean = rng.uniform(-0.2, 0.2)
    velocity = np.stack([0.16 * at + lean * high + rng.normal(0, 0.04, count), -high - 0.1], axis=-1)
    root = np.stack([0.5 + 0.26 * at, 0.9 + 0.02 * at**2], axis=-1)
    share = high / high.sum()
    return Jets(root, velocity, 0.1, False, rng.uniform(0.1, 0.17), share)


def thrown(rng: np.random.Generator) -> Jets:
    """Throw water out of a bucket: a fan of threads to one side, torn into drops."""
    count = int(rng.integers(18, 50))
    way, fan = rng.uniform(-np.pi, 0), rng.choice([0.35, 0.8, np.pi], p=[0.35, 0.4, 0.25])
    angle = way + fan * rng.uniform(-1, 1, count)
    speed = rng.uniform(0.3, 0.42 if fan > 3 else 0.75, count)
    root = np.array([0.5, 0.5]) - (0.0 if fan > 3 else 0.33) * heading(way)
    velocity = speed[:, None] * heading(angle)
    share = rng.gamma(1.5, 1.0, count)
    root = root + rng.normal(0, 0.012, (count, 2))
    return Jets(root, velocity, 0.05, False, rng.uniform(0.05, 0.11), share / share.sum())


SOURCES: dict[str, Callable[[np.random.Generator], Jets]] = {
    "fountain": fountain,
    "crown": crown,
    "surf": surf,
    "thrown": thrown,
}
"""Name of a source to what draws its jets."""
