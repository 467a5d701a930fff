"""The method `fused`: closed-form and shared, weighed pixel by pixel by a small network.

After "Natural Image Matting using Deep Convolutional Neural Networks" (ECCV 2016), which maps closed-form's
and KNN's answers and the image to alpha by six convolutions. Here the network says how much each answer
counts at a pixel, and has an alpha of its own beside them, which is all there is where the trimap knows one
side alone and both answers are fallbacks; it sees the known colours spread over the image, and looks 280
pixels around instead of 14. And what it says is not the answer yet: colours carry it on from where it is
confident (:mod:`~simd.methods.fused.propagation`).
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from simd.errors import DataError, first_line
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, UInt8
from simd.installation import repair_command
from simd.methods import Answer, Fallback, load_method
from simd.methods.facts import facts_of
from simd.methods.fused.inputs import CLASSICAL, classical_answers, derived_planes, folded_planes
from simd.methods.fused.network import STRIDE, Network, Tensors
from simd.methods.fused.propagation import LEAST, MOST, propagated
from simd.methods.networks import FUSED
from simd.methods.runtime.check_inputs import check_arrays, overwrite_known
from simd.methods.trimap_only import fill_unknown
from simd.methods.weights.folder import read_weights

Float32 = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "weights"
"""The folder of the weights that the package carries."""
REACH = 288
"""Pixels, a multiple of 16: nothing farther from a pixel changes what the network says of it."""
HARDLY_KNOWN = 0.03
"""Of the image: where less background is known, and no foreground, the network makes alphas worse than 0."""

_WINDOW = 3  # a smaller picture holds none
_WHOLE_MEGAPIXELS = 4.0  # larger images are solved in tiles
_TILE = 1344  # with its surroundings a tile has 3.7 megapixels
_GIGABYTES, _GIGABYTES_PER_MEGAPIXEL = 0.3, 1.0  # closed-form's on a picture that is mostly unknown
_REMEDY = (
    f"the weights of fused come with the package: bring them back ({repair_command(WEIGHTS)}), "
    "or train them: simd train fused --out RUN, then --weights RUN"
)


_KEPT = threading.local()  # a network solves one image at a time


class _Window(NamedTuple):
    """A part of an image to solve, and the part around it that its alpha depends on."""

    core: tuple[slice, slice]
    seen: tuple[slice, slice]


@dataclass(frozen=True)
class FusedMethod:
    """The network, ready to predict; made by :func:`load_fused`."""

    tensors: Tensors
    checkpoint_digest: str
    tile: int | None = None
    name: str = "fused"
    weighed: tuple[str, ...] = CLASSICAL

    @property
    def version(self) -> str:
        """What the result depends on besides the weights."""
        answers = "; ".join(f"{name} {facts_of(load_method(name)).version}" for name in CLASSICAL)
        return f"4, opencv {cv2.__version__}; {answers}"

    def gigabytes(self, megapixels: float) -> float:
        """Estimate the peak memory of a prediction."""
        return _GIGABYTES + _GIGABYTES_PER_MEGAPIXEL * megapixels

    def predict(self, image: UInt8, trimap: UInt8) -> Float32 | Fallback:
        """Predict the matte, float32 (H, W) in [0, 1]; known pixels are those of the trimap.

        Where no foreground is known, and background on less than 3 % of the image, but on some, the answer is
        the classical one, 0, and a fallback.

        Parameters
        ----------
        image : uint8, shape (H, W, 3)
            RGB, of any size.
        trimap : uint8, shape (H, W)
            0, 128, 255; one without known foreground or background is as good as any but for that.

        Raises
        ------
        DataError
            If the arrays do not fit each other.
        """
        check_arrays(image, trimap)
        if not (trimap == UNKNOWN).any():
            return np.asarray(fill_unknown(trimap, 0.5), dtype=np.float32)
        return self.weigh(image, trimap, classical_answers(image, trimap))

    def weigh(self, image: UInt8, trimap: UInt8, answers: Sequence[Answer]) -> Float32 | Fallback:
        """Predict by the answers of both methods, as they are written: see :meth:`predict`."""
        known = float((trimap == BACKGROUND).mean())
        if 0 < known < HARDLY_KNOWN and not (trimap == FOREGROUND).any():
            reason = f"the trimap knows no foreground, and background on {known:.2%} of the image alone"
            return Fallback(fill_unknown(trimap, 0.0), reason)
        return self.by_network(image, trimap, answers)

    def by_network(self, image: UInt8, trimap: UInt8, answers: Sequence[Answer]) -> Float32:
        """Return what network and equation make of the answers, however little is known."""
        alpha, confidence = self._said(image, trimap, answers)
        if min(trimap.shape) >= _WINDOW:
            alpha[trimap == UNKNOWN] = propagated(image, trimap, alpha, confidence)
        return overwrite_known(alpha, trimap)

    def _said(self, image: UInt8, trimap: UInt8, answers: Sequence[Answer]) -> tuple[Float32, Float32]:
        """Return the network's alpha and its confidence, (H, W); none of its memory stays."""
        alphas = np.stack([answer.alpha for answer in answers], axis=2)
        fallbacks = [answer.is_fallback for answer in answers]
        planes = np.concatenate([image, derived_planes(image, trimap), alphas], axis=2)
        margins = [(0, -length % STRIDE) for length in trimap.shape]
        planes = np.pad(planes, [*margins, (0, 0)], mode="symmetric")
        whole = np.pad(trimap, margins, mode="symmetric")
        alpha, confidence = (np.zeros(whole.shape, np.float32) for _ in range(2))
        network = self._network()
        for window in self._windows(whole):
            solved = _solve(network, planes[window.seen], whole[window.seen], fallbacks)
            inner = tuple(
                slice(core.start - seen.start, core.stop - seen.start)
                for core, seen in zip(window.core, window.seen, strict=True)
            )
            alpha[window.core], confidence[window.core] = (plane[inner] for plane in solved)
        height, width = trimap.shape
        return alpha[:height, :width], confidence[:height, :width]

    def _network(self) -> Network:
        """Return the network that this thread keeps."""
        if getattr(_KEPT, "digest", None) != self.checkpoint_digest:
            _KEPT.network, _KEPT.digest = Network(self.tensors), self.checkpoint_digest
        kept: Network = _KEPT.network
        return kept

    def _windows(self, trimap: UInt8) -> Iterator[_Window]:
        """Yield what is to be solved of a trimap whose sides are multiples of 16."""
        height, width = trimap.shape
        whole = trimap.size <= _WHOLE_MEGAPIXELS * 1e6
        tile = self.tile or (max(height, width) if whole else _TILE)
        for top in range(0, height, tile):
            for left in range(0, width, tile):
                unknown = trimap[top : top + tile, left : left + tile] == UNKNOWN
                if not unknown.any():
                    continue
                spans = [
                    _span(start, unknown.any(axis=axis), length)
                    for start, axis, length in ((top, 1, height), (left, 0, width))
                ]
                yield _Window((spans[0][0], spans[1][0]), (spans[0][1], spans[1][1]))


