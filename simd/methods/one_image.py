"""One image through a method: what goes in and what comes out is checked."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simd.arguments import checked
from simd.errors import DataError
from simd.image import Matte, UInt8
from simd.methods import Answer, Fallback, Method, Weighs, load_method
from simd.methods.facts import facts_of, gigabytes_of
from simd.methods.runtime.check_inputs import check_arrays, check_image
from simd.parallel import free_gigabytes

_LOG = logging.getLogger(__name__)
_SLACK = 1e-4  # of a float outside [0, 1]: rounding, far below a level of 8 bits


class MethodResult(NamedTuple):
    """The matte of an image, and why it is not the method's own."""

    alpha: Matte
    fallback: str | None


@checked
def matte(
    image: UInt8, trimap: UInt8 | None = None, method: str | Method = "closed-form", **options: Any
) -> npt.NDArray[np.float32]:
    """Predict the matte of one image.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
        RGB.
    trimap : uint8, shape (H, W), optional
        0 background, 128 unknown, 255 foreground. Only methods that take no trimap do without.
    method : str or object
        As for :func:`simd.predict`.
    **options
        The method's own, such as weights="weights".

    Returns
    -------
    float32, shape (H, W), in [0, 1]
        Where it is not the method's own, the logger "simd" says why.

    Raises
    ------
    DataError
        If the arrays, the method or an option are not what they have to be, or the memory does not suffice.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((1, 3, 3), np.uint8)
    >>> matte(image, np.array([[0, 128, 255]], np.uint8), method="trimap")
    array([[0. , 0.5, 1. ]], dtype=float32)
    """
    loaded = load_method(method, options)
    solved = solve(loaded, image, trimap)
    if solved.fallback:
        _LOG.warning("the matte is not that of %s: %s", facts_of(loaded).name, solved.fallback)
    if solved.alpha.dtype == np.uint8:
        return (solved.alpha / np.float32(255)).astype(np.float32)
    return np.asarray(solved.alpha, np.float32)


def solve(
    method: Method, image: UInt8, trimap: UInt8 | None, answers: Sequence[Answer] | None = None
) -> MethodResult:
    """Run a method on one image.

    Parameters
    ----------
    method : object
        Anything with ``predict``.
    image : uint8, shape (H, W, 3)
    trimap : uint8, shape (H, W), or None
        Not handed to a method that takes none.
    answers : sequence, optional
        Of the methods that this one weighs, if it does; else it asks them.

    Raises
    ------
    DataError
        If an array is not what it has to be, the trimap is missing, the memory does not suffice, or the
        method returns anything but a matte of the image's size.
    """
    facts = facts_of(method)
    if not facts.takes_trimap:
        check_image(image)
    elif trimap is None:
        raise DataError(f"the method {facts.name} needs a trimap: 0 background, 128 unknown, 255 foreground")
    else:
        check_arrays(image, trimap)
    _check_memory(method, image.shape[0] * image.shape[1] / 1e6)
    predict: Any = method.predict
    if answers is not None and trimap is not None and isinstance(method, Weighs):
        answer: Any = method.weigh(image, trimap, answers)
    else:
        answer = predict(image, trimap) if facts.takes_trimap else predict(image)
    alpha, fallback = answer if isinstance(answer, Fallback) else (answer, None)
    return MethodResult(_checked(facts.name, alpha, (image.shape[0], image.shape[1])), fallback)


def _check_memory(method: Method, megapixels: float) -> None:
    needed, free = gigabytes_of(method, megapixels), free_gigabytes()
    if needed > free:
        raise DataError(
            f"{facts_of(method).name} needs about {needed:.1f} GB for {megapixels:.1f} megapixels, "
            f"{free:.1f} GB are free; use a smaller tile if the method has tiles (--option tile=1024), "
            "or, with another --out, take another method or a set built with --max-side"
        )


def _checked(name: str, alpha: Any, size: tuple[int, int]) -> Matte:
    """Return alpha if it is a matte of the size; floats a rounding error outside [0, 1] are cut to it."""
    if isinstance(alpha, np.ma.MaskedArray):
        raise DataError(f"{name} returned a masked array, whose mask would be passed over; fill it first")
    if not isinstance(alpha, np.ndarray):
        raise DataError(f"{name} returned {type(alpha).__name__}; a matte is a NumPy array (H, W)")
    if alpha.shape != size:
        raise DataError(f"{name} returned {alpha.shape} for an image of {size}")
    if alpha.dtype == np.uint8:
        return alpha
    if not np.issubdtype(alpha.dtype, np.floating):
        raise DataError(f"{name} returned {alpha.dtype}; a matte is uint8 in 0..255 or float in [0, 1]")
    if not np.isfinite(alpha).all():
        count = int((~np.isfinite(alpha)).sum())
        raise DataError(f"{name} returned a matte with {count:,} pixels that are not finite (nan or inf)")
    lowest, highest = float(alpha.min()), float(alpha.max())
    if lowest < -_SLACK or highest > 1 + _SLACK:
        hint = "divide by 255 first" if highest > 2 else "clip it to [0, 1] if that is meant"
        raise DataError(f"{name} returned a float matte from {lowest:.4g} to {highest:.4g}; {hint}")
    return np.asarray(alpha.clip(0, 1))
