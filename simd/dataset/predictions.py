"""run.json: what a folder of predicted mattes says of itself; its one writer and its one reader."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import json_text, read_json, write_atomically

RUN_NAME = "run.json"


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

    def to_json(self) -> dict[str, Any]:
        """Return the content of run.json."""
        content = asdict(self) | {"fallbacks": dict(self.fallbacks)}
        if self.images_digest is None:
            del content["images_digest"]
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
    if not isinstance(content, dict):
        raise DataError(
            f"{path}: is not a run.json as simd predict writes it, but {_described(content)}; "
            "remove or mend it"
        )
    values = {key: _checked(path, key, content[key]) for key in _EXPECTED if key in content}
    if "method" not in values:
        raise DataError(f"{path}: the key 'method' is missing; add the method's name, or remove the file")
    return RunRecord(**values)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_count(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)


def _is_amount(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and 0 <= value < math.inf)


def _is_table_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(reason, str) for reason in value.values())


_EXPECTED = {
    "method": (_is_name, "a name, a text that is not empty"),
    "version": (_is_text, "a text"),
    "checkpoint_digest": (_is_text_or_null, "a text or null"),
    "set_digest": (_is_text_or_null, "a text or null"),
    "set": (_is_text_or_null, "a text or null"),
    "images": (_is_count, "a whole number from 0 on, or null"),
    "seconds_per_image": (_is_amount, "a number from 0 on, or null"),
    "peak_megabytes": (_is_amount, "a number from 0 on, or null"),
    "fallbacks": (_is_table_of_texts, "an object of image ids and reasons, each a text"),
    "simd_version": (_is_text, "a text"),
    "images_digest": (_is_text_or_null, "a text or null"),
}


def _checked(path: Path, key: str, value: Any) -> Any:
    is_right, wanted = _EXPECTED[key]
    if not is_right(value):
        raise DataError(
            f"{path}: the key {key!r} must be {wanted}, this is {_described(value)}; "
            "mend or remove the file, it is not a run.json as simd predict writes it"
        )
    return value


def _described(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "the text", bool: "the value", type(None): "null"}
    kind = kinds.get(type(value), "the number")
    return kind if type(value) in (dict, list, type(None)) else f"{kind} {value!r:.60}"
