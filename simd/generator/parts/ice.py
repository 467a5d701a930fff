"""Cubes of ice: three faces each, milky hearts, cracks, wet highlights."""

import numpy as np
from scipy.spatial import ConvexHull

from simd.generator.kit.curves import turn
from simd.generator.kit.layer import Float, Layer, over, paint, soften
from simd.generator.kit.noise import Noise
from simd.generator.kit.shading import grid, ramp, smoothstep


def ice(rng: np.random.Generator, side: int) -> Layer:
    """Pile up one to four cubes of ice."""
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
