"""Pairs that somebody else has chosen: a list of composites, or two lists of names taken in order.

Lists come from anywhere, so a line is believed only when both its names are found among the records that the
sources have given: no path is ever made of a line. Every bad line is named, and the others are planned.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from simd.dataset.balance import Planned, with_ids
from simd.dataset.sources.index import Index, Record
from simd.errors import DataError
from simd.files import read_text
from simd.image import is_image_name
from simd.records import Background, Foreground
from simd.taxonomy import class_name

_COCO_2014 = "COCO_train2014_"


class ListLine(NamedTuple):
    """A line ``class:foreground:background`` of a file list."""

    number: int
    class_: str
    fg_name: str
    bg_name: str


class Pairing(NamedTuple):
    """What a list asks for: the composites that can be made, and each line that cannot be used."""

    planned: list[Planned]
    problems: dict[str, str]  # "<list>:<line>" to reason
    total: int  # composites that were asked for


def read_file_list(path: Path) -> tuple[list[ListLine], dict[str, str]]:
    """Read a list of composites in the form of the SIMD release.

    Returns
    -------
    lines : list of ListLine
        The good lines, with the class as the project names it.
    problems : dict
        ``"<path>:<line>"`` to what is wrong there: fields, class, unsafe name, a line that stood before.

    Raises
    ------
    DataError
        If the file cannot be read or holds no line at all.
    """
    lines: list[ListLine] = []
    problems: dict[str, str] = {}
    first_seen: dict[tuple[str, ...], int] = {}
    for number, text in _numbered(path):
        try:
            line = _parse(number, text)
            before = first_seen.setdefault(line[1:], number)
            if before != number:
                raise DataError(f"says the same as line {before}; a composite is made once")
        except DataError as error:
            problems[f"{path}:{number}"] = str(error)
            continue
        lines.append(line)
    return lines, problems


def plan_file_list(
    path: Path, foregrounds: Index[Foreground], backgrounds: Index[Background], *, seed: int
) -> Pairing:
    """Plan exactly the composites of a list, in its order; `k` counts the lines of a foreground."""
    lines, problems = read_file_list(path)
    total = len(lines) + len(problems)
    fgs: dict[str, list[Foreground]] = defaultdict(list)
    for fg in foregrounds.records:
        if fg.file is not None:
            fgs[f"{fg.class_}/{fg.file.name}"].append(fg)
    bgs = _by_name(backgrounds)
    pairs, used = [], Counter[str]()
    for line in lines:
        try:
            fg = _pick(f"{line.class_}/{line.fg_name}", fgs, _reasons(foregrounds), "foreground")
            bg = _pick(line.bg_name, bgs, _reasons(backgrounds), "background")
        except DataError as error:
            problems[f"{path}:{line.number}"] = str(error)
            continue
        pairs.append((fg, bg, used[fg.id]))
        used[fg.id] += 1
    return Pairing(with_ids(pairs, seed=seed), _in_order(problems), total)


def plan_in_order(
    foregrounds: Index[Foreground],
    backgrounds: Index[Background],
    *,
    background_list: Path,
    foreground_list: Path | None,
    per_foreground: int,
    seed: int,
) -> Pairing:
    """Give foreground i the background lines [N·i, N·(i + 1)), as the Composition-1k script does.

    Without a list of foregrounds their order is that of the source; then all must be usable, since
    one that is left out would shift the backgrounds of all after it.

    Raises
    ------
    DataError
        If the lists' lengths do not fit: foregrounds · N backgrounds are needed.
    """
    names = _numbered(background_list)
    problems: dict[str, str] = {}
    fgs: list[Foreground | None] = list(foregrounds.records)
    if foreground_list is not None:
        fgs = _foregrounds_by_list(foreground_list, foregrounds, problems)
    elif foregrounds.problems:
        name, why = next(iter(foregrounds.problems.items()))
        raise DataError(
            f"{len(foregrounds.problems)} foregrounds cannot be used ({name}: {why}), which would shift the "
            "backgrounds of others; mend them, or name the whole order with --foreground-list FILE"
        )
    if len(names) != len(fgs) * per_foreground:
        raise DataError(
            f"{background_list}: names {len(names)} backgrounds, but {len(fgs)} foregrounds with "
            f"{per_foreground} each need {len(fgs) * per_foreground}; give --per-foreground and the lists "
            "that belong together"
        )
    bgs, reasons = _by_name(backgrounds), _reasons(backgrounds)
    pairs = []
    for position, (number, name) in enumerate(names):
        fg = fgs[position // per_foreground]
        try:
            bg = _pick(_background_name(name, bgs), bgs, reasons, "background")
        except DataError as error:
            problems[f"{background_list}:{number}"] = str(error)
            continue
        if fg is not None:
            pairs.append((fg, bg, position % per_foreground))
    return Pairing(with_ids(pairs, seed=seed), problems, len(names))


def _foregrounds_by_list(
    path: Path, foregrounds: Index[Foreground], problems: dict[str, str]
) -> list[Foreground | None]:
    by_stem: dict[str, list[Foreground]] = defaultdict(list)
    for fg in foregrounds.records:
        by_stem[Path(fg.id if fg.file is None else fg.file.name).stem].append(fg)
    found: list[Foreground | None] = []
    seen: dict[str, int] = {}
    for number, name in _numbered(path):
        try:
            _check_name(name, "foreground")
            stem = Path(name).stem
            if (before := seen.setdefault(stem, number)) != number:
                raise DataError(f"names {stem!r}, which line {before} has named")
            found.append(_pick(stem, by_stem, _reasons(foregrounds), "foreground"))
        except DataError as error:
            problems[f"{path}:{number}"] = str(error)
            found.append(None)  # its place in the order stays its own
    return found


def _numbered(path: Path) -> list[tuple[int, str]]:
    text = read_text(path).replace("\r\n", "\n").split("\n")
    lines = [(number, line) for number, line in enumerate(text, start=1) if line.strip()]
    if not lines:
        raise DataError(f"{path}: is empty; a list has a line for each name")
    return lines


def _parse(number: int, text: str) -> ListLine:
    fields = text.split(":")
    if len(fields) != 3:
        raise DataError(
            f"has {len(fields)} fields, not three as in class:foreground:background ({text[:80]!r})"
        )
    _check_name(fields[1], "foreground")
    _check_name(fields[2], "background")
    return ListLine(number, class_name(fields[0]), fields[1], fields[2])


def _check_name(name: str, what: str) -> None:
    """Refuse what is no plain file name of an image."""
    if "/" in name or "\\" in name or name.startswith(".") or not name.isprintable():
        raise DataError(f"the {what} {name[:80]!r} is no plain file name; folders and '..' are refused")
    if not is_image_name(name):
        raise DataError(f"the {what} {name[:80]!r} is not named like an image")


def _by_name(backgrounds: Index[Background]) -> dict[str, list[Background]]:
    found: dict[str, list[Background]] = defaultdict(list)
    for bg in backgrounds.records:
        found[bg.id if bg.file is None else bg.file.name].append(bg)
    return found


def _background_name(name: str, known: Mapping[str, Sequence[Background]]) -> str:
    """Return a name as its file has it: COCO 2017 dropped the prefix that the lists of 2014 use."""
    _check_name(name, "background")
    return name if name in known else name.removeprefix(_COCO_2014)


def _reasons(index: Index[Foreground] | Index[Background]) -> dict[str, str]:
    """Return why a source cannot give a name: its problems by class and file name, file name, and stem."""
    reasons: dict[str, str] = {}
    for id_, why in index.problems.items():
        folder, _, name = id_.rpartition("/")
        try:
            reasons.setdefault(f"{class_name(folder)}/{name}", why)
        except DataError:
            reasons.setdefault(name, why)
    return reasons


def _pick(name: str, known: Mapping[str, Sequence[Record]], reasons: Mapping[str, str], what: str) -> Record:
    fits = known.get(name, ())
    if len(fits) == 1:
        return fits[0]
    if fits:
        places = ", ".join(str(record.file) for record in fits[:4])
        raise DataError(f"the {what} {name!r} may be any of {places}; keep one of them")
    raise DataError(reasons.get(name) or f"the source has no {what} {name!r}")


def _in_order(problems: dict[str, str]) -> dict[str, str]:
    return dict(sorted(problems.items(), key=lambda item: int(item[0].rpartition(":")[2])))
