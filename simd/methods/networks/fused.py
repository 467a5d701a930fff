"""The network of `fused`: weighs two classical answers and an alpha of its own, pixel by pixel.

A U-Net over squares of 2 × 2 pixels folded into one, so that no layer works on all pixels: on a CPU, a
layer of few channels costs as much as one of many. It looks a fixed way around a pixel and pools over
nothing, so that a part of an image with enough of its surroundings has the same alpha as in the whole.
"""

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from simd.methods.fused.inputs import ALL_PLANES, ANSWERS_AT, FOREGROUND_AT, NEAR_PLANES, UNKNOWN_AT
from simd.methods.fused.propagation import LEAST, MOST, TYPICAL


class FusedOutput(NamedTuple):
    """All are (N, 1, H, W)."""

    alpha: Tensor  # in [0, 1], known pixels set
    own: Tensor  # without the classical answers' part; the same
    confidence: Tensor  # positive: how strongly alpha is held where colours carry it on


class FusedNetwork(nn.Module):
    r"""Weighs the answers, :math:`\alpha = \sum_k g_k a_k`, where the weights g come from a softmax.

    Parameters
    ----------
    widths : tuple of int
        Channels at 1/2, 1/4, 1/8 and 1/16 of the sides.
    dilations : tuple of int
        Of the blocks at 1/16.
    tail : tuple of int
        Channels of the last two layers but one, at 1/2.
    """

    def __init__(
        self,
        *,
        widths: tuple[int, int, int, int] = (32, 64, 112, 144),
        dilations: tuple[int, ...] = (1, 2, 4),
        tail: tuple[int, int] = (64, 48),
    ) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = widths
        self.down1 = nn.Sequential(_conv(4 * ALL_PLANES, half), _conv(half, half))
        self.down2 = nn.Sequential(_conv(half, quarter, stride=2), Residual(quarter), Residual(quarter))
        self.down3 = nn.Sequential(_conv(quarter, eighth, stride=2), Residual(eighth), Residual(eighth))
        self.down4 = nn.Sequential(
            _conv(eighth, sixteenth, stride=2), *(Residual(sixteenth, dilation) for dilation in dilations)
        )
        self.up3 = nn.Sequential(_conv(sixteenth + eighth, eighth), Residual(eighth))
        self.up2 = nn.Sequential(_conv(eighth + quarter, quarter), Residual(quarter))
        self.up1 = nn.Sequential(_conv(quarter + half, tail[0]))
        self.fine = _conv(tail[0] + 4 * NEAR_PLANES, tail[1])
        self.head = nn.Conv2d(tail[1], 20, 3, padding=1)
        first = torch.tensor([1.0, 0.0, 0.0, 0.0, TYPICAL])  # closed-form weighs more at first
        with torch.no_grad():
            self.head.weight.mul_(0.3)
            self.head.weight[16:].zero_()  # one confidence everywhere, until a loss sees it
            cast(Tensor, self.head.bias).copy_(first.repeat_interleave(4))

    def forward(self, folded: Tensor) -> FusedOutput:
        """Solve images whose sides are multiples of 16.

        Parameters
        ----------
        folded : uint8, (N, 96, H/2, W/2)
            As :func:`~simd.methods.fused.inputs.folded_planes` has them.
        """
        x = (folded.float() / 255).contiguous(memory_format=torch.channels_last)
        e1 = self.down1(x)  # (N, 32, H/2, W/2)
        e2 = self.down2(e1)  # (N, 64, H/4, W/4)
        e3 = self.down3(e2)  # (N, 112, H/8, W/8)
        y = self.down4(e3)  # (N, 144, H/16, W/16)
        y = self.up3(torch.cat([_twice(y), e3], dim=1))
        y = self.up2(torch.cat([_twice(y), e2], dim=1))
        y = self.up1(torch.cat([_twice(y), e1], dim=1))  # (N, 64, H/2, W/2)
        y = self.fine(torch.cat([y, x[:, : 4 * NEAR_PLANES].to(y.dtype)], dim=1))
        logits = functional.pixel_shuffle(self.head(y).float().contiguous(), 2)  # (N, 5, H, W)
        own = torch.sigmoid(2 * logits[:, 3:4])
        weights = torch.softmax(logits[:, :3], dim=1)
        confidence = logits[:, 4:].clamp(LEAST, MOST).exp()
        answers = _unfolded(x, ANSWERS_AT, 2)
        unknown, foreground = _unfolded(x, UNKNOWN_AT), _unfolded(x, FOREGROUND_AT)
        alpha = (weights[:, :2] * answers).sum(dim=1, keepdim=True) + weights[:, 2:] * own
        return FusedOutput(alpha * unknown + foreground, own * unknown + foreground, confidence)


class Residual(nn.Module):
    """Two convolutions of 3 × 3 beside the identity, the second dilated."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(width, momentum=0.05),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same."""
        return functional.relu(x + self.second(self.first(x)))


def _conv(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.05),
        nn.ReLU(inplace=True),
    )


def _unfolded(x: Tensor, plane: int, count: int = 1) -> Tensor:
    """Return planes of what goes in at the size of the image, (N, count, H, W)."""
    return functional.pixel_shuffle(x[:, 4 * plane : 4 * (plane + count)].contiguous(), 2)


def _twice(x: Tensor) -> Tensor:
    larger: Tensor = functional.interpolate(x, scale_factor=2, mode="nearest")
    return larger
