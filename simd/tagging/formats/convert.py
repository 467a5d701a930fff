"""Move annotations out to another tool's format, and another tool's work in."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from simd.errors import BatchError, DataError
from simd.files import make_folder
from simd.image import UInt8, encode_png, pixel_digest
from simd.options import renamed
from simd.records import Foreground
from simd.sources import index_foregrounds, read_foreground
from simd.tagging.annotation import Annotation
from simd.tagging.annotation_files import (
    check_unchanged,
    find_annotations,
    make_annotation,
    read_annotation,
    write_annotation,
)
from simd.tagging.formats import find_format
from simd.tagging.formats.labelled import Labelled, class_names, file_stem


@renamed(source="kind")
def export_annotations(
    folder: str | Path,
    out: str | Path,
    *,
    format_: str,
    foregrounds: str | None = None,
    kind: str | None = None,
) -> int:
    """Write the class masks of a folder of annotations as another tool reads them; return how many.

    Parameters
    ----------
    folder : path
        Annotations, as ``simd tag`` writes them.
    out : path
        A new file or an empty folder, as the format has it.
    format_ : str
        A key of :data:`simd.tagging.formats.FORMATS`.
    foregrounds, kind : str, optional
        Where the foregrounds are, and of which kind: their images get their own file names, and formats that
        hold images get them.

    Raises
    ------
    DataError
        If the format is unknown or `out` holds something.
    BatchError
        With each annotation that cannot be read; the others are written.
    """
    chosen, out = find_format(format_), Path(out)
    if out.exists() and not (chosen.place == "folder" and out.is_dir() and not any(out.iterdir())):
        raise DataError(f"{out}: exists already; name a new {chosen.place} for the export")
    paths = find_annotations(Path(folder))
    if not paths:
        raise DataError(f"{folder}: holds no annotation")
    known = _known(foregrounds, kind)
    failures: dict[str, str] = {}
    make_folder(out.parent)
    chosen.write(_exported(paths, known, failures, with_pictures=chosen.holds_pictures), out)
    if failures:
        raise BatchError(failures, "annotations", len(paths))
    return len(paths)


@renamed(source="kind")
def import_annotations(
    place: str | Path,
    out: str | Path,
    *,
    format_: str,
    foregrounds: str | None = None,
    kind: str | None = None,
    renamed: Mapping[str, str] | None = None,
    replace: bool = False,
) -> int:
    """Turn another tool's masks into annotations; return how many were written.

    Parameters
    ----------
    place : path
        The file or folder of the other tool.
    out : path
        A folder of annotations, or a new one.
    format_ : str
        A key of :data:`simd.tagging.formats.FORMATS`.
    foregrounds, kind : str, optional
        Where the foregrounds are, and of which kind. Without it, only what `out` has annotations of already
        can be imported: an annotation names the pixels it belongs to.
    renamed : mapping, optional
        Labels to classes, where a label is neither a class nor an alias.
    replace : bool
        Whether an annotation with another mask may be replaced.

    Raises
    ------
    DataError
        If the format is unknown, or nothing of the file can be read.
    BatchError
        With everything that was not taken over, by image: names without a foreground, labels without a class,
        other sizes, annotations that are there already. What could be taken over is written.
    """
    chosen, out = find_format(format_), Path(out)
    names = class_names(renamed or {})
    owned = find_annotations(out) if out.is_dir() else {}
    known = _known(foregrounds, kind)
    find = _finder({fg.id: fg for fg in known.values()}, owned)
    failures: dict[str, str] = {}
    done: dict[str, str] = {}
    number = 0
    for number, item in enumerate(chosen.read(Path(place), names), start=1):
        shown = item.name if item.name.isprintable() else repr(item.name)
        label = shown[:200] or f"image {number}"
        try:
            if item.class_mask is None:
                raise DataError("; ".join(item.remarks))
            fg_id = find(item.name)
            if fg_id in done:
                raise DataError(f"is of foreground {fg_id!r}, as {done[fg_id]!r} is; only that was imported")
            done[fg_id] = item.name[:200]
            _import(item.class_mask, fg_id, known.get(fg_id), owned.get(fg_id), out, replace)
            if item.remarks:
                failures[label] = "; ".join(item.remarks)
        except DataError as error:
            failures[label] = str(error)
    if not number:
        raise DataError(f"{place}: holds no mask of {chosen.title}")
    if failures:
        raise BatchError(failures, "masks", number)
    return number


def _known(foregrounds: str | None, kind: str | None) -> dict[str, Foreground]:
    if foregrounds is None:
        return {}
    return {fg.id: fg for fg in index_foregrounds(foregrounds, kind).records}


def _exported(
    paths: Mapping[str, Path],
    known: Mapping[str, Foreground],
    failures: dict[str, str],
    *,
    with_pictures: bool,
) -> Iterator[Labelled]:
    for fg_id, path in paths.items():
        fg = known.get(fg_id)
        try:
            annotation, class_mask = read_annotation(path)
            picture = None if fg is None or not with_pictures else _picture(fg, annotation)
        except DataError as error:
            failures[fg_id] = str(error)
            continue
        image_name = "" if fg is None or fg.file is None else fg.file.name
        yield Labelled(fg_id, class_mask, (), image_name, picture)


def _picture(fg: Foreground, annotation: Annotation) -> bytes:
    pixels = read_foreground(fg)
    check_unchanged(annotation, pixels.fg, pixels.alpha)
    return encode_png(np.dstack([pixels.fg, pixels.alpha]))


def _finder(known: Mapping[str, Foreground], owned: Iterable[str]) -> Callable[[str], str]:
    """Return what finds the foreground that another tool's name of an image means."""
    ids = dict.fromkeys([*known, *owned])
    by_name: dict[str, set[str]] = {}
    for fg_id in ids:
        file = known[fg_id].file if fg_id in known else None
        for name in (file_stem(fg_id), Path(fg_id).name, *([file.name, file.stem] if file else [])):
            by_name.setdefault(name, set()).add(fg_id)

    def find(name: str) -> str:
        if name in ids:
            return name
        last = name.rpartition("/")[2]
        for shown in (name, _stem(name), last, _stem(last)):
            fits = sorted(by_name.get(shown, ()))
            if len(fits) == 1:
                return fits[0]
            if fits:
                raise DataError(f"may be any of the foregrounds {', '.join(map(repr, fits[:4]))}; rename it")
        where = "none in the folder has it" if known else "--foregrounds FOLDER says where they are"
        raise DataError(f"no foreground of that name is known; {where}")

    return find


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _import(
    class_mask: UInt8, fg_id: str, fg: Foreground | None, owned: Path | None, out: Path, replace: bool
) -> None:
    """Write one imported mask, unless the same one is there already."""
    before: Annotation | None = None
    if owned is not None:
        before, mask = read_annotation(owned)
        if np.array_equal(mask, class_mask):
            return  # with its strokes and its review
        if not replace:
            raise DataError(f"{owned}: is annotated otherwise; --replace takes the imported mask instead")
    if fg is not None:
        pixels = read_foreground(fg)
        _check_size(class_mask, pixels.alpha.shape)
        annotation = make_annotation(fg_id, pixels.fg, pixels.alpha, class_mask, origin="imported")
    else:
        assert before is not None
        _check_size(class_mask, before.size)
        annotation = Annotation(
            fg_id=fg_id,
            size=before.size,
            fg_sha256=before.fg_sha256,
            alpha_sha256=before.alpha_sha256,
            class_mask_sha256=pixel_digest(class_mask),
            origin="imported",
        )
    write_annotation(out, annotation, class_mask)


def _check_size(class_mask: UInt8, size: tuple[int, ...]) -> None:
    if class_mask.shape != size:
        sizes = [f"{s[0]} x {s[1]}" for s in (class_mask.shape, size)]
        raise DataError(f"its mask is {sizes[0]}, its foreground is {sizes[1]} (H x W); they must be equal")
