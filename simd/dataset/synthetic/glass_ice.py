"""Glass and ice: tumbler, wine glass, bottle, crystal ball, ice cubes; bright rims, a clear interior."""

import numpy as np
from scipy.spatial import ConvexHull

from simd.dataset.synthetic.curves import ellipse, turn
from simd.dataset.synthetic.lathe import Turned, turned
from simd.dataset.synthetic.layer import Float, Layer, over, paint, soften
from simd.dataset.synthetic.noise import Noise
from simd.dataset.synthetic.raster import Raster
from simd.dataset.synthetic.shading import edge, grid, ramp, smoothstep

_MIRRORED = [(0.06, 0.09, 0.11), (0.34, 0.40, 0.43), (0.72, 0.78, 0.80), (1.0, 1.0, 1.0)]


def glass_ice(rng: np.random.Generator, side: int) -> Layer:
    """Draw clear solids: which, proportions, thickness, tint, caustics, liquid and light vary."""
    kind = rng.choice(["tumbler", "wine", "bottle", "ball", "ice"], p=[0.2, 0.25, 0.15, 0.15, 0.25])
    tint = np.array([1.0, 1.0, 1.0]) - rng.uniform(0, 0.22) * np.array([rng.random(), 0.1, rng.random()])
    if kind == "ice":
        return _ice(rng, side)
    if kind == "ball":
        return _ball(rng, side, tint)
    return _vessel(rng, side, kind, tint)


def _vessel(rng: np.random.Generator, side: int, kind: str, tint: Float) -> Layer:
    wide, top = rng.uniform(0.17, 0.22), rng.uniform(0.1, 0.18)
    if kind == "tumbler":
        profile = [(top + 0.06, wide), (0.55, 0.93 * wide), (0.86, 0.84 * wide), (0.89, 0.8 * wide)]
        inside, base = (top + 0.06, 0.82), 0.82
    elif kind == "wine":
        bowl = rng.uniform(0.46, 0.54)
        profile = [
            (top, 0.78 * wide), (0.6 * top + 0.4 * bowl, wide), (bowl - 0.06, 0.8 * wide), (bowl, 0.3 * wide),
            (bowl + 0.035, 0.014), (0.82, 0.012), (0.865, 0.02), (0.875, 0.045),
        ]  # fmt: skip
        inside, base = (top, bowl - 0.02), 0.87
    else:
        neck = 0.28 * wide
        profile = [
            (0.08, 1.2 * neck),
            (0.1, 1.25 * neck),
            (0.115, neck),
            (0.34, 1.1 * neck),
            (0.46, 0.9 * wide),
            (0.52, wide),
            (0.87, wide),
            (0.91, 0.93 * wide),
        ]
        inside, base = (0.12, 0.86), 0.86
    shape = turned(side, profile, tilt=0.14)
    # What a wall shows: at the rim the path through glass is long and mirrors the surroundings.
    u = np.abs(shape.across)
    wall = rng.uniform(0.84, 0.93)
    inner = np.exp(-(((u - wall) / 0.022) ** 2)) * (shape.height < base)
    rim = smoothstep(0.62, 1.0, u) ** 2.2
    noise = Noise(rng)
    bands = noise(shape.across * 0.9 + 3, 0.16 * shape.height, 4.5, octaves=2)
    thick = (
        smoothstep(base - 0.01, base + 0.012, shape.height)
        + (shape.height > inside[1]) * (kind == "wine") * 0.6
    )
    caustic = np.clip(noise(shape.across * 0.7, shape.height * 1.7 + 1.0, 9.0, octaves=3, ridged=True), 0, 2)
    alpha = 0.07 + 0.6 * rim + 0.33 * inner + np.clip(thick, 0, 1) * (0.2 + 0.35 * caustic)
    grey = 0.52 + 0.3 * bands + 0.35 * inner - 0.38 * rim * (bands < 0.2) + 0.45 * thick * (caustic - 0.5)
    window, wide_w = rng.uniform(-0.62, -0.45), rng.uniform(0.07, 0.13)
    span = smoothstep(inside[0] + 0.02, inside[0] + 0.05, shape.height) * smoothstep(
        inside[1] - 0.01, inside[1] - 0.08, shape.height
    )
    pane = smoothstep(wide_w, wide_w - 0.035, np.abs(shape.across - window)) * span
    pane = pane * (0.4 + 0.6 * smoothstep(0.012, 0.02, np.abs(shape.across - window)))
    thin = smoothstep(0.035, 0.012, np.abs(shape.across - 0.68)) * span
    shine = np.clip(0.75 * pane + 0.5 * thin, 0, 1)
    colour = ramp(np.clip(grey, 0, 1), _MIRRORED) * tint
    colour = colour + shine[..., None] * (1 - colour)
    body = paint(colour, shape.cover * np.clip(np.maximum(alpha, 0.9 * shine), 0, 0.97))
    liquid = _liquid(rng, side, shape, inside) if kind != "bottle" and rng.random() < 0.5 else None
    parts = [_ring(side, profile[0], tint), body]
    if liquid is not None:
        parts.append(liquid)
    if kind == "wine":
        foot = (0.875, 0.77 * wide)
        parts += [_ring(side, foot, tint), _plate(side, foot, tint)]
    return over(*parts)


