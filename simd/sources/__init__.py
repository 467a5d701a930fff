"""Where foregrounds and backgrounds come from: one module a kind, each with its layout declared.

========= =========== ==========================================================================
kind      gives       layout
========= =========== ==========================================================================
folder    both        ``fg/`` and ``alpha/`` with equal stems; or a folder of photographs
simd      foregrounds the SIMD release: ``<class>/fg/`` and ``<class>/alpha/`` with equal names
adobe     foregrounds Adobe's Combined_Dataset, or one of its two halves
rgba      foregrounds cut-outs: images with transparency
estimated foregrounds photographs with alpha, the foreground's colours estimated
synthetic foregrounds none: drawn by the built-in generator; synthetic-mixed has several classes each
voc       backgrounds PASCAL VOC 2012
coco      backgrounds MS COCO 2014 or 2017
builtin   backgrounds none: photographs inside installed libraries
scenes    backgrounds none: drawn by the built-in generator; open adds the photographs of builtin
========= =========== ==========================================================================

In files named after their kind; simd_release holds `simd`, generated what is drawn. What kinds share: index
(what a source says of itself, and what was seen in a folder), layout (declared layouts), links (none may
lead out, images are files), table (the CSV file of classes and licences), classified (cut-outs with their
classes), lists (``class:fg:bg``), composite_names (``<fg>_<k>``), licences, photographs (told from mattes).

outputs is the guard of all that is written: nothing goes into a source, a set or a folder of mattes.

Distinctions-646, AM-2k, P3M-10k, AIM-500, alphamatting.com and BG-20k are declared in
:mod:`~simd.sources.declared`, images that others have composed in
:mod:`~simd.sources.composed`. :data:`FINISHED` are images with their alpha, which `simd import`
turns into a set.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import NamedTuple

from simd.class_tables import ClassTable
from simd.errors import DataError
from simd.files import as_path, check_not_root, no_such_folder
from simd.formats import unread_note
from simd.image import UPRIGHT, Reader, UInt8, check_opaque
from simd.records import Background, Foreground, ForegroundFiles
from simd.sources.folder import split_files
from simd.sources.index import Finished, Index, SourceKind
from simd.sources.links import checked_index
from simd.sources.photographs import check_photograph, pair_hint, why_no_photographs
from simd.taxonomy import suggest

FOREGROUNDS = {
    "folder": "simd.sources.folder:FOREGROUNDS",
    "simd": "simd.sources.simd_release:FOREGROUNDS",
    "adobe": "simd.sources.adobe:FOREGROUNDS",
    "distinctions-646": "simd.sources.declared:DISTINCTIONS_646_FOREGROUNDS",
    "am-2k": "simd.sources.declared:AM_2K_FOREGROUNDS",
    "p3m-10k": "simd.sources.declared:P3M_10K_FOREGROUNDS",
    "estimated": "simd.sources.estimated:FOREGROUNDS",
    "rgba": "simd.sources.rgba:FOREGROUNDS",
    "synthetic": "simd.sources.generated:FOREGROUNDS",
    "synthetic-mixed": "simd.sources.generated:MIXED",
}
BACKGROUNDS = {
    "coco": "simd.sources.coco:BACKGROUNDS",
    "voc": "simd.sources.voc:BACKGROUNDS",
    "bg-20k": "simd.sources.declared:BG_20K_BACKGROUNDS",
    "folder": "simd.sources.folder:BACKGROUNDS",
    "builtin": "simd.sources.builtin:BACKGROUNDS",
    "scenes": "simd.sources.scenes:SCENES",
    "open": "simd.sources.scenes:OPEN",
}
FINISHED = {
    "composition-1k": "simd.sources.composed:COMPOSITION_1K",
    "simd-composed": "simd.sources.composed:SIMD_COMPOSED",
    "am-2k": "simd.sources.declared:AM_2K_FINISHED",
    "p3m-10k": "simd.sources.declared:P3M_10K_FINISHED",
    "aim-500": "simd.sources.declared:AIM_500_FINISHED",
    "alphamatting": "simd.sources.declared:ALPHAMATTING_FINISHED",
}
TABLES = {"foregrounds": FOREGROUNDS, "backgrounds": BACKGROUNDS, "finished": FINISHED}
"""What a kind gives, to the kinds that give it."""


class Pixels(NamedTuple):
    """The pixels of a foreground."""

    fg: UInt8  # (H, W, 3)
    alpha: UInt8  # (H, W)
    class_mask: UInt8 | None  # (H, W), where the source has regions


def kinds(table: Mapping[str, str]) -> list[SourceKind]:
    """Load every kind of a table, in its order."""
    return [_load(target) for target in table.values()]


def find_kind(role: str, name: str) -> SourceKind:
    """Return a kind by its name; `role` is a key of :data:`TABLES`."""
    return _load(TABLES[role][name])


def index_foregrounds(
    origin: str, kind: str | None = None, *, classes: Path | ClassTable | None = None
) -> Index[Foreground]:
    """List the foregrounds of a folder, with what is missing and broken.

    Parameters
    ----------
    origin : str
        A folder, or ``"synthetic"`` / ``"synthetic:PER_CLASS@SIZE:SPLIT"`` for the built-in generator.
    kind : str, optional
        A key of :data:`FOREGROUNDS`; without it the folder's layout decides.
    classes : Path or ClassTable, optional
        A CSV file with classes, licences and kinds of alpha (:mod:`simd.sources.table`), or what was read
        from one.

    Raises
    ------
    DataError
        If the folder is missing or has no known layout, or what is drawn is given a CSV file.
    """
    source = _find(FOREGROUNDS, origin, kind, "foregrounds")
    if isinstance(classes, Path) and is_drawn(origin):
        raise DataError(f"{origin}: what is drawn has classes of its own; leave the file of classes out")
    return checked_index(source.index_foregrounds(origin, classes), origin)


def index_foreground_files(origin: str) -> Index[ForegroundFiles]:
    """List the foregrounds of a folder as :func:`index_foregrounds` does, whatever their classes."""
    kind = _find(FOREGROUNDS, origin, None, "foregrounds")
    if kind.index_files is not None:
        return checked_index(kind.index_files(origin), origin)
    index = kind.index_foregrounds(origin, None)  # its names say the classes
    # not Index[...](...), which sets an attribute that a record with slots has no place for
    files: Index[ForegroundFiles] = Index(
        index.kind, index.records, index.expected, index.missing, index.broken
    )
    return checked_index(files, origin)


def index_backgrounds(origin: str, kind: str | None = None) -> Index[Background]:
    """List the backgrounds of a folder, ``"builtin"`` or ``"open:PER_KIND@SIZE:SPLIT"``.

    See :func:`index_foregrounds`. A folder that fits no layout is taken as one of photographs, unless it
    looks like one of mattes or of foregrounds with their mattes (:mod:`simd.sources.photographs`); kind
    "folder" says that it is one, and then only the mattes among them are broken.
    """
    source = _find(BACKGROUNDS, origin, kind, "backgrounds")
    index = checked_index(source.index_backgrounds(origin), origin)
    folder = Path(origin)
    if source.name == "folder" and kind is None and not (folder / "bg").is_dir():
        files = [background.file for background in index.records if background.file is not None]
        if reason := why_no_photographs(folder, [*files, *(folder / name for name in index.broken)]):
            raise DataError(
                f"{reason}. If these are photographs to place things on, say so: --background-kind folder "
                "(--kind folder where a command has no other kind)"
            )
    return index


def index_finished(origin: str, kind: str | None = None) -> Index[Finished]:
    """List the images of a folder that have their alpha already; see :func:`index_foregrounds`."""
    index = _find(FINISHED, origin, kind, "image-alpha pairs").index_finished(origin)
    return checked_index(index, origin)


def check_named(origin: str | None, kind: str | None, classes: str | Path | None) -> None:
    """Refuse a kind or classes of foregrounds that are not named (DataError): nothing would read them."""
    if origin is None and (kind or classes):
        given = "a kind" if kind else str(classes)
        raise DataError(f"{given}: is of foregrounds, and none are named; name them with --foregrounds")


def recognise_kind(table: Mapping[str, str], origin: str) -> str | None:
    """Return the kind whose layout a folder has, if there is one."""
    try:
        return next((name for name, target in table.items() if _load(target).recognise(origin)), None)
    except OSError as error:
        raise DataError(f"{origin}: cannot be read ({error.strerror})") from error


def read_foreground(foreground: ForegroundFiles, reader: Reader = UPRIGHT) -> Pixels:
    """Read, or draw, the pixels of a foreground; DataError where its files are not a pair.

    A protocol may ask for a reader of its own, which reads what lies in a pair of files.
    """
    kind = find_kind("foregrounds", foreground.source)
    if reader == UPRIGHT or kind.estimates or foreground.file is None or foreground.alpha_file is None:
        return Pixels(*kind.read(foreground))
    fg, alpha = reader.colour(foreground.file), reader.alpha(foreground.alpha_file)
    if fg.shape[:2] != alpha.shape:
        raise DataError(
            f"{foreground.file} is {fg.shape[0]} x {fg.shape[1]} and {foreground.alpha_file} is "
            f"{alpha.shape[0]} x {alpha.shape[1]} (H x W); they must be equal, they are never resized to fit"
        )
    return Pixels(fg, alpha, None)


def read_background(background: Background, reader: Reader = UPRIGHT) -> UInt8:
    """Read, or draw, the pixels of a background, uint8 (H, W, 3); a protocol may have its own reader."""
    if background.file is None:
        return find_kind("backgrounds", background.source).read_background(background)
    check_opaque(background.file)
    pixels = reader.colour(background.file)
    if background.source == "folder":
        check_photograph(background.file, pixels)
    return pixels


def official_trimap(foreground: Foreground, k: int) -> Path | None:
    """Return the trimap that a source supplies for a foreground's k-th composite, if it does."""
    return find_kind("foregrounds", foreground.source).official_trimap(foreground, k)


