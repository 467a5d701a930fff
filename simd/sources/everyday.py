"""Everyday names: which folders and files hold the foregrounds, photographs, mattes and trimaps of a folder.

Two forms are understood: a folder for each layer (``fg/`` and ``gt/``, ``images/`` and ``masks/``), and
files side by side that a suffix tells apart (``cat.jpg``, ``cat_alpha.png``, ``cat_trimap.png``).
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode

from simd.class_tables import stem_of
from simd.errors import DataError, first_of
from simd.image import has_transparency, is_image_name, read_alpha
from simd.sources.folder import split_files, with_stems_of

FOLDERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "fg": (
        ("fg", "fgs", "fgr", "fgrs", "foreground", "foregrounds"),
        ("colour", "colours", "color", "colors"),
    ),
    "image": (
        ("image", "images", "img", "imgs"),
        ("photo", "photos", "photograph", "photographs", "picture", "pictures", "rgb"),
        ("original", "originals", "input", "inputs", "src", "source"),
    ),
    "alpha": (
        ("alpha", "alphas", "pha", "phas", "matte", "mattes", "alphamatte", "alphamattes"),
        ("gt", "gts", "groundtruth", "groundtruths"),
        ("mask", "masks"),
    ),
    "trimap": (("trimap", "trimaps"),),
    "cutout": (("rgba", "cutout", "cutouts"), ("fg", "fgs", "foreground", "foregrounds")),
}
"""The names of a layer's folder, whatever their case, hyphens and underscores; earlier groups win."""

_CUTOUT = re.compile(r"(?i)[-_. ](cutout|rgba|nobg|no[-_]?bg|rembg)$")
_SUFFIX_OF = {
    "alpha": re.compile(r"(?i)[-_. ](alpha|matte|mask|pha|gt)$"),
    "trimap": re.compile(r"(?i)[-_. ]trimap$"),
    "fg": re.compile(r"(?i)[-_. ](fg|fgr|foreground)$"),
    "image": re.compile(r"(?i)[-_. ](image|img|rgb|photo)$"),
}
_CUTOUTS_BESIDE = {**_SUFFIX_OF, "alpha": _CUTOUT}
_SCANNED = 4096  # names of a folder that tell whether files of one are told apart by suffixes
_SUBFOLDERS = 64  # folders in which such files may lie
_SAMPLED = 4  # mattes that tell whether all are without soft pixels


class Naming(NamedTuple):
    """What the user says of the names in a folder that no everyday name fits."""

    alpha_dir: str = ""  # the folder of the mattes, below the one named or anywhere
    alpha_suffix: str = ""  # what stands behind the name of an image in the name of its matte

    def query(self) -> str:
        """Return it as it stands behind the name of a kind: ``?alpha-dir=...&alpha-suffix=...``, or ""."""
        values = {name.replace("_", "-"): text for name, text in self._asdict().items() if text}
        return f"?{urlencode(values, safe='/')}" if values else ""


NO_NAMING = Naming()


def parse_naming(query: str) -> Naming:
    """Read what :meth:`Naming.query` wrote, without the question mark.

    Examples
    --------
    >>> parse_naming("alpha-dir=my+mattes&alpha-suffix=_a")
    Naming(alpha_dir='my mattes', alpha_suffix='_a')
    """
    known = {name.replace("_", "-"): name for name in Naming._fields}
    values: dict[str, str] = {}
    for key, texts in parse_qs(query, keep_blank_values=True).items():
        if key not in known or not texts[-1]:
            raise DataError(f"?{query}: behind a kind stand {' and '.join(known)}, each =NAME, joined by &")
        values[known[key]] = texts[-1]
    if not values:
        raise DataError(f"?{query}: behind a kind stand {' and '.join(known)}, each =NAME, joined by &")
    return Naming(**values)


class Places(NamedTuple):
    """Where the layers of a folder lie; with `side_by_side` all in the folder itself, told by suffixes."""

    role: str  # "fg" or "image": what the colours are
    colour: Path
    alpha: Path
    trimap: Path | None = None
    is_cutout: bool = False  # whether alpha is the transparency of the files in `alpha`
    side_by_side: bool = False
    left_out: tuple[str, ...] = ()  # folders that might be meant as well

    def shown(self, root: Path) -> str:
        """Return the layers by the names of their folders, in words."""
        if self.side_by_side:
            matte = "cat_cutout.png, whose transparency is the matte" if self.is_cutout else "cat_alpha.png"
            return f"files side by side, told apart by suffixes as in cat.jpg and {matte}"
        mattes = "cut-outs whose transparency is the matte" if self.is_cutout else "mattes"
        colours = "foregrounds" if self.role == "fg" else "photographs"
        trimaps = f", trimaps in {_below(self.trimap, root)}/" if self.trimap else ""
        folder = "the folder itself" if self.colour == root else f"{_below(self.colour, root)}/"
        return f"{colours} in {folder}, {mattes} in {_below(self.alpha, root)}/{trimaps}"


