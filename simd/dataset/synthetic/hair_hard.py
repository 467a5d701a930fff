"""Hard hair: curls, an afro, windblown or tousled hair; single strands far from the head."""

import numpy as np

from simd.dataset.synthetic.bust import HEAD, RADII, bust, person
from simd.dataset.synthetic.curves import heading, wander
from simd.dataset.synthetic.hair_easy import gleam, strand_colours
from simd.dataset.synthetic.layer import Float, Layer, over
from simd.dataset.synthetic.raster import Raster

_POINTS = 26


def hair_hard(rng: np.random.Generator, side: int) -> Layer:
    """Draw loose hair: style, view, reach, curl, wind, colour and number of flyaway strands vary."""
    who = person(rng)
    style = rng.choice(["curly", "afro", "wind", "tousled"])
    front = style != "wind" and rng.random() < 0.7
    body = bust(rng, side, who, front)
    behind, above = Raster(side), Raster(side)
    reach = {
        "curly": rng.uniform(0.16, 0.26),
        "afro": rng.uniform(0.1, 0.17),
        "wind": rng.uniform(0.18, 0.28),
        "tousled": rng.uniform(0.07, 0.13),
    }[style]
    _grow(rng, behind, who.hair * 0.7, style, reach, 1500, face=False)
    _grow(rng, above, who.hair, style, reach, 1300, face=front)
    _flyaway(rng, behind, who.hair, style, reach)
    layer = over(gleam(rng, above.layer(), [HEAD[1] - 0.17, HEAD[1] + 0.05]), body, behind.layer())
    return Layer(layer.colour[:, ::-1], layer.alpha[:, ::-1]) if rng.random() < 0.5 else layer


def _grow(
    rng: np.random.Generator, raster: Raster, hair: Float, style: str, reach: float, count: int, face: bool
) -> None:
    """Grow strands on the skull; with a face, only above it and at its sides."""
    wind = np.array([1.0, -0.12])
    angle = -np.pi / 2 + rng.uniform(-1, 1, count) * (1.75 if face else 2.2)
    depth = np.sqrt(rng.uniform(0.05, 1.05, count))
    if face:  # the hairline: over the forehead, then along the rim
        line = 0.97 - 0.33 * np.clip(-np.sin(angle) - 0.3, 0, 0.45) / 0.45
        depth = line + (1.03 - line) * rng.random(count)
    root = HEAD + np.array([0.0, -0.012]) + depth[:, None] * heading(angle) * (RADII + [0.008, 0.006])
    out = heading(angle + rng.normal(0, 0.25, count))
    long = reach * rng.uniform(0.55, 1.12, count)
    t = np.linspace(0, 1, _POINTS)
    if style == "wind":
        drift = long[:, None, None] * (
            0.35 * t[None, :, None] * (1 - t[None, :, None]) * out[:, None] + (t**1.3)[None, :, None] * wind
        )
    elif style == "curly":
        fall = np.array([0.0, 0.85]) * (np.abs(np.cos(angle))[:, None, None] if face else 1.0)
        drift = long[:, None, None] * (
            np.sqrt(t)[None, :, None] * 0.65 * out[:, None] + (t**1.6)[None, :, None] * fall
        )
    else:
        drift = long[:, None, None] * t[None, :, None] * out[:, None]
    paths = root[:, None] + drift
    bunches = {"curly": 90, "afro": 260, "wind": 60, "tousled": 70}[style]
    bunch = rng.integers(0, bunches, count)
    curl, turns = {
        "curly": (0.014, 5.0),
        "afro": (0.010, 5.5),
        "wind": (0.006, 1.5),
        "tousled": (0.008, 1.6),
    }[style]
    phase = rng.uniform(0, 6.28, bunches)[bunch] + rng.normal(0, 0.35, count)
    speed = turns * rng.uniform(0.8, 1.25, bunches)[bunch]
    swing = 2 * np.pi * speed[:, None] * t + phase[:, None]
    grow = np.minimum(3 * t, 1) * curl * rng.uniform(0.6, 1.3, count)[:, None]
    paths = paths + grow[..., None] * np.stack([np.sin(swing), 0.8 * np.cos(swing)], axis=-1)
    shared = np.moveaxis(wander(rng, (bunches, 2), _POINTS), 1, 2)[bunch]
    paths = paths + (0.13 * reach * t[:, None]) * shared
    order = rng.permutation(count)
    widths = rng.uniform(0.0018, 0.0034, count)[:, None] * np.linspace(1.2, 0.3, _POINTS)
    colours = strand_colours(rng, paths, hair, parts=9)
    raster.strokes(paths[order[::7], :16], np.linspace(0.02, 0.006, 16), 0.4 * hair)
    raster.strokes(paths[order], widths[order], colours[order])


def _flyaway(rng: np.random.Generator, raster: Raster, hair: Float, style: str, reach: float) -> None:
    """Add single thin strands that leave the rest."""
    count = int(rng.integers(120, 320))
    angle = -np.pi / 2 + rng.uniform(-1, 1, count) * 2.1
    root = HEAD + heading(angle) * RADII
    t = np.linspace(0, 1, _POINTS)
    away = heading(angle + rng.normal(0, 0.5, count)) * (reach * rng.uniform(0.9, 1.6, count))[:, None]
    if style == "wind":
        away = away * 0.4 + np.array([1.0, -0.1]) * (reach * rng.uniform(0.7, 1.15, count))[:, None]
    bow = np.moveaxis(wander(rng, (count, 2), _POINTS), 1, 2) * 0.035
    paths = root[:, None] + t[None, :, None] * away[:, None] + t[None, :, None] * bow
    if style == "curly":
        paths[..., 1] += 0.5 * reach * t**2
    raster.strokes(
        paths,
        rng.uniform(0.0008, 0.0014, count)[:, None] * np.linspace(1.2, 0.4, _POINTS),
        hair * rng.uniform(0.8, 1.3, (count, 1, 1)),
    )
