"""From a few strokes to a class for every unknown pixel, by geodesic distances that respect the matte."""

from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.graph import MCP_Geometric

from simd.errors import DataError
from simd.features.sobel import sobel
from simd.image import Mask, Matte, UInt8
from simd.mattes import as_levels, as_matte, check_array, check_colour, check_region
from simd.taxonomy import NO_CLASS
from simd.trimap import trimap_of, unknown_region

Float32 = npt.NDArray[np.float32]
AnyPlane = TypeVar("AnyPlane", np.uint8, np.float32)

WORKING = 256
"""Longest side at which distances are measured; classes do not change from pixel to pixel."""

_STEP = 0.02  # what a pixel costs that looks exactly like the strokes
_NOISE = 0.01  # added to the variance of each feature; they are scaled to be of the order of 1
_SEEN = 1e-4  # the weight of a colour under alpha 0


class Tagged(NamedTuple):
    """A class for each pixel, and how sure that is."""

    class_mask: UInt8  # (H, W)
    confidence: Float32  # (H, W), 0..1; 0 where there is no class


def unknown_of(alpha: Matte) -> Mask:
    """Return the region that is tagged, bool (H, W): the unknown region of protocol `exact`."""
    as_matte(alpha)
    return unknown_region(trimap_of(alpha, max(3, round(0.01 * min(alpha.shape)))))


