"""Flowers: a daisy, a poppy, a lily, a rosette or a sunflower on a stem with leaves."""

from typing import NamedTuple

import numpy as np

from simd.generator.classes.leaf import draw_leaf, draw_stalk
from simd.generator.kit.curves import bezier, blade, heading
from simd.generator.kit.layer import Float, Layer, shade
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import grid, hsv, ramp

_PLACES = {  # how far the blossoms of one plant stand from the middle
    1: np.zeros((1, 2)),
    2: np.array([[-0.17, -0.04], [0.17, 0.07]]),
    3: np.array([[-0.19, 0.1], [0.2, 0.04], [0.0, -0.16]]),
}


def flower(rng: np.random.Generator, side: int) -> Layer:
    """Draw a flower.

    A daisy, a poppy, a lily, a rosette or a sunflower, a fifth each, with one blossom (0.6), two or three
    (0.2 each). Uniform: number, length and hue of the petals, tilt, place of the blossom, leaves on the
    stem. Gaussian: angle of a petal (0.05 radians), foot of the stem.
    """
    raster = Raster(side)
    kind = rng.choice(["daisy", "poppy", "lily", "rosette", "sunflower"])
    green = hsv(rng.uniform(0.24, 0.34), rng.uniform(0.5, 0.75), rng.uniform(0.35, 0.55))
    foot = np.array([0.5 + rng.normal(0, 0.06), 0.95])
    count = int(rng.choice([1, 2, 3], p=[0.6, 0.2, 0.2]))
    for k in rng.permutation(count):
        middle = rng.uniform([0.4, 0.33], [0.6, 0.4]) + _PLACES[count][k]
        stem = bezier(np.stack([foot, [foot[0], 0.65], middle]), 40)
        draw_stalk(raster, stem, 0.017 / count**0.4, green)
        for hand in rng.permutation([-1, 1])[: rng.integers(1, 3) if count == 1 else k % 2]:
            at = stem[int(rng.integers(5, 18))]
            tip = at + [hand * rng.uniform(0.18, 0.28), -rng.uniform(0.05, 0.16)]
            path = bezier(np.stack([at, (at + tip) / 2 - [0, 0.07], tip]), 30)
            draw_leaf(rng, raster, path, width=rng.uniform(0.03, 0.06), colour=green, fineness=20)
        _blossom(rng, raster, middle, kind, rng.uniform(0.24, 0.3) / count**0.55)
    x, y = grid(side)
    return shade(raster.layer(), 1 + 0.04 * Noise(rng)(x, y, 6.0, octaves=3))


def _blossom(rng: np.random.Generator, raster: Raster, middle: Float, kind: str, size: float) -> None:
    count, layers, width, tip = {
        "daisy": (int(rng.integers(16, 26)), 2, 0.13, 0.45),
        "sunflower": (int(rng.integers(18, 24)), 2, 0.16, 1.0),
        "poppy": (int(rng.integers(4, 7)), 2, 0.72, 0.32),
        "lily": (6, 1, 0.27, 1.0),
        "rosette": (int(rng.integers(7, 10)), 5, 0.42, 0.4),
    }[kind]
    flat = np.array([1.0, rng.uniform(0.62, 1.0)])
    bloom = _Bloom(kind, middle, size, flat, width, tip, *_petal_colours(rng, kind))
    first = rng.uniform(0, 6.28)
    for layer in range(layers):
        share = 1 - (0.17 if kind == "rosette" else 0.13) * layer
        angles = first + (np.arange(count) + 0.5 * layer) * 2 * np.pi / count
        for angle in angles[rng.permutation(count)] + rng.normal(0, 0.05, count):
            _petal(rng, raster, bloom, angle, share * rng.uniform(0.9, 1.06))
    if kind in ("daisy", "sunflower", "poppy"):
        _florets(rng, raster, bloom, bloom.size * {"daisy": 0.24, "sunflower": 0.42, "poppy": 0.17}[kind])
    if kind in ("poppy", "lily"):
        _stamens(rng, raster, bloom)


class _Bloom(NamedTuple):
    kind: str
    middle: Float
    size: float  # length of an outer petal
    flat: Float  # (2,), 1 and what the tilt leaves of the height
    width: float  # half width of a petal over its length
    tip: float  # of a petal: 0.3, blunt, to 1, pointed
    inner: Float  # colours
    outer: Float


def _petal_colours(rng: np.random.Generator, kind: str) -> tuple[Float, Float]:
    if kind == "sunflower":
        return hsv(rng.uniform(0.08, 0.11), 0.95, 0.9), hsv(rng.uniform(0.12, 0.15), 0.85, 1.0)
    if kind == "daisy" and rng.random() < 0.6:
        return np.array([0.86, 0.87, 0.78]), np.array([0.98, 0.98, 0.97])
    hue = rng.choice([0.0, 0.93, 0.88, 0.8, 0.72, 0.06, 0.14]) + rng.normal(0, 0.015)
    strong = rng.uniform(0.45, 0.92)
    return hsv(hue + 0.02, min(strong + 0.15, 1), 0.68), hsv(hue, strong * 0.8, rng.uniform(0.9, 1.0))


