"""Annotations on disk: an indexed PNG and a JSON for each foreground, which count together or not at all.

The JSON holds the digest of the mask it belongs to. A new mask is first written beside the old one, then the
JSON is replaced, which is the moment the new annotation counts, then the mask is moved into place. Whatever
moment a program is killed at, the JSON has its mask under one of the two names. Programs that write one
annotation wait for each other.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simd.errors import BatchError, DataError, SimdError
from simd.files import (
    cannot_write,
    is_utf8,
    json_text,
    make_folder,
    no_such_folder,
    read_text,
    write_atomically,
)
from simd.image import UInt8, encode_png, pixel_digest, read_indices
from simd.locks import locked_name
from simd.sources.outputs import Inputs, check_output_folder
from simd.tagging.annotation import Annotation, check_fg_id
from simd.taxonomy import CLASSES, NO_CLASS, TAXONOMY

MAX_BYTES = 2**24
"""A JSON file that is larger (16 MiB) is refused unread."""

PALETTE = b"".join(bytes.fromhex(c.colour[1:]) for c in TAXONOMY).ljust(3 * 255, b"\0") + b"\xff\xff\xff"
"""R, G and B of each index of a class mask: the classes' colours, and white for 255, no class."""

_WAIT = 10.0  # seconds for another program; a write takes far less than one
_NAME = re.compile(r"([a-z0-9-]+-)?[0-9a-f]{12}\.json")  # as annotation_path makes them
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


class AnnotationPaths(NamedTuple):
    """What looking through a folder of annotations brings to light."""

    paths: dict[str, Path]  # fg_id to its JSON file
    broken: dict[str, str]  # file name to reason


def annotation_path(folder: Path, fg_id: str) -> Path:
    """Return where the JSON of a foreground's annotation lies: the mask is beside it, ending in .png.

    Names are safe everywhere, and differ where ids do: what is left of the id in a-z and 0-9, and 12 digits
    of its SHA-256.

    Examples
    --------
    >>> annotation_path(Path("a"), "../Fur/cat 1.png").as_posix()
    'a/fur-cat-1-png-18287f758065.json'
    """
    check_fg_id(fg_id)
    readable = _NOT_IN_A_NAME.sub("-", fg_id.lower())[-40:].strip("-")
    digest = hashlib.sha256(fg_id.encode()).hexdigest()[:12]
    return folder / f"{readable}-{digest}.json".lstrip("-")


def write_annotation(
    folder: Path, annotation: Annotation, class_mask: UInt8, check: Callable[[], None] | None = None
) -> Path:
    """Write an annotation, in place of an older one of the same foreground; return its JSON file.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    class_mask : uint8, shape (H, W)
        Class index 0..19, 255 where there is none; its digest must be the one in `annotation`.
    check : callable, optional
        Called while no other program can write this annotation; it raises where it shall stay as it is.

    Raises
    ------
    DataError
        If mask and record do not belong together, or the folder cannot be written.
    BusyError
        If another program holds the annotation for longer than a write can take.
    """
    _check_mask(annotation, class_mask)
    path = annotation_path(folder, annotation.fg_id)
    make_folder(folder)
    picture = encode_png(class_mask, PALETTE)
    with locked_name(path.with_name(f".{path.stem}.lock"), wait=_WAIT):
        if check is not None:
            check()
        _finish_write(path)
        write_atomically(_pending(path), picture)
        try:
            write_atomically(path, json_text(annotation.to_json()))
        except SimdError:  # the annotation of before stays, with the mask that it has
            _pending(path).unlink(missing_ok=True)
            raise
        _move_into_place(path)
    return path


def read_annotation(path: Path) -> tuple[Annotation, UInt8]:
    """Read an annotation by its JSON file.

    Returns
    -------
    Annotation
    uint8, shape (H, W)
        Class mask: index 0..19, 255 where there is none.

    Raises
    ------
    DataError
        If one of the two files is missing, damaged, or not what it has to be, or they do not belong together.
    """
    while True:
        annotation = read_record(path)
        problems = []
        # under its second name it is what a killed program left, or is moved into place at this moment
        for mask in (path.with_suffix(".png"), _pending(path), path.with_suffix(".png")):
            try:
                return annotation, _read_mask(mask, annotation)
            except DataError as error:
                problems.append(error)
        if read_record(path) == annotation:  # else it was written meanwhile, and is read again
            raise problems[0]


def read_record(path: Path) -> Annotation:
    """Read what an annotation says of itself, without its mask; see :func:`read_annotation`."""
    content = _read_json(path)
    try:
        annotation = Annotation.from_json(content)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    expected = annotation_path(path.parent, annotation.fg_id).name
    if path.name != expected:
        raise DataError(f"{path}: is of foreground {annotation.fg_id!r:.80}, its name must be {expected}")
    return annotation


