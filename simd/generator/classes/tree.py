"""Trees: broad-leaved in leaf or bare, conifers; a recursion of branches under leaves with gaps."""

import numpy as np

from simd.generator.kit.curves import bezier, heading
from simd.generator.kit.layer import Float, Layer, shade
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import grid, hsv


def tree(rng: np.random.Generator, side: int) -> Layer:
    """Draw a tree.

    In leaf (0.4), sparse (0.2), bare (0.2) or a conifer (0.2). Uniform: height, girth, spread of the forks,
    how branches turn up, density and hue of the leaves. Gaussian: lean, bend and angle of each branch.
    """
    kind = rng.choice(["leafy", "bare", "conifer", "sparse"], p=[0.4, 0.2, 0.2, 0.2])
    bark = hsv(rng.uniform(0.05, 0.1), rng.uniform(0.15, 0.45), rng.uniform(0.22, 0.42))
    raster = Raster(side)
    if kind == "conifer":
        _conifer(rng, raster, bark)
    else:
        paths, widths, tips = _branches(rng, kind)
        tone = np.array([0.75, 1.0])[None, :, None] * np.ones((len(paths), 1, 1))
        raster.strokes(paths, widths, tone[:, :1] * bark * 0.8)
        lit_side = paths - np.stack([0.22 * widths, 0 * widths], axis=-1)
        raster.strokes(lit_side, 0.4 * widths, tone[:, 1:] * bark * 1.25)
        if kind != "bare":
            _leaves(rng, raster, tips, dense=kind == "leafy")
    x, y = grid(side)
    return shade(raster.layer(), 1 + 0.08 * Noise(rng)(x, y, 30.0, octaves=3))


def _branches(rng: np.random.Generator, kind: str) -> tuple[Float, Float, Float]:
    """Grow by levels: every branch bears a few thinner, shorter ones near its end."""
    lean, spread = rng.normal(-np.pi / 2, 0.04), rng.uniform(0.42, 0.68)
    length = rng.uniform(0.24, 0.3)
    start, angle = np.array([[0.5, 0.95]]), np.array([lean])
    long, wide = np.array([length]), np.array([rng.uniform(0.028, 0.045)])
    up = rng.uniform(0.02, 0.12)
    paths, widths = [], []
    for level in range(7 if kind == "bare" else 6):
        end = start + long[:, None] * heading(angle)
        middle = (start + end) / 2 + 0.1 * long[:, None] * rng.normal(0, 1, (len(start), 2))
        path = bezier(np.stack([start, middle, end], axis=1), 7)
        paths.append(path)
        thin = 0.66 if level else 0.7
        widths.append(wide[:, None] * np.linspace(1.0 if level else 1.5, thin, 7))
        tips = path
        children = 3 if level in (1, 3) else 2 + (level < 1) * 2
        count = len(start)
        fork = np.linspace(-1, 1, children)[None, :] * spread * (1.2 if level == 0 else 1.0)
        turned = angle[:, None] + fork + rng.normal(0, 0.2, (count, children))
        turned = turned + up * np.sin(-np.pi / 2 - turned)  # twigs reach for the light
        where = rng.integers(4, 7, (count, children))
        start = path[np.arange(count)[:, None], where].reshape(-1, 2)
        angle = turned.ravel()
        long = (long[:, None] * rng.uniform(0.58, 0.86, (count, children))).ravel()
        wide = np.maximum((wide[:, None] * thin * rng.uniform(0.62, 0.85, (count, children))).ravel(), 0.0011)
        inside = (start[:, 0] > 0.08) & (start[:, 0] < 0.92) & (start[:, 1] > 0.08)
        start, angle, long, wide = start[inside], angle[inside], long[inside], wide[inside]
    return _fit(np.concatenate(paths), np.concatenate(widths), tips)


def _fit(paths: Float, widths: Float, tips: Float) -> tuple[Float, Float, Float]:
    """Scale about the foot, so that the crown ends inside the picture."""
    foot = np.array([0.5, 0.95])
    reach = np.abs(paths - foot).reshape(-1, 2).max(axis=0)
    scale = min(0.41 / reach[0], 0.84 / reach[1])
    return (paths - foot) * scale + foot, widths * scale, (tips - foot) * scale + foot


