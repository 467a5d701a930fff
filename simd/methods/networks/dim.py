"""Deep Image Matting: a VGG-16 that remembers where its maxima were, and a small network that sharpens alpha.

"Deep Image Matting", CVPR 2017 (Xu et al.), section 4. The authors released no weights. Two
re-implementations did, and they differ:

====================  ===================  ===================================================================
                      mmagic               huochaitiantang
====================  ===================  ===================================================================
`bottleneck`          1 (the paper's fc6)  3; 1 in its files from before 2019-09-09
`skips`               no, as in the paper  yes in the better of its two files: the map that was pooled is
                                           added to the unpooled one
refinement            in stage 2 and 3     in stage 2 and 3
====================  ===================  ===================================================================

Module names are those of huochaitiantang; :func:`released_name` gives those of mmagic. Both add the
refinement to alpha's *logit*, where the paper adds it to alpha; and both let it see the normalised image.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, max_unpool2d

from simd.methods.networks.layers import Normalize, check_pair

STRIDE = 32
"""Sides must be multiples of it: for some others the unpooled maps are too small without any error."""

SIGHT = 256
"""Pixels around a pixel on which its alpha depends, at most.

Convolutions of the encoder add 2 + 4 + 12 + 24 + 48 + 32, those of the decoder 32 + 16 + 8 + 4 + 2 + 2, the
refining ones 4, and the squares of 32 that are pooled together 31 on both ways: 252.
"""

_CONVOLUTIONS = (2, 2, 3, 3, 3)  # of VGG-16, between poolings


class DimOutput(NamedTuple):
    """What the network makes of a batch; known pixels are not overwritten."""

    alpha: Tensor  # (N, 1, H, W) in [0, 1], of the encoder-decoder alone
    refined: Tensor  # (N, 1, H, W) in [0, 1]; alpha itself where nothing refines


class DIM(nn.Module):
    """Deep image matting.

    Parameters
    ----------
    skips : bool
        Add the encoder's maps to the decoder's.
    refines : bool
        With the paper's second stage.
    bottleneck : int
        Side of the deepest convolution's kernel, 1 or 3.
    width : int
        Channels of the first and of the refining convolutions; the encoder's others are multiples.
    """

    def __init__(
        self, *, skips: bool = False, refines: bool = True, bottleneck: int = 1, width: int = 64
    ) -> None:
        super().__init__()
        self.skips, self.refines = skips, refines
        self.normalize = Normalize()
        self.relu = nn.ReLU(inplace=True)
        widths = tuple(width * factor for factor in (1, 2, 4, 8, 8))
        inputs = 3 + 1
        for stage, (outputs, count) in enumerate(zip(widths, _CONVOLUTIONS, strict=True), start=1):
            for number in range(1, count + 1):
                self.add_module(f"conv{stage}_{number}", nn.Conv2d(inputs, outputs, 3, padding=1))
                inputs = outputs
        self.conv6_1 = nn.Conv2d(inputs, inputs, bottleneck, padding=bottleneck // 2)
        self.deconv6_1 = nn.Conv2d(inputs, inputs, 1)
        # what is unpooled by the indices of a stage has that stage's channels
        for stage, outputs in zip((5, 4, 3, 2, 1), (*reversed(widths[:-1]), width), strict=True):
            self.add_module(f"deconv{stage}_1", nn.Conv2d(widths[stage - 1], outputs, 5, padding=2))
        self.deconv1 = nn.Conv2d(width, 1, 5, padding=2)
        if refines:
            self.refine_conv1 = nn.Conv2d(3 + 1, width, 3, padding=1)
            self.refine_conv2 = nn.Conv2d(width, width, 3, padding=1)
            self.refine_conv3 = nn.Conv2d(width, width, 3, padding=1)
            self.refine_pred = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, image: Tensor, trimap: Tensor) -> DimOutput:
        """Solve a batch; H and W are multiples of 32.

        Parameters
        ----------
        image : (N, 3, H, W), in [0, 1]
            RGB.
        trimap : (N, 1, H, W)
            Levels 0, 128, 255; what lies between, after resizing, is seen as it is.

        Raises
        ------
        DataError
            If the shapes are not as above.
        """
        check_pair("DIM", image, trimap, STRIDE)
        normalized = self.normalize(image)
        x = torch.cat([normalized, trimap / 255], dim=1)  # (N, 4, H, W)
        pooled: list[tuple[Tensor | None, Tensor]] = []
        for stage, count in enumerate(_CONVOLUTIONS, start=1):
            for number in range(1, count + 1):
                x = self.relu(self.get_submodule(f"conv{stage}_{number}")(x))
            skip = x if self.skips else None  # (N, 64, H, W), 128 at H/2, 256, 512, 512 at H/16
            x, indices = max_pool2d(x, 2, return_indices=True)  # sides halved
            pooled.append((skip, indices))
        x = self.relu(self.conv6_1(x))  # (N, 512, H/32, W/32)
        x = self.relu(self.deconv6_1(x))
        for stage in (5, 4, 3, 2, 1):
            # (N, 512, H/16, W/16), 512 at H/8, 256 at H/4, 128 at H/2, 64 at H
            skip, indices = pooled.pop()
            x = max_unpool2d(x, indices, (2, 2))
            if skip is not None:
                x = x + skip
            x = self.relu(self.get_submodule(f"deconv{stage}_1")(x))  # to 512, 256, 128, 64, 64 channels
        raw = self.deconv1(x)  # (N, 1, H, W), a logit
        alpha = raw.sigmoid()
        if not self.refines:
            return DimOutput(alpha, alpha)
        return DimOutput(alpha, (raw + self._correction(normalized, alpha)).sigmoid())

    def _correction(self, normalized: Tensor, alpha: Tensor) -> Tensor:
        """Return what the second stage adds to the logit, (N, 1, H, W); section 4.2."""
        x = torch.cat([normalized, alpha], dim=1)  # (N, 4, H, W)
        x = self.relu(self.refine_conv1(x))  # (N, 64, H, W)
        x = self.relu(self.refine_conv2(x))
        x = self.relu(self.refine_conv3(x))
        correction: Tensor = self.refine_pred(x)
        return correction


def released_name(name: str) -> str:
    """Return the name that mmagic's file has for a tensor of :class:`DIM`.

    >>> released_name("conv3_2.weight"), released_name("conv6_1.bias")
    ('backbone.encoder.layer3.2.weight', 'backbone.encoder.conv6.bias')
    >>> released_name("deconv1.bias"), released_name("refine_pred.bias")
    ('backbone.decoder.deconv1.bias', 'refiner.refine_pred.bias')
    """
    layer, _, leaf = name.partition(".")
    if layer.startswith("refine_"):
        return f"refiner.{name}"
    if layer.startswith("deconv"):
        return f"backbone.decoder.{name}"
    if layer == "conv6_1":
        return f"backbone.encoder.conv6.{leaf}"
    stage, _, number = layer.removeprefix("conv").partition("_")
    return f"backbone.encoder.layer{stage}.{2 * (int(number) - 1)}.{leaf}"  # a ReLU stands between two
