"""Maps of nearness to the known pixels of a trimap, which SIM and FBA take in beside it."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import BACKGROUND, FOREGROUND, UInt8
from simd.methods.runtime.check_inputs import Float32

_CLICK_LENGTH = 320  # the paper's patch; whatever the image's size
CLICK_SIGMAS = tuple(share * _CLICK_LENGTH for share in (0.02, 0.08, 0.16))
"""Widths of the maps of nearness: 6.4, 25.6 and 51.2 pixels."""


class Distances(NamedTuple):
    """Squared distance to the nearest known pixel, float32 (H, W); None where there is no such pixel."""

    bg: Float32 | None
    fg: Float32 | None

    def window(self, rows: slice, columns: slice) -> "Distances":
        """Return a window of them."""
        bg, fg = (None if part is None else part[rows, columns] for part in self)
        return Distances(bg, fg)


def distances(trimap: UInt8) -> Distances:
    """Measure the distance of each pixel to known background and to known foreground."""
    return distances_to(trimap == BACKGROUND, trimap == FOREGROUND)


def distances_to(bg: npt.NDArray[np.bool_], fg: npt.NDArray[np.bool_]) -> Distances:
    """Measure the distance of each pixel to two regions."""
    return Distances(_squared_distance(bg), _squared_distance(fg))


def click_maps(measured: Distances, size: tuple[int, int]) -> Float32:
    r"""Return six maps of nearness, background first.

    .. math:: e^{-d^2 / 2 \sigma^2}, \quad \sigma \in \{6.4, 25.6, 51.2\}

    Returns
    -------
    float32, shape (6, H, W), in [0, 1]
        1 inside the region; all 0 where the trimap has no such region.
    """
    maps = np.zeros((2 * len(CLICK_SIGMAS), *size), np.float32)
    for side, squared in enumerate(measured):
        for number, sigma in enumerate(CLICK_SIGMAS):
            if squared is not None:
                np.exp(squared / np.float32(-2 * sigma**2), out=maps[side * len(CLICK_SIGMAS) + number])
    return maps


def _squared_distance(region: npt.NDArray[np.bool_]) -> Float32 | None:
    if not region.any():
        return None
    outside = np.where(region, np.uint8(0), np.uint8(1))
    distance = cv2.distanceTransform(outside, distanceType=cv2.DIST_L2, maskSize=cv2.DIST_MASK_PRECISE)
    # The last bit of OpenCV's roots depends on where the array lies in memory. Squares are whole numbers, and
    # exact after rounding wherever a click map is not 0 (up to 700 pixels).
    return np.asarray(np.rint(np.square(distance)), dtype=np.float32)
