"""Smoke and clouds: a plume, wisps of incense, a bank of mist, a puff of dust, a cumulus."""

from collections.abc import Callable

import numpy as np

from simd.generator.kit.layer import Float, Layer, paint
from simd.generator.kit.noise import Noise
from simd.generator.kit.shading import blur, grid, smoothstep

_At = tuple[Float, Float]


def smoke_cloud(rng: np.random.Generator, side: int) -> Layer:
    """Draw smoke.

    The kind is a plume (0.3), wisps (0.2), a bank (0.15), a puff (0.2) or a cumulus (0.15). Uniform:
    course, width, turbulence, light, and depth: about 0.6 to 3 through the middle, 3 to 5 in a cumulus.
    A third of the plumes and puffs is dark, with a grey of 0.2 to 0.5; all else has 0.85 to 1.
    """
    x, y = grid(side)
    kind = str(rng.choice(list(_KINDS), p=[0.3, 0.2, 0.15, 0.2, 0.15]))
    warp_x, warp_y, billow = (Noise(rng) for _ in range(3))
    bend = rng.uniform(0.045, 0.1) * (0.7 if kind == "cumulus" else 1.0)
    u = x + bend * warp_x(x, y, 2.4, octaves=6, gain=0.55)
    v = y + bend * warp_y(x, y, 2.4, octaves=6, gain=0.55)
    density = _KINDS[kind](rng, (x + 0 * y, y + 0 * x), (u, v), billow)
    near = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    density = np.clip(density, 0, None) * smoothstep(0.01, 0.14, near)
    deep = {"plume": (1.2, 3.0), "cumulus": (3.0, 5.0), "puff": (0.9, 2.2)}.get(kind, (0.6, 1.6))
    alpha = 1 - np.exp(-rng.uniform(*deep) * density)
    dark = rng.random() < 0.35 and kind in ("plume", "puff")
    white = rng.uniform(0.2, 0.5) if dark else rng.uniform(0.85, 1.0)
    tint = 1 + rng.uniform(-1, 1) * np.array([0.06, 0.0, -0.07])
    light = _lit(rng, density, 1.0 if kind == "cumulus" else 0.55, side)
    cool = np.array([-0.08, -0.03, 0.08]) * np.clip(1 - light, 0, 1)[..., None]
    return paint(white * tint * light[..., None] + white * cool, alpha)


