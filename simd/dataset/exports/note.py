"""export.json: what set an export is of, and what lies in which of its files."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simd.dataset.info import check_info
from simd.dataset.ledger import LEDGER_NAME
from simd.dataset.manifest import ATTRIBUTION_NAME, INFO_NAME, MattingSet
from simd.errors import DataError
from simd.files import json_text, read_json, read_text, write_atomically
from simd.records import Composite
from simd.schema import COUNT, TEXT, Kind, checked, list_of, record

NOTE_NAME = "export.json"
_ADVICE = "get it again from where the export came from, or export the set again"
_PART_NAME = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)?\.[a-z]+")  # never out of the folder
_NAME = Kind(
    "the name of a file inside of the export",
    lambda value: TEXT.fits(value) and _PART_NAME.fullmatch(value) is not None,
)
_NOTE = record(
    {
        "format": TEXT,
        "split": TEXT,
        "dataset": record({}),
        "attribution": TEXT,
        "parts": list_of(record({"name": _NAME, "bytes": COUNT, "ids": list_of(TEXT)})),
    },
    {"ledger": TEXT},
    words="the note of an export",
)


class Part(NamedTuple):
    """A file of an export, and the composites in it."""

    name: str
    bytes: int
    ids: Sequence[str]


class Note(NamedTuple):
    """What an export says of itself."""

    format: str
    split: str
    info: Mapping[str, Any]  # the set's dataset.json
    attribution: str  # its ATTRIBUTION.md
    parts: Sequence[Part]
    ledger: str  # its licences.csv, "" where it has none

    @property
    def digest(self) -> str:
        """The digest of the set."""
        return str(self.info["digests"]["set"])


def write_note(
    out: Path, matting_set: MattingSet, *, format_: str, split: str, parts: Sequence[Part]
) -> None:
    """Write the note of an export, whose files are all there."""
    content = {
        "format": format_,
        "split": split,
        "dataset": matting_set.info,
        "attribution": attribution_of(matting_set),
        **({"ledger": ledger} if (ledger := ledger_of(matting_set)) else {}),
        "parts": [part._asdict() for part in parts],
    }
    write_atomically(out / NOTE_NAME, json_text(content))


def attribution_of(matting_set: MattingSet) -> str:
    """Return the text of ATTRIBUTION.md of a set; "" where a set from before has none."""
    file = matting_set.path / ATTRIBUTION_NAME
    return read_text(file) if file.exists() else ""


def ledger_of(matting_set: MattingSet) -> str:
    """Return the text of the ledger of a set's licences; "" where it has none."""
    file = matting_set.path / LEDGER_NAME
    return read_text(file) if file.exists() else ""


def read_format(folder: Path) -> str | None:
    """Return the format that the note in a folder states; None if there is no note of ours."""
    if not (folder / NOTE_NAME).is_file():
        return None
    try:
        content = read_json(folder / NOTE_NAME)
    except DataError:
        return None
    name = content.get("format") if isinstance(content, dict) else None
    return name if isinstance(name, str) else None


def read_note(folder: Path) -> Note:
    """Read the note of an export; DataError, with the key, where one is missing or not of its kind."""
    file = folder / NOTE_NAME
    if folder.is_dir() and not file.is_file():
        raise DataError(
            f"{folder}: has no {NOTE_NAME}, which simd export writes beside the files of a set: {_ADVICE}"
        )
    content = checked(read_json(file), _NOTE, file, _ADVICE)
    info = check_info(content["dataset"], Path(f"{file}, {INFO_NAME}"))
    parts = [Part(part["name"], part["bytes"], part["ids"]) for part in content["parts"]]
    words = content["attribution"], parts, content.get("ledger", "")
    return Note(content["format"], content["split"], info, *words)


def row_of(content: Any, where: str) -> Composite:
    """Return the record of a row as an export holds it; DataError that says where it stands if it is none."""
    if not isinstance(content, dict):
        raise DataError(f"{where}: a JSON object is expected, this is a {type(content).__name__}")
    try:
        return Composite.from_row(content)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
