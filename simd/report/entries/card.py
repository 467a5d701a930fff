"""card.toml of an entry: what its makers say of the method, and what simd has written of the scores."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import read_toml
from simd.metrics.score import ENTIRE, METRICS_VERSION, WHOLE
from simd.schema import AMOUNT, DIGEST, NAME, TEXT, Kind, checked, choice, list_of, record, whole

CARD_NAME = "card.toml"
FORMAT, VERSION = "simd-entry", 1
"""What a card says it is; annotations/schema/entry-1.schema.json describes this version."""
UNKNOWN, NONE = "unknown", "none"
"""What a key says that nobody has filled in, and one of something that there is none of."""
MATTES = ("8-bit", "float", "mixed", UNKNOWN)
"""The levels that mattes were scored with; *float* is anything finer than 8 bits, 16-bit files included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCard:
    """The keys of card.toml, table by table; a text that nobody has given is "unknown"."""

    name: str
    version: str = UNKNOWN
    code: str = UNKNOWN
    paper: str = UNKNOWN
    bibtex: str = UNKNOWN
    trained_on: tuple[str, ...] = (UNKNOWN,)  # empty: the method learns nothing
    contact: str = NONE  # by choice
    weights_sha256: str = UNKNOWN  # "none": it has no weights
    weights_licence: str = UNKNOWN
    hardware: str = UNKNOWN
    seconds_per_image: float | None = None
    # what was scored, as scores.json has it
    set: str
    protocol: str
    set_digest: str
    trimaps_digest: str
    region: str = WHOLE
    mattes: str = UNKNOWN
    metrics_version: int = METRICS_VERSION
    simd_version: str
    scores_sha256: str  # of scores.csv


FACTS = {
    "code": "method.code",
    "paper": "method.paper",
    "bibtex": "method.bibtex",
    "trained_on": "method.trained_on",
    "contact": "method.contact",
    "weights_sha256": "weights.sha256",
    "weights_licence": "weights.licence",
    "hardware": "run.hardware",
}
"""The fields that makers fill in, and the keys of the card that hold them."""
_WRITTEN = {
    "name": "method.name",
    "version": "method.version",
    "seconds_per_image": "run.seconds_per_image",
    **{
        name: f"scored.{name}"
        for name in (
            *("set", "protocol", "set_digest", "trimaps_digest", "region", "mattes"),
            *("metrics_version", "simd_version", "scores_sha256"),
        )
    },
}
_ORDER = {
    "method": ("name", "version", "code", "paper", "bibtex", "trained_on", "contact"),
    "weights": ("weights_sha256", "weights_licence"),
    "run": ("hardware", "seconds_per_image"),
    "scored": tuple(name for name, key in _WRITTEN.items() if key.startswith("scored.")),
}
_REMARKS = {
    "method": 'Fill in what is "unknown"; trained_on = [] is a method that learns nothing.',
    "weights": 'Of the weights, not of the code; "none" if there are none.',
    "run": "Leave seconds_per_image out if nobody has measured it.",
    "scored": "Written by simd entry make; simd entry check compares it with the scores.",
}
_SOME_DIGEST = Kind(
    'a SHA-256, "none" or "unknown"', lambda value: value in (NONE, UNKNOWN) or DIGEST.fits(value)
)
_CARD = record(
    {
        "format": choice(FORMAT),
        "version": whole(1, VERSION),
        "method": record(
            {
                "name": NAME,
                "version": TEXT,
                **dict.fromkeys(("code", "paper", "bibtex", "contact"), NAME),
                "trained_on": list_of(NAME),
            }
        ),
        "weights": record({"sha256": _SOME_DIGEST, "licence": NAME}),
        "run": record({"hardware": NAME}, {"seconds_per_image": AMOUNT}),
        "scored": record(
            {
                **{"set": TEXT, "protocol": TEXT, "set_digest": DIGEST, "trimaps_digest": DIGEST},
                **{"region": choice(WHOLE, ENTIRE), "mattes": choice(*MATTES)},
                **{"metrics_version": whole(1, METRICS_VERSION), "simd_version": TEXT},
                "scores_sha256": DIGEST,
            }
        ),
    },
    words="the card of an entry",
)


def read_card(path: Path) -> EntryCard:
    """Read a card.

    Raises
    ------
    DataError
        If it is not TOML, or a key is missing or not of its kind; the message names the file and the key.
    """
    content = checked(read_toml(path), _CARD, path, "mend it (docs/entries.md), or run simd entry make again")
    keys = FACTS | _WRITTEN
    values: dict[str, Any] = {}
    for name, key in keys.items():
        table, _, inner = key.partition(".")
        if inner in content[table]:
            value = content[table][inner]
            values[name] = tuple(value) if isinstance(value, list) else value
    return EntryCard(**values)


def card_keys(card: EntryCard) -> dict[str, Any]:
    """Return the values of a card by their keys in the file, ``method.name``."""
    values = asdict(card)
    return {key: values[name] for name, key in (FACTS | _WRITTEN).items()}


def card_text(card: EntryCard) -> str:
    """Return a card as TOML."""
    values = asdict(card)
    keys = FACTS | _WRITTEN
    lines = [
        "# An entry of a leaderboard: docs/entries.md says what each key means.",
        f'format = "{FORMAT}"',
        f"version = {VERSION}",
    ]
    for table, names in _ORDER.items():
        lines += ["", f"[{table}]", f"# {_REMARKS[table]}"]
        for name in names:
            if values[name] is not None:
                lines.append(f"{keys[name].partition('.')[2]} = {_toml(values[name])}")
    return "\n".join(lines) + "\n"


def read_facts(texts: list[str]) -> dict[str, Any]:
    """Read facts given as ``key=value``; several `trained_on` make a list, "none" an empty one.

    Raises
    ------
    DataError
        If one is not ``key=value``, or there is no such key.
    """
    facts: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        name = key.strip().replace("-", "_").replace(".", "_")
        if not equals or name not in FACTS or not value.strip():
            raise DataError(f"the fact {text!r} must be KEY=VALUE, with a key of {', '.join(FACTS)}")
        if name == "trained_on":
            listed = facts.get(name, ())
            facts[name] = () if value == NONE else (*listed, value)
        else:
            facts[name] = value
    return facts


def check_facts(facts: Mapping[str, Any]) -> None:
    """Raise DataError if a fact has a key that makers do not fill in, or a value that is not of its kind."""
    if unknown := sorted(set(facts) - set(FACTS)):
        raise DataError(f"unknown fact {unknown[0]!r}; there are {', '.join(FACTS)}")
    for name, value in facts.items():
        kind = {"trained_on": list_of(NAME), "weights_sha256": _SOME_DIGEST}.get(name, NAME)
        given = list(value) if isinstance(value, tuple | list) else value
        checked(given, kind, f"the fact {name}", "give another value")


def _toml(value: Any) -> str:
    """Return a text, number or list of texts as TOML; a text of several lines over several lines."""
    if isinstance(value, str) and "\n" in value:
        return '"""\n' + "\n".join(_text(line)[1:-1] for line in value.split("\n")) + '"""'
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # else as in JSON
