"""Insects seen from above: fly, wasp, dragonfly, beetle, ant, butterfly."""

import numpy as np

from simd.dataset.synthetic.curves import bezier, ellipse, heading, through, turn
from simd.dataset.synthetic.layer import Float, Layer, fade, glow, over, shade
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.raster import Raster
from simd.dataset.synthetic.shading import blur, grid, hsv, lamp, lit, ramp, slopes

_MIDDLE = np.array([0.5, 0.5])

# Segments from head to tail: (y, half width, half length); wings: (angle, length, width, root y).
_PLANS: dict[str, dict[str, list[tuple[float, ...]]]] = {
    "fly": {"body": [(0.27, 0.062, 0.042), (0.38, 0.075, 0.085), (0.55, 0.08, 0.115)], "wings": [(1.05, 0.36, 0.24, 0.37)]},
    "wasp": {"body": [(0.25, 0.05, 0.036), (0.35, 0.06, 0.07), (0.44, 0.014, 0.03), (0.6, 0.066, 0.15)],
             "wings": [(0.45, 0.36, 0.2, 0.34), (0.95, 0.24, 0.26, 0.38)]},
    "dragonfly": {"body": [(0.2, 0.047, 0.03), (0.285, 0.045, 0.07), (0.4, 0.019, 0.08), (0.55, 0.017, 0.1), (0.7, 0.016, 0.09), (0.81, 0.02, 0.05)],
                  "wings": [(-0.16, 0.41, 0.16, 0.26), (0.22, 0.39, 0.21, 0.31)]},
    "beetle": {"body": [(0.24, 0.06, 0.05), (0.34, 0.105, 0.07), (0.56, 0.135, 0.2)], "wings": []},
    "ant": {"body": [(0.24, 0.058, 0.058), (0.38, 0.036, 0.08), (0.475, 0.013, 0.02), (0.62, 0.075, 0.115)], "wings": []},
    "butterfly": {"body": [(0.3, 0.02, 0.02), (0.37, 0.027, 0.055), (0.52, 0.02, 0.12)],
                  "wings": [(0.55, 0.36, 0.6, 0.45), (-0.5, 0.46, 0.52, 0.36)]},
}  # fmt: skip


def insect(rng: np.random.Generator, side: int) -> Layer:
    """Draw an insect: kind, proportions, colours, stripes, pose of the legs, wings and heading vary."""
    kind = str(rng.choice(list(_PLANS)))
    plan = _PLANS[kind]
    facing = rng.uniform(-np.pi, np.pi) if rng.random() < 0.6 else 0.0
    scale = rng.uniform(0.9, 1.06)

    def place(points: Float) -> Float:
        return turn((points - _MIDDLE) * scale, facing) + _MIDDLE

    dark, bright = _coat(rng, kind)
    limbs = Raster(side)
    _legs(rng, limbs, plan["body"], 0.6 * dark, place, kind)
    trunk = Raster(side)
    _body(rng, trunk, plan["body"], dark, bright, place, kind)
    body = trunk.layer()
    height = 0.05 * np.sqrt(blur(body.alpha, 0.02 * side) * body.alpha + 1e-6)
    slope_x, slope_y = slopes(blur(height, 0.004 * side), side)
    diffuse, shine = lit(slope_x, slope_y, lamp(rng), shine=25)
    body = glow(shade(body, 0.45 + 0.75 * diffuse), 0.55 * shine)
    x, y = grid(side)
    body = shade(body, 1 + 0.12 * Noise(rng)(x, y, 24.0, octaves=2))
    wings = [_wing(rng, side, *wing, place, kind, bright) for wing in plan["wings"]]
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


