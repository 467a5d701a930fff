"""Build, measure and browse semantic image-matting datasets.

>>> import simd
>>> simd.CLASSES[:3]
('defocus', 'fire', 'fur')
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simd.version import __version__

if TYPE_CHECKING:
    from simd.composition.build import build as build
    from simd.composition.stream import stream as stream
    from simd.dataset.manifest import load_set as load_set
    from simd.generator import synthetic as synthetic
    from simd.generator.objects import mixed as mixed
    from simd.generator.scenes import scene as scene
    from simd.methods.predict import predict as predict
    from simd.metrics.alpha import conn as conn
    from simd.metrics.alpha import grad as grad
    from simd.metrics.alpha import mse as mse
    from simd.metrics.alpha import sad as sad
    from simd.metrics.evaluate import evaluate as evaluate
    from simd.report.leaderboard.write import write_leaderboard as write_leaderboard
    from simd.taxonomy import CLASSES as CLASSES

# Loaded when first asked for, so that `import simd` costs next to nothing.
_HOMES = {
    "CLASSES": "simd.taxonomy",
    "synthetic": "simd.generator",
    "mixed": "simd.generator.objects",
    "scene": "simd.generator.scenes",
    "stream": "simd.composition.stream",
    "build": "simd.composition.build",
    "load_set": "simd.dataset.manifest",
    "predict": "simd.methods.predict",
    "evaluate": "simd.metrics.evaluate",
    "sad": "simd.metrics.alpha",
    "mse": "simd.metrics.alpha",
    "grad": "simd.metrics.alpha",
    "conn": "simd.metrics.alpha",
    "write_leaderboard": "simd.report.leaderboard.write",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simd' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
