"""The 20 matting classes: names, indices, colours, definitions, as annotations/classes.json has them."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from simd.errors import DataError
from simd.installation import is_clone


@dataclass(frozen=True, slots=True, kw_only=True)
class MattingClass:
    """One class of the taxonomy."""

    index: int
    name: str
    aliases: tuple[str, ...]  # names in the 2021 release
    colour: str  # "#rrggbb"
    definition: str


def annotations_dir() -> Path:
    """Return the folder of shipped annotation data, in a wheel as in a clone."""
    package = Path(__file__).parent
    return (package.parent if is_clone() else package) / "annotations"


def _read_classes(path: Path) -> tuple[int, tuple[MattingClass, ...]]:
    table = json.loads(path.read_text(encoding="utf-8"))
    classes = tuple(MattingClass(**row | {"aliases": tuple(row["aliases"])}) for row in table["classes"])
    assert [c.index for c in classes] == list(range(len(classes)))
    return int(table["taxonomy_version"]), classes


TAXONOMY_VERSION, TAXONOMY = _read_classes(annotations_dir() / "classes.json")
CLASSES = tuple(c.name for c in TAXONOMY)
NO_CLASS = 255
"""The value of a class mask where no class was given."""

_NAMES = {name: c.name for c in TAXONOMY for name in (c.name, *c.aliases)}


def class_name(name: str) -> str:
    """Return the class that a name or an alias of the 2021 release stands for.

    Raises
    ------
    DataError
        If the name is neither; the message suggests near names.

    Examples
    --------
    >>> class_name("plant_leaf")
    'leaf'
    """
    if isinstance(name, str) and name in _NAMES:
        return _NAMES[name]
    raise DataError(f"unknown class {name!r:.80}{suggest(str(name), CLASSES)}")


def class_index(name: str) -> int:
    """Return the index 0..19 of a class or alias."""
    return CLASSES.index(class_name(name))


def parse_classes(text: str) -> tuple[str, ...]:
    """Split ``"leaf|tree"`` into class names, the primary class first.

    Examples
    --------
    >>> parse_classes("plant_leaf|tree")
    ('leaf', 'tree')
    """
    names = [class_name(part.strip()) for part in text.split("|")]
    return tuple(dict.fromkeys(names))


def class_from_prefix(stem: str) -> str | None:
    """Return the class named by the longest whole-word prefix of a file stem, if there is one.

    Examples
    --------
    >>> class_from_prefix("hair_easy_long_01"), class_from_prefix("plant_leaf-3")
    ('hair_easy', 'leaf')
    >>> class_from_prefix("hair_horse_mane") is None  # which hair? nobody said
    True
    """
    fits = [name for name in _NAMES if re.match(rf"{name}(?![A-Za-z])", stem)]
    return _NAMES[max(fits, key=len)] if fits else None


def suggest(name: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'a' or 'b'?"`` for near choices, else a list of all of them."""
    known = list(choices)
    near = [c for c in known if name and c.startswith(name)] or get_close_matches(name, known, n=2)
    if near:
        return "; did you mean " + " or ".join(repr(n) for n in near[:3]) + "?"
    return "; known are " + ", ".join(known)
