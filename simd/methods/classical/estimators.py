"""Classical methods by name: each solves one image from its known pixels, exactly or through pymatting."""

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pkgutil import resolve_name
from typing import Any

import numpy as np
import numpy.typing as npt

from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, Matte, UInt8
from simd.methods import Fallback
from simd.methods.trimap_only import fill_unknown

_LOOSER_TOLERANCE = 1e-5  # pymatting's own is 1e-7


@dataclass(frozen=True)
class Classical:
    """One estimator with its default parameters.

    A trimap without any known foreground gives alpha 0 on the unknown region, one without known
    background gives 1, one with neither 0.5. Where the solver fails, the answer is that of the method
    `trimap`. Each of these is a :class:`Fallback`.
    """

    name: str
    estimator: str  # "module:function"
    gigabytes_per_megapixel: float  # measured by its process's peak memory
    checkpoint_digest: None = None

    def gigabytes(self, megapixels: float) -> float:
        """Estimate the peak memory of a prediction."""
        return self.gigabytes_per_megapixel * megapixels

    def predict(self, image: UInt8, trimap: UInt8) -> Matte | Fallback:
        """Predict the matte, float (H, W); known pixels are those of the trimap."""
        if degenerate := _degenerate(trimap):
            return degenerate
        if not (trimap == UNKNOWN).any():
            return fill_unknown(trimap, 0.5)
        failure = ""
        for estimate, remark in self._attempts(image, trimap):
            alpha, failure = _attempted(estimate, trimap)
            if alpha is not None:
                return Fallback(alpha, remark) if remark else alpha
        return Fallback(fill_unknown(trimap, 0.5), f"the solver failed ({failure})")

    def _attempts(self, image: UInt8, trimap: UInt8) -> Iterator[tuple[Callable[[], Any], str]]:
        """Yield what to try in turn, and what to say of its result."""
        raise NotImplementedError


@dataclass(frozen=True)
class Own(Classical):
    """An estimator of ours, ``(uint8 image, uint8 trimap) -> alpha``."""

    algorithm: str = ""  # and its version, raised where its mattes change

    @property
    def version(self) -> str:
        """What is computed."""
        return self.algorithm

    def _attempts(self, image: UInt8, trimap: UInt8) -> Iterator[tuple[Callable[[], Any], str]]:
        yield partial(resolve_name(self.estimator), image, trimap), ""


@dataclass(frozen=True)
class Exact(Own):
    """An estimator of ours that solves its equation directly."""

    pull: float = 0.0  # towards one half, where the equation by itself leaves alpha open

    @property
    def version(self) -> str:
        """What is solved, and by what."""
        return f"{self.algorithm}, multifrontal Cholesky, scipy {_version('scipy')}"

    def _attempts(self, image: UInt8, trimap: UInt8) -> Iterator[tuple[Callable[[], Any], str]]:
        yield from super()._attempts(image, trimap)
        if self.pull:
            estimate = partial(resolve_name(self.estimator), image, trimap, pull=self.pull)
            yield estimate, "the colours leave it open, solved near one half"


@dataclass(frozen=True)
class ThroughPymatting(Classical):
    """An estimator of pymatting, on floats; where conjugate gradients fail, a looser tolerance is tried."""

    @property
    def version(self) -> str:
        """Version of the library."""
        return f"pymatting {_version('pymatting')}"

    def _attempts(self, image: UInt8, trimap: UInt8) -> Iterator[tuple[Callable[[], Any], str]]:
        known = np.where(trimap == UNKNOWN, 0.5, np.ascontiguousarray(trimap) / 255.0)
        colours = np.ascontiguousarray(image) / 255.0  # its kernels are compiled for this layout alone
        estimate = partial(resolve_name(self.estimator), colours, known)
        yield estimate, ""
        yield partial(estimate, cg_kwargs={"rtol": _LOOSER_TOLERANCE}), "solved at a looser tolerance"


@cache
def _version(package: str) -> str:
    return version(package)  # which reads and parses a file each time


def _attempted(estimate: Callable[[], Any], trimap: UInt8) -> tuple[npt.NDArray[np.float64] | None, str]:
    try:
        # pymatting prints hints on its own performance, and divides 0 by 0 where there is nothing to solve
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            alpha = np.asarray(estimate(), dtype=np.float64)
    except (ValueError, ArithmeticError, AssertionError, np.linalg.LinAlgError) as error:
        # assertions: its way to refuse an image smaller than its window
        return None, str(error) or "it refuses this image"
    if not np.isfinite(alpha).all():
        return None, "its result is not finite"
    # most estimators only pull known pixels towards 0 and 1
    known = np.where(trimap == FOREGROUND, 1.0, 0.0)
    return np.where(trimap == UNKNOWN, np.clip(alpha, 0, 1), known), ""


def _degenerate(trimap: UInt8) -> Fallback | None:
    fg, bg = bool((trimap == FOREGROUND).any()), bool((trimap == BACKGROUND).any())
    if fg and bg:
        return None
    if bg:
        return Fallback(fill_unknown(trimap, 0.0), "the trimap has no known foreground")
    if fg:
        return Fallback(fill_unknown(trimap, 1.0), "the trimap has no known background")
    return Fallback(fill_unknown(trimap, 0.5), "the trimap has neither known foreground nor background")


CLOSED_FORM = Exact(
    "closed-form",
    "simd.methods.classical.closed_form:estimate_alpha_closed_form",
    0.8,  # of a picture 40 % unknown: 0.4 at 15 %, 1.2 at 90 %
    algorithm="colour lines 1",
)
INFORMATION_FLOW = Own(
    "information-flow",
    "simd.methods.classical.information_flow:estimate_alpha_information_flow",
    0.9,  # of a picture 40 % unknown: 0.5 at 20 %, 1.9 at 86 %
    algorithm="information flow 1",
)
KNN = ThroughPymatting("knn", "pymatting:estimate_alpha_knn", 3.8)
LEARNING_BASED = Exact(
    "learning-based",
    "simd.methods.classical.learning_based:estimate_alpha_learning_based",
    0.8,
    algorithm="local learning 1",
    pull=1e-6,
)
LARGE_KERNEL = ThroughPymatting("large-kernel", "pymatting:estimate_alpha_lkm", 0.5)
RANDOM_WALK = Exact(
    "random-walk",
    "simd.methods.classical.random_walk:estimate_alpha_random_walk",
    0.4,
    algorithm="random walk 1",
)
SHARED = Own(
    "shared",
    "simd.methods.classical.shared:estimate_alpha_shared",
    0.2,
    algorithm="shared sampling 1",
)