def _legs(
    rng: np.random.Generator, raster: Raster, body: list[tuple[float, ...]], colour: Float, place, kind: str
) -> None:  # type: ignore[no-untyped-def]
    chest = body[1]
    long = {"dragonfly": 0.6, "butterfly": 0.5, "beetle": 0.9}.get(kind, 1.0)
    for pair, (lean, reach) in enumerate(((-0.75, 0.25), (0.15, 0.23), (0.85, 0.33))):
        for hand in (-1, 1):
            bend = lean + rng.normal(0, 0.12)
            root = np.array([0.5 + hand * 0.5 * chest[1], chest[0] + (pair - 1) * 0.35 * chest[2]])
            out = np.array([hand, 1.0])
            knee = root + out * long * (0.5 * reach + chest[1] * 0.6) * heading(bend - 0.25)
            ankle = knee + out * long * 0.55 * reach * heading(bend + 0.45)
            toe = ankle + out * long * 0.3 * reach * heading(bend + 0.05)
            path = np.concatenate(
                [np.linspace(root, knee, 6), np.linspace(knee, ankle, 6), np.linspace(ankle, toe, 4)]
            )
            width = np.concatenate(
                [np.linspace(0.012, 0.017, 6), np.linspace(0.013, 0.006, 6), np.linspace(0.006, 0.004, 4)]
            )
            raster.strokes(
                place(path)[None],
                width * (0.8 if kind == "dragonfly" else 1.0),
                np.stack([colour, 1.5 * colour, colour])[None],
            )
            raster.discs(place(knee[None]), np.array([0.0085]), 1.4 * colour)
            hairs = path[6:12][:, None] + np.array([[0.0, 0.0], [hand * 0.014, 0.009]])
            raster.strokes(place(hairs), np.array([0.0018]), colour)
    head = body[0]
    long = {"beetle": 0.2, "ant": 0.17, "butterfly": 0.2, "wasp": 0.16}.get(kind, 0.06)
    for hand in (-1, 1):
        root = np.array([0.5 + hand * 0.4 * head[1], head[0] - 0.8 * head[2]])
        elbow = root + long * np.array([hand * 0.45, -0.5])
        tip = elbow + long * np.array([hand * 0.5, -0.35 + rng.normal(0, 0.1)])
        raster.strokes(
            place(bezier(np.stack([root, elbow, tip]), 16))[None], np.linspace(0.006, 0.004, 16), colour
        )
        if kind == "butterfly":
            raster.discs(place(tip[None]), np.array([0.007]), colour)


def _body(  # type: ignore[no-untyped-def]
    rng: np.random.Generator,
    raster: Raster,
    body: list[tuple[float, ...]],
    dark: Float,
    bright: Float,
    place,
    kind: str,
) -> None:
    stripes = int(rng.integers(4, 7))
    for part, (y, wide, long) in reversed(list(enumerate(body))):
        raster.polygon(place(ellipse((0.5, y), wide, long)), dark)
        tail = part == len(body) - 1
        if kind == "wasp" and tail:
            for k in range(stripes):
                _belt(
                    raster,
                    place,
                    y - long + 2 * long * (k + 0.55) / stripes,
                    0.42 * long / stripes,
                    y,
                    wide,
                    long,
                    bright,
                )
        elif kind in ("fly", "dragonfly") and part > 0:
            raster.polygon(place(ellipse((0.5, y), 0.75 * wide, 0.85 * long)), 0.6 * bright)
            for k in range(stripes if tail or kind == "dragonfly" else 0):
                _belt(
                    raster,
                    place,
                    y - long + 2 * long * (k + 0.5) / stripes,
                    0.1 * long / stripes,
                    y,
                    wide,
                    long,
                    0.5 * dark,
                )
        elif kind == "beetle" and part > 0:
            raster.polygon(
                place(ellipse((0.5, y), 0.96 * wide, 0.97 * long)), bright * (0.55 if part == 1 else 0.8)
            )
            if tail:
                middle = np.stack(
                    [np.full(8, 0.5), np.linspace(y - 0.95 * long, y + 0.97 * long, 8)], axis=-1
                )
                raster.strokes(place(middle)[None], np.array([0.005]), 0.4 * dark)
                spots = int(rng.integers(0, 5))
                for k in range(spots):
                    at = np.array(
                        [rng.uniform(0.25, 0.65) * wide, y + (2 * (k + 0.5) / spots - 1) * 0.75 * long]
                    )
                    for hand in (-1, 1):
                        raster.discs(
                            place(np.array([[0.5 + hand * at[0], at[1]]])), np.array([0.022]), 0.6 * dark
                        )
    head = body[0]
    eye = hsv(rng.choice([0.0, 0.02, 0.35, 0.08]), 0.75, 0.45) if kind in ("fly", "dragonfly") else 0.3 * dark
    big = {"fly": 0.62, "dragonfly": 0.75}.get(kind, 0.33)
    for hand in (-1, 1):
        centre = (0.5 + hand * (1 - 0.7 * big) * head[1] * 1.1, head[0] - 0.1 * head[2])
        raster.polygon(place(ellipse(centre, big * head[1], 0.85 * max(big, 0.45) * head[2])), eye)


