"""Light and colour on pictures: ramps, normals of a height field, diffuse and specular light."""

import colorsys

import numpy as np
from scipy import ndimage

from simd.generator.kit.layer import Float, double, halve


def grid(side: int) -> tuple[Float, Float]:
    """Return the pixel centres of a square as x, (1, side), and y, (side, 1), in unit coordinates."""
    at = (np.arange(side) + 0.5) / side
    return at[None, :], at[:, None]


def smoothstep(low: float | Float, high: float | Float, value: Float) -> Float:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float64)


def edge(distance: Float, side: int) -> Float:
    """Turn a signed distance, negative inside, into coverage with an edge one pixel wide."""
    return np.clip(0.5 - distance * side, 0, 1)


def blur(plane: Float, sigma: float) -> Float:
    """Blur (S, S) by a Gaussian; `sigma` in pixels."""
    if sigma > 16:  # a wide blur of a picture is as good of its half, at an eighth of the work
        return double(blur(halve(plane, "edge"), sigma / 2), len(plane))
    return np.asarray(ndimage.gaussian_filter(plane, sigma, mode="nearest", truncate=3.0), dtype=np.float64)


def ramp(
    value: Float, colours: Float | list[tuple[float, float, float]], stops: list[float] | None = None
) -> Float:
    """Look `value` in [0, 1] up on a ramp through `colours`, (n, 3), at `stops`; adds a last axis of 3."""
    table = np.asarray(colours, dtype=np.float64)
    at = np.linspace(0, 1, len(table)) if stops is None else np.asarray(stops)
    return np.stack([np.interp(value, at, table[:, k]) for k in range(3)], axis=-1)


def hsv(hue: float, saturation: float, value: float) -> Float:
    """Return RGB; every channel of HSV is in [0, 1], the hue wraps."""
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0)))


def slopes(height: Float, side: int) -> tuple[Float, Float]:
    """Return the slopes of a height in unit coordinates along x and y."""
    down, right = np.gradient(height)
    return np.asarray(right * side), np.asarray(down * side)


def lit(slope_x: Float, slope_y: Float, light: Float, shine: float = 40.0) -> tuple[Float, Float]:
    """Light a surface of these slopes.

    Parameters
    ----------
    light : float64, shape (3,)
        Towards the light: x right, y down, z to the viewer; any length.

    Returns
    -------
    diffuse, specular : float64
        Both in [0, 1]: the cosine to the light, and the highlight of a surface as polished as `shine`.
    """
    light = light / np.sqrt((light**2).sum())
    long = np.sqrt(slope_x**2 + slope_y**2 + 1)
    diffuse = np.clip((light[2] - slope_x * light[0] - slope_y * light[1]) / long, 0, 1)
    half = light + np.array([0.0, 0.0, 1.0])
    half = half / np.sqrt((half**2).sum())
    near = np.clip((half[2] - slope_x * half[0] - slope_y * half[1]) / long, 0, 1)
    return np.asarray(diffuse, dtype=np.float64), np.asarray(near**shine, dtype=np.float64)


def lamp(rng: np.random.Generator) -> Float:
    """Return a random direction to the light: from above, left or right, in front."""
    return np.array([rng.uniform(-0.8, 0.8), rng.uniform(-1.0, -0.5), rng.uniform(0.7, 1.2)])
