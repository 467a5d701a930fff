"""Lights far out of focus: lamps of a city at night, candles, sun through leaves."""

import numpy as np

from simd.generator.kit.layer import Float
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import grid, hsv, ramp
from simd.generator.scenes.broadcast_noise import noise
from simd.generator.scenes.camera import defocus

_GROUNDS = {  # dark, middle, bright; hues of the lights
    "city": ([(0.03, 0.04, 0.09), (0.14, 0.13, 0.2), (0.36, 0.26, 0.24)], [0.08, 0.1, 0.12, 0.02, 0.55]),
    "candles": ([(0.10, 0.04, 0.02), (0.30, 0.14, 0.06), (0.52, 0.28, 0.12)], [0.07, 0.09, 0.11]),
    "leaves": ([(0.10, 0.19, 0.05), (0.30, 0.44, 0.14), (0.66, 0.76, 0.38)], [0.17, 0.2, 0.24]),
    "autumn": ([(0.24, 0.10, 0.03), (0.58, 0.30, 0.08), (0.88, 0.66, 0.30)], [0.06, 0.09, 0.13]),
    "pale": ([(0.52, 0.54, 0.58), (0.72, 0.73, 0.75), (0.9, 0.9, 0.89)], [0.1, 0.58, 0.95]),
    "water": ([(0.05, 0.16, 0.26), (0.17, 0.36, 0.48), (0.52, 0.7, 0.78)], [0.5, 0.54, 0.12]),
}


def lights(rng: np.random.Generator, side: int) -> Float:
    """Draw soft discs of light before a blurred ground; number, size, colours and brightness vary."""
    x, y = grid(side)
    colours, hues = _GROUNDS[str(rng.choice(list(_GROUNDS)))]
    shape = noise(rng, x * 1.3, y, rng.uniform(2.0, 4.0), octaves=3) + rng.uniform(-1.5, 1.5) * (y - 0.5)
    picture = ramp(np.clip(0.42 + 0.27 * shape, 0, 1), colours)
    picture = picture + 0.35 * (_blots(rng, side, picture) - picture)
    radius = rng.uniform(0.018, 0.042)
    shine = np.zeros((side, side, 3))
    for far in (1.35, 1.0, 0.6):
        count = int(rng.integers(14, 60))
        band = rng.uniform(0.25, 0.7)
        where = np.stack([rng.uniform(0, 1, count), rng.normal(band, 0.15, count)], axis=-1)
        hue = rng.choice(hues, count) + rng.normal(0, 0.012, count)
        tint = np.stack([hsv(h, s, 1.0) for h, s in zip(hue, rng.uniform(0.1, 0.75, count), strict=True)])
        shine = np.maximum(shine, _discs(side, where, radius * far * rng.uniform(0.9, 1.1, count), tint, rng))
    strength = rng.uniform(0.45, 0.95)
    picture = 1 - (1 - picture) * (1 - strength * shine)
    return defocus(np.clip(picture, 0, 1), 0.0016 * side)


def _discs(side: int, where: Float, radii: Float, tint: Float, rng: np.random.Generator) -> Float:
    """Return the light of discs that are a little brighter at the rim, as lenses make them."""
    picture = np.zeros((side, side, 3))
    bright = rng.uniform(0.15, 1.0, len(where)) ** 1.5
    for k in np.argsort(bright, kind="stable"):
        low = np.floor(np.clip(where[k] - 1.2 * radii[k], 0, 1) * side).astype(int)
        high = np.ceil(np.clip(where[k] + 1.2 * radii[k], 0, 1) * side).astype(int)
        xs = (np.arange(low[0], high[0]) + 0.5) / side
        ys = (np.arange(low[1], high[1]) + 0.5) / side
        far = np.sqrt((xs[None] - where[k, 0]) ** 2 + (ys[:, None] - where[k, 1]) ** 2)
        cover = np.clip(0.5 + (radii[k] - far) * side, 0, 1)
        ring = 0.78 + 0.22 * np.clip((far / radii[k]) ** 6, 0, 1)
        part = picture[low[1] : high[1], low[0] : high[0]]
        part += (1 - part) * (bright[k] * cover * ring)[..., None] * tint[k]
    return picture


def _blots(rng: np.random.Generator, side: int, picture: Float) -> Float:
    """Return large blurred shapes in the picture's own colours: what stands behind the lights."""
    raster = Raster(side)
    count = 40
    rows = np.floor(rng.random((2, count)) * side).astype(int)
    where = np.stack([rng.uniform(0, 1, count), rng.uniform(0.1, 0.9, count)], axis=-1)
    raster.discs(
        where, rng.uniform(0.03, 0.14, count), picture[rows[0], rows[1]] * rng.uniform(0.5, 1.4, (count, 1))
    )
    layer = raster.layer()
    drawn = layer.colour + (1 - layer.alpha)[..., None] * picture
    return defocus(np.clip(drawn, 0, 1), 0.03 * side)
