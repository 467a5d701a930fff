"""Lace: needlework laid down thread by thread, warped as cloth is, and lit."""

import numpy as np

from simd.generator.kit.curves import turn
from simd.generator.kit.layer import Float, Layer, shade
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster, sideways
from simd.generator.kit.shading import grid, hsv
from simd.generator.parts.needlework import Pattern, doily, panel


def lace(rng: np.random.Generator, side: int) -> Layer:
    """Draw lace.

    The kind is a round doily, a border or a panel, a third each. Uniform: thickness of the thread, number
    of rings, columns and rows, motif of each ring, slant, warp of the cloth; 18% are dark or dyed, the
    rest are whites and creams.
    """
    kind = rng.choice(["doily", "border", "panel"])
    thread = rng.uniform(0.0042, 0.006)
    pattern = Pattern(thread)
    if kind == "doily":
        doily(rng, pattern)
    else:
        panel(rng, pattern, rows=1 if kind == "border" else int(rng.integers(2, 4)))
    hue = rng.choice([0.1, 0.12, 0.95, 0.6])
    white = hsv(hue, rng.uniform(0.02, 0.12), rng.uniform(0.86, 0.97))
    if rng.random() < 0.18:
        white = hsv(rng.random(), rng.uniform(0.1, 0.6), rng.uniform(0.12, 0.3))
    warp_x, warp_y = Noise(rng), Noise(rng)
    amount, slant = rng.uniform(0.004, 0.014), rng.uniform(-0.25, 0.25)

    def place(points: Float) -> Float:
        flat = (points[:, :1], points[:, 1:])
        move = np.concatenate([warp_x(*flat, 3.0, octaves=2), warp_y(*flat, 3.0, octaves=2)], axis=1)
        return turn(points + amount * move, slant if kind == "doily" else 0.15 * slant, (0.5, 0.5))

    raster = Raster(side)
    for outline in pattern.solids:
        raster.polygon(place(outline), 0.9 * white)
    for points, width in pattern.lines:
        path = place(points)[None]
        raster.strokes(path, np.array([width]), 0.72 * white)
        raster.strokes(path + 0.15 * width * sideways(path), np.array([0.6 * width]), white)
    x, y = grid(side)
    weave = Noise(rng)(x, y, 58.0) + Noise(rng)(x, y, 31.0)
    folds = Noise(rng)(x, y, 2.5, octaves=3)
    return shade(raster.layer(), 1 + 0.05 * weave + 0.06 * folds)
