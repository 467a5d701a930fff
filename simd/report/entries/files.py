"""The folder of an entry: card.toml, scores.csv, scores.json; made of scores, and read."""

import csv
import hashlib
import io
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, get_args

from simd.arguments import checked
from simd.dataset.predictions import read_run
from simd.errors import DataError, SimdError
from simd.files import csv_text, json_text, make_folder, read_json, read_text, write_atomically
from simd.image import is_image_name, read_prediction
from simd.locks import locked_folder
from simd.metrics.bootstrap import Over
from simd.metrics.score import METRICS, METRICS_VERSION, WHOLE
from simd.metrics.scores import Scores, base_of, load_scores
from simd.missing import none_if_nan
from simd.report.entries.card import (
    CARD_NAME,
    FACTS,
    NONE,
    UNKNOWN,
    EntryCard,
    card_text,
    check_facts,
    read_card,
)
from simd.sources.outputs import check_output_folder, contains, has_file

SCORES_NAME = "scores"
ENTRY_NAMES = (CARD_NAME, f"{SCORES_NAME}.csv", f"{SCORES_NAME}.json")
"""The files of an entry."""

CORRECTIONS_NAME = "corrections.csv"
"""The file of an entry that was scored again by a later version of the metrics."""

is_entry = has_file(CARD_NAME, contains('"simd-entry"'))
"""Tells whether a folder holds an entry."""


