"""Predict: matting methods by name, and what each of them can do.

=====================  =====================================================================================
predict                the command: a method over a set, in parallel, resumable
trimap_only            what the trimap alone says, which every method has to beat
classical/             closed-form, knn, learning-based, large-kernel, random-walk, shared
sim/, vitmatte, onnx/  networks, and any model as an ONNX file
external               any program, run once an image
networks/              the reference networks themselves, one a file
weights/               their weights: recognised, kept as safetensors with a card, loaded
runtime/               what every network runs on: devices, tiles, checks, faster convolutions
=====================  =====================================================================================

A method made by others needs no code here: put its mattes as ``<composite id>.png`` in a folder and
evaluate the folder.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from inspect import signature
from typing import Any, NamedTuple, Protocol, runtime_checkable

from simd.errors import DataError, MissingExtraError
from simd.image import Matte, UInt8
from simd.taxonomy import suggest

METHODS = {
    "trimap": "simd.methods.trimap_only:TRIMAP",
    "closed-form": "simd.methods.classical.estimators:CLOSED_FORM",
    "knn": "simd.methods.classical.estimators:KNN",
    "learning-based": "simd.methods.classical.estimators:LEARNING_BASED",
    "large-kernel": "simd.methods.classical.estimators:LARGE_KERNEL",
    "random-walk": "simd.methods.classical.estimators:RANDOM_WALK",
    "shared": "simd.methods.classical.estimators:SHARED",
    "sim": "simd.methods.sim.method:load_sim",
    "vitmatte": "simd.methods.vitmatte:load_vitmatte",
    "onnx": "simd.methods.onnx.model:load_onnx",
    "external": "simd.methods.external:load_external",
}
"""Name to ``module:attribute``: a method, or a function whose keyword arguments are the method's options."""

_LIBRARIES = ("torch", "safetensors", "transformers", "onnxruntime")  # of extras
_EXTRAS = {"sim": "torch", "vitmatte": "vitmatte", "onnx": "onnx"}  # method to the extra that brings them


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
        """What the result depends on besides the input and the weights, e.g. the version of a library."""

    @property
    def checkpoint_digest(self) -> str | None:
        """Digest of the weights, None for a method that has none."""

    def gigabytes(self, megapixels: float) -> float:
        """Estimate the peak memory of a prediction, to keep a run within the machine's."""

    def predict(self, image: UInt8, trimap: UInt8) -> Matte | Fallback:
        """Predict the matte (H, W) of an RGB image (H, W, 3) with its trimap (H, W)."""


@runtime_checkable
class Draws(Protocol):
    """A method that can show what it does, besides."""

    def pictures(self, image: UInt8, trimap: UInt8) -> Mapping[str, UInt8]:
        """Draw RGB pictures (h, w, 3), by the name of what they show."""


def load_method(name: str, options: Mapping[str, Any] | None = None) -> Method:
    """Return a method by its name, made with its options; the same method for the same options.

    Raises
    ------
    DataError
        If there is no such method, or the method has no such option.
    """
    if name not in METHODS:
        raise DataError(f"unknown method {name!r}{suggest(name, METHODS)}")
    return _load(name, METHODS[name], tuple(sorted((options or {}).items())))


@cache  # a network is loaded once a process, not once an image
def _load(name: str, place: str, options: tuple[tuple[str, Any], ...]) -> Method:
    module, _, attribute = place.partition(":")
    try:
        found: Any = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name not in _LIBRARIES:
            raise
        raise MissingExtraError(f"the method {name}", error.name, _EXTRAS[name]) from error
    known = () if hasattr(found, "predict") else tuple(signature(found).parameters)
    for option, _ in options:
        if option not in known:
            hint = suggest(option, known) if known else "; it has none"
            raise DataError(f"the method {name} has no option {option!r}{hint}")
    method: Method = found(**dict(options)) if known else found
    return method
