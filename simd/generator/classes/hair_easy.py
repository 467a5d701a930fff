"""Easy hair: combed long hair, a ponytail, a bob; strands lie side by side, few stand off."""

from typing import NamedTuple

import numpy as np

from simd.generator.kit.curves import ellipse, wander
from simd.generator.kit.layer import Float, Layer, over
from simd.generator.kit.raster import Raster
from simd.generator.kit.strands import POINTS, gleam, strand_colours, through_all
from simd.generator.parts.bust import HEAD, bust, person
from simd.generator.parts.ponytail import ponytail


def hair_easy(rng: np.random.Generator, side: int) -> Layer:
    """Draw combed hair.

    The style is long (0.45), a bob (0.2) or a ponytail (0.35); the first two are seen from the front or
    from behind with even odds. Uniform: length, waves, flare at the tips, parting, width of the strands.
    One strand in 17 is loose, with a Gaussian way of its own.
    """
    who = person(rng)
    style = rng.choice(["long", "bob", "ponytail"], p=[0.45, 0.2, 0.35])
    front = style != "ponytail" and rng.random() < 0.5
    body = bust(rng, side, who, front)
    behind, above = Raster(side), Raster(side)
    if style == "ponytail":
        ponytail(rng, above, who.hair, length=rng.uniform(0.62, 0.88))
        return over(gleam(rng, above.layer(), [HEAD[1] - 0.09, HEAD[1] + 0.15, HEAD[1] + 0.32]), body)
    cut = _Cut(
        length=rng.uniform(0.46, 0.54) if style == "bob" else rng.uniform(0.66, 0.86),
        wave=rng.uniform(0.0, 0.02),
        flare=rng.uniform(0.85, 1.25),
        parting=rng.uniform(-0.04, 0.04),
    )
    sheen = [HEAD[1] - 0.1, HEAD[1] + 0.24]
    if front:
        _fall(rng, behind, cut, who.hair * 0.62, count=1100)
        _fall(rng, above, cut, who.hair, count=1900, outer=0.72)
        return over(gleam(rng, above.layer(), sheen), body, behind.layer())
    _fall(rng, above, cut, who.hair, count=3000)
    return over(gleam(rng, above.layer(), sheen), body)


class _Cut(NamedTuple):
    length: float  # y of the tips
    wave: float  # sideways, in unit coordinates
    flare: float  # width at the tips over width at the jaw
    parting: float  # x of the parting from the middle


def _fall(
    rng: np.random.Generator, raster: Raster, cut: _Cut, hair: Float, *, count: int, outer: float = 0.0
) -> None:
    """Let strands fall from the parting over the skull; `outer` leaves the middle free, for a face."""
    share = rng.uniform(outer, 1.0, count) ** (0.75 if outer else 0.6)
    hand = np.where(rng.random(count) < 0.5 + cut.parting, -1.0, 1.0)
    lift = rng.uniform(0.98, 1.1, count)
    tip = cut.length + rng.normal(0, 0.018, count) - 0.02 * share
    reach = 0.15 * hand * lift * (share**0.5 if outer else share)
    knots = [(0.5 + cut.parting + 0.02 * hand * share, HEAD[1] - 0.165 * lift + 0.01 * share)]
    for wide, low in ((0.3, -0.158), (0.66, -0.122), (1.0, -0.02), (1.08, 0.1)):
        knots.append((0.5 + wide * reach, HEAD[1] + low + (0.2 if outer else 0.02) * (1 - share)))
    for step in (0.5, 1.0):
        wide = 1.1 + (cut.flare - 1.0) * step + 0.12 * np.sin(np.pi * step)
        knots.append((0.5 + wide * reach, HEAD[1] + 0.12 + (tip - HEAD[1] - 0.12) * step))
    paths = through_all(np.stack([np.stack(knot, axis=-1) for knot in knots], axis=1))
    t = np.linspace(0, 1, POINTS)
    bunch = rng.integers(0, 24, count)
    phase = rng.uniform(0, 6.28, 24)[bunch] + rng.normal(0, 0.3, count)
    paths[..., 0] += cut.wave * t**1.2 * np.sin(9 * t + phase[:, None])
    paths[..., 0] += 0.006 * t * wander(rng, (24,), POINTS)[bunch]
    loose = rng.random(count) < 0.06
    paths[loose] += 0.022 * t[:, None] * np.moveaxis(wander(rng, (int(loose.sum()), 2), POINTS), 1, 2)
    order = np.argsort(-share if outer else share, kind="stable")
    widths = rng.uniform(0.0016, 0.0032, count)[:, None] * np.linspace(1.3, 0.35, POINTS)
    widths[loose] *= 0.5
    colours = strand_colours(rng, paths, hair)
    backing = paths[order[~loose[order]][:: max(count // 260, 1)]]
    if outer:
        scalp = ellipse((0.5 + cut.parting, HEAD[1] - 0.152), 0.015, 0.017)
        raster.polygon(scalp, 0.55 * hair)
    raster.strokes(backing, np.linspace(0.02, 0.004, POINTS), 0.42 * hair)
    raster.strokes(paths[order], widths[order], colours[order])
