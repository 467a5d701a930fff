"""The one door for mattes in memory: uint8 0..255 or float in [0, 1], with the arrays beside them.

Both forms are taken everywhere and agree: a matte m and m / 255 have the same trimap, composite and errors. A
float matte counts as it is; where the arithmetic is in integers, it is rounded to 8 bits (:func:`as_levels`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.image import Mask, Matte, UInt8

_ADVICE = "divide 0..255 by 255, clip what overshoots, and replace nan where it arises"


def check_array(value: object, name: str) -> None:
    """Refuse all but a plain NumPy array (DataError): lists, tensors, Pillow's images, masked arrays."""
    if isinstance(value, np.ma.MaskedArray):
        raise DataError(
            f"{name} is a masked array, whose mask would be passed over; "
            f"fill it first, and pass the mask as a region: {name}.filled(0)"
        )
    if not isinstance(value, np.ndarray):
        raise DataError(
            f"{name} is of type {type(value).__name__}, but has to be a NumPy array; "
            f"make one: np.asarray({name})"
        )


def check_values(matte: Matte, name: str) -> None:
    """Refuse an array that is neither uint8 nor float in [0, 1] (DataError)."""
    if matte.dtype == np.uint8:
        return
    if not np.issubdtype(matte.dtype, np.floating):
        raise DataError(f"{name} is {matte.dtype}; a matte is uint8 in 0..255 or float in [0, 1]")
    low, high = float(matte.min()), float(matte.max())
    if not (low >= 0 and high <= 1):
        content = "nan" if np.isnan(low) else f"values from {low:.6g} to {high:.6g}"
        raise DataError(
            f"{name} is {matte.dtype} and holds {content}; a float matte lies in [0, 1]: {_ADVICE}"
        )


def as_matte(matte: Matte, name: str = "alpha") -> Matte:
    """Return a matte (H, W) as it is, after checking it.

    Raises
    ------
    DataError
        If it is not a plain array (H, W) with at least one pixel, uint8 in 0..255 or float in [0, 1].

    Examples
    --------
    >>> as_matte(np.array([[0, 128]]))
    Traceback (most recent call last):
    simd.errors.DataError: alpha is int64; a matte is uint8 in 0..255 or float in [0, 1]
    """
    check_array(matte, name)
    if matte.ndim != 2 or not matte.size:
        raise DataError(
            f"{name} {matte.shape} has to be (H, W) with at least one pixel; of several channels, pass one"
        )
    check_values(matte, name)
    return matte


def as_levels(matte: Matte, name: str = "alpha", *, keep_fractional: bool = False) -> UInt8:
    """Return a checked matte in 8 bits: a float one is rounded to the nearest level.

    Parameters
    ----------
    matte : shape (H, W), uint8 in 0..255 or float in [0, 1]
    name : str
        What the messages call it.
    keep_fractional : bool
        Whether 0 < alpha < 1 stays within 1..254, so that rounding makes no unknown pixel a known one.

    Raises
    ------
    DataError
        As :func:`as_matte`.

    Examples
    --------
    >>> matte = np.array([[0, 0.001, 0.5, 0.999, 1]])
    >>> as_levels(matte).tolist(), as_levels(matte, keep_fractional=True).tolist()
    ([[0, 0, 128, 255, 255]], [[0, 1, 128, 254, 255]])
    """
    as_matte(matte, name)
    if matte.dtype == np.uint8:
        return np.asarray(matte, dtype=np.uint8)
    levels: UInt8 = np.rint(matte * 255).astype(np.uint8)
    if keep_fractional:
        np.clip(levels, 1, 254, out=levels, where=fractional(matte))
    return levels


def largest_value(matte: Matte) -> int:
    """Return what opaque is in this matte: 255 in uint8, 1 in float."""
    return 255 if matte.dtype == np.uint8 else 1


def fractional(matte: Matte) -> Mask:
    """Return where a checked matte is neither 0 nor opaque, bool (H, W)."""
    return np.asarray((matte > 0) & (matte < largest_value(matte)), dtype=np.bool_)


def check_region(region: Mask, shape: tuple[int, ...], name: str = "region") -> None:
    """Refuse a region that is not a boolean mask of the alpha's (H, W) (DataError)."""
    check_array(region, name)
    if region.shape != shape:
        raise DataError(f"{name} {region.shape} and alpha {shape} must share one (H, W)")
    if region.dtype != np.bool_:
        raise DataError(
            f"{name} is {region.dtype}, but has to be a boolean mask; of a trimap, pass `trimap == 128`"
        )


def check_colour(image: npt.NDArray[Any], shape: tuple[int, ...], name: str = "image") -> None:
    """Refuse colour that is not uint8 (H, W, 3) of the alpha's (H, W) (DataError)."""
    check_array(image, name)
    if image.shape != (*shape, 3):
        raise DataError(f"{name} {image.shape} has to be RGB of alpha's size, {(*shape, 3)}")
    if image.dtype != np.uint8:
        raise DataError(
            f"{name} is {image.dtype}, but colour is uint8 in 0..255; multiply 0..1 by 255 and round"
        )
