"""The network of `fused` from its tensors, without PyTorch; :mod:`simd.methods.networks.fused` trains it.

Norms are folded into the convolutions before them. What folds and unfolds squares of 2 × 2 pixels stays
outside.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from simd.methods.fused.convolution import Convolution
from simd.methods.fused.inputs import NEAR_PLANES

Tensors = Mapping[str, npt.NDArray[np.floating]]
Float32 = npt.NDArray[np.float32]

STRIDE = 16
"""Sides of an image are multiples of it."""

_EPSILON = 1e-5  # of the norms
_LOGITS = 20  # of 2 × 2 pixels: weights of both answers and of its own alpha, that alpha, the confidence


class Network:
    """The network; for one image at a time.

    Parameters
    ----------
    tensors : mapping of str to float arrays
        As a training leaves them.

    Raises
    ------
    KeyError, ValueError, cv2.error
        If the tensors are not those of the network.
    """

    def __init__(self, tensors: Tensors) -> None:
        self._levels = {
            level: _layers(tensors, level)
            for level in ("down1", "down2", "down3", "down4", "up3", "up2", "up1")
        }
        self._fine = _convolution(tensors, "fine")
        weight, bias = (np.asarray(tensors[f"head.{part}"]) for part in ("weight", "bias"))
        if len(bias) != _LOGITS:
            raise ValueError(f"its last layer has {len(bias)} channels, not {_LOGITS}")
        self._head = Convolution(weight, bias, relu=False)

    def logits(self, folded: Float32) -> Float32:
        """Map what :func:`~simd.methods.fused.inputs.folded_planes` has, in [0, 1], to logits, folded too.

        Parameters
        ----------
        folded : float32, shape (96, H/2, W/2)
            H and W are multiples of 16.

        Returns
        -------
        float32, shape (20, H/2, W/2)
        """
        maps = [folded]
        for level in ("down1", "down2", "down3", "down4"):
            maps.append(self._through(level, maps[-1]))
        x = maps.pop()
        for level in ("up3", "up2", "up1"):
            x = self._through(level, x, maps.pop())
        return self._head(self._fine(x, folded[: 4 * NEAR_PLANES]))

    def _through(self, level: str, *maps: Float32) -> Float32:
        first, *others = self._levels[level]
        x = first(*maps)
        for layer in others:
            x = layer(x)
        return x


def _layers(tensors: Tensors, level: str) -> list[Callable[..., Float32]]:
    """Return a convolution, and the residual blocks or the convolutions behind it."""
    stride = 2 if level in ("down2", "down3", "down4") else 1
    layers: list[Callable[..., Float32]] = [_convolution(tensors, f"{level}.0", stride=stride)]
    while True:
        name = f"{level}.{len(layers)}"
        if f"{name}.first.0.weight" in tensors:
            layers.append(_Residual(tensors, name, 2 ** (len(layers) - 1) if level == "down4" else 1))
        elif f"{name}.0.weight" in tensors:
            layers.append(_convolution(tensors, name))
        else:
            return layers


class _Residual:
    """Two convolutions beside the identity, the second dilated."""

    def __init__(self, tensors: Tensors, name: str, dilation: int) -> None:
        self._first = _convolution(tensors, f"{name}.first")
        self._second = _convolution(tensors, f"{name}.second", dilation=dilation, relu=False)

    def __call__(self, x: Float32) -> Float32:
        return self._second(self._first(x), beside=x)


def _convolution(
    tensors: Tensors, name: str, *, stride: int = 1, dilation: int = 1, relu: bool = True
) -> Convolution:
    """Return a convolution with the norm behind it folded in."""
    gain, shift, mean, variance = (
        np.asarray(tensors[f"{name}.1.{part}"], np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gain / np.sqrt(variance + _EPSILON)
    weight = np.asarray(tensors[f"{name}.0.weight"], np.float64) * scale[:, None, None, None]
    return Convolution(weight, shift - mean * scale, stride=stride, dilation=dilation, relu=relu)
