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
from simd.files import check_regular
from simd.formats import formats_of, why_not_read
from simd.tiff import SIGNATURES as TIFF_SIGNATURES
from simd.tiff import as_tags_say, read_pages, refuse_pages, tags_of

MAX_PIXELS = 2**27
"""Images with more pixels (134 million) are refused before they are decoded."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ORIENTATION_TAG = 0x0112
_START = 64  # bytes that tell the format
_WIDE_GREY = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_OPAQUE = 65535


def read_whole(path: Path) -> bytes:
    """Read a file, and refuse a PNG in which a bit has changed."""
    check_regular(path)
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
        start = stream.read(_START)
        stream.seek(0)
        pages = read_pages(stream) if start.startswith(TIFF_SIGNATURES) else []
        try:
            refuse_pages(pages)
            stream.seek(0)
            image = Image.open(stream, formats=formats_of(path, start))
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
        except Image.DecompressionBombError as error:
            raise DataError(f"{path}: is too large ({error})") from error
        except Exception as error:  # a hostile header can raise anything
            if pages:
                black = " with black as 0" if pages[0].white_is_zero else ""
                raise DataError(
                    f"{path}: {pages[0].not_read}; save it as PNG, or as a TIFF of 8 or 16 bits{black}"
                ) from error
            if start.startswith(TIFF_SIGNATURES):
                raise DataError(f"{path}: is damaged: a TIFF without a directory that can be read") from error
            raise DataError(f"{path}: {why_not_read(start)}") from error
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


def tiff_orientation(image: Image.Image) -> int:
    """Return the orientation that a TIFF states, whose pixels the decoder turns; 0 for other formats."""
    if image.format != "TIFF":
        return 0
    stated = getattr(image, "tag_v2", {}).get(_ORIENTATION_TAG, 1)
    return stated if stated in range(1, 9) else 1


def is_unmarked_tiff(path: Path, max_pixels: int = MAX_PIXELS) -> bool:
    """Tell whether an image is a TIFF with a fourth channel that is not said to be alpha."""
    check_regular(path)
    with path.open("rb") as stream:
        image, _ = open_image(path, stream, max_pixels)
        return image.format == "TIFF" and tags_of(getattr(image, "tag_v2", {})).unmarked


def decode(path: Path, max_pixels: int, upright: bool = True, data: bytes | None = None) -> npt.NDArray[Any]:
    """Decode to (H, W), (H, W, 3) or (H, W, 4), RGB, uint8 or uint16; or float32 (H, W) in [0, 1].

    `data` are the bytes of an image that is no file; `path` then names it in messages.
    """
    if data is None:
        data = read_whole(path)
    else:
        check_png_sums(path, data)
    image, orientation = open_image(path, io.BytesIO(data), max_pixels)
    pixels = guarded(path, lambda: _pixels(image, data))
    return turn_upright(pixels, orientation) if upright else pixels


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
    _refuse_multiplied_tga(image, data)
    if image.mode == "F":
        return _checked_float(as_tags_say(np.asarray(image), image))
    if image.mode in _WIDE_GREY:
        return _refuse_few_levels(_wide_grey(image))
    if has_16_bit_colour(image):
        image.load()  # refuses truncated data, which OpenCV would fill with grey
        return _refuse_few_levels(_decode_16_bit_colour(image, data))
    if image.mode in ("1", "L") and not is_see_through(image):
        return np.asarray(_in_mode("L", image))
    _scale_transparent_grey(image, data)
    return np.asarray(_in_mode("RGBA" if is_see_through(image) else "RGB", image))


def _in_mode(mode: str, image: Image.Image) -> Image.Image:
    """Convert an image, unless it is in that mode: Pillow would copy it."""
    return image if image.mode == mode else image.convert(mode)


def _checked_float(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= 1):
        what = "no number (NaN)" if np.isnan(low) else f"values from {low:.6g} to {high:.6g}"
        raise DataError(
            f"holds floating-point pixels with {what}; a float matte lies in [0, 1], "
            "else write it as 8 or 16 bits"
        )
    return pixels


def _wide_grey(image: Image.Image) -> npt.NDArray[Any]:
    wide = np.asarray(image)
    if wide.min() < 0 or wide.max() > 65535:
        raise DataError("holds more than 16 bits a channel; write it as 8 or 16 bits")
    grey = as_tags_say(wide.astype(np.uint16), image)
    key = image.info.get("transparency")
    if key is None:
        return grey
    return np.dstack([grey, grey, grey, np.where(grey == key, 0, _OPAQUE).astype(np.uint16)])


def _refuse_few_levels(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Refuse 16 bits that hold 8-bit levels, which a cast without scaling leaves: next to black."""
    alpha = pixels[..., 3] if pixels.ndim == 3 and pixels.shape[2] == 4 else None
    colour = pixels if alpha is None else pixels[..., :3]
    for what, values in (("", colour), (" of its alpha", alpha)):
        if values is not None and 0 < values.max() <= 255:
            raise DataError(
                f"no level{what} is above 255 of 65535; these look like 8-bit levels in 16 bits: "
                "save it as 8 bits, or multiply by 257"
            )
    return pixels


def _scale_transparent_grey(image: Image.Image, data: bytes) -> None:
    """Bring the transparent grey of a PNG of 2 or 4 bits to 8 bits, as Pillow does with its pixels alone."""
    key = image.info.get("transparency")
    if image.format == "PNG" and image.mode == "L" and isinstance(key, int):
        depth = data[24]  # of the header, which comes first
        if depth < 8:
            image.info["transparency"] = key * 255 // (2**depth - 1)


def _refuse_multiplied_tga(image: Image.Image, data: bytes) -> None:
    """Refuse a TGA that says its colour is multiplied by alpha (DataError)."""
    if image.format != "TGA" or data[-18:] != b"TRUEVISION-XFILE.\0":
        return
    extension = int.from_bytes(data[-26:-22], "little")
    if extension and data[extension + 494 : extension + 495] == b"\4":
        raise DataError(
            "is a TGA whose colour is multiplied by alpha; save it with straight alpha, or as PNG"
        )


def is_see_through(image: Image.Image) -> bool:
    """Tell whether an image has a transparency: an alpha channel, or a colour that is none."""
    return image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info


def has_16_bit_colour(image: Image.Image) -> bool:
    """Tell whether an image has three or four channels of 16 bits."""
    # Pillow reads 16-bit colour as 8-bit by dropping the low byte; only the tile says so.
    return any(";16" in str(tile[3]) for tile in getattr(image, "tile", []))


def _decode_16_bit_colour(image: Image.Image, data: bytes) -> npt.NDArray[Any]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise DataError("holds 16-bit colour that cannot be decoded; write it as 8 bits")
    order = [2, 1, 0] if pixels.shape[2] == 3 else [2, 1, 0, 3]  # from OpenCV's BGR(A)
    rgb = as_tags_say(np.asarray(pixels[..., order]), image)
    key = image.info.get("transparency")
    if key is None:
        return rgb
    alpha = np.where((rgb[..., :3] == key).all(axis=2), 0, _OPAQUE).astype(np.uint16)
    return np.dstack([rgb[..., :3], alpha])


def turn_upright(pixels: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Apply an EXIF orientation: 2, 4: mirrored, 3: half a turn, 5..8: with rows and columns exchanged."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