def load_fused(*, weights: str | None = None, tile: int | None = None) -> FusedMethod:
    """Load the method `fused`.

    Parameters
    ----------
    weights : str, optional
        Folder of weights, as a run of ``simd train fused`` leaves; by default those of the package.
    tile : int, optional
        Side of the tiles that images are solved in: a multiple of 16; by default images of more than 4
        megapixels have tiles of 1344 pixels. It takes less memory and more time, and changes nothing else.

    Raises
    ------
    DataError
        If there are no such weights, or they are damaged; the message says how to get them back.
    """
    if tile is not None and (tile < STRIDE or tile % STRIDE):
        raise DataError(f"a tile of {tile} pixels: must be a multiple of {STRIDE}, as in tile=1024")
    from safetensors import SafetensorError
    from safetensors.numpy import load

    folder = WEIGHTS if weights is None else Path(weights)
    data, card = read_weights(folder, FUSED, remedy=_REMEDY)
    try:
        tensors = load(data)
        Network(tensors)
    except (SafetensorError, KeyError, ValueError, cv2.error) as error:
        file = folder / card.file
        raise DataError(f"{file}: is not the network of fused ({first_line(error)}); {_REMEDY}") from error
    return FusedMethod(tensors, card.sha256, tile)


def _solve(
    network: Network, planes: UInt8, trimap: UInt8, fallbacks: Sequence[bool]
) -> tuple[Float32, Float32]:
    """Return alpha and confidence (H, W) of a part of an image, its sides multiples of 16."""
    folded = folded_planes(planes, trimap, fallbacks).transpose(2, 0, 1)
    logits = _unfolded(network.logits(np.multiply(folded, np.float32(1 / 255), order="C")))
    weights, own = softmax(logits[:3], axis=0), expit(2 * logits[3])
    first, second = (planes[..., at] * np.float32(1 / 255) for at in (-2, -1))
    alpha = np.asarray(weights[0] * first + weights[1] * second + weights[2] * own, np.float32)
    return alpha, np.exp(logits[4].clip(LEAST, MOST))


def _span(start: int, unknown: npt.NDArray[np.bool_], length: int) -> tuple[slice, slice]:
    """Return the stretch from the first to the last unknown place, on the stride, and what it depends on."""
    held = np.flatnonzero(unknown)
    first = start + int(held[0]) // STRIDE * STRIDE
    last = start + -(-(int(held[-1]) + 1) // STRIDE) * STRIDE
    return slice(first, last), slice(max(0, first - REACH), min(length, last + REACH))


def _unfolded(x: Float32) -> Float32:
    """Make squares of 2 × 2 pixels of four channels each: (4 C, H/2, W/2) to (C, H, W)."""
    channels, height, width = x.shape
    squares = x.reshape(channels // 4, 2, 2, height, width).transpose(0, 3, 1, 4, 2)
    return squares.reshape(channels // 4, 2 * height, 2 * width)
