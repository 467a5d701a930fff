"""Which foreground goes on which background: decided from records, never from pixels."""

from collections.abc import Iterable, Sequence
from math import gcd
from typing import NamedTuple

from simd.errors import DataError
from simd.hashing import text_digest
from simd.records import UNLABELLED, Background, Foreground


class Planned(NamedTuple):
    """A composite that is to be made."""

    id: str
    fg: Foreground
    bg: Background
    k: int  # which background of its foreground this is, from 0
    seed: int  # of its own random numbers


def plan(
    foregrounds: Sequence[Foreground], backgrounds: Sequence[Background], *, per_foreground: int, seed: int
) -> list[Planned]:
    """Give every foreground its backgrounds.

    The backgrounds are shuffled by a hash of the seed and their names, and each foreground walks through
    them from its own place in its own steps. So it has no background twice (until it has had all),
    all are used alike, and the composites of one foreground stay as they are when others join or
    leave. Hashes, not a library's random numbers: the plan is the same everywhere.

    Raises
    ------
    DataError
        If there is nothing to combine.
    """
    if per_foreground < 1:
        raise DataError(f"per-foreground must be at least 1, not {per_foreground}")
    if not foregrounds:
        raise DataError("there is no usable foreground; simd index FOLDER says why")
    if not backgrounds:
        raise DataError("there is no usable background; simd index FOLDER says why")
    deck = sorted(backgrounds, key=lambda bg: text_digest(str(seed), bg.id))
    pairs = []
    for fg in foregrounds:
        start, step = _walk(text_digest(str(seed), fg.id), len(deck))
        pairs += [(fg, deck[(start + k * step) % len(deck)], k) for k in range(per_foreground)]
    return with_ids(pairs, seed=seed)


def with_ids(pairs: Iterable[tuple[Foreground, Background, int]], *, seed: int) -> list[Planned]:
    """Give each foreground, background and k its id and the seed of its own random numbers."""
    planned: list[Planned] = []
    taken: set[str] = set()
    for fg, bg, k in pairs:
        id_ = safe_id(fg.class_ or UNLABELLED, (fg.id, bg.id, str(k)), taken)
        own_seed = int(text_digest(str(seed), id_)[:12], 16)  # 48 bits: exact in every JSON reader
        planned.append(Planned(id_, fg, bg, k, own_seed))
    return planned


def _walk(digest: str, length: int) -> tuple[int, int]:
    """Return a start and a step that visit every place of a deck before any twice."""
    step = 1 + int(digest[16:32], 16) % length
    while gcd(step, length) != 1:
        step += 1
    return int(digest[:16], 16) % length, step


def safe_id(class_: str, parts: tuple[str, ...], taken: set[str]) -> str:
    """Return ``<class>-<8 hex>`` of what makes an image unlike all others, and add it to those taken.

    In the rare case that two images share it, the later one counts on.
    """
    salt = 0
    while True:
        salted = parts if salt == 0 else (*parts, str(salt))
        id_ = f"{class_.replace('_', '-')}-{text_digest(*salted)[:8]}"
        if id_ not in taken:
            taken.add(id_)
            return id_
        salt += 1
