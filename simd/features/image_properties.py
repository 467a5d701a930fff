"""What may make an image hard to matte, one number a property."""

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from simd.features.region_statistics import foreground_size, measure_regions
from simd.features.shape import object_mask, stroke_widths, widths_at
from simd.features.sobel import sobel
from simd.image import UInt8
from simd.trimap import unknown_region

THIN = 3.0
"""Strokes narrower than this many pixels are thin."""

PROPERTIES = {
    "colour distance": "of foreground and background where they mix, ΔE*ab",
    "background texture": "mean gradient of the known background, of 255 levels",
    "unknown area": "share of the image",
    "unknown width": "mean width of the unknown band, pixels",
    "alpha ratio": "share of fractional pixels in the unknown region",
    "gradient": "mean gradient of alpha over fractional pixels",
    "thin strokes": "share of strokes below 3 pixels in the unknown region",
    "holes": "holes of the object that reach into the unknown region",
    "sharpness": "mean second derivative of the image in the unknown region, of 255 levels",
    "size": "side of a square as large as the foreground, pixels",
}
"""The properties, and what each is."""


def image_properties(image: UInt8, alpha: UInt8, trimap: UInt8) -> dict[str, float]:
    """Measure the properties of an image, to six digits, by the names of :data:`PROPERTIES`; or nan.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
    alpha : uint8, shape (H, W)
        True matte.
    trimap : uint8, shape (H, W) of 0, 128, 255

    Raises
    ------
    DataError
        If the sizes differ.
    """
    unknown = unknown_region(trimap)
    whole, _ = measure_regions(image, alpha, unknown, {})
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slopes = np.hypot(*sobel(grey, scale=1 / 8))
    bends = np.abs(cv2.Laplacian(grey, cv2.CV_32F, borderType=cv2.BORDER_REPLICATE))
    distance, ridge = stroke_widths(object_mask(alpha))
    widths = widths_at(distance, ridge & unknown)
    # in a band w wide the distances 1 .. w/2 .. 1 to what is known have the mean w/4 + 1/2
    depth = cv2.distanceTransform(unknown.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    values = {
        "colour distance": whole.colour_distance_estimated,
        "background texture": _mean(slopes[trimap == 0]),
        "unknown area": whole.unknown_share,
        "unknown width": 4 * _mean(depth[unknown]) - 2,
        "alpha ratio": whole.alpha_ratio,
        "gradient": whole.mean_gradient,
        "thin strokes": _mean(widths < THIN) if widths.size else 0.0,
        "holes": float(whole.holes),
        "sharpness": _mean(bends[unknown]),
        "size": math.sqrt(foreground_size(alpha).fg_share * alpha.size),
    }
    # what rounding leaves must not put images in an order: those of one foreground have equal values
    return {name: float(f"{value:.6g}") for name, value in values.items()}


def _mean(values: npt.NDArray[Any]) -> float:
    return float(values.mean(dtype=np.float64)) if values.size else math.nan
