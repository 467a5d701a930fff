"""The four errors of a predicted matte: SAD, MSE, Grad and Conn, equal to the MATLAB reference.

The reference is the evaluation code of Deep Image Matting (CVPR 2017), which states in MATLAB the measures
of "A Perceptually Motivated Online Benchmark for Image Matting" (CVPR 2009). All four count the pixels of one
region only; Grad and Conn also look at what surrounds it. Lower is better, 0 is perfect.
"""

from typing import Literal, NamedTuple

import numpy as np

from simd.errors import DataError
from simd.image import Mask, Matte
from simd.metrics import checked_mattes

Empty = Literal["stop", "skip"]


class Errors(NamedTuple):
    """The four errors in the units of papers: thousands, but for the mean `mse`."""

    sad: float
    mse: float
    grad: float
    conn: float


def sad(pred: Matte, alpha: Matte, region: Mask) -> float:
    r"""Sum of absolute differences, in thousands of pixels.

    .. math:: \mathrm{SAD} = 10^{-3} \sum_{p \in R} |\hat\alpha_p - \alpha_p|

    Parameters
    ----------
    pred, alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        Predicted and true matte.
    region : bool, shape (H, W)
        The pixels R to score: the unknown region, or one class inside it. (Some papers score the whole
        image: pass a mask that is true everywhere.)

    Returns
    -------
    float
        Lower is better, 0 is perfect. A sum: 0 over an empty region, as in the reference.

    Raises
    ------
    DataError
        If the shapes differ, the region is not boolean, a matte is neither uint8 nor float in [0, 1], or one
        of them is not a plain array.

    Notes
    -----
    From "A Perceptually Motivated Online Benchmark for Image Matting", CVPR 2009; 10⁻³ is the scale in which
    matting papers print it. Exact for uint8, summed in float64 for float.

    Examples
    --------
    >>> import numpy as np
    >>> pred, alpha = np.full((10, 100), 0.5), np.zeros((10, 100))
    >>> sad(pred, alpha, region=alpha == 0)
    0.5
    """
    absolute, _ = checked_mattes.differences(checked_mattes.pair(pred, alpha, region))
    return float(absolute[checked_mattes.REGION]) / 1000


def mse(pred: Matte, alpha: Matte, region: Mask) -> float:
    r"""Mean squared error.

    .. math:: \mathrm{MSE} = \frac{1}{|R|} \sum_{p \in R} (\hat\alpha_p - \alpha_p)^2

    Parameters
    ----------
    pred, alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        Predicted and true matte.
    region : bool, shape (H, W)
        The pixels R to score.

    Returns
    -------
    float
        In [0, 1], not multiplied by the 10³ with which papers print it; nan over an empty region.

    Raises
    ------
    DataError
        As in :func:`sad`.

    Examples
    --------
    >>> import numpy as np
    >>> pred, alpha = np.full((10, 100), 0.5), np.zeros((10, 100))
    >>> mse(pred, alpha, region=alpha == 0)
    0.25
    """
    mattes = checked_mattes.pair(pred, alpha, region)
    _, squared = checked_mattes.differences(mattes)
    count = int(checked_mattes.pixels(mattes)[checked_mattes.REGION])
    return float(squared[checked_mattes.REGION]) / count if count else float("nan")


def grad(pred: Matte, alpha: Matte, region: Mask) -> float:
    r"""Difference of the gradient magnitudes, in thousands.

    .. math:: \mathrm{Grad} = 10^{-3} \sum_{p \in R} (\|\nabla\hat\alpha_p\| - \|\nabla\alpha_p\|)^2

    The gradient is taken with Gaussian derivatives, σ = 1.4, cut to 9 × 9 taps of L2 norm 1, the edge of the
    image repeated outside. Each matte is first stretched over the whole image so that it spans 0..1; the
    gradient of a constant one is 0.

    Parameters
    ----------
    pred, alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        Predicted and true matte.
    region : bool, shape (H, W)
        The pixels R to score; mattes count up to 4 pixels around it, their extremes everywhere.

    Returns
    -------
    float
        A sum: 0 over an empty region.

    Raises
    ------
    DataError
        As in :func:`sad`.

    Notes
    -----
    The measure of "A Perceptually Motivated Online Benchmark for Image Matting", CVPR 2009, section 4,
    in float64. Because mattes are stretched, one that is half as steep everywhere has no error.

    Examples
    --------
    >>> import numpy as np
    >>> alpha = np.tile(np.linspace(0, 1, 64), (64, 1))
    >>> grad(alpha / 2, alpha, region=alpha > 0)  # stretched, both are the same
    0.0
    """
    return (
        float(checked_mattes.gradients(checked_mattes.pair(pred, alpha, region))[checked_mattes.REGION])
        / 1000
    )


