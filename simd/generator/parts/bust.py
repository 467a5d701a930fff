"""A head and shoulders for hair to grow on, seen from the front or from behind."""

from typing import NamedTuple

import numpy as np

from simd.generator.kit.curves import bezier, ellipse, through
from simd.generator.kit.layer import Float, Layer, fade, over, shade, soften
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import blur, grid, hsv, lit, ramp, slopes

HEAD = np.array([0.5, 0.34])
"""Middle of the skull."""
RADII = np.array([0.128, 0.165])
"""Half width and half height of the skull with the face."""

_SKIN = [(0.99, 0.85, 0.75), (0.93, 0.75, 0.61), (0.79, 0.58, 0.42), (0.56, 0.37, 0.25), (0.36, 0.23, 0.16)]


class Person(NamedTuple):
    """Colours of a person."""

    skin: Float
    hair: Float  # of a strand in full light
    shirt: Float


def person(rng: np.random.Generator) -> Person:
    """Return the colours of a random person."""
    tone = rng.random()
    hair = [
        hsv(0.07, 0.6, 0.2),
        hsv(0.07, 0.65, 0.38),
        hsv(0.09, 0.5, 0.62),
        hsv(0.115, 0.42, 0.9),
        hsv(0.045, 0.78, 0.6),
        hsv(0.6, 0.15, 0.13),
        hsv(0.1, 0.05, 0.75),
    ]
    chosen = int(rng.choice(7, p=[0.25, 0.2, 0.14, 0.14, 0.1, 0.12, 0.05]))
    if tone > 0.6:
        chosen = int(rng.choice([0, 5]))
    shirt = hsv(rng.random(), 0.85 * rng.random() ** 1.5, rng.uniform(0.12, 0.9))
    return Person(ramp(np.array(tone), _SKIN), hair[chosen] * rng.uniform(1.0, 1.3), shirt)


def bust(rng: np.random.Generator, side: int, who: Person, front: bool) -> Layer:
    """Draw shoulders in a shirt, a neck, and a head with a face if seen from the front."""
    body, neck, head = Raster(side), Raster(side), Raster(side)
    half = np.array(
        [[0.5, 0.555], [0.59, 0.565], [0.66, 0.6], [0.77, 0.645], [0.835, 0.72], [0.855, 0.83], [0.86, 1.02]]
    )
    mirrored = (half * [-1, 1] + [1, 0])[::-1]
    body.polygon(np.concatenate([through(half, 40), through(mirrored, 40)]), who.shirt)
    throat = np.array(
        [
            [0.435, 0.4],
            [0.565, 0.4],
            [0.562, 0.53],
            [0.6, 0.575],
            [0.5, 0.64 if front else 0.6],
            [0.4, 0.575],
            [0.438, 0.53],
        ]
    )
    neck.polygon(through(throat, 80, closed=True), who.skin)
    face = [[0, -1.0], [0.62, -0.83], [0.97, -0.25], [0.93, 0.25], [0.72, 0.7], [0.3, 0.98], [0, 1.03]]
    right = np.asarray(face) * RADII + HEAD
    left = (right * [-1, 1] + [1, 0])[::-1]
    outline = through(np.concatenate([right, left[1:-1]]), 120, closed=True)
    for hand in (-1, 1):
        head.polygon(
            ellipse(HEAD + np.array([hand * 0.128, 0.02]), 0.018, 0.035, hand * 0.15), 0.9 * who.skin
        )
    head.polygon(outline, who.skin)
    x, y = grid(side)
    layers = []
    for part, depth in ((head.layer(), 0.3), (neck.layer(), 0.25), (body.layer(), 0.33)):
        height = depth * blur(part.alpha, 0.05 * side)
        slope_x, slope_y = slopes(height, side)
        diffuse, _ = lit(slope_x, slope_y, np.array([-0.5, -0.6, 1.0]))
        # Light that has been under skin comes back red, so shadows on it are warm.
        light = (0.52 + 0.57 * diffuse)[..., None]
        layers.append(shade(part, light ** np.array([0.75, 1.0, 1.1]) if depth < 0.32 else light))
    creases = Noise(rng)(x * 1.6, y * 0.8, 4.0, octaves=4, ridged=True)
    weave = Noise(rng)(x, y, 58.0)
    layers[2] = shade(layers[2], 1 + 0.11 * creases + 0.03 * weave)
    mottled = Noise(rng)(x, y, 9.0, octaves=5, gain=0.7)
    layers[:2] = [shade(part, 1 + 0.025 * mottled) for part in layers[:2]]
    chin = np.exp(-((y - 0.52) ** 2 / 0.002 + (x - 0.5) ** 2 / 0.006))
    layers[1] = shade(layers[1], 1 - 0.45 * chin)
    return over(*([_features(rng, side, who)] if front else []), *layers)


