"""Tell photographs from mattes: what fits no layout is not a folder of backgrounds, whatever is in it.

A plain folder is judged when it is listed, by the headers of all files and the pixels of a few; a file is
looked at once more when its turn comes to be read (:func:`check_photograph`).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.errors import DataError
from simd.files import real_path
from simd.formats import is_image_name
from simd.image import UInt8, channels_differ_by, read_image, read_size

_SAMPLED = 8  # files of a folder that speak for all of it
_FOLDERS = 256  # folders whose files are sampled
_DECODED = 64  # grey files that are decoded when a folder is listed
_BESIDE = 64  # folders beside a folder that are looked at
_PIXELS = 2**16  # of a picture, evenly spread, that tell what it is
_CHANNELS_AGREE = 2  # levels, as for a matte that is saved with three channels
_AT_AN_END, _OF_EACH_END, _OF_BOTH = 4, 0.02, 0.5
_MATTE_NAME = re.compile(r"(?i)[-_. ](alpha|matte|mask|pha|trimap)$")
_NAMES_OF_MATTES = re.compile(r"(?i)(.*[-_. ])?(alpha|matte|mask|pha|trimap|gt|ground[-_ ]?truth)s?\b")
_NAMES_OF_BACKGROUNDS = re.compile(r"(?i)(bgr?|backgrounds?)s?$")
_AS_PAIRS = (
    "name the two fg/ and alpha/, or say which holds the mattes (--alpha-dir NAME; --kind "
    "'folder?alpha-dir=NAME' where a command has no such option), and give the folder that holds them as "
    "--foregrounds"
)


def is_matte(pixels: UInt8) -> bool:
    """Tell whether a picture, uint8 (H, W, 3), is grey and mostly 0 and 255, as mattes are.

    More than half of its pixels are within 4 levels of 0 or of 255, and 2 % at least at each end. Of 98
    photographs turned grey none is like that; of 120 mattes five in six are, the others (smoke, glass, cloth)
    are as soft as photographs. A plain black or white picture has one end, and is none.
    """
    pixels = _thinned(pixels)
    if not _is_grey(pixels):
        return False
    black, white = np.mean(pixels[..., 1] <= _AT_AN_END), np.mean(pixels[..., 1] >= 255 - _AT_AN_END)
    return bool(min(black, white) >= _OF_EACH_END and black + white > _OF_BOTH)


def check_photograph(path: Path, pixels: UInt8) -> None:
    """Refuse the pixels of a file that are those of a matte, not of a photograph (DataError)."""
    if is_matte(pixels):
        raise DataError(_why_matte(path))


def why_no_photographs(folder: Path, files: Sequence[Path]) -> str:
    """Say why the pictures in and below a folder are hardly a folder of photographs; "" if they may be one.

    That is so where all are grey, where a folder in it holds mattes or grey pictures under the names of
    another's, and where such a folder lies beside it and is called alpha, pha, masks or the like.
    """
    groups = _by_folder(files)
    samples = _samples(groups)
    grey = [inner for inner, sample in samples.items() if sample.is_grey]
    if len(files) > 1 and grey and not any(sample.has_colour for sample in samples.values()):
        return (
            f"{folder}: all of its pictures are grey, as mattes are. If they are mattes, they go into alpha/ "
            "and their foregrounds into fg/ beside it, under the same names"
        )
    if paired := _paired(folder, groups, samples):
        return f"{folder}: {paired}, not like backgrounds; {_AS_PAIRS}"
    for inner in grey:
        if samples[inner].holds_mattes and len(groups[inner]) > 1:
            name = inner.relative_to(folder).as_posix()
            return (
                f"{folder}: the pictures in {name}/ look like mattes: they are grey, and mostly 0 and 255; "
                "name the folder of the photographs alone"
            )
    if beside := _mattes_beside(folder, files):
        return (
            f"{folder}: {beside} beside it holds grey pictures of the same names and sizes, so these look "
            f"like foregrounds and those like their mattes; if they are, {_AS_PAIRS}"
        )
    return ""


def pair_hint(folder: Path, files: Sequence[Path]) -> str:
    """Say which folders in a folder look like foregrounds and their mattes, and what to do; else ""."""
    groups = _by_folder(files)
    paired = _paired(folder, groups, _samples(groups))
    return f"{paired}; if so, {_AS_PAIRS}" if paired else ""


def mattes_among(files: Sequence[Path], grey: Mapping[Path, bool]) -> dict[Path, str]:
    """Return which of some photographs are mattes, with the reason.

    Looked at are those that are grey by their header, as `grey` says: all that are named as another picture
    beside them, and up to 64 others; all others, if one of these is a matte.
    """
    candidates = [file for file in files if grey[file]]
    coloured = {(file.parent, file.stem): file for file in files if not grey[file]} if candidates else {}
    reasons: dict[Path, str] = {}
    for file in candidates:
        partner = coloured.get((file.parent, file.stem))
        partner = partner or coloured.get((file.parent, _MATTE_NAME.sub("", file.stem)))
        if partner is not None:
            reasons[file] = (
                f"{file}: is grey and named as {partner.name} beside it, so it looks like its matte; "
                "a background is a photograph: leave it out"
            )
    others = [file for file in candidates if file not in reasons]
    sampled = _spread(others, _DECODED)
    if mattes := [file for file in sampled if _holds_matte(file)]:
        mattes += [file for file in sorted(set(others).difference(sampled)) if _holds_matte(file)]
    return reasons | {file: _why_matte(file) for file in mattes}


def _why_matte(path: Path) -> str:
    return (
        f"{path}: looks like a matte: it is grey, and mostly 0 and 255; a background is a photograph: "
        "leave it out"
    )


class _Sample(NamedTuple):
    """What some pictures of a folder say of it; plain ones say nothing."""

    has_colour: bool
    is_grey: bool  # each of them
    holds_mattes: bool  # most of them


def _samples(groups: Mapping[Path, Sequence[Path]]) -> dict[Path, _Sample]:
    return {folder: _sample(files) for folder, files in islice(groups.items(), _FOLDERS)}


def _sample(files: Sequence[Path]) -> _Sample:
    grey = mattes = 0
    for pixels in _decoded(_spread(files, _SAMPLED)):
        if not _is_grey(pixels):
            return _Sample(has_colour=True, is_grey=False, holds_mattes=False)
        grey += int(np.ptp(pixels)) > _CHANNELS_AGREE
        mattes += is_matte(pixels)
    return _Sample(has_colour=False, is_grey=grey > 0, holds_mattes=2 * mattes > grey)


def _decoded(files: Sequence[Path]) -> Iterator[UInt8]:
    for file in files:
        try:
            yield _thinned(read_image(file))
        except DataError:
            continue  # it is named when its turn comes


def _holds_matte(file: Path) -> bool:
    return any(map(is_matte, _decoded([file])))


def _thinned(pixels: UInt8) -> UInt8:
    step = max(1, int((pixels.shape[0] * pixels.shape[1] / _PIXELS) ** 0.5))
    return pixels[::step, ::step]


def _is_grey(pixels: UInt8) -> bool:
    return channels_differ_by(pixels) <= _CHANNELS_AGREE


def _paired(folder: Path, groups: Mapping[Path, Sequence[Path]], samples: Mapping[Path, _Sample]) -> str:
    """Say which folder holds grey pictures under the names of another's, "" where none does."""
    for mattes in (inner for inner, sample in samples.items() if sample.is_grey):
        names = {file.stem for file in groups[mattes]}
        for colours in (inner for inner, sample in samples.items() if sample.has_colour):
            common = names.intersection(file.stem for file in groups[colours])
            if 2 * len(common) >= min(len(names), len(groups[colours])):
                one, other = (_shown(inner, folder) for inner in (colours, mattes))
                return (
                    f"{one} and {other} hold pictures of the same names, and those in {other} are grey: they "
                    "look like foregrounds, or photographs of them, and their mattes"
                )
    return ""


