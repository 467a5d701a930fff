"""Surfaces that fill the picture: bricks, planks, cloth, pebbles."""

import numpy as np
from scipy.spatial import cKDTree

from simd.generator.kit.layer import Float
from simd.generator.kit.shading import blur, grid, hsv, lamp, lit, slopes, smoothstep
from simd.generator.scenes.broadcast_noise import noise


def bricks(rng: np.random.Generator, side: int) -> Float:
    """Draw a brick wall: size, bond, colours, mortar, wear and the fall of light vary."""
    x, y = grid(side)
    rows = rng.uniform(14, 24)
    long = rng.uniform(2.2, 3.2)
    bend = 0.0016 * noise(rng, x, y, 5.0, octaves=2)
    v = (y + bend) * rows
    row = np.floor(v)
    u = (x + bend) * rows / long + 0.5 * np.mod(row, 2) * rng.choice([1.0, 0.66]) + 40
    column = np.floor(u)
    table = rng.random((4, 4096))
    which = np.mod(row * 131 + column * 17, 4096).astype(int)
    base = hsv(rng.choice([0.02, 0.04, 0.07, 0.1, 0.6]), rng.uniform(0.05, 0.6), rng.uniform(0.4, 0.85))
    tone = base * (0.72 + 0.5 * table[0][which])[..., None]
    tone = tone + (0.22 * (table[1][which] > 0.85))[..., None] * (np.array([0.25, 0.18, 0.16]) - tone)
    edge_ = np.minimum(np.minimum(u - column, column + 1 - u) * long, np.minimum(v - row, row + 1 - v))
    pits = noise(rng, x, y, 60.0, octaves=3)
    gap = rng.uniform(0.05, 0.1)
    face = smoothstep(gap, gap + 0.09, edge_ + 0.02 * pits)
    mortar = hsv(0.1, rng.uniform(0.02, 0.15), rng.uniform(0.45, 0.85)) * (1 + 0.07 * pits)[..., None]
    height = face * (0.85 + 0.25 * table[2][which]) + 0.07 * pits
    slope_x, slope_y = slopes(0.005 * height, side)
    light = lamp(rng) * np.array([1.3, 1.3, 0.8])
    diffuse, _ = lit(slope_x, slope_y, light)
    stains = 1 + 0.14 * noise(rng, x, y, 2.5, octaves=5)
    colour = mortar + face[..., None] * (tone * (1 + 0.08 * pits)[..., None] - mortar)
    return np.asarray(
        np.clip(colour * ((0.35 + 0.85 * diffuse) * stains * _falloff(rng, x, y))[..., None], 0, 1)
    )


def planks(rng: np.random.Generator, side: int) -> Float:
    """Draw boards: upright or lying, width, wood or worn paint, knots and seams vary."""
    x, y = grid(side)
    along, across = (y, x) if rng.random() < 0.5 else (x, y)
    count = rng.uniform(5, 11)
    at = across * count + 0 * along + 7
    board = np.floor(at)
    number = board.astype(int)
    shift, tone = rng.uniform(0, 40, 64)[number], rng.normal(1, 0.1, 64)[number]
    warp = noise(rng, 0.4 * along + 0.7 * shift, across + 0.31 * shift, 4.0, octaves=2)
    knots = _knots(rng, along, at, number, count)
    rings = noise(
        rng,
        0.6 * along + shift,
        3.0 * across + 0.12 * warp + 0.12 * knots + 0.3 * shift,
        9.0,
        octaves=5,
        gain=0.75,
    )
    streak = noise(rng, 0.7 * along + shift, 6.0 * across + 0.05 * warp, 30.0, octaves=2)
    base = hsv(rng.uniform(0.05, 0.11), rng.uniform(0.08, 0.62), rng.uniform(0.38, 0.8))
    wood = (
        base
        * (tone * (1 + 0.14 * rings + 0.06 * streak) * (1 - 0.5 * smoothstep(0.45, 1.0, knots)))[..., None]
    )
    if rng.random() < 0.45:
        coat = hsv(
            rng.choice([0.08, 0.3, 0.48, 0.55, 0.6, 0.0]), rng.uniform(0.02, 0.5), rng.uniform(0.5, 0.95)
        )
        worn = smoothstep(rng.uniform(0.2, 1.1), 1.5, rings + 0.8 * noise(rng, x, y, 6.0, octaves=5))
        painted = coat * (tone**0.5 * (1 + 0.04 * rings))[..., None]
        wood = painted + worn[..., None] * (wood - painted)
    seam = np.minimum(at - board, board + 1 - at)
    groove = smoothstep(0.0, 0.035, seam)
    bevel = 1 + 0.12 * smoothstep(0.12, 0.03, at - board) - 0.12 * smoothstep(0.12, 0.03, board + 1 - at)
    return np.asarray(np.clip(wood * ((0.22 + 0.78 * groove) * bevel * _falloff(rng, x, y))[..., None], 0, 1))


def _knots(rng: np.random.Generator, along: Float, at: Float, number: np.ndarray, count: float) -> Float:
    """Return 1 in the middle of knots, falling off around them."""
    total = np.zeros(np.broadcast_shapes(along.shape, at.shape))
    for _ in range(int(rng.integers(4, 12))):
        board, place = int(rng.integers(7, 7 + int(count) + 1)), rng.random()
        middle, size = board + rng.uniform(0.3, 0.7), rng.uniform(0.1, 0.22)
        far = ((along - place) * count / 1.7) ** 2 + (at - middle) ** 2
        total = total + np.where(number == board, np.exp(-far / size**2), 0)
    return np.asarray(total)


