"""Meshes of nets in the flat unit square: pieces of thread, (n, points, 2), and knots, (k, 2)."""

import numpy as np

from simd.generator.kit.layer import Float


def diamonds(cells: int) -> tuple[Float, Float]:
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


def chain(cells: int) -> tuple[Float, Float]:
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


def squares(cells: int) -> tuple[Float, Float]:
    """Return upright and level threads, as pieces from knot to knot, and the knots."""
    at = np.arange(cells + 1) / cells
    i, j = np.meshgrid(at, at, indexing="ij")
    knots = np.stack([i, j], axis=-1)
    t = np.linspace(0, 1, 5)[None, None, :, None]
    across = knots[:-1, :, None] + t * (knots[1:] - knots[:-1])[:, :, None]
    down = knots[:, :-1, None] + t * (knots[:, 1:] - knots[:, :-1])[:, :, None]
    return np.concatenate([across.reshape(-1, 5, 2), down.reshape(-1, 5, 2)]), knots.reshape(-1, 2)


def hexagons(cells: int) -> tuple[Float, Float]:
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


def border() -> Float:
    """Return the four sides of the square in 60 pieces of 5 points."""
    t = np.linspace(0, 1, 61)
    zero, one = np.zeros(61), np.ones(61)
    sides = [np.stack(edge, axis=-1) for edge in ((t, zero), (one, t), (t, one), (zero, t))]
    return np.concatenate([np.stack([side[k : k + 5] for k in range(0, 60, 4)]) for side in sides])
