"""A street: two rows of houses that meet in the distance, with cars, trees and lamp posts."""

from itertools import pairwise

import numpy as np

from simd.generator.kit.curves import ellipse
from simd.generator.kit.layer import Float, over, paint
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import grid, hsv
from simd.generator.scenes.broadcast_noise import noise
from simd.generator.scenes.outdoors import sky


def street(rng: np.random.Generator, side: int) -> Float:
    """Draw two rows of houses that meet in the distance; storeys, windows, colours and weather vary."""
    x, _ = grid(side)
    weather = str(rng.choice(["noon", "hazy", "overcast", "evening"]))
    eye = rng.uniform(0.52, 0.62)
    vanish = rng.uniform(0.35, 0.65)
    dusk = weather == "evening"
    light = 0.78 if dusk else rng.uniform(0.85, 1.1)
    road = Raster(side)
    road.polygon(
        np.array([[-1, eye], [2, eye], [2, 1.2], [-1, 1.2]]), light * hsv(0.6, 0.06, rng.uniform(0.3, 0.5))
    )
    for hand in (-1, 1):
        kerb = _ground(
            vanish,
            eye,
            np.array([[hand * 0.62, 1.0], [hand * 0.62, 30.0], [hand * 2, 30.0], [hand * 2, 1.0]]),
        )
        road.polygon(kerb, light * np.array([0.58, 0.56, 0.53]))
    for z in np.arange(1.0, 12.0, 1.3):
        dash = np.array([[-0.02, z], [-0.02, z + 0.6], [0.02, z + 0.6], [0.02, z]])
        road.polygon(_ground(vanish, eye, dash), light * np.array([0.82, 0.82, 0.78]))
    houses = Raster(side)
    for hand in (-1, 1):
        depths = 0.62 + np.cumsum(np.append(0, rng.uniform(0.5, 1.3, 14)))
        for k in range(13, -1, -1):
            _house(rng, houses, vanish, eye, hand, (depths[k], depths[k + 1]), light, dusk)
    things = Raster(side)
    for _ in range(int(rng.integers(3, 9))):
        _thing(rng, things, vanish, eye, light)
    rough = noise(rng, x, x.T, 30.0, octaves=3)
    flat = over(
        things.layer(),
        houses.layer(),
        road.layer(),
        paint(sky(rng, side, eye, weather), np.ones((side, side))),
    )
    return flat.colour * (1 + 0.035 * rough)[..., None]


def _ground(vanish: float, eye: float, points: Float) -> Float:
    """Project points (n, 2), right and away, that lie on the street."""
    return np.stack([vanish + 0.5 * points[:, 0] / points[:, 1], eye + 0.3 / points[:, 1]], axis=-1)


def _house(
    rng: np.random.Generator, raster: Raster, vanish: float, eye: float, hand: int,
    span: tuple[float, float], light: float, dusk: bool,
) -> None:  # fmt: skip
    tone = hsv(rng.choice([0.04, 0.07, 0.09, 0.11, 0.13]), rng.uniform(0.05, 0.45), rng.uniform(0.45, 0.9))
    tone = light * tone * (0.72 if hand < 0 else 1.0)
    storeys = int(rng.integers(2, 6))
    top = 0.32 * storeys + 0.2

    def wall(z: Float | list[float], height: Float | list[float]) -> Float:
        z, height = np.asarray(z), np.asarray(height)
        return np.stack([vanish + hand * 0.5 * 0.95 / z, eye + (0.3 - height) / z], axis=-1)

    near, far = span
    raster.polygon(wall([near, far, far, near], [0, 0, top, top]), tone)
    raster.polygon(wall([near, far, far, near], [top, top, top + 0.07, top + 0.07]), 0.62 * tone)
    columns = max(1, round((far - near) / 0.24))
    edges = np.linspace(near, far, columns + 1)
    pane = hsv(0.58, 0.25, 0.3) * light
    for floor in range(storeys):
        low = 0.1 + 0.32 * floor
        for a, b in pairwise(edges):
            inset = 0.24 * (b - a)
            z = [a + inset, b - inset, b - inset, a + inset]
            lit = rng.random() < (0.35 if dusk else 0.06)
            glass = np.array([1.0, 0.82, 0.5]) if lit else pane * rng.uniform(0.6, 1.9)
            if floor == 0:
                glass = glass if rng.random() < 0.5 else hsv(rng.random(), 0.5, 0.4) * light
            frame = [a + 0.7 * inset, b - 0.7 * inset, b - 0.7 * inset, a + 0.7 * inset]
            raster.polygon(
                wall(frame, [low - 0.02, low - 0.02, low + 0.2, low + 0.2]), np.minimum(1.25 * tone, 1)
            )
            raster.polygon(wall(z, [low, low, low + 0.18, low + 0.18]), glass)


def _thing(rng: np.random.Generator, raster: Raster, vanish: float, eye: float, light: float) -> None:
    """Draw what stands in a street: a car, a tree, a lamp post."""
    z, hand = rng.uniform(1.1, 5.0), rng.choice([-1, 1])
    foot = _ground(vanish, eye, np.array([[hand * rng.uniform(0.45, 0.75), z]]))[0]
    kind = rng.choice(["car", "tree", "post"], p=[0.45, 0.4, 0.15])
    if kind == "car":
        paint_ = hsv(rng.random(), rng.uniform(0.0, 0.8), rng.uniform(0.2, 0.85)) * light
        w, h = 0.13 / z, 0.1 / z
        box = np.array(
            [[-1, 0], [-1, -0.5], [-0.75, -0.55], [-0.6, -1], [0.6, -1], [0.75, -0.55], [1, -0.5], [1, 0]]
        )
        raster.polygon(ellipse((foot[0], foot[1]), 1.1 * w, 0.12 * h), 0.3 * np.ones(3) * light)
        raster.polygon(foot + box * [w, h], paint_)
        raster.polygon(
            foot + np.array([[-0.66, -0.56], [-0.54, -0.92], [0.54, -0.92], [0.66, -0.56]]) * [w, h],
            0.18 * np.ones(3),
        )
        lamps = foot + np.array([[-0.8, -0.36], [0.8, -0.36]]) * [w, h]
        raster.discs(lamps, np.array([0.12 * w, 0.12 * w]), np.array([0.95, 0.25, 0.15]))
        return
    tall = (0.62 if kind == "tree" else 0.8) / z
    stem = foot - np.array([[0.0, 0.0], [0.0, 0.5], [0.0, 1.0]]) * [1, tall]
    raster.strokes(stem[None], np.array([0.012 / z]), 0.22 * np.ones(3))
    if kind == "tree":
        green = hsv(rng.choice([0.2, 0.27, 0.12]), 0.55, 0.42) * light
        count = 900
        where = foot - [0, tall] + rng.normal(0, 0.34, (count, 2)) * [tall * 0.62, tall * 0.6]
        tones = np.clip(
            rng.normal(0.9, 0.25, (count, 1)) - 0.8 * (where[:, 1:] - foot[1] + tall) / tall, 0.3, 1.6
        )
        raster.discs(where, 0.028 * tall * rng.uniform(0.6, 1.4, count), np.clip(green * tones, 0, 1))
