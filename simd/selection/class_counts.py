"""Count foregrounds and composites by class, and say what an equal number per class would take."""

import logging
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from simd.arguments import checked
from simd.dataset.manifest import INFO_NAME, load_set
from simd.dataset.unreviewed import is_unreviewed, unlabelled_images, unreviewed_note
from simd.errors import DataError
from simd.files import no_such_folder
from simd.options import renamed
from simd.records import Composite
from simd.sources import index_foregrounds, is_drawn, unlabelled_note
from simd.sources.lists import read_file_list
from simd.tagging.annotated_foregrounds import annotate, counted_classes
from simd.taxonomy import CLASSES

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Census:
    """Foregrounds and composites of each class, classes in taxonomy order.

    Where class masks with regions exist, a foreground counts for every class that its mask has; elsewhere for
    its primary class.
    """

    foregrounds: dict[str, int]
    composites: dict[str, int]
    regions: dict[str, tuple[str, ...]]  # foreground to the classes that it counts for
    unlabelled: int = 0  # foregrounds without a class, which are in none of the above
    problems: Mapping[str, str] = field(default_factory=dict)  # what could not be counted, with its reason

    def __repr__(self) -> str:
        """Return a line."""
        present = sum(count > 0 for count in self.foregrounds.values())
        return f"<Census: {self.total} foregrounds of {present} classes>"

    @property
    def total(self) -> int:
        """How many foregrounds were counted, those without a class too."""
        return len(self.regions) + self.unlabelled

    @property
    def by_region(self) -> bool:
        """Whether any foreground counts for several classes."""
        return any(len(classes) > 1 for classes in self.regions.values())

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


@renamed(source="kind")
def take_census(
    origin: str,
    *,
    kind: str | None = None,
    classes: Path | None = None,
    class_: str | None = None,
    annotations: Path | None = None,
    proposals: bool = False,
) -> Census:
    """Count a set, a folder of foregrounds, or a list of names.

    Parameters
    ----------
    origin : str
        A set built by ``simd build``, anything that :func:`~simd.sources.index_foregrounds`
        takes, or a text file of lines ``class:foreground:background``.
    kind, classes, class_ : optional
        As for ``simd index``. What has no class is in no count.
    annotations : Path, optional
        Tagged regions of a folder of foregrounds.
    proposals : bool
        Count by class masks that nobody has reviewed, too, in a set and in annotations.

    Raises
    ------
    DataError
        If it is none of these, or a line of a list cannot be counted.
    """
    if annotations is not None and ((Path(origin) / INFO_NAME).is_file() or Path(origin).is_file()):
        raise DataError(f"{origin}: is not a folder of foregrounds; annotations count for those only")
    if (Path(origin) / INFO_NAME).is_file():
        return census_of_rows(load_set(origin).rows, proposals=proposals)
    if Path(origin).is_file():
        return census(_listed(Path(origin)))
    if not Path(origin).exists() and not is_drawn(origin):
        raise no_such_folder(Path(origin), "a set, foregrounds, or a list of names is")
    index = index_foregrounds(origin, kind, classes=classes, class_=class_)
    if annotations is not None:
        index = annotate(index, annotations, proposals=proposals)
    if note := unlabelled_note(index.records):
        _LOG.warning("%s: of %d foregrounds %s", origin, len(index.records), note)
    counted = census((name, fg.id) for fg in index.records for name in counted_classes(fg) or ("",))
    return replace(counted, composites=dict.fromkeys(CLASSES, 0), problems=index.problems)


@renamed(source="kind")
@checked
def balance(
    folder: str | Path,
    *,
    kind: str | None = None,
    classes: str | Path | None = None,
    class_: str | None = None,
    annotations: str | Path | None = None,
    proposals: bool = False,
) -> Census:
    """Count foregrounds and composites by class; :func:`take_census` with paths as text or Path.

    What nobody has reviewed in a set, and what has no class, is said in the log.
    """
    if (Path(folder) / INFO_NAME).is_file():
        rows = load_set(folder).rows
        notes = unreviewed_note(rows, proposals=proposals), unlabelled_images(rows)
        for note in filter(None, notes):
            _LOG.warning("%s: %s", folder, note)
        if annotations is None:
            return census_of_rows(rows, proposals=proposals)
    return take_census(
        str(folder),
        kind=kind,
        classes=None if classes is None else Path(classes),
        class_=class_,
        annotations=None if annotations is None else Path(annotations),
        proposals=proposals,
    )


def census_of_rows(rows: Iterable[Composite], *, proposals: bool = False) -> Census:
    """Count the composites of a set; by class masks that nobody has reviewed, too, with `proposals`."""
    return census(pair for row in rows for pair in _pairs_of(row, proposals=proposals))


def census(composites: Iterable[tuple[str, str]]) -> Census:
    """Count (class, foreground) pairs: one for each composite and class of its foreground, "" for none."""
    every = list(composites)
    pairs = [(name, fg_id) for name, fg_id in every if name]
    composite_counts = Counter(name for name, _ in pairs)
    foreground_counts = Counter(name for name, _ in set(pairs))
    regions: dict[str, set[str]] = {}
    for name, fg_id in pairs:
        regions.setdefault(fg_id, set()).add(name)
    return Census(
        {name: foreground_counts[name] for name in CLASSES},
        {name: composite_counts[name] for name in CLASSES},
        {fg_id: tuple(sorted(classes)) for fg_id, classes in regions.items()},
        len({fg_id for _, fg_id in every} - regions.keys()),
    )


def _pairs_of(row: Composite, *, proposals: bool) -> list[tuple[str, str]]:
    """Return the classes that a composite counts for, each with its foreground."""
    by_region = row.class_mask_from == "regions" or (proposals and is_unreviewed(row))
    names = row.classes if by_region else (row.class_,)
    return [(name, row.fg_id) for name in names]


def _listed(path: Path) -> list[tuple[str, str]]:
    lines, problems = read_file_list(path)
    if not problems:
        if without := sum(not line.class_ for line in lines):
            _LOG.warning("%s: %d of %d lines name no class: they are in no count", path, without, len(lines))
        return [(line.class_, f"{line.class_}/{line.fg_name}") for line in lines]
    name, reason = next(iter(problems.items()))
    raise DataError(f"{name}: {reason} ({len(problems)} lines of the list cannot be counted)")
