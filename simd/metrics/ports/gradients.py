"""Grad as ports compute it: other derivatives, and mattes that are stretched otherwise."""

from collections.abc import Collection

import cv2
import numpy as np
from scipy import ndimage

from simd.image import Mask, Matte
from simd.mattes import largest_value
from simd.metrics import alpha as ours
from simd.metrics import checked_mattes, gradient
from simd.metrics.region_sums import SLOTS, Float64

_LEAST = 1e-8  # under the root of Sobel's magnitude


def grad(pred: Matte, alpha: Matte, region: Mask, recipe: Collection[str]) -> float:
    """Return Grad, in thousands, with the departures of a recipe."""
    if "two-levels" in recipe:
        return _of_two_levels(pred, alpha, region)
    if "sobel" in recipe:
        return float(np.abs(_sobel(_unit(pred)) - _sobel(_unit(alpha)))[region].sum()) / 1000
    if "gaussian-filter" in recipe:
        shaped = _unit if "unstretched" in recipe else stretched
        difference = _filtered(shaped(pred)) - _filtered(shaped(alpha))
        return float((difference**2)[region].sum()) / 1000
    if "unstretched" in recipe:
        mattes = checked_mattes.pair(pred, alpha, region)
        scale, sums = (1 / 255 if mattes.is_uint8 else 1.0), np.zeros(SLOTS)
        gradient.sum_gradient_differences(mattes.pred, mattes.alpha, scale, scale, mattes.runs, sums)
        return float(sums[checked_mattes.REGION]) / 1000
    return ours.grad(pred, alpha, region)


def stretched(matte: Matte) -> Matte:
    """Return a matte that spans 0..1, float32, by way of 0..255; of a constant one, 0 everywhere."""
    levels = matte.astype(np.float32) * np.float32(255 / largest_value(matte))
    levels = cv2.normalize(levels, np.empty_like(levels), 0.0, 255.0, cv2.NORM_MINMAX)
    return np.asarray(levels / np.float32(255)).clip(0, 1)


def _unit(matte: Matte) -> Matte:
    return matte.astype(np.float64) / largest_value(matte)


def _filtered(matte: Matte) -> Float64:
    down, across = (
        ndimage.gaussian_filter(matte.astype(np.float64), gradient.SIGMA, order=order)
        for order in ((1, 0), (0, 1))
    )
    return np.asarray(np.hypot(down, across))


def _sobel(matte: Matte) -> Float64:
    across, down = (ndimage.sobel(matte, axis=axis, mode="constant") for axis in (1, 0))
    return np.asarray(np.sqrt(across**2 + down**2 + _LEAST))


def _of_two_levels(pred: Matte, alpha: Matte, region: Mask) -> float:
    """Return Grad of arrays that stay unsigned 8 bits all along, and of magnitudes in half precision."""
    smooth, slope = gradient.taps()
    sides = np.arange(-gradient.HALO, gradient.HALO + 1)
    kernel = np.outer(
        np.take(smooth, abs(sides)), np.take(slope, abs(sides)) * -np.sign(sides)
    )  # of norm 1, as each factor is
    magnitudes = []
    for matte in (pred, alpha):
        binary = np.rint(stretched(matte)).astype(np.uint8)
        responses = [
            cv2.filter2D(binary, -1, taps, borderType=cv2.BORDER_REPLICATE) for taps in (kernel, kernel.T)
        ]
        magnitudes.append(np.sqrt(responses[0] ** 2 + responses[1] ** 2))  # float16, as NumPy has it
    with np.errstate(over="ignore"):  # half precision ends at 65504, and the port's sum is infinite beyond
        # rounded once: a sum in float16 is another one before NumPy 2.3
        total = ((magnitudes[1] - magnitudes[0]) ** 2 * region).sum(dtype=np.float32).astype(np.float16)
    return float(total / np.float16(1000))
