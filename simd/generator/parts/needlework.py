"""Needlework: what lace is stitched of, in the flat: round doilies, borders and panels."""

from itertools import pairwise

import numpy as np

from simd.generator.kit.curves import bezier, heading, turn
from simd.generator.kit.layer import Float


class Pattern:
    """What is stitched: lines of thread and solid patches, in the flat."""

    def __init__(self, thread: float) -> None:
        self.thread = thread  # width
        self.lines: list[tuple[Float, float]] = []  # points (n, 2), width
        self.solids: list[Float] = []  # outlines (n, 2)

    def line(self, points: Float, thick: float = 1.0) -> None:
        """Lay a thread along points (n, 2)."""
        self.lines.append((points, thick * self.thread))

    def ring(
        self, centre: Float, radius: float, thick: float = 1.0, scallops: int = 0, wave: float = 0.0
    ) -> None:
        """Lay a thread round a circle, or round the bows of a scalloped one."""
        t = np.linspace(0, 2 * np.pi, 40 + int(300 * radius) + 8 * scallops)
        far = radius * (1 + wave * np.abs(np.sin(scallops * t / 2)))
        self.line(centre + far[:, None] * heading(t), thick)

    def blossom(self, centre: Float, size: float, first: float) -> None:
        """Stitch a flower of six petals."""
        t = np.linspace(0, 2 * np.pi, 20)
        for way in first + np.arange(6) * np.pi / 3:
            petal = centre + 0.58 * size * heading(way)
            loop = petal + turn(size * np.stack([0.42 * np.cos(t), 0.27 * np.sin(t)], axis=-1), way)
            self.solids.append(petal + 0.8 * (loop - petal))
            self.line(loop, 0.8)
        self.ring(centre, 0.17 * size)


def doily(rng: np.random.Generator, pattern: Pattern) -> None:
    """Work rings outwards, each filled with one motif, and a scalloped edge with picots."""
    centre, thread = np.array([0.5, 0.5]), pattern.thread
    fold = int(rng.choice([8, 10, 12, 14, 16]))
    rings = np.array([0.0, 0.09, 0.17, 0.25, 0.33, 0.4]) + np.append(0, rng.normal(0, 0.008, 5))
    for level, (low, high) in enumerate(pairwise(rings.tolist())):
        count = fold * (1 if level < 1 else 2 if level < 4 else 3)
        motif = rng.choice(["petals", "mesh", "loops", "spokes", "flowers"]) if level else "petals"
        for angle in np.arange(count) * 2 * np.pi / count:
            _sector(pattern, motif, angle, 2 * np.pi / count, (low, high))
        pattern.ring(centre, high, 1.5)
        if rng.random() < 0.5:
            pattern.ring(centre, high - 1.9 * thread)
    edge, scallops = float(rings[5]), 2 * fold
    pattern.ring(centre, edge, 1.6, scallops, wave=0.10)
    pattern.ring(centre, 0.995 * edge, 1.0, scallops, wave=0.055)
    for angle in (np.arange(scallops) + 0.5) * 2 * np.pi / scallops:
        for off in (-0.05, 0.0, 0.05):
            picot = centre + edge * (1.11 - 3 * off * off - abs(off) * 0.2) * heading(angle + off)
            pattern.ring(picot, 0.006, 0.8)


def _sector(pattern: Pattern, motif: str, angle: float, step: float, ring: tuple[float, float]) -> None:
    """Fill one sector, `step` radians wide, of a ring about the middle of the picture."""
    (low, high), centre = ring, np.array([0.5, 0.5])
    gap, middle = high - low, centre + (low + high) / 2 * heading(angle)
    if motif == "petals":
        root, tip = centre + low * heading(angle), centre + high * heading(angle)
        left, right = (
            bezier(
                np.stack(
                    [
                        root,
                        *(centre + r * heading(angle + off) for r in (low + 0.35 * gap, low + 0.85 * gap)),
                        tip,
                    ]
                ),
                18,
            )
            for off in (-0.42 * step, 0.42 * step)
        )
        pattern.solids.append(middle + 0.55 * (np.concatenate([left, right[::-1]]) - middle))
        pattern.line(left)
        pattern.line(right)
    elif motif == "mesh":
        t = np.linspace(0, 1, 8)
        for lean in (-0.5, 0.5):
            for off in (0.0, 0.5):
                pattern.line(
                    centre + (low + gap * t)[:, None] * heading(angle + step * (off + lean * t)), 0.7
                )
    elif motif == "loops":
        pattern.ring(middle, 0.42 * gap)
        pattern.ring(middle, 0.2 * gap, 1.3)
    elif motif == "spokes":
        for off in (-0.1, 0.0, 0.1):
            root = centre + low * heading(angle + 4.5 * off * step)
            pattern.line(np.linspace(root, centre + high * heading(angle + off * step), 6), 0.9)
    else:
        pattern.blossom(middle, 0.42 * gap, angle)


def panel(rng: np.random.Generator, pattern: Pattern, rows: int) -> None:
    """Hang cloth from a selvage: a net ground, rows of flowers and leaves, scallops below."""
    columns = int(rng.integers(4, 7)) if rows == 1 else int(rng.integers(3, 6))
    left, wide = 0.08, 0.84
    cell = wide / columns
    height = min(rows * cell * (1.35 if rows == 1 else 1.0), 0.72)
    top = 0.48 - 0.5 * height
    bottom = top + height
    for y, thick in ((top, 2.4), (top + 0.014, 1.0), (top + 0.032, 1.4), (bottom, 1.2)):
        pattern.line(np.stack([np.linspace(left, left + wide, 60), np.full(60, y)], axis=-1), thick)
    run = np.linspace(0, 1, 60)
    for start in np.arange(-height, wide, rng.uniform(0.016, 0.024)):
        for first, way in ((start, 1), (start + height, -1)):
            x = first + way * height * run
            keep = (x >= 0) & (x <= wide)
            if keep.sum() > 2:
                pattern.line(np.stack([left + x, top + height * run], axis=-1)[keep], 0.42)
    tilt, step = rng.uniform(0, 1), (height - 0.03) / rows
    size = 0.36 * min(cell, step)
    for row in range(rows):
        for column in range(columns):
            at = np.array([left + (column + 0.5) * cell, top + 0.03 + (row + 0.5) * step])
            pattern.blossom(at, size, tilt + row)
            for hand in (-1, 1):
                knots = [
                    [hand * size, 0],
                    [0.8 * hand * size, 0.9 * size],
                    [hand * 0.5 * cell, 0.25 * size * (-1) ** row],
                ]
                vine = at + bezier(np.array(knots), 14)
                pattern.line(vine, 1.2)
                for bud in vine[[4, 8]] + np.array([0.0, 0.22 * size]):
                    pattern.solids.append(bud + 0.12 * size * heading(np.linspace(0, 6.28, 12)))
    for x in left + (np.arange(2 * columns) + 0.5) * cell / 2:
        foot = np.array([x, bottom])
        drop = cell * np.array([0.25, 0.3])
        for share, thick in ((1.0, 1.5), (0.68, 0.9), (0.36, 0.9)):
            pattern.line(foot + share * drop * heading(np.linspace(0, np.pi, 20)), thick)
        for angle in np.linspace(0.25, np.pi - 0.25, 6):
            picot = foot + 1.06 * drop * heading(angle)
            pattern.ring(picot, 0.045 * cell, 0.7)
            pattern.line(np.linspace(foot, picot, 4), 0.5)
