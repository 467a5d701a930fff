"""What is worth knowing of an image file before it is used: what reading changes, or passes over."""

import io
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from simd.decoding import (
    MAX_PIXELS,
    has_16_bit_colour,
    is_see_through,
    open_image,
    tiff_orientation,
)
from simd.errors import DataError
from simd.files import check_regular
from simd.tiff import read_pages, tags_of


def remarks(
    path: Path, max_pixels: int = MAX_PIXELS, *, matte: bool = False, opaque: bool = False
) -> tuple[str, ...]:
    """Say what reading a file changes or passes over, as :mod:`simd.image` has it; reads the header only.

    Parameters
    ----------
    matte : bool
        Whether the file holds a matte, for which a lossy format is worth a remark.
    opaque : bool
        Whether an alpha channel is passed over.

    Raises
    ------
    DataError
        If the file is missing, no image, or has more than `max_pixels` pixels.
    """
    check_regular(path)
    try:
        with path.open("rb") as stream:
            image, orientation = open_image(path, stream, max_pixels)
            info = image.info.keys()
            pictures = _count_pictures(image, stream)
            multiplied = image.format == "TIFF" and tags_of(getattr(image, "tag_v2", {})).multiplied
            facts = {
                f"first of {pictures} pages or frames, the others are passed over": pictures > 1,
                "EXIF orientation applied": orientation > 1 or tiff_orientation(image) > 1,
                "CMYK converted to RGB": image.mode == "CMYK",
                "palette expanded": image.mode in ("P", "PA"),
                "16 bits rounded to 8": image.mode.startswith("I") or has_16_bit_colour(image),
                "multiplied colour divided by alpha": multiplied,
                "alpha channel passed over": opaque and is_see_through(image),
                "ICC profile ignored": "icc_profile" in info,
                "gAMA chunk ignored": "gamma" in info,
                "JPEG-coded alpha, noisy near 0 and 255": matte and image.format in ("JPEG", "MPO"),
                "alpha in lossy WebP, which keeps 220 of 256 levels": matte
                and image.format == "WEBP"
                and _is_lossy_webp(stream),
                "alpha in AVIF or HEIC, exact only where it was saved without loss": image.format
                in ("AVIF", "HEIF")
                and (matte or (is_see_through(image) and not opaque)),
            }
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    return tuple(fact for fact, holds in facts.items() if holds)


def lossy_format(path: Path) -> str:
    """Return "JPEG" or "lossy WebP" if a file is that, of whose mattes no level is exact; else ""."""
    with path.open("rb") as stream:
        start = stream.read(16)
        if start.startswith(b"\xff\xd8\xff"):
            return "JPEG"
        is_webp = start[:4] == b"RIFF" and start[8:12] == b"WEBP"
        return "lossy WebP" if is_webp and _is_lossy_webp(stream) else ""


def _count_pictures(image: Image.Image, stream: BinaryIO) -> int:
    if image.format == "TIFF":
        return sum(not page.reduced for page in read_pages(stream))
    return int(getattr(image, "n_frames", 1))


def _is_lossy_webp(stream: BinaryIO) -> bool:
    """Tell whether the first picture of a WebP is lossy: its part is ``VP8`` instead of ``VP8L``."""
    stream.seek(12)  # behind RIFF, length, WEBP
    while len(header := stream.read(8)) == 8:
        kind, length = header[:4], int.from_bytes(header[4:], "little")
        if kind in (b"VP8 ", b"VP8L"):
            return kind == b"VP8 "
        # a frame of a moving picture has its parts behind 16 bytes of its own
        stream.seek(16 if kind == b"ANMF" else length + length % 2, io.SEEK_CUR)
    return False
