"""Shared Sampling: alpha from pairs of known colours that neighbouring pixels share.

"Shared Sampling for Real-Time Alpha Matting" (Gastal and Oliveira, Eurographics 2010): what is known grows
over pixels of nearly the same colour; each unknown pixel looks for colours along four rays, and a pair of
them is chosen by how well it explains the colours around and how far it lies; neighbours share their pairs;
the colours are smoothed, and alpha is blended with that of the surroundings where it is not sure. Parameters,
choices that the paper leaves open, and rounding are those of `pymatting.estimate_alpha_sm` 1.1, so mattes are
the same to the bit.
"""

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, UInt8
from simd.methods.classical import sampling

_EXPANSION_RADIUS, _EXPANSION_REACH = 10, 0.02
_WEIGHTS = (3.0, 2.0, 1.0, 4.0)  # powers of a pair's costs: colours, alpha, distances of fg and bg
_RADIUS = 5  # of refinement and smoothing
_SPREAD = 0.1  # of the errors of colours that confidence falls with


def estimate_alpha_shared(image: UInt8, trimap: UInt8) -> npt.NDArray[np.float32]:
    """Estimate alpha by Shared Sampling.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
        RGB.
    trimap : uint8, shape (H, W)
        0, 128 and 255; it knows pixels of both kinds.

    Returns
    -------
    float32, shape (H, W)
        In 0..1; known pixels are those of the trimap.
    """
    colours = (np.arange(256) / 255.0).astype(np.float32)[image]
    expanded = trimap.copy()
    reach = np.float32(_EXPANSION_REACH)
    sampling.expand(expanded, trimap, colours, _chessboard(trimap != UNKNOWN), _EXPANSION_RADIUS, reach)
    fg, bg = (
        np.zeros_like(colours) + colours[expanded == value].mean(axis=0) for value in (FOREGROUND, BACKGROUND)
    )
    distances = [_chessboard(expanded == value) for value in (FOREGROUND, BACKGROUND)]
    far = np.minimum(np.stack(distances, axis=-1), 255).astype(np.uint8)
    sampling.gather(fg, bg, colours, expanded, far, tuple(map(np.float32, _WEIGHTS)))
    fg, bg, planes = (np.ascontiguousarray(np.moveaxis(array, -1, 0)) for array in (fg, bg, colours))
    rough = np.where(expanded == UNKNOWN, np.float32(0.5), (expanded == FOREGROUND).astype(np.float32))
    refined_fg, refined_bg = fg.copy(), bg.copy()
    sampling.refine(refined_fg, refined_bg, rough, fg, bg, planes, expanded, _RADIUS)
    alpha = rough.copy()
    window = _window()
    misfit, weight, contrast = sampling.weigh(alpha, window, rough, refined_fg, refined_bg, planes, expanded)
    sampling.blend(alpha, rough, misfit, weight, contrast, expanded, window, np.float32(_SPREAD))
    return alpha


def _chessboard(region: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return how many moves of a king each pixel is from a region; far beyond the image where it is empty."""
    return np.asarray(
        cv2.distanceTransform((~region).view(np.uint8), cv2.DIST_C, cv2.DIST_MASK_3), np.float32
    )


def _window() -> npt.NDArray[np.float64]:
    """Return the Gaussian weights around a pixel, computed in the precision of the library."""
    variance = np.float32((2 * _RADIUS + 1) ** 2 / (9.0 * np.pi))
    y, x = np.mgrid[-_RADIUS : _RADIUS + 1, -_RADIUS : _RADIUS + 1]
    return np.asarray(np.exp(-1.0 / np.float64(variance) * (x * x + y * y)))
