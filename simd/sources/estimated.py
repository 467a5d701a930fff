"""Photographs with an alpha as foregrounds: their colours are estimated, for whoever asks for it by name."""

import numpy as np
import numpy.typing as npt

from simd.citations import FOREGROUND_ESTIMATION
from simd.errors import DataError
from simd.image import Matte, UInt8, check_opaque, read_alpha, read_image
from simd.mattes import as_matte, check_colour
from simd.records import ForegroundFiles
from simd.sources.classified import foregrounds_from
from simd.sources.declared import (
    AIM_500_FINISHED,
    ALPHAMATTING_FINISHED,
    AM_2K_FINISHED,
    P3M_10K_FINISHED,
)
from simd.sources.everyday import NO_NAMING, Naming
from simd.sources.folder import check_pair_size
from simd.sources.index import Index, SourceKind
from simd.sources.named_folders import PPM_100_FINISHED, RWP_636_FINISHED
from simd.sources.pairs import PHOTOGRAPHS, photographs_named

_PHOTOGRAPHS = (
    AM_2K_FINISHED,
    P3M_10K_FINISHED,
    AIM_500_FINISHED,
    ALPHAMATTING_FINISHED,
    PPM_100_FINISHED,
    RWP_636_FINISHED,
    PHOTOGRAPHS,
)


def _kind_of(origin: str, naming: Naming = NO_NAMING) -> SourceKind:
    if naming != NO_NAMING:
        return photographs_named(naming)
    kind = next((kind for kind in _PHOTOGRAPHS if kind.recognise(origin)), None)
    if kind is None:
        names = ", ".join(kind.name for kind in _PHOTOGRAPHS)
        raise DataError(f"{origin}: colours can be estimated for {names}, and it is none of them")
    return kind


def _list_photographs(origin: str, naming: Naming) -> Index[ForegroundFiles]:
    kind = _kind_of(origin, naming)
    photographs = kind.index_finished(origin)
    records = tuple(
        ForegroundFiles(
            id=f"{kind.name}/{photograph.id}",
            source="estimated",
            file=photograph.image,
            alpha_file=photograph.alpha,
            licence=photograph.licence,
        )
        for photograph in photographs.records
        if not photograph.is_cutout
    )
    if not records and photographs.records:
        raise DataError(f"{origin}: has cut-outs already; give their folder as foregrounds, kind rgba")
    return Index(
        "estimated",
        records,
        photographs.expected,
        {f"{kind.name}/{name}": reason for name, reason in photographs.missing.items()},
        {f"{kind.name}/{name}": reason for name, reason in photographs.broken.items()},
        (f"colours are estimated from the photographs of {kind.title}", *photographs.notes),
        photographs.extra,
        photographs.unnamed,
    )


def _read(foreground: ForegroundFiles) -> tuple[UInt8, UInt8, UInt8 | None]:
    """Read a photograph and its alpha, and estimate the foreground's colours."""
    assert foreground.file is not None
    assert foreground.alpha_file is not None
    check_opaque(foreground.file)
    image, alpha = read_image(foreground.file), read_alpha(foreground.alpha_file)
    if image.shape[:2] != alpha.shape:
        check_pair_size(foreground.file, foreground.alpha_file)
    return np.where((alpha == 255)[..., None], image, estimate_foreground(image, alpha)), alpha, None


def estimate_foreground(image: UInt8, alpha: Matte) -> UInt8:
    """Estimate the foreground's colours, uint8 (H, W, 3), from a photograph and its alpha.

    About 2 s a megapixel. "Fast Multi-Level Foreground Estimation", ICPR 2020, as pymatting has it, with its
    default parameters.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]

    Raises
    ------
    DataError
        If alpha is not a matte, or the image does not fit it.
    """
    as_matte(alpha)
    check_colour(image, alpha.shape)
    from pymatting.foreground.estimate_foreground_ml import estimate_foreground_ml

    levels = estimate_foreground_ml(_as_floats(image), _as_floats(alpha))
    levels *= 255  # in its place: a copy of a large photograph's colours takes hundreds of megabytes
    return np.asarray(np.rint(levels, out=levels).clip(0, 255, out=levels), dtype=np.uint8)


def _as_floats(pixels: Matte) -> npt.NDArray[np.float32]:
    """Return pixels in [0, 1] in the precision that pymatting calculates in."""
    if pixels.dtype == np.uint8:
        table: npt.NDArray[np.float32] = (np.arange(256) / 255.0).astype(np.float32)
        return table[pixels]
    return np.asarray(pixels, np.float32)


def _foregrounds_named(naming: Naming) -> SourceKind:
    def cutouts(origin: str) -> Index[ForegroundFiles]:
        return _list_photographs(origin, naming)

    return SourceKind(
        name="estimated",
        title="Photographs with alpha, their foregrounds' colours estimated",
        layout=f"photographs of {', '.join(kind.name for kind in _PHOTOGRAPHS)}; "
        "their foregrounds' colours are estimated, so it is taken only where --kind names it",
        licence="as the dataset's",
        citation=FOREGROUND_ESTIMATION,
        recognise=lambda _place: False,
        index_files=cutouts,
        index_foregrounds=foregrounds_from(
            cutouts, title=lambda origin: _kind_of(origin, naming).title, by_name=naming != NO_NAMING
        ),
        read=_read,
        named=_foregrounds_named,
        estimates=True,
    )


FOREGROUNDS = _foregrounds_named(NO_NAMING)
