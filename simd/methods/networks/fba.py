"""FBA matting: alpha, foreground and background from one network, then brought in line with the image.

"F, B, Alpha Matting", 2020 (Forte and Pitié), sections 3.1 to 3.3. Module names are those of the authors'
code, so that its files load as they are. Where paper and code differ, this follows the code:

- of the two steps that bring F and B in line with the image, the one of B uses the F of the first;
- weights are standardised with the variance over n values and 10⁻⁵ under the root. The code does it in place
  whenever its network is switched between training and evaluation, so that weights depend, slightly, on how
  often that was done; here it is done once, on the weights of the file, as in its demo.
"""

from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from simd.errors import DataError
from simd.methods.networks.layers import EXPANSION, Normalize, StandardizedConv2d, enlarge, residual_layer

STRIDE = 8
_SHARE = 0.1  # of the network's alpha in the alpha that F, B and the image give


class FbaOutput(NamedTuple):
    """What the network makes of a batch; known pixels are not overwritten."""

    alpha: Tensor  # (N, 1, H, W) in [0, 1]
    fg: Tensor  # (N, 3, H, W) in [0, 1]
    bg: Tensor  # (N, 3, H, W) in [0, 1]


class FBA(nn.Module):
    """FBA matting.

    Parameters
    ----------
    width : int
        Channels of the encoder's first layer; the encoder's others are multiples of it.
    depths : tuple of int
        Bottlenecks in each of the encoder's four layers.
    pools : tuple of int
        Sides of the grids on which the pyramid takes means.
    context : int
        Channels of each branch of the pyramid.
    up : tuple of int
        Channels of the decoder at output stride 8, 4 and 2.
    head : tuple of int
        Channels inside the head.
    groups : int
        Of every group norm.
    """

    def __init__(
        self,
        *,
        width: int = 64,
        depths: tuple[int, int, int, int] = (3, 4, 6, 3),
        pools: tuple[int, ...] = (1, 2, 3, 6),
        context: int = 256,
        up: tuple[int, int, int] = (256, 256, 64),
        head: tuple[int, int] = (32, 16),
        groups: int = 32,
    ) -> None:
        super().__init__()
        self.normalize = Normalize()
        self.encoder = Encoder(3 + 6 + 2, width, depths, groups)
        self.decoder = Decoder(width, pools, context, up, head, groups)

    def forward(self, image: Tensor, known: Tensor, clicks: Tensor) -> FbaOutput:
        """Solve a batch; H and W are multiples of 8.

        Parameters
        ----------
        image : (N, 3, H, W), in [0, 1]
            RGB.
        known : (N, 2, H, W), about 0 or 1
            Known background, then known foreground.
        clicks : (N, 6, H, W), in [0, 1]
            Nearness to them, :func:`simd.methods.runtime.click_maps.click_maps`.

        Raises
        ------
        DataError
            If the shapes are not as above.
        """
        n, (h, w) = image.shape[0], image.shape[-2:]
        shapes = [tuple(x.shape) for x in (image, known, clicks)]
        if shapes != [(n, channels, h, w) for channels in (3, 2, 6)] or h % STRIDE or w % STRIDE or not h * w:
            raise DataError(
                "FBA takes image (N, 3, H, W), known (N, 2, H, W) and clicks (N, 6, H, W) with H and W "
                f"multiples of {STRIDE}; these are image {shapes[0]}, known {shapes[1]} and clicks "
                f"{shapes[2]}: pad or resize them first"
            )
        normalized = self.normalize(image)
        x = torch.cat([normalized, clicks, known], dim=1)  # (N, 11, H, W)
        raw = self.decoder(self.encoder(x), torch.cat([normalized, image, known], dim=1))  # (N, 7, H, W)
        alpha = raw[:, :1].clamp(0, 1)
        fg, bg = raw[:, 1:].sigmoid().split(3, dim=1)
        return fused(image, alpha, fg, bg)


def fused(image: Tensor, alpha: Tensor, fg: Tensor, bg: Tensor) -> FbaOutput:
    r"""Bring F, B and then alpha in line with the image, in one step each (section 3.3).

    .. math:: F' &= \alpha I + (1 - \alpha^2) F - \alpha (1 - \alpha) B \\
              B' &= (1 - \alpha) I + (2 \alpha - \alpha^2) B - \alpha (1 - \alpha) F' \\
              \alpha' &= \frac{0.1 \alpha + (I - B') \cdot (F' - B')}{0.1 + |F' - B'|^2}

    with F' and B' cut to [0, 1] before, and alpha' after the last.
    """
    mixed = alpha * (1 - alpha)
    fg = alpha * image + (1 - alpha**2) * fg - mixed * bg
    bg = (1 - alpha) * image + (2 * alpha - alpha**2) * bg - mixed * fg
    fg, bg = fg.clamp(0, 1), bg.clamp(0, 1)
    apart = fg - bg  # (N, 3, H, W)
    along = ((image - bg) * apart).sum(1, keepdim=True)  # (N, 1, H, W)
    alpha = (_SHARE * alpha + along) / (_SHARE + (apart * apart).sum(1, keepdim=True))
    return FbaOutput(alpha.clamp(0, 1), fg, bg)


