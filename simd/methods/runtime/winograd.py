r"""Convolutions the way a CPU computes them fastest, for inference in float32.

Large 3 × 3 convolutions take a fourth of the multiplications by Winograd's minimal filtering,
F(4 × 4, 3 × 3) of "Fast Algorithms for Convolutional Neural Networks", CVPR 2016: a tile d of 6 × 6 inputs
and the weight g are transformed, multiplied element by element (36 products of matrices, over the channels),
and transformed to 4 × 4 outputs,

.. math:: Y = A^T [(G g G^T) \odot (B^T d B)] A

The matrices evaluate and interpolate polynomials at five points and infinity. The points 0, ±√½ and ±√2 keep
their entries near 1, and so the rounding errors below those of the usual 0, ±1 and ±2.
A convolution of dilation D is D × D undilated ones on interleaved grids.
"""

from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)

_OUT, _TAPS = 4, 3
_IN = _OUT + _TAPS - 1
_POINTS = (0.0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5))
_MIN_CHANNELS = 128  # with fewer the transforms cost what is saved,
_MAX_DILATION = 4  # as on grids of a few pixels
_CHUNK = 300_000  # values of a transformed pixel's channels at once: the caches' size


def for_cpu(network: Network) -> Network:
    """Replace the convolutions of a fused network, in place; the results differ by rounding alone.

    Returns
    -------
    nn.Module
        The network, for float32 on the CPU.
    """
    for module in list(network.modules()):
        for name, conv in list(module.named_children()):
            if not isinstance(conv, nn.Conv2d):
                continue
            if conv.kernel_size == (1, 1):
                # On one thread PyTorch has another, slower kernel for these, but not if they are dilated. One
                # tap has nothing to dilate.
                conv.dilation = (2, 2)
            elif _pays(conv):
                setattr(module, name, Winograd(conv))
    return network


class Winograd(nn.Module):
    """A 3 × 3 convolution of stride 1 that keeps the map's size, by minimal filtering.

    Parameters
    ----------
    conv : nn.Conv2d
        What to compute; padding equals dilation.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        outputs, inputs = conv.weight.shape[:2]
        taps = conv.weight.detach().double().permute(2, 3, 1, 0).reshape(_TAPS**2, -1)
        weight = (_WEIGHT @ taps).float().view(_IN**2, inputs, outputs)
        self.weight = nn.Parameter(weight, requires_grad=False)  # (36, C, K)
        self.bias = conv.bias
        self.dilation = int(conv.dilation[0])

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (N, C, H, W); the result (N, K, H, W) is in channels-last layout."""
        n, channels, height, width = x.shape
        outputs, d = self.weight.shape[2], self.dilation
        down, across = (-(-side // (_OUT * d)) for side in (height, width))  # tiles of one of the d × d grids
        spare = (_IN - _OUT) * d
        padded = x.new_zeros((n, _OUT * d * down + spare, _OUT * d * across + spare, channels))
        padded[:, d : d + height, d : d + width] = x.permute(0, 2, 3, 1)
        result = x.new_empty((n, _OUT * d * down, _OUT * d * across, outputs))
        tiles = _tiles(padded, _IN, d, down, across)
        solved = _tiles(result, _OUT, d, down, across)

        row = n * d * across * d  # tiles in a row of tiles, of all grids
        step = min(down, max(1, _CHUNK // (channels * row)))
        spaces = [x.new_empty(_IN**2 * step * row * size) for size in (channels, channels, outputs)]
        for start in range(0, down, step):
            some = tiles[:, :, :, start : start + step]
            count = some.shape[3] * row
            cut, seen, product = (
                space[: _IN**2 * count * size].view(_IN**2, count, size)
                for space, size in zip(spaces, (channels, channels, outputs), strict=True)
            )
            cut.view(some.shape).copy_(some)
            torch.mm(_INPUT, cut.view(_IN**2, -1), out=seen.view(_IN**2, -1))
            torch.bmm(seen, self.weight, out=product)  # (36, tiles, C) by (36, C, K)
            output = torch.mm(_OUTPUT, product.view(_IN**2, -1)).view(_OUT**2, count, outputs)
            if self.bias is not None:
                output += self.bias
            target = solved[:, :, :, start : start + step]
            target.copy_(output.view(target.shape))
        return result[:, :height, :width].permute(0, 3, 1, 2)


def _pays(conv: nn.Conv2d) -> bool:
    square = conv.kernel_size == (_TAPS, _TAPS) and conv.stride == (1, 1) and conv.groups == 1
    same = conv.padding == conv.dilation and conv.dilation[0] == conv.dilation[1]
    wide = min(conv.in_channels, conv.out_channels) >= _MIN_CHANNELS
    return square and same and wide and conv.dilation[0] <= _MAX_DILATION


def _tiles(pixels: Tensor, side: int, d: int, down: int, across: int) -> Tensor:
    """Return a view (side, side, N, down, d, across, d, C) of pixels (N, H, W, C): tiles 4 · d apart."""
    batch, row, column, channel = pixels.stride()
    shape = (side, side, pixels.shape[0], down, d, across, d, pixels.shape[3])
    far = _OUT * d
    return pixels.as_strided(
        shape, (d * row, d * column, batch, far * row, row, far * column, column, channel)
    )


def _matrices() -> tuple[Tensor, Tensor, Tensor]:
    """Return G ⊗ G in float64, Bᵀ ⊗ Bᵀ and Aᵀ ⊗ Aᵀ.

    Rows of Vandermonde matrices evaluate a polynomial at the points, the last one at infinity. Each row of
    G is divided, each of Bᵀ multiplied, by the product of the differences to the other points.
    """
    points = np.array(_POINTS)

    def evaluate(terms: int) -> np.ndarray:
        at_infinity = np.eye(terms)[-1:]
        return np.concatenate([points[:, None] ** np.arange(terms), at_infinity])

    apart = points[:, None] - points + np.eye(len(points))
    scale = np.append(apart.prod(axis=1), 1.0)[:, None]
    weight, tile = evaluate(_TAPS) / scale, np.linalg.inv(evaluate(_IN)).T * scale
    kinds = (weight, tile, evaluate(_OUT).T)
    g, b, a = (torch.from_numpy(np.kron(matrix, matrix)) for matrix in kinds)
    return g, b.float(), a.float()


_WEIGHT, _INPUT, _OUTPUT = _matrices()  # (36, 9) float64, (36, 36), (16, 36)
