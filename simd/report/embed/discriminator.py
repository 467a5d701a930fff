"""Features by a training run's discriminator: what it has of a region's alpha before its last layer.

After Figure 3 of "Semantic Image Matting", CVPR 2021.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from simd.errors import DataError, MissingExtraError
from simd.image import Mask, UInt8
from simd.masks import bounding_box

if TYPE_CHECKING:
    from torch import nn

_ADVICE = "simd train sim-discriminator --out RUN, or sim-discriminator-small"


@dataclass(frozen=True, slots=True)
class DiscriminatorFeatures:
    """A callable that is given image, alpha and region, and returns what a discriminator has of the alpha.

    It sees squares as in its training: around the region, its side within the recipe's ``patch_sides``, and
    resized to its ``side``. A region that is larger than the largest square is covered by several, and its
    features are their mean, weighted by the region's pixels in each.
    """

    run: str
    digest: str  # of the weights: an unfinished map by others is begun again
    side: int
    patch_sides: tuple[int, int]

    @property
    def name(self) -> str:
        """What a map calls the features."""
        return f"the run {Path(self.run).resolve().name}"

    def __call__(self, image: UInt8, alpha: UInt8, region: Mask) -> npt.NDArray[np.float32]:
        """Return the features of a region, float32 (D,)."""
        del image
        import torch

        squares, weights = self._squares(alpha, region)
        matte = torch.from_numpy(np.stack(squares)[:, None].astype(np.float32) / 255)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the same sums in this process and in workers
        try:
            with torch.inference_mode():
                pooled = _network(self.run, self.digest)(None, matte).features[-1].flatten(1).numpy()
        finally:
            torch.set_num_threads(threads)
        return np.average(pooled, axis=0, weights=weights).astype(np.float32)

    def _squares(self, alpha: UInt8, region: Mask) -> tuple[list[UInt8], list[int]]:
        """Cut squares that cover a region; return them at the network's size, and the region's pixels."""
        box = bounding_box(region)
        assert box is not None
        side = int(np.clip(max(box.height, box.width), *self.patch_sides))
        padded, inside = np.pad(alpha, side), np.pad(region, side)
        squares: list[UInt8] = []
        weights: list[int] = []
        for top in _starts(box.top, box.bottom, side):
            for left in _starts(box.left, box.right, side):
                cut = slice(top + side, top + 2 * side), slice(left + side, left + 2 * side)
                if pixels := np.count_nonzero(inside[cut]):
                    weighting = cv2.INTER_AREA if side > self.side else cv2.INTER_LINEAR
                    square = cv2.resize(padded[cut], (self.side, self.side), interpolation=weighting)
                    squares.append(np.asarray(square, dtype=np.uint8))
                    weights.append(int(pixels))
        return squares, weights


def is_run(features: object) -> bool:
    """Tell whether features are given as a folder, which has to be a run of a discriminator."""
    return isinstance(features, str | Path) and Path(features).is_dir()


def read_discriminator(run: str | Path) -> DiscriminatorFeatures:
    """Return the features by the discriminator of a training run.

    Raises
    ------
    DataError
        If the folder is not a finished run of a discriminator that sees alpha alone.
    MissingExtraError
        If PyTorch is not installed.
    """
    try:
        from simd.methods.weights.folder import load_weights
        from simd.training.run_folder import read_run_recipe
    except ModuleNotFoundError as error:
        raise MissingExtraError("a discriminator's features", str(error.name), "train") from error
    try:
        recipe = read_run_recipe(run)
    except DataError as error:
        raise DataError(f"features {str(run)!r}: {error}; a map takes the RUN of {_ADVICE}") from error
    stage, patches = recipe.head.stage, recipe.patches
    if stage != "discriminator" or patches is None:
        raise DataError(
            f"features {str(run)!r}: is a run of the stage {stage}, not of a discriminator; {_ADVICE}"
        )
    if patches.sees != "alpha":
        raise DataError(
            f"features {str(run)!r}: its discriminator sees the foreground's colours too, which a set does "
            f"not hold; train one that sees alpha alone: {_ADVICE}"
        )
    if not any(Path(run).glob("*.safetensors")):
        raise DataError(f"features {str(run)!r}: is not finished; go on with simd train and its recipe")
    _, card = load_weights(run, "discriminator")
    assert recipe.data is not None
    lowest, highest = (int(side) for side in recipe.data.patch_sides)
    return DiscriminatorFeatures(str(run), card.sha256, recipe.data.side, (lowest, highest))


def _starts(first: int, end: int, side: int) -> list[int]:
    """Return where squares begin that cover first..end - 1 evenly, in the middle if one is enough."""
    extent = end - first
    if extent <= side:
        return [first - (side - extent) // 2]
    count = -(-extent // side)
    return [round(start) for start in np.linspace(first, end - side, count)]


@lru_cache(maxsize=1)
def _network(run: str, digest: str) -> "nn.Module":
    from simd.methods.weights.folder import load_weights

    network, card = load_weights(run, "discriminator")
    if card.sha256 != digest:
        raise DataError(f"{run}: has other weights than when the map was begun; run the command again")
    return network
