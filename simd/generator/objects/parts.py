"""Parts of a mixed object, each of one class, and how a finished drawing is placed among them."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from simd.generator.kit.curves import blade, outline, turn
from simd.generator.kit.layer import Float, Layer, paint, shade
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import blur

_SMALLEST = 48  # pixels a side: what is smaller is drawn larger, then reduced


class ClassLayer(NamedTuple):
    """A layer of one class; parts are listed with the top one first."""

    class_: str
    layer: Layer


def drawn_side(side: int, scale: float) -> int:
    """Return the side at which to draw what will be placed at `scale`."""
    return max(_SMALLEST, round(side * scale))


def placed(layer: Layer, side: int, scale: float, centre: tuple[float, float], angle: float = 0.0) -> Layer:
    """Reduce a drawing to `scale` of a square of `side` pixels, turn it and put its middle at `centre`."""
    height = len(layer.alpha)
    c, s = np.cos(angle), np.sin(angle)
    # From (row, column) of the square to (row, column) of the drawing, pixel centres at halves.
    matrix = np.array([[c, -s], [s, c]]) * height / (scale * side)
    middle = np.array([centre[1], centre[0]]) * side - 0.5
    offset = np.array([height / 2 - 0.5, height / 2 - 0.5]) - matrix @ middle
    planes = [*np.moveaxis(layer.colour, 2, 0), layer.alpha]
    moved = [
        ndimage.affine_transform(plane, matrix, offset, (side, side), order=1, mode="constant")
        for plane in planes
    ]
    alpha = np.clip(moved[3], 0, 1)
    return Layer(np.clip(np.stack(moved[:3], axis=-1), 0, alpha[..., None]), alpha)


def shadowed(under: Layer, caster: Layer, reach: float, strength: float) -> Layer:
    """Darken a layer where another one, lit from above left, throws its soft shadow."""
    side = len(under.alpha)
    step = round(reach * side)
    thrown = np.roll(np.roll(caster.alpha, step, axis=0), step // 2, axis=1)
    return shade(under, 1 - strength * blur(thrown, 0.5 * reach * side))


def leaf_blade(
    rng: np.random.Generator, raster: Raster, spine: Float, width: float, green: Float, *, teeth: float = 0.0
) -> None:
    """Draw a leaf over its spine (n, 2): two halves of unlike light, veins, and teeth along its edge."""
    count = len(spine)
    t = np.linspace(0, 1, count)
    half = 0.5 * width * np.sin(np.pi * np.clip(0.02 + 0.98 * t**0.8, 0, 1)) ** 0.85
    half = half * (1 - teeth * np.abs(np.sin(t * np.pi * 11)))
    none = np.zeros(count)
    light = rng.uniform(0.92, 1.15)
    for left, right, tone in ((half, none, light), (none, half, 0.8 * light)):
        raster.polygon(outline(blade(spine, left, right)), np.clip(green * tone, 0, 1))
    pale = np.clip(green * 1.25 + 0.06, 0, 1)
    raster.strokes(spine[None], np.linspace(0.035, 0.006, count) * width, pale)
    across = blade(spine, 0.92 * half, 0.92 * half, across=2)
    for k in range(3, count - 3, max(count // 9, 2)):
        ahead = min(k + max(count // 10, 1), count - 1)
        for hand in (0, 2):
            vein = np.stack([spine[k], 0.5 * (spine[k] + across[ahead, hand]), across[ahead, hand]])
            raster.strokes(vein[None], np.array([0.016, 0.012, 0.004]) * width, 0.5 * (pale + green))


def bent(
    foot: Float | tuple[float, float], angle: float, length: float, bend: float, count: int = 24
) -> Float:
    """Return points (count, 2) on a way that leaves `foot` at an angle and turns by `bend` as it goes."""
    t = np.linspace(0, 1, count)
    way = np.stack([length * t * np.cos(bend * t), length * t * np.sin(bend * t)], axis=-1)
    return np.asarray(turn(way, angle) + np.asarray(foot))


def solid(raster: Raster, light: Float) -> Layer:
    """Return what a raster shows, under a light (S, S)."""
    layer = raster.layer()
    return shade(layer, light)


def drop(side: int, centre: tuple[float, float], radius: float, long: float) -> Layer:
    """Draw a drop of water: clear inside, dark at the upper rim, bright below, with a highlight."""
    at = (np.arange(side) + 0.5) / side
    p, q = (at[None, :] - centre[0]) / radius, (at[:, None] - centre[1]) / (radius * long)
    p = p / np.where(q < 0, np.clip(1 + 0.35 * q, 0.3, 1), 1.0)  # a neck above, a belly below
    far = np.sqrt(p * p + q * q)
    cover = np.clip(0.5 + (1 - far) * radius * side, 0, 1)
    rim = np.clip((far - 0.45) / 0.55, 0, 1) ** 2
    grey = np.clip(0.62 + 0.42 * q * rim + 0.2 * (1 - rim) * q, 0, 1)
    spot = np.exp(-(((p + 0.35) / 0.2) ** 2 + ((q + 0.4) / 0.22) ** 2))
    colour = np.clip(grey + spot, 0, 1)[..., None] * np.array([0.95, 0.98, 1.0])
    return paint(colour, cover * np.clip(0.22 + 0.5 * rim + 0.9 * spot, 0, 0.96))
