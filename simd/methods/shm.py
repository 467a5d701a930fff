"""The method `shm`: Semantic Human Matting, which finds people by itself and needs no trimap.

The whole photograph goes in, at most 1500 pixels long; alpha comes back at the photograph's size. Both
networks see the same picture, padded by reflection to multiples of 16.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch
from torch import nn

from simd.errors import DataError
from simd.image import UInt8
from simd.methods.networks.shm import FOREGROUND, SHM, STRIDE, UNKNOWN, fuse
from simd.methods.runtime.check_inputs import Float32, check_image
from simd.methods.runtime.devices import check_device, check_device_memory, full_precision, memory_in_words
from simd.methods.runtime.preprocess import Preprocessing
from simd.methods.weights.folder import WeightsCard, load_weights
from simd.taxonomy import suggest

PARTS = ("both", "tnet", "trimap")
"""What alpha is made of: the fusion; T-Net alone; or T-Net's most likely trimap, and M-Net in its unknown."""

LONGEST = 1500
"""Pixels of the longer side; longer photographs are made smaller, as in the paper."""

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_PADDING = Preprocessing(multiple=STRIDE, fit="reflect")
_GIGABYTES = 0.7  # of the process, with the networks
_PER_MEGAPIXEL = 1.2  # of their maps, for each megapixel that they see
_LARGEST = LONGEST**2 / 1e6  # megapixels that they see at most
_RESIZED_PER_MEGAPIXEL = 0.03  # of what goes in and comes out


