"""Declared layouts: where the layers of a dataset lie, and looking through a folder by that declaration."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path, PurePosixPath
from re import IGNORECASE, fullmatch
from typing import NamedTuple

from simd.errors import DataError
from simd.files import real_path
from simd.records import UNKNOWN_LICENCE
from simd.sources.folder import as_extra, by_stem, check_pair_size, split_files, unread_partner, with_stems_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A split of a dataset, or all of it: one file of each layer under one name."""

    name: str
    layers: Mapping[str, str]  # "image", "fg", "alpha", "trimap" to a glob below the root
    roots: tuple[str, ...] = ("",)  # where it may lie in the dataset's folder; the first that is there counts
    count: int = 0  # how many it is known to hold; 0: nobody says
    general: bool = False  # that count is widely known, no more: another one is a remark
    nested: bool = False  # its files lie in folders, one below a layer's: a clip and its frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A dataset as its authors hand it out."""

    name: str
    title: str
    parts: tuple[Part, ...]
    licence: str
    citation: str
    ask: str  # where to get it
    total: int = 0  # how many all parts together hold, where that is surer than the counts of the parts
    called: str = ""  # a pattern that the name of its folder fits, where its layers alone are anybody's
    hearsay: str = ""  # how many it holds, as others tell, where nothing is checked against that
    caution: str = ""  # what whoever uses its images must hear
    licensed: bool = True  # whether `licence` is one; else the licence of its images is unknown

    @property
    def licence_of_each(self) -> str:
        """The licence of an image of it."""
        return self.licence if self.licensed else UNKNOWN_LICENCE

    @property
    def inner(self) -> tuple[str, ...]:
        """The folders of its parts and layers, and those above them."""
        folders = {
            PurePosixPath(root, _folder(part, layer))
            for part in self.parts
            for root in part.roots
            for layer in part.layers
        }
        above = {folder for path in folders for folder in (path, *path.parents)}
        return tuple(sorted(str(path) for path in above if path.name))

    def describe(self, layers: Sequence[str]) -> str:
        """Return where some layers lie, in a line."""
        return "; ".join(_describe(part, layers) for part in self.parts if layers[0] in part.layers)

    def describe_counts(self) -> str:
        """Return what the dataset is known to hold, in a line."""
        counted = [part for part in self.parts if part.count]
        texts = [
            f"{part.count:,}"
            + (f" {part.name}" if len(self.parts) > 1 else "")
            + (" (hearsay)" if part.general else "")
            for part in counted
        ]
        total = [f"{self.total:,} in all"] if self.total else []
        return ", ".join([*total, *texts, *([f"{self.hearsay} (hearsay)"] if self.hearsay else [])])


class LayoutItem(NamedTuple):
    """What lies under one name in the layers of a part."""

    part: Part
    stem: str
    files: dict[str, Path]


class LayoutContents(NamedTuple):
    """What a folder holds of a layout, in the terms of an index."""

    items: list[LayoutItem]
    expected: int
    missing: dict[str, str]
    broken: dict[str, str]
    notes: tuple[str, ...]
    extra: tuple[str, ...]
    unnamed: int


def has_layout(layout: Layout, origin: str, layers: Sequence[str]) -> bool:
    """Tell whether a folder has a part with all the layers, the first with files named as declared."""
    if layout.called and not fullmatch(layout.called, real_path(origin).name, IGNORECASE):
        return False
    for part in layout.parts:
        root = _root(part, Path(origin), layers)
        if root is not None and all((root / _folder(part, layer)).is_dir() for layer in layers):
            return bool(_matching(part, root, layers[0])[0])
    return False


