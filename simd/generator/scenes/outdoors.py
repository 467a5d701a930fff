"""Wide views: a meadow, mountains, the sea, each under a sky."""

import numpy as np

from simd.generator.kit.layer import Float, Layer, over, paint
from simd.generator.kit.raster import Raster
from simd.generator.kit.shading import blur, grid, hsv, ramp, smoothstep
from simd.generator.scenes.broadcast_noise import noise

_SKIES = {  # from the top down to the horizon
    "noon": [(0.20, 0.42, 0.72), (0.42, 0.63, 0.86), (0.76, 0.86, 0.93)],
    "hazy": [(0.52, 0.66, 0.80), (0.71, 0.79, 0.86), (0.88, 0.89, 0.88)],
    "overcast": [(0.58, 0.61, 0.65), (0.71, 0.73, 0.75), (0.83, 0.84, 0.84)],
    "evening": [(0.30, 0.36, 0.58), (0.83, 0.58, 0.48), (1.0, 0.76, 0.42)],
    "ember": [(0.20, 0.15, 0.28), (0.66, 0.25, 0.18), (0.99, 0.55, 0.16)],
}
_WEATHERS, _CHANCES = list(_SKIES), [0.3, 0.22, 0.2, 0.18, 0.1]
_WARM = ("evening", "ember")


def meadow(rng: np.random.Generator, side: int) -> Float:
    """Draw grass, hills and a tree line under a sky."""
    x, y = grid(side)
    horizon = rng.uniform(0.38, 0.6)
    weather = str(rng.choice(_WEATHERS, p=_CHANCES))
    picture = sky(rng, side, horizon, weather)
    haze = np.asarray(_SKIES[weather][2]) * 0.92
    season = hsv(rng.choice([0.2, 0.24, 0.28, 0.14, 0.1]), rng.uniform(0.4, 0.62), rng.uniform(0.36, 0.55))
    dim = 0.62 if weather in _WARM else 1.0
    ridges = int(rng.integers(2, 5))
    for k in range(ridges):
        near = (k + 0.5) / ridges
        line = horizon + 0.02 - (1 - near) * rng.uniform(0.04, 0.12) * (0.7 + 0.3 * _profile(rng, x, 1.6))
        hill = (haze + (dim * season * 0.8 - haze) * near**0.8) * (
            1 + 0.10 * near * noise(rng, x, y * 3, 9.0, octaves=4)
        )[..., None]
        picture = _lay(picture, hill, line - y, side)
    if rng.random() < 0.75:
        crowns = np.abs(_profile(rng, x, 9.0, 4)) * 0.022 + np.abs(_profile(rng, x, 3.0)) * 0.03 + 0.01
        bumps = noise(rng, x, y * 1.2, 42.0, octaves=3)
        leaves = dim * season * np.array([0.5, 0.58, 0.5]) * (0.8 + 0.33 * bumps)[..., None]
        picture = _lay(picture, leaves + 0.12 * haze, horizon + 0.006 - crowns - y + 0.004 * bumps, side)
    depth = np.clip((y - horizon) / (0.85 - horizon), 0.004, 1.4)
    far = 1 / (depth + 0.05)
    patches = noise(
        rng, (x - 0.5) * far * 0.45 + 9, 1.7 * np.log(depth + 0.05) + 0 * x, 2.2, octaves=5, gain=0.7
    )
    light = 0.8 + 0.22 * patches + 0.12 * depth
    tint = season * dim + (haze - season * dim) * 0.35 * np.exp(-7 * depth)[..., None]
    tint = tint + smoothstep(0.3, 1.6, patches)[..., None] * 0.5 * (np.array([0.72, 0.62, 0.32]) * dim - tint)
    picture = _lay(picture, tint * light[..., None], horizon - y, side)
    blades = _blades(rng, side, horizon, season * dim)
    return over(blades, paint(picture, np.ones((side, side)))).colour


