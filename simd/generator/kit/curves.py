"""Paths, outlines and blades as arrays of points (x to the right, y down, in the unit square)."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy import ndimage

from simd.generator.kit.layer import Float
from simd.generator.kit.raster import sideways

Place = Callable[[Float], Float]
"""Moves points of a thing, in its own frame, to where they are in the picture."""


def bezier(controls: Float, count: int) -> Float:
    """Return `count` points on Bézier curves whose controls are (..., degree + 1, 2)."""
    t = np.linspace(0, 1, count)[:, None]
    level = [np.asarray(controls)[..., k, None, :] for k in range(np.shape(controls)[-2])]
    while len(level) > 1:
        level = [a + t * (b - a) for a, b in pairwise(level)]
    return np.asarray(level[0])


def through(points: Float, count: int, closed: bool = False) -> Float:
    """Return `count` points on a smooth (Catmull-Rom) curve through `points`, (n, 2)."""
    points = np.asarray(points, dtype=np.float64)
    if closed:
        points = np.concatenate([points[-1:], points, points[:2]])
    else:
        points = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    at = np.linspace(0, len(points) - 3, count, endpoint=not closed)
    cell = np.minimum(np.floor(at).astype(int), len(points) - 4)
    t = (at - cell)[:, None]
    a, b, c, d = (points[cell + k] for k in range(4))
    return np.asarray(b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))


def ellipse(
    centre: Float | tuple[float, float], rx: float, ry: float, angle: float = 0.0, count: int = 64
) -> Float:
    """Return `count` points on an ellipse."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.asarray(turn(np.stack([rx * np.cos(t), ry * np.sin(t)], axis=-1), angle) + centre)


def turn(points: Float, angle: float | Float, about: Float | tuple[float, float] = (0.0, 0.0)) -> Float:
    """Turn points (..., 2) clockwise on the picture, by radians that broadcast to (...)."""
    moved = points - np.asarray(about)
    c, s = np.cos(angle), np.sin(angle)
    turned = np.stack([c * moved[..., 0] - s * moved[..., 1], s * moved[..., 0] + c * moved[..., 1]], axis=-1)
    return np.asarray(turned + np.asarray(about))


def heading(angle: float | Float) -> Float:
    """Return unit vectors (..., 2) at angles: 0 to the right, π/2 down."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def blade(spine: Float, left: Float, right: Float | None = None, across: int = 8) -> Float:
    """Return a grid of points, (n, across + 1, 2), over a blade with a spine (n, 2) and half-widths (n,)."""
    t = np.linspace(-1, 1, across + 1)
    right = left if right is None else right
    reach = np.where(t < 0, left[:, None] * t, right[:, None] * t)
    return spine[:, None] + reach[..., None] * sideways(spine)[:, None]


def outline(mesh: Float) -> Float:
    """Return the outline, (2 n, 2), of a grid of points."""
    return np.concatenate([mesh[:, 0], mesh[::-1, -1]])


def wander(rng: np.random.Generator, shape: tuple[int, ...], count: int, knots: int = 5) -> Float:
    """Return smooth random functions, `shape` + (count,), of standard deviation near 1."""
    values = rng.standard_normal((*shape, knots + 3)) * 1.4
    at = np.linspace(1, knots + 1, count)
    flat = values.reshape(-1, knots + 3)
    rows = [ndimage.map_coordinates(row, [at], order=3, mode="nearest", prefilter=False) for row in flat]
    return np.asarray(rows, dtype=np.float64).reshape(*shape, count)
