"""Draw: foregrounds by formula, with exact alpha and no licence to mind, and scenes to put behind them.

========  ==================================================================================================
classes/  the recipes, one file a class: ``(rng, side) -> Layer``
objects/  objects of several classes, with a class mask that is true for each pixel
scenes/   backgrounds: rooms, streets, woods, shelves
kit/      what recipes draw with: layers, a raster, curves, light, noise
parts/    things that several recipes show, or that are too long for one
splits    the seeds and ranges of train and test, which share nothing
========  ==================================================================================================
"""

import operator
from pkgutil import resolve_name
from typing import NamedTuple

import numpy as np

from simd.errors import DataError
from simd.generator.kit.layer import Layer, nearest, straight
from simd.generator.splits import generator
from simd.image import UInt8
from simd.taxonomy import class_index, class_name

MIN_SIDE, MAX_SIDE = 32, 8192

RECIPES = {
    "defocus": "simd.generator.classes.defocus:defocus",
    "fire": "simd.generator.classes.fire:fire",
    "fur": "simd.generator.classes.fur:fur",
    "glass_ice": "simd.generator.classes.glass_ice:glass_ice",
    "hair_easy": "simd.generator.classes.hair_easy:hair_easy",
    "hair_hard": "simd.generator.classes.hair_hard:hair_hard",
    "insect": "simd.generator.classes.insect:insect",
    "motion": "simd.generator.classes.motion:motion",
    "net": "simd.generator.classes.net:net",
    "flower": "simd.generator.classes.flower:flower",
    "leaf": "simd.generator.classes.leaf:leaf",
    "tree": "simd.generator.classes.tree:tree",
    "plastic_bag": "simd.generator.classes.plastic_bag:plastic_bag",
    "sharp": "simd.generator.classes.sharp:sharp",
    "smoke_cloud": "simd.generator.classes.smoke_cloud:smoke_cloud",
    "spider_web": "simd.generator.classes.spider_web:spider_web",
    "lace": "simd.generator.classes.lace:lace",
    "silk": "simd.generator.classes.silk:silk",
    "water_drop": "simd.generator.classes.water_drop:water_drop",
    "water_spray": "simd.generator.classes.water_spray:water_spray",
}
"""Class name to the function that draws it, ``(rng, side) -> Layer``."""


SOLID = {
    "glass_ice": 0.65,
    "plastic_bag": 0.5,
    "silk": 0.9,
    "smoke_cloud": 0.9,
    "water_drop": 0.6,
    "water_spray": 0.9,
}
"""Class to the alpha that counts as opaque there, as in a mask whose white was clipped when it was keyed.

Dense folds, smoke and foam, and glass at its rim let through nothing that can be seen. Without a
pixel that is surely foreground a trimap tells a method nothing about the foreground's colours.
"""


class Cutout(NamedTuple):
    """A foreground with its matte."""

    fg: UInt8  # (H, W, 3) RGB, not multiplied by alpha; under alpha 0 the colour nearby flows on
    alpha: UInt8  # (H, W)
    class_mask: UInt8  # (H, W), the class index on every pixel

    def __repr__(self) -> str:
        """Return a line instead of the arrays."""
        return f"<Cutout {self.alpha.shape}>"


def synthetic(class_: str, seed: int, size: int | tuple[int, int] = 512) -> Cutout:
    """Draw a foreground of a class.

    Parameters
    ----------
    class_ : str
        A class name or alias.
    seed : int
        Not negative. Same class, seed and size, same pixels (on x86-64 with the pinned versions);
        another size shows the same object.
    size : int or (int, int)
        (H, W), or one number for a square; 32 to 8192 a side. The object stands in the central square;
        what that square's lower edge cuts, such as a bust, stands on the lower edge of the frame.

    Returns
    -------
    Cutout
        The foreground colour, alpha and class mask, uint8.

    Raises
    ------
    DataError
        If the class is unknown, or the seed or size is not as above.

    Examples
    --------
    >>> cutout = synthetic("fire", seed=7, size=(64, 96))
    >>> cutout.fg.shape, cutout.alpha.shape, int(cutout.class_mask.max())
    ((64, 96, 3), (64, 96), 1)
    """
    name = class_name(class_)
    shape = checked_size(size)
    rng = generator(class_index(name), checked_seed(seed))
    layer = clipped(resolve_name(RECIPES[name])(rng, min(shape)), SOLID.get(name, 1.0))
    return cutout(layer, np.full_like(layer.alpha, class_index(name), np.uint8), shape)


def clipped(layer: Layer, solid: float) -> Layer:
    """Return a layer whose alpha is stretched so that `solid`, and what is above, becomes 1."""
    alpha = np.minimum(layer.alpha / solid, 1.0)
    return Layer(layer.colour * (alpha / np.maximum(layer.alpha, 1e-12))[..., None], alpha)


def cutout(layer: Layer, classes: UInt8, shape: tuple[int, int]) -> Cutout:
    """Put a drawn square and the class of each of its pixels into a frame of (H, W), as 8-bit levels."""
    height, width = shape
    side = len(layer.alpha)
    above, left = height - side, (width - side) // 2
    if not (layer.alpha[-1] > 0.5).any():
        above //= 2
    margins = [(above, height - side - above), (left, width - side - left)]
    alpha = np.pad(_levels(layer.alpha), margins)
    fg = np.pad(_levels(straight(layer)), [*margins, (0, 0)], mode="edge")
    return Cutout(fg, alpha, np.pad(classes, margins, mode="edge"))


def _levels(plane: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> UInt8:
    return nearest(np.clip(plane, 0, 1) * 255).astype(np.uint8)


def checked_seed(seed: int) -> int:
    """Return a seed as an int; DataError if it is not a whole number from 0."""
    try:
        number = operator.index(seed)
    except TypeError:
        raise DataError(f"seed {seed!r} is not a whole number; give 0, 1, 2, ...") from None
    if isinstance(seed, bool) or number < 0:
        raise DataError(f"seed {seed!r} is not 0 or a positive whole number; give 0, 1, 2, ...")
    return number


def checked_size(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return (H, W); DataError if a side is not a whole number in range."""
    sides = size if isinstance(size, (tuple, list)) else (size, size)
    try:
        height, width = (operator.index(s) for s in sides)
    except (TypeError, ValueError):
        raise DataError(f"size {size!r} is neither a whole number nor (height, width)") from None
    if not all(MIN_SIDE <= s <= MAX_SIDE for s in (height, width)):
        raise DataError(f"size {size!r} is out of range; each side has {MIN_SIDE} to {MAX_SIDE} pixels")
    return height, width
