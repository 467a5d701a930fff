"""Patches of the unknown region at several scales, described by numbers: what proposals are made from."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from simd.features.descriptors import COLOUR_NAMES, NAMES, describe
from simd.image import Mask, UInt8

WORKING = 384
"""Longest side to which a foreground is shrunk first, so that patches are alike whatever its resolution."""

SIDES = (48, 96, 192)
"""Sides of the patches, in pixels of the shrunk foreground; they overlap by half."""

_LEFT_OUT = ("size", "aspect")  # say how a patch was cut, not what it shows
_KEPT = np.array([name not in _LEFT_OUT for name in (*NAMES, *COLOUR_NAMES)])
FEATURES: tuple[str, ...] = tuple(name for name in (*NAMES, *COLOUR_NAMES) if name not in _LEFT_OUT)
"""Names of the numbers of a patch."""

_FEWEST = 12  # unknown pixels of a patch worth describing


class Small(NamedTuple):
    """A foreground as patches are cut from it."""

    fg: UInt8  # (h, w, 3)
    alpha: UInt8  # (h, w)
    unknown: Mask  # (h, w)


class Patch(NamedTuple):
    """A square of a shrunk foreground."""

    scale: int  # its side is SIDES[scale]
    rows: slice
    columns: slice


def shrink(fg: UInt8, alpha: UInt8, unknown: Mask, side: int = WORKING) -> Small:
    """Shrink a foreground so that its longer side has `side` pixels; smaller ones stay as they are."""
    scale = side / max(alpha.shape)
    if scale >= 1:
        return Small(fg, alpha, unknown)
    size = (max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale)))
    # Colours are weighted by alpha, as what lies under alpha 0 is not part of the object.
    weight = alpha.astype(np.float32) + 0.1
    colour = cv2.resize(fg * weight[..., None], size, interpolation=cv2.INTER_AREA)
    colour /= cv2.resize(weight, size, interpolation=cv2.INTER_AREA)[..., None]
    covered = cv2.resize(unknown.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
    return Small(
        np.rint(colour).clip(0, 255).astype(np.uint8),
        np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), dtype=np.uint8),
        np.asarray(covered, dtype=np.bool_),
    )


def patches_of(unknown: Mask, most: int | None = None) -> list[Patch]:
    """Cut the unknown region into overlapping squares of each scale; at most `most` of one, spread out."""
    patches = []
    for scale, side in enumerate(SIDES):
        cut = [
            Patch(scale, slice(top, top + side), slice(left, left + side))
            for top in _starts(unknown.shape[0], side)
            for left in _starts(unknown.shape[1], side)
            if np.count_nonzero(unknown[top : top + side, left : left + side]) >= _FEWEST
        ]
        step = 1 if most is None else max(1, -(-len(cut) // most))
        patches += cut[::step]
    return patches


def describe_patch(small: Small, patch: Patch) -> npt.NDArray[np.float32]:
    """Return the numbers of a patch, float32, named by :data:`FEATURES`."""
    window = patch.rows, patch.columns
    described = describe(small.alpha[window], small.unknown[window], small.fg[window])
    return np.asarray(described[_KEPT], dtype=np.float32)


def _starts(length: int, side: int) -> list[int]:
    """Return where squares begin so that they overlap by about half and end at the edge."""
    if length <= side:
        return [0]
    count = -(-(length - side) * 2 // side) + 1
    return [round(k * (length - side) / (count - 1)) for k in range(count)]