def find_annotation_files(folder: Path) -> AnnotationPaths:
    """List the annotations of a folder, and the files that are none though their names end in .json."""
    if not folder.is_dir():
        raise no_such_folder(folder, "annotations are")
    try:
        files = sorted(f for f in folder.iterdir() if f.suffix == ".json" and not f.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    annotations = AnnotationPaths({}, {})
    for file in files:
        if not is_utf8(file.name):
            name = file.name.encode(errors="backslashreplace").decode()
            annotations.broken[name] = f"{name}: is a name that is not UTF-8 text; rename the file"
            continue
        try:
            annotations.paths[read_record(file).fg_id] = file
        except DataError as error:
            annotations.broken[file.name] = str(error)
    return annotations


def check_annotation_folder(folder: str | Path, *, inputs: Inputs = ()) -> Path:
    """Return a folder that annotations may be written into, or raise DataError."""
    return check_output_folder(
        folder, "a folder of annotations", _holds_any, names=(), inputs=inputs, among_pictures=True
    )


def _holds_any(folder: Path) -> bool:
    return any(_NAME.fullmatch(file.name) for file in folder.glob("*.json"))


def find_annotations(folder: Path) -> dict[str, Path]:
    """Return the JSON file of each annotated foreground of a folder, by the foreground's id.

    Raises
    ------
    BatchError
        If files of the folder are not annotations; :func:`find_annotation_files` passes over them.
    """
    annotations = find_annotation_files(folder)
    if annotations.broken:
        raise BatchError(annotations.broken, "annotations", len(annotations.paths) + len(annotations.broken))
    return annotations.paths


def make_annotation(fg_id: str, fg: UInt8, alpha: UInt8, class_mask: UInt8, **facts: Any) -> Annotation:
    """Make the record of a class mask of a foreground: digests are taken, `facts` are its other fields.

    Parameters
    ----------
    fg : uint8, shape (H, W, 3)
        Colours, as :func:`simd.sources.read_foreground` gives them.
    alpha, class_mask : uint8, shape (H, W)
    """
    if not fg.shape[:2] == alpha.shape == class_mask.shape:
        raise DataError(
            f"colours {fg.shape}, alpha {alpha.shape} and class mask {class_mask.shape} must share one (H, W)"
        )
    height, width = alpha.shape
    return Annotation(
        fg_id=fg_id,
        size=(height, width),
        fg_sha256=pixel_digest(fg),
        alpha_sha256=pixel_digest(alpha),
        class_mask_sha256=pixel_digest(class_mask),
        **facts,
    )


def check_unchanged(annotation: Annotation, fg: UInt8, alpha: UInt8) -> None:
    """Refuse a foreground that is not the one that was annotated (DataError, with what differs)."""
    if reason := change(annotation, fg, alpha):
        raise DataError(
            f"foreground {annotation.fg_id!r} has changed since it was annotated: {reason}; "
            "tag it again, or restore the foreground"
        )


def change(annotation: Annotation, fg: UInt8, alpha: UInt8) -> str:
    """Return what differs from the foreground that was annotated, ``""`` if nothing does."""
    height, width = annotation.size
    if alpha.shape != annotation.size:
        return f"it was {height} x {width} and is {alpha.shape[0]} x {alpha.shape[1]} (H x W)"
    layers = [("alpha", alpha, annotation.alpha_sha256), ("colour", fg, annotation.fg_sha256)]
    differs = [name for name, pixels, stated in layers if pixel_digest(pixels) != stated]
    return f"its {' and its '.join(differs)} differ{'s' if len(differs) == 1 else ''}" if differs else ""


def classes_in(class_mask: UInt8) -> tuple[str, ...]:
    """Return the classes that a mask holds, in the order of the taxonomy."""
    return tuple(CLASSES[index] for index in _values(class_mask) if index != NO_CLASS)


def check_indices(values: Iterable[int]) -> None:
    """Refuse values that a class mask cannot hold (DataError)."""
    if strange := sorted(set(values) - set(range(len(CLASSES))) - {NO_CLASS}):
        raise DataError(
            f"a class mask holds 0..{len(CLASSES) - 1}, and {NO_CLASS} for no class; this one also has "
            f"{', '.join(map(str, strange[:6]))}{', ...' if len(strange) > 6 else ''}"
        )


def _values(class_mask: UInt8) -> list[int]:
    counts = np.bincount(class_mask.ravel(), minlength=256)
    return [int(value) for value in np.flatnonzero(counts)]


def _pending(path: Path) -> Path:
    return path.with_name(f".{path.stem}.pending.png")


def _move_into_place(path: Path) -> None:
    try:
        _pending(path).replace(path.with_suffix(".png"))
    except OSError as error:
        raise cannot_write(path.with_suffix(".png"), error) from error


def _finish_write(path: Path) -> None:
    """Move the mask of a write that was killed into place: it may be the only one that the JSON has."""
    if not _pending(path).is_file():
        return
    try:
        _read_mask(_pending(path), read_record(path))
    except DataError:
        return  # of a write that never counted
    _move_into_place(path)


def _read_json(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path}: is larger than {MAX_BYTES} bytes, which no annotation is")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also where a number has too many digits
        raise DataError(f"{path}: is not JSON ({error})") from error


def _read_mask(path: Path, annotation: Annotation) -> UInt8:
    class_mask = read_indices(path, max_pixels=annotation.size[0] * annotation.size[1])
    try:
        _check_mask(annotation, class_mask)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return class_mask


def _check_mask(annotation: Annotation, class_mask: UInt8) -> None:
    if class_mask.dtype != np.uint8 or class_mask.shape != annotation.size:
        raise DataError(
            f"the class mask is {class_mask.dtype} {class_mask.shape}, the annotation of "
            f"{annotation.fg_id!r:.80} says uint8 {annotation.size}"
        )
    check_indices(_values(class_mask))
    if pixel_digest(class_mask) != annotation.class_mask_sha256:
        raise DataError(
            f"the class mask is not the one that the annotation of {annotation.fg_id!r:.80} was written for "
            "(its digest differs); restore the two files from where they came from, or tag it again"
        )
