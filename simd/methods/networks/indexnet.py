"""IndexNet: the encoder learns where to look while it pools, and tells the decoder, which enlarges by it.

"Indices Matter: Learning to Index for Deep Image Matting", ICCV 2019 (Lu et al.), Figures 2 to 4: the variant
"depthwise, many-to-one, non-linear, with context" with atrous spatial pyramid pooling, at output stride 32.
Module names are those of the authors' code, so that its files load as they are. Where paper and code differ,
this follows the code:

- a block of the encoder is padded *before* its first 1 × 1 convolution and not at its depthwise one, so that
  the padding passes through a norm and is not zero any more;
- there is no sigmoid at the end: alpha is cut to [0, 1] outside;
- 4 times the mean of 4 pixels, weighted by indices that sum to 1, is their weighted sum.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pad, pixel_shuffle

from simd.methods.networks.layers import Normalize, check_pair

STRIDE = 32
_LAYERS = ((1, 0.5, 1), (6, 0.75, 2), (6, 1, 3), (6, 2, 4), (6, 3, 3), (6, 5, 3), (6, 10, 1))
# of MobileNetV2: expansion, channels in units of `width`, blocks
_POOLED = (0, 2, 3, 4, 6)  # layers after which sides are halved


class IndexNetOutput(NamedTuple):
    """What the network makes of a batch."""

    raw: Tensor  # (N, 1, H, W), alpha before it is cut to [0, 1]


class IndexNet(nn.Module):
    """IndexNet matting.

    Parameters
    ----------
    width : int
        Channels of the first layer; the encoder's others are multiples of it.
    context : int
        Channels of each branch of the pyramid.
    dilations : tuple of int
        Of the pyramid's 3 × 3 branches.
    """

    def __init__(
        self, *, width: int = 32, context: int = 256, dilations: tuple[int, ...] = (2, 4, 8)
    ) -> None:
        super().__init__()
        self.normalize = Normalize()
        self.layer0 = nn.Sequential(*_conv(3 + 1, width, 3))
        widths = [width, *(int(width * factor) for _, factor, _ in _LAYERS)]
        for number, (expansion, _, blocks) in enumerate(_LAYERS, start=1):
            inputs, outputs = widths[number - 1 : number + 1]
            rest = (InvertedResidual(outputs, outputs, expansion) for _ in range(blocks - 1))
            layer = nn.Sequential(InvertedResidual(inputs, outputs, expansion), *rest)
            self.add_module(f"layer{number}", layer)
        for number in _POOLED:
            self.add_module(f"index{number}", IndexBlock(widths[number]))
        self.dconv_pp = Pyramid(widths[7], context, widths[6], dilations)
        inputs = widths[6]
        # layers 5 to 0 are as wide as what comes next; from 1 on as the first
        for number, outputs in zip(range(6, -1, -1), (*widths[5:0:-1], width, width), strict=True):
            self.add_module(f"decoder_layer{number}", DecoderLayer(inputs + widths[number], outputs))
            inputs = outputs
        self.pred = nn.Sequential(
            nn.Sequential(*_conv(width, 1, 5)), nn.Conv2d(1, 1, 5, padding=2, bias=False)
        )

    def forward(self, image: Tensor, trimap: Tensor) -> IndexNetOutput:
        """Solve a batch; H and W are multiples of 32.

        Parameters
        ----------
        image : (N, 3, H, W), in [0, 1]
            RGB.
        trimap : (N, 1, H, W)
            Levels 0, 128, 255.

        Raises
        ------
        DataError
            If the shapes are not as above.
        """
        check_pair("IndexNet", image, trimap, STRIDE)
        x = torch.cat([self.normalize(image), trimap / 255], dim=1)  # (N, 4, H, W)
        skips: list[tuple[Tensor, Tensor | None]] = []
        for number in range(7):
            # channels and stride: (32, 1), (16, 2), (24, 2), (32, 4), (64, 8), (96, 16), (160, 16)
            x = self.get_submodule(f"layer{number}")(x)
            if number in _POOLED:
                of_encoder, of_decoder = self.get_submodule(f"index{number}")(x)
                x = of_encoder * x
                skips.append((x, of_decoder))
                x = 4 * avg_pool2d(x, 2)
            else:
                skips.append((x, None))
        x = self.get_submodule("layer7")(x)  # (N, 320, H/32, W/32)
        x = self.dconv_pp(x)  # (N, 160, H/32, W/32)
        for number in range(6, -1, -1):
            # channels and stride: (96, 16), (64, 16), (32, 8), (24, 4), (16, 2), (32, 2), (32, 1)
            skip, index = skips.pop()
            x = self.get_submodule(f"decoder_layer{number}")(x, skip, index)
        return IndexNetOutput(self.pred(x))


class InvertedResidual(nn.Module):
    """A block of MobileNetV2 of stride 1: widened, filtered channel by channel, narrowed."""

    def __init__(self, inputs: int, outputs: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        widen = _conv(inputs, wide, 1) if expansion > 1 else ()
        filtered = (nn.Conv2d(wide, wide, 3, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.ReLU6())
        narrow = nn.Conv2d(wide, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv = nn.Sequential(*widen, *filtered, *narrow)
        self.adds = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W); the padding goes through the whole block."""
        y: Tensor = self.conv(pad(x, (1, 1, 1, 1)))
        return x + y if self.adds else y


