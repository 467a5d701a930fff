"""Hard hair: curls, an afro, windblown or tousled hair; single strands far from the head."""

from typing import NamedTuple

import numpy as np

from simd.generator.kit.curves import ellipse, heading, wander
from simd.generator.kit.layer import Float, Layer, over
from simd.generator.kit.raster import Raster
from simd.generator.kit.strands import gleam, strand_colours
from simd.generator.parts.bust import HEAD, RADII, bust, person

_POINTS = 46


class _Habit(NamedTuple):
    """How hair of a style grows."""

    reach: tuple[float, float]  # shortest and longest, in unit coordinates
    out: float  # how far it stands off the skull, over its length
    fall: float
    wind: float
    curl: float  # radius of a curl
    turns: float  # curls along a strand
    bunches: int  # strands of a bunch curl together


_HABITS = {
    "curly": _Habit((0.17, 0.26), 0.75, 0.85, 0.0, 0.015, 4.5, 70),
    "afro": _Habit((0.1, 0.17), 1.0, 0.0, 0.0, 0.011, 5.5, 220),
    "wind": _Habit((0.09, 0.155), 0.6, 0.1, 1.0, 0.007, 1.2, 46),
    "tousled": _Habit((0.08, 0.14), 1.0, 0.12, 0.0, 0.01, 1.4, 60),
    "frizzy": _Habit((0.2, 0.3), 0.6, 0.95, 0.0, 0.008, 7.0, 160),
}


def hair_hard(rng: np.random.Generator, side: int) -> Layer:
    """Draw loose hair.

    The style is curly, an afro, windblown, tousled or frizzy, a fifth each; all but windblown hair is
    seen from the front in 7 of 10. Uniform: reach, pace and radius of the curls, which a bunch of
    strands shares. The length of a strand is a gamma variate of shape 5, so the hair thins out slowly;
    300 to 900 single strands leave the rest, one in four a coil.
    """
    who = person(rng)
    style = str(rng.choice(list(_HABITS)))
    front = style != "wind" and rng.random() < 0.7
    body = bust(rng, side, who, front)
    behind, above = Raster(side), Raster(side)
    habit = _HABITS[style]
    reach = rng.uniform(*habit.reach)
    _grow(rng, behind, habit, 0.7 * who.hair, reach=reach, count=2000, face=False)
    _grow(rng, above, habit, who.hair, reach=reach, count=1700, face=front)
    _flyaway(rng, behind, habit, who.hair, reach=reach)
    layer = over(
        gleam(rng, above.layer(), [HEAD[1] - 0.17, HEAD[1] + 0.05], strength=0.35), body, behind.layer()
    )
    return Layer(layer.colour[:, ::-1], layer.alpha[:, ::-1]) if rng.random() < 0.5 else layer


