"""Proposals: a class for every unknown pixel from the scores of a model, and the order to look at them in."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.image import Mask, UInt8
from simd.tagging.annotation import Annotation
from simd.tagging.fill import Tagged, fill, unknown_of
from simd.tagging.patches import WORKING, Small, shrink
from simd.taxonomy import CLASSES, NO_CLASS, class_index

Float32 = npt.NDArray[np.float32]

_SMOOTH = 0.02  # sigma, of the longer side
_SMALLEST = 0.03  # share of the unknown pixels below which a class is not proposed
_SURE = 0.5  # share of a class's pixels, the surest, from which it is filled


class Scorer(Protocol):
    """Anything that scores classes: :class:`~simd.tagging.patch_model.PatchModel`, or a network."""

    def __call__(self, image: UInt8, alpha: UInt8, unknown: Mask) -> npt.NDArray[np.floating]:
        """Return a score of each class at each pixel, (20, H, W), from 0 on; larger is likelier."""


def propose(
    fg: UInt8,
    alpha: UInt8,
    scorer: Scorer,
    *,
    among: Sequence[str] = (),
    unknown: Mask | None = None,
    side: int = WORKING,
) -> Tagged:
    """Propose a class for every unknown pixel.

    Scores are made to sum to 1, smoothed inside the unknown region, and classes that would win next to
    nothing are left out, unless they are known to be there. The surest half of each class's pixels then
    serves as its strokes for :func:`~simd.tagging.fill.fill`, so that the borders between classes follow
    what is seen.

    Parameters
    ----------
    fg : uint8, shape (H, W, 3)
    alpha : uint8, shape (H, W)
    scorer : callable
        ``(image, alpha, unknown) -> (20, h, w)``; called with a foreground shrunk to `side`.
    among : sequence of str
        Classes that the foreground is known to have: no other is proposed. One class takes all, and the
        scorer is not asked.
    unknown : bool, shape (H, W), optional
        By default :func:`~simd.tagging.fill.unknown_of` the alpha.
    side : int
        Longest side at which the scorer works.

    Returns
    -------
    Tagged
        Class mask, uint8 (H, W), and the smoothed score of its class as confidence, float32 (H, W).

    Raises
    ------
    DataError
        If the scorer returns anything but finite scores of that shape, not below 0.
    """
    unknown = unknown_of(alpha) if unknown is None else unknown
    allowed = sorted({class_index(name) for name in among}) or list(range(len(CLASSES)))
    if len(allowed) == 1:
        return Tagged(
            np.where(unknown, allowed[0], NO_CLASS).astype(np.uint8), np.asarray(unknown, dtype=np.float32)
        )
    small = shrink(fg, alpha, unknown, side)
    if not small.unknown.any():
        return Tagged(np.full(alpha.shape, NO_CLASS, np.uint8), np.zeros(alpha.shape, np.float32))
    likely = _smoothed(_checked(scorer(small.fg, small.alpha, small.unknown), small), small.unknown, allowed)
    first = np.where(small.unknown, likely.argmax(axis=0), NO_CLASS).astype(np.uint8)
    sure = np.take_along_axis(likely, np.minimum(first, len(CLASSES) - 1)[None].astype(np.intp), axis=0)[0]
    filled = fill(small.fg, small.alpha, _surest(first, sure), small.unknown).class_mask
    chosen = np.take_along_axis(likely, np.minimum(filled, len(CLASSES) - 1)[None].astype(np.intp), axis=0)[0]
    return _full_size(filled, chosen, small.unknown, unknown)


def review_order(annotations: Iterable[Annotation]) -> list[str]:
    """Return the ids of annotations that nobody has reviewed, in the order in which a look helps most.

    The class that fewest reviewed foregrounds have comes first, and of its foregrounds the least certain one
    (by the mean confidence of its classes); each counts for its classes from then on. Ties go by id.

    Examples
    --------
    >>> from simd.tagging.annotation_files import make_annotation
    >>> black = np.zeros((1, 1, 3), np.uint8)
    >>> def of(fg_id, confidence, review="proposed"):
    ...     return make_annotation(
    ...         fg_id, black, black[..., 0], black[..., 0], confidence=confidence, review=review
    ...     )
    >>> proposed = [of("a", {"fur": 0.9}), of("b", {"fur": 0.4}), of("c", {"net": 0.9})]
    >>> review_order([*proposed, of("d", {"fur": 1}, "reviewed")])
    ['c', 'b', 'a']
    """
    annotations = list(annotations)
    seen = Counter(name for a in annotations if a.review == "reviewed" for name in a.confidence)
    left = {a.fg_id: a for a in annotations if a.review != "reviewed"}
    waiting: dict[str, list[str]] = {}
    for fg_id in sorted(left, key=lambda i: (_certainty(left[i]), i), reverse=True):
        for name in left[fg_id].confidence or ("",):
            waiting.setdefault(name, []).append(fg_id)  # the least certain stands last
    order: list[str] = []
    while left:
        for queue in waiting.values():
            while queue and queue[-1] not in left:
                queue.pop()
        rarest = min((n for n, queue in waiting.items() if queue), key=lambda n: (seen[n], n))
        annotation = left.pop(waiting[rarest].pop())
        seen.update(annotation.confidence or ("",))
        order.append(annotation.fg_id)
    return order


def _certainty(annotation: Annotation) -> float:
    return sum(annotation.confidence.values()) / max(1, len(annotation.confidence))


def _checked(scores: npt.NDArray[np.floating], small: Small) -> Float32:
    shape = (len(CLASSES), *small.alpha.shape)
    if scores.shape != shape or not np.isfinite(scores).all() or (scores < 0).any():
        raise DataError(
            f"a scorer must return finite scores from 0 on, {shape}, not {scores.shape} or others"
        )
    return np.asarray(scores, dtype=np.float32)


def _smoothed(scores: Float32, unknown: Mask, allowed: list[int]) -> Float32:
    """Return probabilities (20, h, w) of the classes that win enough; 0 outside the unknown region."""
    weight = unknown.astype(np.float32)
    sigma = max(0.5, _SMOOTH * max(unknown.shape))
    likely = np.zeros_like(scores)
    around = _blur(weight, sigma) + 1e-9
    for index in allowed:
        likely[index] = _blur(scores[index] * weight, sigma) / around * weight
    won = np.bincount(likely.argmax(axis=0)[unknown], minlength=len(CLASSES)) / weight.sum()
    if len(allowed) == len(CLASSES):  # else they are known to be there
        likely[won < min(_SMALLEST, won.max())] = 0
    likely[allowed] += 1e-9  # where no patch lies
    likely[:, ~unknown] = 0
    return np.asarray(likely / np.maximum(likely.sum(axis=0), 1e-9), dtype=np.float32)


def _surest(class_mask: UInt8, sure: Float32) -> UInt8:
    """Keep the surest half of each class's pixels."""
    seeds = class_mask.copy()
    for index in np.unique(class_mask[class_mask != NO_CLASS]):
        of_class = class_mask == index
        seeds[of_class & (sure < np.quantile(sure[of_class], 1 - _SURE))] = NO_CLASS
    return seeds


def _full_size(class_mask: UInt8, sure: Float32, small: Mask, unknown: Mask) -> Tagged:
    """Enlarge a small class mask: each unknown pixel has the class of the nearest small one."""
    from scipy import ndimage

    _, (y, x) = ndimage.distance_transform_edt(~small, return_indices=True)
    size = (unknown.shape[1], unknown.shape[0])
    mask = cv2.resize(class_mask[y, x], size, interpolation=cv2.INTER_NEAREST)
    confidence = cv2.resize(sure[y, x], size, interpolation=cv2.INTER_LINEAR)
    return Tagged(
        np.where(unknown, mask, NO_CLASS).astype(np.uint8),
        np.where(unknown, confidence, 0).astype(np.float32),
    )


def _blur(plane: Float32, sigma: float) -> Float32:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), np.float32)
