"""Small pictures, inside a page as data URIs or as files beside it."""

import base64
import io

import numpy as np
from PIL import Image

from simd.image import UInt8

WAY = Image.Resampling.BOX
"""How pictures are shrunk: each pixel is the mean of those it stands for."""
NEAREST = Image.Resampling.NEAREST
"""For trimaps, whose levels are names."""

_QUALITY = 80  # WebP


def fit(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Return the (H, W) of a picture shrunk to a longest side; a small one keeps its size.

    Examples
    --------
    >>> fit((400, 200), 100), fit((40, 20), 100), fit((1, 4000), 100)
    ((100, 50), (40, 20), (1, 100))
    """
    scale = min(1.0, side / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def shrink(pixels: UInt8, size: tuple[int, int], way: Image.Resampling = WAY) -> UInt8:
    """Shrink an image, grey, RGB or RGBA, to (H, W); colour is weighed with alpha."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size[::-1], way))


def webp(pixels: UInt8, size: tuple[int, int], way: Image.Resampling = WAY) -> bytes:
    """Return an image shrunk to (H, W) as a WebP file."""
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).resize(size[::-1], way).save(
        data, "WEBP", quality=_QUALITY, method=4
    )
    return data.getvalue()


def data_uri(data: bytes, kind: str) -> str:
    """Return bytes as a data URI, of the kind ``"png"`` or ``"webp"``."""
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def thumbnail(pixels: UInt8, side: int) -> tuple[str, tuple[int, int]]:
    """Shrink an image to a longest side and return it as a data URI, with its (H, W)."""
    size = fit(pixels.shape[:2], side)
    return data_uri(webp(pixels, size), "webp"), size


def beside(image: UInt8, alpha: UInt8) -> UInt8:
    """Put an alpha beside its image, RGB (H, 2W, 3)."""
    return np.hstack([image, np.repeat(alpha[..., None], 3, axis=2)])
