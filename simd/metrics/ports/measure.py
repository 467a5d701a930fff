"""One image measured as a port would: what it does to the mattes, then the metric with its departures."""

import math
from collections.abc import Collection

import cv2
import numpy as np

from simd.image import BACKGROUND, FOREGROUND, Mask, Matte, UInt8
from simd.mattes import as_levels, largest_value
from simd.metrics import alpha as ours
from simd.metrics.ports import components, gradients
from simd.metrics.ports.recipes import UNSCALED, Recipe
from simd.trimap import unknown_region

_LONG_SIDE = 1024


def measure(pred: Matte, alpha: Matte, trimap: UInt8, metric: str, recipe: Recipe) -> float:
    """Return an error by a recipe, in the units of :mod:`simd.metrics.alpha`.

    Parameters
    ----------
    pred, alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        Predicted and true matte.
    trimap : uint8, shape (H, W)
        0, 128 (unknown) and 255.
    metric : {"sad", "mse", "grad", "conn", "mad"}
        "mad" is the mean absolute difference.
    recipe : tuple of str
        Departures from ours (:data:`simd.metrics.ports.recipes.DEPARTURES`).

    Returns
    -------
    float
        What the port says; nan where it divides by no pixel.

    Examples
    --------
    >>> alpha = np.array([[0, 0, 255, 255]], np.uint8)
    >>> pred, trimap = np.array([[51, 0, 0, 255]], np.uint8), np.array([[0, 128, 128, 255]], np.uint8)
    >>> [round(1000 * measure(pred, alpha, trimap, "sad", recipe), 9) for recipe in ((), ("whole",))]
    [1.0, 1.2]
    """
    unknown = unknown_region(trimap)
    region = np.ones_like(unknown) if "whole" in recipe else unknown
    if "rounded" in recipe or "wrapped" in recipe:
        pred, alpha = as_levels(pred), as_levels(alpha)
    elif "truncated" in recipe:
        pred, alpha = _truncated(pred), _truncated(alpha)
    if "copied" in recipe:
        pred = copied(pred, trimap)
    if "long-side-1024" in recipe:
        pred, alpha = as_levels(_resized(pred)), _resized(alpha)
        size = alpha.shape[::-1]
        region, unknown = (
            cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).view(np.bool_)
            for mask in (region, unknown)
        )
    if "stretched" in recipe:
        pred, alpha = gradients.stretched(pred), gradients.stretched(alpha)
    value = _error(pred, alpha, region, unknown, metric, recipe)
    if "of-rows" in recipe:
        value /= len(pred)
    if "tenth" in recipe:
        value *= 100
    if "unscaled" in recipe:
        value *= UNSCALED[metric]
    return 0.0 if math.isnan(value) and "empty-is-0" in recipe else float(value)


def _error(
    pred: Matte, alpha: Matte, region: Mask, unknown: Mask, metric: str, recipe: Collection[str]
) -> float:
    if "wrapped" in recipe:
        difference = pred - alpha  # uint8, modulo 256
        if metric == "mse":
            counted = np.ones_like(region) if "whole-over-unknown" in recipe else region
            return _per_pixel(float((difference**2)[counted].sum(dtype=np.int64)), unknown)
        return float(difference[region].sum(dtype=np.int64)) / 1000
    if metric == "sad":
        return ours.sad(pred, alpha, region)
    if metric == "mad":
        return 1000 * ours.sad(pred, alpha, region) / region.sum() if region.any() else math.nan
    if metric == "mse":
        if "whole-over-unknown" in recipe:
            return _per_pixel(ours.mse(pred, alpha, np.ones_like(region)) * region.size, unknown)
        return ours.mse(pred, alpha, region)
    if metric == "grad":
        return gradients.grad(pred, alpha, region, recipe)
    return components.conn(pred, alpha, region, recipe)


def _per_pixel(total: float, unknown: Mask) -> float:
    count = int(unknown.sum())
    return total / count if count else 0.0


def _truncated(matte: Matte) -> UInt8:
    return as_levels(matte) if matte.dtype == np.uint8 else (matte * 255).astype(np.uint8)


def copied(pred: Matte, trimap: UInt8) -> Matte:
    """Return a prediction whose known pixels come from the trimap."""
    pred = pred.copy()
    pred[trimap == BACKGROUND] = 0
    pred[trimap == FOREGROUND] = largest_value(pred)
    return pred


def _resized(matte: Matte) -> Matte:
    """Return a matte, float32 (H, W), 1024 pixels on the long side: bilinear, without smoothing first."""
    unit = (matte / np.float32(largest_value(matte))).astype(np.float32)
    height, width = (int(side * _LONG_SIDE / max(unit.shape) + 0.5) for side in unit.shape)
    return np.asarray(cv2.resize(unit, (width, height), interpolation=cv2.INTER_LINEAR).clip(0, 1))