def _shown(inner: Path, folder: Path) -> str:
    return f"{inner.relative_to(folder).as_posix()}/" if inner != folder else "the folder itself"


def _mattes_beside(folder: Path, files: Sequence[Path]) -> str:
    """Return the folder, of mattes by its name, that has grey pictures of the same names and sizes; or ""."""
    whole = real_path(folder)
    if _NAMES_OF_BACKGROUNDS.match(whole.name):
        return ""  # a background may be named as the foreground that goes on it
    sampled = _spread(files, _SAMPLED)
    try:
        names = [path for path in whole.parent.iterdir() if _NAMES_OF_MATTES.match(path.name)]
    except OSError:
        return ""
    for other in sorted(path for path in names if path != whole)[:_BESIDE]:
        folders = {file: other / file.relative_to(folder).parent for file in sampled}
        pictures = {inner: _pictures_by_stem(inner) for inner in set(folders.values())}
        partners = [_partner(pictures[folders[file]], file) for file in sampled]
        same = [partner for partner in partners if partner is not None]
        if same and 2 * len(same) >= len(sampled) and _sample(same).is_grey:
            return f"{other.name}/"
    return ""


def _partner(pictures: Mapping[str, Sequence[Path]], file: Path) -> Path | None:
    """Return the picture that is named as a file, or as its matte, if it has its size."""
    for partner in pictures.get(file.stem.casefold(), ()):
        try:
            if read_size(partner) == read_size(file):
                return partner
        except (DataError, OSError):
            continue
    return None


def _pictures_by_stem(folder: Path) -> dict[str, list[Path]]:
    """Return the pictures in a folder by their stems, in small letters and without a matte's suffix."""
    pictures: dict[str, list[Path]] = defaultdict(list)
    try:
        paths = sorted(path for path in folder.iterdir() if is_image_name(path.name) and path.is_file())
    except OSError:
        return {}
    for path in paths:
        pictures[_MATTE_NAME.sub("", path.stem).casefold()].append(path)
    return pictures


def _by_folder(files: Sequence[Path]) -> dict[Path, list[Path]]:
    folders: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        folders[file.parent].append(file)
    return folders


def _spread(files: Sequence[Path], count: int) -> list[Path]:
    """Return some of the files, evenly spread over all of them."""
    return [files[k * len(files) // count] for k in range(count)] if len(files) > count else list(files)
