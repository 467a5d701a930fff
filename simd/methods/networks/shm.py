r"""Semantic Human Matting: a network that finds the person, one for the details, and the fusion of both.

"Semantic Human Matting", ACM Multimedia 2018 (Chen et al.), section 4. No trimap goes in. The authors
released neither code nor weights, so module names are ours, and where the paper says nothing
docs/training.md lists what was chosen.

The fusion is

.. math:: \alpha = p_f + p_u \, \alpha_M

where a pixel is foreground, unknown or background with probabilities that sum to 1. It is printed with
:math:`\alpha_M` behind all three terms. That would be :math:`\alpha_M (p_f + p_u + p_b) = \alpha_M`: the
semantics would not count, and T-Net would learn nothing from it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from simd.errors import DataError
from simd.methods.networks.layers import EXPANSION, Normalize, residual_layer

BACKGROUND, UNKNOWN, FOREGROUND = range(3)
"""Order of everything that has three channels: logits, probabilities, trimaps one-hot."""

STRIDE = 16
"""Sides of what M-Net takes are multiples of it: for some others its maps are too small without any error."""

_CONVOLUTIONS = (2, 2, 3, 3, 3)  # of VGG-16, between poolings; nothing pools the last


class ShmOutput(NamedTuple):
    """What the networks make of a batch; h and w are H and W, or the side of windows."""

    alpha: Tensor  # (N, 1, h, w), fused; outside [0, 1] where details are
    details: Tensor  # (N, 1, h, w), M-Net's alpha, unbounded
    probabilities: Tensor  # (N, 3, h, w), T-Net's, as M-Net sees them
    logits: Tensor  # (N, 3, H, W), T-Net's


class TNet(nn.Module):
    """The trimap's network, PSPNet: which pixels are background, unknown, foreground.

    Parameters
    ----------
    width : int
        Channels of the stem and of the first layer's 3 × 3 convolutions.
    depths : tuple of int
        Blocks of each layer; (3, 4, 6, 3) is ResNet-50.
    bins : tuple of int
        Cells a side of each pooling.
    branch, head : int
        Channels of each pooling's branch, and of the head.
    """

    def __init__(
        self,
        *,
        width: int = 64,
        depths: tuple[int, int, int, int] = (3, 4, 6, 3),
        bins: tuple[int, ...] = (1, 2, 3, 6),
        branch: int = 512,
        head: int = 512,
    ) -> None:
        super().__init__()
        self.normalize = Normalize()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        widths = [EXPANSION * width * factor for factor in (1, 2, 4, 8)]  # 256, 512, 1024, 2048
        self.layer1 = residual_layer(width, width, depths[0])
        self.layer2 = residual_layer(widths[0], 2 * width, depths[1], stride=2)
        self.layer3 = residual_layer(widths[1], 4 * width, depths[2], dilation=2)
        self.layer4 = residual_layer(widths[2], 8 * width, depths[3], dilation=4)
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.AdaptiveAvgPool2d(size),
                nn.Conv2d(widths[3], branch, 1, bias=False),
                nn.BatchNorm2d(branch),
                nn.ReLU(inplace=True),
            )
            for size in bins
        )
        self.head = nn.Sequential(
            nn.Conv2d(widths[3] + len(bins) * branch, head, 3, padding=1, bias=False),
            nn.BatchNorm2d(head),
            nn.ReLU(inplace=True),
            nn.Dropout(0.1),
            nn.Conv2d(head, 3, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits (N, 3, H, W) of images (N, 3, H, W) in [0, 1], RGB, of any size.

        Raises
        ------
        DataError
            If this is not an image; in training mode also if it is a single one, since the norm behind the
            pooling to one cell has then a single value a channel.
        """
        _check("T-Net", {"image": image}, 1)
        if self.training and len(image) == 1 and self.bn1.training:
            raise DataError(
                "T-Net learns its norms from at least two images at a time, and this is one: larger batches, "
                "or norms in evaluation mode (loop.fixed_norms=1)"
            )
        size = image.shape[2:]
        x = self.relu(self.bn1(self.conv1(self.normalize(image))))  # (N, 64, H/2, W/2)
        x = self.layer1(self.maxpool(x))  # (N, 256, H/4, W/4)
        x = self.layer4(self.layer3(self.layer2(x)))  # (N, 512, 1024, 2048, H/8, W/8), sides rounded up
        pooled = [_resized(each(x), x.shape[2:]) for each in self.branches]  # 4 of (N, 512, H/8, W/8)
        logits: Tensor = self.head(torch.cat([x, *pooled], dim=1))  # (N, 3, H/8, W/8)
        return _resized(logits, size)


