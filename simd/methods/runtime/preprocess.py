"""What goes into a network and how its alpha comes back, declared: order, mean, std, trimap, size.

A network states these as one :class:`Preprocessing`. What differs between published networks is in it:

=====================  =====================================================================================
ViTMatte, DIM (mmagic)  mean and std, trimap "fraction", multiple 32, fit "zero" or "reflect"
GCA                     mean and std, trimap "one-hot", multiple 32, fit "reflect"
SHM, trimap-free        mean and std, no trimap part, multiple 16, fit "reflect"
SIM                     trimap "levels", multiple 8, fit "symmetric", `grows`
IndexNet                mean and std, trimap "fraction", multiple 32, fit "resize", `resampling` "cubic"
FBA                     trimap "known", multiple 8, fit "resize", `resampling` "lanczos"
=====================  =====================================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import FOREGROUND, UNKNOWN, UInt8
from simd.methods.runtime.check_inputs import Float32

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

_RESAMPLINGS = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}

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
    grows: bool = False  # a side that is a multiple already grows by one multiple more, as in SIM's release
    fit: str = "zero"  # one of FITS
    resampling: str = "linear"  # of image and alpha where they are resized; trimaps take the nearest

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
        height, width = size or self.size((trimap.shape[0], trimap.shape[1]))
        colours = self.image(image)
        if self.resizes:
            across = width, height
            resampling = _RESAMPLINGS[self.resampling]
            colours = np.asarray(cv2.resize(colours, across, interpolation=resampling), np.float32)
            trimap = np.asarray(cv2.resize(trimap, across, interpolation=cv2.INTER_NEAREST), np.uint8)
        parts = {"image": colours.transpose(2, 0, 1), "trimap": self.encoded(trimap)}
        if self.resizes:
            return parts
        return {key: np.asarray(self._padded(part, (height, width), 1)) for key, part in parts.items()}

    def image(self, image: UInt8) -> Float32:
        """Return the image, float32 (H, W, 3), in order, range, mean and std of the network."""
        colours = image[..., ::-1] if self.order == "bgr" else image
        scaled = colours.astype(np.float32) * np.float32(self.range / 255)
        mean, std = (np.array(channels, np.float32) for channels in (self.mean, self.std))
        return np.asarray((scaled - mean) / std, np.float32)

    def encoded(self, trimap: UInt8) -> Float32:
        """Return the trimap, float32 (C, H, W)."""
        levels = (trimap >= UNKNOWN).astype(np.intp) + (trimap == FOREGROUND)  # 0 bg, 1 unknown, 2 fg
        return np.array(TRIMAPS[self.trimap], np.float32)[:, levels]

    def padded(self, pixels: Pixels) -> Pixels:
        """Pad (H, W) or (H, W, C) at the bottom and right to the network's size."""
        return self._padded(pixels, self.size((pixels.shape[0], pixels.shape[1])), 0)

    def restored(self, alpha: Float32, size: tuple[int, int]) -> Float32:
        """Return alpha at the image's size (H, W): resized back, or cut out."""
        height, width = size
        if self.resizes:
            resampling = _RESAMPLINGS[self.resampling]
            return np.asarray(cv2.resize(alpha, (width, height), interpolation=resampling), np.float32)
        return np.ascontiguousarray(alpha[:height, :width])

    def _side(self, length: int) -> int:
        multiples = length // self.multiple + 1 if self.grows else -(-length // self.multiple)
        return max(multiples * self.multiple, self.min_side)

    def _padded(self, pixels: Pixels, size: tuple[int, int], first: int) -> Pixels:
        """Pad the axes from `first` on; modes of NumPy that repeat where the padding exceeds the side."""
        widths = [(0, 0)] * pixels.ndim
        widths[first : first + 2] = [
            (0, size[0] - pixels.shape[first]),
            (0, size[1] - pixels.shape[first + 1]),
        ]
        mode: Any = "constant" if self.fit == "zero" else self.fit
        return np.pad(pixels, widths, mode=mode)  # type: ignore[return-value]
