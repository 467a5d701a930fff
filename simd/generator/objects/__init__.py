"""Foregrounds of several classes, with the true class of every pixel: what real objects are like.

========= ============================== ============================================================
kind      classes, the primary one first what is seen
========= ============================== ============================================================
portrait  hair_hard, sharp               a head with long loose hair; face and shoulders are sharp
collar    fur, sharp                     an animal of fur with a leather collar and a tag
curtain   silk, lace                     a sheer curtain with a hem of lace
twig      leaf, tree                     a branch that bears leaves
blossom   leaf, flower                   a flower among long leaves
visitor   insect, leaf                   an insect on the edge of a leaf
dew       leaf, water_drop               leaves with drops that hang from them
web       spider_web, tree               a spider's web between twigs
bonfire   smoke_cloud, fire, sharp       logs that burn, and their smoke
racket    net, sharp                     a racket: strings in a frame
candle    sharp, fire                    burning candles on a stick
========= ============================== ============================================================

In files: bodies (portrait, collar), plants (twig to web), things (curtain, bonfire, racket, candle); parts
are the layers that an object is put together from.

A pixel has the class of which most is seen there: the one whose layers add most to alpha. Where alpha is 0
it has the class of the nearest pixel that shows something, so a dilated trimap finds the right class too.
The primary class is the one that has most unknown pixels, over many foregrounds of the kind.
"""

from collections.abc import Sequence
from pkgutil import resolve_name
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from simd.errors import DataError
from simd.generator import Cutout, checked_seed, checked_size, cutout
from simd.generator.kit.layer import Float, over
from simd.generator.objects.parts import ClassLayer
from simd.generator.splits import generator
from simd.image import UInt8
from simd.taxonomy import class_index, suggest


class Mixture(NamedTuple):
    """A kind of mixed object."""

    target: str  # the function that draws it, ``(rng, side) -> list[ClassLayer]``
    classes: tuple[str, ...]  # the primary one first


_HERE = "simd.generator.objects"
MIXED = {
    "portrait": Mixture(f"{_HERE}.bodies:portrait", ("hair_hard", "sharp")),
    "collar": Mixture(f"{_HERE}.bodies:collar", ("fur", "sharp")),
    "curtain": Mixture(f"{_HERE}.things:curtain", ("silk", "lace")),
    "twig": Mixture(f"{_HERE}.plants:twig", ("leaf", "tree")),
    "blossom": Mixture(f"{_HERE}.plants:blossom", ("leaf", "flower")),
    "visitor": Mixture(f"{_HERE}.plants:visitor", ("insect", "leaf")),
    "dew": Mixture(f"{_HERE}.plants:dew", ("leaf", "water_drop")),
    "web": Mixture(f"{_HERE}.plants:web", ("spider_web", "tree")),
    "bonfire": Mixture(f"{_HERE}.things:bonfire", ("smoke_cloud", "fire", "sharp")),
    "racket": Mixture(f"{_HERE}.things:racket", ("net", "sharp")),
    "candle": Mixture(f"{_HERE}.things:candle", ("sharp", "fire")),
}
"""Kind to what draws it."""

_STREAM = 2000  # keeps these random numbers apart from those of classes and scenes


def mixed(kind: str, seed: int, size: int | tuple[int, int] = 512) -> Cutout:
    """Draw a foreground of several classes.

    Parameters
    ----------
    kind : str
        A key of :data:`MIXED`.
    seed, size
        As for :func:`simd.synthetic`.

    Returns
    -------
    Cutout
        Its class mask has several classes, each where it is seen.

    Raises
    ------
    DataError
        If the kind is unknown, or the seed or size is not as `synthetic` wants it.

    Examples
    --------
    >>> from simd.taxonomy import CLASSES
    >>> [CLASSES[k] for k in np.unique(mixed("web", seed=0, size=64).class_mask)]
    ['tree', 'spider_web']
    """
    if not isinstance(kind, str) or kind not in MIXED:
        raise DataError(f"unknown kind of mixed object {kind!r}{suggest(str(kind), MIXED)}")
    shape = checked_size(size)
    rng = generator(_STREAM + list(MIXED).index(kind), checked_seed(seed))
    parts: list[ClassLayer] = resolve_name(MIXED[kind].target)(rng, min(shape))
    drawn = cutout(over(*(part.layer for part in parts)), visible_class(parts), shape)
    # Where nothing is seen, the nearest pixel that shows something decides.
    _, nearest = ndimage.distance_transform_edt(drawn.alpha == 0, return_indices=True)
    return drawn._replace(class_mask=drawn.class_mask[tuple(nearest)])


def visible_class(parts: Sequence[ClassLayer]) -> UInt8:
    """Return the index of the class that is seen most at each pixel of the drawing, uint8 (H, W)."""
    seen: dict[str, Float] = {}
    through: Float = np.ones_like(parts[0].layer.alpha)
    for part in parts:
        seen[part.class_] = seen.get(part.class_, 0.0) + through * part.layer.alpha
        through = through * (1 - part.layer.alpha)
    indices = np.array([class_index(name) for name in seen], np.uint8)
    return np.asarray(indices[np.argmax(np.stack(list(seen.values())), axis=0)])