class MNet(nn.Module):
    """The details' network: Deep Image Matting's with norms, without its deepest pooling and convolutions.

    Parameters
    ----------
    width : int
        Channels of the first convolutions; the others are multiples.
    """

    def __init__(self, *, width: int = 64) -> None:
        super().__init__()
        self.normalize = Normalize()
        self.relu = nn.ReLU(inplace=True)
        widths = tuple(width * factor for factor in (1, 2, 4, 8, 8))
        inputs = 3 + 3
        for stage, (outputs, count) in enumerate(zip(widths, _CONVOLUTIONS, strict=True), start=1):
            for number in range(1, count + 1):
                self._add(f"conv{stage}_{number}", inputs, outputs, 3)
                inputs = outputs
        # what is unpooled by the indices of a stage has that stage's channels
        for stage, outputs in zip((5, 4, 3, 2, 1), (*reversed(widths[:-1]), width), strict=True):
            self._add(f"deconv{stage}", widths[stage - 1], outputs, 5)
        self.alpha = nn.Conv2d(width, 1, 5, padding=2)
        with torch.no_grad():  # begins as a network of the image alone
            self.get_submodule("conv1_1")[0].weight[:, 3:] = 0  # type: ignore[index]

    def forward(self, image: Tensor, probabilities: Tensor) -> Tensor:
        """Return alpha (N, 1, H, W), unbounded; H and W are multiples of 16.

        Parameters
        ----------
        image : (N, 3, H, W), in [0, 1]
            RGB.
        probabilities : (N, 3, H, W), in [0, 1]
            Of background, unknown, foreground; of a trimap one of them is 1.

        Raises
        ------
        DataError
            If the shapes are not as above.
        """
        _check("M-Net", {"image": image, "probabilities": probabilities}, STRIDE)
        x = torch.cat([self.normalize(image), probabilities], dim=1)  # (N, 6, H, W)
        indices: list[Tensor] = []
        for stage, count in enumerate(_CONVOLUTIONS, start=1):
            if stage > 1:
                x, index = functional.max_pool2d(x, 2, return_indices=True)  # sides halved
                indices.append(index)
            for number in range(1, count + 1):
                x = self.get_submodule(f"conv{stage}_{number}")(x)
            # (N, 64, H, W), 128 at H/2, 256 at H/4, 512 at H/8, 512 at H/16
        for stage in (5, 4, 3, 2):
            x = self.get_submodule(f"deconv{stage}")(x)  # to 512, 256, 128, 64 channels
            x = functional.max_unpool2d(x, indices.pop(), (2, 2))  # at H/8, H/4, H/2, H
        alpha: Tensor = self.alpha(self.get_submodule("deconv1")(x))  # (N, 1, H, W)
        return alpha

    def _add(self, name: str, inputs: int, outputs: int, kernel: int) -> None:
        convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.add_module(name, nn.Sequential(convolution, nn.BatchNorm2d(outputs), self.relu))


class SHM(nn.Module):
    """Both networks, and what is fused of them.

    Parameters
    ----------
    tnet, mnet : mapping
        Hyperparameters of :class:`TNet` and :class:`MNet`.
    """

    def __init__(
        self, *, tnet: Mapping[str, Any] | None = None, mnet: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.tnet, self.mnet = TNet(**(tnet or {})), MNet(**(mnet or {}))

    def forward(self, image: Tensor, windows: Tensor | None = None, side: int = 0) -> ShmOutput:
        """Solve images, or windows of them.

        Parameters
        ----------
        image : (N, 3, H, W), in [0, 1]
            RGB; without windows H and W are multiples of 16.
        windows : (N, 3) of int, optional
            Row, column and side of the square of each image that M-Net is shown, resized to `side` pixels;
            T-Net always sees the image. In training.
        """
        logits = self.tnet(image)
        probabilities = logits.softmax(dim=1)
        if windows is not None:
            image, probabilities = (cut_windows(x, windows, side) for x in (image, probabilities))
        details = self.mnet(image, probabilities)
        return ShmOutput(fuse(probabilities, details), details, probabilities, logits)


def fuse(probabilities: Tensor, details: Tensor) -> Tensor:
    r"""Return :math:`p_f + p_u \alpha_M`, (N, 1, H, W): foreground counts 1, unknown what the details say."""
    return probabilities[:, FOREGROUND, None] + probabilities[:, UNKNOWN, None] * details


def cut_windows(x: Tensor, windows: Tensor, side: int) -> Tensor:
    """Cut a square out of each map (N, C, H, W), resized bilinearly to (N, C, side, side)."""
    cut = [
        _resized(x[i : i + 1, :, top : top + length, left : left + length], (side, side))
        for i, (top, left, length) in enumerate(windows.tolist())
    ]
    return torch.cat(cut)


def _resized(x: Tensor, size: tuple[int, ...]) -> Tensor:
    resized: Tensor = functional.interpolate(x, size, mode="bilinear", align_corners=False)
    return resized


def _check(name: str, maps: Mapping[str, Tensor], stride: int) -> None:
    """Raise DataError unless these have three channels each, one size, and sides in multiples of a stride."""
    shapes = {tuple(x.shape) for x in maps.values()}
    n, channels, height, width = next(iter(shapes)) if all(x.dim() == 4 for x in maps.values()) else (0,) * 4
    if len(shapes) > 1 or channels != 3 or not n * height * width or height % stride or width % stride:
        wanted = " and ".join(f"{key} (N, 3, H, W)" for key in maps)
        sides = f" with H and W multiples of {stride}" if stride > 1 else ""
        given = " and ".join(f"{key} {tuple(x.shape)}" for key, x in maps.items())
        raise DataError(f"{name} takes {wanted}{sides}; given are {given}: pad or resize them first")
