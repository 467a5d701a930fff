"""The one door to image files: every pixel of the project is read and written here.

Colour is RGB in memory; the BGR of OpenCV never leaves this module. Sizes are (H, W). How a file is
read does not depend on where it is used:

========================  ==========================================================================
the file                  becomes
========================  ==========================================================================
PNG, JPEG, TIFF, WebP,    decoded, whatever its name says (TGA, which has no signature, by its name);
AVIF, JPEG 2000, TGA,     HEIC with pillow-heif; anything else is refused by its name
BMP, HEIC
EXIF orientation          applied
palette, CMYK, grey       converted to RGB (colour), or to one channel (mattes)
16 bits                   colour and :func:`read_alpha`: rounded to 8 bits; :func:`read_matte`: float
floating point            a matte in [0, 1]; else refused
several pages or frames   the first; a TIFF whose first page is the smaller one is refused
TIFF: white is zero,      heeded at every depth: inverted, divided (:mod:`simd.tiff`)
multiplied colour
RGB matte                 accepted where its channels agree within 2 levels (JPEG), else refused
ICC, gAMA and sRGB chunks ignored when read, as the field's code does, and not written
========================  ==========================================================================

A protocol that repeats a published script reads as that script does: :data:`AS_OPENCV`, :data:`AS_STORED`.
"""

import hashlib
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from simd.decoding import (
    MAX_PIXELS,
    check_png_sums,
    decode,
    guarded,
    is_see_through,
    is_unmarked_tiff,
    open_image,
    read_whole,
    tiff_orientation,
)
from simd.errors import DataError
from simd.files import check_regular, write_atomically
from simd.formats import EXTENSIONS as EXTENSIONS  # noqa: PLC0414 - this module is the door
from simd.formats import is_image_name as is_image_name  # noqa: PLC0414
from simd.png import png_bytes
from simd.remarks import remarks as remarks  # noqa: PLC0414

UInt8 = npt.NDArray[np.uint8]
Matte = npt.NDArray[np.uint8] | npt.NDArray[np.float32] | npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255
"""The three values of a trimap."""

_RGB_AS_GREY_TOLERANCE = 2
_GREY_MODES = ("1", "L", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")


class Header(NamedTuple):
    """What the header of an image file says."""

    size: tuple[int, int]  # (H, W) as the image will be read
    is_grey: bool  # one channel of levels, as a matte has


def read_header(path: Path, max_pixels: int = MAX_PIXELS) -> Header:
    """Read the header of an image; DataError if the file is missing or not an image."""
    check_regular(path)
    try:
        with path.open("rb") as stream:
            image, orientation = open_image(path, stream, max_pixels)
            width, height = image.size
            size = (width, height) if orientation >= 5 else (height, width)
            return Header(size, image.mode in _GREY_MODES)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def read_size(path: Path, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Return (H, W) as the image will be read, from its header alone."""
    return read_header(path, max_pixels).size


def read_format(path: Path, max_pixels: int = MAX_PIXELS) -> str:
    """Return Pillow's name of a file's format ("JPEG"), which its content tells and not its name."""
    check_regular(path)
    try:
        with path.open("rb") as stream:
            return str(open_image(path, stream, max_pixels)[0].format)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def read_orientation(path: Path, max_pixels: int = MAX_PIXELS) -> int:
    """Return the orientation 1..8 that a file's header states, which reading applies; 1 is upright."""
    check_regular(path)
    try:
        with path.open("rb") as stream:
            image, orientation = open_image(path, stream, max_pixels)
            return tiff_orientation(image) or orientation
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def has_transparency(path: Path, max_pixels: int = MAX_PIXELS) -> bool:
    """Tell from its header whether an image has an alpha channel or a transparent colour."""
    check_regular(path)
    try:
        with path.open("rb") as stream:
            return is_see_through(open_image(path, stream, max_pixels)[0])
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def is_grey(path: Path, max_pixels: int = MAX_PIXELS) -> bool:
    """Tell from its header whether an image has one channel of levels, as a matte has."""
    return read_header(path, max_pixels).is_grey


def no_alpha(path: Path, max_pixels: int = MAX_PIXELS) -> str:
    """Say of a file without alpha that it is no cut-out, and why, where its header tells."""
    if is_unmarked_tiff(path, max_pixels):
        return "its fourth channel is not marked as alpha; save it with ExtraSamples 2, or as PNG"
    return "has no alpha channel; a cut-out is an image with transparency"


def read_image(
    path: Path, max_pixels: int = MAX_PIXELS, *, upright: bool = True, data: bytes | None = None
) -> UInt8:
    """Read a colour image; without `upright` its EXIF orientation is passed over.

    `data` are the bytes of an image that is no file; `path` then names it in messages.

    Returns
    -------
    uint8, shape (H, W, 3)
        RGB. An alpha channel is dropped (:func:`read_rgba` keeps it).

    Raises
    ------
    DataError
        If the file is missing, no image, damaged, or has more than `max_pixels` pixels.
    """
    pixels = decode(path, max_pixels, upright, data)
    if pixels.dtype == np.float32:
        raise DataError(f"{path}: holds floating-point pixels; write a colour image as 8 or 16 bits")
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return _to_8_bits(np.ascontiguousarray(pixels[..., :3]))


def read_rgba(path: Path, max_pixels: int = MAX_PIXELS) -> tuple[UInt8, UInt8]:
    """Read a cut-out as its straight colour, uint8 (H, W, 3), and alpha, uint8 (H, W)."""
    pixels = _to_8_bits(decode(path, max_pixels))
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        raise DataError(f"{path}: {no_alpha(path)}")
    return np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])


