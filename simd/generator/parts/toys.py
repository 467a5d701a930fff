"""Toys in focus: a car, a ball."""

import numpy as np

from simd.generator.kit.curves import ellipse, heading, through
from simd.generator.kit.layer import Float, Layer, glow, over, paint, shade
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import edge, grid, hsv, lamp, lit, ramp, smoothstep

# Light on the paint, from the roof down: sky, shoulder, skyline, ground.
_MIRROR = ([0.0, 0.12, 0.42, 0.5, 0.56, 0.62, 0.8, 1.0], [1.2, 0.9, 0.8, 1.5, 1.1, 0.55, 0.75, 0.3])
_GLASS = [(0.03, 0.04, 0.05), (0.12, 0.15, 0.18), (0.4, 0.48, 0.55), (0.8, 0.87, 0.93)]


def car(rng: np.random.Generator, side: int) -> Layer:
    """Draw a car from its side: paint that mirrors sky and ground, windows, lamps, wheels."""
    colour = hsv(rng.random(), rng.choice([0.03, 0.6, 0.85], p=[0.35, 0.3, 0.35]), rng.uniform(0.2, 0.9))
    roof, nose = rng.uniform(0.33, 0.4), rng.uniform(0.49, 0.53)
    knots = [
        (0.07, 0.6), (0.085, nose + 0.015), (0.14, nose - 0.012), (0.25, nose - 0.03), (0.36, roof + 0.01),
        (0.5, roof - 0.02), (0.66, roof + 0.02), (0.78, nose - 0.02), (0.91, nose + 0.005), (0.935, 0.59),
        (0.925, 0.645), (0.5, 0.66), (0.075, 0.645),
    ]  # fmt: skip
    shell, windows, parts = Raster(side), Raster(side), Raster(side)
    shell.polygon(through(np.array(knots), 200, closed=True), colour)
    panes = [
        [(0.295, nose - 0.027), (0.385, roof + 0.028), (0.49, roof + 0.008), (0.49, nose - 0.027)],
        [(0.51, nose - 0.027), (0.51, roof + 0.008), (0.645, roof + 0.036), (0.74, nose - 0.024)],
    ]
    for pane in panes:
        windows.polygon(np.array(pane), 0.5 * np.ones(3))
    _fittings(parts, colour, nose)
    wheel, spokes = rng.uniform(0.08, 0.09), int(rng.integers(5, 10))
    for middle in (np.array([0.25, 0.652]), np.array([0.755, 0.652])):
        _wheel(parts, middle, wheel, spokes)
    x, y = grid(side)
    skyline = 0.012 * Noise(rng)(x, 0 * y + 0.4, 5.0, octaves=4)  # what stands about is mirrored too
    low = np.clip((y - roof + skyline * smoothstep(0.0, 0.03, y - nose)) / (0.66 - roof), 0, 1)
    light = np.interp(low, *_MIRROR)
    painted = glow(shade(shell.layer(), light), 0.35 * np.exp(-(((low - 0.5) / 0.035) ** 2)))
    glass = windows.layer()
    sky = np.clip(1 - (y - roof) / (nose - roof), 0, 1) + 0.18 * Noise(rng)(x, y, 6.0, octaves=2)
    streak = smoothstep(0.02, 0.0, np.abs((x - 0.5 * y) % 0.24 - 0.1) - 0.02)
    mirrored = ramp(np.clip(0.75 * sky + 0.2 * streak, 0, 1), _GLASS)
    return over(parts.layer(), paint(mirrored, glass.alpha), painted)


def _fittings(parts: Raster, colour: Float, nose: float) -> None:
    """Draw seams, a handle, a sill and lamps."""
    seams = np.array([
        [(0.5, nose - 0.03), (0.502, 0.57), (0.495, 0.635)],
        [(0.3, nose - 0.02), (0.315, 0.56), (0.345, 0.62)],
        [(0.735, nose - 0.02), (0.7, 0.56), (0.665, 0.62)],
    ])  # fmt: skip
    parts.strokes(seams, np.array([0.0028]), 0.35 * colour)
    sill = np.array([[0.33, 0.645], [0.5, 0.65], [0.67, 0.645]])
    parts.strokes(sill[None], np.array([0.012]), np.full(3, 0.07))
    for at in (0.46, 0.65):
        parts.polygon(ellipse((at, nose + 0.022), 0.02, 0.0045), np.full(3, 0.75))
    parts.polygon(ellipse((0.1, nose + 0.03), 0.022, 0.014, -0.3), np.array([0.95, 0.95, 0.9]))
    parts.polygon(ellipse((0.104, nose + 0.03), 0.009, 0.009), np.array([0.6, 0.62, 0.65]))
    parts.polygon(ellipse((0.915, nose + 0.025), 0.012, 0.02, 0.1), np.array([0.65, 0.05, 0.04]))


def _wheel(parts: Raster, middle: Float, wheel: float, spokes: int) -> None:
    for share, tone in ((1.16, 0.02), (1.0, 0.07), (0.93, 0.11), (0.7, 0.35), (0.64, 0.12)):
        parts.polygon(ellipse(middle, share * wheel, share * wheel), np.array([tone, tone, 1.03 * tone]))
    for angle in np.arange(spokes) * 2 * np.pi / spokes:
        spoke = middle + np.array([[0.0], [0.32], [0.66]]) * wheel * heading(angle)
        parts.strokes(spoke[None], wheel * np.array([0.24, 0.16, 0.13]), np.full(3, 0.5))
        parts.strokes(spoke[None] - 0.0015, wheel * np.array([0.14, 0.09, 0.07]), np.full(3, 0.85))
    parts.polygon(ellipse(middle, 0.15 * wheel, 0.15 * wheel), np.full(3, 0.55))


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
        rubber = (
            hsv(rng.uniform(0.03, 0.08), 0.8, 0.8) * (1 + 0.06 * Noise(rng)(x, y, 60.0, octaves=2))[..., None]
        )
        colour = rubber * (0.18 + 0.82 * smoothstep(0.012, 0.03, seams))[..., None]
    diffuse, shine = lit(p / np.maximum(out, 0.05), q / np.maximum(out, 0.05), lamp(rng), shine=30)
    colour = colour * (0.35 + 0.75 * diffuse)[..., None] + 0.4 * shine[..., None]
    return paint(colour, edge((far - 1) * radius, side))
