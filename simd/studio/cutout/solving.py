"""The matting problem of a picture while its trimap is drawn; large pictures are solved smaller.

Up to :data:`WHOLE` pixels the matte is that of the closed-form editor. A larger picture is solved at
:data:`REDUCED` pixels, and the matte is carried to its own size by what closed-form matting itself assumes:
alpha is linear in the colours of a window, alpha = a · I + b. The coefficients are those of "Guided Image
Filtering", TPAMI 2013, on the reduced picture, enlarged and applied to the picture's own colours.
"""

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, UInt8
from simd.methods.classical.direct.grid import Float64
from simd.methods.classical.editor import Box, ClosedFormEditor

WHOLE, REDUCED = 3_000_000, 1_500_000
"""Pixels up to which a picture is solved as it is, and those that a larger one is solved at."""

_ROWS = 256  # that are carried to the picture's size at once
_RADIUS = 2  # of the windows, in pixels of the reduced picture
_EPSILON = 1e-5
Part = tuple[slice, slice]


class Solver:
    """A picture, its trimap, and the matte that follows.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
    trimap : uint8, shape (H, W)
    """

    def __init__(self, image: UInt8, trimap: UInt8) -> None:
        self._image, self._trimap = image, trimap
        height, width = trimap.shape
        self._scale = (REDUCED / trimap.size) ** 0.5 if trimap.size > WHOLE else 1.0
        self._size = (round(width * self._scale), round(height * self._scale))
        self._small = image
        if self._scale < 1:
            self._small = np.asarray(cv2.resize(image, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        self._editor = ClosedFormEditor(self._small, self._reduced(trimap))
        self._linear: npt.NDArray[np.float32] = np.zeros((*self._small.shape[:2], 4), np.float32)
        if self._scale < 1:
            self._fit(Box(0, self._small.shape[0], 0, self._small.shape[1]))

    @property
    def nbytes(self) -> int:
        """Memory that is held beside the picture and its trimap, in bytes."""
        return self._editor.nbytes + (int(self._small.nbytes + self._linear.nbytes) if self._scale < 1 else 0)

    def draw(self, trimap: UInt8) -> Box:
        """Solve again for another trimap; return where alpha may be another, beside what is drawn."""
        changed = self._editor.draw(self._reduced(trimap))
        self._trimap = trimap
        if self._scale == 1 or changed.top == changed.bottom:
            return changed
        self._fit(changed)
        reach = 2 * _RADIUS + 1
        top, left = (max(0, int((low - reach) / self._scale)) for low in (changed.top, changed.left))
        bottom = min(trimap.shape[0], int((changed.bottom + reach) / self._scale) + 1)
        right = min(trimap.shape[1], int((changed.right + reach) / self._scale) + 1)
        return Box(top, bottom, left, right)

    def alpha(self, part: Part = (slice(None), slice(None))) -> Float64:
        """Return the matte of a part, in [0, 1]."""
        if self._scale == 1:
            return self._editor.alpha[part]
        (top, bottom, _), (left, right, _) = (
            each.indices(length) for each, length in zip(part, self._trimap.shape, strict=True)
        )
        alpha = np.empty((max(0, bottom - top), max(0, right - left)))
        for row in range(top, bottom, _ROWS):
            end = min(bottom, row + _ROWS)
            alpha[row - top : end - top] = self._enlarged(row, end, left, right)
        return alpha

    def _enlarged(self, top: int, bottom: int, left: int, right: int) -> Float64:
        """Return the matte of a part of the picture from the coefficients of the reduced one."""
        part = slice(top, bottom), slice(left, right)
        trimap, colours = self._trimap[part], self._image[part]
        x = ((np.arange(left, right) + 0.5) * self._scale - 0.5).astype(np.float32)
        y = ((np.arange(top, bottom) + 0.5) * self._scale - 0.5).astype(np.float32)
        maps = np.broadcast_to(x, (len(y), len(x))), np.broadcast_to(y[:, None], (len(y), len(x)))
        columns, rows = map(np.ascontiguousarray, maps)
        linear = cv2.remap(
            self._linear, columns, rows, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        alpha = linear[..., 3].astype(np.float64)
        for channel in range(3):
            alpha += linear[..., channel] * (colours[..., channel] / 255.0)
        known = np.where(trimap == FOREGROUND, 1.0, 0.0)
        return np.where(trimap == UNKNOWN, alpha.clip(0, 1), known)

    def _reduced(self, trimap: UInt8) -> UInt8:
        """Return the trimap of the reduced picture: a pixel is known where all of its own are."""
        if self._scale == 1:
            return trimap
        small = np.full(self._size[::-1], UNKNOWN, np.uint8)
        for value in (BACKGROUND, FOREGROUND):
            share = cv2.resize(
                np.where(trimap == value, np.uint8(255), np.uint8(0)),
                self._size,
                interpolation=cv2.INTER_AREA,
            )
            small[share == 255] = value
        return small

    def _fit(self, box: Box) -> None:
        """Find the coefficients of a part of the reduced picture anew."""
        height, width = self._small.shape[:2]
        near, far = 2 * _RADIUS, 4 * _RADIUS
        outer = _grown(box, far, height, width)
        image = np.asarray(self._small[outer] / 255, np.float32)
        alpha = np.asarray(self._editor.alpha[outer], np.float32)
        fitted = _coefficients(image, alpha)
        inner = _grown(box, near, height, width)
        top, left = inner[0].start - outer[0].start, inner[1].start - outer[1].start
        rows, columns = inner[0].stop - inner[0].start, inner[1].stop - inner[1].start
        self._linear[inner] = fitted[top : top + rows, left : left + columns]


def _coefficients(image: npt.NDArray[np.float32], alpha: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a (three channels) and b of alpha = a · I + b around each pixel, float32 (H, W, 4)."""

    def mean(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        side = 2 * _RADIUS + 1
        return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT_101))

    centre, level = mean(image), mean(alpha)
    joint = mean(image * alpha[..., None]) - centre * level[..., None]
    spread = np.empty((*alpha.shape, 3, 3), np.float32)
    for row in range(3):
        for column in range(row, 3):
            product = mean(image[..., row] * image[..., column]) - centre[..., row] * centre[..., column]
            spread[..., row, column] = spread[..., column, row] = product
        spread[..., row, row] += _EPSILON
    a = np.linalg.solve(spread, joint[..., None])[..., 0]
    b = level - (a * centre).sum(axis=-1)
    return mean(np.dstack([a, b[..., None]]).astype(np.float32))


def _grown(box: Box, by: int, height: int, width: int) -> Part:
    rows = slice(max(0, box.top - by), min(height, box.bottom + by))
    return rows, slice(max(0, box.left - by), min(width, box.right + by))
