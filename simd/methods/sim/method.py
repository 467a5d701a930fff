"""The method `sim`: Semantic Image Matting on any image, on a CPU or a GPU, whole or in tiles.

"Semantic Image Matting", CVPR 2021. With ``mode="released"`` the alpha is that of the released code, number
for number; ``robust`` equals it wherever the release's windows see the whole image, see
:mod:`simd.methods.sim.semantic_trimap`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from simd.errors import DataError
from simd.image import UNKNOWN, UInt8
from simd.methods.runtime.check_inputs import check_arrays, overwrite_known
from simd.methods.runtime.click_maps import click_maps, distances
from simd.methods.runtime.devices import check_device, check_device_memory, full_precision, memory_in_words
from simd.methods.runtime.fold_norms import fuse
from simd.methods.runtime.tiling import MIN_TILE, Tile
from simd.methods.runtime.tiling import tiles as tiles_over
from simd.methods.runtime.winograd import for_cpu
from simd.methods.sim.inputs import MIN_SIDE, pad
from simd.methods.sim.semantic_trimap import check_mode, semantic_trimap
from simd.methods.sim.solve import Solution, SolveJob
from simd.methods.trimap_only import fill_unknown
from simd.methods.weights.folder import Networks, load_networks

Float32 = npt.NDArray[np.float32]

_WHOLE_MEGAPIXELS = 4.3  # up to 2048 x 2048, and so every image of the paper's sets, is solved in one piece
_TILE = 1536
_GIGABYTES = 1.3  # PyTorch, both networks, the parts of their convolutions
_GIGABYTES_PER_MEGAPIXEL = 0.12  # 20 float32 maps, distances, the blended alpha
_GIGABYTES_PER_TILE_MEGAPIXEL = 1.2  # the decoder's maps; measured, see benchmarks/speed/sim.py
_SMALLER = f"a tile of {MIN_TILE}"
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class SimMethod:
    """SIM and its classifier, ready to predict; made by :func:`load_sim`."""

    networks: Networks
    mode: str
    device: torch.device
    dtype: str
    tile: int | None
    name: str = "sim"

    @property
    def version(self) -> str:
        """What the result depends on besides the weights."""
        tile = {None: "", 0: ", never tiled"}.get(self.tile, f", tiles of {self.tile}")
        return f"{self.networks.presets}, {self.mode}, {self.dtype} on {self.device.type}{tile}"

    @property
    def checkpoint_digest(self) -> str:
        """Digest of both networks' weights."""
        return self.networks.digest

    def gigabytes(self, megapixels: float) -> float:
        """Estimate the peak memory of a prediction, on the host."""
        maps = _GIGABYTES_PER_MEGAPIXEL * megapixels
        if self.device.type != "cpu":
            return 2 * _GIGABYTES + maps
        return _GIGABYTES + maps + self._network_gigabytes(megapixels)

    def predict(self, image: UInt8, trimap: UInt8) -> Float32:
        """Predict the matte, float32 (H, W) in [0, 1]; known pixels are those of the trimap.

        Parameters
        ----------
        image : uint8, shape (H, W, 3)
            RGB, of any size.
        trimap : uint8, shape (H, W)
            0, 128, 255.

        Raises
        ------
        DataError
            If the arrays do not fit each other, or the memory is not enough.
        """
        check_arrays(image, trimap)
        if not (trimap == UNKNOWN).any():  # where the release's maps are NaN, and every pixel is overwritten
            return np.asarray(fill_unknown(trimap, 0.5), dtype=np.float32)
        solution = self.solve(image, trimap)
        height, width = trimap.shape
        return overwrite_known(solution.alpha[:height, :width], trimap)

    def solve(self, image: UInt8, trimap: UInt8, *, auxiliary: bool = False) -> Solution:
        """Run both networks; `auxiliary`: also F, B and the weight maps, in one piece whatever the size."""
        check_arrays(image, trimap)
        min_side = MIN_SIDE if self.mode == "robust" else 0
        image, trimap = pad(image, min_side=min_side), pad(trimap, min_side=min_side)
        self._check_device_memory(trimap.size / 1e6)
        with memory_in_words("sim", self.device, _SMALLER), full_precision():
            semantics = semantic_trimap(self.networks.classifier, image, trimap, mode=self.mode)
            job = SolveJob(self.networks, self.device, _DTYPES[self.dtype], image, trimap, semantics)
            if auxiliary:
                return job.everything()
            return Solution(job.alpha(self.tiles(trimap)), semantics)

    def pictures(self, image: UInt8, trimap: UInt8) -> dict[str, UInt8]:
        """Draw what goes in, the 20 maps, and alpha, F, B and the weight maps; large images are reduced."""
        from simd.methods.sim.pictures import draw_classes, draw_inputs, draw_layers

        check_arrays(image, trimap)
        image, trimap = _reduced(image, trimap)
        solution = self.solve(image, trimap, auxiliary=True)
        height, width = trimap.shape
        assert solution.fg is not None
        assert solution.bg is not None
        assert solution.weights is not None
        maps, weights = (part[:, :height, :width] for part in (solution.semantic_trimap, solution.weights))
        alpha, fg, bg = (part[:height, :width] for part in (solution.alpha, solution.fg, solution.bg))
        return {
            "inputs": draw_inputs(image, trimap, click_maps(distances(trimap), (height, width))),
            "classes": draw_classes(image, trimap, np.nan_to_num(maps)),
            "layers": draw_layers(image, trimap, overwrite_known(alpha, trimap), fg, bg, weights),
        }

    def tiles(self, trimap: UInt8) -> list[Tile]:
        """Return the tiles of an image that hold an unknown pixel; the others' alpha is known."""
        size = (trimap.shape[0], trimap.shape[1])
        side = self.tile_side(trimap.size / 1e6)
        covering = tiles_over(size, side) if side else [Tile(slice(0, size[0]), slice(0, size[1]))]
        return [tile for tile in covering if (trimap[tile] == UNKNOWN).any()]

    def tile_side(self, megapixels: float) -> int:
        """Return the side of a tile in pixels for an image of this size, 0 for the whole image at once."""
        if self.tile is not None:
            return self.tile
        return 0 if megapixels <= _WHOLE_MEGAPIXELS else _TILE

    def _network_gigabytes(self, megapixels: float) -> float:
        side = self.tile_side(megapixels)
        at_once = min(megapixels, side**2 / 1e6) if side else megapixels
        return _GIGABYTES_PER_TILE_MEGAPIXEL * at_once

    def _check_device_memory(self, megapixels: float) -> None:
        needed = self._network_gigabytes(megapixels) * _DTYPES[self.dtype].itemsize / 4 + 0.3
        check_device_memory("sim", needed, megapixels, self.device, _SMALLER)


