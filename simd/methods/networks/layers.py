"""Blocks that several networks share: normalisation, residual layers, weight-standardised convolution."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from simd.errors import DataError

EXPANSION = 4
"""Output channels of a bottleneck for each channel of its 3 × 3 convolution."""

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB in [0, 1]


class Normalize(nn.Module):
    """Shift and scale RGB in [0, 1] by constants that live in the network, outside its state dict."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, mean: tuple[float, float, float] = _MEAN, std: tuple[float, float, float] = _STD
    ) -> None:
        super().__init__()
        for name, values in (("mean", mean), ("std", std)):
            # on the CPU even where a network is built without memory: no file fills them in
            constants = torch.tensor(values, device="cpu").view(1, 3, 1, 1)
            self.register_buffer(name, constants, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Normalise (N, 3, H, W)."""
        normalized: Tensor = (image - self.mean) / self.std
        return normalized


class Bottleneck(nn.Module):
    """The residual block of ResNet-50 with its stride in the 3 × 3 convolution ("v1.5").

    Parameters
    ----------
    inputs, width : int
        Channels that come in, and of the 3 × 3 convolution; EXPANSION · width go out.
    stride, dilation : int
        Of the 3 × 3 convolution.
    momentum : float
        Of the batch norm that follows it; the others keep the default, 0.1.
    conv, norm : callable
        Kind of convolution, and what makes the norm of some channels in place of batch norms.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        momentum: float = 0.1,
        conv: type[nn.Conv2d] = nn.Conv2d,
        norm: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        outputs = EXPANSION * width
        norm = norm or nn.BatchNorm2d
        self.conv1 = conv(inputs, width, 1, bias=False)
        self.bn1 = norm(width)
        self.conv2 = conv(width, width, 3, stride=stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = norm(width)
        if isinstance(self.bn2, nn.BatchNorm2d):
            self.bn2.momentum = momentum
        self.conv3 = conv(width, outputs, 1, bias=False)
        self.bn3 = norm(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                conv(inputs, outputs, 1, stride=stride, bias=False), norm(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, EXPANSION · width, H / stride, W / stride), sides rounded up."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        y += self.downsample(x)
        summed: Tensor = self.relu(y)
        return summed


def residual_layer(
    inputs: int, width: int, blocks: int, *, stride: int = 1, dilation: int = 1, **kinds: Any
) -> nn.Sequential:
    """Return a layer of bottlenecks; `kinds` are options of :class:`Bottleneck`.

    The first block carries the stride. Where a dilation stands in for a removed stride, the first block
    has half of it: its input is still as dense as that of an undilated block.
    """
    first = Bottleneck(inputs, width, stride=stride, dilation=max(1, dilation // 2), **kinds)
    rest = (Bottleneck(EXPANSION * width, width, dilation=dilation, **kinds) for _ in range(blocks - 1))
    return nn.Sequential(first, *rest)


class StandardizedConv2d(nn.Conv2d):
    r"""Convolution with a standardised weight (Qiao et al. 2019).

    .. math:: \hat W_o = \frac{W_o - \mu_o}{\sqrt{\sigma_o^2 + 10^{-12}} + 10^{-5}}

    with mean and *sample* variance over everything but the output channel. The state dict holds W.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (N, in, H, W) with the standardised weight."""
        convolved: Tensor = self._conv_forward(x, self.standardized(), self.bias)
        return convolved

    def standardized(self) -> Tensor:
        """Return the weight that the convolution uses."""
        centred = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        variance = centred.flatten(1).var(dim=1).view(-1, 1, 1, 1)  # over n - 1
        standardized: Tensor = centred / ((variance + 1e-12).sqrt() + 1e-5)
        return standardized


def enlarge(x: Tensor, scale: int = 2) -> Tensor:
    """Enlarge a map bilinearly, pixels taken as areas."""
    larger: Tensor = nn.functional.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)
    return larger


def check_pair(name: str, image: Tensor, trimap: Tensor, stride: int) -> None:
    """Raise DataError unless these are an image and its trimap, in multiples of the stride."""
    n, (h, w) = image.shape[0], image.shape[-2:]
    fits = image.shape == (n, 3, h, w) and trimap.shape == (n, 1, h, w)
    if not fits or h % stride or w % stride or not n * h * w:
        raise DataError(
            f"{name} takes image (N, 3, H, W) and trimap (N, 1, H, W) with H and W multiples of {stride}; "
            f"these are image {tuple(image.shape)} and trimap {tuple(trimap.shape)}: pad or resize them first"
        )
