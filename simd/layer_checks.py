"""Compare what belongs to one picture: levels with their range, a trimap with its alpha, two orientations."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from simd.image import BACKGROUND, FOREGROUND, Matte, UInt8, read_orientation, to_uint8

CONTRADICTS = 25
"""A known pixel contradicts its trimap where alpha is more levels away: a tenth of the range."""

_CLEAR, _SOLID = 8, 247  # video holds 16..235; noise and rounding stay within a few levels of 0 and 255
_FAR_BELOW, _BELOW = 64, 128  # 12 bits in 16 end at 16 of 255, 14 bits at 64, 7 bits at 127; dim glass at 168


class Range(NamedTuple):
    """What the levels of a matte say of its scale."""

    detail: str
    largest: int  # of 255
    unscaled: bool  # almost surely, rather than dim


def part_of_range(matte: Matte) -> Range | None:
    """Tell whether the levels of a matte span a part of the range only; None where not, or all are one."""
    scale = 1 if matte.dtype == np.uint8 else 255
    low, high = float(matte.min()) * scale, float(matte.max()) * scale
    largest = round(high)
    if low == high:  # says nothing of a scale
        return None
    if matte.dtype == np.uint8 and high == 1:
        return Range("holds 0 and 1 of 255 only: a mask that was not scaled?", 1, True)
    if high <= _FAR_BELOW:
        return Range(f"alpha ends at {largest} of 255: levels of fewer bits?", largest, True)
    if low >= _CLEAR and low < high <= _SOLID:
        return Range(f"alpha lies in {round(low)}..{largest} of 255, as in video: not scaled?", largest, True)
    if high <= _BELOW:
        return Range(f"alpha ends at {largest} of 255", largest, False)
    return None


def count_contradictions(alpha: Matte, trimap: UInt8) -> int:
    """Count the known pixels of a trimap that alpha contradicts, by more than a tenth of the range."""
    far = cv2.compare(cv2.absdiff(to_uint8(alpha), trimap), CONTRADICTS, cv2.CMP_GT)
    known = cv2.bitwise_or(
        cv2.compare(trimap, BACKGROUND, cv2.CMP_EQ), cv2.compare(trimap, FOREGROUND, cv2.CMP_EQ)
    )
    return int(cv2.countNonZero(cv2.bitwise_and(far, known)))


def differing_orientation(image: Path, matte: Path) -> str:
    """Say that the headers of a pair state two orientations; "" where they do not."""
    stated = read_orientation(image), read_orientation(matte)
    if stated[0] == stated[1]:
        return ""
    return (
        f"{image.name} states EXIF orientation {stated[0]} and {matte.name} states {stated[1]}; each is "
        "turned as it states, so they fit only if the matte was made from the upright picture"
    )
