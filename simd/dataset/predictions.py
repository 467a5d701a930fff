"""run.json: what a folder of predicted mattes says of itself; its one writer and its one reader."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import json_text, read_json, write_atomically
from simd.schema import AMOUNT, COUNT, NAME, TEXT, checked, list_of, or_null, record, texts_by

RUN_NAME = "run.json"
UNFINISHED_NAME = ".predict"
"""The folder in which a run that is not finished has its state, among its mattes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """How the mattes of a folder were made: the keys of run.json.

    ``simd predict`` writes all of them. Another program may write `method` alone, and what else it knows.
    """

    method: str  # its name on boards
    version: str = ""  # what the mattes depend on besides the weights
    checkpoint_digest: str | None = None  # of the weights
    set_digest: str | None = None  # of the set; None for pictures that are not a set
    set: str | None = None  # its name
    images: int | None = None
    seconds_per_image: float | None = None
    peak_megabytes: int | None = None  # of the process
    fallbacks: Mapping[str, str] = field(default_factory=dict)  # id to why the matte is not the method's own
    simd_version: str = ""
    images_digest: str | None = None  # of the files of pictures that are not a set
    trained_on: tuple[str, ...] | None = None  # source/part of foregrounds, where the weights' card says it

    def to_json(self) -> dict[str, Any]:
        """Return the content of run.json."""
        content = asdict(self) | {"fallbacks": dict(self.fallbacks)}
        for key in ("images_digest", "trained_on"):
            if content[key] is None:
                del content[key]
        return content


def write_run(folder: Path, record: RunRecord) -> None:
    """Write run.json into a folder of mattes."""
    write_atomically(folder / RUN_NAME, json_text(record.to_json()))


def read_run(folder: Path) -> RunRecord | None:
    """Read the run.json of a folder of mattes; None if there is none.

    Keys that others have added are passed over.

    Raises
    ------
    DataError
        If it is not JSON, `method` is missing, or a key is not of its type or range; the message names the
        file and the key.
    """
    path = folder / RUN_NAME
    if not path.is_file():
        return None
    content = read_json(path)
    checked(content, RUN, path, "mend or remove the file, it is not a run.json as simd predict writes it")
    if "method" not in content:
        raise DataError(f"{path}: the key 'method' is missing; add the method's name, or remove the file")
    values = {key: content[key] for key in _KEYS if key in content}
    if values.get("trained_on") is not None:
        values["trained_on"] = tuple(values["trained_on"])
    return RunRecord(**values)


_KEYS = {
    "method": NAME,
    "version": TEXT,
    "checkpoint_digest": or_null(TEXT),
    "set_digest": or_null(TEXT),
    "set": or_null(TEXT),
    "images": or_null(COUNT),
    "seconds_per_image": or_null(AMOUNT),
    "peak_megabytes": or_null(AMOUNT),
    "fallbacks": texts_by("image ids and reasons"),
    "simd_version": TEXT,
    "images_digest": or_null(TEXT),
    "trained_on": or_null(list_of(TEXT)),
}
RUN = record({}, _KEYS, words="a run.json as simd predict writes it")
"""The kind of run.json, which another program may write, too."""