class NormalizedConv2d(StandardizedConv2d):
    r"""Convolution with a standardised weight, by the variance over n values.

    .. math:: \hat W_o = \frac{W_o - \mu_o}{\sqrt{\sigma_o^2 + 10^{-5}}}
    """

    def standardized(self) -> Tensor:
        """Return the weight that the convolution uses."""
        centred = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        variance = centred.square().mean(dim=(1, 2, 3), keepdim=True)
        standardized: Tensor = centred / (variance + 1e-5).sqrt()
        return standardized


class Encoded(NamedTuple):
    """What the decoder takes from the encoder, at strides 2, 4 and 8."""

    stem: Tensor  # (N, 64, H/2, W/2)
    layer1: Tensor  # (N, 256, H/4, W/4)
    layer4: Tensor  # (N, 2048, H/8, W/8)


class Encoder(nn.Module):
    """ResNet-50 with group norms, at output stride 8: layers 3 and 4 are dilated instead of strided."""

    def __init__(self, inputs: int, width: int, depths: tuple[int, int, int, int], groups: int) -> None:
        super().__init__()
        norm, wide = partial(nn.GroupNorm, groups), EXPANSION * width
        kinds: dict[str, Any] = {"conv": NormalizedConv2d, "norm": norm}
        self.conv1 = NormalizedConv2d(inputs, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = norm(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = residual_layer(width, width, depths[0], **kinds)
        self.layer2 = residual_layer(wide, 2 * width, depths[1], stride=2, **kinds)
        self.layer3 = residual_layer(2 * wide, 4 * width, depths[2], dilation=2, **kinds)
        self.layer4 = residual_layer(4 * wide, 8 * width, depths[3], dilation=4, **kinds)

    def forward(self, x: Tensor) -> Encoded:
        """Encode (N, 11, H, W): normalised image, clicks, known regions."""
        stem = self.relu(self.bn1(self.conv1(x)))  # (N, 64, H/2, W/2)
        layer1 = self.layer1(self.maxpool(stem))  # (N, 256, H/4, W/4)
        x = self.layer2(layer1)  # (N, 512, H/8, W/8)
        x = self.layer3(x)  # (N, 1024, H/8, W/8)
        return Encoded(stem, layer1, self.layer4(x))  # (N, 2048, H/8, W/8)


class Decoder(nn.Module):
    """A pyramid of means, from stride 8 to full size in three steps, one head for all seven maps."""

    def __init__(
        self,
        width: int,
        pools: tuple[int, ...],
        context: int,
        up: tuple[int, int, int],
        head: tuple[int, int],
        groups: int,
    ) -> None:
        super().__init__()
        deepest, layer1 = 8 * EXPANSION * width, EXPANSION * width
        self.ppm = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(side), *_step(deepest, context, 1, groups)) for side in pools
        )
        joined = deepest + len(pools) * context
        self.conv_up1 = nn.Sequential(*_step(joined, up[0], 3, groups), *_step(up[0], up[0], 3, groups))
        self.conv_up2 = nn.Sequential(*_step(up[0] + layer1, up[1], 3, groups))
        self.conv_up3 = nn.Sequential(*_step(up[1] + width, up[2], 3, groups))
        self.conv_up4 = nn.Sequential(
            nn.Conv2d(up[2] + 3 + 3 + 2, head[0], 3, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(head[0], head[1], 3, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(head[1], 7, 1),
        )

    def forward(self, encoded: Encoded, full: Tensor) -> Tensor:
        """Decode to (N, 7, H, W); `full` (N, 8, H, W) is the input once more, at full size."""
        x = encoded.layer4  # (N, 2048, H/8, W/8)
        size = (x.shape[2], x.shape[3])
        means = [interpolate(pool(x), size, mode="bilinear", align_corners=False) for pool in self.ppm]
        x = self.conv_up1(torch.cat([x, *means], dim=1))  # (N, 3072, H/8, W/8) to (N, 256, ..)
        x = self.conv_up2(torch.cat([enlarge(x), encoded.layer1], dim=1))  # (N, 512, H/4, W/4) to 256
        x = self.conv_up3(torch.cat([enlarge(x), encoded.stem], dim=1))  # (N, 320, H/2, W/2) to 64
        raw: Tensor = self.conv_up4(torch.cat([enlarge(x), full], dim=1))  # (N, 72, H, W) to (N, 7, H, W)
        return raw


def _step(inputs: int, outputs: int, size: int, groups: int) -> tuple[nn.Module, ...]:
    conv = NormalizedConv2d(inputs, outputs, size, padding=size // 2)
    return conv, nn.GroupNorm(groups, outputs), nn.LeakyReLU()
