"""What composites of others are called: ``<fg>_<k>`` in Composition-1k, ``<fg>_<bg>`` in the SIMD release.

``k`` counts the backgrounds of a foreground, in at most 4 digits; ``bg`` is the name of a VOC or COCO
photograph.
"""

import re
from typing import NamedTuple

_NUMBER = r"\d{1,4}"
_PHOTOGRAPH = r"\d{4}_\d{6}|(?:COCO_(?:train|val)\d{4}_)?\d{12}"


class CompositeName(NamedTuple):
    """A composite's name, taken apart."""

    fg: str
    bg: str  # the number or the photograph


def numbered_name(fg: str, k: int) -> str:
    """Return what Composition-1k calls the k-th composite of a foreground, and its trimap."""
    return f"{fg}_{k}"


def split_numbered(name: str) -> CompositeName | None:
    """Take ``<fg>_<k>`` apart; None if it is not such a name.

    Examples
    --------
    >>> split_numbered("boy-1518482_1920_9_19")
    CompositeName(fg='boy-1518482_1920_9', bg='19')
    """
    return _split(name, _NUMBER)


def split_photograph(name: str) -> CompositeName | None:
    """Take ``<fg>_<bg>`` apart; None if it does not end with the name of a photograph.

    Examples
    --------
    >>> split_photograph("fire_2008_000123")
    CompositeName(fg='fire', bg='2008_000123')
    >>> split_photograph("a_COCO_train2014_000000000009")
    CompositeName(fg='a', bg='COCO_train2014_000000000009')
    """
    return _split(name, _PHOTOGRAPH)


def without_background(name: str) -> str:
    """Return a composite's name without its background, or the name itself if it ends with none.

    Examples
    --------
    >>> without_background("net/fence-2_13"), without_background("fire_2008_000123")
    ('net/fence-2', 'fire')
    >>> without_background("o_12345678")  # AIM-500: natural images
    'o_12345678'
    """
    parts = _split(name, f"{_NUMBER}|{_PHOTOGRAPH}")
    return name if parts is None else parts.fg


def _split(name: str, background: str) -> CompositeName | None:
    # the shortest foreground: the prefix COCO_train2014_ belongs to the photograph
    match = re.fullmatch(rf"(.+?)_({background})", name, re.DOTALL)
    return None if match is None else CompositeName(match[1], match[2])
