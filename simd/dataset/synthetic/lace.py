"""Lace: a round doily, a scalloped border, a curtain of repeated motifs on a mesh ground."""

import numpy as np

from simd.dataset.synthetic.curves import bezier, heading, turn
from simd.dataset.synthetic.layer import Float, Layer, shade
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.raster import Raster, sideways
from simd.dataset.synthetic.shading import grid, hsv


def lace(rng: np.random.Generator, side: int) -> Layer:
    """Draw lace: layout, symmetry, rings, motifs, ground, thread, colour and wear vary."""
    paths: list[tuple[Float, float, float]] = []  # points, width, tone
    kind = rng.choice(["doily", "border", "panel"])
    thread = rng.uniform(0.0042, 0.006)
    solid: list[Float] = []
    if kind == "doily":
        _doily(rng, paths, solid, thread)
    else:
        _panel(rng, paths, solid, thread, rows=1 if kind == "border" else int(rng.integers(2, 4)))
    hue = rng.choice([0.1, 0.12, 0.95, 0.6])
    white = hsv(hue, rng.uniform(0.02, 0.12), rng.uniform(0.86, 0.97))
    if rng.random() < 0.18:
        white = hsv(rng.random(), rng.uniform(0.1, 0.6), rng.uniform(0.12, 0.3))
    warp_x, warp_y = Noise(rng), Noise(rng)
    amount, slant = rng.uniform(0.004, 0.014), rng.uniform(-0.25, 0.25)

    def place(points: Float) -> Float:
        flat = (points[:, :1], points[:, 1:])
        move = np.concatenate([warp_x(*flat, 3.0, octaves=2), warp_y(*flat, 3.0, octaves=2)], axis=1)
        return turn(points + amount * move, slant if kind == "doily" else 0.15 * slant, (0.5, 0.5))

    raster = Raster(side)
    for outline in solid:
        raster.polygon(place(outline), 0.9 * white)
    for points, width, tone in paths:
        path = place(points)[None]
        raster.strokes(path, np.array([width]), 0.72 * tone * white)
        raster.strokes(path + 0.15 * width * sideways(path), np.array([0.6 * width]), tone * white)
    x, y = grid(side)
    weave = Noise(rng)(x, y, 58.0) + Noise(rng)(x, y, 31.0)
    folds = Noise(rng)(x, y, 2.5, octaves=3)
    return shade(raster.layer(), 1 + 0.05 * weave + 0.06 * folds)


def _ring(
    paths: list[tuple[Float, float, float]],
    centre: Float,
    radius: float,
    width: float,
    wave: float = 0.0,
    folds: int = 1,
) -> None:
    t = np.linspace(0, 2 * np.pi, 160 + 8 * folds)
    far = radius * (1 + wave * np.abs(np.sin(folds * t / 2)))
    paths.append((centre + far[:, None] * heading(t), width, 1.0))


def _doily(
    rng: np.random.Generator, paths: list[tuple[Float, float, float]], solid: list[Float], thread: float
) -> None:
    centre = np.array([0.5, 0.5])
    fold = int(rng.choice([8, 10, 12, 14, 16]))
    rings = np.array([0.0, 0.09, 0.17, 0.25, 0.33, 0.4]) + np.append(0, rng.normal(0, 0.008, 5))
    for level in range(5):
        low, high = float(rings[level]), float(rings[level + 1])
        count = fold * (1 if level < 1 else 2 if level < 4 else 3)
        angles = np.arange(count) * 2 * np.pi / count
        motif = rng.choice(["petals", "mesh", "loops", "spokes", "flowers"])
        if level == 0:
            motif = "petals"
        for angle in angles:
            _motif(paths, solid, centre, angle, 2 * np.pi / count, low, high, motif, thread)
        _ring(paths, centre, high, 1.5 * thread)
        if rng.random() < 0.5:
            _ring(paths, centre, high - 1.9 * thread, thread)
    edge = float(rings[5])
    scallops = 2 * fold
    _ring(paths, centre, edge, 1.6 * thread, wave=0.10, folds=scallops)
    _ring(paths, centre, edge * 0.995, thread, wave=0.055, folds=scallops)
    for angle in np.arange(scallops) * 2 * np.pi / scallops + np.pi / scallops:
        for off in (-0.05, 0.0, 0.05):
            picot = centre + edge * (1.11 - 3 * off * off - abs(off) * 0.2) * heading(angle + off)
            _ring(paths, picot, 0.006, 0.8 * thread)


