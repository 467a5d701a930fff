"""Nets: chain-link, knotted rope, a goal's net, chicken wire; sagging and in perspective."""

import numpy as np

from simd.dataset.synthetic.curves import Place
from simd.dataset.synthetic.layer import Float, Layer, shade
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.raster import Raster, sideways
from simd.dataset.synthetic.shading import grid, hsv


def net(rng: np.random.Generator, side: int) -> Layer:
    """Draw a net: mesh, size of the cells, thread, knots, colour, sag, wind and perspective vary."""
    kind = rng.choice(["chain", "rope", "goal", "wire"])
    cells = {
        "chain": rng.uniform(6, 12),
        "rope": rng.uniform(5, 10),
        "goal": rng.uniform(9, 18),
        "wire": rng.uniform(8, 15),
    }[kind]
    paths, crossings = {"chain": _chain, "rope": _diamonds, "goal": _squares, "wire": _hexagons}[kind](
        int(cells)
    )
    metal = kind in ("chain", "wire")
    thick = (0.1 if kind == "rope" else 0.075 if metal else 0.07) / cells * rng.uniform(0.8, 1.3)
    colour = _thread_colour(rng, metal)
    place = _hang(rng, stiff=metal)
    raster = Raster(side)
    paths = place(paths)
    raster.strokes(paths, np.array([thick]), 0.5 * colour)
    # A round thread: a lighter core, then a highlight towards the light.
    across = sideways(paths)
    up = np.where(across[..., 1:] > 0, -1.0, 1.0) * across
    raster.strokes(paths + 0.1 * thick * up, np.array([0.62 * thick]), 0.85 * colour)
    raster.strokes(
        paths + 0.18 * thick * up,
        np.array([0.26 * thick]),
        np.clip((1.35 if metal else 1.1) * colour + 0.04, 0, 1),
    )
    if kind in ("rope", "goal"):
        knots = place(crossings)
        size = thick * rng.uniform(0.85, 1.1, len(knots))
        raster.discs(knots, size, 0.55 * colour)
        raster.discs(knots - 0.2 * size[:, None], 0.7 * size, 0.95 * colour)
        raster.discs(knots - 0.35 * size[:, None], 0.25 * size, np.clip(1.2 * colour, 0, 1))
    if kind in ("rope", "goal"):
        border = place(_border())
        raster.strokes(border, np.array([2.0 * thick]), 0.6 * colour)
        raster.strokes(border, np.array([1.2 * thick]), 0.9 * colour)
    x, y = grid(side)
    worn = Noise(rng)(x, y, 5.0, octaves=5)
    fibre = Noise(rng)(x, y, 60.0)
    return shade(raster.layer(), 1 + 0.12 * worn + (0.1 if not metal else 0.03) * fibre)


def _thread_colour(rng: np.random.Generator, metal: bool) -> Float:
    if metal:
        return hsv(rng.uniform(0.05, 0.62), rng.uniform(0.0, 0.12), rng.uniform(0.5, 0.78))
    return hsv(
        rng.choice([0.09, 0.1, 0.33, 0.6, 0.02]), rng.choice([0.05, 0.3, 0.65]), rng.uniform(0.6, 0.95)
    )


def _hang(rng: np.random.Generator, stiff: bool) -> Place:
    """Return the map of the flat net, the unit square, into the picture, clear of its border."""
    tilt_x, tilt_y = rng.uniform(-0.45, 0.45), rng.uniform(-0.3, 0.3)
    sag, turn = (0.015 if stiff else rng.uniform(0.03, 0.14)), rng.normal(0, 0.03)
    wind_x, wind_y = Noise(rng), Noise(rng)
    blow = 0.006 if stiff else rng.uniform(0.01, 0.03)

    def flutter(points: Float) -> Float:
        u, v = points[..., 0] - 0.5, points[..., 1] - 0.5
        flat = (points[..., 0].reshape(-1, 1), points[..., 1].reshape(-1, 1))
        dx = blow * wind_x(*flat, 2.5, octaves=2).reshape(u.shape)
        dy = blow * wind_y(*flat, 2.5, octaves=2).reshape(u.shape) + sag * (0.25 - u * u) * 4 * (0.4 + v)
        u, v = u + dx, v + dy
        depth = 1 + tilt_x * u + tilt_y * v
        return np.stack([(u - turn * v) / depth, (v + turn * u) / depth], axis=-1)

    edges = flutter(_border()).reshape(-1, 2)
    low, high = edges.min(axis=0), edges.max(axis=0)
    scale = 0.9 / float((high - low).max())

    def place(points: Float) -> Float:
        return np.asarray(0.5 + scale * (flutter(points) - (low + high) / 2))

    return place


