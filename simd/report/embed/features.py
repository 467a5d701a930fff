"""Features computed before, read from a file and matched with the patches of a set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simd.array_files import read_arrays
from simd.errors import DataError
from simd.files import read_text
from simd.report.embed.patches import RegionPatch

ENDINGS = (".npz", ".npy")

_NAMED = 3  # ids that a message names
_ADVICE = "write it with numpy.savez(path, features=..., ids=...), ids as text, not as objects"


def is_feature_file(features: object) -> bool:
    """Tell whether features are given as a file."""
    return isinstance(features, Path) or (isinstance(features, str) and features.endswith(ENDINGS))


def read_feature_file(
    path: Path, patches: Sequence[RegionPatch]
) -> tuple[list[RegionPatch], npt.NDArray[np.float32], list[str]]:
    """Read saved features and return those patches that have some, with them.

    Parameters
    ----------
    path : Path
        ``.npz`` with ``features``, float (N, D), ``ids``, text (N,), and perhaps ``regions``, text (N,); or
        ``.npy`` with features and, beside it, a text file of the same name ending in ``.txt``: an id a line,
        or ``id region``. Without regions a row stands for its whole image, and so for each patch of it.
    patches : sequence of RegionPatch

    Returns
    -------
    patches : list of RegionPatch
    features : float32, shape (N, D)
    notes : list of str

    Raises
    ------
    DataError
        If the file cannot be read, holds objects (they could run code), or does not fit the set.
    """
    features, ids, regions = _read(path)
    rows: dict[tuple[str, str], int] = {}
    for number, key in enumerate(zip(ids, regions, strict=True)):
        if key in rows:
            raise DataError(f"{path}: {' '.join(key).strip()!r} stands in rows {rows[key]} and {number}")
        rows[key] = number
    known = {p.id for p in patches}
    if strange := [id_ for id_ in ids if id_ not in known]:
        raise DataError(
            f"{path}: {len(strange)} of {len(ids)} ids are not in the set: {', '.join(strange[:_NAMED])}; "
            "features must be of this set"
        )
    matched = [(p, rows.get((p.id, p.region), rows.get((p.id, "")))) for p in patches]
    kept = [(p, row) for p, row in matched if row is not None]
    if not kept:
        raise DataError(f"{path}: has no row for any patch of the set; see its ids and regions")
    without = len(patches) - len(kept)
    notes = [f"{without} of {len(patches)} patches have no features in {path.name}"] if without else []
    # a region may be too small for a patch, or misspelt
    if in_vain := sorted(rows.keys() - {(p.id, p.region) for p in patches} - {(p.id, "") for p in patches}):
        named = ", ".join(" ".join(key) for key in in_vain[:_NAMED])
        notes.append(f"{len(in_vain)} rows of {path.name} are of regions that are no patches here: {named}")
    return [p for p, _ in kept], features[[row for _, row in kept]], notes


def _read(path: Path) -> tuple[npt.NDArray[np.float32], list[str], list[str]]:
    arrays = _arrays(path)
    try:
        features, ids = arrays["features"], arrays["ids"]
    except KeyError as error:
        raise DataError(f"{path}: lacks the array {error}; it has {', '.join(arrays) or 'none'}") from None
    regions = arrays.get("regions", np.full(ids.shape, ""))
    for name, array in (("ids", ids), ("regions", regions)):
        if array.ndim != 1 or array.dtype.kind != "U":
            raise DataError(f"{path}: {name} must be text (N,), not {array.dtype} {array.shape}; {_ADVICE}")
    if features.ndim != 2 or not features.size or features.dtype.kind not in "fiu":
        raise DataError(f"{path}: features must be numbers (N, D), not {features.dtype} {features.shape}")
    if not len(features) == len(ids) == len(regions):
        raise DataError(
            f"{path}: {len(features)} features, {len(ids)} ids, {len(regions)} regions: not one each"
        )
    with np.errstate(over="ignore"):
        vectors = np.asarray(features, dtype=np.float32)
    if not np.isfinite(vectors).all():
        bad = np.flatnonzero(~np.isfinite(vectors).all(1))
        raise DataError(
            f"{path}: features of {ids[bad[0]]} (row {bad[0]}) and {len(bad) - 1} more are not finite"
        )
    return vectors, ids.tolist(), regions.tolist()


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    loaded = read_arrays(path, "a file of features", _ADVICE)
    return {"features": loaded, **_ids_beside(path)} if isinstance(loaded, np.ndarray) else loaded


def _ids_beside(path: Path) -> dict[str, npt.NDArray[Any]]:
    beside = path.with_suffix(".txt")
    if not beside.is_file():
        raise DataError(
            f"{beside}: is missing; it names the patches of {path.name}, a line each: id, or id region"
        )
    lines = [line.split() for line in read_text(beside).splitlines() if line.strip()]
    if long := next((line for line in lines if len(line) > 2), None):
        raise DataError(f"{beside}: {' '.join(long)!r} is neither an id nor an id and a region")
    return {
        "ids": np.array([line[0] for line in lines], dtype=np.str_),
        "regions": np.array([line[1] if len(line) == 2 else "" for line in lines], dtype=np.str_),
    }
