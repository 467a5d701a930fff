"""Run the matting network over one padded image: alpha whole or in tiles, or everything it has to say."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from simd.image import UInt8
from simd.methods.runtime.click_maps import click_maps, distances
from simd.methods.runtime.tiling import MIN_OVERLAP, Tile, blend
from simd.methods.weights.folder import Networks

Float32 = npt.NDArray[np.float32]


class Solution(NamedTuple):
    """What the networks say of an image, on its padded pixels."""

    alpha: Float32  # (H, W), before known pixels are overwritten
    semantic_trimap: Float32  # (20, H, W)
    fg: Float32 | None = None  # (H, W, 3) in [0, 1]
    bg: Float32 | None = None  # (H, W, 3) in [0, 1]
    weights: Float32 | None = None  # (3, H, W): r1, r2, r3, for the gradients of F, B, alpha


class SolveJob(NamedTuple):
    """One padded image on its way through the matting network."""

    networks: Networks
    device: torch.device
    dtype: torch.dtype
    image: UInt8
    trimap: UInt8
    semantic_trimap: Float32

    @torch.inference_mode()
    def alpha(self, covering: list[Tile]) -> Float32:
        """Return alpha (H, W), 0 where no tile covers the image."""
        measured = distances(self.trimap)

        def solve(tile: Tile) -> Float32:
            inputs = self._inputs(tile, click_maps(measured.window(*tile), self.trimap[tile].shape))
            return np.asarray(self.networks.sim(*inputs, auxiliary=False).alpha[0, 0].float().cpu())

        if len(covering) == 1 and self.trimap[covering[0]].shape == self.trimap.shape:
            return solve(covering[0])
        return blend(solve, covering, (self.trimap.shape[0], self.trimap.shape[1]), MIN_OVERLAP)

    @torch.inference_mode()
    def everything(self) -> Solution:
        """Solve the image in one piece, with F, B and the weight maps."""
        size = (self.trimap.shape[0], self.trimap.shape[1])
        whole = Tile(slice(0, size[0]), slice(0, size[1]))
        solved = self.networks.sim(*self._inputs(whole, click_maps(distances(self.trimap), size)))
        alpha, fg, bg, weights = (np.asarray(part[0].float().cpu()) for part in solved)
        return Solution(alpha[0], self.semantic_trimap, fg.transpose(1, 2, 0), bg.transpose(1, 2, 0), weights)

    def _inputs(self, tile: Tile, clicks: Float32) -> list[torch.Tensor]:
        """Return image, trimap, clicks and semantic trimap of a tile, (1, C, h, w), channels last."""
        parts = (
            torch.from_numpy(self.image[tile]).permute(2, 0, 1)[None].to(self.device).float().div_(255),
            torch.from_numpy(self.trimap[tile])[None, None].to(self.device),
            torch.from_numpy(clicks)[None],
            torch.from_numpy(self.semantic_trimap[:, tile.rows, tile.columns])[None],
        )
        return [part.to(self.device, self.dtype, memory_format=torch.channels_last) for part in parts]
