"""Smoke and clouds: a rising plume, a cumulus, wisps of steam, a burst of dust."""

import numpy as np

from simd.dataset.synthetic.layer import Float, Layer, paint
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.shading import grid, smoothstep


def smoke_cloud(rng: np.random.Generator, side: int) -> Layer:
    """Draw smoke: its kind, course, turbulence, density, colour and light vary."""
    x, y = grid(side)
    kind = rng.choice(["plume", "cumulus", "wisps", "burst"])
    warp_x, warp_y, billow, fine = (Noise(rng) for _ in range(4))
    bend = rng.uniform(0.04, 0.09)
    u = x + bend * warp_x(x, y, 2.2, octaves=5)
    v = y + bend * warp_y(x, y, 2.2, octaves=5)
    tint = np.array([1.0, 1.0, 1.0]) + rng.uniform(-1, 1) * np.array([0.05, 0.0, -0.06])
    dark = rng.random() < 0.35 and kind in ("plume", "burst")
    white = rng.uniform(0.3, 0.55) if dark else rng.uniform(0.86, 1.0)
    veiled = 0.2 if kind == "wisps" else 1.0  # thin steam hardly shades itself
    if kind == "wisps":
        density = _wisps(rng, (x, y), (u, v), fine)
    else:
        shape = {"plume": _plume, "cumulus": _cumulus, "burst": _burst}[kind](rng, u, v)
        # Billows: ridged noise turned over has round bumps and sharp valleys, as cauliflower has.
        bumps = -billow(u, v, rng.uniform(4.0, 6.0), octaves=5, gain=0.55, ridged=True)
        density = np.clip(
            shape + 0.33 * bumps * smoothstep(-0.5, 0.1, shape) + 0.06 * fine(u, v, 22.0, octaves=3), 0, None
        )
        density = density * (1.2 + 0.3 * bumps)
    near = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    density = np.clip(density, 0, None) * smoothstep(0.01, 0.12, near)
    thick = {"plume": 4.5, "cumulus": 7.0, "wisps": 1.3, "burst": 3.5}[kind] * rng.uniform(0.4, 1.3)
    alpha = 1 - np.exp(-thick * density)
    # Light falls from above and is lost on its way through the smoke.
    slant = round(rng.uniform(-0.04, 0.04) * side)
    above = np.cumsum(density, axis=0) / side
    above = np.roll(above, slant, axis=1)
    toward = density - np.roll(np.roll(density, side // 40 + 1, axis=0), slant // 2, axis=1)
    light = 0.35 + 0.65 * np.exp(-rng.uniform(3.5, 7.0) * above) + 0.45 * np.clip(toward, -0.5, 0.5)
    light = 1 + veiled * (light - 1)
    cool = np.array([0.92, 0.97, 1.08])
    colour = white * tint * np.clip(light, 0.25, 1.08)[..., None]
    colour = colour * (1 + (cool - 1) * (1 - np.clip(light, 0, 1))[..., None] * 1.5)
    return paint(colour, alpha)


def _plume(rng: np.random.Generator, u: Float, v: Float) -> Float:
    drift, curve, foot = rng.uniform(-0.22, 0.22), rng.uniform(-1, 1) * 0.07, rng.uniform(0.03, 0.08)
    h = np.clip(0.95 - v, 0, 1)
    centre = 0.5 - drift / 2 + drift * h + curve * np.sin(5 * h)
    width = foot + rng.uniform(0.3, 0.46) * h**0.8
    return (
        0.55 - 0.8 * ((u - centre) / width) ** 2 - smoothstep(0.72, 0.95, h) * 0.8 - smoothstep(0.02, 0.0, h)
    )


def _cumulus(rng: np.random.Generator, u: Float, v: Float) -> Float:
    base = rng.uniform(0.66, 0.74)
    total: Float = np.full(np.broadcast_shapes(u.shape, v.shape), -1.0)
    for _ in range(int(rng.integers(6, 11))):
        off = rng.uniform(-1, 1)
        radius = rng.uniform(0.09, 0.17) * (1.15 - 0.5 * abs(off))
        centre = (0.5 + 0.29 * off, base - 0.06 - rng.uniform(0, 0.26) * (1 - off * off))
        far = np.sqrt((u - centre[0]) ** 2 + (v - centre[1]) ** 2) / radius
        total = np.maximum(total, 0.75 * (1 - far**2))
    return total - smoothstep(base - 0.02, base + 0.12, v) * 1.4


def _burst(rng: np.random.Generator, u: Float, v: Float) -> Float:
    flat = rng.uniform(0.8, 1.35)
    far = np.sqrt((u - 0.5) ** 2 * flat + (v - 0.5) ** 2 / flat) / rng.uniform(0.27, 0.36)
    return 0.6 - 0.75 * far**1.6


def _wisps(
    rng: np.random.Generator, at: tuple[Float, Float], bent: tuple[Float, Float], fine: Noise
) -> Float:
    (x, y), (u, v) = at, bent
    total: Float = np.zeros(np.broadcast_shapes(x.shape, y.shape))
    h = np.clip(0.95 - y, 0, 1)
    for _ in range(int(rng.integers(3, 6))):
        phase, turns, drift = rng.uniform(0, 6.28), rng.uniform(5, 10), rng.uniform(-0.15, 0.15)
        swing, width = rng.uniform(0.3, 1.0) * 0.16, rng.uniform(0.02, 0.05)
        centre = 0.5 + drift * h + swing * h * np.sin(turns * h + phase)
        wide = width * (0.35 + 2.2 * h)
        across = (0.4 * x + 0.6 * u - centre) / wide
        total = total + np.exp(-across * across) * (0.9 - 0.7 * h)
        # A sheet seen edge on: one border of a wisp is a bright thin line.
        rim = (across - 0.9) / 0.22
        total = total + 0.6 * np.exp(-rim * rim) * smoothstep(0.0, 0.2, h) * (1 - h)
    veil = 0.75 + 0.4 * fine(u * 1.6, v * 0.8, 5.0, octaves=4)
    return total * np.clip(veil, 0.05, None) * smoothstep(0.0, 0.03, h) * smoothstep(0.9, 0.5, h)
