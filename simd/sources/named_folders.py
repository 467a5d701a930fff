"""Datasets whose folders are called as anybody's: the name of the folder that holds them tells them.

``fg/`` and ``alpha/``, or ``image/`` and ``matte/``, say nothing of whose they are, and a licence that is
guessed is a wrong one. Where the folder has another name, `--kind` says it. Counts that no source of the
layout states are `general`.
"""

from dataclasses import replace
from re import IGNORECASE, fullmatch

from simd.errors import DataError
from simd.files import real_path
from simd.records import ForegroundFiles
from simd.sources.classified import foregrounds_from
from simd.sources.declared import foregrounds_of, pairs_of
from simd.sources.index import Index, SourceKind
from simd.sources.layout import Layout, Part
from simd.sources.rgba import FOREGROUNDS as RGBA

TRANSPARENT_460 = Layout(
    name="transparent-460",
    title="Transparent-460",
    parts=tuple(
        Part(name=name, roots=(name,), layers={"fg": "fg/*", "alpha": "alpha/*"}, count=count)
        for name, count in (("Train", 410), ("Test", 50))
    ),
    total=460,
    called=r"trans(parent)?[-_ ]?460.*",
    licence="Transparent-460: for research, on request",
    citation='Cai et al., "TransMatting: Enhancing Transparent Objects Matting with Transformers", ECCV 2022',
    ask="https://github.com/AceCHQ/TransMatting (on request)",
)

PPM_100 = Layout(
    name="ppm-100",
    title="PPM-100",
    parts=(Part(name="", layers={"image": "image/*", "alpha": "matte/*"}, count=100),),
    called=r"ppm[-_ ]?100.*",
    licence="PPM-100: mattes CC BY-NC-SA 4.0, photographs from Flickr, commercial use and changes allowed",
    citation='Ke et al., "MODNet: Real-Time Trimap-Free Portrait Matting via Objective Decomposition", '
    "AAAI 2022",
    ask="https://github.com/ZHKKKe/PPM",
)

RWP_636 = Layout(
    name="rwp-636",
    title="RealWorldPortrait-636",
    parts=(Part(name="", layers={"image": "image/*", "alpha": "alpha/*"}, count=636),),
    called=r"(rwp|real[-_ ]?world[-_ ]?portrait)[-_ ]?636.*",
    licence="none is known; ask its authors",
    licensed=False,
    citation='Yu et al., "Mask Guided Matting via Progressive Refinement Network", CVPR 2021',
    ask="https://github.com/yucornetto/MGMatting",
)

VIDEO_MATTE_240K = Layout(
    name="videomatte240k",
    title="VideoMatte240K, as frames",
    parts=tuple(
        Part(name=name, roots=roots, layers={"fg": "fgr/*", "alpha": "pha/*"}, nested=True)
        for name, roots in (("train", ("train",)), ("test", ("test", "valid")))
    ),
    hearsay="240,709 frames of 484 clips",
    called=r"video[-_ ]?matte[-_ ]?240k.*",
    caution="the frames of one clip show one object, and no interval knows that: take one frame of each "
    "clip, by a selection or a list",
    licence="VideoMatte240K: ask its authors",
    licensed=False,
    citation='Lin et al., "Real-Time High-Resolution Background Matting", CVPR 2021',
    ask="https://github.com/PeterL1n/BackgroundMattingV2 (JPEG_SD or JPEG_HD; videos are to be cut first)",
)

_PHOTO_MATTE = 85


def _photo_matte(origin: str) -> Index[ForegroundFiles]:
    assert RGBA.index_files is not None
    index = RGBA.index_files(origin)
    if not index.records:
        raise DataError(f"{origin}: is not PhotoMatte85; its layout is {PHOTO_MATTE_85_FOREGROUNDS.layout}")
    missing = max(0, _PHOTO_MATTE - index.expected)
    notes = index.notes
    if index.expected != _PHOTO_MATTE:
        notes = (*notes, f"PhotoMatte85 (known to hold {_PHOTO_MATTE}), here are {index.expected}")
    return replace(
        index,
        kind="photomatte85",
        records=tuple(replace(record, source="photomatte85") for record in index.records),
        expected=index.expected + missing,
        notes=notes,
        unnamed=missing,
    )


def _is_photo_matte(origin: str) -> bool:
    called = fullmatch(r"photo[-_ ]?matte[-_ ]?85.*", real_path(origin).name, IGNORECASE)
    return bool(called) and RGBA.recognise(origin)


TRANSPARENT_460_FOREGROUNDS = foregrounds_of(TRANSPARENT_460)
VIDEO_MATTE_240K_FOREGROUNDS = foregrounds_of(VIDEO_MATTE_240K)
PPM_100_FINISHED = pairs_of(PPM_100)
RWP_636_FINISHED = pairs_of(RWP_636)
PHOTO_MATTE_85_FOREGROUNDS = SourceKind(
    name="photomatte85",
    title="PhotoMatte85",
    layout="<name>.png, images with transparency, in a folder called PhotoMatte85; classes by --classes",
    licence="none is known; ask its authors",
    citation=VIDEO_MATTE_240K.citation,
    ask="https://github.com/PeterL1n/BackgroundMattingV2",
    counts=f"{_PHOTO_MATTE}",
    recognise=_is_photo_matte,
    index_files=_photo_matte,
    index_foregrounds=foregrounds_from(_photo_matte, title=lambda _place: "PhotoMatte85"),
    read=RGBA.read,
)