def _find(table: Mapping[str, str], origin: str, kind: str | None, what: str) -> SourceKind:
    if kind is not None and kind not in table:
        raise DataError(f"unknown kind of {what} {kind!r}{suggest(kind, table)}")
    if not is_drawn(origin):
        _check_folder(as_path(origin, f"the folder of {what}"), what)
    name = kind or recognise_kind(table, origin)
    if name is None:
        layouts = "\n".join(f"  {k.name}: {k.layout}" for k in kinds(table))
        images, others = ([], []) if is_drawn(origin) else split_files(Path(origin))
        unread, pairs = unread_note(others), pair_hint(Path(origin), images)
        holds = (f"; it holds {unread}" if unread else "") + (f"; {pairs}" if pairs else "")
        raise DataError(f"{origin}: no known layout of {what}{holds}; known are\n{layouts}")
    return _load(table[name])


def is_drawn(origin: str) -> bool:
    """Tell whether an origin is built in, not a folder: its name alone, or with ``:`` or ``@`` behind it."""
    name, *orders = re.split("[:@]", origin)
    return name in ("synthetic", "builtin") or (
        bool(orders) and name in ("synthetic-mixed", "scenes", "open")
    )


def _check_folder(folder: Path, what: str) -> None:
    check_not_root(folder)
    try:
        next(folder.iterdir(), None)  # globbing would take a folder that may not be read for an empty one
    except FileNotFoundError:
        raise no_such_folder(folder, f"{what} are") from None
    except NotADirectoryError:
        raise DataError(f"{folder}: is not a folder; {what} are expected there") from None
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); {what} are expected there") from error


def _load(target: str) -> SourceKind:
    kind: SourceKind = resolve_name(target)
    return kind