@dataclass(frozen=True)
class ShmMethod:
    """Both networks, ready to predict; made by :func:`load_shm`."""

    tnet: nn.Module
    mnet: nn.Module | None  # None where T-Net alone predicts
    preset: str
    checkpoint_digest: str
    parts: str
    device: torch.device
    dtype: str
    name: str = "shm"
    takes_trimap: bool = False

    @property
    def version(self) -> str:
        """What the result depends on besides the weights."""
        return f"{self.preset}, {self.parts}, {self.dtype} on {self.device.type}"

    def gigabytes(self, megapixels: float) -> float:
        """Estimate the peak memory of a prediction, on the host."""
        whole = _GIGABYTES + _RESIZED_PER_MEGAPIXEL * megapixels
        return whole if self.device.type != "cpu" else whole + _PER_MEGAPIXEL * min(megapixels, _LARGEST)

    def predict(self, image: UInt8) -> Float32:
        """Predict the matte, float32 (H, W) in [0, 1].

        Parameters
        ----------
        image : uint8, shape (H, W, 3)
            RGB, of any size.

        Raises
        ------
        DataError
            If it is not such an image, the memory does not suffice, or alpha is not finite.
        """
        check_image(image)
        height, width = image.shape[:2]
        seen = _shortened(image)
        megapixels = seen.shape[0] * seen.shape[1] / 1e6
        needed = 0.3 + _PER_MEGAPIXEL * megapixels * _DTYPES[self.dtype].itemsize / 4
        check_device_memory(self.name, needed, megapixels, self.device, "smaller images")
        with memory_in_words(self.name, self.device, "smaller images"), full_precision():
            alpha = self._solve(_PADDING.padded(seen))
        alpha = np.ascontiguousarray(alpha[: seen.shape[0], : seen.shape[1]])
        if not np.isfinite(alpha).all():
            raise DataError(
                "the networks' alpha is not finite; are their weights those of a finished training?"
            )
        if seen.shape != image.shape:
            alpha = np.asarray(cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        return alpha.clip(0, 1)

    @torch.inference_mode()
    def _solve(self, image: UInt8) -> Float32:
        """Return alpha (H, W), not cut to [0, 1], of an image whose sides are multiples of 16."""
        levels = torch.from_numpy(np.ascontiguousarray(image)).to(self.device)
        batch = (levels.permute(2, 0, 1)[None].float() / 255).to(_DTYPES[self.dtype])
        logits = self.tnet(batch)
        probabilities = logits.softmax(dim=1)
        if self.mnet is None:
            alpha = fuse(probabilities, torch.full_like(probabilities[:, :1], 0.5))
        elif self.parts == "both":
            alpha = fuse(probabilities, self.mnet(batch, probabilities))
        else:
            trimap = torch.zeros_like(logits).scatter_(1, logits.argmax(dim=1, keepdim=True), 1.0)
            details = self.mnet(batch, trimap).clamp(0, 1)
            alpha = torch.where(trimap[:, UNKNOWN, None] == 1, details, trimap[:, FOREGROUND, None])
        solved: Float32 = alpha[0, 0].float().cpu().numpy()
        return solved


def load_shm(
    *,
    weights: str | None = None,
    tnet: str | None = None,
    mnet: str | None = None,
    parts: str = "both",
    device: str = "cpu",
    dtype: str = "float32",
    threads: int | None = None,
) -> ShmMethod:
    """Load Semantic Human Matting.

    Parameters
    ----------
    weights : str
        Folder of both networks, as a run of ``simd train shm`` leaves.
    tnet, mnet : str
        In its place, folders of each alone: runs of ``simd train shm-tnet`` and ``shm-mnet``.
    parts : str
        "both": T-Net's foreground, and M-Net's details where that is not certain. "tnet": T-Net alone, where
        an unknown pixel counts a half. "trimap": T-Net's most likely trimap, then M-Net on it, as two steps.
    device, dtype, threads
        As for :func:`simd.methods.published.method.load_dim`.

    Raises
    ------
    DataError
        If there are no weights, they are another network's, or an option is not one of those.
    """
    if parts not in PARTS:
        raise DataError(f"unknown parts {parts!r} of shm{suggest(parts, PARTS)}")
    torch_device = check_device(device, dtype, _DTYPES)
    if threads is not None:
        torch.set_num_threads(threads)
    networks, cards = _networks(weights, tnet, None if parts == "tnet" else mnet, parts)
    for network in networks.values():
        network.requires_grad_(requires_grad=False).to(torch_device, _DTYPES[dtype])
    digests = [card.sha256 for card in cards]
    joined = "+".join(digests)
    digest = digests[0] if len(digests) == 1 else hashlib.sha256(joined.encode()).hexdigest()
    presets = dict.fromkeys(card.preset for card in cards)
    mnet_ = None if parts == "tnet" else networks["mnet"]
    return ShmMethod(networks["tnet"], mnet_, " and ".join(presets), digest, parts, torch_device, dtype)


def _networks(
    weights: str | None, tnet: str | None, mnet: str | None, parts: str
) -> tuple[dict[str, nn.Module], list[WeightsCard]]:
    if weights is not None:
        if tnet is not None or mnet is not None:
            raise DataError("shm takes --weights FOLDER of both networks, or tnet and mnet, not all of them")
        both, card = load_weights(_folder(weights, "shm"), "shm")
        network = cast(SHM, both)
        return {"tnet": network.tnet, "mnet": network.mnet}, [card]
    if tnet is None or (mnet is None and parts != "tnet"):
        raise DataError(
            "the method shm needs weights and never runs on random ones: give --weights RUN, which "
            "`simd train shm --out RUN` makes, or --option tnet=RUN and --option mnet=RUN of the two "
            "stages before it"
        )
    networks, cards = {}, []
    for name, folder in (("tnet", tnet), ("mnet", mnet)):
        if folder is not None:
            networks[name], card = load_weights(_folder(folder, name), name)
            cards.append(card)
    return networks, cards


def _folder(folder: str, network: str) -> str:
    if Path(folder).is_file():
        raise DataError(f"{folder}: is a file; weights are a folder with {network}.json, such as a RUN is")
    return folder


def _shortened(image: UInt8) -> UInt8:
    """Return an image whose longer side is at most 1500."""
    height, width = image.shape[:2]
    if max(height, width) <= LONGEST:
        return image
    factor = LONGEST / max(height, width)
    size = [max(1, round(factor * side)) for side in (width, height)]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
