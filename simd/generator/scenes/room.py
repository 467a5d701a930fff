"""A room: a wall with a window, pictures and furniture."""

import numpy as np

from simd.generator.kit.curves import heading
from simd.generator.kit.layer import Float, over, paint
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import blur, grid, hsv, smoothstep
from simd.generator.scenes.broadcast_noise import noise


def room(rng: np.random.Generator, side: int) -> Float:
    """Draw a wall with a window, pictures and furniture; colours, floor and time of day vary."""
    x, y = grid(side)
    floor = rng.uniform(0.66, 0.76)
    paint_ = hsv(
        rng.choice([0.09, 0.11, 0.14, 0.35, 0.55, 0.6, 0.95]),
        rng.uniform(0.03, 0.35),
        rng.uniform(0.55, 0.93),
    )
    wood = hsv(rng.uniform(0.05, 0.1), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.62))
    far = rng.uniform(0.15, 0.85)
    plaster = 1 + 0.02 * noise(rng, x, y, 40.0, octaves=3)
    if rng.random() < 0.35:  # striped wallpaper
        plaster = plaster * (1 + 0.05 * np.sign(np.sin(x * rng.uniform(60, 130))))
    picture = paint_ * plaster[..., None]
    depth = np.clip((y - floor) / (5 / 6 - floor), 0.0, 2.0)
    boards = (x - far) / (0.35 + depth) * 14 + 40
    plank = np.floor(boards)
    tone = rng.normal(1, 0.09, 100)[np.clip(plank, 0, 99).astype(int)]
    seam = smoothstep(0.0, 0.06, np.minimum(boards - plank, plank + 1 - boards))
    grain = noise(rng, boards * 0.7, 0.6 * depth + 0 * x, 5.0, octaves=3)
    picture = np.where(
        (y > floor)[..., None], wood * (tone * (0.7 + 0.3 * seam) * (1 + 0.08 * grain))[..., None], picture
    )
    skirting = smoothstep(0.0, 0.002, y - floor + 0.03) * (y < floor)
    picture = picture + skirting[..., None] * (0.92 * np.ones(3) - picture)
    flat = Raster(side)
    window = _window(rng, flat, floor)
    _pictures(rng, flat, window, floor)
    _furniture(rng, flat, floor, wood)
    furnished = flat.layer()
    shadow = blur(np.roll(furnished.alpha, round(0.012 * side), axis=0), 0.015 * side)
    picture = picture * (1 - 0.4 * shadow * (1 - furnished.alpha))[..., None]
    picture = over(furnished, paint(np.clip(picture, 0, 1), np.ones((side, side)))).colour
    day = rng.random() < 0.65
    at = np.array([window, 0.36]) if day else np.array([rng.uniform(0.1, 0.9), 0.42])
    near = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / rng.uniform(0.08, 0.3))
    colour = np.array([1.0, 1.0, 0.98]) if day else np.array([1.0, 0.84, 0.62])
    return np.asarray(
        np.clip(picture * (rng.uniform(0.5, 0.8) * colour + (0.55 * near)[..., None] * colour), 0, 1)
    )


def _window(rng: np.random.Generator, flat: Raster, floor: float) -> float:
    """Draw a window with curtains; return where its middle is."""
    middle, wide, top, low = (
        rng.uniform(0.12, 0.88),
        rng.uniform(0.1, 0.17),
        rng.uniform(0.1, 0.22),
        floor - rng.uniform(0.14, 0.22),
    )
    outside = hsv(rng.choice([0.25, 0.55, 0.6]), rng.uniform(0.05, 0.3), rng.uniform(0.8, 1.0))
    box(flat, (middle - wide - 0.014, top - 0.014, middle + wide + 0.014, low + 0.014), 0.93 * np.ones(3))
    box(flat, (middle - wide, top, middle + wide, low), outside)
    count = 60
    where = np.stack(
        [middle + wide * rng.uniform(-1, 1, count), low - rng.random(count) ** 2 * (low - top) * 0.7], axis=-1
    )
    inside = np.abs(where[:, 0] - middle) < wide - 0.02
    flat.discs(where[inside], rng.uniform(0.008, 0.02, count)[inside], outside * np.array([0.82, 0.9, 0.76]))
    for bar in (0.0, 0.5, 1.0):
        box(
            flat,
            (middle - wide, top + bar * (low - top) - 0.004, middle + wide, top + bar * (low - top) + 0.004),
            0.9 * np.ones(3),
        )
    box(flat, (middle - 0.005, top, middle + 0.005, low), 0.9 * np.ones(3))
    cloth = hsv(rng.choice([0.03, 0.09, 0.12, 0.3, 0.58]), rng.uniform(0.03, 0.35), rng.uniform(0.6, 0.95))
    for hand in (-1, 1):
        edge = middle + hand * (wide + 0.03)
        for k in range(10):
            left = edge + hand * (-0.05 + 0.011 * k)
            box(
                flat,
                (left - 0.006, top - 0.04, left + 0.006, low + 0.1),
                cloth * (0.78 + 0.22 * np.cos(k * 1.9)),
            )
    return float(middle)


