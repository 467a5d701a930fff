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

In files named after their kind; simd_release holds `simd`, generated what is drawn, pairs foregrounds and
photographs of `folder` with their mattes, under the names that everyday knows. What kinds share: index (what
a source says of itself, and what was seen in a folder), layout (declared layouts), levels (datasets named one
level too high or too low), links (none may lead out, images are files), table (the CSV file of classes and
licences), classified (cut-outs with their classes), lists (``class:fg:bg``), composite_names (``<fg>_<k>``),
licences, photographs (told from mattes).

outputs is the guard of all that is written: nothing goes into a source, a set or a folder of mattes.

Distinctions-646, AM-2k, P3M-10k, AIM-500, alphamatting.com and BG-20k are declared in
:mod:`~simd.sources.declared`; Transparent-460, PPM-100, RealWorldPortrait-636, VideoMatte240K and
PhotoMatte85 in :mod:`~simd.sources.named_folders`; HIM2K and RefMatte in :mod:`~simd.sources.instances`;
mirrors in parquet are read by :mod:`~simd.sources.parquet`, images that others have composed by
:mod:`~simd.sources.composed`. :data:`FINISHED` are images with their alpha, which `simd import` turns into a
set.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from typing import NamedTuple

from simd.class_tables import ClassTable
from simd.dataset.manifest import INFO_NAME
from simd.errors import DataError, first_of
from simd.files import as_path, check_not_root, no_such_folder
from simd.formats import unread_note
from simd.image import UPRIGHT, Reader, UInt8, check_opaque
from simd.records import Background, Foreground, ForegroundFiles
from simd.sources.everyday import Naming, find_places, parse_naming, unpaired
from simd.sources.folder import split_files
from simd.sources.index import Finished, Index, SourceKind
from simd.sources.levels import Kinds, Nearby, dataset_above, datasets_below
from simd.sources.links import checked_index
from simd.sources.photographs import check_photograph, pair_hint, why_no_photographs
from simd.sources.table import find_table
from simd.taxonomy import class_name, suggest

FOREGROUNDS = {
    "folder": "simd.sources.pairs:FOREGROUNDS",
    "simd": "simd.sources.simd_release:FOREGROUNDS",
    "adobe": "simd.sources.adobe:FOREGROUNDS",
    "distinctions-646": "simd.sources.declared:DISTINCTIONS_646_FOREGROUNDS",
    "am-2k": "simd.sources.declared:AM_2K_FOREGROUNDS",
    "p3m-10k": "simd.sources.declared:P3M_10K_FOREGROUNDS",
    "transparent-460": "simd.sources.named_folders:TRANSPARENT_460_FOREGROUNDS",
    "videomatte240k": "simd.sources.named_folders:VIDEO_MATTE_240K_FOREGROUNDS",
    "photomatte85": "simd.sources.named_folders:PHOTO_MATTE_85_FOREGROUNDS",
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
    "alphamatting-trimap2": "simd.sources.declared:ALPHAMATTING_TRIMAP2_FINISHED",
    "ppm-100": "simd.sources.named_folders:PPM_100_FINISHED",
    "rwp-636": "simd.sources.named_folders:RWP_636_FINISHED",
    "him2k": "simd.sources.instances:HIM2K_FINISHED",
    "refmatte": "simd.sources.instances:REFMATTE_FINISHED",
    "parquet": "simd.sources.parquet:FINISHED",
    "folder": "simd.sources.pairs:PHOTOGRAPHS",
    "rgba": "simd.sources.pairs:WHOLE_CUTOUTS",
}
_GIVES = {"foregrounds": FOREGROUNDS, "image-alpha pairs": FINISHED, "backgrounds": BACKGROUNDS}
_AS_FOLDER = {
    "foregrounds": "--kind folder",
    "image-alpha pairs": "--kind folder",
    "backgrounds": "--background-kind folder (--kind folder where a command has no other kind)",
}
_EVERYDAY = {
    "plain foregrounds": "foregrounds and their mattes",
    "plain pairs": "photographs and their mattes",
}
_NAMED = 4  # datasets that a message names
PLAIN_KINDS = ("folder", "rgba", "parquet")
"""Kinds whose layout says nothing of whose the images are."""
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


