"""The folder of annotations behind the page: opened foreground by foreground, written step by step."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from simd.errors import DataError
from simd.files import json_text, real_path
from simd.records import Foreground
from simd.sources import read_foreground
from simd.studio.refusals import StaleError
from simd.studio.tagging.mask_editing import Work, as_proposal, work_on
from simd.tagging.annotation import Annotation
from simd.tagging.annotation_files import (
    MAX_BYTES,
    annotation_path,
    change,
    find_annotation_files,
    make_annotation,
    read_annotation,
    read_record,
    write_annotation,
)
from simd.tagging.fill import Tagged

MAX_PIXELS = 2**25
"""A foreground with more pixels (33 million) is not opened: a page would hold several pictures of it."""

_MOST_SECONDS = 3600.0  # that one step can have taken


def default_folder(origin: str) -> Path:
    """Return where annotations are kept if nobody says: beside a folder of foregrounds, never inside it.

    Examples
    --------
    >>> default_folder("mine/cutouts").as_posix(), default_folder("synthetic-mixed:2@512").as_posix()
    ('mine/cutouts-annotations', 'synthetic-mixed-annotations')
    """
    folder = Path(origin)
    if not folder.is_dir():  # a built-in source
        return folder.with_name(f"{re.split('[:@]', folder.name)[0]}-annotations")
    folder = folder if folder.name.strip(".") else real_path(folder)
    return folder.with_name(f"{folder.name}-annotations")


class OpenedForeground:
    """A foreground in memory, with what its annotation says.

    Attributes
    ----------
    work : Work
    record : Annotation
        As it lies on disk, or as it would be written.
    proposal : Tagged or None
        What is on disk where nobody has looked at it yet.
    problem : str
        Why the annotation on disk cannot be gone on with, ``""`` if it can.
    """

    def __init__(self, work: Work, record: Annotation, file: Path) -> None:
        self.work, self.record, self.file = work, record, file
        self.proposal: Tagged | None = None
        self.problem = ""
        self._stamp = _stamp(file)

    def check_unchanged(self) -> None:
        """Raise StaleError if another program has written since it was opened, or written last."""
        if _stamp(self.file) != self._stamp:
            raise StaleError("another program has written this annotation meanwhile; it is read again")

    def save(self, folder: Path, *, review: str, annotator: str | None, seconds: float) -> None:
        """Write the work as it is now, whole or not at all; StaleError where the file has changed."""
        refuse_links(self.file)
        spent = (self.record.seconds or 0.0) + min(max(seconds, 0.0), _MOST_SECONDS)
        record = replace(
            self.record,
            **self.work.facts(),
            review=review,
            annotator=annotator or self.record.annotator,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(spent, 1) or None,  # nobody has measured
        )
        write_annotation(folder, record, self.work.class_mask, self.check_unchanged)
        # not of the file: another program may have written since
        self.record, self.problem, self._stamp = record, "", _digest(json_text(record.to_json()).encode())


def open_foreground(folder: Path, foreground: Foreground) -> OpenedForeground:
    """Read a foreground and its annotation, if it has one.

    An annotation that is broken, that is a link, or whose foreground has changed becomes the `problem`.

    Raises
    ------
    DataError
        If the foreground cannot be read, or has more than :data:`MAX_PIXELS`.
    """
    fg, alpha, _ = read_foreground(foreground)
    if alpha.size > MAX_PIXELS:
        raise DataError(f"{foreground.id}: {alpha.size:,} pixels, the page opens up to {MAX_PIXELS:,}")
    file = annotation_path(folder, foreground.id)
    empty = Work(fg, alpha)
    opened = OpenedForeground(empty, make_annotation(foreground.id, fg, alpha, empty.class_mask), file)
    if not (file.exists() or file.is_symlink()):
        return opened
    try:
        refuse_links(file)
        annotation, class_mask = read_annotation(file)
        if reason := change(annotation, fg, alpha):
            raise DataError(f"this foreground has changed since it was annotated: {reason}")
    except DataError as error:
        opened.problem = str(error)
        return opened
    opened.record = annotation
    if annotation.review == "proposed":
        opened.proposal = as_proposal(annotation, class_mask)
    else:
        opened.work = work_on(fg, alpha, annotation, class_mask)
    return opened


def look(folder: Path, foregrounds: tuple[Foreground, ...]) -> tuple[dict[str, Annotation], dict[str, str]]:
    """Read what the annotations of these foregrounds say, without their masks.

    Returns
    -------
    dict
        The record of each annotated foreground, by its id.
    dict
        Why that of another one cannot be read.
    """
    if not folder.exists():
        return {}, {}
    annotations = find_annotation_files(folder)
    records, broken = {}, {}
    for fg in foregrounds:
        name = annotation_path(folder, fg.id).name
        if fg.id in annotations.paths:
            records[fg.id] = read_record(annotations.paths[fg.id])
        elif name in annotations.broken:
            broken[fg.id] = annotations.broken[name]
    return records, broken


def refuse_links(file: Path) -> None:
    """Refuse an annotation one of whose files is a link: what is written has to stay in its folder."""
    links = [path for path in file.parent.glob(f"*{file.stem}*") if path.is_symlink()]
    if links:
        raise DataError(f"{links[0]}: is a link; annotations are plain files, put a copy in its place")


def _stamp(file: Path) -> str:
    """Return the digest of an annotation's JSON, "" if there is none: times may repeat within a tick."""
    if not file.is_file():
        return ""
    try:
        with file.open("rb") as stream:
            return _digest(stream.read(MAX_BYTES + 1))  # a larger one is refused unread
    except OSError:
        return ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
