"""An entry checked: every figure computed again, from its rows, and from the mattes where they are given."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from simd.arguments import checked
from simd.dataset.predictions import read_run
from simd.errors import DataError
from simd.files import read_json
from simd.metrics.evaluate import evaluate
from simd.metrics.score import METRICS_VERSION, score_to_row
from simd.metrics.scores import Scores
from simd.report.entries.card import FACTS, UNKNOWN
from simd.report.entries.files import SCORES_NAME, Entry, facts_of_mattes, read_entry
from simd.schema import differing

_ELSEWHERE = ("paths", "simd_version", "seconds_per_image")
"""Keys of a summary that are not figures of its mattes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCheck:
    """What a check has come to."""

    entry: Entry
    recomputed: int  # scores of images and regions; 0 where no mattes were given
    differences: tuple[str, ...]  # each in a sentence


@checked
def check_entry(
    entry: str | Path,
    predictions: str | Path | None = None,
    dataset: str | Path | None = None,
    *,
    alpha: str | Path | None = None,
    trimap: str | Path | None = None,
    classes: str | Path | None = None,
    review: str | Path | None = None,
    workers: int = 1,
) -> EntryCheck:
    """Compare an entry with its own rows and, where mattes are given, with scores computed anew from them.

    Parameters
    ----------
    entry : path
        The folder of an entry.
    predictions, dataset : path, optional
        The mattes and the set.
    alpha, trimap, classes, review : path, optional
        As for :func:`simd.metrics.evaluate.evaluate`, where the entry was scored with them.
    workers : int
        Processes.

    Returns
    -------
    EntryCheck
        Figures agree where they differ by less than a billionth: sums are taken in another order on another
        processor.

    Raises
    ------
    DataError
        If the entry is not whole, or the set, its trimaps or what was counted are others than it says.
    """
    given = read_entry(Path(entry))
    summary = read_json(given.folder / f"{SCORES_NAME}.json")
    computed = given.scores.summary().to_json()
    stated = {key: value for key, value in computed.items() if key not in _ELSEWHERE}
    differences: list[str] = []
    if key := differing(summary, stated):
        differences.append(f"{SCORES_NAME}.json: {key} does not follow from the rows")
    if predictions is None:
        if dataset or alpha:
            raise DataError("a set without mattes: give both, or neither to check the entry for itself")
        return EntryCheck(entry=given, recomputed=0, differences=tuple(differences))
    if given.card.metrics_version != METRICS_VERSION:
        raise DataError(
            f"{given.folder}: is of metrics version {given.card.metrics_version}, and this simd computes "
            f"version {METRICS_VERSION}; renew it: simd entry rescore"
        )
    again = scored_again(
        given,
        predictions,
        dataset,
        alpha=alpha,
        trimap=trimap,
        classes=classes,
        review=review,
        workers=workers,
    )
    differences += chain(
        _of_card(given, Path(predictions), again),
        _of_rows(given.scores, again),
        _of_missing(given.scores, again),
    )
    return EntryCheck(entry=given, recomputed=len(again.rows), differences=tuple(differences))


def scored_again(
    entry: Entry,
    predictions: str | Path,
    dataset: str | Path | None,
    *,
    workers: int,
    out: Path | None = None,
    **options: Any,
) -> Scores:
    """Score the mattes of an entry again, as they were scored; DataError if the set is another one."""
    facts = entry.scores.set
    again = evaluate(
        predictions,
        dataset,
        region=entry.card.region,
        proposals="class_masks" in facts,
        cutout=any(row.cutout is not None for row in entry.scores.rows),
        name=entry.card.name,
        out=out,
        workers=workers,
        **options,
    ).scores
    for key in ("digest", "trimaps_digest"):
        if again.set[key] != facts[key]:
            raise DataError(
                f"{dataset or options['alpha']}: its {key.replace('_', ' ')} is {again.set[key][:12]}, that "
                f"of the entry {facts[key][:12]}: it is not what {entry.card.name} was scored on "
                f"({facts['name']})"
            )
    return again


def _of_card(entry: Entry, predictions: Path, again: Scores) -> Iterator[str]:
    """Name what the card says of mattes, weights and run, and the mattes and their run.json do not."""
    facts = facts_of_mattes(predictions, entry.scores)
    facts |= {"version": again.version or UNKNOWN, "seconds_per_image": again.seconds_per_image}
    record = read_run(predictions)
    for name, value in facts.items():
        stated = getattr(entry.card, name)
        if stated == value or (name in FACTS and stated in (UNKNOWN, (UNKNOWN,))):
            continue  # what its makers left open contradicts nothing
        if record is None and name in ("version", "seconds_per_image"):
            yield (
                f"card.toml: {name} is {stated!r}, and the mattes have no run.json to check it by; hand it "
                "in with them"
            )
            continue
        yield f"card.toml: {name} is {stated!r}, by the mattes and their run.json it is {value!r}"


def _of_missing(stated: Scores, again: Scores) -> Iterator[str]:
    """Name the images that lack a matte for one of the two alone, and of which no row has said so."""
    scored = {row.id for row in chain(stated.rows, again.rows)}
    for id_, reason in again.missing.items():
        if id_ not in stated.missing and id_ not in scored:
            yield f"{id_}: has no usable matte ({reason}), and the entry does not say that it is missing"
    for id_ in stated.missing:
        if id_ not in again.missing and (id_ not in scored or id_ in {row.id for row in stated.rows}):
            yield f"{id_}: is missing by the entry, and is not by the mattes"


def _of_rows(stated: Scores, again: Scores) -> Iterator[str]:
    rows = {(row.id, row.region): row for row in stated.rows}
    for row in again.rows:
        where = f"{row.id}, region {row.region}"
        other = rows.pop((row.id, row.region), None)
        if other is None:
            yield f"{where}: the entry has no score, the mattes give one"
            continue
        values, computed = score_to_row(other), score_to_row(row)
        if key := differing(values, computed):
            yield f"{where}: {key.rstrip('_')} is {values[key]!r}, computed again {computed[key]!r}"
    for id_, region in rows:
        yield f"{id_}, region {region}: {again.missing.get(id_, 'the mattes give no score')}"
