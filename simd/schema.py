"""What a file of ours has to hold, key by key: one check of all of them, whose messages name the key.

>>> RUN = record({"method": NAME, "images": or_null(COUNT)})
>>> problem({"method": "closed-form", "images": 4}, RUN)
''
>>> problem({"method": "closed-form", "images": -4}, RUN)
"the key 'images' must be a whole number from 0 on, or null, this is the number -4"
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simd.errors import DataError

_MISSING = object()
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LARGEST = 2**53  # beyond it a whole number is no float


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value has to be: in words for messages, whether one is so, and what is inside it."""

    words: str
    fits: Callable[[Any], bool]
    inside: Callable[[Any], Iterable[tuple[str, Any, "Kind"]]] = lambda _: ()  # (key, value, its kind)


def checked(value: Any, kind: Kind, where: object, advice: str) -> Any:
    """Return what a file holds; DataError, with the file, the key and the advice, if it is not of a kind."""
    if reason := problem(value, kind):
        raise DataError(f"{where}: {reason}; {advice}")
    return value


def problem(value: Any, kind: Kind, key: str = "") -> str:
    """Return what is wrong with a value: the first key that is missing or not of its kind; "" if none is."""
    if value is _MISSING:
        return f"the key {key!r} is missing"
    if not kind.fits(value):
        is_what = f"must be {kind.words}, this is" if key else f"is not {kind.words}, but"
        return f"{f'the key {key!r} ' if key else ''}{is_what} {_described(value)}"
    for name, inner, inner_kind in kind.inside(value):
        if reason := problem(inner, inner_kind, (key + name).removeprefix(".")):
            return reason
    return ""


def record(
    required: Mapping[str, Kind], optional: Mapping[str, Kind] | None = None, words: str = "an object"
) -> Kind:
    """Return the kind of an object with these keys; keys that others have added are passed over."""

    def inside(value: Mapping[str, Any]) -> Iterable[tuple[str, Any, Kind]]:
        yield from ((f".{key}", value.get(key, _MISSING), kind) for key, kind in required.items())
        yield from ((f".{key}", value[key], kind) for key, kind in (optional or {}).items() if key in value)

    return Kind(words, lambda value: isinstance(value, dict), inside)


def list_of(kind: Kind, *, length: int | None = None) -> Kind:
    """Return the kind of a list, of a length if one is given."""
    words = "a list" if length is None else f"a list of {length}"
    return Kind(
        words,
        lambda value: isinstance(value, list) and length in (None, len(value)),
        lambda value: ((f"[{index}]", inner, kind) for index, inner in enumerate(value)),
    )


def table_of(kind: Kind, names: Iterable[str] | None = None, words: str = "an object") -> Kind:
    """Return the kind of an object whose keys are data; these names, all of them, if some are given."""
    wanted = None if names is None else frozenset(names)
    return Kind(
        words if wanted is None else f"{words} with a key for each of {len(wanted)} names",
        lambda value: (
            isinstance(value, dict)
            and all(map(_is_text, value))
            and (wanted is None or value.keys() == wanted)
        ),
        lambda value: ((f".{key}", inner, kind) for key, inner in value.items()),
    )


def texts_by(words: str) -> Kind:
    """Return the kind of an object of texts; the words say what its keys and its values are."""
    return Kind(
        f"an object of {words}, each a text",
        lambda value: isinstance(value, dict) and all(map(_is_text, [*value, *value.values()])),
    )


def or_null(kind: Kind) -> Kind:
    """Return a kind that null is of, too."""
    comma = "," if " " in kind.words.removeprefix("a ") else ""
    return Kind(
        f"{kind.words}{comma} or null",
        lambda value: value is None or kind.fits(value),
        lambda value: () if value is None else kind.inside(value),
    )


def choice(*names: str) -> Kind:
    """Return the kind of a text that is one of some."""
    listed = ", ".join(map(repr, names[:-1])) + f" or {names[-1]!r}" if len(names) > 1 else repr(names[0])
    return Kind(listed, lambda value: isinstance(value, str) and value in names)


def whole(low: int, high: int) -> Kind:
    """Return the kind of a whole number in a range."""
    return Kind(f"a whole number in {low}..{high}", lambda value: type(value) is int and low <= value <= high)


def _is_text(value: Any) -> bool:
    """Tell whether it is a text that can be written to a file: JSON can hold half a character, too."""
    if not isinstance(value, str):
        return False
    if value.isascii():
        return "\0" not in value
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_number(value: Any) -> bool:
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) <= _LARGEST)


TEXT = Kind("a text", _is_text)
NAME = Kind("a name, a text that is not empty", lambda value: _is_text(value) and bool(value.strip()))
DIGEST = Kind("a SHA-256", lambda value: isinstance(value, str) and _DIGEST.fullmatch(value) is not None)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
NUMBER = Kind("a number", _is_number)
AMOUNT = Kind("a number from 0 on", lambda value: _is_number(value) and value >= 0)
SHARE = Kind("a number in 0..1", lambda value: _is_number(value) and 0 <= value <= 1)
COUNT = Kind("a whole number from 0 on", lambda value: type(value) is int and 0 <= value <= _LARGEST)
SEED = Kind("a whole number from 0 on", lambda value: type(value) is int and value >= 0)
NULL = Kind("null", lambda value: value is None)


def _described(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "the text", bool: "the value", type(None): "null"}
    kind = kinds.get(type(value), "the number")
    if type(value) is int and abs(value) > _LARGEST:
        return "a whole number that is too large" if value > 0 else "a whole number that is too small"
    return kind if type(value) in (dict, list, type(None)) else f"{kind} {value!r:.60}"
