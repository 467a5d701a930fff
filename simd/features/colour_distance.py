"""How far apart foreground and background colours are where they mix, estimated from image and true alpha."""

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import Mask, Matte, UInt8
from simd.mattes import as_levels, check_colour, check_region

RADIUS = 7
"""Pixels: F and B are taken as constant in a window of 2 × 7 + 1."""

_DETERMINED = 0.01  # least determinant: alphas in the window that differ by about 0.2
_LONGEST = 256  # colours vary slowly, and a soft edge fits the window better at this size
_UNIT = np.float32(1 / 255)

Float32 = npt.NDArray[np.float32]


def estimated_distance(image: UInt8, alpha: Matte, region: Mask) -> float:
    r"""Estimate the mean colour distance of foreground and background in a region, in CIELAB (ΔE*ab).

    A set holds composites, not the layers they were made of. But the true alpha is known, so in a window
    around each pixel, with F and B constant, :math:`I = \alpha F + (1 - \alpha) B` is a linear
    least-squares problem in closed form:

    .. math:: \begin{pmatrix} \overline{\alpha^2} & \overline{\alpha\beta} \\
              \overline{\alpha\beta} & \overline{\beta^2} \end{pmatrix}
              \begin{pmatrix} F \\ B \end{pmatrix} =
              \begin{pmatrix} \overline{\alpha I} \\ \overline{\beta I} \end{pmatrix}, \; \beta = 1 - \alpha

    with means over 15×15 pixels. Its determinant is the variance of alpha in the window; pixels where that
    is below 0.01 determine no two colours and are left out.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
        The composite, RGB; images beyond 256 pixels are measured at 256.
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        True matte; a float one is measured in 8 bits.
    region : bool, shape (H, W)

    Returns
    -------
    float
        0 where both colours are equal, 100 between black and white; nan where no pixel determines it: a
        constant alpha, an empty region.

    Raises
    ------
    DataError
        If an array is none of these, or of another size than alpha.
    """
    levels = as_levels(alpha, keep_fractional=True)
    check_colour(image, levels.shape)
    check_region(region, levels.shape)
    return SmallComposite(image, levels).distance_in(region)


class SmallComposite:
    """Composite and alpha at the size at which colours are estimated, made once for all regions of an image.

    The arrays are those that :func:`estimated_distance` takes, checked, alpha in 8 bits.
    """

    def __init__(self, image: UInt8, alpha: UInt8) -> None:
        scale = _LONGEST / max(alpha.shape)
        self._size: tuple[int, int] | None = None  # (W, H) that they are shrunk to
        if scale < 1:
            self._size = max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale))
            image, alpha = (
                np.asarray(cv2.resize(plane, self._size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
                for plane in (image, alpha)
            )
        self._colour, self._opacity = image * _UNIT, alpha * _UNIT

    def distance_in(self, region: Mask) -> float:
        """Return the estimated distance of the colours in a region, bool (H, W) of the large composite."""
        inside = np.ascontiguousarray(region).view(np.uint8)
        if self._size is not None:
            inside = np.asarray(cv2.resize(inside, self._size, interpolation=cv2.INTER_NEAREST), np.uint8)
        return _distance(self._colour, self._opacity, inside > 0)


def _distance(colour: Float32, opacity: Float32, inside: Mask) -> float:
    window = (2 * RADIUS + 1, 2 * RADIUS + 1)

    def mean(plane: Float32) -> Float32:
        return np.asarray(cv2.blur(plane, window, borderType=cv2.BORDER_REFLECT), dtype=np.float32)

    a = mean(opacity)
    aa = mean(opacity * opacity)
    determinant = aa - a * a
    pixels = inside & (determinant > _DETERMINED)
    if not pixels.any():
        return math.nan
    ab, bb = (a - aa)[pixels], (1 - 2 * a + aa)[pixels]
    total = mean(colour)[pixels]
    weighted = mean(colour * opacity[..., None])[pixels]
    of_bg = total - weighted
    scale = 1 / determinant[pixels]
    fg = (weighted * bb[:, None] - of_bg * ab[:, None]) * scale[:, None]
    bg = (of_bg * aa[pixels][:, None] - weighted * ab[:, None]) * scale[:, None]
    apart = np.asarray(_lab(fg) - _lab(bg), dtype=np.float64)
    return float(np.linalg.norm(apart, axis=1).mean())


def _lab(colours: npt.NDArray[Any]) -> Float32:
    """Return RGB in [0, 1], shape (N, 3), as CIELAB; estimates beyond the range are cut to it."""
    rgb = np.ascontiguousarray(np.clip(colours, 0, 1), dtype=np.float32)[None]
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0], dtype=np.float32)