class IndexBlock(nn.Module):
    """Where to look in each 2 × 2 pixels: four small networks, one a pixel (Figure 4)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        for number in range(1, 5):
            branch = (*_conv(channels, channels, 4, stride=2), nn.Conv2d(channels, channels, 1, bias=False))
            self.add_module(f"indexnet{number}", nn.Sequential(*branch))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return indices of encoder and decoder, (N, C, H, W); the encoder's sum to 1 in 2 × 2 pixels."""
        branches = [self.get_submodule(f"indexnet{number}")(x) for number in range(1, 5)]
        of_decoder = torch.stack(branches, dim=2).sigmoid()  # (N, C, 4, H/2, W/2)
        of_encoder = of_decoder.softmax(dim=2)
        first, second = (pixel_shuffle(y.flatten(1, 2), 2) for y in (of_encoder, of_decoder))
        return first, second


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling by depthwise convolutions: a place, rings around it, the mean of all."""

    def __init__(self, inputs: int, context: int, outputs: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.aspp1 = Atrous(inputs, context, dilation=0)
        for number, dilation in enumerate(dilations, start=2):
            self.add_module(f"aspp{number}", Atrous(inputs, context, dilation))
        self.rings = len(dilations)
        self.global_avg_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_conv(inputs, context, 1))
        self.bottleneck_conv = nn.Sequential(*_conv((2 + self.rings) * context, outputs, 1))
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 320, H/32, W/32) to (N, 160, H/32, W/32)."""
        local = [self.get_submodule(f"aspp{number}")(x) for number in range(1, 2 + self.rings)]
        everywhere = self.global_avg_pool(x).expand_as(local[0])  # (N, 256, 1, 1) to (N, 256, H/32, W/32)
        y: Tensor = self.dropout(self.bottleneck_conv(torch.cat([*local, everywhere], dim=1)))
        return y


class Atrous(nn.Module):
    """A branch of the pyramid; without a dilation, one place alone."""

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        ring: tuple[nn.Module, ...] = ()
        if dilation:
            depthwise = nn.Conv2d(
                inputs, inputs, 3, padding=dilation, dilation=dilation, groups=inputs, bias=False
            )
            ring = depthwise, nn.BatchNorm2d(inputs), nn.ReLU6()
        self.atrous_conv = nn.Sequential(*ring, *_conv(inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W)."""
        y: Tensor = self.atrous_conv(x)
        return y


class DecoderLayer(nn.Module):
    """Enlarge by the encoder's indices where it pooled, join its map, convolve."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dconv = nn.Sequential(*_conv(inputs, outputs, 5))

    def forward(self, x: Tensor, skip: Tensor, index: Tensor | None) -> Tensor:
        """Map (N, C, ..) and the skip (N, D, H, W) to (N, outputs, H, W)."""
        if index is not None:
            x = index * interpolate(x, scale_factor=2, mode="nearest")
        y: Tensor = self.dconv(torch.cat([x, skip], dim=1))
        return y


def _conv(inputs: int, outputs: int, size: int, *, stride: int = 1) -> tuple[nn.Module, ...]:
    """Return a convolution that keeps the map's size, or divides it by the stride, its norm, and ReLU6."""
    padding = (size - 1) // 2
    conv = nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, bias=False)
    return conv, nn.BatchNorm2d(outputs), nn.ReLU6()
