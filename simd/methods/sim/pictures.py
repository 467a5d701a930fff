"""Pictures of what `sim` does: what it takes in, the 20 maps, and what the matting network makes of it.

After Figures 10 and 11 of "Semantic Image Matting", CVPR 2021.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, UInt8
from simd.methods.runtime.click_maps import CLICK_SIGMAS
from simd.taxonomy import CLASSES

Float32 = npt.NDArray[np.float32]

_TILE_SIDE, _LAYER_SIDE = 260, 400  # the longer side of a picture's tile, in pixels
_CAPTION, _GAP = 20, 4
_BACKDROP, _INK = (24, 24, 24), (235, 235, 235)
_COLOURS = mpl.colormaps["inferno"]


def draw_inputs(image: UInt8, trimap: UInt8, clicks: Float32) -> UInt8:
    """Draw image and trimap, then the maps of nearness: to known background, to known foreground.

    Parameters
    ----------
    image, trimap : uint8, shapes (H, W, 3) and (H, W)
    clicks : float32, shape (6, H, W)
        :func:`simd.methods.runtime.click_maps.click_maps`.

    Returns
    -------
    uint8, shape (h, w, 3)
    """
    half = len(CLICK_SIGMAS)
    known = (("bg", clicks[:half], trimap == BACKGROUND), ("fg", clicks[half:], trimap == FOREGROUND))
    tiles = []
    for (name, maps, region), (caption, pixels) in zip(
        known, (("image", image), ("trimap", _grey_trimap(trimap))), strict=True
    ):
        tiles += [(caption, pixels), (f"known {name}", _grey(region.astype(np.float32)))]
        tiles += [(f"near {name}, {s:.1f} pixels", _heat(m)) for m, s in zip(maps, CLICK_SIGMAS, strict=True)]
    return draw_grid([(caption, _small(pixels)) for caption, pixels in tiles], abreast=half + 2)


def draw_classes(image: UInt8, trimap: UInt8, semantic_trimap: Float32) -> UInt8:
    """Draw each class's map over the darkened image, five abreast.

    Colours span the lowest to the highest value that any class has in the unknown region; a caption tells the
    class and its mean there.

    Parameters
    ----------
    image, trimap : uint8, shapes (H, W, 3) and (H, W)
    semantic_trimap : float32, shape (20, H, W)

    Returns
    -------
    uint8, shape (h, w, 3)
    """
    unknown = trimap == UNKNOWN
    inside = semantic_trimap[:, unknown] if unknown.any() else np.zeros((len(CLASSES), 1), np.float32)
    lowest, highest = float(inside.min()), float(inside.max())
    dark = _small(image).astype(np.float32) * 0.35
    cover = _small(unknown.astype(np.float32))[..., None]
    tiles = []
    for name, values, pixels in zip(CLASSES, semantic_trimap, inside, strict=True):
        heat = _heat((values - lowest) / max(highest - lowest, 1e-12))
        mixed = dark * (1 - 0.85 * cover) + _small(heat).astype(np.float32) * 0.85 * cover
        tiles.append((f"{name}  {pixels.mean():.2f}", mixed.clip(0, 255).astype(np.uint8)))
    return draw_grid(tiles, abreast=5)


def draw_layers(
    image: UInt8, trimap: UInt8, alpha: Float32, fg: Float32, bg: Float32, weights: Float32
) -> UInt8:
    """Draw image, trimap, alpha; F, B, their composite; the weight maps of F, B and alpha, bright for 1."""
    composite = alpha[..., None] * fg + (1 - alpha[..., None]) * bg
    tiles = [
        ("image", image),
        ("trimap", _grey_trimap(trimap)),
        ("alpha", _grey(alpha)),
        *(
            (name, _levels(layer))
            for name, layer in (("F", fg), ("B", bg), ("alpha over F and B", composite))
        ),
        *(
            (f"weight of {name}'s gradient", _heat(r))
            for name, r in zip(("F", "B", "alpha"), weights, strict=True)
        ),
    ]
    return draw_grid([(caption, _small(pixels, _LAYER_SIDE)) for caption, pixels in tiles], abreast=3)


def draw_grid(tiles: Sequence[tuple[str, npt.NDArray[Any]]], abreast: int) -> UInt8:
    """Put captioned tiles of one size into rows."""
    height, width = tiles[0][1].shape[:2]
    across, down = max(width, 7 * _CAPTION) + _GAP, height + _CAPTION + _GAP
    rows = -(-len(tiles) // abreast)
    sheet = Image.new("RGB", (abreast * across + _GAP, rows * down + _GAP), _BACKDROP)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for number, (caption, pixels) in enumerate(tiles):
        left, top = number % abreast * across + _GAP, number // abreast * down + _GAP
        pen.text((left + 2, top + _CAPTION // 2), caption, fill=_INK, font=font, anchor="lm")
        sheet.paste(Image.fromarray(np.asarray(pixels, dtype=np.uint8)), (left, top + _CAPTION))
    return np.asarray(sheet, dtype=np.uint8)


def _heat(values: Float32) -> UInt8:
    return np.asarray(_COLOURS(values.clip(0, 1), bytes=True)[..., :3], dtype=np.uint8)


def _levels(values: Float32) -> UInt8:
    return np.asarray(np.rint(values.clip(0, 1) * 255), dtype=np.uint8)


def _grey(values: Float32) -> UInt8:
    return np.repeat(_levels(values)[..., None], 3, axis=2)


def _grey_trimap(trimap: UInt8) -> UInt8:
    return np.repeat(trimap[..., None], 3, axis=2)


def _small(pixels: npt.NDArray[Any], side: int = _TILE_SIDE) -> npt.NDArray[Any]:
    """Reduce an image to a tile; smaller ones stay."""
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
