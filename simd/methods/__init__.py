"""Predict: matting methods by name, and what each of them can do.

A method made by others needs no code here: put its mattes as ``<composite id>.png`` in a folder and
evaluate the folder.
"""

from importlib import import_module
from typing import NamedTuple, Protocol

from simd.errors import DataError
from simd.image import Matte, UInt8
from simd.taxonomy import suggest

METHODS = {
    "trimap": "simd.methods.floor:TRIMAP",
    "closed-form": "simd.methods.classical:CLOSED_FORM",
    "knn": "simd.methods.classical:KNN",
    "learning-based": "simd.methods.classical:LEARNING_BASED",
    "large-kernel": "simd.methods.classical:LARGE_KERNEL",
    "random-walk": "simd.methods.classical:RANDOM_WALK",
    "shared": "simd.methods.classical:SHARED",
}


class Fallback(NamedTuple):
    """A matte that is not the method's own, since the method has none for this input."""

    alpha: Matte
    reason: str


class Method(Protocol):
    """Anything that predicts alpha from an image and a trimap."""

    @property
    def name(self) -> str:
        """The name on boards."""

    @property
    def version(self) -> str:
        """What the result depends on besides the input, e.g. the version of a library."""

    @property
    def gigabytes_per_megapixel(self) -> float:
        """Peak memory of a prediction, to keep a run within the machine's."""

    def predict(self, image: UInt8, trimap: UInt8) -> Matte | Fallback:
        """Predict the matte (H, W) of an RGB image (H, W, 3) with its trimap (H, W)."""


def load_method(name: str) -> Method:
    """Return a method by its name; DataError if there is none."""
    if name not in METHODS:
        raise DataError(f"unknown method {name!r}{suggest(name, METHODS)}")
    module, _, attribute = METHODS[name].partition(":")
    method: Method = getattr(import_module(module), attribute)
    return method
