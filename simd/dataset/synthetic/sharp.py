"""Sharp: solid things in focus: bottle, mug, pawn, gear, spanner, key, toy car, ball."""

from collections.abc import Callable

import numpy as np

from simd.dataset.synthetic.curves import ellipse, heading, through, turn
from simd.dataset.synthetic.lathe import turned
from simd.dataset.synthetic.layer import Float, Layer, glow, over, paint, shade
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.raster import Raster
from simd.dataset.synthetic.shading import blur, edge, grid, hsv, lamp, lit, ramp, slopes, smoothstep


def sharp(rng: np.random.Generator, side: int) -> Layer:
    """Draw a solid thing: which, its proportions, colour, polish and light vary."""
    return OBJECTS[str(rng.choice(list(OBJECTS)))](rng, side)


def bottle(rng: np.random.Generator, side: int) -> Layer:
    """Draw a bottle or vase with a label."""
    wide, neck = rng.uniform(0.12, 0.19), rng.uniform(0.035, 0.055)
    shoulder = rng.uniform(0.28, 0.42)
    profile = [
        (0.07, 1.2 * neck), (0.1, 1.2 * neck), (0.105, neck), (shoulder - 0.1, 1.1 * neck),
        (shoulder + 0.05, 0.93 * wide), (shoulder + 0.12, wide), (0.86, wide), (0.9, 0.93 * wide),
    ]  # fmt: skip
    colour = hsv(rng.random(), rng.uniform(0.4, 0.85), rng.uniform(0.3, 0.7))
    label = hsv(rng.random(), rng.uniform(0.05, 0.5), rng.uniform(0.8, 0.96))
    low, high = shoulder + 0.16, rng.uniform(0.72, 0.8)
    return _turned_body(
        rng,
        side,
        profile,
        colour,
        [(low, high, label), (low + 0.04, low + 0.07, colour), (0, 0.104, 0.6 * label)],
    )


def pawn(rng: np.random.Generator, side: int) -> Layer:
    """Draw a chess pawn or a turned finial."""
    size = rng.uniform(0.9, 1.1)
    profile = [
        (0.09, 0.0), (0.1, 0.045), (0.13, 0.078), (0.18, 0.095), (0.235, 0.08), (0.27, 0.05), (0.285, 0.1),
        (0.31, 0.105), (0.325, 0.06), (0.45, 0.07), (0.62, 0.11), (0.72, 0.15), (0.75, 0.19), (0.78, 0.17),
        (0.8, 0.2), (0.87, 0.215), (0.89, 0.21),
    ]  # fmt: skip
    colour = hsv(rng.uniform(0.05, 0.11), rng.uniform(0.2, 0.7), rng.choice([0.25, 0.85]))
    return _turned_body(rng, side, [(y, r * size) for y, r in profile], colour, [])


def mug(rng: np.random.Generator, side: int) -> Layer:
    """Draw a mug: a handle behind, a body, the opening and a drink."""
    wide, top, base = rng.uniform(0.19, 0.23), rng.uniform(0.2, 0.28), rng.uniform(0.78, 0.84)
    colour = hsv(rng.random(), rng.uniform(0.1, 0.8), rng.uniform(0.5, 0.95))
    axis, tilt = 0.45, 0.22
    profile = [
        (top, wide),
        (0.5 * (top + base), wide * rng.uniform(0.9, 1.05)),
        (base - 0.03, wide * 0.92),
        (base, wide * 0.82),
    ]
    band = hsv(rng.random(), 0.6, 0.8)
    body = _turned_body(rng, side, profile, colour, [(base - 0.2, base - 0.14, band)], axis=axis, tilt=tilt)
    ring = Raster(side)
    middle, reach = (axis + wide, 0.5 * (top + base)), 0.3 * (base - top)
    bow = ellipse(middle, 0.85 * reach, reach, count=48)
    bow = np.concatenate([bow, bow[:1]])
    for share in np.linspace(1, 0.1, 9):  # a round section: thinner strokes, lighter
        ring.strokes(
            (bow - [0.006 * (1 - share), 0.008 * (1 - share)])[None],
            np.array([0.052 * share]),
            colour * (0.55 + 0.5 * (1 - share)),
        )
    mouth = Raster(side)
    mouth.polygon(ellipse((axis, top), wide, tilt * wide), np.minimum(1.15 * colour + 0.05, 1))
    mouth.polygon(ellipse((axis, top + 0.002), 0.92 * wide, 0.9 * tilt * wide), 0.5 * colour)
    drink = ellipse((axis, top + 0.016), 0.88 * wide, 0.62 * tilt * wide)
    mouth.polygon(drink, hsv(0.07, 0.75, rng.uniform(0.12, 0.35)))
    return over(mouth.layer(), body, ring.layer())