def _leaves(rng: np.random.Generator, raster: Raster, tips: Float, dense: bool) -> None:
    each = 9 if dense else 3
    where = np.repeat(tips[:, 2:].reshape(-1, 2), each, axis=0)[: 9000 * (1 + dense)]
    where = where + rng.normal(0, 0.011 if dense else 0.008, where.shape)
    count = len(where)
    season = rng.choice([0.24, 0.28, 0.32, 0.13, 0.07, 0.03], p=[0.3, 0.25, 0.15, 0.1, 0.1, 0.1])
    hue = hsv(season + rng.normal(0, 0.01), rng.uniform(0.5, 0.75), rng.uniform(0.42, 0.6))
    warm = rng.normal(0, 0.09, (count, 1)) * np.array([1.0, 0.4, -0.3])
    # The crown is lit from above left; leaves low and inside are in shade.
    centre = where.mean(axis=0)
    light = (
        0.78 - 1.0 * (where[:, 1] - centre[1]) - 0.55 * (where[:, 0] - centre[0]) + rng.normal(0, 0.2, count)
    )
    order = np.argsort(light, kind="stable")
    colour = np.clip(hue * (1 + warm) * np.clip(light, 0.3, 1.5)[:, None], 0, 1)
    angle = rng.uniform(0, 2 * np.pi, count)
    size = rng.uniform(0.006, 0.0105, count)
    paths = (
        where[:, None]
        + (np.array([-1.0, -0.2, 0.4, 1.0])[None, :, None] * size[:, None, None]) * heading(angle)[:, None]
    )
    paths = np.clip(paths, 0.025, 0.97)
    raster.strokes(
        paths[order], (size[:, None] * np.array([0.15, 0.85, 0.7, 0.1]))[order], colour[order][:, None]
    )


def _conifer(rng: np.random.Generator, raster: Raster, bark: Float) -> None:
    height, base = rng.uniform(0.76, 0.86), rng.uniform(0.22, 0.33)
    foot = np.array([0.5, 0.95])
    trunk = bezier(np.stack([foot, foot - [0.0, height / 2], foot - [0.0, height]]), 12)
    raster.strokes(trunk[None], np.linspace(0.03, 0.003, 12), bark)
    green = hsv(rng.uniform(0.3, 0.42), rng.uniform(0.3, 0.6), rng.uniform(0.24, 0.4))
    tiers = int(rng.integers(26, 40))
    droop = rng.uniform(-0.1, 0.45)
    needles, shades = [], []
    for share in np.linspace(0.1, 0.985, tiers):
        for hand in rng.permutation(np.repeat([-1.0, -0.55, 0.0, 0.55, 1.0], 1)):
            reach = base * (1 - share) ** 0.85 * rng.uniform(0.75, 1.08) * (0.35 + 0.65 * abs(hand)) + 0.012
            root = foot - np.array([0, height * share])
            end = root + reach * np.array([hand * 1.1, droop + 0.22 * (1 - abs(hand)) + rng.normal(0, 0.08)])
            middle = (root + end) / 2 - np.array([0, 0.12 * reach])
            spine = bezier(np.stack([root, middle, end]), 28)
            raster.strokes(spine[None, ::3], np.linspace(0.005, 0.0015, 10), bark)
            count = 28 * 4
            at = np.repeat(spine, 4, axis=0)
            way = (
                np.arctan2(end[1] - root[1], end[0] - root[0])
                + np.tile([-0.85, 0.85, -0.4, 0.4], 28)
                + rng.normal(0, 0.15, count)
            )
            long = rng.uniform(0.012, 0.022, count) * (0.6 + 0.4 * (1 - share))
            needles.append(
                at[:, None]
                + np.array([0.0, 0.5, 1.0])[None, :, None] * (long[:, None] * heading(way))[:, None]
            )
            tone = (
                0.75
                + 0.35 * np.tile([0.0, 1.0, 0.4, 0.7], 28)
                - 0.25 * (1 - abs(hand))
                - 0.2 * hand
                + rng.normal(0, 0.1, count)
            )
            shades.append(np.clip(tone, 0.35, 1.6)[:, None] * green)
    paths = np.clip(np.concatenate(needles), 0.03, 0.97)
    raster.strokes(paths, np.array([0.003, 0.0028, 0.0008]), np.concatenate(shades)[:, None])
