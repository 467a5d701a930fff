"""What the network of `fused` is given beside an image, its trimap and the classical answers."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, Mask, UInt8, to_uint8
from simd.methods import Answer, Fallback, load_method
from simd.methods.runtime.click_maps import click_maps, distances

CLASSICAL = ("closed-form", "shared")
"""The methods whose answers are weighed."""
PLANES = 13
"""Planes of :func:`derived_planes`."""
ALL_PLANES, NEAR_PLANES = 24, 12
"""Planes of the network, and those that its last layers see again: the first."""
ANSWERS_AT, UNKNOWN_AT, FOREGROUND_AT = 7, 11, 21
"""Where the two answers, the unknown and the foreground stand among the network's planes."""

Float32 = npt.NDArray[np.float32]

_GREY = 0.5  # of a side that the trimap knows no pixel of
_FLOOR = 0.006  # squared difference of the two colours under which the projection means nothing


def derived_planes(image: UInt8, trimap: UInt8) -> UInt8:
    r"""Compute the planes that depend on the whole image, whatever part of it is solved.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
    trimap : uint8, shape (H, W)

    Returns
    -------
    uint8, shape (H, W, 13)
        0 to 2: the known foreground's colours F̂ spread over the image; 3 to 5: the background's, B̂ (grey
        where there are none); 6 to 11: nearness to both, as SIM has it; 12: alpha by projection,
        :math:`(I - \hat B) \cdot (\hat F - \hat B) / |\hat F - \hat B|^2`, 1/2 where the colours are one.
    """
    pixels = np.asarray(image.astype(np.float32) / 255, dtype=np.float32)
    fg, bg = (_spread(pixels, trimap == side) for side in (FOREGROUND, BACKGROUND))
    difference = fg - bg
    along = _summed((pixels - bg) * difference) + _FLOOR / 2
    projected = (along / (_summed(difference * difference) + _FLOOR)).clip(0, 1)
    near = click_maps(distances(trimap), (trimap.shape[0], trimap.shape[1])).transpose(1, 2, 0)
    return as_levels(np.concatenate([fg, bg, near, projected[..., None]], axis=2))


def folded_planes(planes: UInt8, trimap: UInt8, fallbacks: Sequence[bool] | UInt8) -> UInt8:
    """Return what the network sees, four channels of each plane: the pixels of a square of 2 × 2.

    Parameters
    ----------
    planes : uint8, shape (H, W, 18)
        The image, :func:`derived_planes`, the two answers; H and W are even.
    trimap : uint8, shape (H, W)
        0, 128, 255.
    fallbacks : two bools
        Whether closed-form's, or shared's, answer is a fallback.

    Returns
    -------
    uint8, shape (H/2, W/2, 96)
        Of the planes image 3, B̂ 3, projection, answers 2, their difference, background, unknown; F̂ 3,
        nearness 6, foreground, fallbacks 2.
    """
    height, width = trimap.shape
    squares = np.empty((height // 2, width // 2, ALL_PLANES, 2, 2), np.uint8)
    first, second = (planes[..., at].astype(np.int16) for at in (16, 17))
    sides = [
        np.where(trimap == level, np.uint8(255), np.uint8(0)) for level in (BACKGROUND, UNKNOWN, FOREGROUND)
    ]
    difference = np.abs(first - second).astype(np.uint8)
    for row in range(2):
        for column in range(2):
            square = squares[..., row, column]
            taken = (slice(row, None, 2), slice(column, None, 2))
            square[..., 0:3], square[..., 3:6] = planes[taken][..., 0:3], planes[taken][..., 6:9]
            square[..., 6:9] = planes[taken][..., 15:18]
            for at, plane in zip((9, 10, 11, 21), (difference, *sides), strict=True):
                square[..., at] = plane[taken]
            square[..., 12:15], square[..., 15:21] = planes[taken][..., 3:6], planes[taken][..., 9:15]
    squares[..., 22:24, :, :] = np.where(np.asarray(fallbacks, bool), np.uint8(255), np.uint8(0))[
        :, None, None
    ]
    return squares.reshape(height // 2, width // 2, 4 * ALL_PLANES)


def as_levels(values: npt.NDArray[np.floating]) -> UInt8:
    """Return numbers in 0..1 as levels 0..255, to the nearest."""
    return np.asarray(np.rint(values * 255).clip(0, 255), dtype=np.uint8)


def _summed(values: Float32) -> Float32:
    """Return the sums over three channels, NumPy's to the bit; along so short an axis it takes longer."""
    return np.asarray(values[..., 0] + values[..., 1] + values[..., 2], np.float32)


def _spread(pixels: Float32, known: Mask) -> Float32:
    """Spread known colours over an image, smoother the farther away, through a pyramid of halves."""
    if not known.any():
        return np.full_like(pixels, _GREY)
    levels = [(pixels * known[..., None], known.astype(np.float32))]  # sums of colours, their weights
    while max(levels[-1][1].shape) > 1:
        levels.append(_halved(*levels[-1]))
    total, weight = levels[-1]
    spread = np.asarray(total / np.maximum(weight, 1e-6)[..., None], dtype=np.float32)
    for total, weight in levels[-2::-1]:
        height, width = weight.shape
        larger = cv2.resize(spread, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, 3)
        share = np.minimum(weight, 1)[..., None]
        near: Float32 = np.asarray(total / np.maximum(weight, 1e-6)[..., None], np.float32)
        near *= share
        larger *= 1 - share
        near += larger
        spread = near
    return spread


def _halved(total: Float32, weight: Float32) -> tuple[Float32, Float32]:
    """Return sums over squares of 2 × 2, a weight of more than 1 taken as 1."""
    height, width = weight.shape
    if height % 2 or width % 2:
        margins = [(0, height % 2), (0, width % 2)]
        total, weight = np.pad(total, [*margins, (0, 0)]), np.pad(weight, margins)
    weight = weight.reshape(weight.shape[0] // 2, 2, weight.shape[1] // 2, 2).sum(axis=(1, 3))
    first, second, third, fourth = (total[row::2, column::2] for row in range(2) for column in range(2))
    summed = first + second
    summed += third
    summed += fourth
    excess = np.maximum(weight, 1)
    summed /= excess[..., None]
    return summed, np.asarray(weight / excess, np.float32)


def classical_answers(image: UInt8, trimap: UInt8) -> list[Answer]:
    """Solve an image by both methods; where one has no answer its fallback stands, and is named one."""
    answers = []
    for name in CLASSICAL:
        alpha: Any = load_method(name).predict(image, trimap)
        is_fallback = isinstance(alpha, Fallback)
        answers.append(Answer(to_uint8(alpha.alpha if is_fallback else alpha), is_fallback))
    return answers