def gear(rng: np.random.Generator, side: int) -> Layer:
    """Draw a gear wheel with spokes."""
    teeth, radius = int(rng.integers(9, 28)), rng.uniform(0.36, 0.42)
    deep = min(0.075, 1.6 / teeth * radius)
    t = (np.arange(teeth)[:, None] + np.array([0.0, 0.12, 0.4, 0.52])[None]) * 2 * np.pi / teeth
    far = np.tile(np.array([radius - deep, radius, radius, radius - deep]), teeth)
    flat = Raster(side)
    flat.polygon(0.5 + far[:, None] * heading(t.ravel()), np.ones(3))
    spokes, hub = int(rng.integers(3, 7)), rng.uniform(0.08, 0.12)
    rim = radius - deep - rng.uniform(0.05, 0.08)
    for k in range(spokes):
        a, b = (k + 0.16) * 2 * np.pi / spokes, (k + 0.84) * 2 * np.pi / spokes
        out, back = np.linspace(a, b, 20), np.linspace(b - 0.1, a + 0.1, 20)
        flat.erase(np.concatenate([0.5 + rim * heading(out), 0.5 + (hub + 0.03) * heading(back)]))
    flat.erase(ellipse((0.5, 0.5), 0.45 * hub, 0.45 * hub))
    return _metal(rng, flat.layer(), side)


def spanner(rng: np.random.Generator, side: int) -> Layer:
    """Draw a spanner: an open jaw and a ring."""
    flat, angle = Raster(side), rng.uniform(-0.9, 0.9)

    def put(points: Float) -> Float:
        return turn(points, angle, (0.5, 0.5))

    half, jaw, ring = rng.uniform(0.028, 0.042), rng.uniform(0.1, 0.125), rng.uniform(0.075, 0.095)
    shaft = np.array(
        [[0.5 - half, 0.2], [0.5 + half, 0.2], [0.5 + 0.8 * half, 0.82], [0.5 - 0.8 * half, 0.82]]
    )
    flat.polygon(put(shaft), np.ones(3))
    flat.polygon(put(ellipse((0.5, 0.19), jaw, 1.05 * jaw)), np.ones(3))
    flat.polygon(put(ellipse((0.5, 0.82), ring, ring)), np.ones(3))
    notch = np.array([[-0.5, -1.4], [0.5, -1.4], [0.5, 0.0], [0.25, 0.3], [-0.25, 0.3], [-0.5, 0.0]]) * jaw
    flat.erase(put(turn(notch, 0.26) + [0.5, 0.19]))
    hexagon = 0.6 * ring * heading(np.arange(6) * np.pi / 3) + np.array([0.5, 0.82])
    flat.erase(put(hexagon))
    return _metal(rng, flat.layer(), side)


def key(rng: np.random.Generator, side: int) -> Layer:
    """Draw a key with a bow, a shaft and a cut bit."""
    flat, angle = Raster(side), rng.uniform(-1.2, 1.2)

    def put(points: Float) -> Float:
        return turn(points, angle, (0.5, 0.5))

    bow = rng.uniform(0.12, 0.15)
    flat.polygon(put(ellipse((0.5, 0.24), bow, bow * rng.uniform(0.8, 1.1))), np.ones(3))
    cuts = np.linspace(0.5, 0.88, 9)
    depth = rng.uniform(0.015, 0.055, 9)
    right = np.stack([np.repeat(0.5 + depth, 2), np.repeat(cuts, 2) + np.tile([0.0, 0.028], 9)], axis=-1)
    left = np.array([[0.5, 0.93], [0.465, 0.89], [0.465, 0.3], [0.53, 0.3], [0.53, 0.48]])
    flat.polygon(put(np.concatenate([left, right])), np.ones(3))
    flat.erase(put(ellipse((0.5, 0.19), 0.32 * bow, 0.32 * bow)))
    layer = _metal(rng, flat.layer(), side, gold=rng.random() < 0.6)
    groove = Raster(side)
    groove.strokes(
        put(np.array([[0.487, 0.4], [0.487, 0.6], [0.487, 0.86]]))[None], np.array([0.008]), 0.25 * np.ones(3)
    )
    return over(paint(groove.layer().colour, 0.6 * groove.layer().alpha), layer)


