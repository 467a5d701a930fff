"""The losses of Semantic Image Matting, each a function of tensors, with the values of the released code.

"Semantic Image Matting", CVPR 2021, section 4.3. All tensors are (N, C, H, W), colours RGB and mattes in
[0, 1], masks 0 or 1; every loss is a scalar. Where paper and release differ, the release's value is the
default and the paper's is one argument away:

- the regions of the losses on F and B are the caller's: the release takes every pixel for F, the paper U
  and F;
- the pyramid's levels weigh alike, where others that use this loss double them level by level;
- the class part of the discriminator loss compares sigmoids; the paper's cross-entropy is
  :func:`class_loss`. Its equation 6 has predicted and true swapped against its text, which is followed;
- the gradient loss compares magnitudes, explained by three free maps; the paper's, with two maps on the
  gradients' components, is :func:`component_gradient_loss`;
- the exclusion loss cannot run in the release, whose line names what it never defines;
- gradients reach the networks through every term; the release detaches the discriminator's features and
  averages them outside the graph, so that part could not train.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from simd.errors import DataError

_SMOOTH = 1e-12  # inside the root: a pixel outside the mask still adds 1e-6
_SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


def alpha_loss(pred: Tensor, alpha: Tensor, unknown: Tensor) -> Tensor:
    r"""Mean absolute difference of alphas over the unknown region, image by image.

    .. math:: \frac{1}{N} \sum_n \frac{\sum \sqrt{((\hat\alpha - \alpha) U)^2 + 10^{-12}}}{\sum U + 1}

    Parameters
    ----------
    pred, alpha, unknown : (N, 1, H, W)
        Predicted and true matte in [0, 1], and U as 0 and 1.

    Raises
    ------
    DataError
        If the shapes are not as above.
    """
    _check((1,), pred=pred, alpha=alpha, unknown=unknown)
    return (_smooth_l1((pred - alpha) * unknown) / (_area(unknown) + 1)).mean()


def composition_loss(fg: Tensor, bg: Tensor, alpha: Tensor, image: Tensor, unknown: Tensor) -> Tensor:
    """Mean absolute difference of αF + (1 − α)B and the image over the unknown region, image by image.

    Parameters
    ----------
    fg, bg, image : (N, 3, H, W)
        Colours in [0, 1].
    alpha, unknown : (N, 1, H, W)
        Matte in [0, 1], and U as 0 and 1.

    Raises
    ------
    DataError
        If the shapes are not as above.
    """
    _check((3, 3, 3, 1, 1), fg=fg, bg=bg, image=image, alpha=alpha, unknown=unknown)
    composite = alpha * fg + (1 - alpha) * bg
    return (_smooth_l1((composite - image) * unknown) / (_area(unknown) + 1) / 3).mean()


def colour_loss(
    pred_fg: Tensor, fg: Tensor, pred_bg: Tensor, bg: Tensor, fg_region: Tensor, bg_region: Tensor
) -> Tensor:
    """Absolute differences of F and of B in their regions, summed over the three colours.

    Parameters
    ----------
    pred_fg, fg, pred_bg, bg : (N, 3, H, W)
        Predicted and true colours in [0, 1].
    fg_region, bg_region : (N, 1, H, W)
        Where F and where B counts, as 0 and 1.

    Raises
    ------
    DataError
        If the shapes are not as above.
    """
    _check((3, 3, 3, 3), pred_fg=pred_fg, fg=fg, pred_bg=pred_bg, bg=bg)
    _check((3, 1, 1), fg=fg, fg_region=fg_region, bg_region=bg_region)
    total = _smooth_l1((pred_fg - fg) * fg_region) + _smooth_l1((pred_bg - bg) * bg_region)
    return (total / (_area(fg_region) + _area(bg_region) + 1)).mean()


def laplacian_loss(pred: Tensor, truth: Tensor, *, levels: int = 5) -> Tensor:
    """Mean absolute difference of the bands of two Laplacian pyramids, summed over the bands.

    Parameters
    ----------
    pred, truth : (N, C, H, W)
        Sides are best multiples of 2 ** levels: every band is then halved without a remainder.
    levels : int
        Bands, each half the size of the one before.

    Raises
    ------
    DataError
        If the shapes differ, or a side is below 2 ** (levels + 1), 64 for five levels.
    """
    _check((0, 0), pred=pred, truth=truth)
    if min(pred.shape[2:]) < 2 ** (levels + 1):
        raise DataError(
            f"a Laplacian pyramid of {levels} levels needs sides of at least {2 ** (levels + 1)} pixels, "
            f"these are {tuple(pred.shape[2:])}; take larger patches or fewer levels"
        )
    return torch.stack([band.abs().mean() for band in _laplacian_bands(pred - truth, levels)]).sum()


def gradient_loss(
    alpha: Tensor,
    fg: Tensor,
    bg: Tensor,
    weights: Tensor,
    image: Tensor,
    unknown: Tensor,
    *,
    area: Tensor | None = None,
) -> Tensor:
    r"""Content-sensitive loss on gradient magnitudes, as the release has it.

    .. math:: \frac{\sum U \sqrt{(r_3 |\nabla\alpha| + r_1 |\nabla F| + r_2 |\nabla B| - |\nabla I|)^2
              + 10^{-12}}}{3 (\sum U + 1)}

    over the whole batch at once.

    Parameters
    ----------
    alpha, unknown : (N, 1, H, W)
        Matte in [0, 1], and U as 0 and 1.
    fg, bg, image : (N, 3, H, W)
        Colours in [0, 1].
    weights : (N, 3, H, W)
        r1, r2 and r3 in [0, 1].
    area : scalar, optional
        Divides in place of sum U + 1. Where processes share a batch, hand each the sum over all of them,
        plus 1, divided by their number: the mean of their gradients is then that of the whole batch.

    Raises
    ------
    DataError
        If the shapes are not as above.
    """
    _check((1, 3, 3, 3, 3, 1), alpha=alpha, fg=fg, bg=bg, weights=weights, image=image, unknown=unknown)
    r1, r2, r3 = weights[:, 0:1], weights[:, 1:2], weights[:, 2:3]
    explained = r3 * gradient_magnitude(alpha) + r1 * gradient_magnitude(fg) + r2 * gradient_magnitude(bg)
    difference = ((explained - gradient_magnitude(image)) ** 2 + _SMOOTH).sqrt()  # (N, 3, H, W)
    loss: Tensor = (difference * unknown).sum() / (unknown.sum() + 1 if area is None else area) / 3
    return loss


def component_gradient_loss(
    alpha: Tensor, fg: Tensor, bg: Tensor, weights: Tensor, image: Tensor, unknown: Tensor
) -> Tensor:
    r"""Content-sensitive loss on the two components of the gradients: the paper's equation 9.

    .. math:: \frac{1}{N} \sum_n \frac{\sum U \left|\lambda_1 \nabla\alpha + (1 - \lambda_2) \nabla F
              + \lambda_2 \nabla B - \nabla I\right|}{3 (\sum U + 1)}

    The two components are added, the three colours averaged (the paper does not say).

    Parameters
    ----------
    alpha, unknown : (N, 1, H, W)
        Matte in [0, 1], and U as 0 and 1.
    fg, bg, image : (N, 3, H, W)
        Colours in [0, 1].
    weights : (N, 3, H, W)
        The network's maps in [0, 1]. The third, which the release puts before the gradient of alpha, is λ₁;
        the second, before that of B, is λ₂; the first has no place in the equation.

    Raises
    ------
    DataError
        If the shapes are not as above.
    """
    _check((1, 3, 3, 3, 3, 1), alpha=alpha, fg=fg, bg=bg, weights=weights, image=image, unknown=unknown)
    lambda1, lambda2 = weights[:, 2:3, None], weights[:, 1:2, None]  # (N, 1, 1, H, W)
    explained = lambda1 * gradients(alpha) + (1 - lambda2) * gradients(fg) + lambda2 * gradients(bg)
    difference = (explained - gradients(image)).abs().sum(dim=2)  # (N, 3, H, W)
    return ((difference * unknown).sum(dim=(1, 2, 3)) / (_area(unknown) + 1) / 3).mean()


def exclusion_loss(alpha: Tensor, fg: Tensor, bg: Tensor, region: Tensor) -> Tensor:
    r"""Products of gradient magnitudes: where B has an edge, neither F nor alpha has one (equation 10).

    .. math:: \frac{1}{N} \sum_n \frac{\sum R \left(|\nabla F| |\nabla B|
              + |\nabla\alpha| |\nabla B|\right)}{3 (\sum R + 1)}

    A magnitude is the sum of the absolute components; the three colours are averaged.

    Parameters
    ----------
    alpha, region : (N, 1, H, W)
        Matte in [0, 1], and R as 0 and 1: the paper takes U.
    fg, bg : (N, 3, H, W)
        Colours in [0, 1].

    Raises
    ------
    DataError
        If the shapes are not as above.
    """
    _check((1, 3, 3, 1), alpha=alpha, fg=fg, bg=bg, region=region)
    products = (gradient_magnitude(fg) + gradient_magnitude(alpha)) * gradient_magnitude(bg)
    return ((products * region).sum(dim=(1, 2, 3)) / (_area(region) + 1) / 3).mean()


def class_loss(pred_logits: Tensor, target_logits: Tensor) -> Tensor:
    r"""Soft cross-entropy of the discriminator's answers (equation 6, by the paper's text).

    .. math:: -\frac{1}{N} \sum_n \sum_k \mathrm{softmax}(t_n)_k \log \mathrm{softmax}(p_n)_k

    What it says of the true matte, right or wrong, is the label. Without the part that is the label's own
    entropy, this is a Kullback-Leibler divergence: equal answers do not give 0.

    Parameters
    ----------
    pred_logits, target_logits : (N, K)
        Its answers for the predicted and for the true matte, before the softmax.

    Raises
    ------
    DataError
        If the shapes differ.
    """
    _check_answers(pred_logits, target_logits)
    return functional.cross_entropy(pred_logits, target_logits.softmax(dim=1))


def feature_loss(pred_features: Sequence[Tensor], target_features: Sequence[Tensor]) -> Tensor:
    """Mean squared difference of each level of the discriminator's features, averaged over the levels.

    Parameters
    ----------
    pred_features, target_features : sequence of (N, C, H, W)
        Of the predicted and of the true matte, in one order.

    Raises
    ------
    DataError
        If they differ in shape or number.
    """
    _check_features(pred_features, target_features)
    pairs = zip(pred_features, target_features, strict=True)
    return torch.stack([((level - other) ** 2).mean() for level, other in pairs]).mean()


def sigmoid_class_loss(pred_logits: Tensor, target_logits: Tensor) -> Tensor:
    """Binary cross-entropy with sigmoids as the label, mean over batch and classes: the release's form.

    Raises
    ------
    DataError
        If the shapes differ.
    """
    _check_answers(pred_logits, target_logits)
    return functional.binary_cross_entropy_with_logits(pred_logits, target_logits.sigmoid())


def discriminator_loss(
    pred_logits: Tensor,
    target_logits: Tensor,
    pred_features: Sequence[Tensor],
    target_features: Sequence[Tensor],
) -> Tensor:
    """Distance of two mattes in the eyes of the discriminator, as one sum of the release's two parts.

    Parameters
    ----------
    pred_logits, target_logits : (N, K)
        The classifier's answers before the sigmoid.
    pred_features, target_features : sequence of (N, C, H, W)
        What its levels hold, in one order.

    Raises
    ------
    DataError
        If logits or features differ in shape or number.
    """
    return sigmoid_class_loss(pred_logits, target_logits) + feature_loss(pred_features, target_features)


def gradients(x: Tensor) -> Tensor:
    """Return Sobel gradients (N, C, 2, H, W) of (N, C, H, W): right minus left, lower minus upper, over 8."""
    across = torch.tensor(_SOBEL, dtype=x.dtype, device=x.device) / 8
    kernels = torch.stack([across, across.T])[:, None]  # (2, 1, 3, 3)
    n, c, h, w = x.shape
    padded = functional.pad(x.reshape(n * c, 1, h, w), (1, 1, 1, 1), mode="replicate")
    return functional.conv2d(padded, kernels).view(n, c, 2, h, w)


def gradient_magnitude(x: Tensor) -> Tensor:
    """Return the sum of the absolute Sobel gradients, (N, C, H, W)."""
    magnitude: Tensor = gradients(x).abs().sum(dim=2)
    return magnitude


def _check(channels: Sequence[int], **tensors: Tensor) -> None:
    """Refuse tensors that are not (N, C, H, W) of one N, H and W; a number of channels 0 is any."""
    wanted = [*channels] if len(channels) == len(tensors) else [*channels] * len(tensors)
    first = next(iter(tensors.values()))
    for (name, tensor), count in zip(tensors.items(), wanted, strict=True):
        fits = tensor.ndim == 4 and (tensor.shape[0], *tensor.shape[2:]) == (first.shape[0], *first.shape[2:])
        if not fits or tensor.shape[1] != (count or first.shape[1]):
            shapes = ", ".join(f"{other} {tuple(value.shape)}" for other, value in tensors.items())
            raise DataError(
                f"{name} must be (N, {count or 'C'}, H, W), and all share one N, H and W; these are {shapes}"
            )


def _check_answers(pred_logits: Tensor, target_logits: Tensor) -> None:
    if pred_logits.ndim != 2 or pred_logits.shape != target_logits.shape:
        raise DataError(
            f"the discriminator's logits and features of the two mattes differ: logits "
            f"{tuple(pred_logits.shape)} and {tuple(target_logits.shape)}, both must be (N, K)"
        )


def _check_features(pred_features: Sequence[Tensor], target_features: Sequence[Tensor]) -> None:
    shapes = [[tuple(x.shape) for x in features] for features in (pred_features, target_features)]
    if not shapes[0] or shapes[0] != shapes[1]:
        raise DataError(
            f"the discriminator's logits and features of the two mattes differ: features "
            f"{shapes[0]} and {shapes[1]}"
        )


def _smooth_l1(difference: Tensor) -> Tensor:
    """Return the sum over each image, (N,)."""
    summed: Tensor = (difference**2 + _SMOOTH).sqrt().sum(dim=(1, 2, 3))
    return summed


def _area(mask: Tensor) -> Tensor:
    area: Tensor = mask.sum(dim=(1, 2, 3))
    return area


def _laplacian_bands(x: Tensor, levels: int) -> list[Tensor]:
    bands = []
    for _ in range(levels):
        smaller = _blurred(x)[:, :, ::2, ::2]
        spread = torch.zeros_like(x)
        spread[:, :, ::2, ::2] = smaller
        bands.append(x - 4 * _blurred(spread))
        x = smaller
    return bands


def _blurred(x: Tensor) -> Tensor:
    """Blur every channel by the 5 x 5 binomial kernel, mirrored about the edge pixel.

    A sum of shifted rows, then of columns: a CPU takes six times as long for a convolution of one channel.
    """
    x = functional.pad(x, (2, 2, 2, 2), mode="reflect")
    x = 0.375 * x[:, :, 2:-2] + 0.25 * (x[:, :, 1:-3] + x[:, :, 3:-1]) + (x[:, :, :-4] + x[:, :, 4:]) / 16
    return 0.375 * x[..., 2:-2] + 0.25 * (x[..., 1:-3] + x[..., 3:-1]) + (x[..., :-4] + x[..., 4:]) / 16
