"""The methods `dim`, `indexnet`, `gca` and `fba`: published networks with the weights of their authors."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from simd.errors import DataError
from simd.image import UNKNOWN, UInt8
from simd.methods.networks import dim
from simd.methods.published.protocols import PROTOCOLS, Protocol
from simd.methods.runtime.check_inputs import Float32, check_arrays, overwrite_known
from simd.methods.runtime.devices import check_device, check_device_memory, full_precision, memory_in_words
from simd.methods.runtime.winograd import for_cpu
from simd.methods.trimap_only import fill_unknown
from simd.methods.weights.folder import WeightsCard, load_weights
from simd.taxonomy import suggest

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_SMALLER = "smaller images"
_WHOLE_MEGAPIXELS, _TILE = 4.3, 1024  # larger images are solved in tiles by networks of local sight


_GIGABYTES_PER_MEGAPIXEL = 0.06  # what goes in and comes out


class Memory(NamedTuple):
    """Peak memory of a prediction on the CPU, as measured by benchmarks/speed/methods.py."""

    gigabytes: float  # of the process, with the network
    per_megapixel: float  # of the network's maps


_MEMORY: Mapping[str, Memory] = {
    "dim": Memory(0.8, 1.35),
    "indexnet": Memory(0.5, 1.3),
    "gca": Memory(0.65, 0.8),
    "fba": Memory(0.65, 1.3),
}


@dataclass(frozen=True)
class PublishedMethod:
    """A published network, ready to predict."""

    name: str
    network: nn.Module
    card: WeightsCard
    protocol: Protocol
    mode: str
    device: torch.device
    dtype: str
    tile: int | None = None

    @property
    def version(self) -> str:
        """What the result depends on besides the weights."""
        tile = {None: "", 0: ", never tiled"}.get(self.tile, f", tiles of {self.tile}")
        return f"{self.card.preset}, {self.mode}, {self.dtype} on {self.device.type}{tile}"

    @property
    def checkpoint_digest(self) -> str:
        """Digest of the weights."""
        return self.card.sha256

    @property
    def trained_on(self) -> tuple[str, ...] | None:
        """What foregrounds the weights have seen; None where nothing is known."""
        return self.card.trained_on

    def gigabytes(self, megapixels: float) -> float:
        """Estimate the peak memory of a prediction, on the host."""
        memory = _MEMORY[self.name]
        whole = _GIGABYTES_PER_MEGAPIXEL * megapixels
        if self.device.type != "cpu":
            return 2 * memory.gigabytes + whole
        return memory.gigabytes + whole + self._network_gigabytes(megapixels)

    def tile_side(self, megapixels: float) -> int:
        """Return the side of a tile in pixels for an image of this size, 0 for the whole image at once."""
        if not self.protocol.halo:
            return 0
        if self.tile is not None:
            return self.tile
        return 0 if megapixels <= _WHOLE_MEGAPIXELS else _TILE

    def _network_gigabytes(self, megapixels: float) -> float:
        at_once = megapixels
        if side := self.tile_side(megapixels):
            at_once = min(megapixels, (side + 2 * self.protocol.halo) ** 2 / 1e6)
        return _MEMORY[self.name].per_megapixel * at_once

    def predict(self, image: UInt8, trimap: UInt8) -> Float32 | UInt8:
        """Predict the matte (H, W): float32 in [0, 1], or the 256 levels that the release writes.

        Parameters
        ----------
        image : uint8, shape (H, W, 3)
            RGB.
        trimap : uint8, shape (H, W)
            0, 128, 255.

        Raises
        ------
        DataError
            If the arrays do not fit each other, the memory is not enough (the image is solved whole), or the
            release fails on images of this size.
        """
        check_arrays(image, trimap)
        if not (trimap == UNKNOWN).any():
            return np.asarray(fill_unknown(trimap, 0.5), dtype=np.float32)
        self._check_device_memory(trimap.size / 1e6)
        tile = self.tile_side(trimap.size / 1e6)
        with memory_in_words(self.name, self.device, _SMALLER), full_precision():
            if self.mode == "robust":
                return overwrite_known(self.protocol.alpha(self.network, image, trimap, tile=tile), trimap)
            return self.protocol.levels(self.network, image, trimap, tile=tile)

    def _check_device_memory(self, megapixels: float) -> None:
        needed = self._network_gigabytes(megapixels) * _DTYPES[self.dtype].itemsize / 4 + 0.3
        check_device_memory(self.name, needed, megapixels, self.device, _SMALLER)


def load_dim(
    *,
    weights: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    threads: int | None = None,
    tile: int | None = None,
    mode: str = "robust",
) -> PublishedMethod:
    """Load Deep Image Matting.

    Parameters
    ----------
    weights : str
        Folder made by ``simd weights import``. There is no default: without weights there is no method.
    device : str
        "cpu", "cuda", "cuda:1", "mps".
    dtype : str
        "float32", "bfloat16", and on a GPU "float16".
    threads : int, optional
        Of PyTorch; by default as many as it takes by itself.
    tile : int, optional
        Side of the tiles of large images: a multiple of 32; 0 never tiles; by default images of more than 4.3
        megapixels have tiles of 1024. They change alpha by rounding alone. The released program of
        huochaitiantang, which makes large images small, has none.
    mode : str
        "robust": any size, at its own resolution. "released": the release's own sizes and rounding, which are
        mmagic's or huochaitiantang's, as the weights are.

    Raises
    ------
    DataError
        If there are no weights, they are another network's, or an option is not one of those.
    """
    if tile is not None and (tile < 0 or tile % dim.STRIDE):
        raise DataError(
            f"a tile of {tile} pixels: its side must be a multiple of {dim.STRIDE}, or 0 for none"
        )
    return replace(_loaded("dim", weights, device, dtype, threads, mode), tile=tile)


def load_indexnet(
    *,
    weights: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    threads: int | None = None,
    mode: str = "robust",
) -> PublishedMethod:
    """Load IndexNet; the parameters are those of :func:`load_dim`."""
    return _loaded("indexnet", weights, device, dtype, threads, mode)


def load_gca(
    *,
    weights: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    threads: int | None = None,
    mode: str = "robust",
) -> PublishedMethod:
    """Load guided contextual attention matting; the parameters are those of :func:`load_dim`.

    `mode` may also be "demo", the release's program for alphamatting.com, which pads 32 pixels on all sides.
    "released" is the one for Composition-1k.
    """
    return _loaded("gca", weights, device, dtype, threads, mode)


def load_fba(
    *,
    weights: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    threads: int | None = None,
    mode: str = "robust",
) -> PublishedMethod:
    """Load FBA matting; the parameters are those of :func:`load_dim`."""
    return _loaded("fba", weights, device, dtype, threads, mode)


def _loaded(
    name: str, weights: str | None, device: str, dtype: str, threads: int | None, mode: str
) -> PublishedMethod:
    if weights is None:
        raise DataError(
            f"the method {name} needs weights and never runs on random ones: give --weights FOLDER, made by "
            "`simd weights import FILE` from the file that its authors released"
        )
    if Path(weights).is_file():
        raise DataError(
            f"{weights}: is a file; weights are a folder with {name}.json, which "
            f"`simd weights import {weights} --out weights` makes or completes"
        )
    torch_device = check_device(device, dtype, _DTYPES)
    modes = _protocols(name, "mmagic")
    if mode not in modes:
        raise DataError(f"unknown mode {mode!r} of {name}{suggest(mode, modes)}")
    if threads is not None:
        torch.set_num_threads(threads)
    network, card = load_weights(weights, name)
    network.requires_grad_(requires_grad=False).to(torch_device, _DTYPES[dtype])
    if name == "dim" and mode == "robust" and torch_device.type == "cpu" and dtype == "float32":
        # two fifths of the time less, for rounding errors of 1e-5; the others gain little
        for_cpu(network.to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    protocol = _protocols(name, card.preset)[mode]
    return PublishedMethod(name, network, card, protocol, mode, torch_device, dtype)


def _protocols(name: str, preset: str) -> Mapping[str, Protocol]:
    """Return a method's protocols by mode; those of DIM depend on whose weights these are."""
    if name != "dim":
        return PROTOCOLS[name]
    return PROTOCOLS["dim-huochaitiantang" if preset.startswith(("skip", "plain")) else "dim-mmagic"]
