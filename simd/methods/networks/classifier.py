"""The patch classifier of Semantic Image Matting: which of the 20 patterns a patch shows, and where.

"Semantic Image Matting", CVPR 2021, section 4.1. The same network on alpha mattes is the paper's
discriminator (section 4.3). Differences between paper and released code, which this follows:

- paper and release train on patches of 320 pixels; at inference the release hands over windows of 320 and 800
  pixels unresized, so nothing here depends on the input's size;
- the paper's discriminator sees the alpha alone, the release's by default the foreground's colours too:
  both can be built, see `in_channels`.

Module names are those of the release, so that its files load as they are.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from simd.methods.networks.layers import EXPANSION, Normalize, residual_layer


class Classified(NamedTuple):
    """What the classifier says of a batch of patches."""

    logits: Tensor  # (N, classes), no softmax
    score_maps: Tensor  # (N, classes, H/32, W/32), the class activation maps: raw, no ReLU, no scaling
    features: tuple[Tensor, ...]  # five levels: the four layers' outputs, then their mean (N, C, 1, 1)


class PatchClassifier(nn.Module):
    """ResNet-50 with a fourth input channel and class activation maps.

    Parameters
    ----------
    in_channels : int
        4: colours and a matte. 3: the matte alone, repeated (the paper's discriminator).
    classes : int
        Patterns told apart.
    width : int
        Channels of the first layer; everything else is a multiple of it.
    depths : tuple of int
        Bottlenecks in each of the four layers.
    """

    def __init__(
        self,
        *,
        in_channels: int = 4,
        classes: int = 20,
        width: int = 64,
        depths: tuple[int, int, int, int] = (3, 4, 6, 3),
    ) -> None:
        super().__init__()
        self.classes = classes
        self.normalize = Normalize()
        self.conv1 = nn.Conv2d(in_channels, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = residual_layer(width, width, depths[0])
        self.layer2 = residual_layer(EXPANSION * width, 2 * width, depths[1], stride=2)
        self.layer3 = residual_layer(EXPANSION * 2 * width, 4 * width, depths[2], stride=2)
        self.layer4 = residual_layer(EXPANSION * 4 * width, 8 * width, depths[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(EXPANSION * 8 * width, classes)

    def forward(self, image: Tensor | None, matte: Tensor) -> Classified:
        """Classify patches of any size.

        Parameters
        ----------
        image : (N, 3, H, W), in [0, 1], or None
            RGB; None for a network of three input channels.
        matte : (N, 1, H, W), in [0, 1]
            Trimap / 255 for the classifier, alpha for the discriminator.
        """
        alone = image is None
        x = matte.expand(-1, 3, -1, -1) if alone else torch.cat([self.normalize(image), matte], dim=1)
        x = self.relu(self.bn1(self.conv1(x)))  # (N, 64, H/2, W/2); every halving rounds up
        x = self.maxpool(x)  # (N, 64, H/4, W/4)
        features = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)  # (N, 256, H/4, W/4), (N, 512, H/8), (N, 1024, H/16), (N, 2048, H/32, W/32)
            features.append(x)
        pooled = self.avgpool(x)  # (N, 2048, 1, 1)
        logits = self.fc(pooled.flatten(1))  # (N, 20)
        # the last layer at every place instead of at the mean: Zhou et al. 2016, without the bias
        score_maps = torch.einsum("kc,nchw->nkhw", self.fc.weight, x)  # (N, 20, H/32, W/32)
        return Classified(logits, score_maps, (*features, pooled))