def _features(rng: np.random.Generator, side: int, who: Person) -> Layer:
    """Draw eyes, brows, nose and mouth; the head is turned a little, and the mouth has its mood."""
    soft, fine = Raster(side), Raster(side)
    yaw, mood = rng.normal(0, 0.012), rng.uniform(-0.004, 0.01)
    iris = hsv(rng.choice([0.07, 0.08, 0.58, 0.3]), 0.55, rng.uniform(0.25, 0.4))
    for hand in (-1, 1):
        at = HEAD + np.array([hand * (0.052 - hand * 0.3 * yaw) + yaw, 0.015])
        _eye(soft, fine, at, hand, who, iris)
    middle = HEAD + np.array([yaw, 0.0])
    for hand in (-1, 1):
        soft.polygon(ellipse(middle + [hand * 0.068, 0.072], 0.036, 0.03), who.skin * [0.97, 0.86, 0.85])
        soft.polygon(ellipse(middle + [hand * 0.015, 0.077], 0.009, 0.005), 0.25 * who.skin)
        soft.polygon(ellipse(middle + [hand * 0.021, 0.068], 0.007, 0.011), 0.75 * who.skin)
    soft.polygon(ellipse(middle + [0.014, 0.045], 0.007, 0.034, 0.1), 0.75 * who.skin)
    soft.polygon(ellipse(middle + [-0.002, 0.058], 0.007, 0.018), np.minimum(1.1 * who.skin, 1))
    mouth = middle + np.array([0.15 * yaw, 0.112])
    lips = who.skin * np.array([0.84, 0.62, 0.62])
    soft.polygon(ellipse(mouth + [0, 0.024], 0.024, 0.006), 0.6 * who.skin)
    ends = (mouth - [0.038, mood], mouth + [0.038, -mood])
    line = _bow(ends[0], mouth + [0, 0.006 + mood], ends[1])
    fine.polygon(np.concatenate([_bow(ends[0], mouth - [0, 0.016], ends[1]), line[::-1]]), 0.9 * lips)
    fine.polygon(np.concatenate([line, _bow(ends[1], mouth + [0, 0.03], ends[0])]), 1.06 * lips)
    fine.strokes(line[None], np.array([0.0032]), 0.45 * lips)
    return over(soften(fine.layer(), 0.0018 * side), fade(soften(soft.layer(), 0.007 * side), 0.45))


def _eye(soft: Raster, fine: Raster, at: Float, hand: int, who: Person, iris: Float) -> None:
    soft.polygon(ellipse(at - [0, 0.008], 0.035, 0.022), 0.62 * who.skin)
    soft.polygon(ellipse(at + [0, 0.018], 0.026, 0.007), 0.88 * who.skin)
    left, right = at + [-0.026, 0.002], at + [0.026, 0.002]
    lid = _bow(left, at - [0, 0.024], right)
    fine.polygon(np.concatenate([lid, _bow(right, at + [0, 0.018], left)]), np.array([0.8, 0.77, 0.74]))
    fine.polygon(ellipse(at - [0, 0.002], 0.0108, 0.0104), iris)
    fine.polygon(ellipse(at - [0, 0.002], 0.0052, 0.0052), np.array([0.02, 0.02, 0.02]))
    fine.polygon(ellipse(at - [0.004, 0.006], 0.0022, 0.0022), np.ones(3))
    fine.strokes((lid + [0, 0.001])[None], np.array([0.0065]), 0.3 * who.skin + 0.05 * who.hair)
    fine.strokes((lid - [0, 0.008])[None], np.array([0.0025]), 0.62 * who.skin)
    brow = _bow(at + [-hand * 0.028, -0.03], at + [0, -0.05], at + [hand * 0.036, -0.028])
    fine.strokes(brow[None], np.linspace(0.011, 0.004, 16), 0.4 * who.hair + 0.15 * who.skin)


def _bow(start: Float, middle: Float, end: Float) -> Float:
    return bezier(np.stack([start, middle, end]), 16)
