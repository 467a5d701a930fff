"""The network of `fused`: weighs two classical answers and an alpha of its own, pixel by pixel.

A U-Net whose first layer folds 2 × 2 pixels into one, so that all but the last layers work on half the
sides. It looks a fixed way around a pixel and pools over nothing, so that a part of an image with enough of
its surroundings has the same alpha as in the whole.
"""

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 16
"""Sides of what goes in are multiples of it."""
REACH = 320
"""Pixels around a part of an image beyond which nothing changes its alpha."""

_PLANES = 16  # image 3, known colours spread 3 + 3, nearness 6, projection 1
_CHANNELS = _PLANES + 8  # both answers, their difference, the trimap's three sides, which are fallbacks


class FusedOutput(NamedTuple):
    """Both are (N, 1, H, W) in [0, 1], known pixels set."""

    alpha: Tensor
    own: Tensor  # without the classical answers' part


class FusedNetwork(nn.Module):
    r"""Weighs the answers, :math:`\alpha = \sum_k g_k a_k`, where the weights g come from a softmax.

    Parameters
    ----------
    widths : tuple of int
        Channels at 1/2, 1/4, 1/8 and 1/16 of the sides.
    dilations : tuple of int
        Of the blocks at 1/16.
    """

    def __init__(
        self,
        *,
        widths: tuple[int, int, int, int] = (32, 64, 128, 160),
        dilations: tuple[int, ...] = (1, 2, 4),
    ) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = widths
        tail = half // 2
        self.down1 = nn.Sequential(_conv(4 * _CHANNELS, half), _conv(half, half))
        self.down2 = nn.Sequential(_conv(half, quarter, stride=2), Residual(quarter))
        self.down3 = nn.Sequential(_conv(quarter, eighth, stride=2), Residual(eighth))
        self.down4 = nn.Sequential(
            _conv(eighth, sixteenth, stride=2), *(Residual(sixteenth, dilation) for dilation in dilations)
        )
        self.up3 = nn.Sequential(_conv(sixteenth + eighth, eighth), _conv(eighth, eighth))
        self.up2 = nn.Sequential(_conv(eighth + quarter, quarter), _conv(quarter, quarter))
        self.up1 = nn.Sequential(_conv(quarter + half, half + tail), _conv(half + tail, 4 * tail))
        self.fine = nn.Sequential(
            *(nn.Conv2d(tail + 12, tail, 3, padding=1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(tail, tail, 3, padding=1), nn.ReLU(inplace=True)),
        )
        self.head = nn.Conv2d(tail, 4, 3, padding=1)
        with torch.no_grad():  # closed-form weighs more at first
            self.head.weight.mul_(0.3)
            cast(Tensor, self.head.bias).copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))

    def forward(self, planes: Tensor, trimap: Tensor, fallbacks: Tensor) -> FusedOutput:
        """Solve images whose sides are multiples of 16.

        Parameters
        ----------
        planes : (N, 18, H, W), in [0, 1]
            The image, :func:`~simd.methods.fused.inputs.derived_planes`, closed-form's and shared's alpha.
        trimap : (N, 1, H, W)
            Levels 0, 128, 255.
        fallbacks : (N, 2)
            1 where closed-form's, or shared's, answer is a fallback.
        """
        answers = planes[:, _PLANES:]
        unknown, foreground = (trimap == 128).to(planes.dtype), (trimap == 255).to(planes.dtype)
        difference = (answers[:, :1] - answers[:, 1:]).abs()
        sides = [difference, 1 - unknown - foreground, unknown, foreground]
        flags = fallbacks[:, :, None, None].to(planes.dtype).expand(-1, -1, *planes.shape[2:])
        x = torch.cat([planes, *sides, flags], dim=1)  # (N, 24, H, W)
        x = x.contiguous(memory_format=torch.channels_last)
        folded = functional.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)
        e1 = self.down1(folded)  # (N, 32, H/2, W/2)
        e2 = self.down2(e1)  # (N, 64, H/4, W/4)
        e3 = self.down3(e2)  # (N, 128, H/8, W/8)
        y = self.down4(e3)  # (N, 160, H/16, W/16)
        y = self.up3(torch.cat([_twice(y), e3], dim=1))
        y = self.up2(torch.cat([_twice(y), e2], dim=1))
        y = functional.pixel_shuffle(self.up1(torch.cat([_twice(y), e1], dim=1)), 2)  # (N, 16, H, W)
        near = torch.cat([x[:, 0:3], x[:, 6:9], x[:, 15:21]], dim=1).to(y.dtype)  # I, B̂, projection to U
        y = torch.cat([y, near], dim=1).contiguous(memory_format=torch.channels_last)
        logits = self.head(self.fine(y)).float()
        own = torch.sigmoid(2 * logits[:, 3:4])
        weights = torch.softmax(logits[:, :3], dim=1)
        alpha = (weights[:, :2] * answers).sum(dim=1, keepdim=True) + weights[:, 2:] * own
        return FusedOutput(alpha * unknown + foreground, own * unknown + foreground)


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


def _twice(x: Tensor) -> Tensor:
    larger: Tensor = functional.interpolate(x, scale_factor=2, mode="nearest")
    return larger