def _motif(
    paths: list[tuple[Float, float, float]],
    solid: list[Float],
    centre: Float,
    angle: float,
    step: float,
    low: float,
    high: float,
    motif: str,
    thread: float,
) -> None:
    """Fill one sector of a ring from `low` to `high`."""
    gap, middle = high - low, (low + high) / 2
    way = heading(angle)
    if motif == "petals":
        wide = 0.42 * step
        side = [
            centre + r * heading(angle + s * wide)
            for s in (-1, 1)
            for r in (low + 0.35 * gap, low + 0.85 * gap)
        ]
        root, tip = centre + low * way, centre + high * way
        left, right = (
            bezier(np.stack([root, side[0], side[1], tip]), 18),
            bezier(np.stack([root, side[2], side[3], tip]), 18),
        )
        shrink = centre + middle * way
        solid.append(shrink + 0.55 * (np.concatenate([left, right[::-1]]) - shrink))
        paths += [(left, thread, 1.0), (right, thread, 1.0)]
    elif motif == "mesh":
        for k in (-1, 1):
            t = np.linspace(0, 1, 8)
            for off in (0.0, 0.5):
                line = centre + (low + gap * t)[:, None] * heading(angle + step * (off + k * 0.5 * t))
                paths.append((line, 0.7 * thread, 0.95))
    elif motif == "loops":
        _ring(paths, centre + middle * way, 0.42 * gap, thread)
        _ring(paths, centre + middle * way, 0.2 * gap, 1.3 * thread)
    elif motif == "spokes":
        for off in (-0.25, 0.0, 0.25):
            tip = centre + high * heading(angle + off * 0.4 * step)
            root = centre + low * heading(angle + off * 1.8 * step)
            paths.append((np.linspace(root, tip, 6), 0.9 * thread, 1.0))
    else:
        _blossom(paths, solid, centre + middle * way, 0.42 * gap, angle, thread)


def _blossom(
    paths: list[tuple[Float, float, float]],
    solid: list[Float],
    at: Float,
    size: float,
    turn0: float,
    thread: float,
) -> None:
    for k in range(6):
        way = turn0 + k * np.pi / 3
        petal = at + 0.58 * size * heading(way)
        t = np.linspace(0, 2 * np.pi, 20)
        loop = petal + turn(np.stack([0.42 * size * np.cos(t), 0.27 * size * np.sin(t)], axis=-1), way)
        solid.append(petal + 0.8 * (loop - petal))
        paths.append((loop, 0.8 * thread, 1.0))
    _ring(paths, at, 0.17 * size, thread)


def _panel(
    rng: np.random.Generator,
    paths: list[tuple[Float, float, float]],
    solid: list[Float],
    thread: float,
    rows: int,
) -> None:
    """Hang cloth from a selvage: a net ground, rows of flowers and leaves, scallops below."""
    columns = int(rng.integers(4, 7)) if rows == 1 else int(rng.integers(3, 6))
    cell = 0.84 / columns
    top = 0.5 - 0.5 * rows * cell - 0.04 if rows == 1 else 0.1
    height = min(rows * cell * (1.35 if rows == 1 else 1.0), 0.72)
    left, bottom = 0.08, top + height
    for y, width in ((top, 2.4), (top + 0.014, 1.0), (top + 0.032, 1.4), (bottom, 1.2)):
        paths.append(
            (np.stack([np.linspace(left, left + 0.84, 60), np.full(60, y)], axis=-1), width * thread, 1.0)
        )
    ground = rng.uniform(0.016, 0.024)
    run = np.linspace(0, 1, 60)
    for start in np.arange(-height, 0.84, ground):
        for way in (1, -1):
            x0 = start if way > 0 else start + height
            x, y = x0 + way * height * run, height * run
            keep = (x >= 0) & (x <= 0.84)
            if keep.sum() > 2:
                paths.append((np.stack([left + x[keep], top + y[keep]], axis=-1), 0.42 * thread, 0.92))
    tilt, step = rng.uniform(0, 1), height / rows
    for row in range(rows):
        for column in range(columns):
            at = np.array([left + (column + 0.5) * cell, top + 0.03 + (row + 0.5) * (step - 0.03)])
            size = 0.36 * min(cell, step)
            _blossom(paths, solid, at, size, tilt + row, thread)
            for hand in (-1, 1):
                tip = at + np.array([hand * 0.5 * cell, 0.25 * size * (-1) ** row])
                vine = bezier(
                    np.stack([at + [hand * size, 0], at + [hand * 0.8 * size, 0.9 * size], tip]), 14
                )
                paths.append((vine, 1.2 * thread, 1.0))
                for spot in (4, 8):
                    bud = vine[spot] + np.array([0.0, 0.22 * size])
                    solid.append(bud + 0.12 * size * heading(np.linspace(0, 6.28, 12)))
    for column in range(2 * columns):
        x = left + (column + 0.5) * cell / 2
        t = np.linspace(0, np.pi, 20)
        for share, width in ((1.0, 1.5), (0.68, 0.9), (0.36, 0.9)):
            arc = np.stack(
                [x + 0.25 * share * cell * np.cos(t), bottom + 0.3 * share * cell * np.sin(t)], axis=-1
            )
            paths.append((arc, width * thread, 1.0))
        for angle in np.linspace(0.25, np.pi - 0.25, 6):
            picot = np.array([x + 0.265 * cell * np.cos(angle), bottom + 0.32 * cell * np.sin(angle)])
            _ring(paths, picot, 0.045 * cell, 0.7 * thread)
            paths.append((np.linspace(np.array([x, bottom]), picot, 4), 0.5 * thread, 0.95))
