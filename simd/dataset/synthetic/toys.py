"""Toys in focus: a car, a ball."""

import numpy as np

from simd.dataset.synthetic.curves import ellipse, heading, through
from simd.dataset.synthetic.layer import Layer, over, paint, shade
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.raster import Raster
from simd.dataset.synthetic.shading import edge, grid, hsv, lamp, lit, ramp, smoothstep


def car(rng: np.random.Generator, side: int) -> Layer:
    """Draw a car from its side."""
    colour = hsv(rng.random(), rng.uniform(0.5, 0.9), rng.uniform(0.5, 0.9))
    roof, nose = rng.uniform(0.33, 0.4), rng.uniform(0.49, 0.53)
    knots = [
        (0.07, 0.6), (0.09, nose), (0.25, nose - 0.03), (0.36, roof + 0.01), (0.5, roof - 0.02),
        (0.66, roof + 0.02), (0.78, nose - 0.02), (0.91, nose + 0.01), (0.935, 0.6), (0.9, 0.655),
        (0.5, 0.66), (0.1, 0.655),
    ]  # fmt: skip
    body = through(np.array(knots), 200, closed=True)
    shell = Raster(side)
    shell.polygon(body, colour)
    x, y = grid(side)
    light = ramp(
        np.clip((y - roof) / (0.66 - roof), 0, 1) + 0 * x,
        np.array([[1.25] * 3, [0.95] * 3, [1.2] * 3, [0.75] * 3, [0.45] * 3]),
    )
    painted = shade(shell.layer(), light)
    parts = Raster(side)
    glass = np.array([0.16, 0.2, 0.25])
    parts.polygon(
        np.array([[0.3, nose - 0.025], [0.385, roof + 0.03], [0.495, roof + 0.012], [0.495, nose - 0.025]]),
        glass,
    )
    parts.polygon(
        np.array([[0.515, nose - 0.025], [0.515, roof + 0.012], [0.645, roof + 0.04], [0.735, nose - 0.02]]),
        glass,
    )
    parts.polygon(
        np.array([[0.32, nose - 0.04], [0.385, roof + 0.03], [0.42, roof + 0.024], [0.37, nose - 0.04]]),
        2.3 * glass,
    )
    for line in (
        np.array([[0.505, nose - 0.02], [0.505, 0.57], [0.5, 0.63]]),
        np.array([[0.1, 0.6], [0.5, 0.61], [0.92, 0.6]]),
    ):
        parts.strokes(line[None], np.array([0.004]), 0.45 * colour)
    parts.polygon(ellipse((0.105, 0.545), 0.02, 0.014), np.array([1.0, 0.96, 0.8]))
    parts.polygon(ellipse((0.915, 0.545), 0.012, 0.02), np.array([0.8, 0.08, 0.06]))
    spokes, wheel = int(rng.integers(5, 9)), rng.uniform(0.082, 0.092)
    for middle in ((0.25, 0.65), (0.755, 0.65)):
        parts.polygon(ellipse(middle, 1.12 * wheel, 1.12 * wheel), np.array([0.03, 0.03, 0.03]))
        parts.polygon(ellipse(middle, wheel, wheel), np.array([0.1, 0.1, 0.11]))
        parts.polygon(ellipse(middle, 0.64 * wheel, 0.64 * wheel), np.array([0.3, 0.31, 0.33]))
        for a in np.arange(spokes) * 2 * np.pi / spokes:
            spoke = np.asarray(middle) + np.array([[0.0], [0.3], [0.6]]) * wheel * heading(a)
            parts.strokes(spoke[None], np.array([0.2 * wheel]), np.array([0.78, 0.79, 0.8]))
        parts.polygon(ellipse(middle, 0.14 * wheel, 0.14 * wheel), np.array([0.5, 0.5, 0.52]))
    return over(parts.layer(), painted)


def ball(rng: np.random.Generator, side: int) -> Layer:
    """Draw a ball with panels: a beach ball, a basketball."""
    x, y = grid(side)
    radius = rng.uniform(0.3, 0.38)
    p, q = (x - 0.5) / radius, (y - 0.5) / radius
    far = np.sqrt(p * p + q * q)
    out = np.sqrt(np.clip(1 - far * far, 0, 1))
    spin = rng.uniform(0, 6.28)
    a, b = np.cos(spin) * p + np.sin(spin) * q, np.cos(spin) * q - np.sin(spin) * p
    tilt = rng.uniform(0.3, 0.9)
    b, out2 = np.cos(tilt) * b - np.sin(tilt) * out, np.cos(tilt) * out + np.sin(tilt) * b
    if rng.random() < 0.5:
        turns = np.arctan2(a, out2) / (2 * np.pi) + 0.5
        stripes = np.clip(np.abs((turns * 3) % 1 - 0.5) * 4 - 1, -1, 1)
        mix = smoothstep(-0.03, 0.03, stripes / 3)
        one, two = hsv(rng.random(), 0.75, 0.9), np.array([0.95, 0.95, 0.93])
        colour = one + mix[..., None] * (two - one)
    else:
        seams = np.minimum(np.minimum(np.abs(a), np.abs(b)), np.abs(np.abs(a) - 0.62 + 0.3 * b * b))
        rubber = hsv(rng.uniform(0.03, 0.08), 0.8, 0.8) * (1 + 0.05 * Noise(rng)(x, y, 55.0))[..., None]
        colour = rubber * (0.18 + 0.82 * smoothstep(0.012, 0.03, seams))[..., None]
    diffuse, shine = lit(p / np.maximum(out, 0.05), q / np.maximum(out, 0.05), lamp(rng), shine=30)
    colour = colour * (0.35 + 0.75 * diffuse)[..., None] + 0.4 * shine[..., None]
    return paint(colour, edge((far - 1) * radius, side))