def _liquid(rng: np.random.Generator, side: int, shape: Turned, inside: tuple[float, float]) -> Layer:
    """Fill the vessel: tinted, its surface an ellipse with a bright edge."""
    level = inside[0] + rng.uniform(0.3, 0.6) * (inside[1] - inside[0])
    _, y = grid(side)
    colour = np.array([[0.75, 0.86, 0.9], [0.5, 0.04, 0.1], [0.85, 0.5, 0.12], [0.92, 0.85, 0.5]])[
        int(rng.integers(4))
    ]
    strong = rng.uniform(0.15, 0.6)
    full = (
        shape.cover
        * np.clip(0.5 + (shape.height - level) * side, 0, 1)
        * np.clip(0.5 + (inside[1] - shape.height) * side, 0, 1)
    )
    full = full * smoothstep(0.97, 0.9, np.abs(shape.across))
    body = paint(
        colour * (0.75 + 0.35 * np.abs(shape.across))[..., None],
        full * (strong + 0.25 * np.abs(shape.across) ** 3),
    )
    row = np.argmin(np.abs(y[:, 0] - level))
    radius = 0.93 * float(np.abs(shape.cover[row]).sum() / side / 2)
    top = Raster(side)
    top.polygon(ellipse((0.5, level), radius, 0.14 * radius), np.minimum(colour * 1.25 + 0.06, 1))
    surface = top.layer()
    return over(
        paint(surface.colour / np.maximum(surface.alpha, 1e-9)[..., None], surface.alpha * 0.45), body
    )


def _plate(side: int, circle: tuple[float, float], tint: Float) -> Layer:
    """Draw the foot of a glass: a clear disc that gathers light on its near edge."""
    x, y = grid(side)
    p, q = (x - 0.5) / circle[1], (y - circle[0]) / (0.14 * circle[1])
    far = np.sqrt(p * p + q * q)
    near = smoothstep(0.2, 1.0, q) * smoothstep(0.5, 0.95, far)
    cover = edge((far - 1) * 0.14 * circle[1], side)
    return paint((0.62 + 0.38 * near)[..., None] * tint, cover * (0.13 + 0.55 * near + 0.15 * far**4))


def _ring(side: int, circle: tuple[float, float], tint: Float) -> Layer:
    """Draw the edge of a round mouth or foot, (y, radius), as it is seen from above."""
    y, radius = circle
    ring = Raster(side)
    far = ellipse((0.5, y), radius, 0.14 * radius, count=96)
    ring.strokes(np.concatenate([far, far[:2]])[None], np.array([0.0065]), 0.62 * tint)
    ring.strokes(np.concatenate([far, far[:2]])[None] + [[0.0, -0.0012]], np.array([0.003]), tint)
    layer = ring.layer()
    return Layer(0.8 * layer.colour, 0.8 * layer.alpha)


def _ball(rng: np.random.Generator, side: int, tint: Float) -> Layer:
    """Draw a crystal ball: the world upside down inside, a caustic low, windows on its skin."""
    x, y = grid(side)
    radius = rng.uniform(0.3, 0.4)
    p, q = (x - 0.5) / radius, (y - 0.5) / radius
    far = np.sqrt(p * p + q * q)
    noise = Noise(rng)
    bend = 1 / np.sqrt(np.clip(1.25 - far * far, 0.05, None))
    world = noise(p * bend * 0.35 + 5, q * bend * 0.5 + 5, 2.4, octaves=3)
    rim = np.clip(far, 0, 1) ** 7
    low = np.exp(-((p * 0.8) ** 2 + (q - 0.72) ** 2 * 3.2) / 0.18)
    grey = 0.55 + 0.17 * world * np.clip(far, 0, 1) - 0.35 * q * far**2 * 0.6 - 0.3 * rim + 0.5 * low
    pane_p, pane_q = p + 0.4 + 0.15 * q * q, q + 0.45 + 0.2 * p * p
    panes = smoothstep(0.17, 0.14, np.abs(pane_p)) * smoothstep(0.2, 0.17, np.abs(pane_q))
    panes = panes * smoothstep(0.01, 0.025, np.abs(pane_p)) * smoothstep(0.01, 0.025, np.abs(pane_q))
    alpha = (
        0.1
        + 0.72 * rim
        + 0.13 * smoothstep(0.6, 1.0, far)
        + 0.42 * low
        + 0.07 * np.clip(np.abs(world), 0, 2) * np.clip(far, 0, 1)
    )
    colour = ramp(np.clip(grey, 0, 1), _MIRRORED) * tint
    colour = colour + (0.9 * panes)[..., None] * (1 - colour)
    return paint(colour, edge((far - 1) * radius, side) * np.clip(np.maximum(alpha, 0.92 * panes), 0, 0.97))


