"""The semantic trimap: which of the 20 patterns an unknown pixel belongs to, from windows of two sizes.

"Semantic Image Matting", CVPR 2021, section 4.1 and Figure 3. The release's window arithmetic is exact for
images whose padded sides reach 800 pixels; below that its windows begin at negative indices, which Python
counts from the end, so that part of the image is never seen. Hence two modes, which agree array for array
from 800 pixels on:

``released``  what the release computes, at any size, NaN where nothing is unknown
``robust``    windows cover every unknown pixel at any size, and the scaling never divides by zero
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from simd.errors import DataError
from simd.image import UNKNOWN, UInt8

if TYPE_CHECKING:
    from simd.methods.networks.classifier import PatchClassifier

MODES = ("robust", "released")
WINDOW_SIZES = (320, 800)
"""Sides of the windows in pixels; the release hands both to the classifier as they are."""

_BATCH_PIXELS = 800 * 800  # of the windows that go through the classifier at once


class Window(NamedTuple):
    """A cut of the image."""

    rows: slice
    columns: slice


def windows(size: tuple[int, int], step: int, mode: str = "robust") -> list[Window]:
    """List the windows of one size over an image of (H, W), half a window apart, rows outer."""
    check_mode(mode)
    spans = _released_spans if mode == "released" else _covering_spans
    return [Window(rows, columns) for rows in spans(size[0], step) for columns in spans(size[1], step)]


@torch.inference_mode()
def semantic_trimap(
    classifier: "PatchClassifier", image: UInt8, trimap: UInt8, *, mode: str = "robust"
) -> npt.NDArray[np.float32]:
    """Compute the semantic trimap of a padded image.

    Parameters
    ----------
    classifier : PatchClassifier
        In evaluation mode; device and dtype are taken from its weights.
    image : uint8, shape (H, W, 3)
        RGB.
    trimap : uint8, shape (H, W)
        0, 128, 255.
    mode : {"robust", "released"}
        See the top of this module.

    Returns
    -------
    float32, shape (20, H, W), in [0, 1]
        Zero outside the unknown region. Scaled over all classes and the *whole* image, windows' known pixels
        and the zeros of places that no window touches included, as in the release.
    """
    check_mode(mode)
    unknown = trimap == UNKNOWN
    total = score_maps(classifier, image, trimap, mode=mode)
    lowest, highest = total.min(), total.max()
    if mode == "robust" and highest == lowest:
        return np.zeros_like(total)
    with np.errstate(invalid="ignore"):  # 0 / 0 in the release, where nothing is unknown
        total -= lowest
        total /= highest - lowest
        total *= unknown
    return total


@torch.inference_mode()
def score_maps(
    classifier: "PatchClassifier", image: UInt8, trimap: UInt8, *, mode: str = "robust"
) -> npt.NDArray[np.float32]:
    """Return the mean, float32 (20, H, W), of the activation maps of all windows that hold an unknown pixel.

    A window of 800 pixels weighs as much as one of 320. Windows without an unknown pixel are skipped: no
    unknown pixel lies in them, so only the range for the scaling could notice, and the release skips them
    too.
    """
    size = (trimap.shape[0], trimap.shape[1])
    unknown = trimap == UNKNOWN
    total = torch.zeros((classifier.classes, *size))
    count = torch.zeros(size)
    seen: set[tuple[int, ...]] = set()
    for step in WINDOW_SIZES:
        wanted = [w for w in windows(size, step, mode) if unknown[w].any()]
        if mode == "robust":  # an image below 320 pixels is one window at both sizes
            wanted = [w for w in wanted if _corners(w) not in seen]
            seen.update(map(_corners, wanted))
        for window, scores in _classify(classifier, image, trimap, wanted):
            total[:, window.rows, window.columns] += scores
            count[window] += 1
    total /= count.clamp_(min=1)
    return np.asarray(total.numpy(), dtype=np.float32)


def check_mode(mode: str) -> None:
    """Raise DataError for a mode that there is not."""
    if mode not in MODES:
        raise DataError(f"unknown mode {mode!r} of the semantic trimap; it is one of {', '.join(MODES)}")


def _released_spans(length: int, step: int) -> list[slice]:
    last = length - step
    if last < 0:  # a negative start, which Python counts from the end
        return [slice(max(0, length + last), length)]
    return [slice(start, start + step) for start in (*range(0, last, step // 2), last)]


def _covering_spans(length: int, step: int) -> list[slice]:
    if length <= step:
        return [slice(0, length)]
    return _released_spans(length, step)


def _corners(window: Window) -> tuple[int, ...]:
    return window.rows.start, window.rows.stop, window.columns.start, window.columns.stop


def _classify(
    classifier: "PatchClassifier", image: UInt8, trimap: UInt8, wanted: list[Window]
) -> Iterator[tuple[Window, Tensor]]:
    """Yield each window with its activation map, float32 (20, h, w), enlarged to the window's size.

    All windows of one size over one image have one shape, so they go through the network in batches.
    """
    if not wanted:
        return
    height, width = trimap[wanted[0]].shape
    together = max(1, _BATCH_PIXELS // (height * width))
    # a network that runs elsewhere has no parameters: it takes float32 in the host's memory
    weight = next(classifier.parameters(), torch.empty(0))
    for start in range(0, len(wanted), together):
        batch = wanted[start : start + together]
        colours = torch.from_numpy(np.stack([image[w] for w in batch]))  # (N, h, w, 3)
        mattes = torch.from_numpy(np.stack([trimap[w] for w in batch]))[..., None]  # (N, h, w, 1)
        # a permuted view of (N, h, w, C) is what torch calls channels last
        inputs = (
            pixels.to(weight.device).permute(0, 3, 1, 2).float().div_(255).to(weight.dtype)
            for pixels in (colours, mattes)
        )
        maps = classifier(*inputs).score_maps.float()  # (N, 20, h/32, w/32)
        for window, scores in zip(batch, maps, strict=True):
            yield (
                window,
                nn.functional.interpolate(
                    scores[None], (height, width), mode="bilinear", align_corners=False
                )[0].cpu(),
            )