def _grow(
    rng: np.random.Generator,
    raster: Raster,
    habit: _Habit,
    hair: Float,
    *,
    reach: float,
    count: int,
    face: bool,
) -> None:
    """Grow strands on the skull; with a face, only above its forehead and at its sides."""
    angle = -np.pi / 2 + rng.uniform(-1, 1, count) * (1.75 if face else 3.1)
    depth = np.sqrt(rng.uniform(0.0, 1.05, count))
    if face:  # the hairline: over the forehead, then along the rim
        line = 0.97 - 0.33 * np.clip(-np.sin(angle) - 0.3, 0, 0.45) / 0.45
        depth = line + (1.03 - line) * rng.random(count)
    else:
        raster.polygon(ellipse(HEAD - [0, 0.012], *RADII), 0.4 * hair)
    root = HEAD + np.array([0.0, -0.012]) + depth[:, None] * heading(angle) * (RADII + [0.008, 0.006])
    out = heading(angle + rng.normal(0, 0.25, count))
    long = reach * np.minimum(rng.gamma(5.0, 0.19, count), 1.9)
    if habit.fall > 0.5:  # long hair is too heavy to stand up
        long = long * (1 - 0.55 * np.clip(-np.sin(angle), 0, 1) ** 2)
    t = np.linspace(0, 1, _POINTS)
    aside = np.abs(np.cos(angle))[:, None, None] if face else 1.0  # hair over a face would hide it
    fall = habit.fall * np.array([0.0, 1.0]) * aside + habit.wind * np.array([1.0, -0.12])
    stand = np.sqrt(t) if habit.fall else t
    paths = root[:, None] + long[:, None, None] * (
        habit.out * stand[:, None] * out[:, None] + (t**1.5)[:, None] * fall
    )
    bunches = habit.bunches
    bunch = rng.integers(0, bunches, count)
    phase = rng.uniform(0, 6.28, bunches)[bunch] + rng.normal(0, 0.35, count)
    speed = habit.turns * rng.uniform(0.8, 1.25, bunches)[bunch]
    swing = 2 * np.pi * speed[:, None] * t + phase[:, None]
    grow = np.minimum(3 * t, 1) * habit.curl * rng.uniform(0.6, 1.3, count)[:, None]
    paths = paths + grow[..., None] * np.stack([np.sin(swing), 0.8 * np.cos(swing)], axis=-1)
    shared = np.moveaxis(wander(rng, (bunches, 2), _POINTS), 1, 2)[bunch]
    paths = paths + (0.13 * reach * t[:, None]) * shared
    paths = _kept_inside(paths)
    order = rng.permutation(count)
    widths = rng.uniform(0.0011, 0.0026, count)[:, None] * np.linspace(1.2, 0.25, _POINTS)
    colours = strand_colours(rng, paths, hair, parts=9)
    raster.strokes(paths[order[::5], :17], np.linspace(0.016, 0.003, 17), 0.4 * hair)
    raster.strokes(paths[order], widths[order], colours[order])


def _flyaway(rng: np.random.Generator, raster: Raster, habit: _Habit, hair: Float, *, reach: float) -> None:
    """Add single thin strands that leave the rest."""
    count = int(rng.integers(300, 900))
    angle = -np.pi / 2 + rng.uniform(-1, 1, count) * 2.2
    root = HEAD + heading(angle) * RADII
    t = np.linspace(0, 1, _POINTS)
    out = heading(angle + rng.normal(0, 0.6, count)) * (1 - 0.5 * habit.wind)
    away = reach * rng.gamma(6.0, 0.2, (count, 1)).clip(0.5, 1.8) * out
    away = away * (1 - 0.35 * np.clip(-np.sin(angle), 0, 1))[:, None]
    away = away + habit.wind * reach * rng.uniform(0.6, 1.35, (count, 1)) * np.array([1.0, -0.1])
    bow = 0.05 * np.moveaxis(wander(rng, (count, 2), _POINTS), 1, 2)
    paths = root[:, None] + t[:, None] * (away[:, None] + bow)
    paths[..., 1] += 0.6 * habit.fall * reach * t**2
    coil = rng.uniform(0.003, 0.009, count) * (rng.random(count) < 0.25)
    swing = 2 * np.pi * (rng.uniform(1.5, 4, (count, 1)) * t + rng.random((count, 1)))
    paths = paths + (coil[:, None] * t)[..., None] * np.stack([np.sin(swing), np.cos(swing)], axis=-1)
    paths = _kept_inside(paths)
    widths = rng.uniform(0.0006, 0.0013, (count, 1)) * np.linspace(1.2, 0.4, _POINTS)
    raster.strokes(paths, widths, hair * rng.uniform(0.8, 1.35, (count, 1, 1)))


def _kept_inside(paths: Float) -> Float:
    """Bend what would leave the picture at its top or sides."""
    out = np.abs(paths - 0.5) - 0.36
    bent = 0.36 + 0.12 * np.tanh(np.maximum(out, 0) / 0.2)
    return np.where(out > 0, 0.5 + np.sign(paths - 0.5) * bent, paths)