def _lit(rng: np.random.Generator, density: Float, strength: float, side: int) -> Float:
    """Return the light that is left after the way through the smoke, from above and one side."""
    slant = rng.uniform(-0.05, 0.05)
    above = np.roll(np.cumsum(density, axis=0) / side, round(slant * side), axis=1)
    soft = blur(density, 0.008 * side)
    step = max(side // 48, 1)
    toward = soft - np.roll(np.roll(soft, step, axis=0), round(8 * slant * step), axis=1)
    light = 0.42 + 0.58 * np.exp(-rng.uniform(2.5, 5.0) * above) + 0.5 * np.clip(toward, -0.6, 0.6)
    return np.clip(1 + strength * (light - 1), 0.25, 1.08)


def _plume(rng: np.random.Generator, at: _At, bent: _At, billow: Noise) -> Float:
    """Rise from a small foot, drift with the wind, widen and thin out."""
    (_, y), (u, v) = at, bent
    h = np.clip(0.94 - (0.5 * y + 0.5 * v), 0, 1)
    drift, curve, foot = rng.uniform(-0.35, 0.35), rng.uniform(-0.06, 0.06), rng.uniform(0.02, 0.05)
    centre = 0.5 - 0.45 * drift + drift * h**1.4 + curve * np.sin(6 * h)
    width = foot + rng.uniform(0.2, 0.32) * h**0.9
    across = (u - centre) / width
    bumps = -billow(u, v, rng.uniform(4.5, 7.0), octaves=6, gain=0.55, ridged=True)
    torn = np.exp(rng.uniform(0.5, 0.85) * bumps)
    fresh = 0.5 + 0.7 * np.exp(-h / 0.3)
    return fresh * np.exp(-across * across) * torn * smoothstep(0.0, 0.1, h) * smoothstep(0.95, 0.4, h)


def _wisps(rng: np.random.Generator, at: _At, bent: _At, billow: Noise) -> Float:
    """Let thin sheets of steam rise and curl; a sheet seen edge on is a bright line."""
    (x, y), (u, v) = at, bent
    total: Float = np.zeros(x.shape)
    h = np.clip(0.95 - y, 0, 1)
    for _ in range(int(rng.integers(3, 6))):
        phase, turns, drift = rng.uniform(0, 6.28), rng.uniform(5, 10), rng.uniform(-0.15, 0.15)
        swing, width = rng.uniform(0.3, 1.0) * 0.16, rng.uniform(0.02, 0.05)
        centre = 0.5 + drift * h + swing * h * np.sin(turns * h + phase)
        across = (0.4 * x + 0.6 * u - centre) / (width * (0.35 + 2.2 * h))
        rim = (across - 0.9) / 0.25
        total = total + np.exp(-across * across) * (0.9 - 0.7 * h)
        total = total + 0.5 * np.exp(-rim * rim) * smoothstep(0.0, 0.2, h) * (1 - h)
    veil = np.clip(0.75 + 0.4 * billow(u * 1.6, v * 0.8, 5.0, octaves=4), 0.05, None)
    return total * veil * smoothstep(0.0, 0.08, h) * smoothstep(0.9, 0.45, h)


def _bank(rng: np.random.Generator, at: _At, bent: _At, billow: Noise) -> Float:
    """Lay a bank of mist or ragged high cloud across the picture."""
    (x, y), (u, v) = at, bent
    level, thick, tilt = rng.uniform(0.45, 0.6), rng.uniform(0.1, 0.2), rng.uniform(-0.25, 0.25)
    off = (v - level - tilt * (x - 0.5)) / thick
    streaky = billow(u * rng.uniform(0.4, 0.8), v * 1.4, 5.0, octaves=6, gain=0.6)
    ends = smoothstep(0.02, 0.3, x) * smoothstep(0.98, 0.7, x)
    return np.exp(-off * off) * np.exp(0.75 * streaky) * ends * (0.9 + 0 * y)


def _puff(rng: np.random.Generator, at: _At, bent: _At, billow: Noise) -> Float:
    """Burst dust or powder: a soft ball, torn outwards."""
    (x, y), (u, v) = at, bent
    flat, size = rng.uniform(0.75, 1.35), rng.uniform(0.2, 0.28)
    far = np.sqrt((u - 0.5) ** 2 * flat + (v - 0.5) ** 2 / flat) / size
    out = np.sqrt((x - 0.5) ** 2 + (y - 0.5) ** 2) + 0.1
    rays = billow((x - 0.5) / out + 2, (y - 0.5) / out + 2, 2.5, octaves=3)
    bumps = -billow(u, v, rng.uniform(4.0, 6.5), octaves=6, gain=0.6, ridged=True)
    return 1.2 * np.exp(-((far * (1 - 0.12 * rays)) ** 2.2)) * np.exp(0.6 * bumps + 0.15 * rays)


def _cumulus(rng: np.random.Generator, at: _At, bent: _At, billow: Noise) -> Float:
    """Heap up a cauliflower: ridged noise turned over has round bumps and sharp valleys."""
    (_, y), (u, v) = at, bent
    base = rng.uniform(0.62, 0.7)
    total: Float = np.full(y.shape, -1.0)
    for _ in range(int(rng.integers(7, 13))):
        off = rng.uniform(-1, 1)
        radius = rng.uniform(0.09, 0.16) * (1.15 - 0.5 * abs(off))
        centre = (0.5 + 0.28 * off, base - 0.05 - rng.uniform(0, 0.26) * (1 - off * off))
        far = np.sqrt((u - centre[0]) ** 2 + (v - centre[1]) ** 2) / radius
        total = np.maximum(total, 0.75 * (1 - far**2))
    bumps = -billow(u, v, rng.uniform(4.0, 6.0), octaves=6, gain=0.55, ridged=True)
    shape = total - 0.9 * smoothstep(base - 0.08, base + 0.14, v + 0.03 * bumps)
    density = shape + 0.33 * bumps * smoothstep(-0.6, 0.1, shape)
    # Under a cumulus hangs haze; at its border shreds of it dissolve.
    return 0.5 * np.logaddexp(0, 5 * density) / 5 * (1.5 + 0.4 * bumps) + 0.35 * np.clip(density, 0, None)


_KINDS: dict[str, Callable[[np.random.Generator, _At, _At, Noise], Float]] = {
    "plume": _plume,
    "wisps": _wisps,
    "bank": _bank,
    "puff": _puff,
    "cumulus": _cumulus,
}
