"""Licences of what a set is made from: refused where they are unknown, and written out beside the set."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from simd.errors import DataError, first_of
from simd.records import UNKNOWN_LICENCE, Background, Foreground
from simd.sources import find_kind
from simd.sources.index import Finished

Record = TypeVar("Record", Foreground, Background)
_NAMED = 3  # examples in a message


def licensed(records: Sequence[Record], licence: str | None) -> list[Record]:
    """Give records without a licence the one that their owner states."""
    if licence is None:
        return list(records)
    return [replace(r, licence=licence) if r.licence == UNKNOWN_LICENCE else r for r in records]


def refuse_unknown(role: str, records: Sequence[Record]) -> None:
    """Raise a DataError if a record's licence is unknown; `role` is "foregrounds" or "backgrounds"."""
    unknown = [record.id for record in records if record.licence == UNKNOWN_LICENCE]
    if not unknown:
        return
    option = "--licence" if role == "foregrounds" else "--background-licence"
    examples = first_of(unknown, _NAMED)
    raise DataError(
        f"the licence of {len(unknown)} of {len(records)} {role} is unknown ({examples}); give it in the "
        f"column licence of a CSV file, state it with {option} TEXT, or build without it: --any-licence"
    )


def sources_of(
    foregrounds: Sequence[Foreground] = (),
    backgrounds: Sequence[Background] = (),
    finished: Sequence[Finished] = (),
) -> list[dict[str, Any]]:
    """Return, for dataset.json, each kind of source with its citation and its licences, counted."""
    facts = []
    for role, source, records in _by_source(foregrounds, backgrounds, finished):
        kind = find_kind(role, source)
        licences = Counter(record.licence for record in records)
        facts.append(
            {
                "gives": role,
                "kind": source,
                "licence": kind.licence,
                "citation": kind.citation,
                "licences": dict(sorted(licences.items())),
            }
        )
    return facts


def attribution(
    name: str,
    foregrounds: Sequence[Foreground] = (),
    backgrounds: Sequence[Background] = (),
    finished: Sequence[Finished] = (),
) -> str:
    """Return the text of ATTRIBUTION.md: every source with its citation, every image under its licence."""
    lines = [f"# Where the images of {name} come from", ""]
    for role, source, records in _by_source(foregrounds, backgrounds, finished):
        kind = find_kind(role, source)
        lines += [f"## {role.capitalize()}: {source}", ""]
        if kind.citation:
            lines += [f"Cite: {kind.citation}", ""]
        for licence in sorted({record.licence for record in records}):
            ids = sorted(record.id for record in records if record.licence == licence)
            lines += [f"### {licence}", "", *(f"- {id_}" for id_ in ids), ""]
        if notice := kind.notice([record.id for record in records]):
            lines += ["### Notice", "", *(f"> {line}".rstrip() for line in notice.splitlines()), ""]
    return "\n".join(lines)


def _by_source(
    foregrounds: Sequence[Foreground], backgrounds: Sequence[Background], finished: Sequence[Finished]
) -> Iterator[tuple[str, str, list[Foreground | Background | Finished]]]:
    """Yield (role, kind, its records)."""
    sides: dict[str, Sequence[Foreground | Background | Finished]] = {
        "foregrounds": foregrounds,
        "backgrounds": backgrounds,
        "finished": finished,
    }
    for role, records in sides.items():
        for source in dict.fromkeys(record.source for record in records):
            yield role, source, [record for record in records if record.source == source]
