"""Small pictures inside a page, as data URIs."""

import base64
import io

import numpy as np
from PIL import Image

from simd.image import UInt8

_QUALITY = 78  # WebP


def data_uri(data: bytes, kind: str) -> str:
    """Return bytes as a data URI, of the kind ``"png"`` or ``"webp"``."""
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def thumbnail(pixels: UInt8, side: int) -> tuple[str, tuple[int, int]]:
    """Shrink an image to a longest side and return it as a data URI, with its (H, W).

    Small images keep their size.
    """
    image = Image.fromarray(pixels)
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    data = io.BytesIO()
    image.resize(size, Image.Resampling.BOX).save(data, "WEBP", quality=_QUALITY, method=4)
    return data_uri(data.getvalue(), "webp"), (size[1], size[0])


def beside(image: UInt8, alpha: UInt8) -> UInt8:
    """Put an alpha beside its image, RGB (H, 2W, 3)."""
    return np.hstack([image, np.repeat(alpha[..., None], 3, axis=2)])
