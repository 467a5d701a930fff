"""Samples for the stage fused: crops of its examples, turned and recoloured, or whole ones."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simd.image import UNKNOWN, UInt8
from simd.methods.fused.inputs import as_levels
from simd.training.fused_examples import (
    ALPHA,
    ANSWERS,
    CLASS_OF,
    FALLBACKS,
    IMAGE,
    TRIMAP,
    ExampleOptions,
    Examples,
    Shelf,
)

Generator = np.random.Generator
Sample = dict[str, npt.NDArray[Any]]

_LENGTH = 2**40
_SALT = 4002
_OF_SAMPLES = 1000  # behind the number: keeps these random numbers apart from those of examples


class FusedSamples(Sequence[Sample]):
    """Samples for the stage fused: crops of examples, or whole examples for a validation.

    Parameters
    ----------
    options : ExampleOptions
    seed : int
    folder : Path
        Where examples are kept, in a folder named by the seed.
    whole : bool
        Sample i is all of example i.
    late_from : int, optional
        The first sample whose side is `late_crop`; by default there is none.

    Notes
    -----
    ``samples[i]`` has, all uint8: image (H, W, 3); planes (H, W, 18), which begin with the image; trimap,
    alpha and classes (H, W); fallbacks (2,). All examples come in their order, then in another, and so on.
    """

    notes: tuple[str, ...] = ()

    def __init__(
        self,
        options: ExampleOptions,
        seed: int,
        folder: Path,
        *,
        whole: bool = False,
        late_from: int = _LENGTH,
    ) -> None:
        self.options, self._seed, self._whole, self._late_from = options, seed, whole, late_from
        self._shelf = Shelf(Examples(options, seed), folder / str(seed))
        self._order = lru_cache(maxsize=2)(self._draw_order)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (
            *(self.options, self._seed, self._shelf.folder.parent, self._whole),
            self._late_from,
        )

    def __len__(self) -> int:
        return _LENGTH

    @property
    def layout(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Shapes and types of the largest sample."""
        options = self.options
        side = options.side if self._whole else max(options.crop, options.late_crop)
        planes = {"image": (3,), "planes": (TRIMAP,), "trimap": (), "alpha": (), "classes": ()}
        shapes = {name: (side, side, *depth) for name, depth in planes.items()} | {"fallbacks": (2,)}
        return {name: (shape, np.dtype(np.uint8)) for name, shape in shapes.items()}

    def __getitem__(self, number: int) -> Sample:  # type: ignore[override] # a slice would have no end
        if self._whole:
            return _sample(self._shelf[number])
        turn, position = divmod(number, self.options.count)
        example = self._shelf[int(self._order(turn)[position])]
        rng = np.random.default_rng((self._seed, _SALT, number, _OF_SAMPLES))
        side = self.options.crop if number < self._late_from else self.options.late_crop
        return _sample(_withheld(_cropped(example, side, rng), self.options.withheld, rng))

    def check(self, *, besides: "FusedSamples | None" = None, workers: int = 1) -> None:
        """Do nothing: what is drawn cannot be broken."""

    def _draw_order(self, turn: int) -> npt.NDArray[np.int64]:
        numbers = np.arange(self.options.count)
        return np.random.default_rng((self._seed, _SALT, turn)).permutation(numbers) if turn else numbers


def _unpickled(options: ExampleOptions, seed: int, folder: Path, whole: bool, late_from: int) -> FusedSamples:
    return FusedSamples(options, seed, folder, whole=whole, late_from=late_from)


def _sample(example: UInt8) -> Sample:
    planes = np.ascontiguousarray(example[..., :TRIMAP])
    bits = int(example[0, 0, FALLBACKS])
    named = {"trimap": TRIMAP, "alpha": ALPHA, "classes": CLASS_OF}
    sample = {name: np.ascontiguousarray(example[..., channel]) for name, channel in named.items()}
    fallbacks = np.array([bits & 1, bits >> 1], np.uint8)
    image = np.ascontiguousarray(planes[..., IMAGE])
    return {"image": image, "planes": planes, "fallbacks": fallbacks, **sample}


def _cropped(example: UInt8, side: int, rng: Generator) -> UInt8:
    """Cut a square around an unknown pixel, turn it, and change its colours, the spread ones alike."""
    length = len(example)
    rows, columns = np.nonzero(example[..., TRIMAP] == UNKNOWN)
    pick = rng.integers(len(rows))
    corner = np.array([rows[pick], columns[pick]]) - side // 2 + rng.integers(-side // 3, side // 3 + 1, 2)
    top, left = (int(k) for k in corner.clip(0, length - side))
    crop = np.rot90(example[top : top + side, left : left + side], int(rng.integers(4)))
    crop = np.array(crop[:, ::-1] if rng.random() < 0.5 else crop)
    levels = np.arange(256) / 255
    table = as_levels(levels ** rng.uniform(0.75, 1.3) * rng.uniform(0.75, 1.15))
    order = rng.permutation(3) if rng.random() < 0.5 else np.arange(3)
    for start in (0, 3, 6):  # the image, the foreground's and the background's colours spread
        crop[..., start : start + 3] = table[crop[..., start : start + 3][..., order]]
    return crop


def _withheld(crop: UInt8, share: float, rng: Generator) -> UInt8:
    """Leave out one of the classical answers, as where it has failed, in a share of the samples."""
    if rng.random() < share:
        which = int(rng.integers(2))
        crop[..., ANSWERS.start + which] = crop[..., TRIMAP]
        crop[..., FALLBACKS] |= 1 << which
    return crop
