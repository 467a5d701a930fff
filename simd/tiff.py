"""What the tags of a TIFF say of its pixels, beyond what decoders heed.

TIFF leaves open what a channel is, how wide it is and whether 0 is white; decoders read 8 bits by the tags
and hand out wider channels as they are stored. So whatever is not known to come out right is refused.
"""

import warnings
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from simd.errors import DataError

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WHITE_IS_ZERO, _RGB, _CMYK = 0, 2, 5
_UNMARKED, _MULTIPLIED, _STRAIGHT = 0, 1, 2  # ExtraSamples
_SIGNED, _FLOAT = 2, 3  # SampleFormat
_KINDS = {1: "unsigned integers", _SIGNED: "signed integers", _FLOAT: "floating point"}
_REDUCED = 1  # bit of NewSubfileType
_MAX_PAGES = 10_000


class Tags(NamedTuple):
    """The tags of a page that decide what its numbers mean."""

    height: int
    width: int
    samples: int
    bits: int  # of the widest channel
    kind: int  # 1: unsigned, 2: signed, 3: floating point
    photometric: int
    planes: bool  # channels in planes of their own instead of interleaved
    extra: tuple[int, ...]  # what the channels beyond the colours are
    reduced: bool  # a smaller version of another page

    @property
    def white_is_zero(self) -> bool:
        """Whether 0 is white."""
        return self.photometric == _WHITE_IS_ZERO

    @property
    def multiplied(self) -> bool:
        """Whether the colour is stored multiplied by alpha."""
        return self.extra[:1] == (_MULTIPLIED,)

    @property
    def unmarked(self) -> bool:
        """Whether there is a fourth channel that is not said to be alpha."""
        return self.photometric == _RGB and self.samples > 3 and self.extra[:1] == (_UNMARKED,)

    @property
    def not_read(self) -> str:
        """Why this is refused where nothing reads it."""
        return f"is a TIFF of a kind that is not read ({self})"

    def __str__(self) -> str:
        plural = "s" if self.samples > 1 else ""
        colours = ", CMYK" if self.photometric == _CMYK else ""
        white = ", white as 0" if self.white_is_zero else ""
        kind = _KINDS.get(self.kind, "other")
        return f"{self.samples} sample{plural} of {self.bits} bits, {kind}{colours}{white}"


def tags_of(directory: Any) -> Tags:
    """Return the tags of a page, from Pillow's directory of it."""

    def numbers(tag: int, default: tuple[int, ...]) -> tuple[int, ...]:
        value = directory.get(tag, default)
        values = value if isinstance(value, tuple) else (value,)
        return tuple(v for v in values if isinstance(v, int)) or default  # a damaged tag may hold anything

    return Tags(
        height=numbers(257, (0,))[0],
        width=numbers(256, (0,))[0],
        samples=numbers(277, (1,))[0],
        bits=max(numbers(258, (1,))),
        kind=max(numbers(339, (1,))),
        photometric=numbers(262, (1,))[0],
        planes=numbers(284, (1,))[0] == 2 and numbers(277, (1,))[0] > 1,
        extra=numbers(338, ()),
        reduced=bool(numbers(254, (0,))[0] & _REDUCED),
    )


def read_pages(stream: BinaryIO) -> list[Tags]:
    """Return the tags of every page of a TIFF; those behind a damaged directory are left out."""
    stream.seek(0)
    header = stream.read(8)
    if header[2:3] == b"+" or header[3:4] == b"+":
        header += stream.read(8)  # BigTIFF
    pages: list[Tags] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged tags; we answer for them
        _add_pages(pages, stream, header)
    return pages


def _add_pages(pages: list[Tags], stream: BinaryIO, header: bytes) -> None:
    try:
        directory = ImageFileDirectory_v2(header)
        offsets: set[int] = set()
        while directory.next and directory.next not in offsets and len(pages) < _MAX_PAGES:
            offsets.add(directory.next)
            following = ImageFileDirectory_v2(header)
            stream.seek(directory.next)
            following.load(stream)
            tags = tags_of(following)
            if not (tags.height and tags.width):
                break
            pages.append(tags)
            directory = following
    except Exception:  # a hostile directory can raise anything; decoding says what is wrong with the pixels
        return


def refuse_pages(pages: list[Tags]) -> None:
    """Refuse a TIFF whose first page is not the picture, or holds numbers of unknown meaning (DataError)."""
    if not pages:
        return
    first = pages[0]
    larger = next((n for n, p in enumerate(pages) if p.height > first.height and p.width > first.width), None)
    if len(pages) > 1 and (first.reduced or larger is not None):
        what = (
            "is marked as a reduced version" if first.reduced else f"is smaller than page {(larger or 0) + 1}"
        )
        raise DataError(f"holds {len(pages)} pages, and the first {what}; save the full picture alone")
    if first.kind == _SIGNED and first.bits < 32:
        raise DataError("holds signed integers, of which no white is known; save it as unsigned integers")
    if first.samples == 2 and not first.planes and first.extra[:1] != (_STRAIGHT,):
        # Pillow 13 reads them, as alpha that nobody has called so, or not divided by it
        raise DataError(f"{first.not_read}; save it as PNG, or as a TIFF of 8 or 16 bits")
    if first.planes and not _planes_are_read(first):
        depth = f"{first.bits}-bit"
        raise DataError(f"keeps its {depth} channels in separate planes; save it interleaved, or as PNG")


def _planes_are_read(tags: Tags) -> bool:
    if tags.bits != 8:
        return False
    return tags.samples == 3 or (tags.samples == 4 and tags.extra in ((), (_STRAIGHT,)))


def as_tags_say(pixels: npt.NDArray[Any], image: Image.Image) -> npt.NDArray[Any]:
    """Return wide pixels (16 bits or float) as their tags mean them; decoders hand them out as stored."""
    tags = tags_of(getattr(image, "tag_v2", {}))
    if pixels.ndim == 2:
        white = 1 if pixels.dtype == np.float32 else 65535
        return (white - pixels).astype(pixels.dtype) if tags.white_is_zero else pixels
    if tags.unmarked:
        return pixels[..., :3]
    return divide_colour(pixels) if pixels.shape[2] == 4 and tags.multiplied else pixels


def divide_colour(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Divide colour that was multiplied by alpha by that alpha, uint16 (H, W, 4), rounded half up.

    What lies under alpha 0 stays as it is.
    """
    alpha = np.maximum(pixels[..., 3:].astype(np.uint64), 1)
    straight = np.minimum((pixels[..., :3].astype(np.uint64) * 65535 + alpha // 2) // alpha, 65535)
    colour = np.where(pixels[..., 3:] == 0, pixels[..., :3], straight)
    return np.concatenate([colour, pixels[..., 3:]], axis=2).astype(np.uint16)
