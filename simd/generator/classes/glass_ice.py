"""Glass and ice: bright rims around a clear interior; here is the ball, others have modules of their own."""

import numpy as np

from simd.generator.kit.layer import Float, Layer, paint
from simd.generator.kit.noise import Noise
from simd.generator.kit.shading import edge, grid, ramp, smoothstep
from simd.generator.parts.glassware import MIRRORED, vessel
from simd.generator.parts.ice import ice


def glass_ice(rng: np.random.Generator, side: int) -> Layer:
    """Draw a clear solid.

    The kind is a tumbler (0.2), a wine glass (0.25), a bottle (0.15), a ball (0.15) or one to four cubes
    of ice (0.25). Uniform: proportions, thickness of the wall, tint, windows mirrored on it; half of the
    glasses are filled, to a level between 0.3 and 0.6.
    """
    kind = rng.choice(["tumbler", "wine", "bottle", "ball", "ice"], p=[0.2, 0.25, 0.15, 0.15, 0.25])
    tint = np.array([1.0, 1.0, 1.0]) - rng.uniform(0, 0.22) * np.array([rng.random(), 0.1, rng.random()])
    if kind == "ice":
        return ice(rng, side)
    if kind == "ball":
        return _ball(rng, side, tint)
    return vessel(rng, side, kind, tint)


def _ball(rng: np.random.Generator, side: int, tint: Float) -> Layer:
    """Draw a crystal ball: the world upside down inside, a caustic low, windows on its skin."""
    x, y = grid(side)
    radius = rng.uniform(0.3, 0.4)
    p, q = (x - 0.5) / radius, (y - 0.5) / radius
    far = np.sqrt(p * p + q * q)
    noise = Noise(rng)
    bend = 1 / np.sqrt(np.clip(1.25 - far * far, 0.05, None))
    world = noise(p * bend * 0.35 + 5, q * bend * 0.5 + 5, 2.4, octaves=3)
    rim = np.clip(far, 0, 1) ** 7
    low = np.exp(-((p * 0.8) ** 2 + (q - 0.72) ** 2 * 3.2) / 0.18)
    grey = 0.55 + 0.17 * world * np.clip(far, 0, 1) - 0.35 * q * far**2 * 0.6 - 0.3 * rim + 0.5 * low
    pane_p, pane_q = p + 0.4 + 0.15 * q * q, q + 0.45 + 0.2 * p * p
    panes = smoothstep(0.17, 0.14, np.abs(pane_p)) * smoothstep(0.2, 0.17, np.abs(pane_q))
    panes = panes * smoothstep(0.01, 0.025, np.abs(pane_p)) * smoothstep(0.01, 0.025, np.abs(pane_q))
    alpha = (
        0.1
        + 0.72 * rim
        + 0.13 * smoothstep(0.6, 1.0, far)
        + 0.42 * low
        + 0.07 * np.clip(np.abs(world), 0, 2) * np.clip(far, 0, 1)
    )
    colour = ramp(np.clip(grey, 0, 1), MIRRORED) * tint
    colour = colour + (0.9 * panes)[..., None] * (1 - colour)
    return paint(colour, edge((far - 1) * radius, side) * np.clip(np.maximum(alpha, 0.92 * panes), 0, 0.97))