class Correction(NamedTuple):
    """A mean that another version of the metrics has changed: a line of corrections.csv."""

    from_version: int
    to_version: int
    mean: str  # class_mean or image_mean
    metric: str
    before: float
    after: float
    changed: int  # scores of images and regions that are others now

    def __str__(self) -> str:
        title = self.mean.replace("class_mean", "class-balanced mean").replace("_", " ")
        return (
            f"scored again, metrics version {self.from_version} to {self.to_version}: {self.metric} "
            f"{self.before:.6g} to {self.after:.6g} ({title}; {self.changed} scores differ)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A method handed in to a board."""

    folder: Path
    card: EntryCard
    scores: Scores
    corrections: tuple[Correction, ...] = ()  # of rescoring, the first one first

    def __repr__(self) -> str:
        return f"<Entry of {self.card.name!r} on {self.card.set!r}: {self.scores!r}>"


@checked
def make_entry(
    scores: str | Path,
    out: str | Path,
    *,
    predictions: str | Path | None = None,
    facts: Mapping[str, Any] | None = None,
    corrections: Sequence[Correction] | None = None,
) -> Entry:
    """Make the folder of an entry of what ``simd evaluate`` has written.

    Made again in the same folder, it has the new scores, and what its makers had filled in.

    Parameters
    ----------
    scores : path
        ``<out>``, ``<out>.json`` or ``<out>.csv``.
    out : path
        The entry's folder.
    predictions : path, optional
        The folder of mattes, which says how many levels they have and which weights made them; without, the
        one that the scores name, if it is still there.
    facts : mapping, optional
        What the card says, by the names of :data:`simd.report.entries.card.FACTS`.
    corrections : sequence of Correction, optional
        What rescoring has changed, all of the log. Without, other scores than before have none.

    Raises
    ------
    DataError
        If the scores are not whole, are of an earlier version of the metrics, or `out` is something else.
    """
    check_facts(facts or {})
    base = base_of(Path(scores))
    loaded = load_scores(base)
    summary, rows = (base.with_name(base.name + suffix) for suffix in (".json", ".csv"))
    content = read_json(summary)
    if content["metrics_version"] != METRICS_VERSION:
        raise DataError(
            f"{summary}: was scored with metrics version {content['metrics_version']}, entries are made with "
            f"{METRICS_VERSION}; run simd evaluate again"
        )
    folder = Path(predictions) if predictions is not None else _predictions_of(loaded)
    if folder is not None and not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name the folder of the mattes with --predictions")
    read = [summary, rows, *([folder] if folder else [])]
    out = check_output_folder(out, "an entry", is_entry, names=(*ENTRY_NAMES, CORRECTIONS_NAME), inputs=read)
    earlier = read_card(out / CARD_NAME) if (out / CARD_NAME).is_file() else None
    table = rows.read_bytes()
    digest = hashlib.sha256(table).hexdigest()
    card = _card(loaded, content, digest, folder, earlier, facts or {})
    make_folder(out)
    with locked_folder(out):
        if corrections is not None:
            # before the scores: of a run cut off here the log is ahead of its entry, and not read
            rows_of_log = [[none_if_nan(v) if isinstance(v, float) else v for v in c] for c in corrections]
            write_atomically(out / CORRECTIONS_NAME, csv_text(Correction._fields, rows_of_log))
        elif earlier is not None and earlier.scores_sha256 != digest:  # what was corrected were other scores
            (out / CORRECTIONS_NAME).unlink(missing_ok=True)
        write_atomically(out / CARD_NAME, card_text(card))  # first: by it the folder is known as ours
        write_atomically(out / f"{SCORES_NAME}.csv", table)
        # where the set and the mattes lay is nobody else's business
        write_atomically(out / f"{SCORES_NAME}.json", json_text(content | {"paths": {}}))
    return read_entry(out)


def read_entry(folder: Path) -> Entry:
    """Read an entry: card and scores, each for itself and the one against the other.

    Raises
    ------
    DataError
        If a file is missing or not as it was written; the message names the file and the key.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: is not a folder; an entry is one, with {', '.join(ENTRY_NAMES)}")
    names = [path.name for path in folder.iterdir()]
    if missing := [name for name in ENTRY_NAMES if name not in names]:
        raise DataError(f"{folder}: lacks {' and '.join(missing)}; simd entry make writes all of an entry")
    card = read_card(folder / CARD_NAME)
    scores = load_scores(folder / SCORES_NAME)
    digest = hashlib.sha256((folder / f"{SCORES_NAME}.csv").read_bytes()).hexdigest()
    of_scores = scored_facts(scores, read_json(folder / f"{SCORES_NAME}.json"), digest)
    for name, value in of_scores.items():
        if getattr(card, name) != value:
            raise DataError(
                f"{folder / CARD_NAME}: {name} is {getattr(card, name)!r:.80}, that of the scores is "
                f"{value!r:.80}; the two are not of one run: make the entry again with simd entry make"
            )
    corrections = read_corrections(folder)
    of_card = tuple(each for each in corrections if each.to_version <= card.metrics_version)
    return Entry(folder=folder, card=card, scores=scores, corrections=of_card)


def read_entries(folder: str | Path) -> tuple[list[Entry], dict[str, str]]:
    """Read all entries below a folder, by name, and say which could not be read, and why.

    Raises
    ------
    DataError
        If there is none, or two on one set have one name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; entries are made by simd entry make")
    places = sorted(path.parent for path in folder.rglob(CARD_NAME))
    if not places:
        raise DataError(f"{folder}: holds no entry, a folder with {', '.join(ENTRY_NAMES)}")
    entries, failures = [], {}
    for place in places:
        try:
            entries.append(read_entry(place))
        except SimdError as error:
            failures[str(place.relative_to(folder))] = str(error)
    check_names(entries)
    return entries, failures


def check_names(entries: Iterable[Entry]) -> None:
    """Raise DataError if two entries of one name would stand in one table."""
    places: dict[tuple[str, ...], Path] = {}
    for entry in entries:
        card = entry.card
        key = (card.name, *entry.scores.table_key)
        if key in places:
            raise DataError(
                f"{entry.folder}: is called {card.name!r} as is {places[key]}, and both are on the set "
                f"{card.set}; keep one of them, or score one with another name: simd evaluate --name"
            )
        places[key] = entry.folder


def read_corrections(folder: Path) -> tuple[Correction, ...]:
    """Read what rescoring has changed of an entry; nothing where it never was.

    Raises
    ------
    DataError
        If a line is not one of a log of corrections.
    """
    path = folder / CORRECTIONS_NAME
    if not path.is_file():
        return ()
    corrections = []
    reader = csv.DictReader(io.StringIO(read_text(path)))
    for row in reader:
        try:
            versions = int(row["from_version"]), int(row["to_version"])
            before, after = (float(row[name] or "nan") for name in ("before", "after"))
            changed = int(row["changed"])
            if row["mean"] not in get_args(Over) or row["metric"] not in METRICS:
                raise ValueError(f"{row['mean']!r:.40} of {row['metric']!r:.40} is not a mean of a metric")
            if (
                not versions[0] < versions[1]
                or min(before, after, changed) < 0
                or math.inf in (before, after)
            ):
                raise ValueError("versions rise, means and counts are not negative")
            corrections.append(Correction(*versions, row["mean"], row["metric"], before, after, changed))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}:{reader.line_num}: is not a correction ({error}); restore it") from None
    return tuple(corrections)