def _ice(rng: np.random.Generator, side: int) -> Layer:
    """Pile up cubes of ice: three faces each, milky hearts, cracks, wet highlights."""
    count = int(rng.integers(1, 5))
    size = {1: 0.3, 2: 0.215, 3: 0.2, 4: 0.185}[count] * rng.uniform(0.92, 1.08)
    places = {1: [(0.5, 0.5)], 2: [(0.31, 0.56), (0.69, 0.52)], 3: [(0.5, 0.3), (0.3, 0.64), (0.7, 0.64)],
              4: [(0.5, 0.27), (0.27, 0.5), (0.73, 0.52), (0.5, 0.74)]}[count]  # fmt: skip
    cubes = [_cube(rng, side, np.asarray(place) + rng.normal(0, 0.01, 2), size) for place in places]
    return over(*reversed(cubes))


def _cube(rng: np.random.Generator, side: int, centre: Float, size: float) -> Layer:
    x, y = grid(side)
    spin, low = rng.uniform(0.15, 0.6), rng.uniform(0.42, 0.6)
    a = np.array([np.cos(spin), low * np.sin(spin)]) * size
    b = np.array([-np.sin(spin), low * np.cos(spin)]) * size
    c = np.array([0.0, -np.sqrt(1 - low * low)]) * size
    around = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    faces = [
        np.stack([centre + s * a + t * b + c for s, t in around]),
        np.stack([centre + a + s * b + t * c for s, t in around]),
        np.stack([centre + b + s * a + t * c for s, t in around]),
    ]
    faces = [centre + 0.72 * (face - centre) for face in faces]
    noise = Noise(rng)
    wobble = 0.010 * noise(x, y, 9.0, octaves=2)
    total: Float = np.zeros((side, side))
    grey: Float = np.full((side, side), 0.7)
    rims: Float = np.zeros((side, side))
    for face, tone in zip(faces, rng.permutation([0.5, 0.72, 0.88]), strict=True):
        inside = _convex(face, x, y) + wobble
        cover = np.clip(0.5 - inside * side, 0, 1)
        total = np.maximum(total, cover)
        grey = grey + cover * (tone - grey)
        rims = rims + np.exp(-((inside / 0.012) ** 2)) * (
            0.4 + 0.6 * smoothstep(-0.6, 0.8, noise(x + 0.5, y, 7.0))
        )
    skin = np.clip(0.5 - (_hull(faces, x, y) + wobble - 0.004) * side, 0, 1)
    u, v = (x - centre[0]) / size, (y - centre[1]) / size
    heart = np.exp(-(u * u + v * v) / 0.22)
    cracks = np.clip(noise(x * 1.5, y, 5.0, octaves=4, ridged=True) - 0.35, 0, 1)
    milk = heart * (0.35 + 0.3 * np.clip(noise(x + 0.21, y + 0.4, 12.0, octaves=3), -1, 2))
    wet = smoothstep(1.2, 1.7, noise(x + 0.7, y + 0.1, 8.0, octaves=2))
    alpha = 0.16 + 0.42 * np.clip(rims, 0, 1) + milk * 0.8 + 0.5 * cracks + 0.12 * np.abs(grey - 0.7) * 3
    value = np.clip(
        grey
        + 0.3 * cracks
        + 0.25 * np.clip(rims, 0, 1)
        - 0.25 * smoothstep(0.15, 0.4, rims) * smoothstep(0.65, 0.55, grey)
        + 0.25 * milk,
        0.08,
        1,
    )
    colour = ramp(value, [(0.16, 0.24, 0.30), (0.50, 0.62, 0.70), (0.83, 0.92, 0.96), (1.0, 1.0, 1.0)])
    colour = colour + wet[..., None] * (1 - colour)
    return soften(paint(colour, skin * np.clip(np.maximum(alpha, 0.95 * wet), 0, 0.97)), 0.0008 * side)


def _convex(corners: Float, x: Float, y: Float) -> Float:
    """Return a signed distance (exact on the sides) to a convex polygon, rounded a little."""
    middle = corners.mean(axis=0)
    planes = []
    for first, second in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        normal = turn(second - first, np.pi / 2)
        normal = normal / np.sqrt((normal**2).sum())
        if (normal * (middle - first)).sum() > 0:
            normal = -normal
        planes.append((x - first[0]) * normal[0] + (y - first[1]) * normal[1])
    sharpness = 90.0  # of the rounded corner
    stack = np.stack(planes)
    top = stack.max(axis=0)
    return np.asarray(
        top + np.log(np.exp(sharpness * (stack - top)).sum(axis=0)) / sharpness, dtype=np.float64
    )


def _hull(faces: list[Float], x: Float, y: Float) -> Float:
    points = np.concatenate(faces)
    return _convex(points[ConvexHull(points).vertices], x, y)