def read_matte(path: Path, max_pixels: int = MAX_PIXELS) -> Matte:
    """Read a matte without losing a level: uint8 from 8 bits, float32 in [0, 1] from 16 bits and floats.

    Raises
    ------
    DataError
        If the file cannot be read, or is a colour image or a cut-out instead of a matte.
    """
    return _as_matte(_one_channel(path, decode(path, max_pixels)))


class Prediction(NamedTuple):
    """A predicted matte, and whether it is the alpha of a cut-out."""

    matte: Matte
    is_cutout: bool


def read_prediction(path: Path, max_pixels: int = MAX_PIXELS) -> Prediction:
    """Read a matte as :func:`read_matte` does; of a cut-out, which most programs write, its alpha."""
    pixels = decode(path, max_pixels)
    if is_cutout := pixels.ndim == 3 and pixels.shape[2] == 4 and not _is_opaque(pixels):
        return Prediction(_as_matte(np.ascontiguousarray(pixels[..., 3])), is_cutout)
    return Prediction(_as_matte(_one_channel(path, pixels)), is_cutout)


def check_opaque(path: Path, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse a photograph with transparency (DataError); what lies under it is not part of the picture."""
    if has_transparency(path, max_pixels) and not _is_opaque(decode(path, max_pixels)):
        raise DataError(
            f"{path}: has transparency, and a photograph is whole; fill it or leave it out "
            "(what lies under alpha 0 would become scenery)"
        )


def read_alpha(
    path: Path, max_pixels: int = MAX_PIXELS, *, upright: bool = True, data: bytes | None = None
) -> UInt8:
    """Read a matte as uint8 (H, W); 16 bits are rounded to the nearest of 255 levels.

    `data` are the bytes of an image that is no file; `path` then names it in messages.
    """
    return _to_8_bits(_one_channel(path, decode(path, max_pixels, upright, data)))


def read_indices(path: Path, max_pixels: int = MAX_PIXELS) -> UInt8:
    """Read the indices of an indexed PNG, uint8 (H, W), as stored; its palette is passed over.

    An 8-bit grey PNG is read as indices, too: some programs write masks like that.
    """
    return _indices(path, read_whole(path), max_pixels)


def decode_indices(name: str, data: bytes, max_pixels: int = MAX_PIXELS) -> UInt8:
    """Decode an indexed PNG that is not a file, as :func:`read_indices` does; `name` is for messages."""
    path = Path(name)
    check_png_sums(path, data)
    return _indices(path, data, max_pixels)


class Reader(NamedTuple):
    """A way to read a colour image, and a way to read a matte."""

    colour: Callable[[Path], UInt8]  # (H, W, 3) RGB
    alpha: Callable[[Path], UInt8]  # (H, W)


def _read_image_as_opencv(path: Path) -> UInt8:
    pixels = _decode_as_opencv(path, cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _read_alpha_as_opencv(path: Path) -> UInt8:
    return _decode_as_opencv(path, cv2.IMREAD_GRAYSCALE)


UPRIGHT = Reader(read_image, read_alpha)
"""How the project reads, as the table above says."""

AS_OPENCV = Reader(_read_image_as_opencv, _read_alpha_as_opencv)
"""What `cv2.imread` makes of a file: upright, a coloured matte as its luma, 16 bits cut to 8."""

AS_STORED = Reader(partial(read_image, upright=False), partial(read_alpha, upright=False))
"""What Pillow makes of a file: the rows as stored, whatever its EXIF orientation."""


def encode_png(pixels: UInt8, palette: bytes | None = None, note: str = "") -> bytes:
    """Return uint8 (H, W), RGB or RGBA (H, W, 4) as a PNG; with a palette of 768 bytes, as indices."""
    assert pixels.dtype == np.uint8, pixels.dtype
    return png_bytes(pixels, palette, note)


def encode_deep_png(pixels: npt.NDArray[np.uint16]) -> bytes:
    """Return uint16 (H, W) or RGBA (H, W, 4) as a PNG of 16 bits a channel."""
    assert pixels.dtype == np.uint16, pixels.dtype
    stored = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA)
    done, data = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done
    return data.tobytes()


def write_png(path: Path, pixels: UInt8, note: str = "") -> None:
    """Write uint8 (H, W) or RGB (H, W, 3) as a PNG, whole or not at all; a `note` names its maker.

    It is one of a batch, whose end flushes the disks.
    """
    write_atomically(path, encode_png(pixels, note=note), flush=False)


def to_uint8(matte: Matte) -> UInt8:
    """Return a matte as uint8: a float matte in [0, 1] is rounded to the nearest level."""
    if matte.dtype == np.uint8:
        return np.asarray(matte, dtype=np.uint8)
    levels: UInt8 = np.rint(np.clip(matte, 0, 1) * 255).astype(np.uint8)
    return levels


def pixel_digest(pixels: UInt8) -> str:
    """Return the SHA-256 of decoded pixels (rows from the top, RGB), whatever file they came from."""
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()


def _indices(path: Path, data: bytes, max_pixels: int) -> UInt8:
    image, _ = open_image(path, io.BytesIO(data), max_pixels)
    if image.format != "PNG" or image.mode not in ("P", "L"):
        raise DataError(f"{path}: is not an indexed PNG, but {image.format} of mode {image.mode}")
    return np.asarray(guarded(path, lambda: np.array(image)), dtype=np.uint8)


def _decode_as_opencv(path: Path, flag: int) -> UInt8:
    """Decode as OpenCV does, but refuse what it would pass over: damaged files, colour images as mattes."""
    data = read_whole(path)
    image, _ = open_image(path, io.BytesIO(data), MAX_PIXELS)
    if flag == cv2.IMREAD_GRAYSCALE and image.mode not in ("1", "L"):
        read_alpha(path)
    else:
        image.draft("L", (1, 1))  # a JPEG's coefficients are read, its pixels are not made
        guarded(path, image.load)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if pixels is None:
        raise DataError(f"{path}: OpenCV cannot decode it; write it again as PNG or JPEG")
    return np.asarray(pixels, dtype=np.uint8)


def _one_channel(path: Path, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if pixels.ndim == 2:
        return pixels
    if not _is_opaque(pixels):
        raise DataError(
            f"{path}: a matte has one channel, this is an image with transparency; "
            "save its alpha, or the trimap, alone as a grey image"
        )
    spread = channels_differ_by(pixels[..., :3])
    if spread > _RGB_AS_GREY_TOLERANCE * (np.iinfo(pixels.dtype).max // 255):
        raise DataError(
            f"{path}: a matte has one channel, this is a colour image (channels differ by {spread}); "
            "is it the foreground instead?"
        )
    return np.ascontiguousarray(pixels[..., 0])


def channels_differ_by(pixels: npt.NDArray[Any]) -> int:
    """Return the largest difference of two channels at one pixel; (H, W, 3), unsigned."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    highest, lowest = np.maximum(red, green), np.minimum(red, green)
    return int((np.maximum(highest, blue) - np.minimum(lowest, blue)).max())


def _is_opaque(pixels: npt.NDArray[Any]) -> bool:
    return pixels.ndim == 2 or pixels.shape[2] == 3 or pixels[..., 3].min() == np.iinfo(pixels.dtype).max


def _as_matte(pixels: npt.NDArray[Any]) -> Matte:
    return (pixels / np.float32(65535)).astype(np.float32) if pixels.dtype == np.uint16 else pixels


def _to_8_bits(pixels: npt.NDArray[Any]) -> UInt8:
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.float32:
        return to_uint8(pixels)
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 = 255 * 257