def load_sim(
    *,
    weights: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    threads: int | None = None,
    tile: int | None = None,
    mode: str = "robust",
) -> SimMethod:
    """Load the method `sim`.

    Parameters
    ----------
    weights : str
        Folder made by ``simd weights import``. There is no default: without weights there is no method.
    device : str
        "cpu", "cuda", "cuda:1", "mps".
    dtype : str
        "float32", "bfloat16", and on a GPU "float16". Maps are summed in float32 in any case.
    threads : int, optional
        Of PyTorch; by default as many as it takes by itself.
    tile : int, optional
        Side of the tiles of large images: a multiple of 8 from 1024 on; 0 never tiles; by default images of
        more than 4.3 megapixels are tiled.
    mode : str
        "robust", or "released" for the release's windows at every size.

    Raises
    ------
    DataError
        If there are no weights, or an option is not one of those.
    """
    check_mode(mode)
    if weights is None:
        raise DataError(
            "the method sim needs weights and never runs on random ones: give --weights FOLDER, made by "
            "`simd weights import FILE` from the released checkpoints, or by training"
        )
    if tile:
        tiles_over((8, 8), tile)  # raises if it is not a tile
    torch_device = check_device(device, dtype, _DTYPES)
    if threads is not None:
        torch.set_num_threads(threads)
    loaded = load_networks(weights)
    if loaded.sim.classes != loaded.classifier.classes:
        raise DataError(
            f"{weights}: the classifier tells {loaded.classifier.classes} classes apart, "
            f"sim takes {loaded.sim.classes}; they must be trained together"
        )
    ready = loaded._replace(
        sim=fuse(loaded.sim).to(torch_device, _DTYPES[dtype]),
        classifier=fuse(loaded.classifier).to(torch_device, _DTYPES[dtype]),
    )
    if torch_device.type == "cpu" and dtype == "float32":
        for network in (ready.sim, ready.classifier):
            for_cpu(network)
    return SimMethod(ready, mode=mode, device=torch_device, dtype=dtype, tile=tile)


def _reduced(image: UInt8, trimap: UInt8) -> tuple[UInt8, UInt8]:
    """Reduce a large image and its trimap to what is solved in one piece."""
    height, width = trimap.shape
    scale = (_WHOLE_MEGAPIXELS * 1e6 / trimap.size) ** 0.5
    if scale >= 1:
        return image, trimap
    size = int(width * scale), int(height * scale)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    known = cv2.resize(trimap, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(small, dtype=np.uint8), np.asarray(known, dtype=np.uint8)
