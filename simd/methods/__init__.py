"""Predict: matting methods by name, and what each of them can do.

=====================  =====================================================================================
predict                the command: a method over a set or pictures, in parallel, resumable
one_image              one image through a method, checked before and after; `simd.matte`
given_answers          answers of others that a method weighs, out of their finished runs
mattes_folder          what a folder of mattes holds: a run, finished or not, or files of others
run_images             the images that a run goes over: of a set, of a folder, or one
facts, options         what a method says of itself; its options, given as text
trimap_only            what the trimap alone says, which every method has to beat
classical/             closed-form, information-flow, knn, learning-based, large-kernel, random-walk, shared
fused/                 a small network over two of them, its weights in the package
published/             networks that papers compare with, as they were released
sim/, vitmatte, onnx/  networks, and any model as an ONNX file
shm                    Semantic Human Matting, which needs no trimap
external               any program, run once an image
networks/              the reference networks themselves, one a file
weights/               their weights: recognised, kept as safetensors with a card, loaded
runtime/               what every network runs on: devices, tiles, checks, faster convolutions
=====================  =====================================================================================

A method is any object with ``predict(image, trimap) -> alpha``: see :class:`Method`. One made by others needs
no code here: put its mattes as ``<composite id>.png`` in a folder and evaluate the folder.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NamedTuple, Protocol, runtime_checkable

from simd.errors import DataError, MissingExtraError
from simd.image import Matte, UInt8
from simd.methods.facts import facts_of
from simd.methods.options import check_names, is_made, typed_options
from simd.taxonomy import suggest

METHODS = {
    "trimap": "simd.methods.trimap_only:TRIMAP",
    "closed-form": "simd.methods.classical.estimators:CLOSED_FORM",
    "knn": "simd.methods.classical.estimators:KNN",
    "information-flow": "simd.methods.classical.estimators:INFORMATION_FLOW",
    "learning-based": "simd.methods.classical.estimators:LEARNING_BASED",
    "large-kernel": "simd.methods.classical.estimators:LARGE_KERNEL",
    "random-walk": "simd.methods.classical.estimators:RANDOM_WALK",
    "shared": "simd.methods.classical.estimators:SHARED",
    "fused": "simd.methods.fused.method:load_fused",
    "sim": "simd.methods.sim.method:load_sim",
    "dim": "simd.methods.published.method:load_dim",
    "indexnet": "simd.methods.published.method:load_indexnet",
    "gca": "simd.methods.published.method:load_gca",
    "fba": "simd.methods.published.method:load_fba",
    "shm": "simd.methods.shm:load_shm",
    "vitmatte": "simd.methods.vitmatte:load_vitmatte",
    "onnx": "simd.methods.onnx.model:load_onnx",
    "external": "simd.methods.external:load_external",
}
"""Name to ``module:attribute``: a method, or a function whose keyword arguments are the method's options."""

_LIBRARIES = ("torch", "safetensors", "transformers", "onnxruntime")  # of extras
_EXTRAS = {
    **dict.fromkeys(("sim", "dim", "indexnet", "gca", "fba", "shm"), "torch"),
    "vitmatte": "vitmatte",
    "onnx": "onnx",
}  # method to the extra that brings them


class Fallback(NamedTuple):
    """A matte that is not the method's own, since the method has none for this input."""

    alpha: Matte
    reason: str


class Answer(NamedTuple):
    """What a method says of an image, as its matte is written."""

    alpha: UInt8  # (H, W)
    is_fallback: bool


class Method(Protocol):
    """Anything that predicts alpha from an image and a trimap.

    It may say more of itself; what it leaves out has a default:

    =====================  ==============================================================================
    name                   on boards; else the name of its class
    version                what the result depends on besides the input and the weights; else ""
    checkpoint_digest      digest of the weights; else None
    trained_on             foregrounds that the weights have seen, ("adobe/Training_set",); else None
    takes_trimap           False: ``predict(image)`` is called, and no trimap is needed; else True
    gigabytes(megapixels)  peak memory of a prediction, to keep a run within the machine's; else 1 GB each
    =====================  ==============================================================================
    """

    def predict(self, image: UInt8, trimap: UInt8, /) -> Matte | Fallback:
        """Predict the matte (H, W) of an RGB image (H, W, 3) with its trimap (H, W).

        The matte is uint8 in 0..255 or float in [0, 1].
        """