def _belt(
    raster: Raster, place, at: float, thick: float, y: float, wide: float, long: float, colour: Float
) -> None:  # type: ignore[no-untyped-def]
    rows = np.clip(np.linspace(at - thick, at + thick, 6), y - long, y + long)
    half = wide * np.sqrt(np.clip(1 - ((rows - y) / long) ** 2, 0, 1))
    left, right = np.stack([0.5 - half, rows], axis=-1), np.stack([0.5 + half, rows], axis=-1)
    raster.polygon(place(np.concatenate([left, right[::-1]])), colour)


def _wing(  # type: ignore[no-untyped-def]
    rng: np.random.Generator,
    side: int,
    angle: float,
    length: float,
    width: float,
    root_y: float,
    place,
    kind: str,
    bright: Float,
) -> Layer:
    """Draw a pair of wings: a clear film, or a butterfly's scales, and veins."""
    angle, clear = angle + rng.normal(0, 0.06), kind != "butterfly"
    shape = [
        (0.0, -0.06),
        (0.3, -0.32),
        (0.7, -0.42),
        (0.95, -0.25),
        (1.0, 0.0),
        (0.85, 0.38),
        (0.5, 0.55),
        (0.15, 0.3),
    ]
    edge = through(np.array(shape) * np.array([length, width * length * 1.3]), 80, closed=True)
    film, veins = Raster(side), Raster(side)
    tint = rng.uniform(0.55, 0.9) * np.array([1.0, 0.96, 0.85])
    line = np.array([0.16, 0.11, 0.07])
    scales = int(rng.integers(2, 5))
    for hand in (-1, 1):

        def put(points: Float, hand: int = hand) -> Float:
            moved = turn(points, angle) * np.array([hand, 1.0])
            return np.asarray(place(moved + np.array([0.5 + hand * 0.015, root_y])))

        film.polygon(put(edge), tint if clear else 0.2 * bright)
        if not clear:
            for k in range(3):
                inner = edge * (0.9 - 0.22 * k) + 0.02 * length
                film.polygon(
                    put(inner), ramp(np.array(k / 2), np.stack([bright, 0.75 * bright, 0.45 * bright]))
                )
            for k in range(scales):
                at = np.array([[0.8, -0.3 + 0.62 * (k + 0.5) / scales]]) * np.array(
                    [length, 1.4 * width * length]
                )
                film.discs(put(at), np.array([0.018]), np.array([0.97, 0.95, 0.85]))
        outer = np.concatenate([edge, edge[:1]])
        veins.strokes(put(outer)[None], np.array([0.0045]), line)
        ends = edge[8:72:7]
        roots = np.zeros_like(ends)
        bow = 0.55 * ends + np.array([0.0, -0.06 * length])
        paths = bezier(np.stack([roots, bow, ends], axis=1), 16)
        veins.strokes(put(paths), np.linspace(0.005, 0.002, 16), line)
        rungs = {"dragonfly": 15, "butterfly": 0}.get(kind, 4)
        for k in range(rungs):  # cross veins join neighbours
            a, b = paths[:-1, 3 + (k * 12) // rungs], paths[1:, 3 + (k * 12) // rungs]
            veins.strokes(put(np.stack([a, (a + b) / 2, b], axis=1)), np.array([0.0018]), line)
    skin = film.layer()
    if clear:
        x, y = grid(side)
        gleam = 0.5 + 0.5 * np.tanh(1.5 * Noise(rng)(x, y, 3.0, octaves=2))
        skin = fade(glow(skin, 0.5 * gleam**2), rng.uniform(0.18, 0.34) * (0.7 + 0.8 * gleam))
    return over(fade(veins.layer(), 0.9 if clear else 0.7), skin)
