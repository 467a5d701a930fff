"""Leaves: a serrated leaf, a lobed one, a compound one, a fern, a tuft of grass."""

import numpy as np

from simd.generator.kit.curves import bezier, blade, heading
from simd.generator.kit.layer import Float, Layer, shade
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster, sideways
from simd.generator.kit.shading import grid, hsv

# The outline of one lobe of a maple's leaf: how far out, of its length, and how far aside, in radians.
_LOBE = [
    (0.42, -0.42), (0.62, -0.27), (0.58, -0.2), (0.83, -0.14), (0.79, -0.09), (1.0, 0.0),
    (0.79, 0.09), (0.83, 0.14), (0.58, 0.2), (0.62, 0.27), (0.42, 0.42),
]  # fmt: skip


def leaf(rng: np.random.Generator, side: int) -> Layer:
    """Draw leaves.

    A single leaf, a lobed or compound one, a fern or a tuft of grass, a fifth each. Uniform: lean, width,
    belly and teeth. Gaussian: bend of the stalk. Three in four are green, the rest yellow to red.
    """
    raster = Raster(side)
    green = leaf_colour(rng)
    kind = rng.choice(["single", "lobed", "compound", "fern", "grass"])
    if kind == "grass":
        _grass(rng, raster, green)
    elif kind == "lobed":
        _lobed(rng, raster, green)
    else:
        lean = rng.uniform(-0.25, 0.25)
        foot = np.array([0.5 - 0.5 * lean, 0.93])
        tip = np.array([0.5 + 0.5 * lean, 0.09])
        bend = rng.normal(0, 0.08)
        spine = bezier(np.stack([foot, (foot + tip) / 2 + [bend, 0], tip]), 60)
        if kind == "single":
            stalk, body = spine[:14], spine[12:]
            draw_stalk(raster, stalk, 0.014, green)
            draw_leaf(rng, raster, body, width=rng.uniform(0.15, 0.24), colour=green, fineness=40)
        else:
            _feather(rng, raster, spine, green, fern=kind == "fern")
    x, y = grid(side)
    return shade(raster.layer(), 1 + 0.07 * Noise(rng)(x, y, 5.0, octaves=4))


def leaf_colour(rng: np.random.Generator) -> Float:
    """Return a green, seldom the yellow, red or brown of autumn."""
    if rng.random() < 0.75:
        return hsv(rng.uniform(0.2, 0.36), rng.uniform(0.5, 0.8), rng.uniform(0.38, 0.62))
    return hsv(rng.uniform(0.01, 0.13), rng.uniform(0.65, 0.9), rng.uniform(0.5, 0.8))


def draw_stalk(raster: Raster, path: Float, width: float, colour: Float) -> None:
    """Draw a stalk, lit from the left."""
    raster.strokes(path[None], np.array([width]), 0.75 * colour)
    raster.strokes((path + 0.2 * width * sideways(path))[None], np.array([0.35 * width]), 1.25 * colour)


def draw_leaf(
    rng: np.random.Generator, raster: Raster, spine: Float, *, width: float, colour: Float, fineness: int = 14
) -> None:
    """Draw one leaf over `spine`, stalk first: blade, serration, veins; `fineness` cells along it."""
    along = np.linspace(0, 1, 4 * fineness)
    spine = np.stack([np.interp(along, np.linspace(0, 1, len(spine)), spine[:, k]) for k in (0, 1)], axis=-1)
    belly, teeth = rng.uniform(0.55, 0.95), int(rng.integers(0, 3)) * fineness // 3
    half = width * np.sin(np.pi * along**belly) ** rng.uniform(0.75, 1.1)
    if teeth:
        half = half * (1 + 0.14 * ((along * teeth) % 1.0 - 0.5))
    curl = rng.uniform(0.75, 1.0)
    across = np.linspace(-1, 1, 17)
    mesh = blade(spine, half, half * curl, across=16)
    # Side veins run forwards: phase grows along the leaf and backwards away from the midrib.
    veins = along[:, None] * rng.uniform(7, 11) - 0.9 * np.abs(across)
    ridge = np.abs(veins % 1.0 - 0.5) * 2
    fold = np.where(across < 0, 1.1, 0.83) + 0.1 * np.sin(3 * along[:, None] + rng.uniform(0, 6))
    light = fold * (0.9 + 0.13 * ridge) - 0.12 * (np.abs(across) > 0.9)
    vein = (ridge > 0.9) & (np.abs(across) < 0.9)
    shades = colour * light[..., None] + 0.07 * vein[..., None] * np.array([1.0, 1.0, 0.5])
    shades = shades * (1 + rng.normal(0, 0.05, 3))
    raster.mesh(mesh, (shades[:-1, :-1] + shades[1:, 1:]) / 2)
    taper = np.linspace(1, 0.15, len(spine))
    raster.strokes(spine[None], 0.055 * width * taper + 0.0008, np.clip(1.25 * colour + 0.1, 0, 1))