def car(rng: np.random.Generator, side: int) -> Layer:
    """Draw a car from its side."""
    colour = hsv(rng.random(), rng.uniform(0.5, 0.9), rng.uniform(0.5, 0.9))
    roof, nose = rng.uniform(0.33, 0.4), rng.uniform(0.49, 0.53)
    knots = [
        (0.07, 0.6), (0.09, nose), (0.25, nose - 0.03), (0.36, roof + 0.01), (0.5, roof - 0.02),
        (0.66, roof + 0.02), (0.78, nose - 0.02), (0.91, nose + 0.01), (0.935, 0.6), (0.9, 0.655),
        (0.5, 0.66), (0.1, 0.655),
    ]  # fmt: skip
    body = through(np.array(knots), 200, closed=True)
    shell = Raster(side)
    shell.polygon(body, colour)
    x, y = grid(side)
    light = ramp(
        np.clip((y - roof) / (0.66 - roof), 0, 1) + 0 * x,
        np.array([[1.25] * 3, [0.95] * 3, [1.2] * 3, [0.75] * 3, [0.45] * 3]),
    )
    painted = shade(shell.layer(), light)
    parts = Raster(side)
    glass = np.array([0.16, 0.2, 0.25])
    parts.polygon(
        np.array([[0.3, nose - 0.025], [0.385, roof + 0.03], [0.495, roof + 0.012], [0.495, nose - 0.025]]),
        glass,
    )
    parts.polygon(
        np.array([[0.515, nose - 0.025], [0.515, roof + 0.012], [0.645, roof + 0.04], [0.735, nose - 0.02]]),
        glass,
    )
    parts.polygon(
        np.array([[0.32, nose - 0.04], [0.385, roof + 0.03], [0.42, roof + 0.024], [0.37, nose - 0.04]]),
        2.3 * glass,
    )
    for line in (
        np.array([[0.505, nose - 0.02], [0.505, 0.57], [0.5, 0.63]]),
        np.array([[0.1, 0.6], [0.5, 0.61], [0.92, 0.6]]),
    ):
        parts.strokes(line[None], np.array([0.004]), 0.45 * colour)
    parts.polygon(ellipse((0.105, 0.545), 0.02, 0.014), np.array([1.0, 0.96, 0.8]))
    parts.polygon(ellipse((0.915, 0.545), 0.012, 0.02), np.array([0.8, 0.08, 0.06]))
    spokes, wheel = int(rng.integers(5, 9)), rng.uniform(0.082, 0.092)
    for middle in ((0.25, 0.65), (0.755, 0.65)):
        parts.polygon(ellipse(middle, 1.12 * wheel, 1.12 * wheel), np.array([0.03, 0.03, 0.03]))
        parts.polygon(ellipse(middle, wheel, wheel), np.array([0.1, 0.1, 0.11]))
        parts.polygon(ellipse(middle, 0.64 * wheel, 0.64 * wheel), np.array([0.3, 0.31, 0.33]))
        for a in np.arange(spokes) * 2 * np.pi / spokes:
            spoke = np.asarray(middle) + np.array([[0.0], [0.3], [0.6]]) * wheel * heading(a)
            parts.strokes(spoke[None], np.array([0.2 * wheel]), np.array([0.78, 0.79, 0.8]))
        parts.polygon(ellipse(middle, 0.14 * wheel, 0.14 * wheel), np.array([0.5, 0.5, 0.52]))
    return over(parts.layer(), painted)