def find_places(root: Path, role: str, naming: Naming = NO_NAMING) -> Places | None:
    """Find the layers of a folder by their everyday names; None where it has none.

    Parameters
    ----------
    root : Path
    role : {"fg", "image"}
        Whether colours are to be foregrounds or photographs.
    naming : Naming
        What the user says of them.

    Raises
    ------
    DataError
        If several folders may be meant, or the one that is named is not there.
    """
    if naming.alpha_dir:
        return _named_places(root, role, naming)
    folders = _folders(root)
    left_out: list[str] = []
    colour = _choose(root, folders, role, left_out)
    if colour is not None:
        trimap = _choose(root, folders, "trimap", left_out)
        alpha = _choose(root, folders, "alpha", left_out)
        if alpha is not None:
            return Places(role, colour, alpha, trimap, left_out=tuple(left_out))
        if role == "image" and (cutouts := _cutouts(root, folders)) is not None:
            return Places(role, colour, cutouts, trimap, is_cutout=True, left_out=tuple(left_out))
    if _is_side_by_side(root, _suffixes(naming), role):
        return Places(role, root, root, side_by_side=True)
    if role == "image" and not naming.alpha_suffix and _is_side_by_side(root, _CUTOUTS_BESIDE, role):
        return Places(role, root, root, is_cutout=True, side_by_side=True)
    return None


def _named_places(root: Path, role: str, naming: Naming) -> Places:
    alpha = root / naming.alpha_dir
    if not alpha.is_dir():
        raise DataError(f"{alpha}: no such folder; --alpha-dir names the folder of mattes, seen from {root}")
    folders = {name: paths for name, paths in _folders(root).items() if alpha not in paths}
    left_out: list[str] = []
    other = "image" if role == "fg" else "fg"
    colour = _choose(root, folders, role, left_out)
    if colour is None and (colour := _choose(root, folders, other, left_out)):
        role = other
    colour = colour or root
    return Places(role, colour, alpha, _choose(root, folders, "trimap", left_out), left_out=tuple(left_out))


def roles_of(root: Path, naming: Naming) -> set[str]:
    """Return what the colours of a folder may be by its names: "fg", "image" or both."""
    places = [find_places(root, role, naming) for role in ("fg", "image")]
    return {role for each, role in zip(places, ("fg", "image"), strict=True) if each and each.role == role}


class Layers(NamedTuple):
    """The files of each layer by the name that they share, and what stands in the way."""

    files: dict[str, dict[str, Path]]  # "colour", "alpha", perhaps "trimap"
    clashes: dict[str, str]  # a name that two files of a layer share, to the reason
    others: list[Path]  # what is not an image, or belongs to no layer


def read_layers(places: Places, naming: Naming = NO_NAMING) -> Layers:
    """List the files of all layers and pair them by name.

    A file is known by its stem, without the suffix of its layer where only that makes it fit. In nested
    folders a stem that is there twice is known by its path.

    Raises
    ------
    DataError
        If a folder may not be listed.
    """
    suffixes = _CUTOUTS_BESIDE if places.is_cutout and places.side_by_side else _suffixes(naming)
    roots = {"colour": places.colour, "alpha": places.alpha}
    if places.trimap is not None:
        roots["trimap"] = places.trimap
    if places.side_by_side:
        files, others = split_files(places.colour)
        layers = _told_apart(files, suffixes, places.role)
    else:
        layers, others = {}, []
        for layer, folder in roots.items():
            images, rest = split_files(folder)
            inner = [other for other in roots.values() if other != folder and folder in other.parents]
            layers[layer] = [path for path in images if not any(i in path.parents for i in inner)]
            others += [path for path in rest if not any(i in path.parents or i == path for i in inner)]
        if naming.alpha_suffix:
            strays = [path for path in layers["alpha"] if not suffixes["alpha"].search(path.stem)]
            layers["alpha"] = [path for path in layers["alpha"] if path not in set(strays)]
            others += strays
    named = _stems(layers, suffixes, places)
    several = {
        stem
        for pairs in named.values()
        for stem, folders in _grouped((stem, path.parent) for stem, path in pairs).items()
        if len(set(folders)) > 1
    }
    clashes: dict[str, str] = {}
    keyed: dict[str, dict[str, Path]] = {}
    base = places.colour if places.side_by_side else _common(roots.values())
    for layer, pairs in named.items():
        folder = roots.get(layer, places.colour)
        groups = _grouped(
            (_key(stem, path, folder) if stem in several else stem, path) for stem, path in pairs
        )
        for key, same in groups.items():
            if len(same) > 1:
                names = ", ".join(_below(path, base) for path in same)
                clashes[key] = f"{names} share one name; keep one of them"
        unique = {key: same[0] for key, same in groups.items() if len(same) == 1}
        keyed[layer] = unique if layer == "colour" else with_stems_of(keyed["colour"], unique)
    return Layers(keyed, clashes, others)


