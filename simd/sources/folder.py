"""Plain folders: what lies in one, how files pair up, and photographs to place foregrounds on."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from simd.addresses import LooseNames
from simd.class_tables import ClassTable
from simd.errors import DataError
from simd.files import is_utf8
from simd.formats import unread_note
from simd.image import UInt8, is_image_name, read_alpha, read_header, read_image, read_size
from simd.layer_checks import differing_orientation
from simd.records import UNKNOWN_LICENCE, Background, ForegroundFiles
from simd.sources.index import Index, SourceKind
from simd.sources.photographs import mattes_among
from simd.sources.table import find_table, read_table


def image_files(folder: Path) -> list[Path]:
    """Return the image files below a folder, sorted by their relative name; hidden files are left out."""
    return split_files(folder)[0]


def split_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the images and all else below a folder, both sorted, hidden ones left out.

    All else are files of other kinds, and what is named like an image or linked but is not a file:
    :func:`not_a_file` says what it is.

    Raises
    ------
    DataError
        If a folder may not be listed, or a name is not UTF-8 text.
    """
    images: list[Path] = []
    others: list[Path] = []
    # not rglob, which takes a folder that may not be read for an empty one
    for origin, subfolders, names in os.walk(folder, onerror=_cannot_list):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        others += [p for name in subfolders if (p := Path(origin, name)).is_symlink() or is_image_name(name)]
        for name in names:
            if not name.startswith("."):
                path = Path(origin, name)
                (images if is_image_name(name) and path.is_file() else others).append(path)
    for path in images:
        if not is_utf8(name := str(path.relative_to(folder))):
            raise DataError(f"{folder}: the name of {name!a} is not UTF-8 text; rename the file or folder")
    for files in (images, others):
        files.sort(key=lambda p: p.relative_to(folder).as_posix())
    return images, others


def not_a_file(path: Path) -> str:
    """Return what a path is that is not a file that can be read, "" if it is one."""
    if path.is_dir():
        kind = "link to a folder, which is not followed" if path.is_symlink() else "folder"
        return f"{path}: is a {kind}; images are files"
    if not path.exists():
        return f"{path}: is a link to nowhere; put the file there, or remove the link"
    return "" if path.is_file() else f"{path}: is a pipe, a socket or a device; only files are opened"


def broken_images(others: Iterable[Path], root: Path) -> dict[str, str]:
    """Return what is named like an image or linked, and is not a file, by name, with its reason."""
    reasons = {path.relative_to(root).as_posix(): not_a_file(path) for path in others}
    return {name: reason for name, reason in reasons.items() if reason}


def as_extra(files: Iterable[Path], root: Path) -> tuple[str, ...]:
    """Return files by their names below a folder, for :attr:`Index.extra`."""
    names = (p.relative_to(root).as_posix() for p in files)
    return tuple(name.encode(errors="backslashreplace").decode() for name in names)


def _cannot_list(error: OSError) -> None:
    raise DataError(f"{error.filename}: cannot be listed ({error.strerror})") from error


def unread_partner(stem: str, others: Iterable[Path]) -> str:
    """Return what to say of a partner that is there, but not as an image that is read; else ""."""
    same = next((path for path in others if path.stem == stem), None)
    if same is None:
        return ""
    reason = not_a_file(same).partition(": ")[2].partition(";")[0]
    return f" that is read; {same.name} {reason or 'is not an image of a format that is'}"


def paired(
    id_: str,
    source: str,
    fg: Path,
    alpha: Path,
    broken: dict[str, str],
    licence: str = UNKNOWN_LICENCE,
) -> ForegroundFiles | None:
    """Return the cut-out that two files are; None, and the reason in `broken`, if their sizes differ."""
    try:
        check_pair_size(fg, alpha)
    except DataError as error:
        broken[id_] = str(error)
        return None
    return ForegroundFiles(id=id_, source=source, file=fg, alpha_file=alpha, licence=licence)


