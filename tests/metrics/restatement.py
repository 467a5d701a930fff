"""The four errors once more, straight from their definitions: plain and slow."""

import numpy as np
from scipy import ndimage


def unit(matte):
    return matte / 255 if matte.dtype == np.uint8 else matte.astype(np.float64)


def sad(pred, alpha, region):
    return np.abs(unit(pred) - unit(alpha))[region].sum() / 1000


def mse(pred, alpha, region):
    return ((unit(pred) - unit(alpha)) ** 2)[region].mean() if region.any() else np.nan


def grad(pred, alpha, region):
    return ((magnitude(unit(pred)) - magnitude(unit(alpha))) ** 2)[region].sum() / 1000


def magnitude(matte):
    if matte.max() == matte.min():
        return np.zeros_like(matte)
    matte = (matte - matte.min()) / (matte.max() - matte.min())
    sigma, epsilon = 1.4, 0.01
    half = int(np.ceil(sigma * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * sigma * epsilon))))
    kernel = np.array(
        [
            [gauss(i, sigma) * -j * gauss(j, sigma) / sigma**2 for j in range(-half, half + 1)]
            for i in range(-half, half + 1)
        ]
    )
    kernel /= np.sqrt((kernel**2).sum())
    across = ndimage.convolve(matte, kernel, mode="nearest")
    down = ndimage.convolve(matte, kernel.T, mode="nearest")
    return np.sqrt(across**2 + down**2)


def gauss(x, sigma):
    return np.exp(-(x**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))


def conn(pred, alpha, region, empty="stop"):
    last = last_thresholds(pred, alpha, empty)
    return np.abs(phi(pred, last) - phi(alpha, last))[region].sum() / 1000


def phi(matte, last):
    step = unit(matte).astype(np.float32) - last.astype(np.float32) >= np.float32(0.15)
    return 1 - (unit(matte) - last) * step


def last_thresholds(pred, alpha, empty):
    """Return l: the last threshold up to which a pixel was in the largest component every time."""
    pred, alpha = unit(pred).astype(np.float32), unit(alpha).astype(np.float32)
    connected = np.ones(pred.shape, dtype=bool)
    last = np.zeros(pred.shape)
    for k in range(1, 11):
        threshold = np.float32(k / 10)
        both = (pred >= threshold) & (alpha >= threshold)
        if empty == "stop" or both.any():
            connected = connected & largest_component(both)
        last[connected] = k / 10
    return last


def largest_component(mask):
    """Return the largest 4-connected component; of equals, the one met first in column order."""
    labels, count = ndimage.label(mask)
    best, best_rank = np.zeros_like(mask), None
    for label in range(1, count + 1):
        component = labels == label
        rank = (-component.sum(), np.flatnonzero(component.T)[0])
        if best_rank is None or rank < best_rank:
            best, best_rank = component, rank
    return best