def with_names(kind: str | None, alpha_dir: str | Path | None, alpha_suffix: str | None) -> str | None:
    """Return a kind with what the user says of the names of mattes behind it: ``folder?alpha-dir=mattes``.

    Everything that takes a kind takes it so. Without names the kind stays as it is.

    Examples
    --------
    >>> with_names(None, "my mattes", None), with_names("adobe", None, None)
    ('folder?alpha-dir=my+mattes', 'adobe')
    """
    if not (query := Naming(str(alpha_dir or ""), alpha_suffix or "").query()):
        return kind
    if "?" in (kind or ""):
        raise DataError(f"{kind}: names the mattes already; leave --alpha-dir and --alpha-suffix out")
    return f"{kind or 'folder'}{query}"


def index_foregrounds(
    origin: str,
    kind: str | None = None,
    *,
    classes: Path | ClassTable | None = None,
    class_: str | None = None,
) -> Index[Foreground]:
    """List the foregrounds of a folder, with what is missing and broken.

    Parameters
    ----------
    origin : str
        A folder, or ``"synthetic"`` / ``"synthetic:PER_CLASS@SIZE:SPLIT"`` for the built-in generator.
    kind : str, optional
        A key of :data:`FOREGROUNDS`, perhaps :func:`with_names`; without it the folder's layout decides.
    classes : Path or ClassTable, optional
        A CSV file with classes, licences and kinds of alpha (:mod:`simd.sources.table`), or what was read
        from one.
    class_ : str, optional
        The class of the foregrounds whose class neither the CSV file, nor their folder, nor their name says.
        Without, they have none yet.

    Raises
    ------
    DataError
        If the folder is missing or has no known layout, or what is drawn is given a CSV file or a class.
    """
    source = _find(FOREGROUNDS, origin, kind, "foregrounds")
    if (isinstance(classes, Path) or class_ is not None) and is_drawn(origin):
        raise DataError(f"{origin}: what is drawn has classes of its own; leave the file of classes out")
    if class_ is None:
        return checked_index(source.index_foregrounds(origin, classes), origin)
    stated = (class_name(class_),)
    if classes is None and find_table(Path(origin)) is None:
        classes = ClassTable()  # no file is needed
    index = checked_index(source.index_foregrounds(origin, classes), origin)
    return replace(
        index, records=tuple(fg if fg.classes else replace(fg, classes=stated) for fg in index.records)
    )


def unlabelled_note(foregrounds: Collection[Foreground]) -> str:
    """Say how many foregrounds have no class yet, and how they get one; ``""`` if all have."""
    without = sum(not fg.classes for fg in foregrounds)
    if not without:
        return ""
    return (
        f"{without} have no class yet: name one for all of them (--class NAME), or fill in a CSV file for "
        "--classes (simd index FOLDER --write-classes FILE)"
    )


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
        note = _check_level(origin, "backgrounds")
        if note:
            index = replace(index, notes=(*index.notes, note))
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
    base, _, query = (kind or "").partition("?")
    if kind is not None and base not in table:
        raise DataError(f"unknown kind of {what} {base!r}{suggest(base, table)}")
    if not is_drawn(origin):
        _check_folder(as_path(origin, f"the folder of {what}"), what)
    name = base or recognise_kind(table, origin)
    if name is None:
        images, others = ([], []) if is_drawn(origin) else split_files(Path(origin))
        unread, reason = unread_note(others), "" if is_drawn(origin) else _why_unknown(origin, what)
        pairs = "" if reason else pair_hint(Path(origin), images)
        hints = (f"it holds {unread}" if unread else "", reason, pairs)
        message = "; ".join([f"{origin}: no known layout of {what}", *filter(None, hints)])
        if reason:
            raise DataError(f"{message} (simd index lists the layouts)")
        layouts = "\n".join(f"  {k.name}: {k.layout}" for k in kinds(table))
        raise DataError(f"{message}; known are\n{layouts}")
    source = _load(table[name])
    if kind is None and name == "folder" and what != "backgrounds":
        _check_level(origin, what)
    if query and source.named is None:
        raise DataError(f"{kind}: mattes are named in plain folders (kind folder), not in {name}")
    return source.named(parse_naming(query)) if query and source.named is not None else source