def scored_facts(scores: Scores, summary: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """Return what a card repeats of the scores, by the names of its fields."""
    return {
        "name": scores.name,
        "version": scores.version or UNKNOWN,
        "seconds_per_image": scores.seconds_per_image,
        "set": scores.set["name"],
        "protocol": scores.set["protocol"],
        "set_digest": scores.set["digest"],
        "trimaps_digest": scores.set["trimaps_digest"],
        "region": scores.set.get("region", WHOLE),
        "metrics_version": summary["metrics_version"],
        "simd_version": summary["simd_version"],
        "scores_sha256": digest,
    }


def facts_of_mattes(predictions: Path, scores: Scores) -> dict[str, Any]:
    """Return what a folder of mattes tells of a card: their levels, and what run.json says of the weights."""
    facts: dict[str, Any] = {"mattes": _levels(_mattes(predictions, scores))}
    record = read_run(predictions)
    if record is None:
        return facts
    if record.checkpoint_digest or record.simd_version:  # others need not know of the key
        facts["weights_sha256"] = record.checkpoint_digest or NONE
    if record.trained_on is not None:
        facts["trained_on"] = tuple(record.trained_on)
    return facts


def _levels(files: Sequence[Path]) -> str:
    kinds = set()
    for file in files:
        try:
            kinds.add("8-bit" if read_prediction(file).matte.dtype.itemsize == 1 else "float")
        except DataError:
            continue  # it has no score either, and stands among the missing
    return kinds.pop() if len(kinds) == 1 else "mixed" if kinds else UNKNOWN


def default_folder(scores: Scores) -> Path:
    """Return where an entry lies among others: ``<set>/<method>``."""
    return Path(*(re.sub(r"[^\w.-]+", "-", name).strip(".-") or UNKNOWN for name in _names(scores)))


def _names(scores: Scores) -> tuple[str, str]:
    name, counted = scores.set["name"], scores.set.get("region", "")
    return (f"{name}-{counted}" if counted else name), scores.name


def _predictions_of(scores: Scores) -> Path | None:
    folder = Path(scores.paths.get("predictions", ""))
    return folder if scores.paths.get("predictions") and folder.is_dir() else None


def _card(
    scores: Scores,
    summary: Mapping[str, Any],
    digest: str,
    predictions: Path | None,
    earlier: EntryCard | None,
    facts: Mapping[str, Any],
) -> EntryCard:
    written = scored_facts(scores, summary, digest)
    known: dict[str, Any] = {}
    if earlier is not None:
        known = {name: value for name, value in asdict(earlier).items() if name in FACTS}
    if predictions is not None:
        of_mattes = facts_of_mattes(predictions, scores)
        written["mattes"] = of_mattes.pop("mattes")
        if of_mattes.get("weights_sha256", UNKNOWN) != known.get("weights_sha256"):
            known.pop("weights_licence", None)  # it was stated of other weights
        known |= of_mattes
        if known.get("weights_sha256") == NONE:
            known["weights_licence"] = NONE
    elif earlier is not None and earlier.scores_sha256 == digest:
        written["mattes"] = earlier.mattes
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    return replace(EntryCard(**written), **(known | given))


def _mattes(folder: Path, scores: Scores) -> list[Path]:
    ids = {row.id for row in scores.rows}
    files = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    stems = {id_.replace("/", "_") for id_ in ids} | ids
    return sorted(
        file
        for file in files
        if is_image_name(file.name) and file.relative_to(folder).with_suffix("").as_posix() in stems
    )
