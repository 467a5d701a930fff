"""Move annotations out to another tool's format, and another tool's work in."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import numpy as np

from simd.errors import BatchError, DataError
from simd.export_place import check_export_place, write_export
from simd.files import check_regular, make_folder
from simd.image import UInt8, encode_png, pixel_digest
from simd.options import renamed
from simd.progress import track
from simd.records import Foreground
from simd.sources import read_foreground
from simd.sources.outputs import check_output_place
from simd.tagging.annotation import Annotation
from simd.tagging.annotation_files import (
    check_annotation_folder,
    check_unchanged,
    find_annotations,
    make_annotation,
    read_annotation,
    write_annotation,
)
from simd.tagging.formats import FORMATS, find_format
from simd.tagging.formats.known import KnownForegrounds
from simd.tagging.formats.labelled import Labelled, class_names
from simd.taxonomy import NO_CLASS


@renamed(source="kind")
def export_annotations(
    folder: str | Path,
    out: str | Path,
    *,
    format_: str,
    foregrounds: str | None = None,
    kind: str | None = None,
    classes: Path | None = None,
    image_url: str | None = None,
) -> int:
    """Write the class masks of a folder of annotations as another tool reads them; return how many.

    Parameters
    ----------
    folder : path
        Annotations, as ``simd tag`` writes them.
    out : path
        A new file or an empty folder, as the format has it; or an export that was not complete.
    format_ : str
        A key of :data:`simd.tagging.formats.FORMATS`.
    foregrounds, kind, classes : optional
        Where the foregrounds are, of which kind, and the CSV file of their classes: their images get their
        own file names, and formats that hold images get them.
    image_url : str, optional
        What comes before the name of an image where another tool's server has it: Label Studio shows nothing
        without it.

    Raises
    ------
    DataError
        If the format is unknown, has no place for addresses, or `out` holds something.
    BusyError
        If another process exports to `out`.
    BatchError
        With each annotation that cannot be read or lacks its foreground; all that can be read are written.
    """
    chosen, out = find_format(format_), Path(out)
    if image_url is not None and not chosen.holds_urls:
        holds = ", ".join(name for name, entry in FORMATS.items() if entry.holds_urls)
        raise DataError(f"{format_} has no place for the address of an image; {holds} has")
    check_output_place(out, "an export", [folder, foregrounds, classes])
    check_export_place(out, chosen.place)
    paths = find_annotations(Path(folder))
    if not paths:
        raise DataError(f"{folder}: holds no annotation")
    known = KnownForegrounds(foregrounds, kind, classes)
    problems = Problems()
    make_folder(out.parent)

    def write(part: Path) -> bool:
        chosen.write(_exported(paths, known, problems, chosen.holds_pictures, image_url), part)
        return not problems

    write_export(out, chosen.place, write)
    problems.raise_if_any(len(paths))
    return len(paths)


@renamed(source="kind")
def import_annotations(
    origin: str | Path,
    out: str | Path,
    *,
    format_: str,
    foregrounds: str | None = None,
    kind: str | None = None,
    classes: Path | None = None,
    renamed: Mapping[str, str] | None = None,
    replace: bool = False,
) -> int:
    """Turn another tool's masks into annotations; return how many were written.

    Parameters
    ----------
    origin : path
        The file or folder of the other tool.
    out : path
        A folder of annotations, or a new one.
    format_ : str
        A key of :data:`simd.tagging.formats.FORMATS`.
    foregrounds, kind, classes : optional
        Where the foregrounds are, of which kind, and the CSV file of their classes. Without it, only what
        `out` has annotations of already can be imported: an annotation names the pixels it belongs to.
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
        other sizes, images without any mask, annotations that are there already. What could be taken over is
        written; a mask of which nothing could be is not.
    """
    chosen, out = find_format(format_), Path(out)
    check_annotation_folder(out, inputs=[origin, foregrounds, classes])
    names = class_names(renamed or {})
    owned = find_annotations(out) if out.is_dir() else {}
    known = KnownForegrounds(foregrounds, kind, classes)
    finder = known.finder(owned)
    check_regular(Path(origin))
    problems = Problems()
    done: dict[str, str] = {}
    number = 0
    expected = max(1, len(known.records) or len(owned))  # a file of the other tool says no number
    items = track(chosen.read(Path(origin), names), expected, "masks", quiet=True)
    for number, item in enumerate(items, start=1):
        shown = item.name if item.name.isprintable() else repr(item.name)
        label = shown[:200] or f"image {number}"
        try:
            if item.class_mask is None:
                raise DataError("; ".join(item.remarks))
            fg_id = finder.find(item)
            if fg_id in done:
                raise DataError(f"is of foreground {fg_id!r}, as {done[fg_id]!r} is; only that was imported")
            fg, before = known.records.get(fg_id), owned.get(fg_id)
            _import(item.class_mask, item.remarks, fg_id, fg, before, out, replace)
            done[fg_id] = item.name[:200]
            if item.remarks:
                problems.add(label, "; ".join(item.remarks), written=True)
        except DataError as error:
            problems.add(label, str(error), written=False)
    if not number:
        raise DataError(f"{origin}: holds no mask of {chosen.title}")
    problems.raise_if_any(number)
    return number


class Problems:
    """What of a batch of masks was left out, in whole or in part."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._partly = 0

    def add(self, label: str, reason: str, *, written: bool) -> None:
        """Add a mask, which was not written or not as it is; equal labels stay apart."""
        self._partly += written
        key, number = label, 1
        while key in self._reasons:
            number += 1
            key = f"{label} ({number})"
        self._reasons[key] = reason

    def __bool__(self) -> bool:
        return bool(self._reasons)

    def raise_if_any(self, total: int) -> None:
        """Raise ExchangeError if there is anything to say."""
        if self._reasons:
            raise ExchangeError(self._reasons, total, self._partly)


