"""Glassware: tumblers, wine glasses and bottles, with a drink or without."""

import numpy as np

from simd.generator.kit.curves import ellipse
from simd.generator.kit.lathe import Turned, turned
from simd.generator.kit.layer import Float, Layer, over, paint
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import edge, grid, ramp, smoothstep

MIRRORED = [(0.06, 0.09, 0.11), (0.34, 0.40, 0.43), (0.72, 0.78, 0.80), (1.0, 1.0, 1.0)]
"""What glass mirrors, from dark to bright."""


def vessel(rng: np.random.Generator, side: int, kind: str, tint: Float) -> Layer:
    """Draw a "tumbler", "wine" glass or "bottle"."""
    wide, top = rng.uniform(0.17, 0.22), rng.uniform(0.1, 0.18)
    if kind == "tumbler":
        profile = [(top + 0.06, wide), (0.55, 0.93 * wide), (0.86, 0.84 * wide), (0.89, 0.8 * wide)]
        inside, base = (top + 0.06, 0.82), 0.82
    elif kind == "wine":
        bowl = rng.uniform(0.46, 0.54)
        profile = [
            (top, 0.78 * wide), (0.6 * top + 0.4 * bowl, wide), (bowl - 0.06, 0.8 * wide), (bowl, 0.3 * wide),
            (bowl + 0.035, 0.014), (0.82, 0.012), (0.865, 0.02), (0.875, 0.045),
        ]  # fmt: skip
        inside, base = (top, bowl - 0.02), 0.87
    else:
        neck = 0.28 * wide
        profile = [
            (0.08, 1.2 * neck),
            (0.1, 1.25 * neck),
            (0.115, neck),
            (0.34, 1.1 * neck),
            (0.46, 0.9 * wide),
            (0.52, wide),
            (0.87, wide),
            (0.91, 0.93 * wide),
        ]
        inside, base = (0.12, 0.86), 0.86
    shape = turned(side, profile, tilt=0.14)
    # What a wall shows: at the rim the path through glass is long and mirrors the surroundings.
    u = np.abs(shape.across)
    wall = rng.uniform(0.84, 0.93)
    inner = np.exp(-(((u - wall) / 0.022) ** 2)) * (shape.height < base)
    rim = smoothstep(0.62, 1.0, u) ** 2.2
    noise = Noise(rng)
    bands = noise(shape.across * 0.9 + 3, 0.16 * shape.height, 4.5, octaves=2)
    thick = (
        smoothstep(base - 0.01, base + 0.012, shape.height)
        + (shape.height > inside[1]) * (kind == "wine") * 0.6
    )
    caustic = np.clip(noise(shape.across * 0.7, shape.height * 1.7 + 1.0, 9.0, octaves=3, ridged=True), 0, 2)
    alpha = 0.07 + 0.6 * rim + 0.33 * inner + np.clip(thick, 0, 1) * (0.2 + 0.35 * caustic)
    grey = 0.52 + 0.3 * bands + 0.35 * inner - 0.38 * rim * (bands < 0.2) + 0.45 * thick * (caustic - 0.5)
    window, wide_w = rng.uniform(-0.62, -0.45), rng.uniform(0.07, 0.13)
    span = smoothstep(inside[0] + 0.02, inside[0] + 0.05, shape.height) * smoothstep(
        inside[1] - 0.01, inside[1] - 0.08, shape.height
    )
    pane = smoothstep(wide_w, wide_w - 0.035, np.abs(shape.across - window)) * span
    pane = pane * (0.4 + 0.6 * smoothstep(0.012, 0.02, np.abs(shape.across - window)))
    thin = smoothstep(0.035, 0.012, np.abs(shape.across - 0.68)) * span
    shine = np.clip(0.75 * pane + 0.5 * thin, 0, 1)
    colour = ramp(np.clip(grey, 0, 1), MIRRORED) * tint
    colour = colour + shine[..., None] * (1 - colour)
    body = paint(colour, shape.cover * np.clip(np.maximum(alpha, 0.9 * shine), 0, 0.97))
    liquid = _liquid(rng, side, shape, inside) if kind != "bottle" and rng.random() < 0.5 else None
    parts = [_ring(side, profile[0], tint), body]
    if liquid is not None:
        parts.append(liquid)
    if kind == "wine":
        foot = (0.875, 0.77 * wide)
        parts += [_ring(side, foot, tint), _plate(side, foot, tint)]
    return over(*parts)


def _liquid(rng: np.random.Generator, side: int, shape: Turned, inside: tuple[float, float]) -> Layer:
    """Fill the vessel: tinted, its surface an ellipse with a bright edge."""
    level = inside[0] + rng.uniform(0.3, 0.6) * (inside[1] - inside[0])
    _, y = grid(side)
    colour = np.array([[0.75, 0.86, 0.9], [0.5, 0.04, 0.1], [0.85, 0.5, 0.12], [0.92, 0.85, 0.5]])[
        int(rng.integers(4))
    ]
    strong = rng.uniform(0.15, 0.6)
    full = (
        shape.cover
        * np.clip(0.5 + (shape.height - level) * side, 0, 1)
        * np.clip(0.5 + (inside[1] - shape.height) * side, 0, 1)
    )
    full = full * smoothstep(0.97, 0.9, np.abs(shape.across))
    body = paint(
        colour * (0.75 + 0.35 * np.abs(shape.across))[..., None],
        full * (strong + 0.25 * np.abs(shape.across) ** 3),
    )
    row = np.argmin(np.abs(y[:, 0] - level))
    radius = 0.93 * float(np.abs(shape.cover[row]).sum() / side / 2)
    top = Raster(side)
    top.polygon(ellipse((0.5, level), radius, 0.14 * radius), np.minimum(colour * 1.25 + 0.06, 1))
    surface = top.layer()
    return over(
        paint(surface.colour / np.maximum(surface.alpha, 1e-9)[..., None], surface.alpha * 0.45), body
    )


def _plate(side: int, circle: tuple[float, float], tint: Float) -> Layer:
    """Draw the foot of a glass: a clear disc that gathers light on its near edge."""
    x, y = grid(side)
    p, q = (x - 0.5) / circle[1], (y - circle[0]) / (0.14 * circle[1])
    far = np.sqrt(p * p + q * q)
    near = smoothstep(0.2, 1.0, q) * smoothstep(0.5, 0.95, far)
    cover = edge((far - 1) * 0.14 * circle[1], side)
    return paint((0.62 + 0.38 * near)[..., None] * tint, cover * (0.13 + 0.55 * near + 0.15 * far**4))


def _ring(side: int, circle: tuple[float, float], tint: Float) -> Layer:
    """Draw the edge of a round mouth or foot, (y, radius), as it is seen from above."""
    y, radius = circle
    ring = Raster(side)
    far = ellipse((0.5, y), radius, 0.14 * radius, count=96)
    ring.strokes(np.concatenate([far, far[:2]])[None], np.array([0.0065]), 0.62 * tint)
    ring.strokes(np.concatenate([far, far[:2]])[None] + [[0.0, -0.0012]], np.array([0.003]), tint)
    layer = ring.layer()
    return Layer(0.8 * layer.colour, 0.8 * layer.alpha)
