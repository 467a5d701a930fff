"""Polygons, strokes and meshes with antialiased edges: drawn on a finer grid, then counted."""

import itertools

import cv2
import numpy as np
import numpy.typing as npt

from simd.generator.kit.layer import Float, Layer, nearest
from simd.jit import compiled

_SHIFT = 6  # OpenCV takes vertices in 64ths of a sample


class Raster:
    """An empty square to draw on; what is drawn later covers what was drawn before.

    Parameters
    ----------
    side : int
        Pixels a side of the finished layer.

    Notes
    -----
    A pixel has 16 samples in each direction up to 128 pixels a side, 4 from 512 and 2 from 2048,
    so threads thinner than a pixel keep their weight when the picture is small.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self.samples = min(max(2048 // side, 2 if side >= 2048 else 4), 16)
        self._rgba: npt.NDArray[np.uint8] = np.zeros((side * self.samples, side * self.samples, 4), np.uint8)

    def polygon(self, points: Float, colour: Float) -> None:
        """Fill the polygon of `points`, (n, 2) as x, y in unit coordinates, with an RGB colour in [0, 1]."""
        cv2.fillPoly(self._rgba, [self._fixed(points)], _rgba(colour), shift=_SHIFT)

    def erase(self, points: Float) -> None:
        """Cut the polygon of `points` out of what is drawn."""
        cv2.fillPoly(self._rgba, [self._fixed(points)], (0, 0, 0, 0), shift=_SHIFT)

    def strokes(self, paths: Float, widths: Float, colours: Float) -> None:
        """Draw tapering strokes in their order.

        Parameters
        ----------
        paths : float64, shape (n, k, 2)
            k points of each of n strokes.
        widths : float64, broadcast to (n, k)
            Full width at each point, in unit coordinates. A stroke is at least one sample wide.
        colours : float64, broadcast to (n, parts, 3)
            RGB of 1 to k - 1 equal parts along each stroke.
        """
        count, points = paths.shape[:2]
        colours = (
            np.atleast_3d(np.asarray(colours)) if np.ndim(colours) == 3 else np.asarray(colours)[..., None, :]
        )
        colours = np.broadcast_to(colours, (count, *colours.shape[-2:]))
        half = np.broadcast_to(widths, (count, points)) / 2
        # fillPoly paints the samples its outline touches: half a sample too many on each side.
        half = np.maximum(half - 0.5 / (self.side * self.samples), 0.0)
        offset = sideways(paths) * half[..., None]
        left, right = self._fixed(paths + offset), self._fixed(paths - offset)
        cuts = np.linspace(0, points - 1, colours.shape[1] + 1).round().astype(int)
        outlines = [
            list(np.concatenate([left[:, start : stop + 1], right[:, start : stop + 1][:, ::-1]], axis=1))
            for start, stop in itertools.pairwise(cuts)
        ]
        for *parts, shades in zip(*outlines, _rgba_rows(colours), strict=True):
            for outline, shade in zip(parts, shades, strict=True):
                cv2.fillPoly(self._rgba, [outline], shade, shift=_SHIFT)

    def discs(self, centres: Float, radii: Float, colours: Float) -> None:
        """Fill n discs: centres (n, 2), radii (n,), colours broadcast to (n, 3)."""
        scale = self.side * self.samples * (1 << _SHIFT)
        sizes = nearest(np.maximum(np.broadcast_to(radii, len(centres)), 0) * scale).tolist()
        middles = self._fixed(centres).tolist()
        for middle, size, colour in zip(
            middles, sizes, _rgba_rows(np.broadcast_to(colours, (len(centres), 3))), strict=True
        ):
            cv2.circle(self._rgba, middle, size, colour, thickness=-1, shift=_SHIFT)

    def mesh(self, points: Float, colours: Float) -> None:
        """Fill the cells of a grid of points, (n, m, 2), each with its colour, (n - 1, m - 1, 3)."""
        fixed = self._fixed(points)
        cells = np.stack([fixed[:-1, :-1], fixed[1:, :-1], fixed[1:, 1:], fixed[:-1, 1:]], axis=2)
        for cell, colour in zip(cells.reshape(-1, 4, 2), _rgba_rows(colours.reshape(-1, 3)), strict=True):
            cv2.fillPoly(self._rgba, [cell], colour, shift=_SHIFT)

    def layer(self) -> Layer:
        """Count the samples of each pixel."""
        n, s = self.side, self.samples
        pixels = _summed(self._rgba.reshape(n, s, n, s, 4)) / (255.0 * s * s)
        return Layer(pixels[..., :3], pixels[..., 3])

    def _fixed(self, points: Float) -> npt.NDArray[np.int32]:
        # A sample's centre is at a whole number for OpenCV and at a half in unit coordinates.
        scaled = (np.clip(points, -4, 5) * (self.side * self.samples) - 0.5) * (1 << _SHIFT)
        return nearest(scaled).astype(np.int32)


def splat(where: Float, weight: Float, side: int) -> Float:
    """Share each sample among the four pixels around it.

    Parameters
    ----------
    where : float64, shape (..., 2)
        Samples in pixels, x then y; 0 is the centre of the first pixel. They stay in the picture.
    weight : float64, broadcast to (...)
        What each adds in all.

    Returns
    -------
    float64, shape (side, side)
    """
    x, y = np.moveaxis(np.clip(where, 0, side - 1.001), -1, 0)
    left, top = np.floor(x), np.floor(y)
    fx, fy = x - left, y - top
    first = (top * side + left).astype(np.int64).ravel()
    weight = np.broadcast_to(weight, x.shape)
    total: Float = np.zeros(side * side)
    for step, part in (
        (0, (1 - fx) * (1 - fy)),
        (1, fx * (1 - fy)),
        (side, (1 - fx) * fy),
        (side + 1, fx * fy),
    ):
        total += np.bincount(first + step, weights=(weight * part).ravel(), minlength=total.size)
    return total.reshape(side, side)


def sideways(paths: Float) -> Float:
    """Return unit vectors across paths (..., k, 2), to the left of the way."""
    along = np.gradient(paths, axis=-2)
    length = np.sqrt((along**2).sum(axis=-1, keepdims=True))
    along = along / np.maximum(length, 1e-12)
    return np.stack([along[..., 1], -along[..., 0]], axis=-1)


@compiled
def _summed(samples: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    """Sum the samples (n, s, n, s, 4) of each pixel, (n, n, 4)."""
    side, count = samples.shape[:2]
    total = np.zeros((side, side, 4), np.uint16)
    columns = np.empty(side * count * 4, np.uint16)
    for row in range(side):
        columns[:] = 0
        for line in samples[row].reshape(count, -1):
            for at in range(len(columns)):
                columns[at] += line[at]
        pixels = columns.reshape(side, count, 4)
        for column in range(side):
            for sample in pixels[column]:
                for channel in range(4):
                    total[row, column, channel] += sample[channel]
    return total


def _rgba(colour: Float) -> tuple[int, ...]:
    return (*nearest(np.clip(colour, 0, 1) * 255).tolist(), 255)


def _rgba_rows(colours: Float) -> list[tuple[int, ...]] | list[list[tuple[int, ...]]]:
    levels = nearest(np.clip(colours, 0, 1) * 255)
    full = np.full((*levels.shape[:-1], 1), 255)
    rows: list[list[tuple[int, ...]]] = np.concatenate([levels, full], axis=-1).tolist()
    return rows
