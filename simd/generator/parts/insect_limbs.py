"""Limbs of insects: three pairs of jointed legs and the antennae."""

import numpy as np

from simd.generator.kit.curves import bezier, heading
from simd.generator.kit.raster import Raster
from simd.generator.parts.insect_plans import Insect


def legs(rng: np.random.Generator, raster: Raster, insect: Insect) -> None:
    """Draw three pairs of legs: thigh, shin, foot."""
    y, wide, half = insect.body[1]
    colour = 0.6 * insect.dark
    long = {"dragonfly": 0.5, "butterfly": 0.4, "moth": 0.35, "beetle": 0.7, "bee": 0.65}.get(
        insect.kind, 0.82
    )
    thick = np.concatenate(
        [np.linspace(*ends) for ends in ((0.01, 0.0145, 6), (0.011, 0.0055, 6), (0.0055, 0.0035, 4))]
    )
    for pair, (lean, reach) in enumerate(((-0.75, 0.25), (0.15, 0.23), (0.85, 0.33))):
        for hand in (-1, 1):
            bend = lean + rng.normal(0, 0.12)
            root = np.array([0.5 + hand * 0.5 * wide, y + (pair - 1) * 0.35 * half])
            out = np.array([hand, 1.0]) * long
            knee = root + out * (0.5 * reach + 0.6 * wide) * heading(bend - 0.25)
            ankle = knee + out * 0.55 * reach * heading(bend + 0.45)
            toe = ankle + out * 0.3 * reach * heading(bend + 0.05)
            pieces = [np.linspace(root, knee, 6), np.linspace(knee, ankle, 6), np.linspace(ankle, toe, 4)]
            path = np.concatenate(pieces)
            tones = np.stack([colour, 1.5 * colour, colour])
            raster.strokes(
                insect.place(path)[None], thick * (0.8 if insect.kind == "dragonfly" else 1.0), tones[None]
            )
            raster.discs(insect.place(knee[None]), np.array([0.007]), 1.4 * colour)
            hairs = path[6:12][:, None] + np.array([[0.0, 0.0], [hand * 0.014, 0.009]])
            raster.strokes(insect.place(hairs), np.array([0.0018]), colour)


def antennae(rng: np.random.Generator, raster: Raster, insect: Insect) -> None:
    """Draw a pair of antennae: clubbed for a butterfly, feathered for a moth."""
    y, wide, half = insect.body[0]
    colour = 0.6 * insect.dark
    long = {"beetle": 0.2, "ant": 0.17, "butterfly": 0.2, "wasp": 0.16, "moth": 0.15, "bee": 0.12}.get(
        insect.kind, 0.06
    )
    for hand in (-1, 1):
        root = np.array([0.5 + hand * 0.4 * wide, y - 0.8 * half])
        elbow = root + long * np.array([hand * 0.45, -0.5])
        tip = elbow + long * np.array([hand * 0.5, -0.35 + rng.normal(0, 0.1)])
        path = insect.place(bezier(np.stack([root, elbow, tip]), 16))
        raster.strokes(path[None], np.linspace(0.006, 0.004, 16), colour)
        if insect.kind == "butterfly":
            raster.discs(insect.place(tip[None]), np.array([0.007]), colour)
        if insect.kind == "moth":
            start = bezier(np.stack([root, elbow, tip]), 16)
            for lean in (-0.5, 0.5):
                comb = 0.028 * np.linspace(1, 0.3, 16)[:, None] * heading(-np.pi / 2 + hand * 0.6 + 2 * lean)
                raster.strokes(
                    insect.place(np.stack([start, start + comb], axis=1)), np.array([0.0022]), colour
                )
