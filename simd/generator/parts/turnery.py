"""Turned things in focus: a bottle, a chess pawn, a mug."""

import numpy as np

from simd.generator.kit.curves import ellipse
from simd.generator.kit.lathe import turned
from simd.generator.kit.layer import Float, Layer, glow, over, paint
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import hsv, lamp, lit, smoothstep


def bottle(rng: np.random.Generator, side: int) -> Layer:
    """Draw a bottle or vase with a label."""
    wide, neck = rng.uniform(0.12, 0.19), rng.uniform(0.035, 0.055)
    shoulder = rng.uniform(0.28, 0.42)
    profile = [
        (0.07, 1.2 * neck), (0.1, 1.2 * neck), (0.105, neck), (shoulder - 0.1, 1.1 * neck),
        (shoulder + 0.05, 0.93 * wide), (shoulder + 0.12, wide), (0.86, wide), (0.9, 0.93 * wide),
    ]  # fmt: skip
    colour = hsv(rng.random(), rng.uniform(0.4, 0.85), rng.uniform(0.3, 0.7))
    label = hsv(rng.random(), rng.uniform(0.05, 0.5), rng.uniform(0.8, 0.96))
    low, high = shoulder + 0.16, rng.uniform(0.72, 0.8)
    return _turned_body(
        rng,
        side,
        profile,
        colour,
        [(low, high, label), (low + 0.04, low + 0.07, colour), (0, 0.104, 0.6 * label)],
    )


def pawn(rng: np.random.Generator, side: int) -> Layer:
    """Draw a chess pawn or a turned finial."""
    size = rng.uniform(0.9, 1.1)
    profile = [
        (0.09, 0.0), (0.1, 0.045), (0.13, 0.078), (0.18, 0.095), (0.235, 0.08), (0.27, 0.05), (0.285, 0.1),
        (0.31, 0.105), (0.325, 0.06), (0.45, 0.07), (0.62, 0.11), (0.72, 0.15), (0.75, 0.19), (0.78, 0.17),
        (0.8, 0.2), (0.87, 0.215), (0.89, 0.21),
    ]  # fmt: skip
    colour = hsv(rng.uniform(0.05, 0.11), rng.uniform(0.2, 0.7), rng.choice([0.25, 0.85]))
    return _turned_body(rng, side, [(y, r * size) for y, r in profile], colour, [])


def mug(rng: np.random.Generator, side: int) -> Layer:
    """Draw a mug: a handle behind, a body, the opening and a drink."""
    wide, top, base = rng.uniform(0.19, 0.23), rng.uniform(0.2, 0.28), rng.uniform(0.78, 0.84)
    colour = hsv(rng.random(), rng.uniform(0.1, 0.8), rng.uniform(0.5, 0.95))
    axis, tilt = 0.45, 0.22
    profile = [
        (top, wide),
        (0.5 * (top + base), wide * rng.uniform(0.9, 1.05)),
        (base - 0.03, wide * 0.92),
        (base, wide * 0.82),
    ]
    band = hsv(rng.random(), 0.6, 0.8)
    body = _turned_body(rng, side, profile, colour, [(base - 0.2, base - 0.14, band)], axis=axis, tilt=tilt)
    ring = Raster(side)
    middle, reach = (axis + wide, 0.5 * (top + base)), 0.3 * (base - top)
    bow = ellipse(middle, 0.85 * reach, reach, count=48)
    bow = np.concatenate([bow, bow[:1]])
    for share in np.linspace(1, 0.1, 9):  # a round section: thinner strokes, lighter
        ring.strokes(
            (bow - [0.006 * (1 - share), 0.008 * (1 - share)])[None],
            np.array([0.052 * share]),
            colour * (0.55 + 0.5 * (1 - share)),
        )
    mouth = Raster(side)
    mouth.polygon(ellipse((axis, top), wide, tilt * wide), np.minimum(1.15 * colour + 0.05, 1))
    mouth.polygon(ellipse((axis, top + 0.002), 0.92 * wide, 0.9 * tilt * wide), 0.5 * colour)
    drink = ellipse((axis, top + 0.016), 0.88 * wide, 0.62 * tilt * wide)
    mouth.polygon(drink, hsv(0.07, 0.75, rng.uniform(0.12, 0.35)))
    return over(mouth.layer(), body, ring.layer())


def _turned_body(
    rng: np.random.Generator,
    side: int,
    profile: list[tuple[float, float]],
    colour: Float,
    bands: list[tuple[float, float, Float]],
    *,
    axis: float = 0.5,
    tilt: float = 0.16,
) -> Layer:
    shape = turned(side, profile, axis, tilt)
    straight = np.broadcast_to(colour, (side, side, 3))
    for low, high, other in bands:
        inside = np.clip(0.5 + np.minimum(shape.height - low, high - shape.height) * side, 0, 1)
        straight = straight + inside[..., None] * (other - straight)
    front = np.sqrt(np.maximum(1 - shape.across**2, 0.01))
    slope_x = shape.across / front
    slope_y = -shape.slope / front
    diffuse, shine = lit(slope_x, slope_y, lamp(rng), shine=rng.choice([12.0, 60.0]))
    straight = straight * (0.3 + 0.8 * diffuse)[..., None]
    # A window or a softbox stands beside every product that was ever photographed.
    window = (
        smoothstep(0.1, 0.04, np.abs(shape.across + 0.55)) * 0.25
        + smoothstep(0.05, 0.02, np.abs(shape.across - 0.72)) * 0.1
    )
    return glow(paint(straight, shape.cover), 0.6 * shine + window)
