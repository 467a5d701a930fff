"""Networks for inference: each norm folded into the convolution before it, weights standardised once."""

from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

from simd.methods.networks.layers import StandardizedConv2d
from simd.methods.networks.sim import Encoder

Network = TypeVar("Network", bound=nn.Module)


@torch.no_grad()
def fuse(network: Network) -> Network:
    r"""Fold the norms of a network in evaluation mode, in place; it computes the same and cannot be trained.

    .. math:: \gamma \frac{W x + b - \mu}{\sigma} + \beta
              = \frac{\gamma}{\sigma} W x + \left(\beta + \frac{\gamma}{\sigma} (b - \mu)\right)

    Returns
    -------
    nn.Module
        The network, in channels-last layout.
    """
    network.eval()
    for module in network.modules():
        if isinstance(module, Encoder):
            _fuse_stem(module)
        children = list(module.named_children())
        for (name, conv), (norm_name, norm) in pairwise(children):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, _folded(conv, norm))
                setattr(module, norm_name, nn.Identity())
    network.requires_grad_(requires_grad=False)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _fuse_stem(encoder: Encoder) -> None:
    """Fold the norm after the sum of two convolutions: both are scaled, one carries the shift."""
    scale, shift = _affine(encoder.bn1)
    encoder.conv1 = _with_weight(encoder.conv1, encoder.conv1.weight * scale.view(-1, 1, 1, 1), shift)
    encoder.conv1_side.weight *= scale.view(-1, 1, 1, 1)
    encoder.bn1 = nn.Identity()  # type: ignore[assignment]


def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    scale, shift = _affine(norm)
    weight = conv.standardized() if isinstance(conv, StandardizedConv2d) else conv.weight
    if conv.bias is not None:
        shift = shift + scale * conv.bias
    return _with_weight(conv, weight * scale.view(-1, 1, 1, 1), shift)


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return a norm as the scale and the shift that it applies to a channel."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias - scale * norm.running_mean


def _with_weight(conv: nn.Conv2d, weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """Return a plain convolution like `conv` with another weight and bias."""
    folded = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,  # type: ignore[arg-type]
        stride=conv.stride,  # type: ignore[arg-type]
        padding=conv.padding,  # type: ignore[arg-type]
        dilation=conv.dilation,  # type: ignore[arg-type]
        groups=conv.groups,
        device="meta",
    )
    folded.weight, folded.bias = nn.Parameter(weight), nn.Parameter(bias)
    return folded
