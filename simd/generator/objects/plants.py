"""Plants and who lives on them: a twig, a blossom, an insect, dew, a web."""

import numpy as np

from simd.generator.classes.flower import flower
from simd.generator.classes.insect import insect
from simd.generator.classes.spider_web import spider_web
from simd.generator.kit.curves import bezier, heading
from simd.generator.kit.layer import Float, Layer
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import grid, hsv
from simd.generator.objects.parts import (
    ClassLayer,
    bent,
    drawn_side,
    drop,
    leaf_blade,
    placed,
    shadowed,
    solid,
)


def twig(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw a branch with leaves: its course, season, size and number of leaves vary."""
    bark = hsv(rng.uniform(0.05, 0.1), rng.uniform(0.2, 0.5), rng.uniform(0.25, 0.45))
    green, teeth = _green(rng), rng.choice([0.0, 0.1, 0.16])
    wood, below, above = Raster(side), Raster(side), Raster(side)
    hand = rng.choice([-1, 1])
    foot = np.array([0.5 - hand * 0.44, rng.uniform(0.75, 0.9)])
    main = bent(
        foot,
        np.arctan2(-0.55, hand * 1.0) + rng.normal(0, 0.1),
        rng.uniform(0.95, 1.05),
        -hand * rng.uniform(0.1, 0.5),
        60,
    )
    main = np.clip(main, 0.06, 0.94)
    _bough(wood, main, (0.026, 0.005), bark)
    length = rng.uniform(0.13, 0.2)
    for k, at in enumerate(np.linspace(8, 59, int(rng.integers(5, 8))).astype(int)):
        ahead = main[min(at + 1, 59)] - main[max(at - 1, 0)]
        way = np.arctan2(ahead[1], ahead[0])
        aside = (1 if k % 2 else -1) * rng.uniform(0.6, 1.0) if at < 56 else 0.0
        shoot = bent(main[at], way + aside, rng.uniform(0.1, 0.22), rng.normal(0, 0.4), 20)
        _bough(wood, shoot, (0.010, 0.003), bark)
        for node in (6, 12, 19):
            lean = way + aside + (0.0 if node == 19 else rng.choice([-1, 1]) * rng.uniform(0.6, 1.1))
            raster = above if rng.random() < 0.6 else below
            _stalked(rng, raster, shoot[node], lean, length * rng.uniform(0.7, 1.15), green, teeth)
    x, y = grid(side)
    rough = 1 + 0.1 * Noise(rng)(x, y, 45.0, octaves=2)
    top = above.layer()
    branch = solid(wood, rough)
    return [
        ClassLayer("leaf", top),
        ClassLayer("tree", shadowed(branch, top, 0.01, 0.35)),
        ClassLayer("leaf", below.layer()),
    ]


def blossom(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw a flower among long leaves that rise from its foot."""
    scale = rng.uniform(0.82, 0.95)
    centre = (0.5, 0.97 - 0.5 * scale)
    bloom = placed(flower(rng, drawn_side(side, scale)), side, scale, centre)
    green = _green(rng, fresh=True)
    behind, front = Raster(side), Raster(side)
    count = int(rng.integers(5, 9))
    for k in range(count):
        raster = front if k % 3 == 2 else behind
        lean = -np.pi / 2 + (k / (count - 1) - 0.5) * rng.uniform(1.2, 1.7) + rng.normal(0, 0.08)
        tall = rng.uniform(0.4, 0.68) * (1 if raster is behind else 0.65)
        spine = bent(
            (0.5 + rng.normal(0, 0.02), 0.955), lean, tall, np.sign(np.cos(lean)) * rng.uniform(0.1, 0.7), 30
        )
        leaf_blade(
            rng, raster, np.clip(spine, 0.03, 0.97), rng.uniform(0.045, 0.085), green * rng.uniform(0.85, 1.1)
        )
    top = front.layer()
    return [
        ClassLayer("leaf", top),
        ClassLayer("flower", bloom),
        ClassLayer("leaf", shadowed(behind.layer(), bloom, 0.012, 0.3)),
    ]


def visitor(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw an insect that sits on the edge of a leaf, so that legs and wings stand out over it."""
    green = _green(rng, fresh=True)
    lean = rng.uniform(-0.5, 0.5) + rng.choice([0.0, np.pi])
    length = rng.uniform(0.8, 0.92)
    foot = np.array([0.5, 0.64]) - 0.5 * length * heading(lean)
    raster = Raster(side)
    spine = bent(foot, lean, length, rng.normal(0, 0.15), 40)
    raster.strokes(bent(foot, lean + np.pi, 0.06, 0.3, 8)[None], np.array([0.014]), 0.8 * green)
    leaf_blade(rng, raster, spine, rng.uniform(0.24, 0.34), green, teeth=rng.choice([0.0, 0.05]))
    scale = rng.uniform(0.74, 0.9)
    animal = placed(
        insect(rng, drawn_side(side, scale)),
        side,
        scale,
        (0.5 + rng.normal(0, 0.05), 0.42),
        rng.uniform(-0.6, 0.6),
    )
    x, y = grid(side)
    blade_ = solid(raster, 1 + 0.07 * Noise(rng)(x, y, 14.0, octaves=3) + 0.25 * (0.5 - y))
    return [ClassLayer("insect", animal), ClassLayer("leaf", shadowed(blade_, animal, 0.018, 0.5))]


def dew(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw leaves bent by drops: number, size and places of the drops vary."""
    green = _green(rng, fresh=True)
    raster = Raster(side)
    drops: list[Layer] = []
    count = int(rng.integers(2, 5))
    for k in range(count):
        lean = np.pi / 2 + (k - (count - 1) / 2) * rng.uniform(0.45, 0.65) + rng.normal(0, 0.08)
        length = rng.uniform(0.5, 0.7)
        spine = bent(
            (0.5 + 0.02 * k, 0.08), lean, length, -np.sign(np.cos(lean)) * rng.uniform(0.0, 0.35), 36
        )
        spine = np.clip(spine, 0.06, 0.94)
        leaf_blade(rng, raster, spine, rng.uniform(0.12, 0.2), green * rng.uniform(0.85, 1.1))
        radius = rng.uniform(0.026, 0.045)
        drops.append(
            drop(side, (spine[-1, 0], spine[-1, 1] + 0.75 * radius), radius, rng.uniform(1.15, 1.45))
        )
        for node in rng.integers(10, 32, int(rng.integers(2, 6))):
            size = rng.uniform(0.009, 0.024)
            at = spine[node] + rng.uniform(-0.055, 0.055, 2)
            drops.append(drop(side, (at[0], at[1]), size, rng.uniform(0.9, 1.1)))
    raster.strokes(
        bezier(np.array([[0.5, 0.1], [0.5, 0.06], [0.47, 0.02]]), 10)[None], np.array([0.012]), 0.8 * green
    )
    x, y = grid(side)
    leaves = solid(raster, 1.05 + 0.07 * Noise(rng)(x, y, 14.0, octaves=3) - 0.3 * (y - 0.4))
    for water in drops:
        leaves = shadowed(leaves, water, 0.008, 0.35)
    return [*(ClassLayer("water_drop", water) for water in drops), ClassLayer("leaf", leaves)]


def web(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw a web that is held by twigs to its left, right and above."""
    threads = spider_web(rng, side)
    bark = hsv(rng.uniform(0.05, 0.1), rng.uniform(0.15, 0.5), rng.uniform(0.2, 0.42))
    wood = Raster(side)
    for hand in (-1, 1):
        foot = np.array([0.5 + hand * rng.uniform(0.3, 0.4), 0.98])
        knee = np.array([0.5 + hand * rng.uniform(0.42, 0.47), rng.uniform(0.4, 0.6)])
        tip = np.array([0.5 + hand * rng.uniform(0.2, 0.42), 0.03])
        bough = bezier(np.stack([foot, knee, 0.5 * (knee + tip) + [hand * 0.05, 0], tip]), 40)
        _bough(wood, bough, (rng.uniform(0.016, 0.03), 0.006), bark)
        for node in rng.integers(6, 36, int(rng.integers(4, 8))):
            way = rng.normal(-np.pi / 2, 0.9)
            _bough(
                wood,
                np.clip(bent(bough[node], way, rng.uniform(0.06, 0.16), rng.normal(0, 0.5), 12), 0.02, 0.98),
                (0.008, 0.002),
                bark,
            )
    if rng.random() < 0.6:
        across = bezier(
            np.array(
                [[0.08, 0.16], [0.3, rng.uniform(0.02, 0.1)], [0.7, rng.uniform(0.02, 0.12)], [0.93, 0.14]]
            ),
            40,
        )
        _bough(wood, across, (0.014, 0.006), bark)
    x, y = grid(side)
    return [
        ClassLayer("spider_web", threads),
        ClassLayer("tree", solid(wood, 1 + 0.14 * Noise(rng)(x, y, 50.0, octaves=2))),
    ]


def _green(rng: np.random.Generator, *, fresh: bool = False) -> Float:
    hue = rng.choice([0.24, 0.28, 0.32]) if fresh else rng.choice([0.22, 0.27, 0.32, 0.12, 0.06, 0.02])
    return hsv(hue + rng.normal(0, 0.012), rng.uniform(0.5, 0.75), rng.uniform(0.45, 0.68))


def _bough(raster: Raster, path: Float, ends: tuple[float, float], bark: Float) -> None:
    """Draw round wood along a path, thick to thin, lit from the left."""
    width = np.linspace(*ends, len(path))
    for part, tone in zip((0.0, -0.18, -0.28), (0.7, 1.05, 1.3), strict=True):
        shifted = path + part * width[:, None] * np.array([0.9, 0.9])
        raster.strokes(shifted[None], width * (1 - 1.9 * abs(part)), np.clip(bark * tone, 0, 1))


def _stalked(
    rng: np.random.Generator,
    raster: Raster,
    foot: Float,
    lean: float,
    length: float,
    green: Float,
    teeth: float,
) -> None:
    stalk = bent(foot, lean, 0.2 * length, 0.2, 6)
    raster.strokes(stalk[None], np.array([0.004]), 0.7 * green)
    spine = np.clip(bent(stalk[-1], lean + 0.1, length, rng.normal(0.25, 0.3), 24), 0.02, 0.98)
    tint = green * rng.uniform(0.78, 1.15) * (1 + rng.normal(0, 0.05, 3))
    leaf_blade(rng, raster, spine, length * rng.uniform(0.42, 0.55), np.clip(tint, 0, 1), teeth=teeth)