def _pictures(rng: np.random.Generator, flat: Raster, window: float, floor: float) -> None:
    for at in np.linspace(0.08, 0.92, int(rng.integers(3, 6))):
        if abs(at - window) < 0.25 or rng.random() < 0.3:
            continue
        w, h, y = rng.uniform(0.03, 0.075), rng.uniform(0.04, 0.085), rng.uniform(0.26, 0.36)
        frame = hsv(0.08, rng.uniform(0, 0.6), rng.choice([0.12, 0.5, 0.92]))
        box(flat, (at - w - 0.008, y - h - 0.008, at + w + 0.008, y + h + 0.008), frame)
        box(flat, (at - w, y - h, at + w, y + h), np.array([0.94, 0.93, 0.9]))
        base = hsv(rng.random(), rng.uniform(0.2, 0.6), rng.uniform(0.4, 0.85))
        for k in range(5):
            cut = y - 0.72 * h + 0.29 * h * k
            box(flat, (at - 0.75 * w, cut, at + 0.75 * w, cut + 0.28 * h), base * rng.uniform(0.6, 1.15))


def _furniture(rng: np.random.Generator, flat: Raster, floor: float, wood: Float) -> None:
    """Draw a sofa or a sideboard, a floor lamp, a plant in a pot."""
    at, wide = rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.3)
    low = floor + rng.uniform(0.06, 0.1)
    if rng.random() < 0.6:
        cloth = hsv(
            rng.choice([0.03, 0.08, 0.12, 0.35, 0.55, 0.6]), rng.uniform(0.05, 0.45), rng.uniform(0.3, 0.75)
        )
        box(flat, (at - wide, low - 0.21, at + wide, low), 0.8 * cloth, round_=0.02)
        for k in (-1, 0, 1):
            box(
                flat,
                (
                    at + (k - 0.5) * wide * 0.58 + 0.004,
                    low - 0.2,
                    at + (k + 0.5) * wide * 0.58 - 0.004,
                    low - 0.09,
                ),
                cloth,
                round_=0.02,
            )
        box(
            flat,
            (at - 0.86 * wide, low - 0.1, at + 0.86 * wide, low - 0.03),
            np.minimum(1.1 * cloth, 1),
            round_=0.015,
        )
        for hand in (-1, 1):
            box(
                flat,
                (at + hand * wide * 0.94 - 0.025, low - 0.14, at + hand * wide * 0.94 + 0.025, low),
                0.92 * cloth,
                round_=0.02,
            )
            tilt = at + hand * wide * rng.uniform(0.4, 0.7)
            box(
                flat,
                (tilt - 0.04, low - 0.16, tilt + 0.04, low - 0.085),
                hsv(rng.random(), 0.35, 0.8),
                round_=0.015,
            )
    else:
        box(flat, (at - wide, low - 0.19, at + wide, low - 0.01), 0.8 * wood, round_=0.004)
        box(flat, (at - wide - 0.01, low - 0.2, at + wide + 0.01, low - 0.185), 1.1 * wood)
        for k in range(4):
            left = at - wide + 0.5 * wide * k
            box(flat, (left + 0.008, low - 0.175, left + 0.5 * wide - 0.008, low - 0.03), 0.95 * wood)
        for _ in range(int(rng.integers(2, 6))):
            stand, tall = at + wide * rng.uniform(-0.9, 0.9), rng.uniform(0.03, 0.08)
            box(
                flat,
                (stand - 0.016, low - 0.2 - tall, stand + 0.016, low - 0.2),
                hsv(rng.random(), 0.3, 0.7),
                round_=0.008,
            )
    lamp = at + rng.choice([-1, 1]) * (wide + rng.uniform(0.06, 0.12))
    box(flat, (lamp - 0.003, 0.4, lamp + 0.003, low), 0.15 * np.ones(3))
    shade = np.array([[lamp - 0.03, 0.33], [lamp + 0.03, 0.33], [lamp + 0.055, 0.42], [lamp - 0.055, 0.42]])
    flat.polygon(shade, np.array([1.0, 0.9, 0.68]))
    pot = at - np.sign(lamp - at) * (wide + rng.uniform(0.07, 0.12))
    box(flat, (pot - 0.03, low - 0.07, pot + 0.03, low), hsv(0.05, 0.5, 0.6), round_=0.006)
    count = 60
    way = -np.pi / 2 + rng.normal(0, 0.75, count)
    long = rng.uniform(0.08, 0.2, count)
    stem = (
        np.array([pot, low - 0.07])
        + np.linspace(0, 1, 6)[None, :, None] * (long[:, None] * heading(way))[:, None]
    )
    stem[..., 1] += 0.05 * np.linspace(0, 1, 6) ** 2
    green = hsv(rng.uniform(0.22, 0.36), 0.55, 0.5) * rng.uniform(0.6, 1.3, (count, 1))
    flat.strokes(stem, np.array([0.002, 0.012, 0.016, 0.013, 0.008, 0.001]), np.clip(green, 0, 1)[:, None])


def box(flat: Raster, edges: tuple[float, float, float, float], colour: Float, round_: float = 0.0) -> None:
    """Fill a box, (left, top, right, bottom), with round corners."""
    left, top, right, bottom = edges
    r = min(round_, (right - left) / 2, (bottom - top) / 2)
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False) + np.pi / 24
    corner = np.stack(
        [np.where(np.cos(turns) > 0, right - r, left + r), np.where(np.sin(turns) > 0, bottom - r, top + r)],
        axis=-1,
    )
    flat.polygon(corner + r * heading(turns), np.clip(colour, 0, 1))
