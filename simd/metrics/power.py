"""How small a difference of two methods the foregrounds of a class can show."""

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy

from simd.metrics.bootstrap import class_variances, group

LEVEL, POWER = 0.95, 0.8
"""A difference is told from chance at 5 %, and this often if there is one of that size."""


def resolvable_differences(
    scores: Mapping[str, npt.ArrayLike], classes: npt.ArrayLike, foregrounds: npt.ArrayLike
) -> dict[str, float]:
    r"""Return, by class, the smallest difference of two methods' means that its foregrounds can show.

    Parameters
    ----------
    scores : dict of float, shape (images,)
        One metric of each method, by its name, neighbours in rank beside each other. Images that are nan for
        any method are left out.
    classes, foregrounds : shape (images,)
        Names: the primary class of each image, and the foreground it was made from.

    Returns
    -------
    dict of float
        In the unit of the scores; nan for a class with a single foreground, whose spread nothing tells, and
        for one in which no two neighbours differ by more on one foreground than on another.

    Raises
    ------
    DataError
        If the lengths differ, or no image is left.

    Notes
    -----
    Of n foregrounds whose differences spread by s, a paired test by Student's t at 5 % sees a mean difference
    of :math:`\delta\,s/\sqrt n` in 80 % of draws, where :math:`\delta` is the noncentrality at which t with
    n - 1 degrees of freedom exceeds its bound that often: 16.3 at n = 2, 5.65 at 3, 3.15 at 10. The spread is
    measured on neighbours, which are what a rank is about; of several it is the median of those that differ.

    Examples
    --------
    >>> scores = {"a": [1.0, 2.0, 3.0], "b": [1.0, 3.0, 5.0]}
    >>> round(resolvable_differences(scores, ["fur"] * 3, ["x", "y", "z"])["fur"], 3)  # 5.653 * 1 / sqrt(3)
    3.264
    """
    sample = group(scores, classes, foregrounds)
    differences = {}
    for c, name in enumerate(sample.classes):
        part = sample.only(c)
        errors = []
        for a, b in pairwise(range(len(scores))):
            signs = np.zeros(len(scores))
            signs[a], signs[b] = 1, -1
            errors.append(math.sqrt(class_variances(part, "image_mean", signs)[0].sum()))
        spread = [error for error in errors if error > 0]
        size = len(part.counts)
        differences[name] = (
            float(np.median(spread)) * noncentrality(size) if spread and size > 1 else math.nan
        )
    return differences


def noncentrality(foregrounds: int, level: float = LEVEL, power: float = POWER) -> float:
    """Return by how many standard errors a mean of foregrounds has to differ to be seen this often."""
    freedom = foregrounds - 1
    return float(scipy.special.nctdtrinc(freedom, 1 - power, scipy.special.stdtrit(freedom, (1 + level) / 2)))
