"""Composites without end for training, drawn when they are asked for; the disk is never touched."""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, islice
from typing import NamedTuple, overload

import numpy as np

from simd.composition.protocols.exact import Exact
from simd.composition.render import class_mask
from simd.errors import DataError
from simd.generator import Cutout, checked_seed, checked_size, synthetic
from simd.generator.objects import MIXED, mixed
from simd.generator.scenes import SCENES, scene
from simd.generator.splits import WIDTH, first_seed
from simd.image import UInt8
from simd.taxonomy import CLASSES, class_name, suggest
from simd.trimap import unknown_region

_BLOCK = 64  # composites that share some scenes, since a scene costs more than a foreground
_SCENES_A_BLOCK = 8
_SALT = (3000,)  # keeps these random numbers apart from those of classes, scenes and mixed objects
_LENGTH = 2**40


class Example(NamedTuple):
    """A composite with everything that is known about it; (H, W) is the stream's size."""

    fg: UInt8  # (H, W, 3) RGB
    bg: UInt8  # (H, W, 3) RGB
    image: UInt8  # (H, W, 3) RGB
    alpha: UInt8  # (H, W)
    trimap: UInt8  # (H, W) of 0, 128, 255
    class_mask: UInt8  # (H, W): the class index on the unknown region, 255 elsewhere
    class_: str  # or the kind of a mixed object
    number: int  # its index in the stream

    def __repr__(self) -> str:
        """Return a line instead of the arrays."""
        return f"<Example {self.number}: {self.class_}, {self.alpha.shape}>"


@dataclass(frozen=True)
class Stream:
    """An endless sequence: element `index` depends on the index and the options alone.

    Its length is 2**40, so a sampler that asks for it goes on for as long as training does. Classes,
    foregrounds and scenes already come in random order: hand it to a DataLoader without ``shuffle``.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    seed: int
    split: str

    def __repr__(self) -> str:
        """Return a line."""
        return f"<Stream of {len(self.classes)} classes, {self.size}, seed {self.seed}, split {self.split!r}>"

    def __len__(self) -> int:
        if _asked_for_a_permutation():
            raise DataError(
                "a stream has no end, and its examples come in random order already; leave out shuffle=True, "
                "and take another seed for another order"
            )
        return _LENGTH

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> list[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | list[Example]:
        if isinstance(index, slice):
            if index.stop is None or min(index.start or 0, index.stop) < 0:
                raise IndexError("a stream has no end: give a slice its stop, and count from the front")
            return [self[i] for i in range(*index.indices(_LENGTH))]
        if not 0 <= index < _LENGTH:
            raise IndexError(f"index {index} is not in 0..{_LENGTH - 1}")
        rng = np.random.default_rng([self.seed, *_SALT, first_seed(self.split), index])
        name = self.class_at(index)
        drawn = _draw(name, first_seed(self.split) + self._hash("foreground", index) % WIDTH, self.size)
        fg, alpha, classes = (_turned(layer) for layer in drawn) if rng.random() < 0.5 else drawn
        protocol = Exact()
        backdrop = self._scene(index // _BLOCK, int(rng.integers(_SCENES_A_BLOCK)))
        bg, _ = protocol.place(_turned(backdrop) if rng.random() < 0.5 else backdrop, self.size, rng)
        trimap = protocol.trimap(alpha)
        mask = class_mask(classes, unknown_region(trimap))
        return Example(fg, bg, protocol.composite(fg, alpha, bg), alpha, trimap, mask, name, index)

    def __iter__(self) -> Iterator[Example]:
        return self.since(0)

    def since(self, index: int) -> Iterator[Example]:
        """Go on from an index, as after an interruption."""
        return (self[i] for i in count(index))

    def take(self, number: int) -> list[Example]:
        """Return the first examples."""
        return list(islice(self, number))

    def class_at(self, index: int) -> str:
        """Return the class of an element without drawing it; all come in an order, then in another."""
        turn, position = divmod(index, len(self.classes))
        order = sorted(self.classes, key=lambda name: self._hash(name, turn))
        return order[position]

    def _scene(self, block: int, number: int) -> UInt8:
        which = self._hash("scene", block, number)
        kind, seed = list(SCENES)[which % len(SCENES)], first_seed(self.split) + which % WIDTH
        height, width = self.size
        return _scene(kind, seed, max(-(-height * 3 // 2), width, 48))

    def _hash(self, *parts: str | int) -> int:
        """Return a number of 64 bits that is the same on every machine."""
        text = "/".join(map(str, (self.seed, self.split, *parts)))
        return int(hashlib.sha256(text.encode()).hexdigest()[:16], 16)


def stream(
    classes: Sequence[str] | None = None,
    *,
    size: int | tuple[int, int] = 512,
    seed: int = 0,
    split: str = "train",
) -> Stream:
    """Return composites without end, drawn on the fly.

    Parameters
    ----------
    classes : sequence of str, optional
        Names or aliases of classes, and kinds of mixed objects (:mod:`simd.generator.objects`); all
        20 classes by default. They come equally often.
    size : int or (int, int)
        (H, W), or one number for a square; 32 to 8192 a side.
    seed : int
        Another seed, another stream.
    split : str
        ``"train"`` or ``"test"``: no foreground and no scene is in both. ``""`` is neither.

    Returns
    -------
    Stream
        A sequence to iterate over, to index, or to hand to a ``torch.utils.data.DataLoader`` with any
        number of workers. ``stream.since(index)`` goes on where training has stopped.

    Raises
    ------
    DataError
        If a class, the size, the seed or the split is unknown.

    Examples
    --------
    >>> examples = stream(["lace", "portrait"], size=64)
    >>> first = examples[0]
    >>> first.image.shape, first.class_ in ("lace", "portrait")
    ((64, 64, 3), True)
    >>> bool((examples[0].image == first.image).all())
    True
    """
    if classes is not None and (isinstance(classes, str | bytes) or not isinstance(classes, Iterable)):
        raise DataError(f"classes must be a list of names, not {classes!r:.60}")
    names = tuple(_known(name) for name in (CLASSES if classes is None else classes))
    if not names:
        raise DataError("a stream needs at least one class")
    if len(set(names)) < len(names):
        raise DataError(f"classes {names} name one twice")
    first_seed(split)
    return Stream(names, checked_size(size), checked_seed(seed), split)


def _known(name: str) -> str:
    if isinstance(name, str) and name in MIXED:
        return name
    try:
        return class_name(name)
    except DataError:
        raise DataError(
            f"unknown class or mixed object {name!r}{suggest(str(name), [*CLASSES, *MIXED])}"
        ) from None


def _asked_for_a_permutation() -> bool:
    """Tell whether torch's RandomSampler asks for the length, to make a permutation of all of it."""
    sampler = sys._getframe(2).f_locals.get("self")  # torch gives no other sign, and is not imported here
    return type(sampler).__name__ == "RandomSampler" and not getattr(sampler, "replacement", True)


def _draw(name: str, seed: int, size: tuple[int, int]) -> Cutout:
    return mixed(name, seed, size) if name in MIXED else synthetic(name, seed, size)


def _turned(layer: UInt8) -> UInt8:
    return np.ascontiguousarray(layer[:, ::-1])


@lru_cache(maxsize=2 * _SCENES_A_BLOCK)
def _scene(kind: str, seed: int, width: int) -> UInt8:
    return scene(kind, seed, width)
