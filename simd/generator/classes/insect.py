"""Insects seen from above: fly, wasp, bee, dragonfly, beetle, ant, butterfly, moth."""

import numpy as np

from simd.generator.kit.curves import ellipse, heading, turn
from simd.generator.kit.layer import Float, Layer, glow, over, shade
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import blur, grid, hsv, lamp, lit, slopes
from simd.generator.parts.insect_limbs import antennae, legs
from simd.generator.parts.insect_plans import PLANS, Insect, coat_of
from simd.generator.parts.wings import membrane, scaled

_MIDDLE = np.array([0.5, 0.5])


def insect(rng: np.random.Generator, side: int) -> Layer:
    """Draw an insect.

    The kind is a fly (0.14), wasp (0.14), dragonfly (0.18), beetle (0.1), ant (0.12), bee (0.14),
    butterfly (0.1) or moth (0.08). Uniform: heading (in 6 of 10, else upright), size, colours,
    stripes, clearness of the wings, bands, veins and eyespots of a butterfly. Gaussian: pose of the legs
    (0.12 radians), of the wings (0.06), proportions of the segments (5%).
    """
    kind = str(rng.choice(list(PLANS), p=[0.14, 0.14, 0.18, 0.1, 0.12, 0.14, 0.1, 0.08]))
    facing = rng.uniform(-np.pi, np.pi) if rng.random() < 0.6 else 0.0
    scale = rng.uniform(0.78, 0.92)

    def place(points: Float) -> Float:
        return np.asarray(turn((points - _MIDDLE) * scale, facing) + _MIDDLE)

    segments, clear = PLANS[kind]
    segments = [(y, w * rng.normal(1, 0.05), h) for y, w, h in segments]
    drawn = Insect(kind, segments, clear, *coat_of(rng, kind), place)
    limbs, trunk = Raster(side), Raster(side)
    legs(rng, limbs, drawn)
    antennae(rng, limbs, drawn)
    _body(rng, trunk, drawn)
    body = trunk.layer()
    height = 0.05 * np.sqrt(blur(body.alpha, 0.02 * side) * body.alpha + 1e-6)
    slope_x, slope_y = slopes(blur(height, 0.004 * side), side)
    diffuse, shine = lit(slope_x, slope_y, lamp(rng), shine=25)
    body = glow(shade(body, 0.45 + 0.75 * diffuse), 0.55 * shine)
    x, y = grid(side)
    body = shade(body, 1 + 0.12 * Noise(rng)(x, y, 24.0, octaves=2))
    wings = [membrane(rng, side, drawn, wing) for wing in drawn.wings]
    if kind in ("butterfly", "moth"):
        wings = [scaled(rng, side, drawn)]
    if kind in ("fly", "wasp", "bee"):  # folded over the back
        return over(*wings, body, limbs.layer())
    return over(body, *wings, limbs.layer())


def _body(rng: np.random.Generator, raster: Raster, insect: Insect) -> None:
    """Draw the segments, tail first, with belts or wing cases, then the eyes."""
    stripes = int(rng.integers(4, 7))
    for part, (y, wide, half) in reversed(list(enumerate(insect.body))):
        raster.polygon(insect.place(ellipse((0.5, y), wide, half)), insect.dark)
        tail = part == len(insect.body) - 1
        if insect.kind in ("wasp", "bee") and tail:
            for k in range(stripes):
                at = y - half + 2 * half * (k + 0.55) / stripes
                _belt(raster, insect, part, (at, 0.42 * half / stripes), insect.bright)
        elif insect.kind in ("fly", "dragonfly") and part > 0:
            raster.polygon(insect.place(ellipse((0.5, y), 0.75 * wide, 0.85 * half)), 0.6 * insect.bright)
            for k in range(stripes if tail or insect.kind == "dragonfly" else 0):
                at = y - half + 2 * half * (k + 0.5) / stripes
                _belt(raster, insect, part, (at, 0.1 * half / stripes), 0.5 * insect.dark)
        elif insect.kind == "beetle" and part > 0:
            case = insect.place(ellipse((0.5, y), 0.96 * wide, 0.97 * half))
            raster.polygon(case, insect.bright * (0.8 if tail else 0.55))
            if tail:
                _wing_cases(rng, raster, insect)
    if insect.kind in ("bee", "moth", "butterfly"):
        _fuzz(rng, raster, insect)
    y, wide, half = insect.body[0]
    eye = (
        hsv(rng.choice([0.0, 0.02, 0.35, 0.08]), 0.75, 0.45)
        if insect.kind in ("fly", "dragonfly")
        else 0.3 * insect.dark
    )
    big = {"fly": 0.62, "dragonfly": 0.75}.get(insect.kind, 0.33)
    for hand in (-1, 1):
        centre = (0.5 + hand * (1 - 0.7 * big) * wide * 1.1, y - 0.1 * half)
        raster.polygon(insect.place(ellipse(centre, big * wide, 0.85 * max(big, 0.45) * half)), eye)


def _wing_cases(rng: np.random.Generator, raster: Raster, insect: Insect) -> None:
    """Draw the seam between a beetle's wing cases, and spots."""
    y, wide, half = insect.body[-1]
    seam = np.stack([np.full(8, 0.5), y + half * np.linspace(-0.95, 0.97, 8)], axis=-1)
    raster.strokes(insect.place(seam)[None], np.array([0.005]), 0.4 * insect.dark)
    spots = int(rng.integers(0, 5))
    for k in range(spots):
        x_off, at = rng.uniform(0.25, 0.65) * wide, y + (2 * (k + 0.5) / spots - 1) * 0.75 * half
        both = np.array([[0.5 - x_off, at], [0.5 + x_off, at]])
        raster.discs(insect.place(both), np.array([0.022]), 0.6 * insect.dark)


def _fuzz(rng: np.random.Generator, raster: Raster, insect: Insect) -> None:
    """Cover the chest, and a bee's or moth's tail, with short hair that points backwards."""
    for part, (y, wide, half) in list(enumerate(insect.body))[1 : 2 if insect.kind == "butterfly" else None]:
        count = 900 if part == 1 else 500
        far, turned = np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
        root = np.array([0.5, y]) + far[:, None] * heading(turned) * np.array([wide, half])
        way = 0.6 * heading(turned) + np.array([0.0, 0.8]) + rng.normal(0, 0.3, (count, 2))
        long = rng.uniform(0.010, 0.022, (count, 1)) * (1.0 if part == 1 else 0.7)
        paths = root[:, None] + np.array([0.0, 0.5, 1.0])[:, None] * (long * way)[:, None]
        pale = insect.bright * (0.9 if insect.kind != "butterfly" else 0.35) + 0.1 * insect.dark
        belt = np.sin((root[:, 1:] - y) / half * 9) > 0.2
        tone = np.where(belt & (part == 2), insect.dark, pale) * rng.uniform(0.6, 1.25, (count, 1))
        raster.strokes(insect.place(paths), np.array([0.0026, 0.002, 0.0008]), tone[:, None])


def _belt(raster: Raster, insect: Insect, part: int, belt: tuple[float, float], colour: Float) -> None:
    """Draw a belt, (middle, half width), round a segment."""
    y, wide, half = insect.body[part]
    rows = np.clip(np.linspace(belt[0] - belt[1], belt[0] + belt[1], 6), y - half, y + half)
    reach = wide * np.sqrt(np.clip(1 - ((rows - y) / half) ** 2, 0, 1))
    left, right = np.stack([0.5 - reach, rows], axis=-1), np.stack([0.5 + reach, rows], axis=-1)
    raster.polygon(insect.place(np.concatenate([left, right[::-1]])), colour)
