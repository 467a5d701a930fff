"""Count foregrounds and composites by class, and say what an equal number per class would take."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from simd.dataset.manifest import INFO_NAME, load_set
from simd.dataset.pairing import read_file_list
from simd.dataset.sources import index_foregrounds
from simd.errors import DataError
from simd.records import Foreground
from simd.taxonomy import CLASSES


@dataclass(frozen=True, slots=True)
class Census:
    """Foregrounds and composites of each class, by primary class; classes in taxonomy order."""

    foregrounds: dict[str, int]
    composites: dict[str, int]

    @property
    def spread(self) -> float:
        """The largest class over the smallest, in foregrounds, of the classes present; nan if none is."""
        present = [count for count in self.foregrounds.values() if count]
        return max(present) / min(present) if present else math.nan

    @property
    def entropy(self) -> float:
        r""":math:`-\sum_c p_c \log_{20} p_c` of the foregrounds: 1 if all 20 classes are equal, 0 for one."""
        total = sum(self.foregrounds.values())
        shares = [count / total for count in self.foregrounds.values() if count]
        return abs(math.fsum(p * math.log(p, len(CLASSES)) for p in shares))

    def missing(self, per_class: int | None = None) -> dict[str, int]:
        """Return how many foregrounds each class lacks for `per_class`, by default the largest class's."""
        goal = max(self.foregrounds.values()) if per_class is None else per_class
        return {name: goal - count for name, count in self.foregrounds.items() if count < goal}


def take_census(place: str, *, source: str | None = None, classes: Path | None = None) -> Census:
    """Count a set, a folder of foregrounds, or a list of names.

    Parameters
    ----------
    place : str
        A set built by ``simd build``, anything that :func:`~simd.dataset.sources.index_foregrounds`
        takes, or a text file of lines ``class:foreground:background``.
    source, classes : optional
        As for ``simd index``.

    Raises
    ------
    DataError
        If it is none of these, or a line of a list cannot be counted.
    """
    if (Path(place) / INFO_NAME).is_file():
        return census((row.class_, row.fg_id) for row in load_set(place).rows)
    if Path(place).is_file():
        return census(_listed(Path(place)))
    index = index_foregrounds(place, source, classes=classes)
    counted = Counter(fg.class_ for fg in index.records)
    return Census({name: counted[name] for name in CLASSES}, dict.fromkeys(CLASSES, 0))


def census(composites: Iterable[tuple[str, str]]) -> Census:
    """Count (class, foreground) pairs, one for each composite."""
    pairs = list(composites)
    composite_counts = Counter(name for name, _ in pairs)
    foreground_counts = Counter(name for name, _ in set(pairs))
    return Census(
        {name: foreground_counts[name] for name in CLASSES},
        {name: composite_counts[name] for name in CLASSES},
    )


def equal_numbers(foregrounds: Sequence[Foreground], per_class: int, *, seed: int) -> list[Foreground]:
    """Choose the same number of foregrounds for each primary class, by a hash of the seed and their names.

    Raises
    ------
    DataError
        With each class that has too few, and how many it has.
    """
    if per_class < 1:
        raise DataError(f"per-class must be at least 1, not {per_class}")
    chosen: set[str] = set()
    short = []
    for name in CLASSES:
        own = [fg.id for fg in foregrounds if fg.class_ == name]
        if len(own) < per_class:
            short.append(f"{name} has {len(own)}")
        chosen.update(sorted(own, key=lambda id_: sha256(f"{seed}\0{id_}".encode()).digest())[:per_class])
    if short:
        raise DataError(
            f"{per_class} foregrounds for each class cannot be had: {', '.join(short)}; "
            "simd balance shows what is missing"
        )
    return [fg for fg in foregrounds if fg.id in chosen]


def _listed(path: Path) -> list[tuple[str, str]]:
    lines, problems = read_file_list(path)
    if not problems:
        return [(line.class_, line.fg_name) for line in lines]
    name, why = next(iter(problems.items()))
    raise DataError(f"{name}: {why} ({len(problems)} lines of the list cannot be counted)")