def conn(pred: Matte, alpha: Matte, region: Mask, *, empty: Empty = "stop") -> float:
    r"""Difference in connectedness, in thousands.

    .. math::

        \mathrm{Conn} = 10^{-3} \sum_{p \in R} |\varphi(\hat\alpha_p) - \varphi(\alpha_p)|, \quad
        \varphi(a_p) = 1 - (a_p - l_p) [a_p - l_p \ge 0.15]

    :math:`l_p` is the last of the thresholds 0, 0.1, ..., 1 up to which p was in Ω every time: the largest
    4-connected component of the pixels of the whole image where both mattes reach the threshold. Among
    components of one size, Ω is the one whose first pixel comes first in column order.

    Parameters
    ----------
    pred, alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        Predicted and true matte.
    region : bool, shape (H, W)
        The pixels R to score; both mattes count everywhere.
    empty : {"stop", "skip"}
        At a threshold that no pixel reaches, Ω is empty ("stop", the reference), or the threshold is passed
        over and what was connected so far gets :math:`l_p = 1` ("skip", the MATLAB code that came with
        IndexNet Matting, ICCV 2019).

    Returns
    -------
    float
        A sum: 0 over an empty region.

    Raises
    ------
    DataError
        As in :func:`sad`, or if `empty` is neither word.

    Notes
    -----
    The measure of "A Perceptually Motivated Online Benchmark for Image Matting", CVPR 2009, section 4. As in
    MATLAB, comparisons with thresholds and with 0.15 are made in single precision: 153 / 255 reaches 0.6.

    Examples
    --------
    >>> import numpy as np
    >>> alpha = np.zeros((20, 50))
    >>> alpha[:, :20] = alpha[:, 30:] = 1  # two pieces, of which only the first is Ω
    >>> conn(np.where(alpha == 1, 1.0, 0.5), alpha, region=alpha == 0)  # 200 pixels of 0.5 in between
    0.1
    """
    if empty not in ("stop", "skip"):
        raise DataError(f"empty is {empty!r}, but has to be 'stop' (the reference) or 'skip'")
    sums = checked_mattes.connectivities(checked_mattes.pair(pred, alpha, region), skip_empty=empty == "skip")
    return float(sums[checked_mattes.REGION]) / 1000


def errors(pred: Matte, alpha: Matte, region: Mask) -> Errors:
    """Compute all four errors at once, checking and searching the region only once.

    Parameters
    ----------
    pred, alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        Predicted and true matte.
    region : bool, shape (H, W)
        The pixels to score.

    Returns
    -------
    Errors
        What :func:`sad`, :func:`mse`, :func:`grad` and :func:`conn` return.

    Raises
    ------
    DataError
        As in :func:`sad`.

    Examples
    --------
    >>> import numpy as np
    >>> alpha = np.tile(np.linspace(0, 1, 64), (64, 1))
    >>> errors(alpha, alpha, region=alpha > 0)
    Errors(sad=0.0, mse=0.0, grad=0.0, conn=0.0)
    """
    mattes = checked_mattes.pair(pred, alpha, region)
    count = int(checked_mattes.pixels(mattes)[checked_mattes.REGION])
    absolute, squared = checked_mattes.differences(mattes)
    return Errors(
        sad=float(absolute[checked_mattes.REGION]) / 1000,
        mse=float(squared[checked_mattes.REGION]) / count if count else float("nan"),
        grad=float(checked_mattes.gradients(mattes)[checked_mattes.REGION]) / 1000,
        conn=float(checked_mattes.connectivities(mattes, skip_empty=False)[checked_mattes.REGION]) / 1000,
    )


def warm() -> None:
    """Compile everything for uint8, float32 and float64, or load it from the cache: once, some seconds.

    Without it the first scores of a dtype wait for their compilation.
    """
    region = np.ones((8, 8), dtype=np.bool_)
    for dtype in (np.uint8, np.float32, np.float64):
        matte = np.zeros((8, 8), dtype=dtype)
        matte[2:6, 2:6] = 1
        errors(matte, matte, region)
