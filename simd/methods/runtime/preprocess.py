"""What goes into a network and how its alpha comes back, declared: order, mean, std, trimap, size, output.

A network states these as one :class:`Preprocessing` and one :class:`Postprocessing`. What differs between
published networks is in them (N: mean and std of ImageNet):

=====================  =====================================================================================
ViTMatte               N, trimap "fraction", multiple 32, fit "zero"
DIM (mmagic)           N, trimap "fraction", multiple 32, fit "reflect"
DIM (huochaitiantang)  N, trimap "fraction", multiple 32, fit "resize", `rounds_down`, max_side 1600,
                       `resizes_levels`
GCA                    N, trimap "one-hot", multiple 32, fit "reflect"; its demo besides with border 32
SHM, trimap-free       N, no trimap part, multiple 16, fit "reflect"
SIM                    trimap "levels", multiple 8, fit "symmetric", `grows`; the part "clicks"
IndexNet               N, trimap "fraction", multiple 32, fit "resize", `resampling` and `alpha_resampling`
                       "cubic"
FBA                    N, trimap "known", multiple 8, fit "resize", `resampling` and `trimap_resampling`
                       "lanczos"; the part "clicks", `wraps`
=====================  =====================================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.image import FOREGROUND, UNKNOWN, UInt8
from simd.methods.runtime.check_inputs import Float32, overwrite_known
from simd.methods.runtime.click_maps import click_maps, distances, distances_to

TRIMAPS: Mapping[str, tuple[tuple[float, float, float], ...]] = {
    "fraction": ((0, 128 / 255, 1),),
    "half": ((0, 0.5, 1),),
    "levels": ((0, 128, 255),),
    "index": ((0, 1, 2),),
    "one-hot": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "known": ((1, 0, 0), (0, 0, 1)),
}
"""Encodings of a trimap: for each channel, what background, unknown and foreground become."""

FITS = ("zero", "edge", "reflect", "symmetric", "resize")
"""How an image comes to a multiple: padded at the bottom and right after normalisation, or resized."""

RESAMPLINGS: Mapping[str, int] = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}
"""Names of OpenCV's kernels, which the published networks were measured with."""

_GRADED = {"fraction": 1 / 255, "levels": 1.0}  # encodings in which levels between the three mean something