def mountains(rng: np.random.Generator, side: int) -> Float:
    """Draw ridges in haze, the far ones paler, and often a lake that mirrors them."""
    x, y = grid(side)
    weather = str(rng.choice(_WEATHERS, p=_CHANCES))
    shore = rng.uniform(0.58, 0.7)
    picture = sky(rng, side, shore - 0.05, weather)
    haze = np.asarray(_SKIES[weather][2]) * 0.9
    rock = hsv(rng.choice([0.08, 0.6, 0.62, 0.05]), rng.uniform(0.1, 0.3), rng.uniform(0.3, 0.48))
    wood = hsv(rng.uniform(0.25, 0.4), rng.uniform(0.3, 0.5), rng.uniform(0.14, 0.26))
    snow, ridges = rng.random() < 0.55, int(rng.integers(3, 6))
    for k in range(ridges):
        near = (k + 0.6) / ridges
        tall = (1 - 0.65 * near) * rng.uniform(0.24, 0.36)
        crest = np.clip(0.45 + 0.45 * _profile(rng, x, rng.uniform(1.4, 2.6), 6, ridged=True), 0.02, None)
        line = shore - tall * crest
        rough = noise(rng, x * 1.4 + 0.5 * y, y * 1.5, 7.0, octaves=6, gain=0.62, ridged=True)
        body = rock * (0.72 + 0.36 * rough)[..., None]
        if snow and near < 0.75:
            cap = smoothstep(0.02, -0.06, (y - line) - 0.05 - 0.05 * rough)
            white = np.array([0.93, 0.95, 0.98]) * (0.8 + 0.15 * rough)[..., None]
            body = body + cap[..., None] * (white - body)
        if near > 0.5:
            trees = smoothstep(-0.05, 0.06, y - line - 0.05 + 0.03 * rough)
            firs = wood * (0.85 + 0.4 * noise(rng, x * 2.2, y, 36.0, octaves=3))[..., None]
            body = body + trees[..., None] * (firs - body)
        veil = 0.78 * (1 - near) ** 1.1 + 0.25 * np.clip((y - line) / 0.3, 0, 1) * (1 - near)
        picture = _lay(picture, body + veil[..., None] * (haze - body), line - y, side)
    if rng.random() < 0.6:
        return _mirrored(rng, picture, shore)
    ground = wood * 1.6 * (0.85 + 0.3 * noise(rng, x, y * 2.5, 12.0, octaves=5))[..., None]
    edge_line = shore - 0.01 + 0.015 * _profile(rng, x, 4.0, 4)
    picture = _lay(picture, ground, edge_line - y, side)
    return over(_blades(rng, side, shore + 0.05, wood * 1.7), paint(picture, np.ones((side, side)))).colour


def sea(rng: np.random.Generator, side: int) -> Float:
    """Draw waves up to the horizon, the sun's path on them, and a beach in front."""
    x, y = grid(side)
    weather = str(rng.choice(_WEATHERS, p=_CHANCES))
    horizon = rng.uniform(0.34, 0.5)
    picture = sky(rng, side, horizon, weather)
    near_sky = np.asarray(_SKIES[weather][1])
    deep = hsv(rng.uniform(0.5, 0.6), rng.uniform(0.35, 0.6), rng.uniform(0.28, 0.5))
    depth = np.clip((y - horizon) / (5 / 6 - horizon), 0.003, 1.4)
    far = 1 / (depth + 0.035)
    u, w = (x - 0.5) * far * 0.5 + 20, 2.6 * np.log(depth + 0.035) + 0 * x + 30
    swell = noise(rng, u, w * 1.4, 2.6, octaves=2)
    ripple = noise(rng, u + 0.1 * swell, w * 1.7, 7.0, octaves=4, gain=0.6, ridged=True)
    slope = (0.55 * swell + 0.55 * ripple) * (0.35 + 0.65 * np.clip(depth * 3, 0, 1))
    mix = np.clip(0.42 - 0.3 * slope + 0.35 * np.exp(-6 * depth), 0, 1)[..., None]
    water = deep * 0.8 + mix * (near_sky - deep * 0.8)
    if weather in _WARM or rng.random() < 0.35:
        place = rng.uniform(0.25, 0.75)
        path = np.exp(-(((x - place) / (0.05 + 0.12 * depth)) ** 2)) * smoothstep(0.2, 1.3, slope + 0.3)
        water = water + path[..., None] * np.asarray(_SKIES[weather][2]) * 0.9
    foam = smoothstep(1.25, 1.9, ripple + 0.5 * swell) * smoothstep(0.05, 0.4, depth)
    water = water + (0.75 * foam)[..., None] * (1 - water)
    picture = _lay(picture, water, horizon - y, side)
    if rng.random() < 0.55:
        sand = hsv(rng.uniform(0.08, 0.12), rng.uniform(0.18, 0.38), rng.uniform(0.62, 0.86))
        shore = (
            rng.uniform(0.64, 0.76) + 0.02 * _profile(rng, x, 2.5, 3) + rng.uniform(-0.12, 0.12) * (x - 0.5)
        )
        grains = noise(rng, x, y * 1.5, 60.0, octaves=2) + noise(rng, x, y * 2, 7.0, octaves=4)
        wet = 0.68 + 0.32 * smoothstep(0.0, 0.05, y - shore)
        beach = sand * (wet * (1 + 0.045 * grains))[..., None]
        picture = _lay(picture, beach, shore - y, side)
        wash = np.exp(-(((y - shore + 0.006 * ripple) / 0.009) ** 2)) * (0.6 + 0.3 * ripple)
        picture = picture + np.clip(wash, 0, 0.9)[..., None] * (0.97 - picture)
    return picture