class ExchangeError(BatchError):
    """Some masks were not taken over, or not all of what was said of them; the others are done."""

    def __init__(self, failures: dict[str, str], total: int, partly: int) -> None:
        super().__init__(failures, "masks", total)
        self.partly = partly
        head, _, lines = str(self).partition("\n")
        if partly:
            written = total - len(failures) + partly
            head = f"{len(failures)} of {total} masks are not complete ({written} are written):"
        self.args = (f"{head}\n{lines}",)


def _exported(
    paths: Mapping[str, Path],
    known: KnownForegrounds,
    problems: Problems,
    with_pictures: bool,
    image_url: str | None,
) -> Iterator[Labelled]:
    for fg_id, path in track(paths.items(), len(paths), "class masks", quiet=True):
        fg = known.records.get(fg_id)
        try:
            annotation, class_mask = read_annotation(path)
            picture = None if fg is None or not with_pictures else _picture(fg, annotation)
        except DataError as error:
            problems.add(fg_id, str(error), written=False)
            continue
        if reason := known.absent(fg_id):
            problems.add(fg_id, f"written without the name of its image: {reason}", written=True)
        item = Labelled(fg_id, class_mask, (), known.image_name(fg_id), picture)
        url = "" if image_url is None else image_url + quote(item.file_name)
        yield item._replace(image_url=url)


def _picture(fg: Foreground, annotation: Annotation) -> bytes:
    pixels = read_foreground(fg)
    check_unchanged(annotation, pixels.fg, pixels.alpha)
    return encode_png(np.dstack([pixels.fg, pixels.alpha]))


def _import(
    class_mask: UInt8,
    remarks: tuple[str, ...],
    fg_id: str,
    fg: Foreground | None,
    owned: Path | None,
    out: Path,
    replace: bool,
) -> None:
    """Write one imported mask, unless the same one is there already or it says nothing."""
    before: Annotation | None = None
    if owned is not None:
        before, mask = read_annotation(owned)
        if np.array_equal(mask, class_mask):
            return  # with its strokes and its review
    if (class_mask == NO_CLASS).all():
        reason = "; ".join(remarks) or "no pixel of it has a class: it may not be annotated yet"
        raise DataError(f"{reason}; nothing was written")
    if owned is not None and not replace:
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
