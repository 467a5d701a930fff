"""The camera that all scenes are seen through: focus, exposure, colour of the light, vignette, grain."""

import numpy as np
from scipy import fft

from simd.generator.kit.layer import Float
from simd.generator.kit.shading import grid, smoothstep
from simd.generator.scenes.broadcast_noise import noise

# Share of pictures out of focus, and the largest radius of a point then, in the width of the picture.
_FOCUS = {
    "room": (1.0, 0.014),
    "shelf": (0.7, 0.010),
    "street": (1.0, 0.012),
    "woods": (0.6, 0.012),
    "lights": (0.0, 0.0),
    "bricks": (0.3, 0.006),
    "planks": (0.25, 0.005),
    "cloth": (0.4, 0.008),
    "pebbles": (0.4, 0.008),
}
_ELSEWHERE = (0.55, 0.010)
_SHARPEST = 0.0006  # no lens is sharper; hides the drawn edges


def photograph(rng: np.random.Generator, picture: Float, kind: str) -> Float:
    """Photograph a drawn scene, (S, S, 3) in [0, 1]."""
    side = len(picture)
    share, widest = _FOCUS.get(kind, _ELSEWHERE)
    blurred = rng.random() < share
    radius = rng.uniform(0.25, 1.0) * widest if blurred else _SHARPEST * rng.uniform(1.0, 2.2)
    picture = defocus(np.clip(picture, 0, 1), radius * side)
    exposure = rng.uniform(0.82, 1.15)
    warmth = rng.normal(0, 0.035)
    picture = picture * exposure * np.array([1 + warmth, 1.0, 1 - warmth])
    picture = picture + rng.uniform(0.0, 0.35) * (smoothstep(0, 1, np.clip(picture, 0, 1)) - picture)
    x, y = grid(side)
    corner = (x - 0.5) ** 2 + (1.2 * (y - 0.5)) ** 2
    picture = picture * (1 - rng.uniform(0.15, 0.8) * corner)[..., None]
    grain = noise(rng, x * 0.96 + 0.13, y, 411.0) + 0.6 * noise(rng, x, y * 0.93 + 0.2, 229.0)
    return np.clip(picture + rng.uniform(0.002, 0.008) * grain[..., None], 0, 1)


def defocus(picture: Float, radius: float) -> Float:
    """Spread every point over a disc of `radius` pixels; bright points outshine what is about them."""
    if radius < 0.35:
        return picture
    reach = int(np.ceil(radius + 1))
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.sqrt(x * x + y * y), 0, 1)
    kernel /= kernel.sum()
    padded = np.pad(picture**2.6, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    shape = [fft.next_fast_len(s + 2 * reach, real=True) for s in padded.shape[:2]]
    spectrum = fft.rfft2(padded, shape, axes=(0, 1)) * fft.rfft2(kernel, shape)[..., None]
    spread = fft.irfft2(spectrum, shape, axes=(0, 1))
    low, high = 2 * reach, 2 * reach + len(picture)
    return np.asarray(np.clip(spread[low:high, low:high], 0, 1) ** (1 / 2.6))