def _petal(rng: np.random.Generator, raster: Raster, bloom: _Bloom, angle: float, share: float) -> None:
    """Draw a petal from the middle outwards, `share` as long as an outer one."""
    length, flat, tip = bloom.size * share, bloom.flat, bloom.tip
    depth = 0.8 + 0.2 * share if bloom.kind == "rosette" else 1.0
    aside = rng.normal(0, 0.08)
    controls = np.stack([0 * heading(angle), 0.6 * heading(angle + aside), heading(angle + 0.5 * aside)])
    spine = bloom.middle + length * flat * bezier(controls, 26)
    along = np.linspace(0, 1, 26)
    late, full = (1.35, 0.55) if tip < 0.9 else (0.85, 0.9)  # where a petal is widest, and how round it is
    half = length * bloom.width * np.sin(np.pi * along**late) ** full
    half = half * np.where(along > 0.5, (1 - ((along - 0.5) / 0.5) ** 6) ** tip, 1)
    mesh = blade(spine, half, across=12)
    across = np.linspace(-1, 1, 13)
    ruffle = 0.012 * length / 0.27 * np.sin(across * 7 + rng.uniform(0, 6)) * (along**4)[:, None]
    mesh = mesh + ruffle[..., None] * flat * heading(angle)
    face = heading(angle)
    # Each petal is a shallow trough, lit from above left, with fine veins along it.
    trough = 0.11 * across * (face[1] + face[0]) - 0.1 * np.abs(across) ** 3
    veins = 0.035 * np.sin(across * rng.uniform(14, 22))
    light = 0.93 + trough + veins + 0.08 * (along[:, None] - 0.5) - 0.08 * face[1]
    light = light - 0.25 * np.exp(-along[:, None] / 0.12)
    light = light * rng.uniform(0.92, 1.05)
    shades = (
        ramp(along, depth * np.stack([bloom.inner, bloom.outer, bloom.outer]))[:, None] * light[..., None]
    )
    raster.mesh(mesh, shades[1:, 1:])


def _florets(rng: np.random.Generator, raster: Raster, bloom: _Bloom, radius: float) -> None:
    """Draw the disc of a flower: florets in a sunflower's spiral, on a dome."""
    dark, pale = {
        "daisy": (hsv(0.11, 0.95, 0.6), hsv(0.14, 0.85, 1.0)),
        "sunflower": (hsv(0.06, 0.8, 0.22), hsv(0.09, 0.7, 0.55)),
        "poppy": (hsv(0.3, 0.3, 0.16), hsv(0.22, 0.4, 0.45)),
    }[bloom.kind]
    count = 420 if bloom.kind == "sunflower" else 200
    k = np.arange(count, dtype=np.float64)[::-1]
    far = np.sqrt((k + 0.5) / count)[:, None]
    dots = bloom.middle + radius * (
        bloom.flat * far * heading(2.399963 * k) - np.array([0, 0.25]) * (1 - far**2)
    )
    raster.discs(bloom.middle[None], np.array([0.75 * radius]), 0.6 * dark)
    glow = np.clip(0.65 - 0.5 * (dots - bloom.middle)[:, 1] / radius + rng.normal(0, 0.12, count), 0, 1)
    size = np.full(count, 1.25 * radius / np.sqrt(count))
    raster.discs(dots + 0.25 * size[:, None], size, 0.55 * dark)
    raster.discs(dots, 0.8 * size, ramp(glow, np.stack([dark, pale])))


def _stamens(rng: np.random.Generator, raster: Raster, bloom: _Bloom) -> None:
    poppy, size = bloom.kind == "poppy", bloom.size
    count = 40 if poppy else 7
    angle = rng.uniform(0, 6.28, count) if poppy else np.arange(7) * 2 * np.pi / 7 + rng.uniform(0, 1)
    length = size * rng.uniform(0.2, 0.36, count) * (1.0 if poppy else 1.5)
    tip = bloom.middle + length[:, None] * bloom.flat * heading(angle) - np.array([0, 0.12 * size])
    knee = (bloom.middle + tip) / 2 - np.array([0, 0.05 * size])
    paths = bezier(np.stack([np.broadcast_to(bloom.middle, tip.shape), knee, tip], axis=1), 10)
    thread = hsv(0.8, 0.3, 0.2) if poppy else hsv(0.28, 0.25, 0.85)
    raster.strokes(paths, np.array([0.0035 if poppy else 0.006]), thread)
    pollen = hsv(0.13, 0.4, 0.35) if poppy else hsv(rng.uniform(0.05, 0.12), 0.9, 0.6)
    ends = paths[:, -1:] + np.linspace(-0.04, 0.04, 5)[:, None] * size * heading(angle + 1.3)[:, None]
    raster.strokes(ends, np.array([0.4, 1, 1, 1, 0.4]) * (0.008 if poppy else 0.016), pollen)
