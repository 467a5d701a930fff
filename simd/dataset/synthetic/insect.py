"""Insects seen from above: fly, wasp, dragonfly, beetle, ant, butterfly."""

from typing import NamedTuple

import numpy as np

from simd.dataset.synthetic.curves import Place, bezier, ellipse, heading, through, turn
from simd.dataset.synthetic.layer import Float, Layer, fade, glow, over, shade
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.raster import Raster
from simd.dataset.synthetic.shading import blur, grid, hsv, lamp, lit, slopes

_MIDDLE = np.array([0.5, 0.5])
_WING = [
    (0, -0.06),
    (0.3, -0.32),
    (0.7, -0.42),
    (0.95, -0.25),
    (1, 0),
    (0.85, 0.38),
    (0.5, 0.55),
    (0.15, 0.3),
]

_Part = tuple[float, float, float]  # y, half width, half length of a segment, from head to tail
_Wing = tuple[float, float, float, float]  # angle, length, width, y of the root


class _Insect(NamedTuple):
    kind: str
    body: list[_Part]
    wings: list[_Wing]
    dark: Float
    bright: Float
    place: Place


_PLANS: dict[str, tuple[list[_Part], list[_Wing]]] = {
    "fly": ([(0.27, 0.062, 0.042), (0.38, 0.075, 0.085), (0.55, 0.08, 0.115)], [(1.05, 0.36, 0.24, 0.37)]),
    "wasp": ([(0.25, 0.05, 0.036), (0.35, 0.06, 0.07), (0.44, 0.014, 0.03), (0.6, 0.066, 0.15)],
             [(0.45, 0.36, 0.2, 0.34), (0.95, 0.24, 0.26, 0.38)]),
    "dragonfly": ([(0.2, 0.047, 0.03), (0.285, 0.045, 0.07), (0.4, 0.019, 0.08), (0.55, 0.017, 0.1),
                   (0.7, 0.016, 0.09), (0.81, 0.02, 0.05)],
                  [(-0.16, 0.41, 0.16, 0.26), (0.22, 0.39, 0.21, 0.31)]),
    "beetle": ([(0.24, 0.06, 0.05), (0.34, 0.105, 0.07), (0.56, 0.135, 0.2)], []),
    "ant": ([(0.24, 0.058, 0.058), (0.38, 0.036, 0.08), (0.475, 0.013, 0.02), (0.62, 0.075, 0.115)], []),
    "butterfly": ([(0.3, 0.02, 0.02), (0.37, 0.027, 0.055), (0.52, 0.02, 0.12)],
                  [(0.55, 0.36, 0.6, 0.45), (-0.5, 0.46, 0.52, 0.36)]),
}  # fmt: skip


def insect(rng: np.random.Generator, side: int) -> Layer:
    """Draw an insect: kind, proportions, colours, stripes, pose of the legs, wings and heading vary."""
    kind = str(rng.choice(list(_PLANS)))
    facing = rng.uniform(-np.pi, np.pi) if rng.random() < 0.6 else 0.0
    scale = rng.uniform(0.84, 0.98)

    def place(points: Float) -> Float:
        return np.asarray(turn((points - _MIDDLE) * scale, facing) + _MIDDLE)

    it = _Insect(kind, *_PLANS[kind], *_coat(rng, kind), place)
    limbs, trunk = Raster(side), Raster(side)
    _legs(rng, limbs, it)
    _antennae(rng, limbs, it)
    _body(rng, trunk, it)
    body = trunk.layer()
    height = 0.05 * np.sqrt(blur(body.alpha, 0.02 * side) * body.alpha + 1e-6)
    slope_x, slope_y = slopes(blur(height, 0.004 * side), side)
    diffuse, shine = lit(slope_x, slope_y, lamp(rng), shine=25)
    body = glow(shade(body, 0.45 + 0.75 * diffuse), 0.55 * shine)
    x, y = grid(side)
    body = shade(body, 1 + 0.12 * Noise(rng)(x, y, 24.0, octaves=2))
    wings = [_wing(rng, side, it, wing) for wing in it.wings]
    if kind in ("fly", "wasp"):  # folded over the back
        return over(*wings, body, limbs.layer())
    return over(body, *wings, limbs.layer())


