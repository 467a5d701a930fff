"""The matting network of Semantic Image Matting: alpha, F and B from an image, a trimap and its semantics.

"Semantic Image Matting", CVPR 2021, section 4.2 and Figure 5. Module names are those of the released code, so
that its files load as they are. Where paper and release differ, this follows the release:

- the semantic trimap does not join the input's channels: it enters by a 7 × 7 convolution of its own, whose
  result is added to that of the first convolution before the norm;
- alpha has a head of its own, F and B share one; each is two 3 × 3 and one 1 × 1 convolution;
- the content-sensitive weights are three sigmoid maps for the gradient *magnitudes* of F, B and alpha,
  where the paper has two, λ₁ and λ₂, of which one serves twice;
- alpha is clamped to [0, 1]: no gradient flows back from outside.

Different from the release on purpose: normalisation is part of the network; maps that only training uses
are left out on request, not by a global switch; the encoder with group norm is not here, since it cannot
run in the release (its stem's 64 channels meet a decoder that wants 128).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from simd.errors import DataError
from simd.methods.networks.layers import EXPANSION, Normalize, StandardizedConv2d, enlarge, residual_layer


class SimOutput(NamedTuple):
    """What the network makes of a batch; with `auxiliary` off, alpha alone."""

    alpha: Tensor  # (N, 1, H, W) in [0, 1]; known pixels are not overwritten
    fg: Tensor | None = None  # (N, 3, H, W) in [0, 1]
    bg: Tensor | None = None  # (N, 3, H, W) in [0, 1]
    weights: Tensor | None = None  # (N, 3, H, W) in [0, 1]: r1, r2, r3, for the gradients of F, B, alpha


class SIM(nn.Module):
    """Semantic image matting.

    Parameters
    ----------
    classes, clicks : int
        Channels of the semantic trimap, and of the distance maps.
    width : int
        Channels of the encoder's first layer; the encoder's others are multiples of it.
    depths : tuple of int
        Bottlenecks in each of the encoder's four layers.
    dilations : tuple of int
        Of the pyramid's 3 × 3 branches, in pixels at output stride 8.
    context : int
        Channels of each branch of the pyramid, and of its result.
    up : tuple of int
        Channels of the decoder at output stride 8, 4 and 2.
    head : tuple of int
        Channels inside each head.
    """

    def __init__(
        self,
        *,
        classes: int = 20,
        clicks: int = 6,
        width: int = 64,
        depths: tuple[int, int, int, int] = (3, 4, 6, 3),
        dilations: tuple[int, ...] = (12, 24, 36),
        context: int = 256,
        up: tuple[int, int, int] = (256, 256, 64),
        head: tuple[int, int] = (32, 16),
    ) -> None:
        super().__init__()
        self.classes, self.clicks = classes, clicks
        self.normalize = Normalize()
        self.encoder = Encoder(in_channels=3 + clicks + 2, side_channels=classes, width=width, depths=depths)
        self.decoder = Decoder(width=width, dilations=dilations, context=context, up=up, head=head)

    def forward(
        self,
        image: Tensor,
        trimap: Tensor,
        clicks: Tensor,
        semantic_trimap: Tensor,
        *,
        auxiliary: bool = True,
    ) -> SimOutput:
        """Solve a batch; H and W are multiples of 8.

        Parameters
        ----------
        image : (N, 3, H, W), in [0, 1]
            RGB.
        trimap : (N, 1, H, W)
            Levels 0, 128, 255.
        clicks : (N, 6, H, W), in [0, 1]
            Nearness to known background and foreground, :func:`simd.methods.runtime.click_maps.click_maps`.
        semantic_trimap : (N, 20, H, W), in [0, 1]
            :func:`simd.methods.sim.semantic_trimap.semantic_trimap`.
        auxiliary : bool
            Also F, B and the weight maps, for training and for pictures; alpha does not depend on it.

        Raises
        ------
        DataError
            If the shapes are not as above.
        """
        if not torch.compiler.is_compiling():  # an exported graph has no errors of its own
            inputs = {"image": image, "trimap": trimap, "clicks": clicks, "semantic_trimap": semantic_trimap}
            _check_shapes(inputs, (3, 1, self.clicks, self.classes))
        normalized = self.normalize(image)
        known = torch.cat([trimap == 0, trimap == 255], dim=1).to(image.dtype)  # (N, 2, H, W), bg first
        encoded = self.encoder(torch.cat([normalized, clicks, known], dim=1), semantic_trimap)
        solved: SimOutput = self.decoder(encoded, normalized, image, known, auxiliary=auxiliary)
        return solved


class Encoded(NamedTuple):
    """What the decoder takes from the encoder, at strides 2, 4 and 8."""

    stem: Tensor  # (N, 128, H/2, W/2)
    layer1: Tensor  # (N, 256, H/4, W/4)
    layer4: Tensor  # (N, 2048, H/8, W/8)


class Encoder(nn.Module):
    """ResNet-50 with a deep stem, at output stride 8: layers 3 and 4 are dilated instead of strided."""

    def __init__(
        self, *, in_channels: int, side_channels: int, width: int, depths: tuple[int, int, int, int]
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride=2, padding=1, bias=False)
        self.conv1_side = nn.Conv2d(side_channels, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 2 * width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(2 * width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        # the second norm of a bottleneck has another momentum here than in the classifier
        wide, slow = EXPANSION * width, 0.01
        self.layer1 = residual_layer(2 * width, width, depths[0], momentum=slow)
        self.layer2 = residual_layer(wide, 2 * width, depths[1], stride=2, momentum=slow)
        self.layer3 = residual_layer(2 * wide, 4 * width, depths[2], dilation=2, momentum=slow)
        self.layer4 = residual_layer(4 * wide, 8 * width, depths[3], dilation=4, momentum=slow)

    def forward(self, x: Tensor, semantic_trimap: Tensor) -> Encoded:
        """Encode (N, 11, H, W): normalised image, clicks, known regions."""
        x = self.conv1(x) + self.conv1_side(semantic_trimap)  # (N, 64, H/2, W/2)
        x = self.relu(self.bn1(x))
        x = self.relu(self.bn2(self.conv2(x)))
        stem = self.relu(self.bn3(self.conv3(x)))  # (N, 128, H/2, W/2)
        layer1 = self.layer1(self.maxpool(stem))  # (N, 256, H/4, W/4)
        x = self.layer2(layer1)  # (N, 512, H/8, W/8)
        x = self.layer3(x)  # (N, 1024, H/8, W/8)
        return Encoded(stem, layer1, self.layer4(x))  # (N, 2048, H/8, W/8)


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling: a place, three rings around it, the mean of all (Chen et al. 2017)."""

    def __init__(self, inputs: int, outputs: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        near = _standardized(inputs, outputs, 1, bias=False)
        rings = [_standardized(inputs, outputs, 3, dilation=rate, bias=False) for rate in dilations]
        everywhere = [nn.AdaptiveAvgPool2d(1), *_standardized(inputs, outputs, 1, bias=False)]
        self.convs = nn.ModuleList(
            nn.Sequential(*branch, nn.ReLU(inplace=True)) for branch in (near, *rings, everywhere)
        )
        joined = (len(dilations) + 2) * outputs
        self.project = nn.Sequential(
            *_standardized(joined, outputs, 1, bias=False), nn.ReLU(inplace=True), nn.Dropout(0.5)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 2048, H/8, W/8) to (N, 256, H/8, W/8)."""
        *local, everywhere = (branch(x) for branch in self.convs)
        everywhere = everywhere.expand_as(local[0])  # (N, 256, 1, 1) to (N, 256, H/8, W/8)
        y: Tensor = self.project(torch.cat([*local, everywhere], dim=1))  # (N, 1280, ..) to (N, 256, ..)
        return y


class Decoder(nn.Module):
    """From stride 8 to full size in three steps, then three heads."""

    def __init__(
        self,
        *,
        width: int,
        dilations: tuple[int, ...],
        context: int,
        up: tuple[int, int, int],
        head: tuple[int, int],
    ) -> None:
        super().__init__()
        deepest, layer1, stem = 8 * EXPANSION * width, EXPANSION * width, 2 * width
        self.global_module = Pyramid(deepest, context, dilations)
        self.conv_up1 = nn.Sequential(*_step(deepest + context, up[0]), *_step(up[0], up[0]))
        self.conv_up2 = nn.Sequential(*_step(up[0] + layer1, up[1]))
        self.conv_up3 = nn.Sequential(*_step(up[1] + stem, up[2]))
        self.conv_up4_alpha = _head(up[2] + 3 + 3 + 2, head, 1)
        self.conv_up4_fb = _head(up[2] + 3 + 3 + 2, head, 6)
        self.conv_up4_attn = _head(up[2], head, 3)

    def forward(
        self, encoded: Encoded, normalized: Tensor, image: Tensor, known: Tensor, *, auxiliary: bool
    ) -> SimOutput:
        """Decode; `normalized`, `image` and `known` are the input once more, at full size."""
        x = encoded.layer4  # (N, 2048, H/8, W/8)
        x = self.conv_up1(torch.cat([x, self.global_module(x)], dim=1))  # (N, 2304, ..) to (N, 256, ..)
        x = self.conv_up2(torch.cat([enlarge(x), encoded.layer1], dim=1))  # (N, 512, H/4, W/4) to 256
        x = self.conv_up3(torch.cat([enlarge(x), encoded.stem], dim=1))  # (N, 384, H/2, W/2) to 64
        x = enlarge(x)  # (N, 64, H, W)
        y = torch.cat([x, normalized, image, known], dim=1)  # (N, 72, H, W)
        alpha = self.conv_up4_alpha(y).clamp(0, 1)  # (N, 1, H, W)
        if not auxiliary:
            return SimOutput(alpha)
        fg, bg = self.conv_up4_fb(y).sigmoid().split(3, dim=1)  # (N, 3, H, W) each
        return SimOutput(alpha, fg, bg, self.conv_up4_attn(x).sigmoid())


def _check_shapes(inputs: dict[str, Tensor], channels: tuple[int, ...]) -> None:
    n, (h, w) = inputs["image"].shape[0], inputs["image"].shape[-2:]
    wanted = [(n, count, h, w) for count in channels]
    if [tuple(tensor.shape) for tensor in inputs.values()] != wanted or h % 8 or w % 8 or not h * w:
        forms = ", ".join(f"{name} (N, {count}, H, W)" for name, count in zip(inputs, channels, strict=True))
        shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in inputs.items())
        raise DataError(f"SIM takes {forms} with H and W multiples of 8; these are {shapes}: pad them first")


def _standardized(
    inputs: int, outputs: int, size: int, *, dilation: int = 1, bias: bool = True
) -> tuple[nn.Module, nn.Module]:
    """Return a weight-standardised convolution that keeps the map's size, and its norm."""
    padding = dilation * (size // 2)
    conv = StandardizedConv2d(inputs, outputs, size, padding=padding, dilation=dilation, bias=bias)
    return conv, nn.BatchNorm2d(outputs)


def _step(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return *_standardized(inputs, outputs, 3), nn.LeakyReLU(0.01, inplace=True)


def _head(inputs: int, widths: tuple[int, int], outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, widths[0], 3, padding=1),
        nn.LeakyReLU(0.01, inplace=True),
        nn.Conv2d(widths[0], widths[1], 3, padding=1),
        nn.LeakyReLU(0.01, inplace=True),
        nn.Conv2d(widths[1], outputs, 1, bias=False),
    )
