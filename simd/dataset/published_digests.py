"""Digests of the sets whose specs are shipped: what a build on any machine must come to.

``python -m simd.dataset.published_digests FOLDER...`` writes those of built sets into
annotations/sets/digests.json; it is run when the generator changes, which makes other sets of the same names.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simd.dataset.manifest import MattingSet, load_set
from simd.errors import DataError
from simd.files import json_text, read_json, write_atomically
from simd.records import LAYERS
from simd.taxonomy import annotations_dir


def published() -> dict[str, Any]:
    """Return, by the set's name, its digest and the pixel digests of its samples by composite id."""
    path = _path()
    digests: dict[str, Any] = read_json(path) if path.is_file() else {}
    return digests


def compare_with_published(built: MattingSet) -> str:
    """Say whether a set is the published one of its name; an empty text where none is published."""
    known = published().get(built.name)
    if known is None:
        return ""
    if known["set"] == built.digest:
        return f"this is {built.name} as published"
    return (
        f"this is not {built.name} as published ({known['set']}): the generator or a library has changed; "
        "scores on it stand in a table of their own"
    )


def digests_of(built: MattingSet) -> dict[str, Any]:
    """Return what is published of a set: its digest, and the pixels' of the first composite of each kind."""
    first: dict[str, Any] = {}
    for row in built.rows:
        first.setdefault(row.fg_id.rsplit("/", 1)[0], row)
    samples = {row.id: {layer: getattr(row, f"{layer}_sha256") for layer in LAYERS} for row in first.values()}
    return {"set": built.digest, "composites": len(built), "samples": samples}


def publish(folders: Sequence[str | Path]) -> list[str]:
    """Write the digests of built sets to the shipped list; return a line on each."""
    known, lines = published(), []
    for folder in folders:
        built = load_set(folder)
        if not (annotations_dir() / "sets" / f"{built.name}.toml").is_file():
            raise DataError(
                f"{folder}: is {built.name!r}, of which no spec is shipped; build it with --spec NAME"
            )
        changed = known.get(built.name, {}).get("set") != built.digest
        known[built.name] = digests_of(built)
        lines.append(f"{built.name} {built.digest}{' (changed)' if changed else ''}")
    write_atomically(_path(), json_text(dict(sorted(known.items()))))
    return lines


def _path() -> Path:
    return annotations_dir() / "sets" / "digests.json"


if __name__ == "__main__":
    sys.stdout.write("\n".join(publish(sys.argv[1:])) + "\n")