def fill(fg: UInt8, alpha: Matte, seeds: UInt8, unknown: Mask | None = None) -> Tagged:
    r"""Give every unknown pixel the class of the strokes that are nearest to it through what looks like them.

    .. math:: c(p) = \arg\min_k \min_{\gamma: S_k \to p} \int_\gamma \left(\epsilon + 1 - P_k(q)\right) dq

    :math:`S_k` are the pixels painted with class k. :math:`P_k(q) \propto \max_s e^{-d_s^2(q)/2}` over the
    strokes s of class k, where :math:`d_s` is the Mahalanobis distance to a stroke's mean under the
    covariance within strokes, of alpha, its spread and gradient, and the foreground's colour, at two scales.

    Parameters
    ----------
    fg : uint8, shape (H, W, 3)
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float one is rounded to 8 bits.
    seeds : uint8, shape (H, W)
        Painted classes, 255 elsewhere; they stay as they are where they are unknown.
    unknown : bool, shape (H, W), optional
        By default :func:`unknown_of` the alpha.

    Returns
    -------
    Tagged
        A class on each unknown pixel and 255 on the others. Confidence is
        1 − (shortest distance) / (second shortest); 1 on painted pixels, and where there is one class only.

    Raises
    ------
    DataError
        If the arrays are not what they have to be, their sizes differ, or nothing is painted.

    Notes
    -----
    The form is that of "A Geodesic Framework for Fast Interactive Image and Video Segmentation and Matting",
    ICCV 2007, with the matte among the features. Distances are measured at 256 pixels.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    unknown = unknown_of(alpha) if unknown is None else unknown
    check_colour(fg, alpha.shape, "fg")
    check_region(unknown, alpha.shape, "unknown")
    check_array(seeds, "seeds")
    if seeds.shape != alpha.shape or seeds.dtype != np.uint8:
        raise DataError(
            f"seeds are {seeds.dtype} {seeds.shape}, but have to be uint8 of alpha's size, {alpha.shape}"
        )
    classes = [int(k) for k in np.unique(seeds) if k != NO_CLASS]
    if not classes:
        raise DataError("nothing is painted; draw a stroke of each class, or name the class of the whole")
    if len(classes) == 1:
        everywhere = np.full(alpha.shape, classes[0], np.uint8)
        return _cut(everywhere, np.ones(alpha.shape, np.float32), seeds, unknown)
    size = _working_size(alpha.shape)
    small = _shrunk_seeds(seeds, size)
    looks = _features(fg, alpha, size)
    distances = _distances(looks, small, classes)  # (K, h, w)
    nearest = np.array(classes, np.uint8)[distances.argmin(axis=0)]
    ordered = np.partition(distances, 1, axis=0)
    sure = (1 - ordered[0] / np.maximum(ordered[1], 1e-9)).astype(np.float32)
    return _cut(_enlarged(nearest, alpha.shape), _enlarged(sure, alpha.shape), seeds, unknown)


def class_confidence(tagged: Tagged) -> dict[int, float]:
    """Return the mean confidence of the pixels of each class index."""
    counts = np.bincount(tagged.class_mask.ravel(), minlength=256)
    sums = np.bincount(tagged.class_mask.ravel(), tagged.confidence.ravel(), minlength=256)
    return {int(k): round(float(sums[k] / counts[k]), 4) for k in np.flatnonzero(counts[:NO_CLASS])}


def _cut(class_mask: UInt8, confidence: Float32, seeds: UInt8, unknown: Mask) -> Tagged:
    painted = seeds != NO_CLASS
    mask = np.where(unknown, np.where(painted, seeds, class_mask), NO_CLASS).astype(np.uint8)
    return Tagged(mask, np.where(unknown, np.where(painted, 1, confidence), 0).astype(np.float32))


def _working_size(shape: tuple[int, ...]) -> tuple[int, int]:
    scale = min(1.0, WORKING / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _shrunk_seeds(seeds: UInt8, size: tuple[int, int]) -> UInt8:
    """Shrink painted pixels so that no stroke is lost, however thin."""
    small = np.full(size, NO_CLASS, np.uint8)
    y, x = np.nonzero(seeds != NO_CLASS)
    small[y * size[0] // seeds.shape[0], x * size[1] // seeds.shape[1]] = seeds[y, x]
    return small


def _enlarged(plane: npt.NDArray[AnyPlane], shape: tuple[int, ...]) -> npt.NDArray[AnyPlane]:
    return np.asarray(
        cv2.resize(plane, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST), dtype=plane.dtype
    )


def _features(fg: UInt8, alpha: UInt8, size: tuple[int, int]) -> Float32:
    """Return what a pixel and its surroundings look like, float32 (h, w, 12)."""
    opacity: Float32 = alpha.astype(np.float32) / np.float32(255)
    lab = cv2.cvtColor(fg.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) / 20
    weight = _resized(opacity + _SEEN, size)
    colour = _resized(lab * (opacity + _SEEN)[..., None], size)
    small, squares = weight - _SEEN, _resized(opacity**2, size)
    gradient = np.hypot(*sobel(small, scale=1 / 8, border=cv2.BORDER_DEFAULT))
    planes = [_blur(colour, sigma) / _blur(weight, sigma)[..., None] for sigma in (1, 4)]
    for sigma in (1.5, 5):
        mean = _blur(small, sigma)
        spread = np.sqrt(np.maximum(_blur(squares, sigma) - mean**2, 0))
        planes.append(np.stack([3 * mean, 6 * spread, 12 * _blur(gradient, sigma)], axis=-1))
    return np.concatenate(planes, axis=-1).astype(np.float32)


def _distances(looks: Float32, seeds: UInt8, classes: list[int]) -> npt.NDArray[np.float64]:
    """Return the geodesic distance of each pixel to each class, float64 (K, h, w)."""
    strokes = {k: _strokes(looks, seeds == k) for k in classes}
    within = np.concatenate([stroke - stroke.mean(axis=0) for each in strokes.values() for stroke in each])
    covariance = within.T @ within / len(within) + _NOISE * np.eye(looks.shape[-1])
    whiten = np.linalg.cholesky(np.linalg.inv(covariance)).astype(np.float32)
    white = looks @ whiten
    squares = np.stack(
        [
            np.min([((white - stroke.mean(axis=0) @ whiten) ** 2).sum(axis=-1) for stroke in each], axis=0)
            for each in strokes.values()
        ]
    )
    likely = np.exp((squares.min(axis=0) - squares) / 2)
    likely /= likely.sum(axis=0)
    return np.stack(
        [
            MCP_Geometric(_STEP + 1.0 - p.astype(np.float64)).find_costs(np.argwhere(seeds == k))[0]
            for k, p in zip(classes, likely, strict=True)
        ]
    )


def _strokes(looks: Float32, painted: Mask) -> list[Float32]:
    """Return the features of each connected piece that is painted."""
    pieces, count = ndimage.label(painted, np.ones((3, 3)))
    return [looks[pieces == number] for number in range(1, count + 1)]


def _resized(plane: Float32, size: tuple[int, int]) -> Float32:
    return np.asarray(cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA), dtype=np.float32)


def _blur(plane: Float32, sigma: float) -> Float32:
    blurred = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, dtype=np.float32)