def check_pair_size(fg: Path, *mattes: Path) -> None:
    """Refuse an image whose alpha or trimap has another size (DataError); reads their headers only."""
    fg_size = read_size(fg)
    for matte in mattes:
        if (size := read_size(matte)) != fg_size:
            turned = size == fg_size[::-1] and differing_orientation(fg, matte)
            raise DataError(
                f"{fg} is {fg_size[0]} x {fg_size[1]} and {matte} is {size[0]} x {size[1]} (H x W); "
                "the two must be equal, they are never resized to fit" + (f". {turned}" if turned else "")
            )


def by_stem(files: Iterable[Path], broken: dict[str, str], root: Path) -> dict[str, Path]:
    """Return files by their stem; stems that several files share go to `broken`."""
    groups: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        groups[file.stem].append(file)
    for stem, same in groups.items():
        if len(same) > 1:
            names = ", ".join(p.relative_to(root).as_posix() for p in same)
            broken[stem] = f"{names} share one name; keep one of them"
    return {stem: same[0] for stem, same in groups.items() if len(same) == 1}


def with_stems_of(others: Collection[str], files: dict[str, Path]) -> dict[str, Path]:
    """Return files by the stems that others have for them: names may differ in Unicode form or letter case.

    A stem that is among the others is left as it is, and so is one that could mean several.
    """
    free = LooseNames(stem for stem in others if stem not in files)
    meant: dict[str, list[str]] = defaultdict(list)
    for stem in files:
        try:
            other = None if stem in others else free.find(stem)
        except DataError:
            other = None
        meant[stem if other is None else other].append(stem)
    return {stem if len(stems) > 1 else name: files[stem] for name, stems in meant.items() for stem in stems}


def read_pair(foreground: ForegroundFiles) -> tuple[UInt8, UInt8, UInt8 | None]:
    """Read the two files of a foreground; DataError if they are not a pair."""
    assert foreground.file is not None
    assert foreground.alpha_file is not None
    fg, alpha = read_image(foreground.file), read_alpha(foreground.alpha_file)
    if fg.shape[:2] != alpha.shape:
        check_pair_size(foreground.file, foreground.alpha_file)
    return fg, alpha, None


def _recognise_photographs(origin: str) -> bool:
    return Path(origin).is_dir() and bool(image_files(Path(origin)))


def _index_photographs(origin: str) -> Index[Background]:
    root = Path(origin)
    folder = root / "bg" if (root / "bg").is_dir() else root
    table_path = find_table(root)
    table = read_table(table_path, roles=("background",)) if table_path else ClassTable()
    files, others = split_files(folder)
    notes = [f"licences: {table.path}"] if table else []
    licences: dict[Path, str] = {}
    grey: dict[Path, bool] = {}
    broken, left_out = {}, []
    for file in files:
        try:
            entry = table.find(file.stem)
            if table and entry is None:
                left_out.append(file.name)
                continue
            grey[file] = read_header(file).is_grey
        except DataError as error:
            broken[file.relative_to(folder).as_posix()] = str(error)
            continue
        licences[file] = entry.licence if entry else UNKNOWN_LICENCE
    mattes = mattes_among(list(grey), grey)
    broken |= {file.relative_to(folder).as_posix(): reason for file, reason in mattes.items()}
    records = [
        Background(id=file.relative_to(folder).as_posix(), source="folder", file=file, licence=licence)
        for file, licence in licences.items()
        if file not in mattes
    ]
    if left_out:
        names = ", ".join(left_out[:5])
        notes.append(f"{len(left_out)} images that {table.path} does not call a background left out: {names}")
    broken |= broken_images(others, folder)
    others = [path for path in others if not not_a_file(path)]
    expected = len(records) + len(broken)
    notes += [note] if (note := unread_note(others)) else []
    extra = as_extra((p for p in others if p != table_path), folder)
    return Index("folder", tuple(records), expected, broken=broken, notes=tuple(notes), extra=extra)


BACKGROUNDS = SourceKind(
    name="folder",
    title="A plain folder",
    layout="photographs, in the folder, below it, or in its bg/",
    licence="as the CSV file says",
    citation="",
    recognise=_recognise_photographs,
    index_backgrounds=_index_photographs,
)
