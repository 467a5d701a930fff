"""Conn as ports compute it: other thresholds, and other components that count as connected."""

from collections.abc import Collection
from functools import lru_cache

import cv2
import numpy as np

from simd.image import Mask, Matte, UInt8
from simd.mattes import largest_value
from simd.metrics import alpha as ours
from simd.metrics.connectivity import STEPS, connected_levels
from simd.metrics.region_sums import Float64

_THRESHOLDS = np.arange(0, 1.1, 0.1)[1:]  # as ports write them: the sixth is 0.6000000000000001
_VALUE_OF_LEVEL = np.ceil(np.arange(STEPS + 1) * 25.5).astype(np.uint8)  # the least of 0..255 that reaches it
_THETA = 0.15
_PROPAGATION = 256
_LOOKED = 8  # steps between looks whether the numbers have settled


def conn(pred: Matte, alpha: Matte, region: Mask, recipe: Collection[str]) -> float:
    """Return Conn, in thousands, with the departures of a recipe."""
    if "binarised" in recipe:
        difference = _lost(pred) - _lost(alpha)
        return float(np.abs(difference)[region].sum()) / 1000
    if not {"background-wins", "row-ties", "float64"} & set(recipe):
        return ours.conn(pred, alpha, region, empty="skip" if "skip-empty" in recipe else "stop")
    double = "float64" in recipe
    levels = np.minimum(_reached(pred, double=double), _reached(alpha, double=double))
    if "background-wins" in recipe:
        connected = _with_background(levels)
    else:
        values = _VALUE_OF_LEVEL[levels]
        if "row-ties" in recipe:  # the column order of what is transposed
            values = np.ascontiguousarray(values.T)
        connected = connected_levels(values, values, skip_empty="skip-empty" in recipe)
        connected = connected.T if "row-ties" in recipe else connected
    jumps = [_above(matte, connected / STEPS) for matte in (pred, alpha)]
    return float(np.abs(jumps[0] - jumps[1])[region].sum()) / 1000


def _reached(matte: Matte, *, double: bool) -> UInt8:
    """Return how many thresholds each pixel reaches, 0..10; of a float matte, in its own precision."""
    if matte.dtype == np.uint8:
        matte = np.divide(matte, 255, dtype=np.float64 if double else np.float32)
    return np.asarray(np.searchsorted(_THRESHOLDS, matte, side="right"), dtype=np.uint8)


def _with_background(levels: UInt8) -> UInt8:
    """Return how many thresholds each pixel is in the largest component of, the background being one, too."""
    inside = np.ones(levels.shape, np.bool_)
    connected = np.zeros(levels.shape, np.uint8)
    for level in range(1, STEPS + 1):
        _, labels = cv2.connectedComponents((levels >= level).view(np.uint8), connectivity=4)
        inside &= labels == np.argmax(np.bincount(labels.ravel()))
        connected[inside] = level
    return connected


def _above(matte: Matte, last: Float64) -> Float64:
    """Return 1 - phi: how far a matte is above its last threshold, if by 0.15 or more, in its precision."""
    jump = matte / largest_value(matte) - last.astype(np.float64 if matte.dtype == np.uint8 else matte.dtype)
    return np.asarray(jump * (jump >= jump.dtype.type(_THETA)), dtype=np.float64)


def _lost(matte: Matte) -> Float64:
    """Return a matte without its largest component above 0.5."""
    unit = np.asarray(matte, np.float32) / np.float32(largest_value(matte))
    mask = unit >= 0.5
    largest = np.frombuffer(_largest(mask.tobytes(), mask.shape), np.bool_).reshape(mask.shape)
    return np.where(largest, 0, unit).astype(np.float64)


@lru_cache(maxsize=2)  # of both mattes of an image, which is measured in two regions
def _largest(pixels: bytes, shape: tuple[int, ...]) -> bytes:
    """Return the largest component of a mask, as found by numbers that spread in steps.

    Every pixel takes the largest number among its four neighbours, 256 times; in a component that is longer
    than that several numbers are left, and it counts as several.
    """
    mask = np.frombuffer(pixels, np.bool_).reshape(shape).astype(np.float32)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    labels = np.arange(1, mask.size + 1, dtype=np.float32).reshape(shape) * mask
    spread = np.empty_like(labels)
    for step in range(_PROPAGATION):
        cv2.dilate(labels, cross, dst=spread, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        spread *= mask
        settled = step % _LOOKED == 0 and np.array_equal(spread, labels)
        labels, spread = spread, labels
        if settled:
            break
    counts = np.bincount(labels.ravel().astype(np.int64))
    counts[0] = 0
    largest = labels == np.argmax(counts) if counts.any() else np.zeros(shape, np.bool_)
    return largest.tobytes()
