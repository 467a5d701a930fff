"""A finished set against the plan of a run: the same set, which is left as it is, or what differs."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simd.dataset.manifest import INFO_NAME, MattingSet
from simd.errors import DataError, first_of
from simd.files import make_folder
from simd.progress import track
from simd.records import LAYERS, Composite, file_name
from simd.temporary import temporary_folder

Change = tuple[object, object]
Make = Callable[[Path, list[str]], Iterator[tuple[str, Composite | str]]]
_NAMED = 3  # ids and files that the message names


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlan:
    """What a run would write, as far as it is known before any image is made."""

    name: str
    protocol: str
    seed: int
    changes: Callable[[Composite], Mapping[str, Change]]
    """A row of a set to what the options say otherwise, by name: (what it says, what they say)."""
    files: Callable[[str], Iterable[Path]]
    """An id to the files that it is made from."""
    doubtful: Callable[[Sequence[Composite]], Collection[str]] = lambda _rows: ()
    """Rows to the ids of which only making them again tells whether they are as planned."""


def check_as_planned(matting_set: MattingSet, ids: Collection[str], plan: SetPlan, make: Make) -> None:
    """Refuse to take a finished set for the one that is planned, if anything differs.

    Compared are name, protocol, seed, ids, and what each row states. What is made from files that are newer
    than the set is made again, aside, and compared pixel for pixel.

    Raises
    ------
    DataError
        With what differs.
    """
    differences = _of_rows(matting_set, ids, plan) or _of_pixels(matting_set, plan, make)
    if differences:
        raise DataError(
            f"{matting_set.path}: already holds a finished set, and this is another one "
            f"({'; '.join(differences)}); choose another folder, remove this one, or have the new one put in "
            "its place with --overwrite"
        )


def _of_rows(matting_set: MattingSet, ids: Collection[str], plan: SetPlan) -> list[str]:
    info, rows = matting_set.info, {row.id: row for row in matting_set.rows}
    stated = {key: (info[key], getattr(plan, key)) for key in ("name", "protocol", "seed")}
    differences = [f"{key}: {_change(change)}" for key, change in stated.items() if change[0] != change[1]]
    for what, names in (("new", [id_ for id_ in ids if id_ not in rows]), ("gone", rows.keys() - set(ids))):
        if names:
            differences.append(f"{len(names)} ids are {what}: {first_of(sorted(names), _NAMED)}")
    changed: dict[str, dict[str, Change]] = defaultdict(dict)
    for id_ in ids:
        if id_ in rows:
            for key, change in plan.changes(rows[id_]).items():
                changed[key][id_] = change
    for key, by_id in changed.items():
        first = min(by_id)
        differences.append(f"{key} of {len(by_id)}, as {first}: {_change(by_id[first])}")
    return differences


def _of_pixels(matting_set: MattingSet, plan: SetPlan, make: Make) -> list[str]:
    built = (matting_set.path / INFO_NAME).stat().st_mtime_ns
    rows = {row.id: row for row in matting_set.rows}
    newer = {
        id_: file
        for id_ in rows
        for file in plan.files(id_)
        if file.exists() and file.stat().st_mtime_ns > built
    }
    again = sorted(newer.keys() | set(plan.doubtful(matting_set.rows)))
    changed: list[str] = []
    with temporary_folder() as folder:
        for layer in LAYERS:
            make_folder(folder / layer)
        for id_, row in track(make(folder, again), len(again), "composites compared"):
            if row != rows[id_]:
                changed.append(id_)
            for layer in LAYERS:
                (folder / file_name(id_, layer)).unlink(missing_ok=True)
    if not changed:
        return []
    files = sorted({str(newer[id_]) for id_ in changed if id_ in newer})
    because = f", for {first_of(files, _NAMED)} changed since" if files else ""
    return [f"{len(changed)} would come out otherwise: {first_of(sorted(changed), _NAMED)}{because}"]


def _change(change: Change) -> str:
    return f"{change[0]!r} is now {change[1]!r}"
