"""What a cut-out shows around its subject: residue far from it, and a halo beside it.

SAD and its kin weigh an error alike wherever it is. Who pastes a subject over another background sees two
kinds first: a haze or specks left over where nothing should be, and a rim of the old background. Both are
measured where the true alpha is 0, in all of the image, with known pixels as the method wrote them.
"""

import numpy as np

from simd.image import Matte
from simd.metrics import checked_mattes
from simd.metrics.score import RESIDUE_FROM, CutoutErrors
from simd.trimap import dilated

HALO_RADIUS = 5
"""Pixels around what the truth shows that count for the halo; farther ones count for the residue."""


def cutout_errors(pred: Matte, alpha: Matte) -> CutoutErrors:
    r"""Measure what a predicted matte leaves of the background, far from the subject and beside it.

    .. math::

        \mathrm{residue} = \operatorname{mean}_F \hat\alpha, \quad
        \mathrm{residue\ share} = \operatorname{mean}_F [\hat\alpha > 0.05], \quad
        \mathrm{halo} = \operatorname{mean}_N (\hat\alpha - \alpha)

    N are the pixels of the true background (:math:`\alpha = 0`) at most 5 pixels, centre to centre, from one
    where :math:`\alpha > 0`; F are the others of it: the background eroded by 5 pixels.

    Parameters
    ----------
    pred, alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        Predicted and true matte; no trimap is needed.

    Returns
    -------
    CutoutErrors
        Each in [0, 1], 0 is perfect; nan where N or F is empty. Unlike SAD they do not see what is lost of
        the subject: a matte that is 0 everywhere has neither residue nor halo.

    Raises
    ------
    DataError
        As in :func:`simd.metrics.alpha.sad`.

    Notes
    -----
    These are measures of this project, not of a paper.

    Examples
    --------
    >>> alpha = np.zeros((1, 20))
    >>> alpha[0, 0] = 1
    >>> pred = np.zeros((1, 20))
    >>> pred[0, 0], pred[0, 1], pred[0, 10] = 1, 0.5, 0.14
    >>> [round(value, 4) for value in cutout_errors(pred, alpha)]  # 5 pixels beside it, 14 farther away
    [0.01, 0.0714, 0.1]
    """
    pred, alpha, _ = checked_mattes.check(pred, alpha, np.ones(np.shape(pred), dtype=np.bool_))
    background = alpha == 0
    near = background & dilated(~background, HALO_RADIUS)
    far = background & ~near
    scale = 255 if pred.dtype == np.uint8 else 1
    return CutoutErrors(
        residue=_mean(pred[far]) / scale,
        residue_share=_mean(pred[far] > RESIDUE_FROM * scale),
        halo=_mean(pred[near]) / scale,
    )


def _mean(values: Matte) -> float:
    return float(values.mean(dtype=np.float64)) if values.size else float("nan")
