"""The four errors split over the classes inside the unknown region, from one pass over the images."""

from typing import NamedTuple

import numpy as np

from simd.image import Mask, Matte, UInt8
from simd.masks import check_class_mask
from simd.metrics import checked_mattes, region_sums
from simd.taxonomy import CLASSES, NO_CLASS


class RegionScore(NamedTuple):
    """The size and the errors of one region."""

    pixels: int
    sad: float
    mse: float
    grad: float
    conn: float


class RegionScores(NamedTuple):
    """The scores of a whole region and of its parts."""

    whole: RegionScore
    by_class: dict[int, RegionScore]  # the classes present, by index; 255 for pixels without a class


def score_regions(pred: Matte, alpha: Matte, unknown: Mask, class_mask: UInt8) -> RegionScores:
    r"""Compute SAD, MSE, Grad and Conn in each class's part of the unknown region, and in all of it.

    Gradients and connectedness are those of the whole images; only the sums are split. So SAD, Grad and
    Conn of the parts add up to the whole, and so does MSE weighted by pixels:

    .. math:: \mathrm{SAD} = \sum_c \mathrm{SAD}_c, \quad N \, \mathrm{MSE} = \sum_c N_c \, \mathrm{MSE}_c

    Parameters
    ----------
    pred, alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        Predicted and true matte.
    unknown : bool, shape (H, W)
        The pixels to score.
    class_mask : uint8, shape (H, W)
        Class index 0..19 of each pixel, 255 where it has none.

    Returns
    -------
    RegionScores
        A class without a pixel in the unknown region has no entry; scored pixels without a class are
        entry 255.

    Raises
    ------
    DataError
        As in :func:`simd.metrics.alpha.sad`, or if the class mask has another shape, dtype or value.

    Examples
    --------
    >>> import numpy as np
    >>> pred, alpha = np.full((10, 100), 0.5), np.zeros((10, 100))
    >>> class_mask = np.full((10, 100), 2, dtype=np.uint8)  # fur
    >>> class_mask[:, 75:] = 255
    >>> scores = score_regions(pred, alpha, alpha == 0, class_mask)
    >>> scores.whole.sad, {c: part.sad for c, part in scores.by_class.items()}
    (0.5, {2: 0.375, 255: 0.125})
    """
    pred, alpha, scored = checked_mattes.check(pred, alpha, unknown, "unknown")
    labels: UInt8 = np.minimum(
        check_class_mask(class_mask, pred.shape), np.uint8(len(CLASSES))
    )  # 20: no class
    slots: UInt8 = np.multiply(scored, labels + np.uint8(1))
    mattes = checked_mattes.Pair(pred, alpha, region_sums.find_runs(slots))
    pixels = checked_mattes.pixels(mattes)
    absolute, squared = checked_mattes.differences(mattes)
    gradients = checked_mattes.gradients(mattes)
    connectivities = checked_mattes.connectivities(mattes, skip_empty=False)

    def score(part: slice) -> RegionScore:
        count = int(pixels[part].sum())
        return RegionScore(
            pixels=count,
            sad=float(absolute[part].sum()) / 1000,
            mse=float(squared[part].sum()) / count if count else float("nan"),
            grad=float(gradients[part].sum()) / 1000,
            conn=float(connectivities[part].sum()) / 1000,
        )

    ids = [*range(len(CLASSES)), NO_CLASS]
    parts = {c: score(slice(slot, slot + 1)) for slot, c in enumerate(ids, start=1) if pixels[slot]}
    return RegionScores(whole=score(slice(1, None)), by_class=parts)
