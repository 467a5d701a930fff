"""Cut-outs: images that carry their alpha as transparency."""

from pathlib import Path

import numpy as np

from simd.errors import DataError
from simd.formats import unread_note
from simd.image import Matte, UInt8, has_transparency, no_alpha, read_rgba
from simd.masks import nearest_pixel
from simd.mattes import as_matte, check_colour
from simd.records import ForegroundFiles
from simd.sources.classified import foregrounds_from
from simd.sources.folder import as_extra, broken_images, image_files, not_a_file, split_files
from simd.sources.index import Index, SourceKind


def extend_colour(fg: UInt8, alpha: Matte) -> UInt8:
    """Give every pixel of alpha 0 the colour of a nearest visible pixel.

    What a cut-out holds under alpha 0 is whatever its program left there, often black or white, and
    resampling would mix it into the edge. At its own size no composite changes.

    Parameters
    ----------
    fg : uint8, shape (H, W, 3)
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]

    Raises
    ------
    DataError
        If alpha is not a matte, or the colour does not fit it.
    """
    as_matte(alpha)
    check_colour(fg, alpha.shape, "fg")
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return fg
    return np.asarray(fg[~hidden][nearest_pixel(~hidden)], dtype=np.uint8)


def _recognise(origin: str) -> bool:
    root = Path(origin)
    first = next(iter(image_files(root)), None) if root.is_dir() else None
    try:
        return first is not None and has_transparency(first)
    except DataError:
        return False


def list_cutouts(origin: str) -> Index[ForegroundFiles]:
    """List the images with transparency in a folder and below it, whatever their classes."""
    root = Path(origin)
    records, broken = [], {}
    files, others = split_files(root)
    for file in files:
        name = file.relative_to(root).with_suffix("").as_posix()
        try:
            if not has_transparency(file):
                raise DataError(f"{file}: {no_alpha(file)}")
        except DataError as error:
            broken[name] = str(error)
            continue
        records.append(ForegroundFiles(id=name, source="rgba", file=file))
    broken |= broken_images(others, root)
    others = [path for path in others if not not_a_file(path)]
    notes = (note,) if (note := unread_note(others)) else ()
    expected, extra = len(records) + len(broken), as_extra(others, root)
    return Index("rgba", tuple(records), expected, broken=broken, notes=notes, extra=extra)


def _read(foreground: ForegroundFiles) -> tuple[UInt8, UInt8, UInt8 | None]:
    assert foreground.file is not None
    fg, alpha = read_rgba(foreground.file)
    return extend_colour(fg, alpha), alpha, None


FOREGROUNDS = SourceKind(
    name="rgba",
    title="Cut-outs",
    layout="<name>.<png|webp|tif>, images with transparency; classes as for folder",
    licence="as the CSV file says",
    citation="",
    recognise=_recognise,
    index_files=list_cutouts,
    index_foregrounds=foregrounds_from(list_cutouts, by_name=True),
    read=_read,
)
