"""A contact sheet of the built-in foregrounds: a row for each class, a column for each seed."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from simd.dataset.synthetic import synthetic
from simd.image import UInt8
from simd.taxonomy import CLASSES, class_name

_DARK, _LIGHT = (74, 104, 92), (146, 122, 120)


def contact_sheet(
    seeds: Sequence[int] = (0, 1, 2, 3, 4, 5),
    size: int = 160,
    *,
    classes: Sequence[str] = CLASSES,
    alpha: bool = False,
) -> UInt8:
    """Lay out foregrounds over a two-coloured checkerboard, with their class names.

    Parameters
    ----------
    seeds : sequence of int
        A column for each.
    size : int
        Side of a picture in pixels, 32 to 8192.
    classes : sequence of str
        Names or aliases, a row for each.
    alpha : bool
        Put the matte to the right of each picture.

    Returns
    -------
    uint8, shape (rows, columns, 3)
        RGB.

    Raises
    ------
    DataError
        If a class, a seed or the size is not as `synthetic` wants it.
    """
    backdrop = _backdrop(size)
    rows = []
    for name in classes:
        pictures = []
        for seed in seeds:
            cutout = synthetic(name, seed, size)
            cover = cutout.alpha[..., None].astype(np.int64)
            mixed = (cutout.fg * cover + backdrop * (255 - cover) + 127) // 255
            pictures.append(mixed.astype(np.uint8))
            if alpha:
                pictures.append(np.repeat(cutout.alpha[..., None], 3, axis=2))
        rows.append(np.concatenate([_label(class_name(name), size), *pictures], axis=1))
    return np.concatenate(rows)


def _backdrop(size: int) -> npt.NDArray[np.int64]:
    y, x = np.indices((size, size))
    squares = ((x // max(size // 16, 1) + y // max(size // 16, 1)) % 2)[..., None]
    return np.asarray(np.where((x < size // 2)[..., None], _DARK, _LIGHT) + 16 * squares)


def _label(name: str, height: int) -> UInt8:
    text_height = 14
    image = Image.new("RGB", (9 * text_height, height), (32, 32, 32))
    font = ImageFont.load_default(text_height)
    ImageDraw.Draw(image).text((8, height // 2), name, fill=(235, 235, 235), font=font, anchor="lm")
    return np.asarray(image, dtype=np.uint8)
