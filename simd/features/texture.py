"""The texture of an alpha: gradients and their directions at several scales, bands of detail, spectrum."""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import scipy

from simd.features.sobel import sobel
from simd.image import Mask, Matte
from simd.mattes import as_matte, check_region, largest_value

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

SCALES = 4
"""Scales of the gradients, each half as large as the one before."""

BANDS = 6
"""Bands of detail, each about twice as coarse as the one before."""

NAMES = (
    *(f"{name}_{k}" for k in range(SCALES) for name in ("gradient", "contrast", "coherence", "directions")),
    *(f"band_{k}" for k in range(BANDS)),
    *("slope_low", "slope_middle", "slope_high", "slope", "peak", "ripple", "spectrum_directions"),
)
"""Names of the features of :func:`describe_texture`."""

_SIDE = 128  # of the spectrum
_SLICES = 12  # directions of the spectrum
_MIN_SIDE = 8  # a scale smaller than this says nothing
_FLOOR = 1e-3  # added before logarithms: a gradient, or a power, that is as good as none
_BOXES = (0, 0, 5, 9, 17, 33)  # sides of the boxes that stand in for Gaussians, twice each


def describe_texture(alpha: Matte, region: Mask) -> dict[str, float]:
    r"""Describe the texture of an alpha.

    At scale k the alpha is halved k times (area average). g is the gradient magnitude (3×3 Sobel / 8) there,
    J the structure tensor averaged over 7×7 pixels with eigenvalues :math:`\lambda_1 \ge \lambda_2`; sums run
    over the region. P(f) is the mean of log power over the ring of frequency f of the Hann-windowed patch,
    resized to 128×128.

    ====================  ==========================================================================
    name                  formula
    ====================  ==========================================================================
    gradient_k            log2(mean g + 0.001)
    contrast_k            standard deviation of g / (mean g + 0.001)
    coherence_k           Σ(λ1 − λ2) / Σ(λ1 + λ2): 1 where strokes are parallel, 0 without direction
    directions_k          entropy of the histogram of directions (8 bins, weight g), 1 if all are equal
    band_k                log2(σ_k / (σ + 0.001) + 0.01), σ_k: deviation of the difference of two neighbours
                          in a row of ever more blurred alphas, σ: of alpha
    slope_low, ...        slope of P over log f in rings 1-8, 9-24, 25-63; slope: in all
    peak, ripple          largest and mean deviation of P from a parabola over log f: meshes have peaks
    spectrum_directions   deviation of mean log power among 12 directions
    ====================  ==========================================================================

    Parameters
    ----------
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
    region : bool, shape (H, W)
        Where a scale leaves no pixel of it, the whole patch counts.

    Returns
    -------
    dict of float
        Finite for every alpha, a constant one too.

    Raises
    ------
    DataError
        If alpha is not a matte, or the region does not fit it.
    """
    as_matte(alpha)
    check_region(region, alpha.shape)
    unit = np.asarray(alpha / largest_value(alpha), np.float32)
    return _gradients(unit, region) | _bands(unit) | _spectrum(unit)