def look_through(
    layout: Layout, origin: str, *, layers: Sequence[str], optional: Sequence[str] = ()
) -> LayoutContents:
    """Pair the files of a dataset by name, and name everything that keeps it from being complete.

    Parameters
    ----------
    layers : sequence of str
        The layers that every item has; a part is there if the folder of the first is.
    optional : sequence of str
        Layers that a part may lack as a whole; where the folder is there, every item has a file in it.

    Raises
    ------
    DataError
        If no part of the dataset is there, or a folder cannot be listed.
    """
    items: list[LayoutItem] = []
    missing: dict[str, str] = {}
    broken: dict[str, str] = {}
    notes: list[str] = []
    extra: list[Path] = []
    counts: dict[str, int] = {}
    base = Path(origin)
    for part in layout.parts:
        if not set(layers) <= part.layers.keys():
            continue
        root = _root(part, base, layers)
        if root is None:
            notes.append(f"{_label(layout, part)} is not here")
            continue
        if others := [r for r in _roots(part, base, layers) if r != root]:
            notes.append(
                f"{', '.join(map(str, others))} left out: {_label(layout, part)} lies in {root} as well"
            )
        optional_here = [x for x in optional if x in part.layers and (root / _folder(part, x)).is_dir()]
        by_layer: dict[str, dict[str, Path]] = {}
        clashes: dict[str, str] = {}
        for layer in (*layers, *optional_here):
            files, strays = _matching(part, root, layer)
            stems_before = by_layer[layers[0]] if by_layer else {}
            named = _by_path if part.nested else by_stem
            by_layer[layer] = with_stems_of(stems_before, named(files, clashes, base))
            extra += strays
        prefix = f"{part.name}/" if len(layout.parts) > 1 else ""
        broken |= {prefix + stem: reason for stem, reason in clashes.items()}
        stems = sorted({stem for layer in layers for stem in by_layer[layer]} | clashes.keys())
        counts[part.name] = len(stems)
        for stem in (s for s in stems if s not in clashes):
            files_of = {layer: paths[stem] for layer, paths in by_layer.items() if stem in paths}
            if lacks := [layer for layer in by_layer if layer not in files_of]:
                lacking = ", ".join(f"{_folder(part, layer)}/" for layer in lacks)
                have = next(iter(files_of.values())).relative_to(base).as_posix()
                folders = [root / _folder(part, layer) for layer in lacks]
                beside = unread_partner(stem, (p for p in extra if p.parent in folders))
                missing[prefix + stem] = f"{have} has no partner in {lacking}{beside}"
                continue
            try:
                check_pair_size(*files_of.values())
            except DataError as error:
                broken[prefix + stem] = str(error)
                continue
            items.append(LayoutItem(part, stem, files_of))
        for layer in optional_here:
            extra += [file for stem, file in by_layer[layer].items() if stem not in stems]
    if not counts:
        raise DataError(f"{origin}: is not {layout.title}; its layout is {layout.describe(layers)}")
    expected, unnamed, remarks = _against_counts(layout, counts)
    return LayoutContents(
        items, expected, missing, broken, (*notes, *remarks), as_extra(sorted(set(extra)), base), unnamed
    )


def _by_path(files: Iterable[Path], broken: dict[str, str], root: Path) -> dict[str, Path]:
    """Return files by their folder and stem; names that several files share go to `broken`."""
    names: dict[str, Path] = {}
    for folder, inner in groupby(sorted(files, key=lambda p: p.parent), key=lambda p: p.parent):
        clashes: dict[str, str] = {}
        names |= {f"{folder.name}/{stem}": path for stem, path in by_stem(inner, clashes, root).items()}
        broken |= {f"{folder.name}/{stem}": reason for stem, reason in clashes.items()}
    return names


def _against_counts(layout: Layout, counts: Mapping[str, int]) -> tuple[int, int, list[str]]:
    """Return how many items are expected, how many of them nothing names, and what is worth a remark."""
    notes, unnamed = [], 0
    for part in layout.parts:
        count = counts.get(part.name)
        if count is None or not part.count or count == part.count:
            continue
        notes.append(f"{_label(layout, part)}, here are {count}")
        if not part.general:
            unnamed += max(0, part.count - count)
    all_here = sum(counts.values())
    if layout.total and all_here != layout.total and len(counts) == len(layout.parts):
        notes.append(f"{layout.title} holds {layout.total} in all, here are {all_here}")
        unnamed += max(0, layout.total - all_here - unnamed)
    return all_here + unnamed, unnamed, notes


def _matching(part: Part, root: Path, layer: str) -> tuple[list[Path], list[Path]]:
    """Return the images of a layer that are named as declared, and all else that lies there."""
    folder = root / _folder(part, layer)
    if not folder.is_dir():
        return [], []
    images, others = split_files(folder)
    name = part.layers[layer].rpartition("/")[2]
    level = 1 if part.nested else 0  # folders between a layer and its files
    fits = [p for p in images if p.parents[level] == folder and fnmatchcase(p.name, name)]
    return fits, others + sorted(set(images) - set(fits))


def _roots(part: Part, base: Path, layers: Sequence[str]) -> list[Path]:
    places = [base / root for root in part.roots]
    return [p for p in places if (p / _folder(part, layers[0])).is_dir()]


def _root(part: Part, base: Path, layers: Sequence[str]) -> Path | None:
    if not set(layers) <= part.layers.keys():
        return None
    return next(iter(_roots(part, base, layers)), None)


def _folder(part: Part, layer: str) -> str:
    return part.layers[layer].rpartition("/")[0]


def _label(layout: Layout, part: Part) -> str:
    name = f"{layout.title}, {part.name}" if part.name else layout.title
    return f"{name} (known to hold {part.count})" if part.count else name


def _describe(part: Part, layers: Sequence[str]) -> str:
    globs = [part.layers[layer] for layer in layers if layer in part.layers]
    folders, names = zip(*(glob.rpartition("/")[::2] for glob in globs), strict=True)
    names = tuple(f"*/{name}" for name in names) if part.nested else names
    inside = folders[0] if len(folders) == 1 else f"{{{','.join(folders)}}}"
    path = "/".join(text for text in (part.roots[0], inside, names[0]) if text)
    return path + "".join(f" (or {root}/...)" for root in part.roots[1:])
