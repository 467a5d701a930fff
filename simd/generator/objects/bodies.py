"""Bodies with hair or fur: a portrait, an animal with a collar."""

import numpy as np

from simd.generator.classes.fur import fur
from simd.generator.kit.curves import bezier, ellipse, heading, wander
from simd.generator.kit.layer import Float, over, shade
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import blur, grid, hsv
from simd.generator.objects.parts import ClassLayer, shadowed
from simd.generator.parts.bust import HEAD, RADII, bust, person

_POINTS = 24


def portrait(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw a head seen from the front with long hair: length, waves, wind, colours vary."""
    who = person(rng)
    reach, wave, wind = rng.uniform(0.26, 0.5), rng.uniform(0.0, 0.014), rng.normal(0, 0.1)
    parting = 0.5 + rng.normal(0, 0.03)
    behind, front = Raster(side), Raster(side)
    behind.polygon(ellipse(HEAD - [0, 0.01], *(RADII * 1.06)), 0.3 * who.hair)
    for hand in (-1, 1):
        for raster, count, tone in ((behind, 700, 0.6), (front, 420, 1.0)):
            _lock(rng, raster, (hand, parting), (reach, wave, wind), who.hair * tone, count, raster is front)
    _flyaway(rng, behind, reach, wind, who.hair)
    x, y = grid(side)
    body = bust(rng, side, who, True)
    hair = front.layer()
    gloss = 1 + 0.5 * np.exp(-(((y - 0.26 - 0.25 * (x - 0.5) ** 2) / 0.035) ** 2))
    return [
        ClassLayer("hair_hard", shade(hair, gloss)),
        ClassLayer("sharp", shadowed(body, hair, 0.012, 0.35)),
        ClassLayer("hair_hard", behind.layer()),
    ]


def _lock(
    rng: np.random.Generator, raster: Raster, side_: tuple[int, float], habit: tuple[float, float, float],
    hair: Float, count: int, front: bool,
) -> None:  # fmt: skip
    """Let hair fall from the parting past one side of the face, or behind it."""
    (hand, parting), (reach, wave, wind) = side_, habit
    root = np.stack(
        [parting + hand * rng.random(count) ** 2 * 0.035, 0.178 + 0.012 * rng.random(count)], axis=-1
    )
    outer = rng.uniform(0.86, 1.28, count) if front else rng.uniform(0.3, 1.32, count)
    temple = HEAD + np.stack([hand * RADII[0] * outer, rng.uniform(-0.09, -0.02, count)], axis=-1)
    low = np.stack(
        [
            0.5
            + hand * (0.10 + 0.05 * outer + rng.normal(0, 0.022, count))
            + wind * rng.uniform(0.5, 1.0, count),
            HEAD[1] + reach * rng.uniform(0.62, 1.08, count),
        ],
        axis=-1,
    )
    crown = np.stack([root[:, 0] + hand * 0.06, root[:, 1] - 0.035], axis=-1)
    paths = bezier(np.stack([root, crown, temple + [0, -0.05], temple + [0, 0.12], low], axis=1), _POINTS)
    bunches = 40
    bunch = rng.integers(0, bunches, count)
    t = np.linspace(0, 1, _POINTS)
    phase = (
        rng.uniform(0, 6.28, bunches)[bunch][:, None]
        + 2 * np.pi * rng.uniform(2, 4, bunches)[bunch][:, None] * t
    )
    sway = wave * np.clip(2 * t - 0.5, 0, 1) * np.sin(phase)
    paths = paths + np.stack([sway, 0 * sway], axis=-1)
    paths = paths + 0.013 * t[:, None] ** 2 * np.moveaxis(wander(rng, (count, 2), _POINTS), 1, 2)
    widths = rng.uniform(0.0016, 0.0032, count)[:, None] * np.linspace(1.3, 0.35, _POINTS)
    tones = hair * rng.normal(0.95, 0.2, (count, 1)) * (0.7 + 0.45 * np.clip(outer[:, None] - 0.4, 0, 0.8))
    raster.strokes(paths, widths, np.clip(tones, 0, 1)[:, None] * np.array([[1.1], [0.95], [0.8], [0.95]]))


def _flyaway(rng: np.random.Generator, raster: Raster, reach: float, wind: float, hair: Float) -> None:
    count = int(rng.integers(90, 220))
    angle = -np.pi / 2 + rng.uniform(-1, 1, count) * 2.0
    root = HEAD + heading(angle) * RADII * 1.02
    t = np.linspace(0, 1, _POINTS)
    out = heading(angle + rng.normal(0, 0.4, count)) * rng.uniform(0.05, 0.16, (count, 1))
    paths = root[:, None] + t[:, None] * out[:, None]
    paths[..., 1] += reach * rng.uniform(0.1, 0.7, (count, 1)) * t**1.8
    paths[..., 0] += wind * t**1.5
    paths = paths + 0.02 * t[:, None] * np.moveaxis(wander(rng, (count, 2), _POINTS), 1, 2)
    widths = rng.uniform(0.0008, 0.0014, (count, 1)) * np.linspace(1.2, 0.4, _POINTS)
    raster.strokes(np.clip(paths, 0.02, 0.985), widths, hair * rng.uniform(0.8, 1.3, (count, 1, 1)))


def collar(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw an animal with a collar at its neck, a tag on it, and fur that falls over its upper edge."""
    animal = fur(rng, side)
    row, left, right = _neck(animal.alpha)
    leather = hsv(
        rng.choice([0.0, 0.03, 0.08, 0.33, 0.6, 0.95]), rng.uniform(0.6, 0.9), rng.uniform(0.3, 0.8)
    )
    middle, half, tall, sag = (left + right) / 2, 0.52 * (right - left), rng.uniform(0.022, 0.032), 0.05
    t = np.linspace(-1, 1, 60)
    line = np.stack([middle + half * t, row + sag * np.sqrt(np.clip(1 - t * t, 0, 1)) - 0.02], axis=-1)
    band, strands = Raster(side), Raster(side)
    for part, tone in zip(np.linspace(-0.45, 0.45, 7), (0.75, 1.0, 1.15, 1.1, 1.0, 0.85, 0.6), strict=True):
        band.strokes((line + [0, part * tall])[None], np.array([tall / 6]), np.clip(leather * tone, 0, 1))
    studs = line[6:-6:5]
    band.discs(studs, np.array([0.16 * tall] * len(studs)), np.array([0.85, 0.83, 0.75]))
    hang = line[30] + [0, 0.5 * tall]
    band.discs((hang + [0, 0.02])[None], np.array([0.021]), np.array([0.55, 0.4, 0.12]))
    band.discs((hang + [0, 0.0195])[None], np.array([0.0185]), np.array([0.9, 0.72, 0.3]))
    band.discs((hang + [-0.005, 0.014])[None], np.array([0.006]), np.array([1.0, 0.93, 0.7]))
    straps = band.layer()
    count = 700
    at = rng.uniform(-0.97, 0.97, count)
    root = np.stack([middle + half * at, row + sag * np.sqrt(1 - at * at) - 0.02 - 0.5 * tall], axis=-1)
    root[:, 1] -= rng.uniform(0.004, 0.016, count)
    pixel = np.clip((root * side).astype(int), 0, side - 1)
    tone = (
        animal.colour[pixel[:, 1], pixel[:, 0]]
        / np.maximum(animal.alpha[pixel[:, 1], pixel[:, 0]], 0.3)[:, None]
    )
    way = np.stack([0.5 * at + rng.normal(0, 0.35, count), np.ones(count)], axis=-1)
    tip = root + rng.uniform(0.014, 0.03, (count, 1)) * way
    paths = bezier(np.stack([root, 0.5 * (root + tip) + [0, 0.003], tip], axis=1), 6)
    strands.strokes(
        paths, np.array([0.0026, 0.0026, 0.0022, 0.0016, 0.001, 0.0004]), np.clip(tone * 1.04, 0, 1)[:, None]
    )
    over_edge = strands.layer()
    return [
        ClassLayer("fur", over_edge),
        ClassLayer("sharp", shadowed(straps, over_edge, 0.006, 0.5)),
        ClassLayer("fur", shadowed(animal, over(straps), 0.012, 0.45)),
    ]


def _neck(alpha: Float) -> tuple[float, float, float]:
    """Return the row where a body between head and chest is narrowest, and its two sides there."""
    side = len(alpha)
    body = blur(alpha, 0.012 * side) > 0.6
    rows = range(round(0.44 * side), round(0.62 * side))
    spans = []
    for row in rows:
        run = np.flatnonzero(body[row])
        inside = run[np.abs(run - side / 2) < 0.3 * side]
        spans.append(
            (inside[0], inside[-1]) if inside.size else (side // 2 - side // 8, side // 2 + side // 8)
        )
    best = int(np.argmin([b - a for a, b in spans]))
    return rows[best] / side, spans[best][0] / side, (spans[best][1] + 1) / side
