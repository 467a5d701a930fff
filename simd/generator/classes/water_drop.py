"""Water drops: falling drops, a dripping jet, a thrown string of water; clear bodies with rims and glints."""

from typing import NamedTuple

import numpy as np

from simd.generator.kit.curves import through
from simd.generator.kit.layer import Float, Layer, over, paint
from simd.generator.kit.noise import Noise
from simd.generator.kit.shading import grid, ramp, smoothstep


class _Drop(NamedTuple):
    x: float
    y: float
    radius: float
    stretch: float  # 0 for a ball, 1 for a long tear
    lean: float  # radians


def water_drop(rng: np.random.Generator, side: int) -> Layer:
    """Draw drops or a jet.

    The kind is falling drops (0.35), a jet that breaks (0.2), thrown water (0.25) or beads on a surface
    (0.2). Uniform: number, places, stretch, lean, tint. Radii are a power of a uniform variate, so that
    small drops outnumber large ones; those of beads are lognormal.
    """
    tint = np.array([rng.uniform(0.72, 0.95), rng.uniform(0.85, 0.98), 1.0])
    noise = Noise(rng)
    kind = rng.choice(["fall", "jet", "string", "beads"], p=[0.35, 0.2, 0.25, 0.2])
    body = _jet(rng, side, tint, noise) if kind == "jet" else paint(tint, np.zeros((side, side)))
    drops = {"fall": _falling, "jet": _dripping, "string": _string, "beads": _beads}[kind](rng)
    for drop in drops:
        body = _add(body, drop, tint, noise)
    return body


def _falling(rng: np.random.Generator) -> list[_Drop]:
    lean = rng.uniform(-0.4, 0.4)
    drops = []
    for _ in range(int(rng.integers(4, 15))):
        radius = 0.022 + 0.1 * rng.random() ** 2.2
        x, y = rng.uniform([0.2, 0.26], [0.8, 0.8])
        y = max(y, 0.05 + 2.4 * radius)  # the tip stays inside
        drops.append(_Drop(x, y, radius, rng.uniform(0.0, 1.0), lean + rng.normal(0, 0.08)))
    return drops


def _dripping(rng: np.random.Generator) -> list[_Drop]:
    heights = np.linspace(0.76, 0.9, int(rng.integers(2, 6)))
    return [
        _Drop(0.5 + rng.normal(0, 0.008), y, rng.uniform(0.014, 0.032), rng.random(), 0.0) for y in heights
    ]


def _beads(rng: np.random.Generator) -> list[_Drop]:
    """Let drops sit on a surface without touching, as on a pane or a leaf."""
    drops: list[_Drop] = []
    for radius in sorted(
        0.016 * np.exp(0.75 * rng.standard_normal(int(rng.integers(60, 160)))), reverse=True
    ):
        size, (x, y) = min(float(radius), 0.085), rng.uniform(0.12, 0.88, 2)
        if all((d.x - x) ** 2 + (d.y - y) ** 2 > (1.15 * (d.radius + size)) ** 2 for d in drops):
            drops.append(_Drop(x, y, size, rng.uniform(0, 0.12), rng.normal(0, 0.2)))
    return drops


def _string(rng: np.random.Generator) -> list[_Drop]:
    """Throw water: drops of all sizes along a bow."""
    knots = np.stack([np.linspace(0.14, 0.86, 4), rng.uniform(0.22, 0.75, 4)], axis=-1)
    places = through(knots, int(rng.integers(16, 40)))
    places = places + rng.normal(0, 0.022, places.shape)
    sizes = 0.009 + 0.06 * rng.random(len(places)) ** 2.2
    return [
        _Drop(x, y, size, rng.uniform(0, 0.6), rng.uniform(-1.6, 1.6))
        for (x, y), size in zip(places, sizes, strict=True)
    ]


