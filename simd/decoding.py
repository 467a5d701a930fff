"""Turn the bytes of an image file into pixels, or refuse them: files from outside are hostile until checked.

Images are read through the functions of :mod:`simd.image`, which say what the pixels mean.
"""

import io
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from simd.errors import DataError

MAX_PIXELS = 2**27
"""Images with more pixels (134 million) are refused before they are decoded."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_ORIENTATION_TAG = 0x0112


def read_whole(path: Path) -> bytes:
    """Read a file, and refuse a PNG in which a bit has changed."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    check_png_sums(path, data)
    return data


def check_png_sums(path: Path, data: bytes) -> None:
    """Refuse a PNG in which a bit has changed; decoders let many changes in its pixels pass."""
    if not data.startswith(_PNG_SIGNATURE):
        return
    view, start, kind = memoryview(data), len(_PNG_SIGNATURE), b""
    while kind != b"IEND":  # each part: length, kind, content, checksum
        end = start + 12 + int.from_bytes(view[start : start + 4], "big")
        kind = bytes(view[start + 4 : start + 8])
        if end > len(data):
            raise DataError(f"{path}: is damaged: it ends inside its part {kind!r} at byte {start}")
        if zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise DataError(f"{path}: is damaged: the checksum of its part {kind!r} at byte {start} is wrong")
        start = end


def open_image(path: Path, stream: BinaryIO, max_pixels: int) -> tuple[Image.Image, int]:
    """Open an image without decoding it; return it with its EXIF orientation 1..8."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own size and EXIF warnings; we answer for both
        try:
            image = Image.open(stream, formats=_FORMATS)
        except Image.DecompressionBombError as error:
            raise DataError(f"{path}: is too large ({error})") from error
        except Exception as error:  # a hostile header can raise anything
            reason = "its content is no PNG, JPEG, TIFF or WebP" if stream.seek(0, 2) else "the file is empty"
            raise DataError(f"{path}: is not an image: {reason}") from error
        width, height = image.size
        if width * height > max_pixels:
            raise DataError(
                f"{path}: {height} x {width} pixels are more than the limit of {max_pixels}; "
                "if the file is meant to be that large, make it smaller first"
            )
        return image, _orientation(image)


def _orientation(image: Image.Image) -> int:
    if image.format == "PNG" and not image.info.keys() & {"exif", "Raw profile type exif"}:
        return 1  # asking Pillow would decode the whole file
    if image.format == "TIFF":
        return 1  # Pillow and OpenCV turn it while decoding, and Pillow's size is that of the turned image
    try:
        orientation = int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF says nothing about the pixels
        return 1
    return orientation if 1 <= orientation <= 8 else 1


def is_turned_tiff(image: Image.Image) -> bool:
    """Tell whether a TIFF states another orientation than that of its rows."""
    return image.format == "TIFF" and getattr(image, "tag_v2", {}).get(_ORIENTATION_TAG, 1) != 1


def decode(path: Path, max_pixels: int, upright: bool = True) -> npt.NDArray[Any]:
    """Decode to (H, W), (H, W, 3) or (H, W, 4), uint8 or uint16, RGB."""
    data = read_whole(path)
    image, orientation = open_image(path, io.BytesIO(data), max_pixels)
    pixels = guarded(path, lambda: _pixels(image, data))
    return _upright(pixels, orientation) if upright else pixels


def guarded(path: Path, decode: Callable[[], Any]) -> Any:
    """Return what `decode` returns; whatever it raises becomes a DataError that names the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return decode()
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except Exception as error:  # decoders raise what they like on damaged data
        raise DataError(f"{path}: is damaged and cannot be decoded ({error})") from error


def _pixels(image: Image.Image, data: bytes) -> npt.NDArray[Any]:
    if image.mode == "F":
        raise DataError("holds floating-point pixels; write it as 8 or 16 bits")
    if image.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I"):
        wide = np.asarray(image)
        if wide.min() < 0 or wide.max() > 65535:
            raise DataError("holds more than 16 bits a channel; write it as 8 or 16 bits")
        return wide.astype(np.uint16)
    if has_16_bit_colour(image):
        image.load()  # refuses truncated data, which OpenCV would fill with grey
        return _decode_16_bit_colour(data)
    if image.mode in ("1", "L") and not is_see_through(image):
        return np.asarray(image.convert("L"))
    return np.asarray(image.convert("RGBA" if is_see_through(image) else "RGB"))


def is_see_through(image: Image.Image) -> bool:
    """Tell whether an image has a transparency: an alpha channel, or a colour that is none."""
    return image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info


def has_16_bit_colour(image: Image.Image) -> bool:
    """Tell whether an image has three or four channels of 16 bits."""
    # Pillow reads 16-bit colour as 8-bit by dropping the low byte; only the tile says so.
    return any(";16" in str(tile[3]) for tile in getattr(image, "tile", []))


def _decode_16_bit_colour(data: bytes) -> npt.NDArray[Any]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise DataError("holds 16-bit colour that cannot be decoded; write it as 8 bits")
    order = [2, 1, 0] if pixels.shape[2] == 3 else [2, 1, 0, 3]  # from OpenCV's BGR(A)
    return np.asarray(pixels[..., order])


def _upright(pixels: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Apply an EXIF orientation: 2, 4: mirrored, 3: half a turn, 5..8: with rows and columns exchanged."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
