"""A checked pair of mattes with the pixels to score, and the sums that the four errors are made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.image import Mask, Matte
from simd.mattes import check_array, check_values
from simd.metrics import connectivity, gradient, region_sums
from simd.metrics.region_sums import SLOTS, Array, Float64, Int32, UInt8

REGION = 1
"""The slot of the one region that the public functions score."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two mattes of one shape and dtype (contiguous, writable), and the runs of pixels to score."""

    pred: Array
    alpha: Array
    runs: Int32  # (n, 4): row, start, stop, slot

    @property
    def is_uint8(self) -> bool:
        """Whether the mattes hold 0..255; else 0..1."""
        return bool(self.pred.dtype == np.uint8)


def check(pred: Matte, alpha: Matte, region: Mask, name: str = "region") -> tuple[Array, Array, UInt8]:
    """Return the mattes in one dtype, and the region as slots 0 and 1.

    uint8 stays as it is where both are, and else becomes v / 255 in the precision of the other; float32
    becomes float64 where the other is. So a matte saved both ways has no error against itself.

    Raises
    ------
    DataError
        As the public functions say.
    """
    for value, argument in ((pred, "pred"), (alpha, "alpha"), (region, name)):
        check_array(value, argument)
    if not pred.shape == alpha.shape == region.shape:
        raise DataError(
            f"pred {pred.shape}, alpha {alpha.shape} and {name} {region.shape} must share one (H, W); "
            "resize the prediction to the size of the true matte first"
        )
    if pred.ndim != 2 or pred.size == 0:
        raise DataError(
            f"mattes are (H, W) with at least one pixel, these are {pred.shape}; pass one channel"
        )
    if region.dtype != np.bool_:
        raise DataError(
            f"{name} is {region.dtype}, but has to be a boolean mask; of a trimap, pass `trimap == 128`"
        )
    dtypes = {_check_matte(pred, "pred"), _check_matte(alpha, "alpha")}
    if len(dtypes) == 2:
        dtype = np.float64 if np.dtype(np.float64) in dtypes else np.float32
        pred, alpha = _as_float(pred, dtype), _as_float(alpha, dtype)
    slots = np.require(region.view(np.uint8), requirements=["C", "W"])
    return _plain(pred), _plain(alpha), slots


def pair(pred: Matte, alpha: Matte, region: Mask) -> Pair:
    """Check two mattes and a region; the region is slot 1."""
    pred, alpha, slots = check(pred, alpha, region)
    return Pair(pred, alpha, region_sums.find_runs(slots))


def pixels(mattes: Pair) -> npt.NDArray[np.int64]:
    """Return the number of pixels in each slot, int64 (256,)."""
    counts = np.zeros(SLOTS, np.int64)
    region_sums.count_pixels(mattes.runs, counts)
    return counts


def differences(mattes: Pair) -> tuple[Float64, Float64]:
    """Return the sums of |pred - alpha| and of its square in each slot, float64 (256,)."""
    if mattes.is_uint8:
        absolute, squared = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64)
        region_sums.sum_differences_of_uint8(mattes.pred, mattes.alpha, mattes.runs, absolute, squared)
        return absolute / 255, squared / 255**2
    sums, sums2 = np.zeros(SLOTS), np.zeros(SLOTS)
    region_sums.sum_differences_of_float(mattes.pred, mattes.alpha, mattes.runs, sums, sums2)
    return sums, sums2


def gradients(mattes: Pair) -> Float64:
    """Return the sum of squared differences of the gradient magnitudes in each slot, float64 (256,)."""
    sums = np.zeros(SLOTS)
    scales = _scale(mattes.pred), _scale(mattes.alpha)
    gradient.sum_gradient_differences(mattes.pred, mattes.alpha, *scales, mattes.runs, sums)
    return sums


def connectivities(mattes: Pair, *, skip_empty: bool) -> Float64:
    """Return the sum of differences in connectedness in each slot, float64 (256,)."""
    levels = connectivity.connected_levels(mattes.pred, mattes.alpha, skip_empty=skip_empty)
    if mattes.is_uint8:
        exact = np.zeros(SLOTS, np.int64)
        connectivity.sum_connectivity_of_uint8(mattes.pred, mattes.alpha, levels, mattes.runs, exact)
        return exact / 2550
    sums = np.zeros(SLOTS)
    connectivity.sum_connectivity_of_float(mattes.pred, mattes.alpha, levels, mattes.runs, sums)
    return sums


def _check_matte(matte: Matte, name: str) -> np.dtype[Any]:
    """Return the dtype to score in."""
    check_values(matte, name)
    if matte.dtype == np.uint8:
        return matte.dtype
    return np.dtype(np.float32) if matte.dtype.itemsize <= 4 else np.dtype(np.float64)


def _as_float(matte: Matte, dtype: type[np.floating[Any]]) -> Matte:
    return np.divide(matte, 255, dtype=dtype) if matte.dtype == np.uint8 else matte.astype(dtype)


def _plain(matte: Matte) -> Array:
    """Return the matte in the one memory layout that the kernels are compiled for."""
    dtype = (
        matte.dtype if matte.dtype == np.uint8 else np.float32 if matte.dtype.itemsize <= 4 else np.float64
    )
    return np.require(matte, dtype=dtype, requirements=["C", "A", "W"])


def _scale(matte: Array) -> float:
    """Return 1 / (max - min), with which the matte spans 0..1; 0 if it is constant."""
    span = float(matte.max()) - float(matte.min())
    return 1 / span if span > 0 else 0.0
