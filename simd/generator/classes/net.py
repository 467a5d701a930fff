"""Nets: chain-link, chicken wire, knotted rope, a goal's net, fishing net; sagging, torn, in perspective."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simd.generator.kit.curves import Place
from simd.generator.kit.layer import Float, Layer, shade
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster, sideways
from simd.generator.kit.shading import grid, hsv, smoothstep
from simd.generator.parts.meshes import border, chain, diamonds, hexagons, squares

Bool = npt.NDArray[np.bool_]


class _Kind(NamedTuple):
    cells: tuple[float, float]  # fewest and most, from side to side
    thick: float  # of a thread, in cells
    sag: tuple[float, float]
    blow: tuple[float, float]  # how far wind and folds move it


_KINDS = {
    "chain": _Kind((6, 13), 0.075, (0.0, 0.02), (0.004, 0.012)),
    "wire": _Kind((8, 16), 0.075, (0.0, 0.02), (0.006, 0.02)),
    "rope": _Kind((4, 10), 0.1, (0.03, 0.16), (0.012, 0.04)),
    "goal": _Kind((8, 20), 0.07, (0.03, 0.16), (0.015, 0.05)),
    "fishing": _Kind((11, 20), 0.055, (0.06, 0.22), (0.03, 0.07)),
}
_MESHES = {"chain": chain, "wire": hexagons, "rope": diamonds, "goal": squares, "fishing": diamonds}


def net(rng: np.random.Generator, side: int) -> Layer:
    """Draw a net.

    The kind is one of five with even odds. Uniform: number of cells, thickness of the thread (0.6 to 1.5
    of the kind's, kept within 0.5% and 1.5% of the side), sag, wind, perspective, colour (metal: grey, a
    third of it rusty). Gaussian: turn. Half of the nets are torn, with one to three holes and loose ends.
    """
    kind = str(rng.choice(list(_KINDS)))
    habit, metal = _KINDS[kind], kind in ("chain", "wire")
    cells = int(rng.uniform(*habit.cells))
    pieces, knots = _MESHES[kind](cells)
    edge = border()
    thick = min(max(habit.thick / cells * rng.uniform(0.6, 1.5), 0.005), 0.015)
    colour = _thread_colour(rng, metal)
    if rng.random() < 0.5:
        pieces, knots, edge = _torn(rng, pieces, knots, edge, 1 / cells)
    place = _hang(rng, habit)
    raster = Raster(side)
    _thread(raster, place(pieces), thick, colour, metal)
    if not metal:
        _knots(rng, raster, place(knots), thick, colour)
        rope = place(edge)
        raster.strokes(rope, np.array([2.0 * thick]), 0.6 * colour)
        raster.strokes(rope, np.array([1.2 * thick]), 0.9 * colour)
    x, y = grid(side)
    worn = Noise(rng)(x, y, 5.0, octaves=5)
    layer = shade(raster.layer(), 1 + 0.12 * worn + (0.03 if metal else 0.1) * Noise(rng)(x, y, 60.0))
    if metal and rng.random() < 0.33:
        rust = smoothstep(-0.2, 0.9, worn)[..., None]
        layer = shade(layer, 1 + rust * (np.array([0.72, 0.42, 0.25]) - 1))
    return layer


def _thread(raster: Raster, paths: Float, thick: float, colour: Float, metal: bool) -> None:
    """Draw round threads: a dark edge, a lighter core, a highlight towards the light."""
    across = sideways(paths)
    up = np.where(across[..., 1:] > 0, -1.0, 1.0) * across
    shine = np.clip((1.35 if metal else 1.1) * colour + 0.04, 0, 1)
    raster.strokes(paths, np.array([thick]), 0.5 * colour)
    raster.strokes(paths + 0.1 * thick * up, np.array([0.62 * thick]), 0.85 * colour)
    raster.strokes(paths + 0.18 * thick * up, np.array([0.26 * thick]), shine)


def _knots(rng: np.random.Generator, raster: Raster, places: Float, thick: float, colour: Float) -> None:
    size = thick * rng.uniform(0.8, 1.15, len(places))
    raster.discs(places, size, 0.55 * colour)
    raster.discs(places - 0.2 * size[:, None], 0.7 * size, 0.95 * colour)
    raster.discs(places - 0.35 * size[:, None], 0.25 * size, np.clip(1.2 * colour, 0, 1))


def _thread_colour(rng: np.random.Generator, metal: bool) -> Float:
    if metal:
        return hsv(rng.uniform(0.05, 0.62), rng.uniform(0.0, 0.12), rng.uniform(0.4, 0.8))
    hue = rng.choice([0.09, 0.1, 0.35, 0.45, 0.6, 0.02, 0.07])
    return hsv(hue, rng.choice([0.05, 0.3, 0.7]), rng.choice([0.25, 0.7, 0.95], p=[0.2, 0.4, 0.4]))


def _torn(
    rng: np.random.Generator, pieces: Float, knots: Float, edge: Float, cell: float
) -> tuple[Float, Float, Float]:
    """Tear holes: threads inside are gone, of some that were cut a loose end hangs."""
    count = int(rng.integers(1, 4))
    centres, sizes = rng.uniform(-0.05, 1.05, (count, 2)), rng.uniform(0.08, 0.26, count)
    ragged = Noise(rng)

    def inside(points: Float) -> Bool:
        far = np.sqrt(((points[:, None] - centres) ** 2).sum(axis=2)) / sizes
        edge_ = 1 - 0.22 * ragged(points[:, :1], points[:, 1:], 9.0)[:, 0]
        return np.asarray(far.min(axis=1) < edge_, dtype=np.bool_)

    starts, ends = pieces[:, 0], pieces[:, -1]
    first, last = inside(starts), inside(ends)
    cut = np.where(first[:, None, None], pieces[:, ::-1], pieces)[first != last]
    t = np.linspace(0, 1, pieces.shape[1])[:, None]
    loose = cut[:, :1] + rng.uniform(0.3, 0.8, (len(cut), 1, 1)) * (cut - cut[:, :1])
    loose = loose + rng.uniform(0.1, 0.6, (len(cut), 1, 1)) * cell * t**2 * np.array([0.0, 1.0])
    kept = pieces[~first & ~last]
    rest = knots[~inside(knots)] if len(knots) else knots
    return np.concatenate([kept, loose]), rest, edge[~inside(edge.mean(axis=1))]


def _hang(rng: np.random.Generator, habit: _Kind) -> Place:
    """Return the map of the flat net, the unit square, into the picture, clear of its border."""
    tilt_x, tilt_y, turn = rng.uniform(-0.45, 0.45), rng.uniform(-0.3, 0.3), rng.normal(0, 0.04)
    sag, blow, shape = rng.uniform(*habit.sag), rng.uniform(*habit.blow), rng.uniform(0.75, 1.0)
    wind_x, wind_y = Noise(rng), Noise(rng)

    def flutter(points: Float) -> Float:
        u, v = points[..., 0] - 0.5, shape * (points[..., 1] - 0.5)
        flat = (points[..., 0].reshape(-1, 1), points[..., 1].reshape(-1, 1))
        dx = blow * wind_x(*flat, 2.5, octaves=2).reshape(u.shape)
        dy = blow * wind_y(*flat, 2.5, octaves=2).reshape(u.shape) + sag * (0.25 - u * u) * 4 * (0.4 + v)
        u, v = u + dx, v + dy
        depth = 1 + tilt_x * u + tilt_y * v
        return np.stack([(u - turn * v) / depth, (v + turn * u) / depth], axis=-1)

    edges = flutter(border()).reshape(-1, 2)
    low, high = edges.min(axis=0), edges.max(axis=0)
    scale = 0.9 / float((high - low).max())

    def place(points: Float) -> Float:
        return np.asarray(0.5 + scale * (flutter(points) - (low + high) / 2))

    return place