def _gradients(alpha: Float32, region: Mask) -> dict[str, float]:
    values: dict[str, float] = {}
    for k in range(SCALES):
        if k and min(alpha.shape) >= 2 * _MIN_SIDE:
            height, width = alpha.shape
            half = (width // 2, height // 2)
            alpha = cv2.resize(alpha, half, interpolation=cv2.INTER_AREA)
            covered = cv2.resize(region.astype(np.uint8) * 255, half, interpolation=cv2.INTER_AREA)
            region = np.asarray(covered >= 64, dtype=np.bool_)
        inside = region if region.any() else np.ones_like(region)
        values |= {f"{name}_{k}": value for name, value in _at_scale(alpha, inside).items()}
    return values


def _at_scale(alpha: Float32, inside: Mask) -> dict[str, float]:
    x, y = sobel(alpha, scale=1 / 8)
    along, cross = x * x - y * y, 2 * x * y
    energy = cv2.blur(x * x + y * y, (7, 7))[inside]
    # Roots by NumPy: those of cv2.magnitude depend on where an array lies in memory, in the last bit.
    oriented = np.sqrt(cv2.blur(along, (7, 7))[inside] ** 2 + cv2.blur(cross, (7, 7))[inside] ** 2)
    magnitude = np.sqrt(x * x + y * y)[inside]
    turn = cv2.phase(along, cross)[inside]  # twice the direction: a stroke has no sign
    bins = np.minimum((turn * (8 / (2 * np.pi))).astype(np.int64), 7)
    weights = np.bincount(bins, magnitude, minlength=8)
    shares = weights / max(float(weights.sum()), 1e-9)
    mean = float(magnitude.mean(dtype=np.float64))
    return {
        "gradient": float(np.log2(mean + _FLOOR)),
        "contrast": float(magnitude.std(dtype=np.float64)) / (mean + _FLOOR),
        "coherence": float(oriented.sum() / (energy.sum() + 1e-6)),
        "directions": float(-(shares * np.log(shares + 1e-9)).sum() / np.log(8)),
    }


def _bands(alpha: Float32) -> dict[str, float]:
    spread = float(alpha.std()) + _FLOOR
    values, finer = {}, alpha
    for k in range(BANDS):
        coarser = _blurred(finer, k)
        values[f"band_{k}"] = float(np.log2(float((finer - coarser).std()) / spread + 0.01))
        finer = coarser
    return values


def _blurred(alpha: Float32, k: int) -> Float32:
    border = cv2.BORDER_REFLECT
    if not _BOXES[k]:
        return np.asarray(cv2.GaussianBlur(alpha, (0, 0), 0.6 * 2**k, borderType=border), dtype=np.float32)
    box = (_BOXES[k], _BOXES[k])
    blurred = cv2.blur(cv2.blur(alpha, box, borderType=border), box, borderType=border)
    return np.asarray(blurred, dtype=np.float32)


class _Rings(NamedTuple):
    """Where each frequency of the half plane belongs."""

    window: Float32  # (128, 128)
    ring: npt.NDArray[np.int64]  # (128 * 65,)
    ring_sizes: npt.NDArray[np.int64]
    slice_: npt.NDArray[np.int64]  # of the frequencies between two rings
    between: npt.NDArray[np.int64]  # which those are
    log_f: Float64  # (63,)


@cache
def _rings() -> _Rings:
    y = np.fft.fftfreq(_SIDE, 1 / _SIDE)[:, None]
    x = np.arange(_SIDE // 2 + 1)[None, :]
    radius = np.rint(np.hypot(y, x)).astype(np.int64).ravel()
    angle = (np.arctan2(y, x) + np.pi / 2).ravel()
    between = np.flatnonzero((radius > 6) & (radius < 60))
    slices = np.minimum((angle[between] * (_SLICES / np.pi)).astype(np.int64), _SLICES - 1)
    window = np.hanning(_SIDE).astype(np.float32)
    return _Rings(
        window[:, None] * window,
        radius,
        np.bincount(radius),
        slices,
        between,
        np.log(np.arange(1, _SIDE // 2, dtype=np.float64)),
    )


def _spectrum(alpha: Float32) -> dict[str, float]:
    rings = _rings()
    square = np.zeros((_SIDE, _SIDE), np.float32)
    if max(alpha.shape) > _SIDE:
        square[:] = cv2.resize(alpha, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    else:
        square[: alpha.shape[0], : alpha.shape[1]] = alpha
    power = np.abs(scipy.fft.rfft2((square - square.mean()) * rings.window)).ravel() ** 2
    log_power = np.log(power + _FLOOR)
    profile = (np.bincount(rings.ring, log_power) / rings.ring_sizes)[1 : _SIDE // 2]
    rest = profile - _parabola() @ profile
    summed = np.bincount(rings.slice_, log_power[rings.between], minlength=_SLICES)
    directions = summed / np.bincount(rings.slice_, minlength=_SLICES)
    return {
        "slope_low": _slope(profile, 0, 8),
        "slope_middle": _slope(profile, 8, 24),
        "slope_high": _slope(profile, 24, _SIDE // 2 - 1),
        "slope": _slope(profile, 0, _SIDE // 2 - 1),
        "peak": float(rest.max()),
        "ripple": float(np.abs(rest).mean()),
        "spectrum_directions": float(directions.std()),
    }


def _slope(profile: Float64, first: int, last: int) -> float:
    x = _rings().log_f[first:last]
    x = x - x.mean()
    return float((x * profile[first:last]).sum() / (x * x).sum())


@cache
def _parabola() -> Float64:
    """Return the matrix (63, 63) that turns a profile into its best parabola over log f."""
    x = _rings().log_f
    basis = np.stack([np.ones_like(x), x, x * x], axis=1)
    return np.asarray(basis @ np.linalg.pinv(basis), dtype=np.float64)
