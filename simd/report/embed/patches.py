"""The patches of a set that are put on a map: each class region with its features and a thumbnail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np
import numpy.typing as npt

from simd.dataset.manifest import MattingSet, Sample
from simd.errors import BatchError, DataError
from simd.features.descriptors import describe
from simd.image import Mask, UInt8
from simd.journal import Row
from simd.masks import bounding_box
from simd.records import Composite
from simd.report.html.thumbnails import beside, thumbnail
from simd.report.image_rows import rows_of_images
from simd.report.sample_regions import regions_of_sample
from simd.schema import COUNT, NULL, NUMBER, TEXT, Kind, choice, list_of, record
from simd.taxonomy import CLASSES
from simd.trimap import unknown_region

WHOLE = "image"
"""The region of a patch that is the whole unknown region, in a set without class masks."""
SMALLEST = 16
"""Regions of fewer pixels are left out: they have no texture to speak of."""

Features = Callable[[UInt8, UInt8, Mask], npt.NDArray[Any]]
"""(image, alpha, region) to a vector: uint8 (H, W, 3), uint8 (H, W), bool (H, W) to float (D,)."""

THUMBNAIL_SIDE = 128
"""Pixels of the longer side of image and alpha beside each other."""

_LARGEST = float(np.finfo(np.float32).max)
_VERSION = 1  # of the descriptors, for the state of an unfinished run


@dataclass(frozen=True, slots=True)
class RegionPatch:
    """One class's region of one image."""

    id: str
    region: str  # the class of the region; "image" where there is no class mask
    class_: str
    fg_id: str
    thumbnail: str  # data URI of image and alpha


def read_patches(
    matting_set: MattingSet, features: str | Features, *, workers: int = 1, state: Path | None = None
) -> tuple[list[RegionPatch], npt.NDArray[np.float32], list[str]]:
    """Cut the patches of a set and compute the features of each.

    Parameters
    ----------
    matting_set : MattingSet
    features : str or callable
        "descriptors", "descriptors+colour", "none" (patches alone), the dotted path of a callable
        ``package.module:function``, or the callable, which is given image, alpha and region.
    workers : int
        Processes; a callable that is not a function of a module needs one.
    state : Path, optional
        Folder in which finished images are noted, so that an interrupted run goes on. It stays.

    Returns
    -------
    patches : list of RegionPatch
    features : float32, shape (N, D)
    notes : list of str

    Raises
    ------
    DataError
        If the callable is not there, or its vectors differ in length or are not finite.
    BatchError
        If images cannot be read.
    """
    measure = partial(_patches_of, features=features)
    function = load_features(features)
    name = features if isinstance(features, str) else getattr(features, "__qualname__", repr(features))
    settings = {"features": name, "version": _VERSION}
    rows, failures = rows_of_images(
        matting_set,
        measure,
        workers=workers,
        state=state,
        settings=settings,
        kind=_noted(with_features=function is not None),
    )
    if failures:
        raise BatchError(failures, "images", len(matting_set))
    return _gathered(matting_set.rows, rows, function is not None)


def load_features(features: str | Features) -> Features | None:
    """Return the callable that a name stands for; None for "none"."""
    if callable(features):
        return features
    if features == "none":
        return None
    if features in ("descriptors", "descriptors+colour"):
        return _described_with_colour if features.endswith("colour") else _described
    try:
        function = resolve_name(features)
    except (ImportError, AttributeError, ValueError) as error:
        raise DataError(
            f"features {features!r}: cannot be loaded ({error}); give 'descriptors', 'descriptors+colour', a "
            "file .npz or .npy, the RUN of a discriminator, or a callable as package.module:function"
        ) from error
    if not callable(function):
        raise DataError(f"features {features!r}: is a {type(function).__name__}, not a callable")
    return function  # type: ignore[no-any-return]


def _noted(*, with_features: bool) -> Kind:
    """Return the kind of a row of the journal."""
    number = Kind("a number of 32 bits", lambda value: NUMBER.fits(value) and abs(value) <= _LARGEST)
    patch = {
        "region": choice(WHOLE, *CLASSES),
        "features": list_of(number, filled=True) if with_features else NULL,
        "thumbnail": Kind("a picture", lambda value: TEXT.fits(value) and value.startswith("data:image/")),
    }
    return record({"id": TEXT, "patches": list_of(record(patch)), "small": COUNT})


def _described(_image: UInt8, alpha: UInt8, region: Mask) -> npt.NDArray[np.float32]:
    return describe(alpha, region)


def _described_with_colour(image: UInt8, alpha: UInt8, region: Mask) -> npt.NDArray[np.float32]:
    return describe(alpha, region, image)


def _patches_of(sample: Sample, features: str | Features) -> dict[str, Any]:
    """Return the patches of an image, as JSON."""
    function = load_features(features)
    image, alpha, unknown = sample.image, sample.alpha, unknown_region(sample.trimap)
    if not image.shape[:2] == alpha.shape == unknown.shape:
        raise DataError(
            f"{sample.row.id}: image, alpha and trimap differ in size; simd verify names the file"
        )
    patches, small = [], 0
    by_class = regions_of_sample(sample, unknown)
    for region, mask in ({WHOLE: unknown} if by_class is None else by_class).items():
        if np.count_nonzero(mask) < SMALLEST:
            small += 1
            continue
        vector = None if function is None else _checked(function(image, alpha, mask), sample, region)
        box = bounding_box(mask)
        assert box is not None
        uri, _ = thumbnail(beside(image[box.slices], alpha[box.slices]), THUMBNAIL_SIDE)
        patches.append({"region": region, "features": vector, "thumbnail": uri})
    return {"id": sample.row.id, "patches": patches, "small": small}


def _checked(vector: npt.NDArray[Any], sample: Sample, region: str) -> list[float]:
    flat = np.asarray(vector, dtype=np.float32)
    if flat.ndim != 1 or not flat.size or not np.isfinite(flat).all():
        raise DataError(
            f"{sample.row.id}, region {region}: features must be a finite vector (D,), not {flat.shape}"
        )
    return [float(value) for value in flat]


def _gathered(
    images: Sequence[Composite], rows: Mapping[str, Row], with_features: bool
) -> tuple[list[RegionPatch], npt.NDArray[np.float32], list[str]]:
    patches, vectors = [], []
    for image in images:
        for patch in rows[image.id]["patches"]:
            class_ = image.class_ if patch["region"] == WHOLE else patch["region"]
            patches.append(RegionPatch(image.id, patch["region"], class_, image.fg_id, patch["thumbnail"]))
            vectors.append(patch["features"])
    lengths = {len(vector) for vector in vectors} if with_features else set()
    if len(lengths) > 1:
        raise DataError(
            f"features differ in length ({', '.join(map(str, sorted(lengths)))}); a map needs one"
        )
    notes = []
    if whole := sum(patch.region == WHOLE for patch in patches):
        notes.append(f"{whole} patches are whole unknown regions with the primary class: no class mask")
    if small := sum(rows[image.id]["small"] for image in images):
        notes.append(f"{small} regions of fewer than {SMALLEST} pixels are left out")
    if empty := sum(not rows[image.id]["patches"] for image in images):
        notes.append(f"{empty} of {len(images)} images have no region to put on the map")
    array = np.array(vectors if with_features else [], dtype=np.float32)
    return patches, array.reshape(len(patches) if with_features else 0, -1 if len(array) else 0), notes
