"""Bytes that somebody sends as a picture: limited before they are decoded, and never named by their name."""

import re
import unicodedata
from collections.abc import Container
from pathlib import Path, PurePosixPath

from simd.errors import DataError
from simd.image import UInt8, check_opaque, read_format, read_image

MAX_BYTES = 2**26
"""Bytes of a picture (64 MiB) that are accepted."""
MAX_PIXELS = 2**25
"""A picture with more pixels (33 million) is not opened."""
LEAST_SIDE = 8

_ENDINGS = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "TIFF": ".tif",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "JPEG2000": ".jp2",
    "BMP": ".bmp",
    "TGA": ".tga",
    "HEIF": ".heic",
}
_ID_LENGTH = 60
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])")  # names that Windows has taken


def id_of(name: str, taken: Container[str] = ()) -> str:
    """Return the id of a picture from its name: lower-case letters, digits, ``_`` and ``-``, and not taken.

    Examples
    --------
    >>> id_of("Ünser Hund (3).JPG"), id_of("../../etc/passwd"), id_of("a.png", {"a"}), id_of("写真.png")
    ('unser-hund-3', 'passwd', 'a-2', 'picture')
    """
    last = PurePosixPath(name.replace("\\", "/").replace("\0", "")).name
    stem = last.rpartition(".")[0] or last
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9_]+", "-", plain)[:_ID_LENGTH].strip("-_") or "picture"
    if _RESERVED.fullmatch(base):
        base = f"picture-{base}"
    id_, number = base, 1
    while id_ in taken:
        number += 1
        id_ = f"{base}-{number}"
    return id_


def ending_of(file: Path) -> str:
    """Return the ending that a picture's content asks for, whatever its name says (DataError)."""
    kind = read_format(file, MAX_PIXELS)
    if kind not in _ENDINGS:
        raise DataError(f"{file.name}: is of a format that is not read ({kind})")
    return _ENDINGS[kind]


def read_picture(file: Path) -> UInt8:
    """Read a photograph, uint8 (H, W, 3), upright.

    Raises
    ------
    DataError
        If it has more than :data:`MAX_BYTES` bytes or :data:`MAX_PIXELS` pixels, is too small to be cut out,
        has transparency, or cannot be decoded.
    """
    try:
        size = file.stat().st_size
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error
    if size > MAX_BYTES:
        raise DataError(f"{file}: has {size:,} bytes, up to {MAX_BYTES:,} are opened")
    check_opaque(file, MAX_PIXELS)
    image = read_image(file, MAX_PIXELS)
    if min(image.shape[:2]) < LEAST_SIDE:
        height, width = image.shape[:2]
        raise DataError(
            f"{file}: is {height} x {width}, too small to be cut out: from {LEAST_SIDE} pixels on"
        )
    return image
