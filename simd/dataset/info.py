"""dataset.json, read and checked: each key, and what it says of the rows against the rows."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import read_json
from simd.records import Composite
from simd.schema import COUNT, DIGEST, SEED, TEXT, checked, choice, differing, list_of, record, table_of
from simd.taxonomy import CLASSES

_LOG = logging.getLogger(__name__)
_ADVICE = "restore the file from where the set came from, or build the set again"
INFO = record(
    {
        "name": TEXT,
        "version": TEXT,
        "protocol": TEXT,
        "seed": SEED,
        "counts": record(
            {
                **dict.fromkeys(("composites", "foregrounds", "backgrounds"), COUNT),
                "classes": table_of(record({"composites": COUNT, "foregrounds": COUNT})),
            }
        ),
        "sources": list_of(
            record(
                {
                    "gives": choice("foregrounds", "backgrounds", "finished"),
                    **dict.fromkeys(("kind", "licence", "citation"), TEXT),
                    "licences": table_of(COUNT),
                }
            )
        ),
        "digests": record(dict.fromkeys(("set", "images", "trimaps"), DIGEST), {"rows": DIGEST}),
        "simd_version": TEXT,
    },
    words="the dataset.json of a set",
)
"""The kind of dataset.json."""
_LINES: dict[str, Callable[[Composite], str]] = {
    "set": lambda row: (
        f"{row.id} {row.class_} {row.image_sha256} {row.alpha_sha256} {row.trimap_sha256} "
        f"{row.class_mask_sha256}\n"
    ),
    "images": lambda row: f"{row.id} {row.image_sha256}\n",
    "trimaps": lambda row: f"{row.id} {row.trimap_sha256}\n",
    "rows": lambda row: f"{row.to_sorted_json()}\n",
}
_BLOCK = 256  # rows: as many as the processor's cache holds, for the four digests of each


def read_info(path: Path) -> dict[str, Any]:
    """Read dataset.json; DataError, with the key, where one is missing or not of its kind or range."""
    return check_info(read_json(path), path)


def check_info(content: Any, where: Path) -> dict[str, Any]:
    """Return what a file has in the place of a dataset.json; see :func:`read_info`."""
    info: dict[str, Any] = checked(content, INFO, where, _ADVICE)
    return info


def check_rows(info: Mapping[str, Any], info_file: Path, rows: Sequence[Composite], rows_file: Path) -> None:
    """Compare what dataset.json says of the rows with the rows.

    Raises
    ------
    DataError
        If a digest, a count, the protocol or the licences of the sources are not those of the rows. A set
        from before, which states no digest of whole rows, is read with a remark in the log.
    """
    stated, computed = info["digests"], digests(rows)
    if stated["set"] != computed["set"]:
        raise DataError(
            f"{info_file.parent}: {rows_file.name} is not the one that {info_file.name} was written for "
            "(their digests differ); restore the two files from where the set came from"
        )
    if "rows" not in stated:
        _LOG.warning(
            "%s: states no digest of whole rows, as it was written by an earlier simd; licences, names and "
            "recipes in %s are not checked",
            info_file,
            rows_file.name,
        )
        del computed["rows"]
    elif stated["rows"] != computed["rows"]:
        raise DataError(
            f"{rows_file}: a licence, a name or another fact in its rows is not the one that the set was "
            f"made with (digests.rows of {info_file.name} differs); restore the two files from where the set "
            "came from"
        )
    absent = {name: {"composites": 0, "foregrounds": 0} for name in info["counts"]["classes"]}
    counted = counts(rows)
    counted["classes"] = absent | counted["classes"]
    protocol = next((row.protocol for row in rows if row.protocol != info["protocol"]), info["protocol"])
    facts = {"digests": computed, "counts": counted, "protocol": protocol}
    if key := differing(info, facts) or _differing_sources(info["sources"], rows):
        raise DataError(f"{info_file}: {key} is not what the rows of {rows_file.name} come to; {_ADVICE}")


def counts(rows: Iterable[Composite]) -> dict[str, Any]:
    """Count composites, foregrounds and backgrounds, in all and by primary class."""
    rows = list(rows)
    composites = Counter(row.class_ for row in rows)
    foregrounds = Counter(class_ for class_, _ in {(row.class_, row.fg_id) for row in rows})
    return {
        "composites": len(rows),
        "foregrounds": len({row.fg_id for row in rows}),
        "backgrounds": len({row.bg_id for row in rows if row.bg_id is not None}),
        "classes": {
            name: {"composites": composites[name], "foregrounds": foregrounds[name]}
            for name in CLASSES
            if composites[name]
        },
    }


def digests(rows: Iterable[Composite]) -> dict[str, str]:
    """Digest the rows of a set: its content (`set`), its images and its trimaps alone, and the whole rows."""
    rows = sorted(rows, key=lambda row: row.id)
    made = {name: hashlib.sha256() for name in _LINES}
    for first in range(0, len(rows), _BLOCK):
        block = rows[first : first + _BLOCK]
        for name, line in _LINES.items():
            made[name].update("".join([line(row) for row in block]).encode())
    return {name: digest.hexdigest() for name, digest in made.items()}


def _differing_sources(sources: Sequence[Mapping[str, Any]], rows: Sequence[Composite]) -> str:
    """Return the first source whose licences are not those in the rows; a set may list no sources at all."""
    if not sources:
        return ""
    used = _used(sources, rows)
    for number, source in enumerate(sources):
        for licence, count in source["licences"].items():
            if used.pop((source["gives"], source["kind"], licence), 0) != count:
                return f"sources[{number}].licences"
    for gives, kind, _ in used:
        for number, source in enumerate(sources):
            if (source["gives"], source["kind"]) == (gives, kind):
                return f"sources[{number}].licences"
    return "sources" if used else ""


def sources_of_part(sources: Sequence[Mapping[str, Any]], rows: Sequence[Composite]) -> list[dict[str, Any]]:
    """Return the sources of a set as far as some of its rows come from them, their licences counted anew."""
    licences: dict[tuple[str, str | None], dict[str, int]] = {}
    for (gives, kind, licence), count in sorted(_used(sources, rows).items(), key=str):
        if licence is not None:
            licences.setdefault((gives, kind), {})[licence] = count
    of_part = [(source, licences.get((source["gives"], source["kind"]))) for source in sources]
    return [{**source, "licences": counted} for source, counted in of_part if counted]


def _used(
    sources: Sequence[Mapping[str, Any]], rows: Sequence[Composite]
) -> Counter[tuple[str, str | None, str | None]]:
    """Count what rows are made from, by what it is, the kind of its source, and its licence."""
    if any(source["gives"] == "finished" for source in sources):
        return Counter(("finished", row.source, row.licence) for row in rows)
    foregrounds = {row.fg_id: ("foregrounds", row.source, row.licence) for row in rows}
    backgrounds = {row.bg_id: ("backgrounds", row.bg_source, row.bg_licence) for row in rows}
    used: Counter[tuple[str, str | None, str | None]] = Counter(foregrounds.values())
    used.update(backgrounds.values())
    return used