def sky(rng: np.random.Generator, side: int, horizon: float, weather: str) -> Float:
    """Return a sky, (S, S, 3), down to a horizon: a gradient, and clouds that flatten with distance."""
    x, y = grid(side)
    t = np.clip((y - 1 / 6) / (horizon - 1 / 6), 0, 1) + 0 * x
    colours = np.asarray(_SKIES[weather])
    picture = ramp(t**0.8, colours)
    if weather in _WARM:
        place = rng.uniform(0.2, 0.8)
        glow = np.exp(-((x - place) ** 2 / 0.06 + (y - horizon) ** 2 / 0.03))
        picture = picture + glow[..., None] * np.array([0.45, 0.25, 0.05])
    cover = {"noon": 0.75, "hazy": 1.1, "overcast": -0.5, "evening": 0.5, "ember": 0.4}[weather]
    height = np.clip(horizon + 0.06 - y, 0.02, 1)
    u, w = (x - 0.5) * 0.32 / (height + 0.12) + 3, 0.55 * np.log(height + 0.05) + 0 * x + 7
    billow = noise(rng, u, w, 3.4, octaves=6, gain=0.55)
    cloud = smoothstep(cover - 0.3, cover + 1.0, billow) * smoothstep(0.0, 0.08, height)
    shade = 0.88 + 0.12 * np.clip(1 - 0.4 * (billow - cover), 0, 1)
    lit = np.array([1.0, 0.8, 0.66]) if weather in _WARM else np.array([0.99, 0.99, 1.0])
    if weather == "overcast":
        lit = lit * 0.82
    return picture + (0.85 * cloud)[..., None] * (lit * shade[..., None] - picture)


def _blades(rng: np.random.Generator, side: int, horizon: float, green: Float) -> Layer:
    """Draw grass: blades that grow towards the viewer."""
    count = 5200
    depth = np.sort(rng.random(count) ** 0.7)
    foot = np.stack([rng.uniform(-0.05, 1.05, count), horizon + 0.02 + depth * (0.93 - horizon)], axis=-1)
    tall = (0.008 + 0.075 * depth**1.8) * rng.uniform(0.5, 1.2, count)
    lean = rng.normal(rng.normal(0, 0.2), 0.35, count)
    t = np.linspace(0, 1, 6)
    across = lean[:, None] * t**1.8
    paths = foot[:, None] + tall[:, None, None] * np.stack(
        [across, -t * (1 - 0.25 * np.abs(across))], axis=-1
    )
    width = (0.0007 + 0.0035 * depth**1.5)[:, None] * np.array([1, 1, 0.9, 0.7, 0.45, 0.1])
    tone = rng.normal(1.0, 0.2, (count, 1)) * (
        0.85 + 0.3 * rng.random((count, 1)) * np.array([1.0, 0.8, 0.2])
    )
    raster = Raster(side)
    raster.strokes(paths, width, np.clip(green * tone, 0, 1)[:, None] * np.array([[0.62], [1.0], [1.25]]))
    return raster.layer()


def _mirrored(rng: np.random.Generator, picture: Float, shore: float) -> Float:
    """Let a lake below the shore mirror what is above, torn by ripples."""
    side = len(picture)
    x, y = grid(side)
    line = round(shore * side)
    below = np.arange(line, side)
    ripple = noise(rng, x * 0.6, y * 9, 9.0, octaves=3)[line:]
    reach = np.clip((below - line)[:, None] / side, 0, 1)
    rows = np.clip(2 * line - below[:, None] + ripple * reach * 0.09 * side, 0, line - 1).astype(int)
    water = picture[rows, np.arange(side)[None, :]]
    water = np.stack([blur(water[..., k], 0.0025 * side) for k in range(3)], axis=-1)
    picture = picture.copy()
    picture[line:] = water * (0.72 + 0.06 * ripple)[..., None] + np.array([0.0, 0.015, 0.03])
    return picture


def _profile(
    rng: np.random.Generator, x: Float, frequency: float, octaves: int = 3, *, ridged: bool = False
) -> Float:
    """Return a random curve over the width, (1, S)."""
    return noise(rng, x, np.array([[rng.uniform(0, 30)]]), frequency, octaves=octaves, ridged=ridged)


def _lay(picture: Float, top: Float, distance: Float, side: int) -> Float:
    """Lay `top` where a signed distance in unit coordinates is negative."""
    cover = np.clip(0.5 - distance * side, 0, 1)[..., None]
    return np.asarray(picture + cover * (top - picture))