def unpaired(root: Path) -> str:
    """Say that folders named as foregrounds, or photographs, and mattes have no name in common; else ""."""
    for role in ("fg", "image"):
        places = find_places(root, role)
        if places is None or places.side_by_side:
            continue
        files = read_layers(places).files
        if files["colour"] and files["alpha"] and not files["colour"].keys() & files["alpha"].keys():
            colour, alpha = (_below(next(iter(files[layer].values())), root) for layer in ("colour", "alpha"))
            return (
                f"it holds {places.shown(root)}, and no name is in both: there are {colour} and {alpha}; "
                "name them alike, or say what ends the names of mattes: --alpha-suffix"
            )
    return ""


def hard_note(mattes: Sequence[Path], root: Path) -> str:
    """Say that mattes have no soft pixel, if some of them, evenly spread over all, have none; else ""."""
    sampled = [mattes[k * len(mattes) // _SAMPLED] for k in range(_SAMPLED)] if mattes else []
    for path in dict.fromkeys(sampled):
        try:
            alpha = read_alpha(path)
        except DataError:
            return ""  # it is named when its turn comes
        if ((alpha > 0) & (alpha < 255)).any():
            return ""
    if not sampled:
        return ""
    names = first_of(list(dict.fromkeys(_below(path, root) for path in sampled)), 2)
    return f"the mattes hold 0 and 255 alone, as segmentations do ({names}): are they mattes?"


def _suffixes(naming: Naming) -> dict[str, re.Pattern[str]]:
    if not naming.alpha_suffix:
        return dict(_SUFFIX_OF)
    return {**_SUFFIX_OF, "alpha": re.compile(f"(?i){re.escape(stem_of(naming.alpha_suffix))}$")}


def _told_apart(
    files: Iterable[Path], suffixes: Mapping[str, re.Pattern[str]], role: str
) -> dict[str, list[Path]]:
    """Return files by the layer that their suffix names; those without one are colours.

    What ends like a matte (fur_a, with the suffix _a) is a colour where another file is its matte (fur_a_a),
    and nothing is what it would be the matte of (fur).
    """
    paths = list(files)
    stems = {_folded(path.stem) for path in paths}
    cut = {path: _folded(suffixes["alpha"].sub("", path.stem)) for path in paths}
    bases = {cut[path] for path in paths if suffixes["alpha"].search(path.stem)}
    layers: dict[str, list[Path]] = {"colour": [], "alpha": []}
    for path in paths:
        name = next((name for name in ("alpha", "trimap") if suffixes[name].search(path.stem)), "colour")
        if name == "alpha" and _folded(path.stem) in bases and cut[path] not in stems:
            name = "colour"
        layers.setdefault(name, []).append(path)
    other = suffixes["image" if role == "fg" else "fg"]
    layers["colour"] = [path for path in layers["colour"] if not other.search(path.stem)]
    return layers


def _stems(
    layers: Mapping[str, Sequence[Path]], suffixes: Mapping[str, re.Pattern[str]], places: Places
) -> dict[str, list[tuple[str, Path]]]:
    """Return each file with its stem, or with that of a colour that fits it without a suffix."""
    colours = {_folded(path.stem): path.stem for path in layers["colour"]}
    bare = {_folded(suffixes[places.role].sub("", path.stem)): path.stem for path in layers["colour"]}
    stems = {"colour": [(path.stem, path) for path in layers["colour"]]}
    for layer, files in layers.items():
        if layer == "colour":
            continue
        pairs = []
        for path in files:
            cut = _folded(suffixes[layer].sub("", path.stem))
            fits_whole = _folded(path.stem) in colours and not places.side_by_side
            stem = path.stem if fits_whole else colours.get(cut) or bare.get(cut) or path.stem
            pairs.append((stem, path))
        stems[layer] = pairs
    return stems


def _is_side_by_side(root: Path, suffixes: Mapping[str, re.Pattern[str]], role: str) -> bool:
    """Tell whether half of the pictures in a folder, or in each one in it, have a matte beside them."""
    if _picture_names(root):
        return _has_pairs(root, suffixes, role)
    folders = [folder for folder in _subfolders(root) if any(folder.iterdir())]
    return bool(folders) and all(_has_pairs(folder, suffixes, role) for folder in folders)


def _has_pairs(folder: Path, suffixes: Mapping[str, re.Pattern[str]], role: str) -> bool:
    layers = _told_apart(map(Path, _picture_names(folder)), suffixes, role)
    stems = _stems(layers, suffixes, Places(role, folder, folder, side_by_side=True))
    common = {stem for stem, _ in stems["colour"]} & {stem for stem, _ in stems["alpha"]}
    return 2 * len(common) >= len(layers["colour"]) > 0


def _picture_names(folder: Path) -> list[str]:
    try:
        entries = islice(folder.iterdir(), _SCANNED)
        return [p.name for p in entries if is_image_name(p.name) and not p.name.startswith(".")]
    except OSError:
        return []


def _subfolders(root: Path) -> list[Path]:
    try:
        entries = islice(root.iterdir(), _SCANNED)
        folders = sorted(path for path in entries if not path.name.startswith(".") and path.is_dir())
    except OSError:
        return []
    return folders[:_SUBFOLDERS]


def _folders(root: Path) -> dict[str, list[Path]]:
    """Return the folders in a folder by their names without case, hyphens, underscores and blanks."""
    return _grouped((re.sub(r"[-_ ]", "", path.name).casefold(), path) for path in _subfolders(root))


def _choose(
    root: Path, folders: Mapping[str, Sequence[Path]], layer: str, left_out: list[str]
) -> Path | None:
    """Return the folder of a layer; DataError if several are equally likely."""
    chosen = None
    for group in FOLDERS[layer]:
        meant = [path for name in group for path in folders.get(name, ())]
        if chosen is not None:
            left_out += [path.name for path in meant]
        elif len(meant) > 1:
            exact = [path for path in meant if path.name == group[0]]
            chosen = exact[0] if exact else None
            if chosen is None:
                names = " and ".join(f"{path.name}/" for path in meant)
                hint = _ALPHA_DIR if layer == "alpha" else "keep one of them"
                raise DataError(f"{root}: {names} may each be its folder of {_WHAT[layer]}; {hint}")
            left_out += [path.name for path in meant if path != chosen]
        elif meant:
            chosen = meant[0]
    return chosen


_ALPHA_DIR = "name the one of the mattes: --alpha-dir NAME, or --kind 'folder?alpha-dir=NAME'"
_WHAT = {"fg": "foregrounds", "image": "photographs", "alpha": "mattes", "trimap": "trimaps"}


def _cutouts(root: Path, folders: Mapping[str, Sequence[Path]]) -> Path | None:
    """Return the folder of cut-outs whose pictures have transparency, if there is one."""
    for folder in (path for group in FOLDERS["cutout"] for name in group for path in folders.get(name, ())):
        first = next(iter(split_files(folder)[0]), None)
        try:
            if first is not None and has_transparency(first):
                return folder
        except DataError:
            continue
    return None


def _grouped(pairs: Iterable[tuple[str, Path]]) -> dict[str, list[Path]]:
    groups: dict[str, list[Path]] = defaultdict(list)
    for name, path in pairs:
        groups[name].append(path)
    return groups


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _key(stem: str, path: Path, root: Path) -> str:
    return (path.parent.relative_to(root) / stem).as_posix()


def _common(folders: Collection[Path]) -> Path:
    first, *rest = folders
    candidates = (first, *first.parents)
    return next((p for p in candidates if all(p == o or p in o.parents for o in rest)), first.parent)


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if root == path or root in path.parents else str(path)
