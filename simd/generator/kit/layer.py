"""Premultiplied pictures: laid over one another, blurred with their alpha, and made straight again."""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]


class Layer(NamedTuple):
    """A square picture of S by S pixels with alpha."""

    colour: Float  # (S, S, 3) RGB in [0, 1], multiplied by alpha
    alpha: Float  # (S, S) in [0, 1]


def paint(colour: Float | tuple[float, float, float], alpha: Float) -> Layer:
    """Return a layer of straight `colour`, (S, S, 3) or (3,), with this alpha."""
    alpha = np.clip(alpha, 0, 1)
    return Layer(np.clip(colour, 0, 1) * alpha[..., None], alpha)


def over(*layers: Layer) -> Layer:
    """Lay pictures over one another, the top one first."""
    colour, alpha = layers[-1]
    for top in reversed(layers[:-1]):
        rest = 1 - top.alpha
        colour = top.colour + rest[..., None] * colour
        alpha = top.alpha + rest * alpha
    return Layer(colour, alpha)


def shade(layer: Layer, light: Float) -> Layer:
    """Multiply the colour by `light`, (S, S) or (S, S, 3); white stays the brightest."""
    light = light if light.ndim == 3 else light[..., None]
    return Layer(np.clip(layer.colour * light, 0, layer.alpha[..., None]), layer.alpha)


def glow(layer: Layer, light: Float) -> Layer:
    """Add white `light`, (S, S), such as a highlight, where the layer is; white stays the brightest."""
    added = layer.colour + (np.maximum(light, 0) * layer.alpha)[..., None]
    return Layer(np.minimum(added, layer.alpha[..., None]), layer.alpha)


def fade(layer: Layer, keep: Float | float) -> Layer:
    """Multiply colour and alpha by `keep`, (S, S) in [0, 1]: the layer lets more through."""
    keep = np.broadcast_to(np.asarray(keep, dtype=np.float64), layer.alpha.shape)
    return Layer(layer.colour * keep[..., None], layer.alpha * keep)


def inset(layer: Layer, side: int) -> Layer:
    """Centre a layer on a larger empty square."""
    before = (side - len(layer.alpha)) // 2
    pad = (before, side - len(layer.alpha) - before)
    return Layer(np.pad(layer.colour, (pad, pad, (0, 0))), np.pad(layer.alpha, (pad, pad)))


def soften(layer: Layer, sigma: float) -> Layer:
    """Blur colour and alpha together by a Gaussian; `sigma` in pixels."""
    if sigma > 16:  # a wide blur of a picture is as good of its half, at an eighth of the work
        half = soften(Layer(halve(layer.colour), halve(layer.alpha)), sigma / 2)
        return Layer(*(double(plane, len(layer.alpha)) for plane in half))
    from scipy.ndimage import gaussian_filter as blur  # slow to import, and indices need none of it

    return Layer(
        blur(layer.colour, (sigma, sigma, 0), mode="constant"), blur(layer.alpha, sigma, mode="constant")
    )


def convolve(layer: Layer, kernel: Float) -> Layer:
    """Blur colour and alpha together by a point-spread function, an odd square array of sum 1."""
    from scipy import fft

    side, reach = len(layer.alpha), len(kernel) // 2
    shape = [fft.next_fast_len(side + 2 * reach, real=True)] * 2
    planes = np.concatenate([layer.colour, layer.alpha[..., None]], axis=2)
    spectrum = fft.rfft2(planes, shape, axes=(0, 1)) * fft.rfft2(kernel, shape)[..., None]
    blurred = fft.irfft2(spectrum, shape, axes=(0, 1))[reach : reach + side, reach : reach + side]
    blurred = np.clip(blurred, 0, 1)
    return Layer(blurred[..., :3], blurred[..., 3])


def straight(layer: Layer) -> Float:
    """Divide alpha out of the colour; where alpha is 0 the colour of what is near flows in.

    Returns
    -------
    float64, shape (S, S, 3)
        In [0, 1]. Filled by push and pull over a pyramid of halved pictures, so it changes smoothly.
    """
    # Under 1/1000 a division would blow up the rounding of a blur.
    weight = np.where(layer.alpha > 1e-3, layer.alpha, 0.0)
    colour = np.where(weight[..., None] > 0, layer.colour, 0.0)
    pyramid = [(colour, weight)]
    while len(weight) > 1:
        colour, weight = halve(colour), halve(weight)
        pyramid.append((colour, weight))
    filled = colour / np.maximum(weight, 1e-300)[..., None]
    for colour, weight in reversed(pyramid[:-1]):
        trust = np.minimum(weight * 64, 1.0)  # the finest level with a sixty-fourth covered decides
        known = colour / np.maximum(weight, 1e-300)[..., None]
        coarse = double(filled, len(weight))
        filled = coarse + trust[..., None] * (known - coarse)
    return np.clip(filled, 0, 1)


def nearest(values: Float) -> npt.NDArray[np.int64]:
    """Round to the nearest whole number; a half goes up, even where its last bits were lost.

    Even tints make exact halves; the last bit of a cosine, which differs from machine to machine, must
    not decide about them.
    """
    return np.asarray(np.floor(values + (0.5 + 1e-6)), dtype=np.int64)


def halve(plane: Float, mode: Literal["constant", "edge"] = "constant") -> Float:
    """Average squares of 2 by 2 pixels; an odd side is first continued by zeros or its edge."""
    if len(plane) % 2:
        plane = np.pad(plane, [(0, 1), (0, 1), (0, 0)][: plane.ndim], mode=mode)
    return (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / 4


def double(plane: Float, side: int) -> Float:
    """Enlarge by 2 with weights 3:1, then cut to `side`."""
    for axis in (0, 1):
        first, last = np.take(plane, [0], axis=axis), np.take(plane, [-1], axis=axis)
        padded = np.concatenate([first, plane, last], axis=axis)
        count = plane.shape[axis]
        near = np.take(padded, range(1, count + 1), axis=axis) * 0.75
        before = near + 0.25 * np.take(padded, range(count), axis=axis)
        after = near + 0.25 * np.take(padded, range(2, count + 2), axis=axis)
        shape = list(plane.shape)
        shape[axis] = 2 * count
        plane = np.stack([before, after], axis=axis + 1).reshape(shape)
    return plane[:side, :side]
