"""What `simd index` prints: the kinds of sources, or what a folder holds and lacks."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from simd.dataset.sources import (
    BACKGROUNDS,
    FOREGROUNDS,
    index_backgrounds,
    index_foregrounds,
    kinds,
    read_foreground,
    recognise,
)
from simd.dataset.sources.index import Index
from simd.errors import DataError
from simd.image import read_image
from simd.parallel import run
from simd.progress import track
from simd.records import Background, Foreground
from simd.taxonomy import CLASSES


def kinds_table() -> str:
    """Return the kinds of sources with their layouts, as text."""
    lines = []
    for title, table in (("foregrounds", FOREGROUNDS), ("backgrounds", BACKGROUNDS)):
        lines.append(f"{title}:")
        for kind in kinds(table):
            lines.append(f"  {kind.name:10} {kind.layout}")
            lines.append(f"  {'':10} licence: {kind.licence}")
    lines.append("Look through a folder with: simd index FOLDER")
    return "\n".join(lines)


def index_table(
    place: str, source: str | None, *, classes: Path | None, decode: bool, workers: int
) -> tuple[str, int]:
    """Look through a folder as foregrounds or as backgrounds, or as both if it holds both.

    Returns
    -------
    text : str
        Expected, found, missing, broken; every problem by name; classes, licences.
    problems : int
        How many files are missing or broken.

    Raises
    ------
    DataError
        If the folder has no known layout.
    """
    as_foregrounds = source in FOREGROUNDS if source else recognise(FOREGROUNDS, place) is not None
    as_backgrounds = source in BACKGROUNDS if source else recognise(BACKGROUNDS, place) is not None
    if source == "folder":  # the one kind that gives both
        as_foregrounds = recognise({"folder": FOREGROUNDS["folder"]}, place) is not None
        as_backgrounds = not as_foregrounds or (Path(place) / "bg").is_dir()
    elif as_foregrounds and as_backgrounds and not (Path(place) / "bg").is_dir():
        as_backgrounds = False  # fg/ and alpha/ hold images, but no photographs to place things on
    texts, problems = [], 0
    if as_foregrounds or not as_backgrounds:  # with neither, this raises with the layouts that are known
        fg_index = index_foregrounds(place, source, classes=classes)
        undecodable = _decode_all(fg_index.records, workers) if decode else {}
        texts.append(_describe("foregrounds", fg_index, undecodable) + _classes(fg_index, undecodable))
        problems += len(fg_index.problems | undecodable)
    if as_backgrounds:
        bg_index = index_backgrounds(place, source)
        undecodable = _decode_all(bg_index.records, workers) if decode else {}
        texts.append(_describe("backgrounds", bg_index, undecodable))
        problems += len(bg_index.problems | undecodable)
    return "\n".join(texts), problems


def _describe(what: str, index: Index[Foreground] | Index[Background], undecodable: dict[str, str]) -> str:
    broken = index.broken | undecodable
    found = len(index.records) - len(undecodable)
    lines = [
        f"{what} ({index.kind}): expected {index.expected}, found {found}, "
        f"missing {len(index.missing)}, broken {len(broken)}"
    ]
    lines += [f"  {note}" for note in index.notes]
    lines += [f"  missing {name}: {why}" for name, why in index.missing.items()]
    lines += [f"  broken {name}: {why}" for name, why in broken.items()]
    licences = Counter(record.licence for record in index.records)
    lines += [f"  licence {licence}: {count}" for licence, count in licences.most_common()]
    return "\n".join(lines)


def _classes(index: Index[Foreground], undecodable: dict[str, str]) -> str:
    counts = Counter(fg.class_ for fg in index.records if fg.id not in undecodable)
    lines = [f"  class {name}: {counts[name]}" for name in CLASSES if counts[name]]
    if absent := [name for name in CLASSES if not counts[name]]:
        lines.append(f"  no foreground of: {', '.join(absent)}")
    return "\n" + "\n".join(lines)


def _decode_all(records: Sequence[Foreground | Background], workers: int) -> dict[str, str]:
    outcomes = run(_decode, records, workers=workers)
    return {o.item.id: o.reason for o in track(outcomes, len(records), "files") if o.reason is not None}


def _decode(record: Foreground | Background) -> tuple[int, ...]:
    """Read a record's files to the last pixel; a size is enough to send back."""
    if isinstance(record, Background):
        return read_image(record.file).shape
    pixels = read_foreground(record)
    if not pixels.alpha.any():
        raise DataError(f"{record.alpha_file or record.file}: alpha is 0 everywhere")
    return pixels.alpha.shape