@runtime_checkable
class Weighs(Protocol):
    """A method whose matte is made of the answers of others, which need not be solved again."""

    weighed: tuple[str, ...]  # names of methods

    def weigh(self, image: UInt8, trimap: UInt8, answers: Sequence[Answer], /) -> Matte | Fallback:
        """Return what ``predict(image, trimap)`` does, by the answers of the methods that are weighed."""


@runtime_checkable
class Draws(Protocol):
    """A method that can show what it does, besides."""

    def pictures(self, image: UInt8, trimap: UInt8) -> Mapping[str, UInt8]:
        """Draw RGB pictures (h, w, 3), by the name of what they show."""


def load_method(method: str | Method, options: Mapping[str, Any] | None = None) -> Method:
    """Return a method, made with its options; the same object for the same name and options.

    Parameters
    ----------
    method : str or object
        A key of :data:`METHODS`; ``"package.module:attribute"``, which is a method or a function (or class)
        that makes one; or a method itself.
    options : mapping, optional
        Keyword arguments of what makes the method.

    Raises
    ------
    DataError
        If there is no such method, it has no such option, or no ``predict``.
    """
    options = dict(options or {})
    if not isinstance(method, str):
        if isinstance(method, type):
            return _made(method.__name__, method, options)
        facts = facts_of(method)
        check_names(facts.name, method, list(options))
        return method
    target = target_of(method)
    try:
        return _loaded(target, tuple(sorted(options.items())))
    except TypeError as error:
        if "unhashable" not in str(error):
            raise
        return _made(method, _resolved(target), options)


def clear_loaded() -> None:
    """Forget the methods that were loaded, to load them anew, or to give their memory back."""
    _loaded.cache_clear()


def read_options(method: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return the options that texts such as "tile=1024" give, in the types that the method wants."""
    return typed_options(method, _resolved(target_of(method)), texts) if texts else {}


def target_of(method: str) -> str:
    """Return the ``module:attribute`` of a method's name; DataError if there is none."""
    if method in METHODS:
        return METHODS[method]
    if ":" in method:
        return method
    raise DataError(
        f"unknown method {method!r}{suggest(method, METHODS)}; one of your own is package.module:attribute"
    )


@cache  # a network is loaded once a process, not once an image
def _loaded(target: str, options: tuple[tuple[str, Any], ...]) -> Method:
    return _made(_name_of(target), _resolved(target), dict(options))


def _name_of(target: str) -> str:
    """Return the name in METHODS, or the target itself."""
    return next((name for name, other in METHODS.items() if other == target), target)


def _made(label: str, maker: Any, options: Mapping[str, Any]) -> Method:
    check_names(label, maker, list(options))
    method: Method = maker if is_made(maker) or not callable(maker) else maker(**options)
    facts_of(method)
    return method


def _resolved(target: str) -> Any:
    """Return what ``package.module:attribute`` names; modules beside the current folder count, too."""
    module, method = target.partition(":")[0], _name_of(target)
    try:
        return resolve_name(target)
    except ModuleNotFoundError as error:
        if method in _EXTRAS and error.name in _LIBRARIES:
            raise MissingExtraError(f"the method {method}", error.name, _EXTRAS[method]) from error
        if error.name != module.partition(".")[0]:
            raise DataError(
                f"the method {method}: {module} needs {error.name}, which is not installed"
            ) from error
    except (AttributeError, ValueError) as error:
        raise DataError(
            f"the method {method!r} is not there ({error}); give package.module:attribute"
        ) from error
    folder = str(Path.cwd())
    if folder not in sys.path and any(Path(folder).glob(f"{module.partition('.')[0]}*")):
        sys.path.append(folder)  # the command line does not look there by itself
        return _resolved(target)
    raise DataError(
        f"the method {method!r}: there is no module {module!r}, neither installed nor in {folder}"
    )
