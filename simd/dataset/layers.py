"""The layers of a composite: decoded, and compared with the digests that its row states."""

from collections.abc import Callable
from pathlib import Path

from simd.errors import DataError
from simd.image import UInt8, pixel_digest, read_alpha, read_image
from simd.records import Composite, file_name
from simd.trimap import read_trimap

_READERS: dict[str, Callable[..., UInt8]] = {
    "image": read_image,
    "alpha": read_alpha,
    "trimap": read_trimap,
    "class_mask": read_alpha,
}


def read_layer(root: Path, row: Composite, layer: str) -> UInt8:
    """Read a layer of a composite of the set in a folder.

    Raises
    ------
    DataError
        If its file cannot be read, or holds other pixels than those that were built.
    """
    path = root / file_name(row.id, layer)
    pixels = decode_layer(path, layer)
    if problem := layer_problem(row, layer, pixels):
        raise DataError(f"{path}: {problem}; simd verify {root} lists every such file")
    return pixels


def decode_layer(path: Path, layer: str, data: bytes | None = None) -> UInt8:
    """Decode the file of a layer, whatever its pixels; DataError where it is not an image of its kind.

    `data` are its bytes where it is no file; `path` then names it in messages.
    """
    return _READERS[layer](path, data=data)


def layer_problem(row: Composite, layer: str, pixels: UInt8, size: tuple[int, int] | None = None) -> str:
    """Say how decoded pixels differ from those that were built, "" if they do not.

    `size`, (H, W), is by default what the row's recipe states, if it does.
    """
    if size is None:
        size = stated_size(row)
    if size is not None and pixels.shape[:2] != size:  # the digest of an image of one colour sees no shape
        return f"is {pixels.shape[0]} x {pixels.shape[1]}, the composite is {size[0]} x {size[1]}"
    if pixel_digest(pixels) != getattr(row, f"{layer}_sha256"):
        return "its pixels are not those that were built"
    return ""


def stated_size(row: Composite) -> tuple[int, int] | None:
    """Return (H, W) as the recipe of a composite states it; None if it does not."""
    height, width = (row.recipe.get(side) for side in ("height", "width"))
    return (int(height), int(width)) if height is not None and width is not None else None