Pixels = TypeVar("Pixels", bound=npt.NDArray[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """What a network takes in; the defaults change nothing but the type."""

    order: str = "rgb"  # or "bgr"
    range: float = 1.0  # of the image before mean and std
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)  # in the order of the channels
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    trimap: str = "fraction"  # a key of TRIMAPS
    multiple: int = 1  # of both sides
    min_side: int = 0
    max_side: int = 0  # of a network that resizes, each side by itself; 0: none
    grows: bool = False  # a side that is a multiple already grows by one multiple more, as in SIM's release
    rounds_down: bool = False  # to the multiple below; only where the image is resized
    border: int = 0  # padded on all four sides, besides; only where the image is padded
    fit: str = "zero"  # one of FITS
    resampling: str = "linear"  # of the image, a key of RESAMPLINGS
    trimap_resampling: str = "nearest"  # of the encoded trimap
    alpha_resampling: str = "linear"  # of alpha on its way back
    resizes_levels: bool = False  # image and trimap are resized in 8 bits, both by `resampling`
    wraps: bool = False  # clicks of a resized trimap: known pixels are found in 8 bits that wrap around
    graded: bool = False  # levels between 0, 128 and 255 go in as they are, not as the next below

    def __post_init__(self) -> None:
        """Refuse a declaration that contradicts itself (ValueError): it is code's, never data's."""
        kernels = {self.resampling, self.trimap_resampling, self.alpha_resampling}
        if self.order not in ("rgb", "bgr") or self.trimap not in TRIMAPS or self.fit not in FITS:
            raise ValueError(f"unknown order, trimap or fit: {self.order}, {self.trimap}, {self.fit}")
        if not kernels <= set(RESAMPLINGS):
            raise ValueError(f"unknown resampling {kernels - set(RESAMPLINGS)}; known: {list(RESAMPLINGS)}")
        if self.resizes and self.border:
            raise ValueError("a network that resizes has no border")
        if not self.resizes and (self.rounds_down or self.max_side or self.resizes_levels):
            raise ValueError('rounds_down, max_side and resizes_levels need fit "resize"')
        if self.graded and self.trimap not in _GRADED:
            raise ValueError(f"the trimap {self.trimap} has no place for other levels than three")

    @property
    def resizes(self) -> bool:
        """Whether the image is resized, and not padded."""
        return self.fit == "resize"

    @property
    def trimap_channels(self) -> int:
        """Channels that the trimap becomes."""
        return len(TRIMAPS[self.trimap])

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the (H, W) at which the network runs on an image of (H, W)."""
        height, width = (self._side(length) for length in size)
        return height, width

    def parts(self, image: UInt8, trimap: UInt8, size: tuple[int, int] | None = None) -> dict[str, Float32]:
        """Return "image", float32 (3, H, W), and "trimap", float32 (C, H, W), at the network's size.

        Parameters
        ----------
        image : uint8, shape (h, w, 3)
            RGB.
        trimap : uint8, shape (h, w)
            0, 128, 255.
        size : tuple of int, optional
            (H, W) of a network of one size; by default :meth:`size` of the image's.
        """
        size = size or self.size((trimap.shape[0], trimap.shape[1]))
        if self.resizes:
            return self._resized(image, trimap, size)
        parts = {"image": self.image(image).transpose(2, 0, 1), "trimap": self.encoded(trimap)}
        return {key: np.asarray(self._padded(part, size, 1)) for key, part in parts.items()}

    def clicks(self, trimap: UInt8, size: tuple[int, int] | None = None) -> Float32:
        """Return the maps of nearness to known pixels, float32 (6, H, W), at the network's size.

        Distances of a padded trimap are those inside the image; the padding is filled as the image's.
        See :func:`simd.methods.runtime.click_maps.click_maps`.
        """
        size = size or self.size((trimap.shape[0], trimap.shape[1]))
        if self.resizes:
            channels = [
                _resize(channel, size, self.trimap_resampling)
                for channel in Preprocessing(trimap="known").encoded(trimap)
            ]
            # what is less than a level from 1 is known: kernels leave rounding errors
            lacks = [np.trunc((1 - channel) * np.float32(255)) for channel in channels]
            bg, fg = ((lack % 256 if self.wraps else lack) == 0 for lack in lacks)
            return click_maps(distances_to(bg, fg), size)
        maps = click_maps(distances(trimap), (trimap.shape[0], trimap.shape[1]))
        return np.asarray(self._padded(maps, size, 1))

    def image(self, image: UInt8) -> Float32:
        """Return the image, float32 (H, W, 3), in order, range, mean and std of the network."""
        colours = image[..., ::-1] if self.order == "bgr" else image
        scaled = colours.astype(np.float32) * np.float32(self.range / 255)
        mean, std = (np.array(channels, np.float32) for channels in (self.mean, self.std))
        return np.asarray((scaled - mean) / std, np.float32)

    def encoded(self, trimap: UInt8) -> Float32:
        """Return the trimap, float32 (C, H, W)."""
        if self.graded:
            return trimap[None].astype(np.float32) * np.float32(_GRADED[self.trimap])
        levels = (trimap >= UNKNOWN).astype(np.intp) + (trimap == FOREGROUND)  # 0 bg, 1 unknown, 2 fg
        return np.array(TRIMAPS[self.trimap], np.float32)[:, levels]

    def padded(self, pixels: Pixels) -> Pixels:
        """Pad (H, W) or (H, W, C) to the network's size."""
        return self._padded(pixels, self.size((pixels.shape[0], pixels.shape[1])), 0)

    def restored(self, alpha: Float32, size: tuple[int, int]) -> Float32:
        """Return alpha at the image's size (H, W): resized back, or cut out."""
        height, width = size
        if self.resizes:
            return _resize(alpha, size, self.alpha_resampling)
        rows, columns = (slice(self.border, self.border + length) for length in (height, width))
        return np.ascontiguousarray(alpha[rows, columns])

    def _side(self, length: int) -> int:
        multiples = length // self.multiple + 1 if self.grows else -(-length // self.multiple)
        if self.rounds_down:
            multiples = max(length // self.multiple, 1)
        side = max(multiples * self.multiple, self.min_side)
        return min(side, self.max_side or side) + 2 * self.border

    def _resized(self, image: UInt8, trimap: UInt8, size: tuple[int, int]) -> dict[str, Float32]:
        if self.resizes_levels:
            colours = self.image(_resize(image, size, self.resampling))
            levels = _resize(trimap, size, self.resampling)  # holds levels between the three
            factor = _GRADED.get(self.trimap)
            graded = None if factor is None else levels[None].astype(np.float32) * np.float32(factor)
            encoded = self.encoded(levels) if graded is None else graded
        else:
            colours = _resize(self.image(image), size, self.resampling)
            encoded = np.stack([_resize(c, size, self.trimap_resampling) for c in self.encoded(trimap)])
        return {"image": colours.transpose(2, 0, 1), "trimap": encoded}

    def _padded(self, pixels: Pixels, size: tuple[int, int], first: int) -> Pixels:
        """Pad the axes from `first` on; modes of NumPy that repeat where the padding exceeds the side."""
        widths = [(0, 0)] * pixels.ndim
        for axis in (0, 1):
            fill = size[axis] - pixels.shape[first + axis] - self.border
            widths[first + axis] = (self.border, fill)
        mode: Any = "constant" if self.fit == "zero" else self.fit
        return np.pad(pixels, widths, mode=mode)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Postprocessing:
    """What a network gives out; the defaults are alpha in [0, 1], and known pixels of the trimap."""

    channel: int = 0
    range: float = 1.0  # of alpha; 255 for a network that gives levels
    sigmoid: bool = False  # for a network that gives logits
    keep_known: bool = True  # 0 and 1 where the trimap knows them
    stretch: bool = False  # its least value becomes 0, its greatest 1

    def alpha(self, raw: Float32, inputs: Preprocessing, trimap: UInt8) -> Float32:
        """Return the matte, float32 (h, w) in [0, 1].

        Parameters
        ----------
        raw : float32, shape (H, W)
            The network's channel, at the network's size.
        inputs : Preprocessing
            What went in.
        trimap : uint8, shape (h, w)

        Raises
        ------
        DataError
            If alpha is not finite.
        """
        if self.sigmoid:
            raw = np.asarray(1 / (1 + np.exp(-raw)), np.float32)
        if not np.isfinite(raw).all():
            raise DataError("its alpha is not finite")
        if self.stretch:
            lowest, highest = float(raw.min()), float(raw.max())
            raw = np.asarray((raw - lowest) / max(highest - lowest, 1e-8), np.float32)
        alpha = inputs.restored(raw / np.float32(self.range), (trimap.shape[0], trimap.shape[1]))
        return overwrite_known(alpha, trimap) if self.keep_known else alpha.clip(0, 1)


def _resize(pixels: Pixels, size: tuple[int, int], resampling: str) -> Pixels:
    height, width = size
    resized = cv2.resize(pixels, (width, height), interpolation=RESAMPLINGS[resampling])
    return np.asarray(resized, pixels.dtype)  # type: ignore[return-value]