def _feather(rng: np.random.Generator, raster: Raster, spine: Float, colour: Float, fern: bool) -> None:
    draw_stalk(raster, spine, 0.009, colour)
    pairs = int(rng.integers(14, 22)) if fern else int(rng.integers(4, 8))
    angle = rng.uniform(0.9, 1.25)
    size = rng.uniform(0.2, 0.27) if fern else rng.uniform(0.22, 0.3)
    for place in np.linspace(0.16, 0.95, pairs):
        at = spine[int(place * (len(spine) - 1))]
        ahead = spine[-1] - spine[int(0.8 * place * (len(spine) - 1))]
        up = np.arctan2(ahead[1], ahead[0])
        length = size * ((1.08 - place) ** 0.8 if fern else np.sin(np.pi * (0.15 + 0.7 * place)) ** 0.7)
        for hand in (-1, 1):
            way = up + hand * (angle + rng.normal(0, 0.06))
            tip = at + length * heading(way)
            droop = at + 0.55 * length * heading(way - hand * 0.18)
            path = bezier(np.stack([at, droop, tip]), 24)
            width = (0.13 if fern else 0.27) * length
            draw_leaf(rng, raster, path, width=width, colour=colour, fineness=7 if fern else 14)
    if not fern:
        end = spine[-1]
        path = bezier(np.stack([spine[-6], end, end + 0.4 * size * (end - spine[-8]) / 0.1]), 24)
        draw_leaf(rng, raster, np.clip(path, 0.02, 0.98), width=0.25 * size, colour=colour)


def _lobed(rng: np.random.Generator, raster: Raster, colour: Float) -> None:
    """Draw a maple's leaf: five lobes with teeth, a vein to each."""
    foot, lean = np.array([0.5, 0.64]), rng.uniform(-0.3, 0.3)
    stalk = bezier(np.stack([foot, foot + [0.02, 0.15], foot + [rng.normal(0, 0.06), 0.3]]), 20)
    draw_stalk(raster, stalk, 0.012, colour)
    angles = np.array([-2.45, -1.15, 0.0, 1.15, 2.45]) + rng.normal(0, 0.05, 5)
    reach = np.array([0.23, 0.37, 0.5, 0.37, 0.23]) * rng.uniform(0.85, 1.05)
    points = [foot + [0.0, 0.01]]
    for angle, length in zip(angles, reach, strict=True):
        points += [foot + share * length * heading(angle + off - np.pi / 2 + lean) for share, off in _LOBE]
    outline = np.asarray(points)
    raster.polygon(outline, colour)
    for k in range(len(outline)):  # each facet between two veins has its own light
        tone = 1 + 0.12 * np.sin(2.0 * k) - 0.1 * (k % 11 > 5)
        raster.polygon(np.stack([foot, outline[k], outline[(k + 1) % len(outline)]]), tone * colour)
    pale = np.clip(1.2 * colour + 0.12, 0, 1)
    for angle, length in zip(angles, reach, strict=True):
        way = heading(angle - np.pi / 2 + lean)
        taper = np.linspace(0.009, 0.0015, 12)
        raster.strokes((foot + np.linspace(0, 0.96 * length, 12)[:, None] * way)[None], taper, pale)
        for share in (0.35, 0.5, 0.65, 0.8):
            at = foot + share * length * way
            for hand in (-1, 1):
                twig = heading(angle - np.pi / 2 + lean + hand * 0.6) * 0.22 * length * (1.1 - share)
                raster.strokes((at + np.linspace(0, 1, 6)[:, None] * twig)[None], np.array([0.0022]), pale)


def _grass(rng: np.random.Generator, raster: Raster, colour: Float) -> None:
    count = int(rng.integers(25, 80))
    foot = np.stack([0.5 + rng.normal(0, 0.06, count), rng.uniform(0.9, 0.94, count)], axis=-1)
    lean = rng.normal(0, 0.3, count) + (foot[:, 0] - 0.5) * 3
    height = rng.uniform(0.3, 0.8, count)
    tip = foot + height[:, None] * np.stack([np.sin(lean), -np.cos(lean)], axis=-1)
    tip[:, 1] += 0.35 * height * np.abs(lean) ** 1.5
    knee = foot + 0.65 * height[:, None] * np.stack([np.sin(0.3 * lean), -np.cos(0.3 * lean)], axis=-1)
    paths = bezier(np.stack([foot, knee, np.clip(tip, 0.04, 0.93)], axis=1), 24)
    width = rng.uniform(0.005, 0.014, count)[:, None] * np.linspace(1, 0.02, 24) ** 0.7
    tone = rng.uniform(0.6, 1.3, (count, 1, 1)) * np.linspace(0.75, 1.15, 6)[None, :, None]
    for k in range(count):
        raster.strokes(paths[k : k + 1], width[k : k + 1], tone[k : k + 1] * colour)
        shifted = paths[k : k + 1] + 0.22 * width[k : k + 1, :, None] * sideways(paths[k : k + 1])
        raster.strokes(shifted, 0.45 * width[k : k + 1], 0.85 * tone[k : k + 1] * colour)
