"""How far two annotations of one foreground agree, where they differ, and one made of several by vote."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simd.errors import DataError
from simd.image import UInt8
from simd.taxonomy import CLASSES, NO_CLASS

_GREY, _RED = 60, (230, 30, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Two class masks compared, over the pixels that have a class in one of them at least."""

    pixels: int
    equal: int  # pixels with one class in both
    kappa: float  # of pixels with a class in both; nan if there are none, or one class only
    iou: dict[str, float]  # of each class that one of them has

    @property
    def share(self) -> float:
        """Share of the pixels that are equal; nan if there are none."""
        return self.equal / self.pixels if self.pixels else float("nan")


def agree(first: UInt8, other: UInt8) -> Agreement:
    r"""Compare two class masks, uint8 (H, W).

    .. math::
        \mathrm{IoU}_k = \frac{|A_k \cap B_k|}{|A_k \cup B_k|}, \qquad
        \kappa = \frac{p_o - p_e}{1 - p_e}

    where :math:`p_o` is the share of pixels on which they agree, :math:`p_e` the share expected of two masks
    with these class counts; both over the pixels that have a class in both masks.

    Notes
    -----
    "A Coefficient of Agreement for Nominal Scales", Cohen 1960.

    Examples
    --------
    >>> a, b = np.array([[1, 1, 2, 255]], np.uint8), np.array([[1, 2, 2, 255]], np.uint8)
    >>> found = agree(a, b)
    >>> found.iou["fire"], found.share, round(found.kappa, 3)
    (0.5, 0.6666666666666666, 0.4)
    """
    _check_alike([first, other])
    count = len(CLASSES) + 1  # the last for no class
    pairs = np.bincount(
        np.minimum(first, count - 1).astype(np.intp).ravel() * count + np.minimum(other, count - 1).ravel(),
        minlength=count**2,
    ).reshape(count, count)
    both = pairs[:-1, :-1]
    union = pairs[:-1].sum(axis=1) + pairs[:, :-1].sum(axis=0) - both.diagonal()
    iou = {CLASSES[k]: float(both[k, k] / union[k]) for k in np.flatnonzero(union)}
    equal = int(both.diagonal().sum())
    return Agreement(pixels=int(pairs.sum() - pairs[-1, -1]), equal=equal, kappa=kappa(both), iou=iou)


def add(parts: Sequence[tuple[UInt8, UInt8]]) -> Agreement:
    """Compare several pairs of class masks as if each side were one large mask."""
    ones, others = (np.concatenate([pair[side].ravel() for pair in parts])[None] for side in (0, 1))
    return agree(ones, others)


def kappa(pairs: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> float:
    """Return Cohen's kappa of a table (K, K) of how often one said k and the other l; nan where undefined."""
    total = float(pairs.sum())
    if not total:
        return float("nan")
    observed = float(pairs.diagonal().sum()) / total
    expected = float((pairs.sum(axis=0) / total) @ (pairs.sum(axis=1) / total))
    return float("nan") if expected >= 1 else (observed - expected) / (1 - expected)


def difference_picture(first: UInt8, other: UInt8) -> UInt8:
    """Show where class masks differ, RGB (H, W, 3): red there, grey where they agree, white without class."""
    _check_alike([first, other])
    picture = np.full((*first.shape, 3), 255, np.uint8)
    picture[(first == other) & (first != NO_CLASS)] = _GREY
    picture[first != other] = _RED
    return picture


def vote(masks: Sequence[UInt8]) -> UInt8:
    """Return the class mask that most of several say; pixels on which the vote is tied stay open, 255.

    Who gives a pixel no class does not vote on it.

    Examples
    --------
    >>> masks = np.array([[[3, 3, 1, 255]], [[3, 1, 2, 5]], [[0, 3, 255, 255]]], np.uint8)
    >>> vote(list(masks))
    array([[  3,   3, 255,   5]], dtype=uint8)
    """
    _check_alike(masks)
    present = [k for k in range(len(CLASSES)) if any((mask == k).any() for mask in masks)]
    if not present:
        return np.full(masks[0].shape, NO_CLASS, np.uint8)
    votes = np.stack([sum((mask == k).astype(np.uint8) for mask in masks) for k in present])  # (K, H, W)
    most = votes.max(axis=0)
    won = (most > 0) & ((votes == most).sum(axis=0) == 1)
    return np.where(won, np.array(present, np.uint8)[votes.argmax(axis=0)], NO_CLASS).astype(np.uint8)


def _check_alike(masks: Sequence[UInt8]) -> None:
    if len({mask.shape for mask in masks}) != 1:
        raise DataError(
            f"class masks of {', '.join(str(mask.shape) for mask in masks) or 'nobody'} cannot be compared; "
            "they must be of one foreground"
        )