def ball(rng: np.random.Generator, side: int) -> Layer:
    """Draw a ball with panels: a beach ball, a basketball."""
    x, y = grid(side)
    radius = rng.uniform(0.3, 0.38)
    p, q = (x - 0.5) / radius, (y - 0.5) / radius
    far = np.sqrt(p * p + q * q)
    out = np.sqrt(np.clip(1 - far * far, 0, 1))
    spin = rng.uniform(0, 6.28)
    a, b = np.cos(spin) * p + np.sin(spin) * q, np.cos(spin) * q - np.sin(spin) * p
    tilt = rng.uniform(0.3, 0.9)
    b, out2 = np.cos(tilt) * b - np.sin(tilt) * out, np.cos(tilt) * out + np.sin(tilt) * b
    if rng.random() < 0.5:
        turns = np.arctan2(a, out2) / (2 * np.pi) + 0.5
        stripes = np.clip(np.abs((turns * 3) % 1 - 0.5) * 4 - 1, -1, 1)
        mix = smoothstep(-0.03, 0.03, stripes / 3)
        one, two = hsv(rng.random(), 0.75, 0.9), np.array([0.95, 0.95, 0.93])
        colour = one + mix[..., None] * (two - one)
    else:
        seams = np.minimum(np.minimum(np.abs(a), np.abs(b)), np.abs(np.abs(a) - 0.62 + 0.3 * b * b))
        rubber = hsv(rng.uniform(0.03, 0.08), 0.8, 0.8) * (1 + 0.05 * Noise(rng)(x, y, 55.0))[..., None]
        colour = rubber * (0.18 + 0.82 * smoothstep(0.012, 0.03, seams))[..., None]
    diffuse, shine = lit(p / np.maximum(out, 0.05), q / np.maximum(out, 0.05), lamp(rng), shine=30)
    colour = colour * (0.35 + 0.75 * diffuse)[..., None] + 0.4 * shine[..., None]
    return paint(colour, edge((far - 1) * radius, side))


OBJECTS: dict[str, Callable[[np.random.Generator, int], Layer]] = {
    "bottle": bottle,
    "pawn": pawn,
    "mug": mug,
    "gear": gear,
    "spanner": spanner,
    "key": key,
    "car": car,
    "ball": ball,
}


def _turned_body(
    rng: np.random.Generator,
    side: int,
    profile: list[tuple[float, float]],
    colour: Float,
    bands: list[tuple[float, float, Float]],
    *,
    axis: float = 0.5,
    tilt: float = 0.16,
) -> Layer:
    shape = turned(side, profile, axis, tilt)
    straight = np.broadcast_to(colour, (side, side, 3))
    for low, high, other in bands:
        inside = np.clip(0.5 + np.minimum(shape.height - low, high - shape.height) * side, 0, 1)
        straight = straight + inside[..., None] * (other - straight)
    front = np.sqrt(np.maximum(1 - shape.across**2, 0.01))
    slope_x = shape.across / front
    slope_y = -shape.slope / front
    diffuse, shine = lit(slope_x, slope_y, lamp(rng), shine=rng.choice([12.0, 60.0]))
    straight = straight * (0.3 + 0.8 * diffuse)[..., None]
    # A window or a softbox stands beside every product that was ever photographed.
    window = (
        smoothstep(0.1, 0.04, np.abs(shape.across + 0.55)) * 0.25
        + smoothstep(0.05, 0.02, np.abs(shape.across - 0.72)) * 0.1
    )
    return glow(paint(straight, shape.cover), 0.6 * shine + window)


def _metal(rng: np.random.Generator, flat: Layer, side: int, gold: bool = False) -> Layer:
    x, y = grid(side)
    height = 0.022 * blur(flat.alpha, 0.007 * side) + 0.02 * blur(flat.alpha, 0.02 * side)
    slope_x, slope_y = slopes(height, side)
    angle = rng.uniform(0, np.pi)
    brushed = Noise(rng)(
        18 * (np.cos(angle) * x + np.sin(angle) * y),
        1.2 * (np.cos(angle) * y - np.sin(angle) * x),
        4.0,
        octaves=2,
    )
    broad = Noise(rng)(x, y, 1.6, octaves=2)
    diffuse, shine = lit(slope_x + 0.06 * broad, slope_y + 0.06 * brushed, lamp(rng), shine=18)
    steel = hsv(rng.uniform(0.55, 0.65), rng.uniform(0.0, 0.1), rng.uniform(0.5, 0.7))
    base = hsv(rng.uniform(0.1, 0.13), 0.6, 0.75) if gold else steel
    rust = smoothstep(0.9, 1.9, Noise(rng)(x, y, 4.0, octaves=5)) * rng.choice([0.0, 0.0, 0.6])
    colour = base + rust[..., None] * (np.array([0.4, 0.2, 0.1]) - base)
    return glow(paint(colour * (0.25 + 0.95 * diffuse)[..., None], flat.alpha), 0.5 * shine)