def _check_level(origin: str, what: str) -> str:
    """Refuse a part of a dataset, and a folder of datasets, in place of one (DataError).

    Photographs for backgrounds are as good in a part: then what is to say is returned.
    """
    folder = Path(origin)
    if above := dataset_above(folder, _datasets()):
        message = f"{origin}: is a part of {above.kind.title}; name the whole, {above.root}"
        if above.gives == what == "backgrounds":
            return f"{message}, for its licences and its own names"
        raise DataError(f"{message}, or say that it is a plain folder: {_AS_FOLDER[what]}")
    if what == "backgrounds" and (below := datasets_below(folder, _datasets(everyday=True))):
        message = f"{origin}: holds {_listed(below)}"
        if all(nearby.gives == what for nearby in below):
            return f"{message}; name that folder, for its licences and its own names"
        raise DataError(f"{message}; name that folder, or say that all are photographs: {_AS_FOLDER[what]}")
    if what == "backgrounds" and (reason := unpaired(folder)):
        raise DataError(f"{origin}: {reason}. If all are photographs, say so: {_AS_FOLDER[what]}")
    return ""


def _why_unknown(origin: str, what: str) -> str:
    """Say what a folder without a known layout is instead, and what to do; "" where nobody knows."""
    folder = Path(origin)
    if (folder / INFO_NAME).is_file():
        return "it is a set already"
    if what == "foregrounds" and (name := recognise_kind(FINISHED, origin)):
        return (
            f"it holds image-alpha pairs ({name}), photographs with their mattes: simd import makes a set of "
            "them; --kind estimated takes what they show as foregrounds, the colours estimated; --kind "
            "folder takes the colours as they are, for pictures that show no background"
        )
    if what == "image-alpha pairs" and (name := recognise_kind(FOREGROUNDS, origin)):
        asked = (
            "cut-outs that show their photograph under alpha 0, say --kind rgba"
            if name == "rgba"
            else "photographs with their background, say --kind folder"
        )
        return f"it holds foregrounds ({name}): simd build places them on backgrounds; if they are {asked}"
    if above := dataset_above(folder, _datasets()):
        return f"it is a part of {above.kind.title}: name the whole, {above.root}"
    for role in ("fg", "image"):
        places = find_places(folder.parent, role) if folder.name else None
        if places is not None and folder in (places.colour, places.alpha, places.trimap):
            return f"it is a layer of {folder.parent} ({places.shown(folder.parent)}): name that folder"
    if below := datasets_below(folder, _datasets(everyday=True)):
        return f"it holds {_listed(below)}: name that folder"
    return unpaired(folder)


def _listed(below: Sequence[Nearby]) -> str:
    titles = [_EVERYDAY.get(nearby.gives, nearby.kind.title) for nearby in below]
    return first_of([f"{title} in {each.root}" for title, each in zip(titles, below, strict=True)], _NAMED)


def _datasets(*, everyday: bool = False) -> Kinds:
    """Return the kinds whose layouts say what a dataset is, perhaps those of plain pairs after them."""
    declared = {
        gives: [_load(target) for name, target in table.items() if name not in PLAIN_KINDS]
        for gives, table in _GIVES.items()
    }
    if not everyday:
        return declared
    plain_kinds = [_load(table["folder"]) for table in (FOREGROUNDS, FINISHED)]
    return {**declared, **{gives: [kind] for gives, kind in zip(_EVERYDAY, plain_kinds, strict=True)}}


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
