"""Wings of insects: clear veined films, and the patterned scales of butterflies and moths."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from simd.generator.kit.curves import bezier, heading, through, turn
from simd.generator.kit.layer import Float, Layer, fade, glow, over, shade, soften
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import grid, hsv, smoothstep
from simd.generator.parts.insect_plans import Insect, Wing

_OUTLINE = [
    (0, -0.06), (0.3, -0.32), (0.7, -0.42), (0.95, -0.25), (1, 0), (0.85, 0.38), (0.5, 0.55), (0.15, 0.3),
]  # fmt: skip
_FORE = [0.62, 1.0, 0.97, 0.84, 0.74, 0.64]  # how far a wing reaches, from its leading edge backwards
_HIND = [0.6, 0.78, 0.84, 0.8, 0.7, 0.42]


def membrane(rng: np.random.Generator, side: int, insect: Insect, wing: Wing) -> Layer:
    """Draw a pair of clear wings: a film that shimmers, a net of veins."""
    angle, length, width, root_y = wing
    angle = angle + rng.normal(0, 0.06)
    edge = through(np.array(_OUTLINE) * np.array([length, width * length * 1.3]), 80, closed=True)
    film, veins = Raster(side), Raster(side)
    tint = rng.uniform(0.75, 0.97) * np.array([1.0, 0.97, 0.88])
    line = np.array([0.2, 0.14, 0.09]) * rng.uniform(0.6, 1.5)
    for hand in (-1, 1):

        def put(points: Float, hand: int = hand) -> Float:
            root = np.array([0.5 + hand * 0.015, root_y])
            return insect.place(turn(points, angle) * np.array([hand, 1.0]) + root)

        film.polygon(put(edge), tint)
        veins.strokes(put(np.concatenate([edge, edge[:1]]))[None], np.array([0.0038]), line)
        ends = edge[8:72:7]
        bow = 0.55 * ends + np.array([0.0, -0.06 * length])
        paths = bezier(np.stack([0 * ends, bow, ends], axis=1), 16)
        veins.strokes(put(paths), np.linspace(0.0045, 0.0016, 16), line)
        rungs = 15 if insect.kind == "dragonfly" else 4
        for k in range(rungs):  # cross veins join neighbours
            a, b = paths[:-1, 3 + (k * 12) // rungs], paths[1:, 3 + (k * 12) // rungs]
            veins.strokes(put(np.stack([a, (a + b) / 2, b], axis=1)), np.array([0.0016]), line)
        if insect.kind == "dragonfly":  # the dark cell near the tip of the leading edge
            veins.strokes(put(edge[24:29])[None], np.array([0.008]), 0.8 * line)
    x, y = grid(side)
    gleam = 0.5 + 0.5 * np.tanh(1.5 * Noise(rng)(x, y, 3.5, octaves=3))
    # A thin film: its colour goes round as its thickness grows.
    phase = 2 * np.pi * (rng.random() + 0.6 * Noise(rng)(x, y, 5.0, octaves=2))[..., None]
    shimmer = 1 + 0.16 * np.cos(phase + np.array([0.0, 2.1, 4.2]))
    skin = glow(shade(film.layer(), shimmer), 0.5 * gleam**2)
    skin = fade(skin, np.clip(rng.uniform(0.16, 0.3) * (0.6 + 1.2 * gleam**2), 0, 0.6))
    return over(fade(veins.layer(), 0.88), skin)


def scaled(rng: np.random.Generator, side: int, insect: Insect) -> Layer:
    """Draw two pairs of scaled wings, the hind wings below; left and right mirror each other."""
    pattern = _Pattern(rng, insect)
    spread = rng.uniform(-0.08, 0.2)
    hind = _fan(rng, (0.1, 1.28), _HIND, 0.36, tailed=rng.random() < 0.4)
    long = 0.36 if insect.kind == "moth" else 0.42
    fore = _fan(rng, (spread - 0.98, spread + 0.22), _FORE, long, tailed=False)
    layers = []
    for fan, root_y in ((fore, 0.37), (hind, 0.42)):
        raster = Raster(side)
        for hand in (-1, 1):
            points = fan * np.array([hand, 1.0]) + np.array([0.5 + hand * 0.012, root_y])
            raster.mesh(insect.place(points), pattern.colours(fan.shape[:2], root_y))
        layers.append(soften(raster.layer(), 0.0008 * side))
    x, y = grid(side)
    dust = 1 + 0.05 * Noise(rng)(x, y, 58.0) + 0.06 * Noise(rng)(x, y, 9.0, octaves=3)
    return shade(over(*layers), dust)


def _fan(
    rng: np.random.Generator, span: tuple[float, float], radii: list[float], length: float, *, tailed: bool
) -> Float:
    """Return a grid of points, (n, m, 2), from the root of a wing to its margin; along m it turns."""
    share = np.linspace(0, 1, 73)
    far = np.asarray(PchipInterpolator(np.linspace(0, 1, len(radii)), radii)(share), dtype=np.float64)
    far = far * (1 + rng.uniform(0.0, 0.025) * np.cos(2 * np.pi * 7 * share)) * rng.uniform(0.93, 1.05)
    far = far * (1 + 0.06 * np.sin(np.pi * share) * rng.normal())
    if tailed:
        far = far + rng.uniform(0.15, 0.4) * np.exp(-(((share - 0.72) / 0.035) ** 2))
    angle = span[0] + (span[1] - span[0]) * share
    out = np.linspace(0.02, 1, 57)[:, None] ** 0.8
    bend = 0.1 * out**2  # veins run a little backwards
    return length * (out * far)[..., None] * heading(angle + bend)


class _Pattern:
    """How scales are coloured: bands, margin, veins, spots and eyes in the cells between the veins."""

    def __init__(self, rng: np.random.Generator, insect: Insect) -> None:
        self.ground, self.dark, self.moth = insect.bright, 0.5 * insect.dark, insect.kind == "moth"
        turn_ = rng.choice([0.0, 0.08, -0.1, 0.5])
        self.second = np.clip(hsv(rng.random() * 0.15 + turn_, rng.uniform(0.1, 0.8), 0.95), 0, 1)
        self.margin, self.cells = rng.uniform(0.78, 0.94), int(rng.integers(6, 9))
        self.band = rng.uniform(0.35, 0.7, 2) if rng.random() < 0.7 else np.array([9.0, 9.0])
        self.spots, self.eyes = rng.random() < 0.7, rng.random() < 0.5
        self.eye_cell, self.veins = int(rng.integers(1, 6)), rng.uniform(0.03, 0.1)
        self.waver, self.mottle = Noise(rng), Noise(rng)

    def colours(self, shape: tuple[int, int], root_y: float) -> Float:
        """Return the colours, (n - 1, m - 1, 3), of a wing's grid of points."""
        n, m = shape
        out = (np.linspace(0.02, 1, n)[:-1, None] ** 0.8) + np.zeros((1, m - 1))
        turned = (np.arange(m - 1) + 0.5)[None] / (m - 1) + np.zeros((n - 1, 1))
        cell = turned * self.cells
        inside = np.abs(cell % 1 - 0.5)  # 0 in the middle of a cell, 0.5 on a vein
        flat = (out.reshape(-1, 1), turned.reshape(-1, 1) + root_y * 9)
        waver = self.waver(*flat, 7.0, octaves=3).reshape(out.shape)
        place = out + (0.035 if self.moth else 0.012) * waver
        mottle = self.mottle(*flat, 24.0, octaves=2).reshape(out.shape)
        colour = self.ground * (0.75 + 0.4 * out + (0.12 if self.moth else 0.05) * mottle)[..., None]
        low = self.band.min() + (0.08 if root_y > 0.4 else 0)
        across = smoothstep(low, low + 0.03, place) * smoothstep(low + 0.19, low + 0.15, place)
        colour = _mix(colour, self.second, across * (0.6 if self.moth else 1.0))
        scallop = self.margin + 0.1 * (0.25 - inside**2)
        colour = _mix(
            colour, self.dark, smoothstep(scallop, scallop + 0.03, place) * (0.7 if self.moth else 1)
        )
        colour = _mix(colour, self.dark, 0.8 * smoothstep(0.3, 0.05, place))
        colour = _mix(
            colour, self.dark, smoothstep(0.5 - self.veins, 0.5, inside) * smoothstep(0.1, 0.3, out)
        )
        if self.spots:
            spot = np.sqrt((inside * 2.2) ** 2 + ((out - self.margin - 0.055) / 0.028) ** 2)
            colour = _mix(colour, np.array([0.97, 0.95, 0.88]), smoothstep(1.1, 0.8, spot))
        if self.eyes:
            off = (cell - self.eye_cell - 0.5) * 1.2
            ring = np.sqrt(off**2 + ((out - 0.68) / 0.085) ** 2)
            for size, tone in ((1.0, 0.4 * self.dark), (0.85, self.second), (0.6, 0.3 * self.dark)):
                colour = _mix(colour, tone, smoothstep(size + 0.06, size - 0.06, ring))
            colour = _mix(colour, np.ones(3), smoothstep(0.24, 0.14, ring))
        return np.clip(colour, 0, 1)


def _mix(colour: Float, other: Float, share: Float) -> Float:
    return colour + np.asarray(share)[..., None] * (other - colour)