def _coat(rng: np.random.Generator, kind: str) -> tuple[Float, Float]:
    dark = hsv(rng.uniform(0.02, 0.1), rng.uniform(0.2, 0.6), rng.uniform(0.12, 0.24))
    if kind == "wasp":
        return dark * 0.7, hsv(rng.uniform(0.1, 0.14), 0.9, 0.92)
    if kind == "ant":
        return dark * 1.3, dark * 1.6
    if kind == "fly":
        return dark, rng.choice([0.45, 0.9]) * hsv(rng.uniform(0.3, 0.6), 0.35, 0.8)
    return dark, hsv(rng.random(), rng.uniform(0.6, 0.95), rng.uniform(0.55, 0.95))


def _legs(rng: np.random.Generator, raster: Raster, it: _Insect) -> None:
    """Draw three pairs of legs: thigh, shin, foot."""
    y, wide, half = it.body[1]
    colour = 0.6 * it.dark
    long = {"dragonfly": 0.6, "butterfly": 0.5, "beetle": 0.9}.get(it.kind, 1.0)
    thick = np.concatenate(
        [np.linspace(*ends) for ends in ((0.012, 0.017, 6), (0.013, 0.006, 6), (0.006, 0.004, 4))]
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
                it.place(path)[None], thick * (0.8 if it.kind == "dragonfly" else 1.0), tones[None]
            )
            raster.discs(it.place(knee[None]), np.array([0.0085]), 1.4 * colour)
            hairs = path[6:12][:, None] + np.array([[0.0, 0.0], [hand * 0.014, 0.009]])
            raster.strokes(it.place(hairs), np.array([0.0018]), colour)


def _antennae(rng: np.random.Generator, raster: Raster, it: _Insect) -> None:
    y, wide, half = it.body[0]
    colour = 0.6 * it.dark
    long = {"beetle": 0.2, "ant": 0.17, "butterfly": 0.2, "wasp": 0.16}.get(it.kind, 0.06)
    for hand in (-1, 1):
        root = np.array([0.5 + hand * 0.4 * wide, y - 0.8 * half])
        elbow = root + long * np.array([hand * 0.45, -0.5])
        tip = elbow + long * np.array([hand * 0.5, -0.35 + rng.normal(0, 0.1)])
        path = it.place(bezier(np.stack([root, elbow, tip]), 16))
        raster.strokes(path[None], np.linspace(0.006, 0.004, 16), colour)
        if it.kind == "butterfly":
            raster.discs(it.place(tip[None]), np.array([0.007]), colour)


def _body(rng: np.random.Generator, raster: Raster, it: _Insect) -> None:
    """Draw the segments, tail first, with belts or wing cases, then the eyes."""
    stripes = int(rng.integers(4, 7))
    for part, (y, wide, half) in reversed(list(enumerate(it.body))):
        raster.polygon(it.place(ellipse((0.5, y), wide, half)), it.dark)
        tail = part == len(it.body) - 1
        if it.kind == "wasp" and tail:
            for k in range(stripes):
                at = y - half + 2 * half * (k + 0.55) / stripes
                _belt(raster, it, part, (at, 0.42 * half / stripes), it.bright)
        elif it.kind in ("fly", "dragonfly") and part > 0:
            raster.polygon(it.place(ellipse((0.5, y), 0.75 * wide, 0.85 * half)), 0.6 * it.bright)
            for k in range(stripes if tail or it.kind == "dragonfly" else 0):
                at = y - half + 2 * half * (k + 0.5) / stripes
                _belt(raster, it, part, (at, 0.1 * half / stripes), 0.5 * it.dark)
        elif it.kind == "beetle" and part > 0:
            case = it.place(ellipse((0.5, y), 0.96 * wide, 0.97 * half))
            raster.polygon(case, it.bright * (0.8 if tail else 0.55))
            if tail:
                _wing_cases(rng, raster, it)
    y, wide, half = it.body[0]
    eye = (
        hsv(rng.choice([0.0, 0.02, 0.35, 0.08]), 0.75, 0.45)
        if it.kind in ("fly", "dragonfly")
        else 0.3 * it.dark
    )
    big = {"fly": 0.62, "dragonfly": 0.75}.get(it.kind, 0.33)
    for hand in (-1, 1):
        centre = (0.5 + hand * (1 - 0.7 * big) * wide * 1.1, y - 0.1 * half)
        raster.polygon(it.place(ellipse(centre, big * wide, 0.85 * max(big, 0.45) * half)), eye)