def _add(body: Layer, drop: _Drop, tint: Float, noise: Noise) -> Layer:
    """Lay one drop over `body`: round below, drawn out above."""
    side = len(body.alpha)
    x, y = grid(side)
    radius, stretch = drop.radius, drop.stretch
    reach = radius * (1.2 + 1.6 * stretch) + 3 / side
    rows = slice(max(int((drop.y - reach) * side), 0), int((drop.y + reach) * side) + 2)
    columns = slice(max(int((drop.x - reach) * side), 0), int((drop.x + reach) * side) + 2)
    x, y = np.broadcast_arrays(x[:, columns], y[rows])
    dx, dy = (x - drop.x) / radius, (y - drop.y) / radius
    c, s = np.cos(drop.lean), np.sin(drop.lean)
    p, q = c * dx + s * dy, c * dy - s * dx
    up = np.clip(-q, 0, None)
    long = 1 + 1.4 * stretch
    # Above the centre the drop is an ellipse `long` times as high, pinched towards its tip.
    q_round = np.where(q < 0, q / long, q)
    pinch = 1 - 0.55 * stretch * smoothstep(0, long, up)
    far = np.sqrt((p / pinch) ** 2 + q_round**2)
    far = far + 0.02 * noise(x, y, 6.0)
    cover = np.clip(0.5 + (1 - far) * radius * side * pinch, 0, 1)
    top = _water(p / pinch, q_round, far, tint, cover)
    part = over(top, Layer(body.colour[rows, columns], body.alpha[rows, columns]))
    body.colour[rows, columns], body.alpha[rows, columns] = part
    return body


def _water(p: Float, q: Float, far: Float, tint: Float, cover: Float) -> Layer:
    """Shade a ball of water seen at (p, q), `far` = 1 on its rim: dark above, bright below, with glints."""
    far = np.clip(far, 0, 1)
    rim = far**5
    low = np.exp(-((p - 0.25) ** 2 + (q - 0.52) ** 2) / 0.09)  # light gathered on the far side
    glint = smoothstep(0.24, 0.13, np.sqrt((p + 0.36) ** 2 * 1.4 + (q + 0.42) ** 2))
    small = smoothstep(0.10, 0.04, np.sqrt((p - 0.38) ** 2 + (q - 0.5) ** 2))
    grey = np.clip(0.50 + 0.42 * q * far - 0.25 * rim * (q < 0.3) + 0.6 * low, 0.08, 1)
    alpha = 0.13 + 0.65 * rim + 0.28 * smoothstep(0.45, 0.9, far) + 0.45 * low
    colour = ramp(grey, [(0.03, 0.06, 0.10), tuple(0.55 * tint), (0.95, 0.98, 1.0)])
    shine = np.clip(glint + small, 0, 1)
    colour = colour + (1 - colour) * shine[..., None]
    return paint(colour, cover * np.clip(np.maximum(alpha, shine), 0, 1))


def _jet(rng: np.random.Generator, side: int, tint: Float, noise: Noise) -> Layer:
    """Draw a jet from a tap: it thins as it falls, then swells into beads and breaks."""
    x, y = grid(side)
    thick, beads = rng.uniform(0.035, 0.085), rng.uniform(50, 85)
    end = rng.uniform(0.62, 0.7)
    top = 0.07
    fallen = np.clip((y - top) / (end - top), 0, 1)
    ripple = smoothstep(0.3, 1.0, fallen) * 0.4 * np.sin(beads * y + 3 * noise(y * 0, y, 3.0))
    radius = thick * (0.5 + 0.5 / (1 + 4 * fallen)) * (1 + ripple)
    # The skin of the water rounds both ends; the upper one, thrown off first, has drawn into a bulb.
    for rest in ((end - y) / (2 * thick), (y - top) / (0.9 * thick)):
        radius = radius * np.sqrt(1 - (1 - np.clip(rest, 0, 1)) ** 2)
    radius = radius * (1 - 0.4 * np.exp(-(((y - top - 2.6 * thick) / (1.1 * thick)) ** 2)))
    centre = 0.5 + 0.006 * smoothstep(0.1, 1, fallen) * noise(y * 0, y + 0.31, 5.0, octaves=2)
    p = (x - centre) / np.maximum(radius, 1e-4)
    far = np.abs(p)
    cover = np.clip(0.5 + (radius - np.abs(x - centre)) * side, 0, 1) * (radius > 0)
    twist = 0.5 * noise(p * 0.2 + 3, y * np.ones_like(p) * 0.7, 6.0, octaves=2)
    return _water(np.clip(p, -1, 1), np.clip(twist, -0.9, 0.9), far, tint, cover)
