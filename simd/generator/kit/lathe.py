"""Turned things, round about an upright axis: bottles, glasses, mugs."""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from simd.generator.kit.layer import Float
from simd.generator.kit.shading import grid


class Turned(NamedTuple):
    """What is seen of a turned thing, pixel by pixel."""

    across: Float  # (S, S), -1 on its left edge to 1 on its right
    height: Float  # (S, S), y of the circle on which the front point lies
    slope: Float  # (S, S), growth of the radius downwards
    cover: Float  # (S, S), with antialiased edges


def turned(side: int, profile: list[tuple[float, float]], axis: float = 0.5, tilt: float = 0.18) -> Turned:
    """Turn `profile`, (y, radius) from top to bottom, about x = `axis`, seen from above by `tilt`."""
    x, y = grid(side)
    ys, radii = np.asarray(profile).T
    fine = np.linspace(ys[0], ys[-1], 2000)
    curve = np.asarray(PchipInterpolator(ys, radii)(fine), dtype=np.float64)
    growth = np.gradient(curve, fine)
    off = np.abs(x - axis)
    height = y + 0 * x
    for _ in range(3):  # the front of a circle of radius r is seen lower than its middle
        radius = np.interp(height, fine, curve)
        height = y - tilt * np.sqrt(np.maximum(radius**2 - off**2, 0))
    radius = np.interp(height, fine, curve)
    slope = np.interp(height, fine, growth)
    beyond = np.maximum((off - radius) / np.sqrt(1 + slope**2), np.maximum(height - ys[-1], ys[0] - y))
    cover = np.clip(0.5 - beyond * side, 0, 1)
    return Turned(np.clip((x - axis) / np.maximum(radius, 1e-6), -1, 1), height, slope, cover)
