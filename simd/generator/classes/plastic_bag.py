"""Plastic bags: a carrier bag, a tied sack, a crumpled sheet; thin film with sharp highlights."""

import numpy as np

from simd.generator.kit.curves import through
from simd.generator.kit.layer import Float, Layer, over, paint
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import blur, grid, hsv, lamp, lit, slopes, smoothstep


def plastic_bag(rng: np.random.Generator, side: int) -> Layer:
    """Draw a bag.

    A carrier bag (0.5), a tied sack (0.3) or a crumpled sheet (0.2). Uniform: clearness (0.16 to 0.5 where
    the film is smooth), hue, place of the light. Half are colourless, a quarter each half or strongly
    tinted; 7 of 10 carrier bags are printed. Gaussian: wobble of the outline.
    """
    kind = rng.choice(["carrier", "sack", "sheet"], p=[0.5, 0.3, 0.2])
    x, y = grid(side)
    warp_x, warp_y, crease, broad = (Noise(rng) for _ in range(4))
    form = Raster(side)
    wobble = rng.normal(0, 0.016, 40)
    focus = _outline(rng, form, kind, wobble)
    film = form.layer().alpha
    # Wrinkles run from where the bag is held: polar coordinates about it, bent by noise.
    u = x - focus[0] + 0.05 * warp_x(x, y, 4.0, octaves=3)
    v = y - focus[1] + 0.05 * warp_y(x, y, 4.0, octaves=3)
    far = np.sqrt(u * u + v * v) + 1e-6
    turned = np.arctan2(u, v)
    if kind == "sheet":
        folds = crease(x + 0.6 * u, y + 0.6 * v, 3.5, octaves=4, gain=0.6, ridged=True)
    else:
        fan = crease(turned * 1.5 + 3, far * 0.55 + 2, 5.0, octaves=3, gain=0.6, ridged=True)
        crumple = crease(x + 0.5 * u + 0.37, y + 0.5 * v, 4.0, octaves=4, gain=0.6, ridged=True)
        mix = smoothstep(0.15, 0.55, far)
        folds = fan * (1 - 0.7 * mix) + crumple * (0.25 + 0.6 * mix)
    folds = blur(folds, 0.0022 * side)
    bulge = blur(film, 0.05 * side)
    height = 0.016 * folds + 0.02 * broad(x, y, 3.0, octaves=2) + 0.11 * bulge
    slope_x, slope_y = slopes(height, side)
    light = lamp(rng)
    diffuse, shine = lit(slope_x, slope_y, light, shine=90)
    _, second = lit(slope_x, slope_y, light * np.array([-1.0, 0.6, 0.8]), shine=140)
    steep = 1 - 1 / np.sqrt(1 + slope_x**2 + slope_y**2)
    clear = rng.uniform(0.16, 0.5)
    hem = np.clip(film - blur(film, 0.006 * side), 0, 1) * 1.4
    # Two films lie over one another; a steep one is crossed on a longer way.
    alpha = clear + 0.75 * steep + 0.17 * np.clip(folds, 0, 2) + 0.35 * hem
    glint = np.clip(1.3 * shine**1.2 + 1.0 * second, 0, 1)
    tint = rng.choice([0.0, 0.0, 0.5, 0.85])
    base = 1 - tint * (1 - hsv(rng.random(), 0.6, 0.92))
    colour = base * np.clip(0.35 + 0.62 * diffuse - 0.12 * np.clip(-folds, 0, 2) + 0.05, 0.15, 1)[..., None]
    colour = colour + glint[..., None] * (1 - colour)
    bag = paint(colour, film * np.clip(np.maximum(alpha, 0.97 * glint), 0, 0.985))
    if kind == "carrier" and rng.random() < 0.7:
        printed = _print(rng, side, x, y, folds)
        straight = (
            printed.colour / np.maximum(printed.alpha, 1e-9)[..., None] * (0.35 + 0.7 * diffuse)[..., None]
        )
        bag = over(paint(straight + 0.8 * glint[..., None], printed.alpha * smoothstep(0.5, 1.0, film)), bag)
    return bag


def _outline(rng: np.random.Generator, form: Raster, kind: str, wobble: Float) -> tuple[float, float]:
    """Draw the silhouette; return the point that the wrinkles run from."""
    if kind == "carrier":
        half, top = rng.uniform(0.24, 0.29), rng.uniform(0.36, 0.41)
        belly = rng.uniform(1.05, 1.2)
        shape = [
            (0.52, top + 0.02), (0.5, 0.2), (0.62, 0.11), (0.9, 0.12), (1.0, 0.22), (1.02, top + 0.05),
            (belly, 0.58), (0.98 * belly, 0.76), (0.95, 0.89), (0.5, 0.915),
        ]  # fmt: skip
        right = [(0.5 + half * out, low) for out, low in shape]
        left = [(1 - across, low) for across, low in reversed(right)]
        points = np.array([(0.5, top + 0.05), *right, (0.5, 0.905), *left])
        points = points + 0.7 * wobble[: len(points), None] * np.array([1.0, 0.6])
        form.polygon(through(points, 400, closed=True), np.ones(3))
        for hand in (-1, 1):  # hand holes, so that the handles are loops
            hole = np.array([(0.0, -0.05), (0.018, -0.02), (0.014, 0.08), (-0.014, 0.08), (-0.018, -0.02)])
            form.erase(through(hole + [0.5 + hand * half * 0.76, 0.235], 60, closed=True))
        return 0.5, 0.16
    if kind == "sack":
        neck = 0.27
        right = [(0.53, neck), (0.57, 0.2), (0.66, 0.1), (0.6, 0.13), (0.55, 0.09), (0.5, 0.14)]
        body = [(0.56, 0.34), (0.72, 0.45), (0.79, 0.63), (0.74, 0.82), (0.6, 0.9)]
        down = [*reversed(right), *body]
        up = [(1 - across, low) for across, low in reversed(down[1:])]
        points = np.array([*down, (0.5, 0.905), *up])
        points = points + np.resize(wobble, (len(points), 1)) * np.array([[1.0, 0.5]])
        form.polygon(through(points, 400, closed=True), np.ones(3))
        return 0.5, neck
    angle = np.linspace(0, 2 * np.pi, 17)[:-1]
    square = 0.33 / np.maximum(np.abs(np.cos(angle)), np.abs(np.sin(angle))) ** 0.6
    far = square * (1 + 3.5 * wobble[:16])
    points = 0.5 + far[:, None] * np.stack([np.cos(angle + 0.2), np.sin(angle + 0.2)], axis=-1)
    form.polygon(np.clip(through(points, 300, closed=True), 0.04, 0.96), np.ones(3))
    return 0.5, 0.5


def _print(rng: np.random.Generator, side: int, x: Float, y: Float, folds: Float) -> Layer:
    """Print a mark: rings or bars, carried along by the folds."""
    u, v = x - 0.5 + 0.007 * folds, y - 0.66 + 0.007 * np.roll(folds, side // 30, axis=1)
    ink = hsv(rng.random(), 0.85, rng.uniform(0.4, 0.8))
    if rng.random() < 0.5:
        far = np.sqrt(u * u + v * v)
        inside = np.maximum(np.minimum(0.12 - far, far - 0.085), 0.055 - far)
    else:
        bars = 0.022 - np.abs((v + 0.11) % 0.075 - 0.0375)
        inside = np.minimum(bars, np.minimum(0.14 - np.abs(u), 0.11 - np.abs(v)))
    return paint(ink, np.clip(0.5 + inside * side, 0, 1))
