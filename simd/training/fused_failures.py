"""What is changed in drawn composites so that they fail as photographs do: colours, alphas, trimaps."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, UInt8, read_image
from simd.methods.fused.inputs import as_levels
from simd.sources.builtin import photographs

Generator = np.random.Generator


def window(middle: npt.NDArray[Any], size: int, side: int, rng: Generator) -> tuple[slice, slice]:
    """Return a square around a pixel, anywhere in it but its outer eighth."""
    offsets = rng.integers(side // 8, side - side // 8, 2)
    top, left = (int(np.clip(middle[k] - offsets[k], 0, size - side)) for k in range(2))
    return slice(top, top + side), slice(left, left + side)


def recoloured(colours: UInt8, rng: Generator) -> UInt8:
    """Change gamma, brightness, balance, saturation and the order of the channels."""
    values = (colours.astype(np.float32) / 255) ** rng.uniform(0.7, 1.4)
    values = values * rng.uniform(0.7, 1.2, size=3 if rng.random() < 0.3 else 1)
    if rng.random() < 0.25:
        values = values[..., rng.permutation(3)]
    if rng.random() < 0.2:
        grey = values.mean(axis=2, keepdims=True)
        values = values + (grey - values) * rng.uniform(0, 1)
    return as_levels(values.astype(np.float32))


def _field(side: int, cells: int, rng: Generator, channels: int = 1) -> npt.NDArray[np.float32]:
    """Return a smooth random field (side, side, channels) of normal numbers on a grid of cells."""
    grid = rng.standard_normal((cells + 1, cells + 1, channels)).astype(np.float32)
    field = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field.reshape(side, side, channels), np.float32)


def _fractal(side: int, rng: Generator, channels: int = 1) -> npt.NDArray[np.float32]:
    """Return noise of all scales with a random slope, of standard deviation about 1."""
    fall = rng.uniform(0.35, 1.0)
    total = np.zeros((side, side, channels), np.float32)
    for octave in range(1, 9):
        total += fall**octave * _field(side, min(2**octave, side - 1), rng, channels)
    return np.asarray(total / max(float(total.std()), 1e-6), np.float32)


def coloured_noise(side: int, rng: Generator) -> UInt8:
    """Return a background of noise at all scales."""
    mean, spread = rng.uniform(0.15, 0.85, 3), rng.uniform(0.03, 0.25)
    common = rng.uniform(0, 1)  # grey against coloured
    noise = common * _fractal(side, rng) + (1 - common) * _fractal(side, rng, 3)
    return as_levels((mean + spread * noise).astype(np.float32))


def with_texture(fg: UInt8, rng: Generator) -> UInt8:
    """Multiply colours by noise at all scales."""
    strength = rng.uniform(0.03, 0.3)
    return as_levels((fg / 255 * np.exp(strength * _fractal(len(fg), rng))).astype(np.float32))


def translucent(alpha: UInt8, rng: Generator) -> UInt8:
    """Multiply by a smooth field, so that an opaque inside lets its background through."""
    low, high = np.sort(rng.uniform(0.05, 1.0, 2))
    field = 1 / (1 + np.exp(-2 * _field(len(alpha), int(rng.integers(1, 6)), rng)[..., 0]))
    return as_levels(alpha / 255 * (low + (high - low) * field))


def blurred(fg: UInt8, alpha: UInt8, sigma: float) -> tuple[UInt8, UInt8]:
    """Blur alpha, and the colours as far as they are seen."""
    shown = alpha[..., None] / np.float32(255) + np.float32(1e-3)
    blurred = cv2.GaussianBlur(shown.astype(np.float32), (0, 0), sigma)[..., None]
    colours = cv2.GaussianBlur((fg / np.float32(255) * shown).astype(np.float32), (0, 0), sigma) / blurred
    return as_levels(colours), np.asarray(cv2.GaussianBlur(alpha, (0, 0), sigma), np.uint8)


def hazy(alpha: UInt8, rng: Generator) -> UInt8:
    """Move what is 0 or 255 by a few levels, in patches, as the mattes of networks and of keyers are."""
    side = len(alpha)
    patches = _field(side, int(rng.integers(1, 9)), rng)[..., 0] > rng.uniform(-2.5, 0.5)
    levels = np.abs(_fractal(side, rng)[..., 0]) * rng.uniform(0.5, 5) + 0.6
    sides = int(rng.integers(1, 4))  # 1: the opaque, 2: the empty, 3: both
    moved = alpha.astype(np.float32)
    moved = np.where(patches & (alpha == 255) & bool(sides & 1), 255 - levels, moved)
    moved = np.where(patches & (alpha == 0) & bool(sides & 2), levels, moved)
    return np.asarray(np.rint(moved).clip(0, 255), np.uint8)


def faint(alpha: UInt8, rng: Generator) -> UInt8:
    """Multiply by a number below a half, so that nothing is foreground."""
    return as_levels(alpha * np.float32(rng.uniform(0.04, 0.5) / 255))


def nearly_unknown(trimap: UInt8, rng: Generator) -> UInt8:
    """Keep what is known within a few small discs alone, on both sides or on one."""
    side = len(trimap)
    kept = np.zeros_like(trimap)
    for value in (FOREGROUND, BACKGROUND)[:: int(rng.choice([-1, 1]))][: int(rng.integers(1, 3))]:
        pixels = np.argwhere(trimap == value)
        for _ in range(int(rng.integers(1, 4)) if len(pixels) else 0):
            row, column = (int(k) for k in pixels[rng.integers(len(pixels))])
            cv2.circle(kept, (column, row), int(rng.integers(1, side // 12)), 1, thickness=-1)
    return np.where(kept == 1, trimap, np.uint8(UNKNOWN))


@lru_cache(maxsize=1)
def _photographs() -> tuple[UInt8, ...]:
    """Return those of the training split that need no attribution."""
    records = photographs("train").records
    return tuple(
        read_image(record.file) for record in records if record.file and "CC BY" not in record.licence
    )


def piece_of_photograph(side: int, rng: Generator) -> UInt8:
    """Return a square out of a photograph in the wheels, turned."""
    pixels = _photographs()[rng.integers(len(_photographs()))]
    length = int(rng.integers(side // 3, min(pixels.shape[:2]) + 1))
    top, left = (int(rng.integers(n - length + 1)) for n in pixels.shape[:2])
    way = cv2.INTER_AREA if length > side else cv2.INTER_LINEAR
    piece = cv2.resize(pixels[top : top + length, left : left + length], (side, side), interpolation=way)
    piece = np.rot90(piece, int(rng.integers(4)))
    return np.ascontiguousarray(piece[:, ::-1] if rng.random() < 0.5 else piece)