def _wing_cases(rng: np.random.Generator, raster: Raster, it: _Insect) -> None:
    """Draw the seam between a beetle's wing cases, and spots."""
    y, wide, half = it.body[-1]
    seam = np.stack([np.full(8, 0.5), y + half * np.linspace(-0.95, 0.97, 8)], axis=-1)
    raster.strokes(it.place(seam)[None], np.array([0.005]), 0.4 * it.dark)
    spots = int(rng.integers(0, 5))
    for k in range(spots):
        x_off, at = rng.uniform(0.25, 0.65) * wide, y + (2 * (k + 0.5) / spots - 1) * 0.75 * half
        both = np.array([[0.5 - x_off, at], [0.5 + x_off, at]])
        raster.discs(it.place(both), np.array([0.022]), 0.6 * it.dark)


def _belt(raster: Raster, it: _Insect, part: int, belt: tuple[float, float], colour: Float) -> None:
    """Draw a belt, (middle, half width), round a segment."""
    y, wide, half = it.body[part]
    rows = np.clip(np.linspace(belt[0] - belt[1], belt[0] + belt[1], 6), y - half, y + half)
    reach = wide * np.sqrt(np.clip(1 - ((rows - y) / half) ** 2, 0, 1))
    left, right = np.stack([0.5 - reach, rows], axis=-1), np.stack([0.5 + reach, rows], axis=-1)
    raster.polygon(it.place(np.concatenate([left, right[::-1]])), colour)


def _wing(rng: np.random.Generator, side: int, it: _Insect, wing: _Wing) -> Layer:
    """Draw a pair of wings: a clear film, or a butterfly's scales, and veins."""
    angle, length, width, root_y = wing
    angle, clear = angle + rng.normal(0, 0.06), it.kind != "butterfly"
    edge = through(np.array(_WING) * np.array([length, width * length * 1.3]), 80, closed=True)
    film, veins = Raster(side), Raster(side)
    tint = rng.uniform(0.55, 0.9) * np.array([1.0, 0.96, 0.85])
    line = np.array([0.16, 0.11, 0.07])
    spots = int(rng.integers(2, 5))
    for hand in (-1, 1):

        def put(points: Float, hand: int = hand) -> Float:
            return it.place(
                turn(points, angle) * np.array([hand, 1.0]) + np.array([0.5 + hand * 0.015, root_y])
            )

        film.polygon(put(edge), tint if clear else 0.2 * it.bright)
        if not clear:
            for k in range(3):
                film.polygon(put(edge * (0.9 - 0.22 * k) + 0.02 * length), it.bright * (1 - 0.27 * k))
            at = np.stack([np.full(spots, 0.8), 0.62 * (np.arange(spots) + 0.5) / spots - 0.3], axis=-1)
            at = at * np.array([length, 1.4 * width * length])
            film.discs(put(at), np.array([0.018]), np.array([0.97, 0.95, 0.85]))
        veins.strokes(put(np.concatenate([edge, edge[:1]]))[None], np.array([0.0045]), line)
        ends = edge[8:72:7]
        bow = 0.55 * ends + np.array([0.0, -0.06 * length])
        paths = bezier(np.stack([0 * ends, bow, ends], axis=1), 16)
        veins.strokes(put(paths), np.linspace(0.005, 0.002, 16), line)
        rungs = {"dragonfly": 15, "butterfly": 0}.get(it.kind, 4)
        for k in range(rungs):  # cross veins join neighbours
            a, b = paths[:-1, 3 + (k * 12) // rungs], paths[1:, 3 + (k * 12) // rungs]
            veins.strokes(put(np.stack([a, (a + b) / 2, b], axis=1)), np.array([0.0018]), line)
    skin = film.layer()
    if clear:
        x, y = grid(side)
        gleam = 0.5 + 0.5 * np.tanh(1.5 * Noise(rng)(x, y, 3.0, octaves=2))
        skin = fade(glow(skin, 0.5 * gleam**2), rng.uniform(0.18, 0.34) * (0.7 + 0.8 * gleam))
    return over(fade(veins.layer(), 0.9 if clear else 0.7), skin)
