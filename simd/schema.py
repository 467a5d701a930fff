"""What a file of ours has to hold, key by key: one check of all of them, whose messages name the key.

>>> RUN = record({"method": NAME, "images": or_null(COUNT)})
>>> problem({"method": "closed-form", "images": 4}, RUN)
''
>>> problem({"method": "closed-form", "images": -4}, RUN)
"the key 'images' must be a whole number from 0 on, or null, this is the number -4"
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simd.errors import DataError

_MISSING = object()
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NEAR = 1e-9
_LARGEST = 2**53  # beyond it a whole number is no float


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value has to be: in words for messages, whether one is so, and where what is wrong may be."""

    words: str
    fits: Callable[[Any], bool]  # with all that is inside
    inside: Callable[[Any], Iterable[tuple[str, Any, "Kind"]]] = lambda _: ()  # (key, value, its kind)
    schema: Mapping[str, Any] = field(default_factory=dict, compare=False)  # the same as JSON Schema has it


def checked(value: Any, kind: Kind, where: object, advice: str) -> Any:
    """Return what a file holds; DataError, with the file, the key and the advice, if it is not of a kind."""
    if reason := problem(value, kind):
        raise DataError(f"{where}: {reason}; {advice}")
    return value


def problem(value: Any, kind: Kind, key: str = "") -> str:
    """Return what is wrong with a value: the first key that is missing or not of its kind; "" if none is."""
    if kind.fits(value):
        return ""
    if value is _MISSING:
        return f"the key {key!r} is missing"
    for name, inner, inner_kind in kind.inside(value):
        if reason := problem(inner, inner_kind, (key + name).removeprefix(".")):
            return reason
    is_what = f"the key {key!r} must be {kind.words}, this is" if key else f"is not {kind.words}, but"
    return f"{is_what} {_described(value)}"