def _diamonds(cells: int) -> tuple[Float, Float]:
    """Return the two families of diagonals, as pieces from knot to knot, and the knots."""
    n = cells
    i, j = np.meshgrid(np.arange(2 * n + 1), np.arange(2 * n + 1), indexing="ij")
    even = (i + j) % 2 == 0
    knots = np.stack([i[even], j[even]], axis=-1) / (2 * n)
    right = knots[(knots[:, 1] < 1)]
    pieces = []
    for step in (1, -1):
        end = right + np.array([step, 1]) / (2 * n)
        keep = (end[:, 0] >= 0) & (end[:, 0] <= 1)
        pieces.append(np.stack([right[keep], (right[keep] + end[keep]) / 2, end[keep]], axis=1))
    t = np.linspace(0, 1, 7)[:, None]
    whole = np.concatenate(pieces)
    return whole[:, None, 0] + t * (whole[:, None, 2] - whole[:, None, 0]), knots


def _chain(cells: int) -> tuple[Float, Float]:
    """Return zigzag wires, each hooked into the next: at a crossing the two wires loop round each other."""
    t = np.linspace(0, 2 * cells, 2 * cells * 10 + 1)
    bend = 0.97  # under 1: a zigzag with round corners
    wave = 0.5 - 0.53 * np.arcsin(bend * np.cos(np.pi * t)) / np.arcsin(bend)
    wires = []
    for k in range(2 * cells):
        u = (k + (wave if k % 2 == 0 else 1 - wave)) / (2 * cells)
        wires.append(np.stack([u, t / (2 * cells)], axis=-1))
    paths = np.stack(wires)
    pieces = paths[:, :-1].reshape(2 * cells, -1, 10, 2)
    ends = np.concatenate([pieces[:, 1:, :1], paths[:, None, -1:]], axis=1)
    return np.concatenate([pieces, ends], axis=2).reshape(-1, 11, 2), np.zeros((0, 2))


def _squares(cells: int) -> tuple[Float, Float]:
    at = np.arange(cells + 1) / cells
    i, j = np.meshgrid(at, at, indexing="ij")
    knots = np.stack([i, j], axis=-1)
    t = np.linspace(0, 1, 5)[None, None, :, None]
    across = knots[:-1, :, None] + t * (knots[1:] - knots[:-1])[:, :, None]
    down = knots[:, :-1, None] + t * (knots[:, 1:] - knots[:, :-1])[:, :, None]
    return np.concatenate([across.reshape(-1, 5, 2), down.reshape(-1, 5, 2)]), knots.reshape(-1, 2)


def _hexagons(cells: int) -> tuple[Float, Float]:
    """Return the edges of a honeycomb; the upright ones are two wires twisted, drawn as a wave."""
    pieces = []
    t = np.linspace(0, 1, 9)[:, None]
    for row in range(cells):
        for column in range(cells):
            x, y = (column + 0.5 * (row % 2)) / (cells + 0.5), row / cells
            w, h = 0.5 / (cells + 0.5), 1 / cells
            top, left, right = (
                np.array([x + w, y + 0.1 * h]),
                np.array([x, y + 0.4 * h]),
                np.array([x + 2 * w, y + 0.4 * h]),
            )
            foot = left + np.array([0.0, 0.7 * h])
            pieces += [left + t * (top - left), top + t * (right - top)]
            twist = 0.04 * h * np.sin(2 * np.pi * 1.5 * t) * np.array([[1.0, 0.0]])
            pieces += [left + t * (foot - left) + twist, left + t * (foot - left) - twist]
    return np.clip(np.asarray(pieces), 0, 1), np.zeros((0, 2))


def _border() -> Float:
    t = np.linspace(0, 1, 60)
    zero, one = np.zeros(60), np.ones(60)
    return np.stack([np.stack(edge, axis=-1) for edge in ((t, zero), (one, t), (t, one), (zero, t))])
