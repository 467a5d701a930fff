"""What `simd index` prints: the kinds of sources, or what a folder holds and lacks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from simd.errors import DataError, SimdError
from simd.image import read_alpha, read_image, remarks
from simd.parallel import run
from simd.progress import track
from simd.records import Background, Foreground
from simd.sources import (
    TABLES,
    index_backgrounds,
    index_finished,
    index_foregrounds,
    kinds,
    read_background,
    read_foreground,
    recognise,
)
from simd.sources.index import Finished, Index, files_of
from simd.taxonomy import CLASSES

_NAMED = 20  # extra files that are listed by name


def kinds_table() -> str:
    """Return the kinds of sources with their layouts, as text."""
    lines = []
    titles = ("foregrounds:", "backgrounds:", "finished images, for simd import:")
    for title, table in zip(titles, TABLES.values(), strict=True):
        lines.append(title)
        for kind in kinds(table):
            lines.append(f"  {kind.name:16} {kind.layout}")
            lines.append(f"  {'':16} licence: {kind.licence}")
    lines.append("Look through a folder with: simd index FOLDER")
    return "\n".join(lines)


def index_table(
    place: str, source: str | None, *, classes: Path | None, decode: bool, workers: int
) -> tuple[str, int]:
    """Look through a folder as foregrounds, backgrounds, finished images, or as all that it holds.

    Returns
    -------
    text : str
        Expected, found, missing, extra, broken; every problem by name; remarks, classes, licences.
    problems : int
        How many files are missing or broken.

    Raises
    ------
    DataError
        If the folder has no known layout.
    """
    named = [gives for gives, table in TABLES.items() if source in table]
    as_foregrounds, as_backgrounds, as_finished = (
        named == [gives] or _recognised(table, source, place) for gives, table in TABLES.items()
    )
    if (as_foregrounds or as_finished) and as_backgrounds and not (Path(place) / "bg").is_dir():
        as_backgrounds = False  # fg/ and alpha/ hold images, but no photographs to place things on
    texts, problems = [], 0
    if as_finished:
        text, count = _look("finished images", index_finished(place, source), decode, workers)
        texts.append(text)
        problems += count
    if as_foregrounds or not (as_backgrounds or as_finished):  # with none, this raises with the known layouts
        try:
            fgs = index_foregrounds(place, source, classes=classes)
        except DataError as error:
            if not as_finished:
                raise
            texts.append(f"foregrounds: {error}")  # finished images need no classes to be looked through
        else:
            text, count = _look("foregrounds", fgs, decode, workers)
            texts.append(text)
            problems += count
    if as_backgrounds:
        text, count = _look("backgrounds", index_backgrounds(place, source), decode, workers)
        texts.append(text)
        problems += count
    return "\n".join(texts), problems


def _recognised(table: Mapping[str, str], source: str | None, place: str) -> bool:
    """Tell whether a place has the layout of a source, or of any in the table if none is named."""
    asked = table if source is None else {name: table[name] for name in (source,) if name in table}
    return recognise(asked, place) is not None


_AnyIndex = Index[Foreground] | Index[Background] | Index[Finished]
_AnyRecord = Foreground | Background | Finished


def _look(what: str, index: _AnyIndex, decode: bool, workers: int) -> tuple[str, int]:
    """Return what an index holds, as text, with the number of problems."""
    undecodable = _decode_all(index.records, workers) if decode else {}
    broken = index.broken | undecodable
    missing = len(index.missing) + index.unnamed
    lines = [
        f"{what} ({index.kind}): expected {index.expected}, found {len(index.records) - len(undecodable)}, "
        f"missing {missing}, extra {len(index.extra)}, broken {len(broken)}"
    ]
    lines += [f"  {note}" for note in index.notes]
    lines += [f"  missing {name}: {why}" for name, why in index.missing.items()]
    if index.unnamed:
        lines.append(
            f"  missing {index.unnamed} whose names nothing tells: the dataset holds more than is here"
        )
    lines += [f"  extra {name}: belongs to nothing" for name in index.extra[:_NAMED]]
    if len(index.extra) > _NAMED:
        lines.append(f"  extra: {len(index.extra) - _NAMED} more")
    lines += [f"  broken {name}: {why}" for name, why in broken.items()]
    lines += _remarks(index.records)
    licences = Counter(record.licence for record in index.records)
    lines += [f"  licence {licence}: {count}" for licence, count in licences.most_common()]
    lines += _classes([record for record in index.records if record.id not in undecodable])
    return "\n".join(lines), missing + len(broken)


def _remarks(records: Sequence[_AnyRecord]) -> list[str]:
    """Say what reading the files changes or passes over: how often, and one of them by name."""
    counts: Counter[str] = Counter()
    examples: dict[str, Path] = {}
    for record in records:
        for file, matte in files_of(record):
            try:
                found = remarks(file, matte=matte)
            except SimdError:  # it has no header to speak of; --decode says so
                continue
            counts.update(found)
            for remark in found:
                examples.setdefault(remark, file)
    return [f"  {remark}: {count}, as {examples[remark].name}" for remark, count in counts.most_common()]


def _classes(records: Sequence[_AnyRecord]) -> list[str]:
    """Count the classes of foregrounds, or of finished images where their folders tell them."""
    given = [r.class_ for r in records if not isinstance(r, Background)]
    counts = Counter(name for name in given if name)
    lines = [f"  class {name}: {counts[name]}" for name in CLASSES if counts[name]]
    absent = [name for name in CLASSES if not counts[name]]
    if absent and any(isinstance(record, Foreground) for record in records):
        lines.append(f"  no foreground of: {', '.join(absent)}")
    if unknown := len(given) - counts.total():
        lines.append(f"  class not told by the layout: {unknown}; simd import --classes FILE or --class NAME")
    return lines


def _decode_all(records: Sequence[_AnyRecord], workers: int) -> dict[str, str]:
    outcomes = run(_decode, records, workers=workers, threads=True)
    return {o.item.id: o.reason for o in track(outcomes, len(records), "files") if o.reason is not None}


def _decode(record: _AnyRecord) -> tuple[int, ...]:
    """Read a record's files to the last pixel; a size is enough to send back."""
    if isinstance(record, Background):
        return read_background(record).shape
    if isinstance(record, Finished):
        read_image(record.image)
        if record.trimap is not None:
            read_alpha(record.trimap)
        alpha, name = read_alpha(record.alpha), record.alpha
    else:
        alpha, name = read_foreground(record).alpha, record.alpha_file or record.file or Path(record.id)
    if not alpha.any():
        raise DataError(f"{name}: alpha is 0 everywhere")
    return alpha.shape
