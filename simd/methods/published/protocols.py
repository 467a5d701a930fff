"""How each release goes from an image and its trimap to a matte: sizes, known pixels, rounding.

A network sees multiples of its stride, a matte has the image's size and 256 levels. Every release goes
between the two in a way of its own, and figures printed for a network hold for its way alone. `robust` is
ours: every network gets the image at its own size, padded by reflection, and alpha is not rounded. It gives
what the release gives, up to rounding, wherever sides are multiples of the stride (and at most 1600 for
huochaitiantang's DIM), and takes all other sizes, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn

from simd.errors import DataError
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, UInt8
from simd.methods.networks import dim, fba, gca, indexnet
from simd.methods.runtime.check_inputs import Float32, overwrite_known
from simd.methods.runtime.preprocess import Preprocessing
from simd.methods.runtime.tiling import Tile

MODES = ("robust", "released")
"""Of every published network: any size and no rounding, or the release's own protocol."""

_THIRDS = (85, 170)  # thresholds of GCA: from the one on unknown, from the other on foreground


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What surrounds a network."""

    inputs: Preprocessing  # colours in 0..255: divided in the last step, as the releases do, to the same bits
    output: str = "alpha"  # of the network's outputs
    clicks: bool = False  # the network takes nearness to known pixels, too
    min_side: int = 1  # smaller images make the release fail
    known: str = "ends"  # what the trimap decides, see `_overwritten`
    halo: int = (
        0  # pixels around a tile on which its alpha depends, a multiple of the stride; 0: on all of them
    )
    rounds: bool = False  # to the nearest of 256 levels; else to the next below

    def alpha(self, network: nn.Module, image: UInt8, trimap: UInt8, *, tile: int = 0) -> Float32:
        """Return alpha as the network gives it, float32 (H, W), at the image's size and cut to [0, 1].

        Known pixels are not overwritten. The network stays on its device, in its type. With a `tile`, a side
        in multiples of the stride, a network of local sight is run tile by tile, each with its halo: alpha is
        the same up to rounding, but 0 in tiles without an unknown pixel.

        Raises
        ------
        DataError
            If the release fails on images of this size, or alpha is not finite.
        """
        if min(trimap.shape) < self.min_side:
            raise DataError(
                f"the image has {trimap.shape[0]} x {trimap.shape[1]} pixels, and the released program fails "
                f"on sides below {self.min_side}; take mode=robust"
            )
        if (
            not self.inputs.graded and not self.inputs.resizes_levels
        ):  # known is what is 0 or 255, nothing else
            trimap = np.where((trimap == BACKGROUND) | (trimap == FOREGROUND), trimap, np.uint8(UNKNOWN))
        parts = self.inputs.parts(image, trimap)
        arrays = [parts["image"], parts["trimap"], *([self.inputs.clicks(trimap)] if self.clicks else [])]
        like = next(network.parameters())
        height, width = arrays[0].shape[1:]
        raw = np.zeros((height, width), np.float32)
        tiled = tile and self.halo
        whole = Tile(slice(0, height), slice(0, width))
        for core in _tiles_of(arrays[1][0], tile) if tiled else [whole]:
            around, inside = _widened(core, (height, width), self.halo)
            with torch.inference_mode():
                parts_of = (np.ascontiguousarray(array[:, *around])[None] for array in arrays)
                colours, *others = (torch.from_numpy(part).to(like) for part in parts_of)
                output: Tensor = getattr(network(colours / 255, *others), self.output)
            raw[core] = output[0, 0].float().cpu().numpy()[inside]
        if not np.isfinite(raw).all():
            raise DataError(
                "the network's alpha is not finite; are its weights those of a finished training?"
            )
        return self.inputs.restored(raw, (trimap.shape[0], trimap.shape[1])).clip(0, 1)

    def levels(self, network: nn.Module, image: UInt8, trimap: UInt8, *, tile: int = 0) -> UInt8:
        """Return the matte that the release writes, uint8 (H, W).

        Parameters
        ----------
        network : nn.Module
            In evaluation mode.
        image : uint8, shape (H, W, 3)
            RGB.
        trimap : uint8, shape (H, W)
            Any levels: the release's own rule says what those besides 0, 128 and 255 mean.
        tile : int
            As for :meth:`alpha`.
        """
        alpha = _overwritten(self.alpha(network, image, trimap, tile=tile), trimap, self.known)
        scaled = alpha * np.float32(255)
        return np.asarray(np.rint(scaled) if self.rounds else scaled, np.float32).astype(np.uint8)


def _tiles_of(levels: Float32, side: int) -> Iterator[Tile]:
    """Yield the tiles that hold an unknown pixel."""
    height, width = levels.shape
    unknown = (levels != BACKGROUND) & (levels != FOREGROUND)
    for top, left in product(range(0, height, side), range(0, width, side)):
        tile = Tile(slice(top, min(top + side, height)), slice(left, min(left + side, width)))
        if unknown[tile].any():
            yield tile


def _widened(tile: Tile, size: tuple[int, int], halo: int) -> tuple[Tile, Tile]:
    """Return a tile with its halo, as far as the image goes, and where the tile is in that."""
    around = [
        slice(max(span.start - halo, 0), min(span.stop + halo, length))
        for span, length in zip(tile, size, strict=True)
    ]
    inside = [
        slice(span.start - wide.start, span.stop - wide.start)
        for span, wide in zip(tile, around, strict=True)
    ]
    return Tile(*around), Tile(*inside)


def _overwritten(alpha: Float32, trimap: UInt8, known: str) -> Float32:
    """Return alpha with what the trimap decides.

    "ends": 0 and 255 are known. "middle": only 128 is unknown, and every other level is itself the alpha.
    "thirds": below 85 is background, from 170 on foreground. On trimaps of 0, 128 and 255 all three agree.
    """
    if known == "middle":
        return np.where(trimap == UNKNOWN, alpha, trimap.astype(np.float32) / np.float32(255))
    if known == "thirds":
        low, high = _THIRDS
        levels = [np.uint8(BACKGROUND), np.uint8(FOREGROUND)]
        trimap = np.select([trimap < low, trimap >= high], levels, np.uint8(UNKNOWN))
    return overwrite_known(alpha, trimap)


def _padded(stride: int) -> Preprocessing:
    return Preprocessing(range=255, trimap="levels", graded=True, multiple=stride, fit="reflect")


def _robust(stride: int, output: str = "alpha") -> Protocol:
    return Protocol(inputs=_padded(stride), output=output)


_DIM = Protocol(inputs=_padded(dim.STRIDE), output="refined", halo=dim.SIGHT)
_DIM_MMAGIC = replace(_DIM, min_side=17, rounds=True)
_DIM_HUOCHAITIANTANG = Protocol(
    inputs=Preprocessing(
        range=255,
        trimap="levels",
        multiple=dim.STRIDE,
        rounds_down=True,
        max_side=1600,
        fit="resize",
        resizes_levels=True,
    ),
    output="refined",
    min_side=dim.STRIDE,
)

_INDEXNET = Protocol(
    inputs=Preprocessing(
        range=255,
        trimap="levels",
        graded=True,
        multiple=indexnet.STRIDE,
        fit="resize",
        resampling="cubic",
        alpha_resampling="cubic",
    ),
    output="raw",
    known="middle",
)
_GCA = Protocol(inputs=_padded(gca.STRIDE), known="thirds")
_GCA_DEMO = Protocol(inputs=replace(_padded(gca.STRIDE), border=32), known="thirds")
_FBA_RESIZED = Preprocessing(
    range=255,
    trimap="known",
    multiple=fba.STRIDE,
    fit="resize",
    resampling="lanczos",
    trimap_resampling="lanczos",
    wraps=True,
)
_FBA_PADDED = Preprocessing(range=255, trimap="known", multiple=fba.STRIDE, fit="reflect")

PROTOCOLS: Mapping[str, Mapping[str, Protocol]] = MappingProxyType(
    {
        "dim-mmagic": {"robust": _DIM, "released": _DIM_MMAGIC},
        "dim-huochaitiantang": {"robust": _DIM, "released": _DIM_HUOCHAITIANTANG},
        "gca": {"robust": _robust(gca.STRIDE), "released": _GCA, "demo": _GCA_DEMO},
        "indexnet": {"robust": _robust(indexnet.STRIDE, "raw"), "released": _INDEXNET},
        "fba": {
            "robust": Protocol(inputs=_FBA_PADDED, clicks=True),
            "released": Protocol(inputs=_FBA_RESIZED, clicks=True, rounds=True),
        },
    }
)
"""Protocols by release and mode."""
