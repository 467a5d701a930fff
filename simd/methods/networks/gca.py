"""Guided contextual attention: features of known places fill in those of unknown ones that look alike.

"Natural Image Matting via Guided Contextual Attention", AAAI 2020 (Li and Lu), Figures 2 and 3. The module
names are those of the authors' code, so that its files load as they are. Where paper and code differ, this
follows the code:

- the weights of known and unknown patches come from the share of unknown pixels in the whole input, padding
  included, so that padding changes them;
- a patch never attends to itself only where it holds an unknown pixel.

Different from the code on purpose: scores are computed for some hundred pixels at a time, each against all
patches, so that memory grows with the image and not with its square. The result is the same up to rounding.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, fold, max_pool2d, normalize, pad, unfold

from simd.methods.networks.layers import Normalize, check_pair

STRIDE = 32
_LOW, _HIGH = 85, 170  # levels of the trimap: from the one on unknown, from the other on foreground
_MIN_NORM = 1e-4  # of a patch of guidance
_NEVER = -1e4  # score of an unknown patch with itself
_LEAST, _MOST = 0.1, 10.0  # weight of known and unknown patches


class GcaOutput(NamedTuple):
    """What the network makes of a batch."""

    alpha: Tensor  # (N, 1, H, W) in [0, 1]; known pixels are not overwritten


class GCA(nn.Module):
    """Guided contextual attention matting.

    Parameters
    ----------
    width : int
        Channels at full size; all others are multiples of it.
    encoder, decoder : tuple of int
        Residual blocks in each layer.
    scores : int
        Numbers that attention holds at once; it changes memory and nothing else.
    """

    def __init__(
        self,
        *,
        width: int = 32,
        encoder: tuple[int, int, int, int] = (3, 4, 4, 2),
        decoder: tuple[int, int, int, int] = (2, 3, 3, 2),
        scores: int = 2**25,
    ) -> None:
        super().__init__()
        self.normalize = Normalize()
        self.encoder = Encoder(width, encoder, scores)
        self.decoder = Decoder(width, decoder, scores)

    def forward(self, image: Tensor, trimap: Tensor) -> GcaOutput:
        """Solve a batch; H and W are multiples of 32.

        Parameters
        ----------
        image : (N, 3, H, W), in [0, 1]
            RGB.
        trimap : (N, 1, H, W)
            Levels: below 85 background, from 170 on foreground, unknown between.

        Raises
        ------
        DataError
            If the shapes are not as above.
        """
        check_pair("GCA", image, trimap, STRIDE)
        classes = (trimap < _LOW, (trimap >= _LOW) & (trimap < _HIGH), trimap >= _HIGH)
        one_hot = torch.cat(classes, dim=1).to(image.dtype)  # (N, 3, H, W): background, unknown, foreground
        x = torch.cat([self.normalize(image), one_hot], dim=1)  # (N, 6, H, W)
        raw: Tensor = self.decoder(self.encoder(x))
        return GcaOutput((raw.tanh() + 1) / 2)


class Encoded(NamedTuple):
    """What the decoder takes from the encoder."""

    deepest: Tensor  # (N, 512, H/32, W/32)
    shortcuts: tuple[Tensor, ...]  # 32 channels at H, 32 at H/2, 64 at H/4, 128 at H/8, 256 at H/16
    guidance: Tensor  # (N, 128, H/8, W/8)
    unknown: Tensor  # (N, 1, H/8, W/8), 0 or 1


class Encoder(nn.Module):
    """A residual network with attention at stride 8; its name in the paper: ResNet-34 variant."""

    def __init__(self, width: int, blocks: tuple[int, int, int, int], scores: int) -> None:
        super().__init__()
        inputs = 3 + 3
        self.conv1 = SpectralConv(inputs, width, 3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = SpectralConv(width, width, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = SpectralConv(width, 2 * width, 3, stride=2, padding=1)
        self.bn3 = nn.BatchNorm2d(2 * width)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = _down(2 * width, 2 * width, blocks[0], stride=1)
        self.layer2 = _down(2 * width, 4 * width, blocks[1])
        self.layer3 = _down(4 * width, 8 * width, blocks[2])
        self.layer_bottleneck = _down(8 * width, 16 * width, blocks[3])
        guidance = ((3, width // 2), (width // 2, width), (width, 4 * width))
        self.guidance_head = nn.Sequential(*(part for pair in guidance for part in _guidance_step(*pair)))
        self.gca = GuidedContextualAttention(4 * width, 4 * width, scores=scores)
        shortcuts = ((inputs, width), (width, width), *((k * width, k * width) for k in (2, 4, 8)))
        self.shortcut = nn.ModuleList(_shortcut(*pair) for pair in shortcuts)

    def forward(self, x: Tensor) -> Encoded:
        """Encode (N, 6, H, W): normalised image, then background, unknown, foreground."""
        guidance = self.guidance_head(x[:, :3])  # (N, 128, H/8, W/8), from the image alone
        unknown = x[:, 4:5, ::8, ::8]  # (N, 1, H/8, W/8)
        x1 = self.relu(self.bn1(self.conv1(x)))  # (N, 32, H/2, W/2)
        x1 = self.relu(self.bn2(self.conv2(x1)))
        x2 = self.relu(self.bn3(self.conv3(x1)))  # (N, 64, H/4, W/4)
        x2 = self.layer1(x2)
        x3 = self.layer2(x2)  # (N, 128, H/8, W/8)
        x3 = self.gca(x3, guidance, unknown)
        x4 = self.layer3(x3)  # (N, 256, H/16, W/16)
        deepest = self.layer_bottleneck(x4)  # (N, 512, H/32, W/32)
        levels = zip(self.shortcut, (x, x1, x2, x3, x4), strict=True)
        return Encoded(deepest, tuple(shortcut(level) for shortcut, level in levels), guidance, unknown)


class Decoder(nn.Module):
    """Five enlargements, each with its shortcut from the encoder, and attention at stride 8."""

    def __init__(self, width: int, blocks: tuple[int, int, int, int], scores: int) -> None:
        super().__init__()
        self.layer1 = _up(16 * width, 8 * width, blocks[0])
        self.layer2 = _up(8 * width, 4 * width, blocks[1])
        self.layer3 = _up(4 * width, 2 * width, blocks[2])
        self.layer4 = _up(2 * width, width, blocks[3])
        self.conv1 = SpectralConv(width, width, 4, stride=2, padding=1, transposed=True)
        self.bn1 = nn.BatchNorm2d(width)
        self.leaky_relu = nn.LeakyReLU(0.2, inplace=True)
        self.conv2 = nn.Conv2d(width, 1, 3, padding=1)
        self.gca = GuidedContextualAttention(4 * width, 4 * width, scores=scores)

    def forward(self, encoded: Encoded) -> Tensor:
        """Decode to (N, 1, H, W), before tanh."""
        fea1, fea2, fea3, fea4, fea5 = encoded.shortcuts
        x = self.layer1(encoded.deepest) + fea5  # (N, 256, H/16, W/16)
        x = self.layer2(x) + fea4  # (N, 128, H/8, W/8)
        x = self.gca(x, encoded.guidance, encoded.unknown)
        x = self.layer3(x) + fea3  # (N, 64, H/4, W/4)
        x = self.layer4(x) + fea2  # (N, 32, H/2, W/2)
        x = self.leaky_relu(self.bn1(self.conv1(x))) + fea1  # (N, 32, H, W)
        raw: Tensor = self.conv2(x)
        return raw


class GuidedContextualAttention(nn.Module):
    r"""Put each place together from patches of the whole image, by how alike their guidance is (Figure 3).

    .. math:: s_{ij} = w_i \frac{\langle p_i, q_j \rangle}{\max(|p_i|, 10^{-4})}, \quad
              a_{\cdot j} = \operatorname{softmax}_i s_{ij}

    for patch i and pixel j, both of the same grid at stride 16: p and q are 3 × 3 patches of guidance, w_i is
    the weight of known or of unknown patches. The result is the sum of the features' 4 × 4 patches by a.
    """

    def __init__(self, channels: int, guidance: int, *, scores: int) -> None:
        super().__init__()
        self.scores = scores
        self.guidance_conv = nn.Conv2d(guidance, guidance // 2, 1)
        self.W = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, features: Tensor, guidance: Tensor, unknown: Tensor) -> Tensor:
        """Attend.

        Parameters
        ----------
        features : (N, 128, H/8, W/8)
        guidance : (N, 128, H/8, W/8)
        unknown : (N, 1, H/8, W/8), 0 or 1
        """
        guidance = self.guidance_conv(guidance)[..., ::2, ::2]  # (N, 64, h, w) at stride 16
        unknown = unknown[..., ::2, ::2]  # (N, 1, h, w)
        attended = [
            self._attended(*one)
            for one in zip(*(x[:, None] for x in (features, guidance, unknown)), strict=True)
        ]
        y: Tensor = features + self.W(torch.cat(attended))
        return y

    def _attended(self, features: Tensor, guidance: Tensor, unknown: Tensor) -> Tensor:
        """Attend within one image, (1, 128, H/8, W/8); n = h · w patches."""
        patches = unfold(_reflected(features), 4, stride=2)[0]  # (2048, n): 128 × 4 × 4
        places = unfold(_reflected(guidance), 3)[0]  # (576, n): 64 × 3 × 3
        norms = places.norm(dim=0).clamp(min=_MIN_NORM)
        share = unknown.mean()
        of_unknown = (share / (1 - share)).sqrt().clamp(_LEAST, _MOST)
        of_known = ((1 - share) / share).sqrt().clamp(_LEAST, _MOST)
        is_unknown = max_pool2d(unknown, 3, stride=1, padding=1).flatten() > 0  # (n,): of patches
        weight = torch.where(is_unknown, of_unknown, of_known)  # (n,)
        kernels = (places / norms).T  # (n, 576)

        summed = []
        count = places.shape[1]
        for start in range(0, count, step := max(1, self.scores // count)):
            pixels = torch.arange(start, min(start + step, count), device=places.device)
            scores = (kernels @ places[:, pixels]) * weight[:, None]  # (n, pixels)
            itself = torch.zeros_like(scores)
            itself[pixels, pixels - start] = _NEVER * is_unknown[pixels].to(scores.dtype)
            summed.append(patches @ (scores + itself).softmax(dim=0))  # (2048, pixels)
        size = (features.shape[2], features.shape[3])
        return fold(torch.cat(summed, dim=1)[None], size, 4, stride=2, padding=1) / 4  # patches overlap


class SpectralConv(nn.Module):
    r"""Convolution of a weight with the largest singular value 1 (Miyato et al. 2018), without a bias.

    .. math:: \hat W = W / (u^T W v)

    for W as a matrix of shape[0] rows, of a transposed convolution, too: there these are the
    input's channels. In evaluation mode u and v are what the file has. In training mode each call first
    improves them by one step of the power method.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        transposed: bool = False,
    ) -> None:
        super().__init__()
        self.stride, self.padding = stride, padding
        self.convolve = conv_transpose2d if transposed else conv2d
        kind = nn.ConvTranspose2d if transposed else nn.Conv2d
        weight = kind(inputs, outputs, size, bias=False).weight  # with the usual random values
        rows = weight.detach().flatten(1)
        u, v = (torch.full((length,), length**-0.5) for length in rows.shape)
        if not weight.is_meta:  # a step of the power method, so that random weights are of a fitting size
            v = normalize(rows.T @ u, dim=0)
            u = normalize(rows @ v, dim=0)
        constants = {"weight_u": u, "weight_v": v}
        self.module = nn.ParameterDict(
            {name: nn.Parameter(x, requires_grad=False) for name, x in constants.items()}
        )
        self.module["weight_bar"] = weight

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (N, inputs, H, W)."""
        weight, u, v = (self.module[name] for name in ("weight_bar", "weight_u", "weight_v"))
        rows = weight.flatten(1)
        if self.training:
            with torch.no_grad():
                v.copy_(normalize(rows.T @ u, dim=0))
                u.copy_(normalize(rows @ v, dim=0))
        # copies: the next call's step must not change what this one's gradient needs
        scaled = weight / (u.clone() @ (rows @ v.clone()))
        y: Tensor = self.convolve(x, scaled, stride=self.stride, padding=self.padding)
        return y


class DownBlock(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut; the first carries the stride."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = SpectralConv(inputs, outputs, 3, stride=stride, padding=1)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = SpectralConv(outputs, outputs, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.activation = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1:
            self.downsample = nn.Sequential(
                nn.AvgPool2d(2), SpectralConv(inputs, outputs, 1), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        y = self.activation(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y)) + self.downsample(x)
        summed: Tensor = self.activation(y)
        return summed


class UpBlock(nn.Module):
    """The same, where the first convolution is transposed and doubles the sides."""

    def __init__(self, inputs: int, outputs: int, *, enlarges: bool) -> None:
        super().__init__()
        self.conv1 = (
            SpectralConv(inputs, inputs, 4, stride=2, padding=1, transposed=True)
            if enlarges
            else SpectralConv(inputs, inputs, 3, padding=1)
        )
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv2 = SpectralConv(inputs, outputs, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.activation = nn.LeakyReLU(0.2, inplace=True)
        self.upsample: nn.Module = nn.Identity()
        if enlarges:
            self.upsample = nn.Sequential(
                nn.UpsamplingNearest2d(scale_factor=2),
                SpectralConv(inputs, outputs, 1),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, 2 H, 2 W), or to the same size."""
        y = self.activation(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y)) + self.upsample(x)
        summed: Tensor = self.activation(y)
        return summed


def _down(inputs: int, outputs: int, blocks: int, *, stride: int = 2) -> nn.Sequential:
    rest = (DownBlock(outputs, outputs, 1) for _ in range(blocks - 1))
    return nn.Sequential(DownBlock(inputs, outputs, stride), *rest)


def _up(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    rest = (UpBlock(outputs, outputs, enlarges=False) for _ in range(blocks - 1))
    return nn.Sequential(UpBlock(inputs, outputs, enlarges=True), *rest)


def _guidance_step(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    """Return modules that halve a map; the norm comes after the activation."""
    conv = SpectralConv(inputs, outputs, 3, stride=2)
    return nn.ReflectionPad2d(1), conv, nn.ReLU(inplace=True), nn.BatchNorm2d(outputs)


def _shortcut(inputs: int, outputs: int) -> nn.Sequential:
    def step(channels: int) -> tuple[nn.Module, ...]:
        conv = SpectralConv(channels, outputs, 3, padding=1)
        return conv, nn.ReLU(inplace=True), nn.BatchNorm2d(outputs)

    return nn.Sequential(*step(inputs), *step(outputs))


def _reflected(x: Tensor) -> Tensor:
    return pad(x, (1, 1, 1, 1), mode="reflect")