def json_schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema of a kind, for other programs; checks of ours never read it.

    It takes whatever the kind takes, and refuses what JSON Schema has words for: not 1.0 for a whole number,
    for one.

    Examples
    --------
    >>> json_schema(or_null(COUNT))["anyOf"][1]
    {'type': 'null'}
    """
    return {"description": kind.words, **kind.schema}


def differing(stated: Mapping[str, Any], computed: Mapping[str, Any]) -> str:
    """Return the first key of `computed` under which a file states another value, "" if there is none.

    Numbers with a fraction may differ by what the order of a sum leaves.
    """
    for key, value in computed.items():
        other = stated.get(key)
        if isinstance(value, Mapping):
            if not isinstance(other, Mapping):
                return key
            if inner := differing(other, value):
                return f"{key}.{inner}"
        elif not _same(other, value):
            return key
    return ""


def _same(stated: Any, computed: Any) -> bool:
    if isinstance(computed, list | tuple):
        alike = isinstance(stated, list) and len(stated) == len(computed)
        return alike and all(map(_same, stated, computed))
    if isinstance(computed, float) and _is_number(stated):
        return math.isclose(stated, computed, rel_tol=_NEAR)
    return bool(stated == computed)


def record(
    required: Mapping[str, Kind], optional: Mapping[str, Kind] | None = None, words: str = "an object"
) -> Kind:
    """Return the kind of an object with these keys; keys that others have added are passed over."""
    texts = [key for key, kind in required.items() if kind is TEXT]  # checked at once: rows have a dozen
    needed = [(key, kind.fits) for key, kind in required.items() if kind is not TEXT]
    allowed = [(key, kind.fits) for key, kind in (optional or {}).items()]

    def fits(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and _are_texts(value, texts)
            and all(key in value and fits(value[key]) for key, fits in needed)
            and all(key not in value or fits(value[key]) for key, fits in allowed)
        )

    def inside(value: Any) -> Iterable[tuple[str, Any, Kind]]:
        if isinstance(value, dict):
            yield from ((f".{key}", value.get(key, _MISSING), kind) for key, kind in required.items())
            yield from (
                (f".{key}", value[key], kind) for key, kind in (optional or {}).items() if key in value
            )

    properties = {key: json_schema(kind) for key, kind in {**required, **(optional or {})}.items()}
    return Kind(words, fits, inside, {"type": "object", "required": list(required), "properties": properties})


def list_of(kind: Kind, *, length: int | None = None, filled: bool = False) -> Kind:
    """Return the kind of a list, of a length if one is given, not empty if it has to be filled."""
    words = "a list" if length is None else f"a list of {length}"
    return Kind(
        f"{words} that is not empty" if filled else words,
        lambda value: (
            isinstance(value, list)
            and length in (None, len(value))
            and len(value) >= filled
            and all(map(kind.fits, value))
        ),
        lambda value: (
            [(f"[{index}]", inner, kind) for index, inner in enumerate(value)]
            if isinstance(value, list) and length in (None, len(value))
            else ()
        ),
        {"type": "array", "items": json_schema(kind)}
        | ({} if length is None else {"minItems": length, "maxItems": length})
        | ({"minItems": 1} if filled else {}),
    )


def table_of(kind: Kind, known: Mapping[str, Kind] | None = None, names: Iterable[str] = ()) -> Kind:
    """Return the kind of an object whose keys are data.

    `known` gives some keys another kind; `names`, if there are any, are the keys that it has, and no others.
    """
    wanted, of_known = frozenset(names), known or {}
    return Kind(
        f"an object with the keys {_listed(wanted)}" if wanted else "an object",
        lambda value: (
            isinstance(value, dict)
            and (not wanted or value.keys() == wanted)
            and all(_is_text(key) and of_known.get(key, kind).fits(inner) for key, inner in value.items())
        ),
        lambda value: (
            [(f".{key}", inner, of_known.get(key, kind)) for key, inner in value.items()]
            if isinstance(value, dict) and (not wanted or value.keys() == wanted)
            else ()
        ),
        {
            "type": "object",
            "properties": {key: json_schema(inner) for key, inner in of_known.items()},
            "additionalProperties": json_schema(kind),
        }
        | ({"propertyNames": {"enum": sorted(wanted)}, "required": sorted(wanted)} if wanted else {}),
    )


def texts_by(words: str) -> Kind:
    """Return the kind of an object of texts; the words say what its keys and its values are."""
    return Kind(
        f"an object of {words}, each a text",
        lambda value: isinstance(value, dict) and all(map(_is_text, [*value, *value.values()])),
        schema={"type": "object", "additionalProperties": TEXT.schema},
    )


def or_null(kind: Kind) -> Kind:
    """Return a kind that null is of, too."""
    comma = "," if " " in kind.words.removeprefix("a ") else ""
    return Kind(
        f"{kind.words}{comma} or null",
        lambda value: value is None or kind.fits(value),
        kind.inside,
        {"anyOf": [dict(kind.schema), {"type": "null"}]},
    )


def choice(*names: str) -> Kind:
    """Return the kind of a text that is one of some."""
    listed = ", ".join(map(repr, names[:-1])) + f" or {names[-1]!r}" if len(names) > 1 else repr(names[0])
    return Kind(listed, lambda value: isinstance(value, str) and value in names, schema={"enum": list(names)})


def whole(low: int, high: int) -> Kind:
    """Return the kind of a whole number in a range."""
    return Kind(
        f"a whole number in {low}..{high}",
        lambda value: type(value) is int and low <= value <= high,
        schema={"type": "integer", "minimum": low, "maximum": high},
    )


def _listed(names: Iterable[str]) -> str:
    *others, last = sorted(names)
    return f"{', '.join(others)} and {last}" if others else last


def _is_text(value: Any) -> bool:
    """Tell whether it is a text that can be written to a file: JSON can hold half a character, too."""
    if not isinstance(value, str):
        return False
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _are_texts(value: Mapping[str, Any], keys: Sequence[str]) -> bool:
    try:
        return _is_text("".join([value[key] for key in keys]))
    except (KeyError, TypeError):
        return False


def _is_number(value: Any) -> bool:
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) <= _LARGEST)


TEXT = Kind("a text", _is_text, schema={"type": "string"})
PATH = Kind(
    "a path",
    lambda value: _is_text(value) and "\0" not in value,
    schema={"type": "string", "pattern": r"^[^\u0000]*$"},
)
NAME = Kind(
    "a name, a text that is not empty",
    lambda value: _is_text(value) and bool(value.strip()),
    schema={"type": "string", "pattern": r"\S"},
)
DIGEST = Kind(
    "a SHA-256",
    lambda value: isinstance(value, str) and _DIGEST.fullmatch(value) is not None,
    schema={"type": "string", "pattern": f"^{_DIGEST.pattern}$"},
)
FLAG = Kind("true or false", lambda value: isinstance(value, bool), schema={"type": "boolean"})
NUMBER = Kind("a number", _is_number, schema={"type": "number"})
AMOUNT = Kind(
    "a number from 0 on",
    lambda value: _is_number(value) and value >= 0,
    schema={"type": "number", "minimum": 0},
)
SHARE = Kind(
    "a number in 0..1",
    lambda value: _is_number(value) and 0 <= value <= 1,
    schema={"type": "number", "minimum": 0, "maximum": 1},
)
COUNT = Kind(
    "a whole number from 0 on",
    lambda value: type(value) is int and 0 <= value <= _LARGEST,
    schema={"type": "integer", "minimum": 0, "maximum": _LARGEST},
)
SEED = Kind(
    "a whole number from 0 on",
    lambda value: type(value) is int and value >= 0,
    schema={"type": "integer", "minimum": 0},
)
INTEGER = Kind("a whole number", lambda value: type(value) is int, schema={"type": "integer"})
NULL = Kind("null", lambda value: value is None, schema={"type": "null"})


def _described(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "the text", bool: "the value", type(None): "null"}
    kind = kinds.get(type(value), "the number")
    if type(value) is int and abs(value) > _LARGEST:
        return "a whole number that is too large" if value > 0 else "a whole number that is too small"
    return kind if type(value) in (dict, list, type(None)) else f"{kind} {value!r:.60}"
