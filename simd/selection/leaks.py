"""What must stay apart: foregrounds of another folder, found by their looks, and names in a list."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simd.class_tables import stem_of
from simd.errors import DataError
from simd.parallel import run
from simd.progress import track
from simd.records import ForegroundFiles
from simd.selection.alpha_filters import unusable
from simd.selection.name_lists import NameList, read_names
from simd.selection.near_duplicates import Signature, sign
from simd.selection.reasons import Finding, finding_of
from simd.selection.searcher import Searcher
from simd.selection.stored_thumbs import ThumbFile
from simd.sources import (
    FINISHED,
    FOREGROUNDS,
    index_finished,
    index_foreground_files,
    read_foreground,
    recognise_kind,
)
from simd.sources.index import Index


class Reference(NamedTuple):
    """A folder or a list that the foregrounds are held against."""

    origin: str
    names: NameList | None  # of a list
    records: tuple[ForegroundFiles, ...]  # of a folder
    problems: dict[str, str]  # what cannot be compared


def read_reference(origin: str) -> Reference:
    """Look through a folder of foregrounds or of image-alpha pairs, or read a list of names.

    Raises
    ------
    DataError
        If there is neither, or the folder has no known layout.
    """
    if Path(origin).is_file():
        names = read_names(Path(origin))
        return Reference(origin, names, (), names.problems)
    index = _index(origin)
    problems = {f"{origin}: {name}": reason for name, reason in index.problems.items()}
    return Reference(origin, None, index.records, problems)


def find_leaks(
    ids: Sequence[str],
    signatures: Sequence[Signature],
    references: Sequence[Reference],
    *,
    workers: int = 1,
) -> tuple[dict[str, list[Finding]], dict[str, ForegroundFiles], dict[str, str]]:
    """Find what stands on both sides.

    Parameters
    ----------
    ids, signatures
        The foregrounds to look at.
    references
        What they are held against.

    Returns
    -------
    leaks : dict
        Id to findings, each naming the other side; at most one from each reference.
    others : dict
        The foreground of a folder that a finding names in `like`.
    problems : dict
        What could not be read there, with the reason.
    """
    leaks: dict[str, list[Finding]] = {}
    others: dict[str, ForegroundFiles] = {}
    problems: dict[str, str] = {}
    for reference in references:
        problems |= reference.problems
        if reference.names is not None:
            for id_ in ids:
                if named := reference.names.names.get(stem_of(id_)):
                    where = f"{reference.origin}:{named.lines[0]}"
                    leaks.setdefault(id_, []).append(finding_of("leak", None, f"{where} names it", where))
            continue
        known, unread = _sign_all(reference, workers)
        problems |= unread
        matches = Searcher([signature for _, signature in known]).first_matches(signatures)
        for id_, match in zip(ids, matches, strict=True):
            if match is None:
                continue
            other = known[match.position][0]
            like = f"{reference.origin}: {other.id}"
            others[like] = other
            text = f"{like} shows it too ({match.words})"
            leaks.setdefault(id_, []).append(finding_of("leak", match.distance, text, like))
    return leaks, others, problems


def sign_foreground(foreground: ForegroundFiles) -> Signature:
    """Read a foreground and sign it; DataError if there is nothing to see."""
    fg, alpha, _ = read_foreground(foreground)
    if (nothing := unusable(alpha)) and nothing.reason == "empty":
        raise DataError(f"{foreground.id}: {nothing.detail}")
    return sign(fg, alpha)


def _sign_all(
    reference: Reference, workers: int
) -> tuple[list[tuple[ForegroundFiles, Signature]], dict[str, str]]:
    outcomes = run(sign_foreground, reference.records, workers=workers)
    known, unread, thumbs = [], {}, ThumbFile()
    for outcome in track(outcomes, len(reference.records), f"foregrounds of {reference.origin}"):
        if outcome.value is None:
            unread[f"{reference.origin}: {outcome.item.id}"] = outcome.reason or ""
        else:
            known.append((outcome.item, outcome.value.with_thumb_in(thumbs)))
    return sorted(known, key=lambda pair: pair[0].id), unread


def _index(origin: str) -> Index[ForegroundFiles]:
    """Index a folder whatever its classes: for a comparison they do not matter."""
    if recognise_kind(FOREGROUNDS, origin) is None and recognise_kind(FINISHED, origin) is not None:
        finished = index_finished(origin)
        if any(each.packed for each in finished.records):
            raise DataError(f"{origin}: images in parquet are not compared; import them, and name the set")
        records = tuple(
            ForegroundFiles(id=f.id, source="rgba", file=f.alpha)
            if f.is_cutout
            else ForegroundFiles(id=f.id, source="folder", file=f.image, alpha_file=f.alpha)
            for f in finished.records
        )
        return Index(finished.kind, records, finished.expected, finished.missing, finished.broken)
    return index_foreground_files(origin)
