"""Which image formats are read, and what is said of the others."""

import importlib.util
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from simd.installation import extra_command

EXTENSIONS = (
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"),
    *(".avif", ".jp2", ".tga", ".bmp", ".heic", ".heif"),
)
"""Endings of the files that are looked at in a folder; what is inside decides how they are read."""

READ = ("PNG", "JPEG", "TIFF", "WEBP", "AVIF", "JPEG2000", "BMP")
"""Pillow's names of what is read whatever the file is called."""

_NAMES = "PNG, JPEG, TIFF, WebP, AVIF, JPEG 2000, TGA, BMP or HEIC"
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_UNREAD = {
    ".exr": "OpenEXR: its colour is linear light multiplied by alpha",
    ".psd": "Photoshop: a decoder sees its layers flattened onto white",
    ".psb": "Photoshop: a decoder sees its layers flattened onto white",
    ".gif": "GIF: its alpha is a mask",
    ".jxl": "JPEG XL",
    ".dds": "DDS",
    ".xcf": "GIMP",
    ".kra": "Krita",
    ".hdr": "Radiance HDR: its colour is linear light",
}
_SIGNATURES = {
    b"v/1\x01": ".exr",
    b"8BPS": ".psd",
    b"GIF8": ".gif",
    b"\xff\x0a": ".jxl",
    b"\0\0\0\x0cJXL ": ".jxl",
    b"DDS ": ".dds",
    b"gimp xcf": ".xcf",
    b"#?RADIANCE": ".hdr",
}
_AS_PNG = "save it as PNG, with the alpha as a channel of its own"


def is_image_name(name: str) -> bool:
    """Tell whether a file name ends like an image that can be read."""
    return name.lower().endswith(EXTENSIONS)


def formats_of(path: Path, start: bytes) -> tuple[str, ...]:
    """Return Pillow's names of the formats to try on a file that begins with these bytes."""
    if path.suffix.lower() == ".tga":
        return (*READ, "TGA")  # has no signature: any bytes could be one
    if is_heic(start) and _knows_heic():
        return (*READ, "HEIF")
    return READ


def why_not_read(start: bytes) -> str:
    """Say why a file is not read that none of the decoders knows, from its first bytes."""
    if not start:
        return "is not an image: the file is empty"
    if is_heic(start):
        return f"is HEIC, which needs pillow-heif; install it with: {extra_command('heic')}"
    for signature, suffix in _SIGNATURES.items():
        if start.startswith(signature):
            return f"is of a format that is not read ({_UNREAD[suffix]}); {_AS_PNG}"
    return f"is not an image: its content is not {_NAMES}"


def unread_note(files: Iterable[Path]) -> str:
    """Say which of some files are images of formats that are not read, and how many; "" where none is."""
    counts = Counter(path.suffix.lower() for path in files if path.suffix.lower() in _UNREAD)
    if not counts:
        return ""
    kinds = "; ".join(f"{count} {suffix} ({_UNREAD[suffix]})" for suffix, count in counts.most_common())
    return (
        f"images of formats that are not read: {kinds}; save them as PNG, each alpha as a channel of its own"
    )


def is_heic(start: bytes) -> bool:
    """Tell whether a file begins as HEIC (HEIF) does."""
    return start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS and b"avif" not in start[:40]


def _knows_heic() -> bool:
    if importlib.util.find_spec("pillow_heif") is None:
        return False
    import pillow_heif

    pillow_heif.register_heif_opener()
    return True
