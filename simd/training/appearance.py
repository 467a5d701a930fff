"""How a sample looks: colour jitter, gamma, compression, noise, and how its background is placed."""

import io

import cv2
import numpy as np
from PIL import Image

from simd.image import UInt8
from simd.training.geometry import INTERPOLATIONS, drawn
from simd.training.pixels import look_up
from simd.training.sample_options import SampleOptions

_LEVELS = np.arange(256)


def jitter(fg: UInt8, alpha: UInt8, options: SampleOptions, rng: np.random.Generator) -> UInt8:
    """Shift the hue of a foreground (H, W, 3), and its saturation and value, mirrored at their ends.

    GCA's: the shift of saturation, as of value, is within a share of 1.1 minus its mean where alpha > 0.
    """
    hsv = np.asarray(cv2.cvtColor(fg, cv2.COLOR_RGB2HSV_FULL), dtype=np.uint8)
    means = np.array(cv2.mean(hsv[::4], mask=alpha[::4])[1:3]) / 255  # of every fourth row
    hue = rng.uniform(-options.hue, options.hue) / 360 * 256
    shifts = rng.uniform(-1, 1, 2) * options.saturation_value * (1.1 - means) * 255
    table = np.empty((256, 3), np.uint8)
    table[:, 0] = (_LEVELS + round(hue)) % 256
    for channel, shift in enumerate(shifts, start=1):
        table[:, channel] = np.rint(255 - np.abs(255 - np.abs(_LEVELS + shift))).clip(0, 255)
    look_up(hsv, table)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL), dtype=np.uint8)


def apply_gamma(image: UInt8, gamma: float) -> None:
    """Raise every level, as a share of 255, to a power, in place."""
    table = np.rint(255 * (_LEVELS / 255) ** gamma).astype(np.uint8)
    look_up(image, np.ascontiguousarray(np.repeat(table[:, None], 3, axis=1)))


def add_noise(image: UInt8, sigma: float, rng: np.random.Generator) -> UInt8:
    """Add Gaussian noise of a standard deviation in levels."""
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(sigma)
    return np.asarray(np.rint(image + noise).clip(0, 255), dtype=np.uint8)


def compress(image: UInt8, quality: int) -> UInt8:
    """Write an image as JPEG and read it again."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality)
    return np.array(Image.open(stream), dtype=np.uint8)


def place_background(
    bg: UInt8, shares: tuple[float, float] | None, options: SampleOptions, rng: np.random.Generator
) -> UInt8:
    """Cut a piece out of a background and resize it to the sample.

    Parameters
    ----------
    bg : uint8, shape (H, W, 3)
    shares : (float, float), optional
        Which shares of its height and width are shown, where it is stretched over the foreground; without
        them a square is cut.
    """
    height, width = bg.shape[:2]
    if shares is None:
        side = max(1, round(min(height, width) * drawn(rng, options.background_scale)))
        piece_height = piece_width = side
    else:
        piece_height, piece_width = (
            max(1, round(n * min(1.0, share))) for n, share in zip((height, width), shares, strict=True)
        )
    top = int(rng.integers(height - piece_height + 1))
    left = int(rng.integers(width - piece_width + 1))
    halvings = max(0, int(np.log2(max(1, min(piece_height, piece_width) / options.side))))
    bottom, right = (
        start + (n >> halvings << halvings) for start, n in ((top, piece_height), (left, piece_width))
    )
    piece = bg[top:bottom, left:right]
    for _ in range(halvings):
        piece = cv2.resize(piece, (piece.shape[1] // 2, piece.shape[0] // 2), interpolation=cv2.INTER_AREA)
    interpolation = options.interpolation
    if interpolation == "drawn":
        interpolation = list(INTERPOLATIONS)[rng.integers(len(INTERPOLATIONS))]
    placed = cv2.resize(piece, (options.side, options.side), interpolation=INTERPOLATIONS[interpolation])
    if rng.random() < options.background_flip:
        placed = cv2.flip(placed, 1)
    return np.asarray(placed, dtype=np.uint8)