def cloth(rng: np.random.Generator, side: int) -> Float:
    """Draw folded cloth: plain, striped, checked; folds, weave, colours and light vary."""
    x, y = grid(side)
    turn_ = rng.uniform(0, np.pi)
    c, s = np.cos(turn_), np.sin(turn_)
    bend_x, bend_y = (0.05 * noise(rng, x, y, 2.0, octaves=3) for _ in range(2))
    u, v = c * x + s * y + bend_x, c * y - s * x + bend_y
    folds = noise(
        rng, 2.0 * u + 4, 0.7 * v + 4, rng.uniform(1.6, 3.0), octaves=3, gain=0.45, ridged=rng.random() < 0.6
    )
    slope_x, slope_y = slopes(rng.uniform(0.03, 0.09) * folds, side)
    diffuse, shine = lit(slope_x, slope_y, lamp(rng), shine=8)
    ground = hsv(rng.random(), rng.uniform(0.05, 0.75), rng.uniform(0.35, 0.95))
    other = hsv(rng.random(), rng.uniform(0.05, 0.75), rng.uniform(0.2, 0.95))
    kind = rng.choice(["plain", "stripes", "checks"])
    often = rng.uniform(8, 24)
    bands = [0.5 + 0.5 * np.clip(6 * (np.abs(np.mod(w * often, 1) - 0.5) - 0.25), -1, 1) for w in (u, v)]
    mix = {"plain": 0 * bands[0], "stripes": bands[0], "checks": 0.5 * bands[0] + 0.5 * bands[1]}[kind]
    weave = 0.5 * (np.sin(u * 900) * np.sin(v * 900)) + noise(rng, 3 * u, v, 60.0)
    colour = ground + mix[..., None] * (other - ground)
    colour = colour * (0.3 + 0.85 * diffuse)[..., None] * (1 + 0.05 * weave)[..., None]
    return np.asarray(
        np.clip(colour * _falloff(rng, x, y)[..., None] + rng.choice([0.0, 0.25]) * shine[..., None], 0, 1)
    )


def pebbles(rng: np.random.Generator, side: int) -> Float:
    """Draw stones on the ground: size, mixture of rocks, roundness, wetness and light vary."""
    x, y = grid(side)
    across = rng.uniform(16, 46)
    n = int(across)
    cells = np.stack(np.meshgrid(np.arange(-2, n + 3), np.arange(-2, n + 3)), axis=-1).reshape(-1, 2)
    points = (cells + rng.uniform(0.05, 0.95, cells.shape)) / n
    warp = 0.07 / n
    u, v = x + warp * noise(rng, x, y, 1.1 * n, octaves=2), y + warp * noise(rng, x, y, 1.1 * n, octaves=2)
    far, which = cKDTree(points).query(np.stack([u.ravel(), v.ravel()], axis=-1), k=2)
    near, next_ = (far[:, k].reshape(side, side) * n for k in (0, 1))
    owner = which[:, 0].reshape(side, side)
    rim = smoothstep(0.0, rng.uniform(0.5, 0.9), next_ - near)
    dome = np.sqrt(1 - (1 - rim) ** 2)
    rocks = [
        hsv(rng.choice([0.06, 0.09, 0.1, 0.6, 0.02]), rng.uniform(0.02, 0.3), rng.uniform(0.35, 0.9))
        for _ in range(4)
    ]
    colour = np.stack(rocks)[rng.integers(0, 4, len(points))] * rng.uniform(0.75, 1.15, (len(points), 1))
    specks = noise(rng, x, y, 62.0, octaves=2)
    veins = noise(rng, x + 0.03 * specks, y, 1.1 * n, octaves=3, ridged=True)
    slope_x, slope_y = slopes(rng.uniform(0.3, 0.5) / n * blur(dome, 0.06 / n * side), side)
    diffuse, shine = lit(slope_x, slope_y, lamp(rng), shine=30)
    stone = colour[owner] * (1 + 0.06 * specks + 0.05 * veins)[..., None]
    wet = rng.choice([0.0, 0.0, 0.5])
    stone = stone * ((1 - 0.4 * wet) * (0.3 + 0.85 * diffuse))[..., None] + (wet * shine)[..., None]
    return np.asarray(
        np.clip(stone * ((0.16 + 0.84 * smoothstep(0.0, 0.4, dome)) * _falloff(rng, x, y))[..., None], 0, 1)
    )


def _falloff(rng: np.random.Generator, x: Float, y: Float) -> Float:
    """Return light that falls off across the picture, and sometimes a shadow's soft edge."""
    way = rng.uniform(0, 2 * np.pi)
    t = np.cos(way) * (x - 0.5) + np.sin(way) * (y - 0.5)
    light = 1 + rng.uniform(0.0, 0.7) * t
    if rng.random() < 0.35:
        torn = 0.04 * noise(rng, x, y, 3.0, octaves=3)
        light = light * (0.55 + 0.45 * smoothstep(-0.06, 0.06, t + torn + rng.uniform(-0.2, 0.2)))
    return np.asarray(light, dtype=np.float64)
