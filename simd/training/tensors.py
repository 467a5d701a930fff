"""Samples of whole numbers, as the loader hands them over, turned into what a training step takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from simd.image import FOREGROUND, UNKNOWN
from simd.methods.fused.inputs import folded_planes
from simd.methods.runtime.click_maps import click_maps, distances

Arrays = Mapping[str, npt.NDArray[Any]]
"""A batch: for each name the samples' arrays, stacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MattingBatch:
    """Crops as the matting network and its losses take them; H and W are those of the crop."""

    image: Tensor  # (N, 3, H, W) in [0, 1]
    fg: Tensor  # (N, 3, H, W) in [0, 1]; empty where samples lack it, and no term may ask for it
    bg: Tensor  # (N, 3, H, W) in [0, 1]; the same
    alpha: Tensor  # (N, 1, H, W) in [0, 1]
    trimap: Tensor  # (N, 1, H, W), levels 0, 128, 255
    unknown: Tensor  # (N, 1, H, W), 0 or 1
    clicks: Tensor  # (N, 6, H, W) in [0, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchBatch:
    """Patches with their classes, for the classifier and the discriminator."""

    colours: Tensor | None  # (N, 3, H, W) in [0, 1]: the image, or F; None for alpha alone
    matte: Tensor  # (N, 1, H, W) in [0, 1]: trimap / 255, or alpha
    label: Tensor  # (N,), the class index


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedBatch:
    """Crops of examples with classical answers, for the network of `fused`."""

    folded: Tensor  # uint8 (N, 96, H/2, W/2)
    alpha: Tensor  # (N, 1, H, W) in [0, 1]
    unknown: Tensor  # (N, 1, H, W), 0 or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanBatch:
    """Crops of people as the networks of Semantic Human Matting and their losses take them."""

    image: Tensor  # (N, 3, H, W) in [0, 1]
    fg: Tensor  # (N, 3, H, W) in [0, 1]; empty where samples lack it, and no term may ask for it
    bg: Tensor  # (N, 3, H, W) in [0, 1]; the same
    alpha: Tensor  # (N, 1, H, W) in [0, 1]
    trimap: Tensor  # (N, H, W) of 0 background, 1 unknown, 2 foreground

    @property
    def certain(self) -> Tensor:
        """The trimap one-hot, (N, 3, H, W)."""
        return nn.functional.one_hot(self.trimap, 3).permute(0, 3, 1, 2).float()


def human_batch(arrays: Arrays, device: torch.device) -> HumanBatch:
    """Turn stacked uint8 arrays into tensors on a device."""
    image, alpha = (_scaled(arrays[name], device) for name in ("image", "alpha"))
    fg, bg = (_colours(arrays, name, device) for name in ("foreground", "background"))
    levels = torch.from_numpy(arrays["trimap"]).to(device)
    trimap = (levels == UNKNOWN).long() + 2 * (levels == FOREGROUND).long()
    return HumanBatch(image=image, fg=fg, bg=bg, alpha=alpha, trimap=trimap)


def fused_batch(arrays: Arrays, device: torch.device) -> FusedBatch:
    """Turn stacked uint8 arrays into tensors on a device."""
    each = zip(*(arrays[name] for name in ("planes", "trimap", "fallbacks")), strict=True)
    folded = torch.from_numpy(np.stack([folded_planes(*sample) for sample in each]))
    return FusedBatch(
        folded=folded.to(device).permute(0, 3, 1, 2),
        alpha=_scaled(arrays["alpha"], device),
        unknown=(_planes(arrays["trimap"], device) == UNKNOWN).float(),
    )


def matting_batch(arrays: Arrays, device: torch.device) -> MattingBatch:
    """Turn stacked uint8 arrays into tensors on a device; the maps of nearness are computed here."""
    image, alpha = (_scaled(arrays[name], device) for name in ("image", "alpha"))
    fg, bg = (_colours(arrays, name, device) for name in ("foreground", "background"))
    trimap = _planes(arrays["trimap"], device)
    clicks = np.stack([click_maps(distances(each), each.shape) for each in arrays["trimap"]])
    return MattingBatch(
        image=image,
        fg=fg,
        bg=bg,
        alpha=alpha,
        trimap=trimap,
        unknown=(trimap == UNKNOWN).float(),
        clicks=torch.from_numpy(clicks).to(device),
    )


def patch_batch(arrays: Arrays, device: torch.device, *, colours: str | None, matte: str) -> PatchBatch:
    """Turn patches into tensors; `colours` and `matte` name the arrays that the network sees."""
    return PatchBatch(
        colours=None if colours is None else _scaled(arrays[colours], device),
        matte=_scaled(arrays[matte], device),
        label=torch.from_numpy(np.asarray(arrays["label"], np.int64)).to(device),
    )


def _colours(arrays: Arrays, name: str, device: torch.device) -> Tensor:
    return _scaled(arrays[name], device) if name in arrays else torch.empty(0, device=device)


def _scaled(pixels: npt.NDArray[Any], device: torch.device) -> Tensor:
    return _planes(pixels, device) / 255


def _planes(pixels: npt.NDArray[Any], device: torch.device) -> Tensor:
    """Return uint8 (N, H, W) or (N, H, W, 3) as float (N, C, H, W)."""
    stacked = torch.from_numpy(pixels).to(device)
    stacked = stacked[..., None] if stacked.ndim == 3 else stacked
    return stacked.permute(0, 3, 1, 2).contiguous().float()  # bytes are turned faster than floats


def placed(network: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to a device, its weights channels last: a quarter less time on a CPU."""
    moved: nn.Module = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved
