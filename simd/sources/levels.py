"""Datasets named one level too high or too low: which lies above a folder, and which in it.

A layer of a dataset is not a folder of any pictures, and neither is a folder of datasets.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from simd.errors import DataError
from simd.files import real_path
from simd.sources.index import SourceKind

_ABOVE = 3  # levels: a layer lies up to three deep, as validation/P3M-500-P/mask
_BELOW = 2
_FOLDERS = 64  # folders of a folder that are looked at

Kinds = Mapping[str, Sequence[SourceKind]]
"""What kinds give, to those whose layout says what a dataset is."""


class Nearby(NamedTuple):
    """A dataset that a folder is a part of, or that lies in it."""

    root: Path
    kind: SourceKind
    gives: str


def dataset_above(folder: Path, kinds: Kinds) -> Nearby | None:
    """Return the dataset of whose layout a folder is a part, if it is one's."""
    whole = real_path(folder)
    for root in islice(whole.parents, _ABOVE):
        relative = whole.relative_to(root).as_posix()
        for kind, gives in _all(kinds):
            if any(fnmatchcase(relative, pattern) for pattern in kind.inner) and _has(kind, root):
                return Nearby(root, kind, gives)
    return None


def datasets_below(folder: Path, kinds: Kinds) -> list[Nearby]:
    """Return the datasets that lie in a folder, or in the folders in it, each once."""
    level, nearby = [folder], []
    for _ in range(_BELOW):
        level = [inner for each in level for inner in _folders_in(each)][:_FOLDERS]
        kind_of = {each: next(_recognised(each, kinds), None) for each in level}
        nearby += [each for each in kind_of.values() if each is not None]
        level = [each for each, dataset in kind_of.items() if dataset is None]
    return nearby


def _recognised(folder: Path, kinds: Kinds) -> Iterator[Nearby]:
    return (Nearby(folder, kind, gives) for kind, gives in _all(kinds) if _has(kind, folder))


def _all(kinds: Kinds) -> Iterator[tuple[SourceKind, str]]:
    return ((kind, gives) for gives, of in kinds.items() for kind in of)


def _has(kind: SourceKind, folder: Path) -> bool:
    try:
        return kind.recognise(str(folder))
    except (OSError, DataError):  # what cannot be read is no dataset
        return False


def _folders_in(folder: Path) -> Iterable[Path]:
    try:
        folders = (path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
        inner = sorted(path for path in folders if not path.name.startswith("."))
    except OSError:
        return []
    return inner[:_FOLDERS]
