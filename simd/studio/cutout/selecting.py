"""From a box, a rough stroke or nothing to a trimap: GrabCut on a reduced picture, its border widened.

GrabCut is that of "GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts", ACM TOG 2004, as
OpenCV has it.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from simd.errors import DataError
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, Mask, UInt8
from simd.trimap import dilated

RIM = 0.03
"""Share of the frame's shorter side that is taken for background where nothing is drawn."""

BAND = 0.012
"""Half the width of the unknown band along the border, as a share of the shorter side."""

_SIDE = 384  # of the reduced picture, the longer one: 0.06 s an iteration, a second where colours are alike
_FIRST_SIDE = 256  # for the first iteration, whose colours of the subject are a guess anyway
_ITERATIONS = 3  # more cut no better
_COLLAPSED = 0.1  # of the subject is left by an iteration that took its colours for the background's
_SPECK = 0.01  # of the largest piece: smaller ones are noise
_LEAST = 16  # pixels of the reduced picture
_SURE_BG, _SURE_FG, _MAYBE_BG, _MAYBE_FG = (
    int(v) for v in (cv2.GC_BGD, cv2.GC_FGD, cv2.GC_PR_BGD, cv2.GC_PR_FGD)
)


def select(
    image: UInt8,
    *,
    box: Sequence[float] | None = None,
    keep: Mask | None = None,
    erase: Mask | None = None,
    band: float = BAND,
) -> UInt8:
    """Return a trimap of the subject, uint8 (H, W).

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
    box : (top, left, bottom, right), optional
        Around the subject, in pixels: all outside is background. By default, and in place of one around
        everything, the frame without its rim.
    keep, erase : bool, shape (H, W), optional
        What is drawn as subject and as background. With `keep` alone the subject is what looks like it.
    band : float
        Half the width of the unknown band, as a share of the shorter side.

    Notes
    -----
    The same on every run: OpenCV's generator is seeded before each call.

    Raises
    ------
    DataError
        If the box lies outside the picture, or is too small to find anything in.
    """
    height, width = image.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(3, round(width * scale)), max(3, round(height * scale)))
    small = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    labels = _labels(small, (height, width), box, _reduced(keep, size), _reduced(erase, size))
    subject = _largest_pieces(_cut(np.ascontiguousarray(small), labels), _reduced(keep, size))
    soft = cv2.resize(subject.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    trimap = _banded(soft >= 0.5, max(2, round(band * min(height, width))))
    return lay_over(trimap, keep=keep, erase=erase)


def lay_over(trimap: UInt8, *, keep: Mask | None = None, erase: Mask | None = None) -> UInt8:
    """Return a trimap with what is drawn laid over it."""
    trimap = trimap.copy()
    if keep is not None:
        trimap[keep] = FOREGROUND
    if erase is not None:
        trimap[erase] = BACKGROUND
    return trimap


def trimap_of_matte(alpha: UInt8, band: float = BAND) -> UInt8:
    """Return the trimap of a predicted matte: what is soft is unknown, and a band around its edge."""
    radius = max(2, round(band * min(alpha.shape)))
    soft = (alpha > 12) & (alpha < 243)
    trimap = _banded(alpha >= 128, radius)
    trimap[dilated(soft, max(1, radius // 2))] = UNKNOWN
    return trimap


def _labels(
    small: UInt8,
    full: tuple[int, int],
    box: Sequence[float] | None,
    keep: Mask | None,
    erase: Mask | None,
) -> UInt8:
    height, width = small.shape[:2]
    labels = np.full((height, width), _SURE_BG, np.uint8)
    inside = labels[:0, :0]
    if box is not None:
        top, left, bottom, right = _within(box, full, (height, width))
        inside = labels[top:bottom, left:right]
        if inside.size < _LEAST:
            raise _no_box(box, full)
    if inside.size in (0, labels.size):  # nothing is said, or nothing is left outside
        rim = max(1, round(RIM * min(height, width)))
        top, left, bottom, right = rim, rim, height - rim, width - rim
        inside = labels[top:bottom, left:right]
    inside[:] = _MAYBE_FG
    if keep is not None and keep.any() and box is None:
        inside[:] = np.where(_alike(small, keep, erase), _MAYBE_FG, _MAYBE_BG)[top:bottom, left:right]
    if keep is not None:
        labels[keep] = _SURE_FG
    if erase is not None:
        labels[erase] = _SURE_BG
    return labels


def _within(box: Sequence[float], full: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    (top, bottom), (left, right) = (
        sorted(np.clip((box[k] * size[k] / full[k], box[k + 2] * size[k] / full[k]), 0, size[k]).round())
        for k in (0, 1)
    )
    return int(top), int(left), int(bottom), int(right)


def _no_box(box: Sequence[float], full: tuple[int, int]) -> DataError:
    """Return the error of a box that has no subject in it, as it is too small or elsewhere."""
    top, left, bottom, right = box
    if (
        max(top, bottom) <= 0
        or max(left, right) <= 0
        or min(top, bottom) >= full[0]
        or min(left, right) >= full[1]
    ):
        return DataError("the box lies outside the picture; draw it around the subject")
    return DataError(
        f"the box of {abs(bottom - top):g} x {abs(right - left):g} pixels is too small to find a subject in; "
        "draw it around the whole subject, or select the subject with a stroke"
    )


def _alike(small: UInt8, keep: Mask, erase: Mask | None) -> Mask:
    """Tell which pixels look, and lie, more like what is drawn as subject than like the frame's rim."""
    height, width = keep.shape
    colours = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    rim = np.ones_like(keep)
    rim[2:-2, 2:-2] = False
    outside = rim | erase if erase is not None else rim
    distances = [_nearest(colours, where & ~other) for where, other in ((keep, outside), (outside, keep))]
    away = cv2.distanceTransform((~keep).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # a colour of the subject counts less the further it lies from the stroke
    near: Mask = distances[0] * (0.5 + 2 * away / max(height, width)) < distances[1]
    return near


def _nearest(colours: np.ndarray, where: Mask) -> np.ndarray:
    """Return each pixel's distance to the nearest of some typical colours of a region."""
    samples = colours[where]
    if not len(samples):
        return np.full(where.shape, np.inf, np.float32)
    samples = samples[np.linspace(0, len(samples) - 1, min(64, len(samples))).astype(int)]
    flat = colours.reshape(-1, 3)
    squares = (flat**2).sum(1)[:, None] + (samples**2).sum(1)[None] - 2 * flat @ samples.T
    nearest: np.ndarray = np.sqrt(np.maximum(squares.min(1), 0)).reshape(where.shape)
    return nearest


def _cut(small: UInt8, labels: UInt8) -> Mask:
    if not _has_both(labels):
        return np.isin(labels, (_SURE_FG, _MAYBE_FG))
    models = np.zeros((2, 1, 65))
    cv2.setRNGSeed(0)  # the generator belongs to this thread
    subject = _first_cut(small, labels, models)
    sure = np.isin(labels, (_SURE_BG, _SURE_FG))
    for _ in range(_ITERATIONS - 1):
        before = subject
        labels = np.where(sure, labels, np.where(before, np.uint8(_MAYBE_FG), np.uint8(_MAYBE_BG)))
        cv2.grabCut(small, labels, None, models[0], models[1], 1, cv2.GC_EVAL)
        subject = np.isin(labels, (_SURE_FG, _MAYBE_FG))
        if subject.sum() < _COLLAPSED * before.sum():
            return before
    return subject


def _first_cut(small: UInt8, labels: UInt8, models: np.ndarray) -> Mask:
    """Fill the colour models and cut once, on a still smaller picture."""
    size = small.shape[1::-1]
    scale = min(1.0, _FIRST_SIDE / max(size))
    reduced = (max(3, round(size[0] * scale)), max(3, round(size[1] * scale)))
    less = cv2.resize(labels, reduced, interpolation=cv2.INTER_NEAREST)
    if not _has_both(less):  # a line of subject or background fell between pixels
        reduced, less = size, labels.copy()
    picture = cv2.resize(small, reduced, interpolation=cv2.INTER_AREA)
    cv2.grabCut(picture, less, None, models[0], models[1], 1, cv2.GC_INIT_WITH_MASK)
    subject = np.isin(less, (_SURE_FG, _MAYBE_FG)).view(np.uint8)
    return np.asarray(cv2.resize(subject, size, interpolation=cv2.INTER_NEAREST) > 0, dtype=np.bool_)


def _has_both(labels: UInt8) -> bool:
    """Tell whether both subject and background are there, without which there is nothing to cut."""
    background, subject, maybe_background, maybe_subject = np.bincount(labels.ravel(), minlength=4)
    return bool(background + maybe_background and subject + maybe_subject)


def _largest_pieces(subject: Mask, keep: Mask | None) -> Mask:
    """Drop specks, and where a stroke says what is meant, all that does not hang together with it."""
    if not subject.any():
        return subject
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(subject.view(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept = areas >= max(_LEAST, _SPECK * areas.max())
    if keep is not None and keep.any():
        touched = np.zeros(len(areas), bool)
        touched[np.unique(pieces[keep & subject])] = True
        touched[0] = False
        if touched.any():
            kept = touched
    kept[0] = False
    if not kept.any():
        kept[int(areas.argmax())] = True
    chosen: Mask = kept[pieces]
    return chosen


def _banded(subject: Mask, radius: int) -> UInt8:
    trimap = np.where(subject, np.uint8(FOREGROUND), np.uint8(BACKGROUND))
    if subject.any() and not subject.all():
        trimap[dilated(subject, radius) & dilated(~subject, radius)] = UNKNOWN
    return trimap


def _reduced(mask: Mask | None, size: tuple[int, int]) -> Mask | None:
    """Shrink what is drawn: a pixel of the reduced picture is drawn where any of its own is."""
    if mask is None:
        return None
    if mask.shape[::-1] == size:
        return mask
    area = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(area > 0, dtype=np.bool_)
