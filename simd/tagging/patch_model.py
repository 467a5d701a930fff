"""A linear model from patch descriptors to classes: fitted on any annotated set, stored as a small .npz."""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from simd.array_files import read_arrays
from simd.errors import DataError
from simd.files import check_regular, write_atomically
from simd.image import Mask, UInt8
from simd.tagging.patches import FEATURES, SIDES, describe_patch, patches_of, shrink
from simd.taxonomy import CLASSES, annotations_dir

Float32 = npt.NDArray[np.float32]

MAX_BYTES = 300_000
"""A model file that is larger is refused unread."""

PATCHES = 10
"""Patches of one scale that a foreground gives to a fit, at most."""

_SHAPES = {
    "mean": (len(SIDES), len(FEATURES)),
    "spread": (len(SIDES), len(FEATURES)),
    "weights": (len(SIDES), len(FEATURES), len(CLASSES)),
    "bias": (len(SIDES), len(CLASSES)),
}
_STRENGTH, _ROUNDS = 0.1, 300  # of the logistic regression: 1 / regularisation, and iterations at most
_ADVICE = "fit it again with: simd tag fit"
_FARTHEST = 5.0  # standard deviations at which a number is cut


@dataclass(frozen=True, slots=True, eq=False)
class PatchModel:
    """A logistic regression for each scale of patches; called, it scores a foreground."""

    mean: Float32  # (S, D), of the numbers of patches of a scale
    spread: Float32  # (S, D)
    weights: Float32  # (S, D, 20)
    bias: Float32  # (S, 20)

    def __call__(self, image: UInt8, alpha: UInt8, unknown: Mask) -> Float32:
        """Return how likely each class is at each pixel: float32 (20, H, W), 0 where no patch lies.

        Each patch gives its classes' probabilities to its pixels, most to those in its middle.
        """
        small = shrink(image, alpha, unknown)
        scores = np.zeros((*small.alpha.shape, len(CLASSES)), np.float32)
        weight = np.full(small.alpha.shape, 1e-9, np.float32)
        for patch in patches_of(small.unknown):
            window = np.s_[patch.rows, patch.columns]
            bell = _bell(*weight[window].shape)
            scores[window] += bell[..., None] * self.probabilities(describe_patch(small, patch), patch.scale)
            weight[window] += bell
        scores /= weight[..., None]
        if small.alpha.shape != alpha.shape:
            scores = cv2.resize(scores, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(np.moveaxis(scores, -1, 0))

    def probabilities(self, described: Float32, scale: int) -> Float32:
        """Return the probability of each class, (..., 20), for the numbers of patches (..., D) of a scale."""
        logits = (
            _scaled(described, self.mean[scale], self.spread[scale]) @ self.weights[scale] + self.bias[scale]
        )
        likely = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(likely / likely.sum(axis=-1, keepdims=True), dtype=np.float32)


def fit(annotated: Iterable[tuple[UInt8, UInt8, UInt8, Mask]]) -> PatchModel:
    """Fit a model on (fg, alpha, class_mask, unknown) of foregrounds; a patch has its commonest class.

    Raises
    ------
    DataError
        If they hold fewer than two classes, or too little to describe.
    """
    described: list[list[Float32]] = [[] for _ in SIDES]
    classes: list[list[int]] = [[] for _ in SIDES]
    for fg, alpha, class_mask, unknown in annotated:
        small = shrink(fg, alpha, unknown)
        mask = cv2.resize(class_mask, small.alpha.shape[::-1], interpolation=cv2.INTER_NEAREST)
        for patch in patches_of(small.unknown, PATCHES):
            window = np.s_[patch.rows, patch.columns]
            counts = np.bincount(mask[window][small.unknown[window]], minlength=256)[: len(CLASSES)]
            if counts.any():
                described[patch.scale].append(describe_patch(small, patch))
                classes[patch.scale].append(int(counts.argmax()))
    if any(len(set(classes_of_scale)) < 2 for classes_of_scale in classes):
        raise DataError("a model needs annotated foregrounds of two classes at least, larger than a patch")
    parts = [_fit_scale(np.array(x), np.array(y)) for x, y in zip(described, classes, strict=True)]
    return PatchModel(*(np.stack(arrays) for arrays in zip(*parts, strict=True)))


def write_model(path: Path, model: PatchModel) -> None:
    """Write a model as .npz; the same model gives the same bytes."""
    stream = io.BytesIO()
    arrays = {name: getattr(model, name) for name in _SHAPES}
    np.savez_compressed(stream, features=np.array(FEATURES), **arrays)
    write_atomically(path, stream.getvalue())


def is_model(path: Path) -> bool:
    """Tell whether a file is a model, of whatever descriptors."""
    check_regular(path)
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as packed:
        return {f"{name}.npy" for name in ("features", *_SHAPES)} <= set(packed.namelist())


def default_model_path() -> Path:
    """Return the model that is shipped: fitted on what the built-in generator draws."""
    return annotations_dir() / "models" / "patches.npz"


def read_model(path: Path | None = None) -> PatchModel:
    """Read a model; by default the shipped one.

    Raises
    ------
    DataError
        If the file is missing, no model, or was fitted on other descriptors.
    """
    path = path or default_model_path()
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path}: is larger than {MAX_BYTES} bytes, which no model is")
    arrays = read_arrays(path, "a model of patches", _ADVICE, largest=4 * MAX_BYTES)
    if isinstance(arrays, np.ndarray):
        raise DataError(f"{path}: is not a model of patches, but a single array; {_ADVICE}")
    for name in ("features", *_SHAPES):
        if name not in arrays:
            raise DataError(f"{path}: is not a model of patches, it lacks the array {name!r}; {_ADVICE}")
    if arrays["features"].tolist() != list(FEATURES):
        raise DataError(f"{path}: was fitted on other descriptors, by its array 'features'; {_ADVICE}")
    for name, shape in _SHAPES.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
            raise DataError(
                f"{path}: {name} must be {shape} finite float32, not {array.dtype} {array.shape}; {_ADVICE}"
            )
    if not (arrays["spread"] > 0).all():
        raise DataError(f"{path}: spread must be above 0 everywhere; {_ADVICE}")
    return PatchModel(**{name: arrays[name] for name in _SHAPES})


def _scaled(described: Float32, mean: Float32, spread: Float32) -> Float32:
    return np.asarray(np.clip((described - mean) / spread, -_FARTHEST, _FARTHEST), dtype=np.float32)


def _fit_scale(
    described: Float32, classes: npt.NDArray[np.int64]
) -> tuple[Float32, Float32, Float32, Float32]:
    from sklearn.linear_model import LogisticRegression

    mean, spread = described.mean(axis=0), np.maximum(described.std(axis=0), 1e-3)
    fitted = LogisticRegression(C=_STRENGTH, max_iter=_ROUNDS, class_weight="balanced")
    fitted.fit(_scaled(described, mean, spread).astype(np.float64), classes)
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # scikit-learn stores the difference of the two then
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    weights = np.zeros((described.shape[1], len(CLASSES)), np.float32)
    bias = np.full(len(CLASSES), -50.0, np.float32)  # a class that was not there is never proposed
    weights[:, fitted.classes_], bias[fitted.classes_] = coefficients.T, intercepts
    return mean.astype(np.float32), spread.astype(np.float32), np.round(weights, 4), np.round(bias, 4)


def _bell(height: int, width: int) -> Float32:
    y, x = (np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in (height, width))
    return np.asarray(y[:, None] * x + 1e-3, dtype=np.float32)
