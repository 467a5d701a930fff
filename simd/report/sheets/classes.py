"""Sheets of the built-in foregrounds: a row for each class, a column for each seed, in several views."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw, ImageFont
from scipy import ndimage

from simd.errors import DataError
from simd.generator import MAX_SIDE, Cutout, checked_size, synthetic
from simd.generator.objects import MIXED, mixed
from simd.generator.scenes import SCENES, scene
from simd.image import UInt8
from simd.progress import track
from simd.taxonomy import CLASSES, TAXONOMY, class_name, suggest

_DARK, _LIGHT = (74, 104, 92), (146, 122, 120)
_PALETTE = np.array([ImageColor.getrgb(c.colour) for c in TAXONOMY], dtype=np.float64)
_ZOOM = 4  # a detail is drawn so many times as large as the other pictures


def contact_sheet(
    seeds: Sequence[int] = (0, 1, 2, 3, 4, 5),
    size: int = 160,
    *,
    classes: Sequence[str] = CLASSES,
    view: str = "foregrounds",
    columns: int = 1,
) -> UInt8:
    """Lay out foregrounds with their class names.

    Parameters
    ----------
    seeds : sequence of int
        A column, or a group of columns, for each.
    size : int
        Side of a picture in pixels, 32 to 8192.
    classes : sequence of str
        Names or aliases, a row for each. The view "mixed" has a row for each mixed object instead.
    view : str
        A key of :data:`VIEWS`: "foregrounds" over a two-coloured checkerboard, "composites" over drawn
        scenes, "details" at full size, "mattes" as composite, alpha and class mask, "overview" as
        foreground, alpha, composite and detail, "mixed" as mattes of the mixed objects.
    columns : int
        Classes beside each other.

    Returns
    -------
    uint8, shape (rows, columns, 3)
        RGB.

    Raises
    ------
    DataError
        If a class, a seed, the size or the view is none, or there are fewer columns than 1.
    """
    if view not in VIEWS:
        raise DataError(f"unknown view {view!r}{suggest(view, VIEWS)}; there are {', '.join(VIEWS)}")
    if columns < 1:
        raise DataError(f"{columns} columns are too few; give 1, 2, ...")
    checked_size(size)
    known = tuple(MIXED) if view == "mixed" else CLASSES
    names = known if view == "mixed" else tuple(class_name(name) for name in classes)
    rows = []
    for name in track(names, len(names), "classes"):
        position = known.index(name)
        tiles = [
            tile for k, seed in enumerate(seeds) for tile in VIEWS[view](name, seed, size, position + 5 * k)
        ]
        rows.append(np.concatenate([_label(name, size), *tiles], axis=1))
    rows += [np.full_like(rows[0], 32)] * (-len(rows) % columns)
    high = len(rows) // columns
    return np.concatenate([np.concatenate(rows[k * high : (k + 1) * high]) for k in range(columns)], axis=1)


def _foreground(name: str, seed: int, size: int, _place: int) -> list[UInt8]:
    return [_over(synthetic(name, seed, size), _checkerboard(size))]


def _composite(name: str, seed: int, size: int, position: int) -> list[UInt8]:
    return [_over(synthetic(name, seed, size), _backdrop(position, size))]


def _detail(name: str, seed: int, size: int, position: int) -> list[UInt8]:
    """Cut the square out of a large picture in which alpha changes most."""
    large = synthetic(name, seed, min(_ZOOM * size, MAX_SIDE))
    down, right = np.gradient(large.alpha.astype(np.float64))
    share = ndimage.uniform_filter(np.hypot(down, right), size, mode="constant")
    half = size // 2
    inner = share[half : half + len(share) - size + 1, half : half + len(share) - size + 1]
    top, left = np.unravel_index(int(np.argmax(inner)), inner.shape)
    crop = (slice(int(top), int(top) + size), slice(int(left), int(left) + size))
    return [
        _over(Cutout(large.fg[crop], large.alpha[crop], large.class_mask[crop]), _backdrop(position, size))
    ]


def _matte(name: str, seed: int, size: int, position: int) -> list[UInt8]:
    return _shown(synthetic(name, seed, size), _backdrop(position, size))


def _mixture(name: str, seed: int, size: int, position: int) -> list[UInt8]:
    return _shown(mixed(name, seed, size), _backdrop(position, size))


def _overview(name: str, seed: int, size: int, position: int) -> list[UInt8]:
    composite, alpha, _ = _matte(name, seed, size, position)
    detail = _detail(name, seed, size, position + 1)
    return [*_foreground(name, seed, size, position), alpha, composite, *detail]


_View = Callable[[str, int, int, int], list[UInt8]]
VIEWS: dict[str, _View] = {
    "foregrounds": _foreground,
    "composites": _composite,
    "details": _detail,
    "mattes": _matte,
    "overview": _overview,
    "mixed": _mixture,
}
"""View to what draws the pictures of one foreground: (name, seed, size, number of the backdrop)."""


def _shown(cutout: Cutout, backdrop: npt.NDArray[np.int64]) -> list[UInt8]:
    """Return composite, alpha, and the class colours where something is seen."""
    alpha = np.repeat(cutout.alpha[..., None], 3, axis=2)
    tinted = _PALETTE[cutout.class_mask] * (cutout.alpha[..., None] > 0) * (0.35 + 0.65 * alpha / 255)
    return [_over(cutout, backdrop), alpha, tinted.round().astype(np.uint8)]


def _over(cutout: Cutout, backdrop: npt.NDArray[np.int64]) -> UInt8:
    cover = cutout.alpha[..., None].astype(np.int64)
    return np.asarray((cutout.fg * cover + backdrop * (255 - cover) + 127) // 255, dtype=np.uint8)


def _checkerboard(size: int) -> npt.NDArray[np.int64]:
    y, x = np.indices((size, size))
    squares = ((x // max(size // 16, 1) + y // max(size // 16, 1)) % 2)[..., None]
    return np.asarray(np.where((x < size // 2)[..., None], _DARK, _LIGHT) + 16 * squares)


def _backdrop(number: int, size: int) -> npt.NDArray[np.int64]:
    return _square_scene(list(SCENES)[number % len(SCENES)], size)


@lru_cache(maxsize=len(SCENES))
def _square_scene(kind: str, size: int) -> npt.NDArray[np.int64]:
    """Return the middle of a drawn scene."""
    drawn = scene(kind, 0, min(max((3 * size + 1) // 2, 48), MAX_SIDE)).astype(np.int64)
    # A scene is as high as two thirds of its width, so a square fits but for the largest sizes.
    short = max(size - drawn.shape[0], 0)
    drawn = np.pad(drawn, [(0, short), (0, 0), (0, 0)], mode="reflect")
    left = (drawn.shape[1] - size) // 2
    return drawn[:size, left : left + size]


def _label(name: str, height: int) -> UInt8:
    text_height = 14
    image = Image.new("RGB", (9 * text_height, height), (32, 32, 32))
    font = ImageFont.load_default(text_height)
    ImageDraw.Draw(image).text((8, height // 2), name, fill=(235, 235, 235), font=font, anchor="lm")
    return np.asarray(image, dtype=np.uint8)
