"""Made things and fire: a curtain, a racket, a bonfire, candles."""

from collections.abc import Callable

import numpy as np

from simd.generator.classes.fire import fire
from simd.generator.classes.smoke_cloud import smoke_cloud
from simd.generator.kit.curves import bezier, ellipse, heading, turn
from simd.generator.kit.layer import Float, Layer, fade, over, paint, soften
from simd.generator.kit.noise import Noise
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import edge, grid, hsv, ramp, smoothstep
from simd.generator.objects.parts import ClassLayer, drawn_side, placed, shadowed, solid

Across = Callable[[Float, Float], Float]
"""From a cloth's own coordinates to x in the picture."""


def curtain(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw a sheer curtain in folds with a lace hem: width, folds, density, pattern and colour vary."""
    x, y = grid(side)
    wide, hem, low = rng.uniform(0.27, 0.36), rng.uniform(0.66, 0.74), rng.uniform(0.88, 0.93)
    folds, phase = rng.uniform(7, 13), rng.uniform(0, 6.28)
    lean = rng.normal(0, 0.06)
    gather = rng.uniform(0.7, 1.0) * wide / folds / np.pi  # beyond 1.0 the cloth would lie over itself
    bend = Noise(rng)
    colour = hsv(rng.choice([0.1, 0.12, 0.6, 0.95, 0.45]), rng.uniform(0.02, 0.3), rng.uniform(0.82, 0.98))

    def across(u: Float, v: Float) -> Float:
        """Return x of the cloth's own coordinates u in [-1, 1] across and v in [0, 1] down."""
        swing = (0.6 + 0.4 * v) * gather * np.sin(folds * u * np.pi + phase)
        return 0.5 + lean * v * v + wide * (0.9 + 0.14 * v) * u + swing

    fine = np.linspace(-1, 1, 6000)
    density: Float = np.zeros((side, side))
    v = np.clip((y - 0.07) / (low - 0.07), 0, 1)
    for row in range(side):
        edges = across(fine, v[row, 0]) * side
        # Where the cloth is seen edge on, more of it lies in a pixel.
        hits, _ = np.histogram(
            edges, bins=side, range=(0, side), weights=np.full(6000, 2 * wide * side / 6000)
        )
        density[row] = hits
    density = soften(Layer(np.zeros((side, side, 3)), density), 0.007 * side).alpha
    inside = edge(0.07 - y, side) * edge(y - hem, side)
    veil = 1 - (1 - rng.uniform(0.42, 0.62)) ** np.clip(density, 0, 3.5)
    wrinkle = bend(x, 0.4 * y, 9.0, octaves=3)
    light = 0.86 + 0.1 * np.clip(density - 1, -0.6, 0.8) + 0.035 * wrinkle
    cloth = paint(
        colour * np.clip(light, 0, 1.1)[..., None], np.clip(veil * (1 + 0.05 * wrinkle), 0, 0.97) * inside
    )
    top = Raster(side)
    _hem(rng, top, across, (hem, low), colour)
    head = np.stack([across(fine[::120], np.zeros(50)), np.full(50, 0.075)], axis=-1)
    top_edge = Raster(side)
    top_edge.strokes(head[None], np.array([0.016]), 0.9 * colour)
    return [ClassLayer("lace", top.layer()), ClassLayer("silk", over(top_edge.layer(), cloth))]


def _hem(
    rng: np.random.Generator, raster: Raster, across: Across, span: tuple[float, float], colour: Float
) -> None:
    hem, low = span
    motifs, thread = int(rng.integers(7, 13)), rng.uniform(0.0034, 0.005)

    def put(u: Float, y: Float) -> Float:
        v = np.clip((y - 0.07) / (low - 0.07), 0, 1)
        return np.stack([across(u, v), y + 0.006 * np.sin(u * motifs * 3)], axis=-1)

    line = np.linspace(-1, 1, 160)
    for at in (hem, hem + 0.012):
        raster.strokes(put(line, np.full(160, at))[None], np.array([1.6 * thread]), colour)
    mesh = np.linspace(0, 1, 14)
    step = 2 / (motifs * 5)
    for start in np.arange(-1, 1 - step / 2, step):
        for way in (-1, 1):
            u = np.clip(start + way * mesh * 3 * step, -1, 1)
            raster.strokes(
                put(u, hem + mesh * (low - 0.03 - hem))[None], np.array([0.55 * thread]), 0.93 * colour
            )
    turns = np.linspace(0, 2 * np.pi, 30)
    tall = low - hem
    for k in range(motifs):
        u0, y0 = -1 + (2 * k + 1) / motifs, hem + 0.48 * tall
        for petal in np.arange(6) * np.pi / 3:
            du, dy = 0.42 / motifs * np.cos(petal), 0.2 * tall * np.sin(petal)
            loop = put(u0 + du + 0.22 / motifs * np.cos(turns), y0 + dy + 0.11 * tall * np.sin(turns))
            raster.polygon(loop, 0.95 * colour)
        raster.polygon(
            put(u0 + 0.16 / motifs * np.cos(turns), y0 + 0.08 * tall * np.sin(turns)), 0.85 * colour
        )
        arc = np.linspace(0, np.pi, 24)
        for grow in (1.0, 0.8):
            scallop = put(u0 + np.cos(arc) / motifs * grow, low - 0.035 + 0.045 * grow * np.sin(arc))
            raster.strokes(scallop[None], np.array([1.5 * thread]), colour)


def racket(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw a tennis or badminton racket: proportions, strings, colours and tilt vary."""
    x, y = grid(side)
    rx, ry = rng.uniform(0.19, 0.25), rng.uniform(0.25, 0.3)
    middle, tilt = np.array([0.5, 0.36]), rng.uniform(-0.7, 0.7)
    slim = rng.uniform(0.018, 0.028)
    frame_colour = hsv(rng.random(), rng.uniform(0.3, 0.9), rng.uniform(0.3, 0.9))

    def put(points: Float) -> Float:
        return turn(points, tilt, (0.5, 0.5))

    strings, frame = Raster(side), Raster(side)
    white = hsv(rng.choice([0.12, 0.15, 0.55]), rng.uniform(0.0, 0.5), rng.uniform(0.75, 0.97))
    gauge = rng.uniform(0.0022, 0.0034)
    for share, other, swap in ((rx, ry, False), (ry, rx, True)):
        for off in np.linspace(-0.93, 0.93, round(share / rng.uniform(0.012, 0.016))):
            half = other * np.sqrt(1 - off * off)
            ends = np.array([[off * share, -half], [off * share, 0.0], [off * share, half]])
            ends = ends[:, ::-1] if swap else ends
            strings.strokes(put(ends + middle)[None], np.array([gauge]), white)
    turns = np.linspace(0, 2 * np.pi, 120)
    for wide, tone in ((1.0, 0.65), (0.72, 1.0), (0.3, 1.35)):
        ring = middle + np.stack([rx * np.cos(turns), ry * np.sin(turns)], axis=-1)
        frame.strokes(put(ring)[None], np.array([slim * wide]), np.clip(frame_colour * tone, 0, 1))
        for hand in (-1, 1):
            throat = bezier(
                np.stack(
                    [middle + [hand * 0.8 * rx, 0.6 * ry], middle + [hand * 0.35 * rx, 1.2 * ry], [0.5, 0.76]]
                ),
                20,
            )
            frame.strokes(
                put(throat)[None], np.array([0.8 * slim * wide]), np.clip(frame_colour * tone, 0, 1)
            )
        grip = np.array([[0.5, 0.72], [0.5, 0.83], [0.5, 0.945]])
        frame.strokes(
            put(grip)[None], np.array([0.036 * wide]), np.clip(np.array([0.2, 0.19, 0.18]) * tone, 0, 1)
        )
    for wrap in np.arange(0.77, 0.94, 0.018):
        band = np.array([[0.482, wrap], [0.5, wrap - 0.004], [0.518, wrap - 0.008]])
        frame.strokes(put(band)[None], np.array([0.003]), np.array([0.08, 0.08, 0.08]))
    return [
        ClassLayer("sharp", solid(frame, 1.05 + 0.25 * (0.5 - y) + 0 * x)),
        ClassLayer("net", strings.layer()),
    ]


def bonfire(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw logs that burn below their smoke."""
    tall = rng.uniform(0.58, 0.7)
    flames = placed(fire(rng, drawn_side(side, tall)), side, tall, (0.5, 0.93 - 0.5 * tall))
    wide = rng.uniform(0.8, 0.95)
    cloud = placed(
        smoke_cloud(rng, drawn_side(side, wide)), side, wide, (0.5 + rng.normal(0, 0.03), 0.5 * wide + 0.01)
    )
    y = grid(side)[1]
    cloud = fade(cloud, rng.uniform(0.6, 0.9) * smoothstep(0.9, 0.6, y) * np.ones((side, side)))
    logs = Raster(side)
    wood = hsv(rng.uniform(0.04, 0.08), rng.uniform(0.4, 0.6), rng.uniform(0.2, 0.34))
    for k in range(int(rng.integers(4, 7))):
        lean, half = rng.uniform(-0.35, 0.35), rng.uniform(0.14, 0.22)
        middle = np.array([0.5 + rng.normal(0, 0.06), 0.885 - 0.012 * k])
        ends = np.stack([middle - half * heading(lean), middle, middle + half * heading(lean)])
        thick = rng.uniform(0.03, 0.045)
        for part, tone in zip((0.0, -0.17, -0.3), (0.6, 1.0, 1.5), strict=True):
            logs.strokes(
                (ends + [0, part * thick])[None],
                np.array([thick * (1 - 1.8 * abs(part))]),
                np.clip(wood * tone, 0, 1),
            )
        logs.polygon(ellipse(ends[2], 0.3 * thick, 0.5 * thick, lean), np.array([0.72, 0.55, 0.36]))
        logs.polygon(ellipse(ends[2], 0.16 * thick, 0.3 * thick, lean), np.array([0.52, 0.36, 0.22]))
    x, _ = grid(side)
    pile = solid(logs, 1 + 0.2 * Noise(rng)(x, 3 * y, 30.0, octaves=2))
    glow_ = np.exp(-(((x - 0.5) / 0.12) ** 2 + ((y - 0.84) / 0.06) ** 2))
    lit = Layer(
        np.clip(
            pile.colour + 0.6 * (glow_ * pile.alpha)[..., None] * np.array([1.0, 0.4, 0.08]),
            0,
            pile.alpha[..., None],
        ),
        pile.alpha,
    )
    return [
        ClassLayer("fire", fade(flames, 0.94)),
        ClassLayer("sharp", lit),
        ClassLayer("smoke_cloud", cloud),
    ]


def candle(rng: np.random.Generator, side: int) -> list[ClassLayer]:
    """Draw one to three burning candles on a stick: height, colours, flames vary."""
    x, y = grid(side)
    arms = int(rng.choice([1, 2, 3]))
    places = {1: [0.5], 2: [0.34, 0.66], 3: [0.22, 0.5, 0.78]}[arms]
    metal = hsv(rng.choice([0.1, 0.11, 0.6]), rng.uniform(0.05, 0.6), rng.uniform(0.4, 0.8))
    wax = hsv(rng.choice([0.1, 0.12, 0.0, 0.6]), rng.uniform(0.03, 0.6), rng.uniform(0.75, 0.97))
    body = Raster(side)
    seat = rng.uniform(0.66, 0.74)
    for part, tone in zip((0.0, -0.2, -0.3), (0.55, 1.0, 1.45), strict=True):
        for place in places:
            arm = bezier(np.array([[0.5, 0.86], [place, 0.9 if arms > 1 else 0.8], [place, seat]]), 24)
            body.strokes(
                (arm + [part * 0.022, 0])[None],
                np.array([0.022 * (1 - 1.9 * abs(part))]),
                np.clip(metal * tone, 0, 1),
            )
        stem = np.array([[0.5, 0.82], [0.5, 0.88], [0.5, 0.94]])
        body.strokes(
            (stem + [part * 0.04, 0])[None],
            np.array([0.03, 0.04, 0.09]) * (1 - 1.9 * abs(part)),
            np.clip(metal * tone, 0, 1),
        )
        body.polygon(
            ellipse((0.5 + 0.1 * part, 0.945), 0.12 * (1 - 1.9 * abs(part)), 0.02),
            np.clip(metal * tone, 0, 1),
        )
    flames: list[Layer] = []
    for place in places:
        tall, wide = rng.uniform(0.2, 0.36), rng.uniform(0.024, 0.036)
        body.polygon(ellipse((place, seat), 0.05, 0.012), 0.8 * metal)
        for part in np.linspace(-0.9, 0.9, 11):
            strip = np.array(
                [
                    [place + part * wide, seat],
                    [place + part * wide, seat - tall / 2],
                    [place + part * wide, seat - tall],
                ]
            )
            body.strokes(
                strip[None],
                np.array([0.22 * wide]),
                np.clip(wax * (0.98 - 0.3 * part - 0.25 * part * part), 0, 1),
            )
        body.polygon(ellipse((place, seat - tall), wide, 0.008), np.clip(wax * 1.1, 0, 1))
        wick = np.array(
            [[place, seat - tall], [place + 0.002, seat - tall - 0.012], [place + 0.005, seat - tall - 0.022]]
        )
        body.strokes(wick[None], np.array([0.005]), np.array([0.08, 0.05, 0.03]))
        flames.append(_flame(rng, (x, y), (place, seat - tall - 0.012), rng.uniform(0.085, 0.13)))
    candles = body.layer()
    return [
        *(ClassLayer("fire", flame) for flame in flames),
        ClassLayer("sharp", shadowed(candles, candles, 0.01, 0.12)),
    ]


def _flame(
    rng: np.random.Generator, at: tuple[Float, Float], foot: tuple[float, float], tall: float
) -> Layer:
    x, y = at
    lean = rng.normal(0, 0.08)
    t = (foot[1] - y) / tall
    p = (x - foot[0] - lean * tall * np.clip(t, 0, 1.3) ** 2) / tall
    reach = 0.23 * np.clip(t + 0.12, 1e-3, None) ** 0.5 * np.clip(1.05 - t, 1e-3, None) ** 0.8
    heat = np.clip(1 - (p / reach) ** 2, 0, 1) * smoothstep(-0.12, 0.05, t) * smoothstep(1.06, 0.8, t)
    core = smoothstep(0.05, 0.6, heat)
    far = np.sqrt((1.4 * p) ** 2 + (t - 0.4) ** 2)
    halo = 0.42 * np.exp(-((far / 0.62) ** 2))
    colour = ramp(
        np.clip(0.25 * t + 0.75 * core, 0, 1),
        [(0.98, 0.45, 0.08), (1.0, 0.7, 0.2), (1.0, 0.92, 0.6), (1.0, 0.99, 0.9)],
    )
    blue = smoothstep(0.16, -0.02, t) * (1 - core)
    colour = colour + blue[..., None] * (np.array([0.25, 0.35, 0.9]) - colour)
    return paint(colour, np.clip(np.maximum(0.93 * core, halo * smoothstep(1.1, 0.5, far)), 0, 1))
