"""The 3 × 3 Sobel derivatives, whose eighth is the slope a pixel."""

from typing import Any

import cv2
import numpy.typing as npt

Plane = npt.NDArray[Any]


def sobel(
    plane: Plane, *, depth: int = cv2.CV_32F, scale: float = 1, border: int = cv2.BORDER_REPLICATE
) -> tuple[Plane, Plane]:
    """Return the responses (H, W) along x and along y: right minus left, lower minus upper.

    Parameters
    ----------
    plane : uint8 or float32, shape (H, W)
    depth : int
        OpenCV's type of the result; ``cv2.CV_16S`` holds what a uint8 plane gives, -1020..1020.
    scale : float
        1/8 makes slopes: 0.1 where the plane rises by 0.1 a pixel.
    border : int
        OpenCV's rule for what lies outside.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = sobel(np.tile(np.float32([0, 0.25, 0.5, 0.75]), (4, 1)), scale=1 / 8)
    >>> x[0].tolist(), float(y.max())
    ([0.125, 0.25, 0.25, 0.125], 0.0)
    """
    x = cv2.Sobel(plane, depth, 1, 0, ksize=3, scale=scale, borderType=border)
    return x, cv2.Sobel(plane, depth, 0, 1, ksize=3, scale=scale, borderType=border)
