"""Samples for the stage shm: those of matting, each with the window that M-Net is shown of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simd.image import UNKNOWN, UInt8
from simd.records import Background, Foreground
from simd.training.samples import Samples

_SALT = 4003  # keeps these random numbers apart from those of other samples

Sample = dict[str, npt.NDArray[Any]]


class WindowedSamples(Sequence[Sample]):
    """Samples with one key more: `window`, int64 (3,).

    It is row, column and side of a square around an unknown pixel.

    Parameters
    ----------
    samples : Samples
    crops : tuple of int
        Sides of windows, one is drawn; no larger than a sample.
    """

    def __init__(self, samples: Samples, crops: tuple[int, ...]) -> None:
        self._samples, self._crops = samples, crops

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user ought to know of the sources."""
        return self._samples.notes

    @property
    def foregrounds(self) -> tuple[Foreground, ...]:
        """What samples are made of."""
        return self._samples.foregrounds

    @property
    def backgrounds(self) -> tuple[Background, ...]:
        """What they lie over."""
        return self._samples.backgrounds

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, number: int) -> Sample:  # type: ignore[override] # a slice would have no end
        sample = self._samples[number]
        trimap = np.asarray(sample["trimap"], np.uint8)
        rng = np.random.default_rng((self._samples.seed, _SALT, number))
        return {**sample, "window": _window(trimap, self._crops, rng)}

    def check(self, *, besides: "WindowedSamples | None" = None, workers: int = 1) -> None:
        """Read every foreground and background; see :meth:`Samples.check`."""
        self._samples.check(besides=None if besides is None else besides._samples, workers=workers)


def _window(trimap: UInt8, crops: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    side = int(crops[rng.integers(len(crops))])
    rows, columns = np.nonzero(trimap == UNKNOWN)  # a sample has some
    pick = rng.integers(len(rows))
    corner = np.array([rows[pick], columns[pick]]) - side // 2
    top, left = corner.clip(0, np.array(trimap.shape) - side)
    return np.array([top, left, side], np.int64)
