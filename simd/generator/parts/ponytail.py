"""A ponytail: hair combed over the back of the head to a tie, from which it hangs."""

import numpy as np

from simd.generator.kit.curves import ellipse, heading, wander
from simd.generator.kit.layer import Float
from simd.generator.kit.raster import Raster
from simd.generator.kit.strands import POINTS, strand_colours, through_all
from simd.generator.parts.bust import HEAD

_CROWN = HEAD - np.array([0.0, 0.012])


def ponytail(rng: np.random.Generator, raster: Raster, hair: Float, *, length: float) -> None:
    """Comb hair over the back of the head to a tie, then let it hang down to y = `length`."""
    tie = np.array([0.5 + rng.normal(0, 0.01), HEAD[1] + rng.uniform(-0.09, 0.04)])
    _combed(rng, raster, hair, tie)
    _tail(rng, raster, hair, tie, length)
    band = tie + np.array([[-0.034, 0.008], [0.0, 0.016], [0.034, 0.008]])
    tint = np.array([0.08, 0.07, 0.09]) + 0.6 * rng.random() * np.array([1.0, 0.2, 0.4])
    raster.strokes(band[None], np.array([0.022]), tint)


def _combed(rng: np.random.Generator, raster: Raster, hair: Float, tie: Float) -> None:
    """Draw strands from the rim of the head to the tie, and short hair that escapes."""
    count = 2000
    angle = rng.uniform(0, 2 * np.pi, count)
    reach = np.stack([np.full(count, 0.136), np.where(np.sin(angle) > 0, 0.15, 0.165)], axis=-1)
    rim = _CROWN + rng.uniform(0.95, 1.07, (count, 1)) * reach * heading(angle)
    out = HEAD + 0.756 * (rim - HEAD)
    end = tie + rng.normal(0, 0.005, (count, 2))
    paths = through_all(np.stack([rim, out + 0.12 * (tie - out), tie + 0.25 * (out - tie), end], axis=1))
    widths = rng.uniform(0.002, 0.0036, count)[:, None] * np.linspace(0.8, 1.0, POINTS)
    raster.polygon(ellipse(_CROWN, 0.134, 0.162, count=80), 0.45 * hair)
    raster.strokes(paths, widths, strand_colours(rng, paths, hair))
    edge = HEAD + np.array([0.137, 0.168]) * heading(2 * np.pi * rng.random(70))
    away = 0.6 * (0.35 * (edge - HEAD) + rng.normal(0, 0.02, edge.shape))
    stray = edge[:, None] + np.linspace(0, 1, 8)[:, None] * away[:, None]
    raster.strokes(stray, np.linspace(0.0012, 0.0005, 8), hair)


def _tail(rng: np.random.Generator, raster: Raster, hair: Float, tie: Float, length: float) -> None:
    """Draw the bundle below the tie: it swells, swings a little, and thins out at its end."""
    count, swing, fat = 1500, rng.normal(0, 0.05), rng.uniform(0.035, 0.06)
    off = rng.normal(0, 0.5, count).clip(-1.15, 1.15)
    knots = []
    for step in (0.0, 0.1, 0.35, 0.7, 1.0):
        aside = swing * step * 1.5 + 0.02 * np.sin(3 * step)
        down = (length - tie[1]) * step - 0.03 * np.sin(np.pi * min(4 * step, 1))
        wide = fat * (0.35 + 1.3 * min(step * 4, 1.0)) * (1.0 if step < 0.6 else 1.5 - 0.85 * step)
        ragged = 0.04 * step * rng.normal(0, 1, count)
        knots.append(tie + np.stack([aside + wide * off, down + ragged], axis=-1))
    paths = through_all(np.stack(knots, axis=1))
    t = np.linspace(0, 1, POINTS)
    paths[..., 0] += 0.012 * t * wander(rng, (12,), POINTS)[rng.integers(0, 12, count)]
    loose = rng.random(count) < 0.05
    paths[loose] += 0.02 * t[:, None] * np.moveaxis(wander(rng, (int(loose.sum()), 2), POINTS), 1, 2)
    order = np.argsort(-np.abs(off), kind="stable")
    paths, off = np.clip(paths[order], 0.02, 0.97), off[order]
    widths = rng.uniform(0.0016, 0.003, (count, 1)) * np.linspace(1.2, 0.3, POINTS)
    colours = strand_colours(rng, paths, hair) * (1.08 - 0.25 * np.abs(off))[:, None, None]
    raster.strokes(paths[::8], np.linspace(0.015, 0.003, POINTS), 0.4 * hair)
    raster.strokes(paths, widths, colours)
