"""Pairs that others have chosen: a list of composites, or two lists of names taken in order.

Lists come from anywhere, so a line is believed only when both its names are found among the records that the
sources have given: no path is ever made of a line. Every bad line is named, and the others are planned.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from simd.composition.plan import Planned, with_ids
from simd.errors import DataError
from simd.records import UNLABELLED, Background, Foreground
from simd.sources.index import Index, Record
from simd.sources.lists import check_name, numbered_lines, read_file_list
from simd.taxonomy import class_name

_COCO_2014 = "COCO_train2014_"


class Pairing(NamedTuple):
    """What a list asks for: the composites that can be made, and each line that cannot be used."""

    planned: list[Planned]
    problems: dict[str, str]  # "<list>:<line>" to reason
    total: int  # composites that were asked for


def plan_file_list(
    path: Path, foregrounds: Index[Foreground], backgrounds: Index[Background], *, seed: int
) -> Pairing:
    """Plan exactly the composites of a list, in its order; `k` counts the lines of a foreground."""
    lines, problems = read_file_list(path)
    total = len(lines) + len(problems)
    fgs: dict[str, list[Foreground]] = defaultdict(list)
    for fg in foregrounds.records:
        if fg.file is not None:
            fgs[f"{fg.class_ or UNLABELLED}/{fg.file.name}"].append(fg)
    bgs = _by_name(backgrounds)
    pairs, used = [], Counter[str]()
    for line in lines:
        try:
            fg = _pick(
                f"{line.class_ or UNLABELLED}/{line.fg_name}", fgs, _reasons(foregrounds), "foreground"
            )
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
    names = numbered_lines(background_list)
    problems: dict[str, str] = {}
    fgs: list[Foreground | None] = list(foregrounds.records)
    if foreground_list is not None:
        fgs = _foregrounds_by_list(foreground_list, foregrounds, problems)
    elif problems := foregrounds.missing | foregrounds.broken:
        name, reason = next(iter(problems.items()))
        raise DataError(
            f"{len(problems)} foregrounds cannot be used ({name}: {reason}), which would shift the "
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
    in_order: list[Foreground | None] = []
    seen: dict[str, int] = {}
    for number, name in numbered_lines(path):
        try:
            check_name(name, "foreground")
            stem = Path(name).stem
            if (before := seen.setdefault(stem, number)) != number:
                raise DataError(f"names {stem!r}, which line {before} has named")
            in_order.append(_pick(stem, by_stem, _reasons(foregrounds), "foreground"))
        except DataError as error:
            problems[f"{path}:{number}"] = str(error)
            in_order.append(None)  # its place in the order stays its own
    return in_order


def _by_name(backgrounds: Index[Background]) -> dict[str, list[Background]]:
    by_name: dict[str, list[Background]] = defaultdict(list)
    for bg in backgrounds.records:
        by_name[bg.id if bg.file is None else bg.file.name].append(bg)
    return by_name


def _background_name(name: str, known: Mapping[str, Sequence[Background]]) -> str:
    """Return a name as its file has it: COCO 2017 dropped the prefix that the lists of 2014 use."""
    check_name(name, "background")
    return name if name in known else name.removeprefix(_COCO_2014)


def _reasons(index: Index[Foreground] | Index[Background]) -> dict[str, str]:
    """Return why a source cannot give a name: its problems by class and file name, file name, and stem."""
    reasons: dict[str, str] = {}
    for id_, reason in index.problems.items():
        folder, _, name = id_.rpartition("/")
        try:
            reasons.setdefault(f"{class_name(folder)}/{name}", reason)
        except DataError:
            reasons.setdefault(name, reason)
    return reasons


def _pick(name: str, known: Mapping[str, Sequence[Record]], reasons: Mapping[str, str], what: str) -> Record:
    fits = known.get(name, ())
    if len(fits) == 1:
        return fits[0]
    if fits:
        places = ", ".join(str(record.file) for record in fits[:4])
        raise DataError(f"the {what} {name!r} may be any of {places}; keep one of them")
    others = f"; it has others, as {min(known)!r}" if known else ""
    raise DataError(reasons.get(name) or f"the source has no {what} {name!r}{others}")


def _in_order(problems: dict[str, str]) -> dict[str, str]:
    return dict(sorted(problems.items(), key=lambda item: int(item[0].rpartition(":")[2])))
