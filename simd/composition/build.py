"""Build a set: foregrounds over backgrounds by a protocol, in parallel, resumable, the same every time."""

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from simd.arguments import checked
from simd.composition.options import RENAMED, BuildOptions, build_options
from simd.composition.pair_lists import Pairing, plan_file_list, plan_in_order
from simd.composition.plan import Planned, plan
from simd.composition.protocols import CompositionProtocol, load_protocol
from simd.composition.release_layout import check_released_folder, released_names, write_released
from simd.composition.render import RenderJob, make
from simd.composition.spec import read_spec
from simd.dataset.manifest import ATTRIBUTION_NAME, MattingSet, unnamed, write_manifest
from simd.dataset.planned_again import Change, SetPlan
from simd.dataset.resumable_writing import Inputs, check_folder, holds_set, state_of_files, write_set
from simd.dataset.review import read_review
from simd.errors import BatchError, DataError, first_of
from simd.files import write_atomically
from simd.image import read_size
from simd.options import options_of
from simd.parallel import run
from simd.records import Background, Composite, Foreground
from simd.selection.class_balance import EqualChoice, equal_numbers
from simd.selection.selection_file import read_selection
from simd.sources import index_backgrounds, index_foregrounds, official_trimap, unlabelled_note
from simd.sources.index import Index
from simd.sources.licences import attribution, licensed, refuse_unknown, sources_of
from simd.sources.outputs import check_output_folder
from simd.tagging.annotated_foregrounds import annotate

_COMPOSITES_PER_JOB = 20
_MENDABLE = {
    *("kind", "background_kind", "classes", "licence", "background_licence", "any_licence", "unpremultiply"),
    *("selection", "file_list", "background_list", "foreground_list", "per_foreground", "per_class"),
    *("review", "annotations", "proposals", "class_", "unlabelled"),
}
"""Options that may change before an unfinished build goes on: messages advise them. What else they make of a
composite its id, its inputs or its row say; the others change every pixel, or what the folder is for."""
_NAMED = 5  # names that a message gives
_FORMER = {new: old for old, new in RENAMED.items()}
_LOG = logging.getLogger(__name__)


@dataclass
class _Looks:
    """What foregrounds look like, by id, as their composites are made."""

    multiplied: dict[str, str] = field(default_factory=dict)  # colour, and how much
    unscaled: dict[str, str] = field(default_factory=dict)  # alpha, and why
    lacking: dict[str, set[str]] = field(default_factory=lambda: {"foreground": set(), "background": set()})
    made: int = 0  # composites that this run makes; an interrupted one has made the others


@checked
def build(
    out: str | Path,
    *,
    spec: str | Path | None = None,
    workers: int = 1,
    only: Collection[str] | None = None,
    overwrite: bool = False,
    **options: Any,
) -> MattingSet:
    """Build a class-aware matting set.

    Parameters
    ----------
    out : path
        The set's folder: new, empty, or holding an interrupted build with the same options, which is
        continued. However often it was interrupted, the result is the same to the byte. A finished set that
        is the one planned is returned as it is (:mod:`simd.dataset.planned_again`).
    spec : path or str, optional
        A TOML file of options, or the name of a shipped one such as ``simd-open``; `options` stand over it.
    workers : int
        Processes; they change the time and nothing else. One by default, here as in all of the library:
        several start this program anew, and a script must allow for that by ``if __name__ == "__main__"``.
    only : collection of str, optional
        Ids: of the set that the options describe, make these composites, which stay as they are in it.
    overwrite : bool
        Build anew where a set lies already; the old one stays until the new one is complete.
    **options
        The fields of :class:`~simd.composition.options.BuildOptions`: ``foregrounds``, ``backgrounds``,
        ``per_foreground``, ``max_side``, ``protocol``, ``seed``, ...; files and folders as text or Path.

    Returns
    -------
    MattingSet

    Raises
    ------
    DataError
        If an option is unknown, of another type or out of range, or nothing can be built.
    BatchError
        If some foregrounds or composites could not be made. The others are finished and form a
        set; the same command tries the failed ones again.
    """
    chosen = build_options((read_spec(spec) if spec is not None else {}) | options)
    out = check_output_folder(out, "a set", holds_set, inputs=_read_by(chosen, spec))
    check_folder(out)  # before anything is read for it
    if chosen.layout and (overwrite or not holds_set(out)):
        check_released_folder(out)
    protocol = load_protocol(chosen.protocol, max_side=chosen.max_side, trimap_radius=chosen.trimap_radius)
    planned, failures, total = _plan(chosen)
    if not planned:
        raise BatchError(failures, "items", total)
    if only is not None:
        planned, total = _only(planned, only), len(set(only))
    if not chosen.any_licence:
        refuse_unknown("foregrounds", list({p.fg.id: p.fg for p in planned}.values()))
        refuse_unknown("backgrounds", list({p.bg.id: p.bg for p in planned}.values()))
    released = released_names(planned) if chosen.layout else {}
    by_id = {p.id: p for p in planned}

    looks = _Looks()

    def write_rest(folder: Path, todo: list[str]) -> Iterator[tuple[str, Composite | str]]:
        wanted = set(todo)
        looks.made = len(wanted)
        jobs = _jobs(folder, [p for p in planned if p.id in wanted], protocol, chosen)
        return (pair for outcome in run(make, jobs, workers=workers) for pair in _unpack(outcome, looks))

    name = chosen.name or unnamed(protocol.name, chosen.seed)

    def finish(folder: Path, rows: list[Composite]) -> None:
        _tell_looks(looks, len(rows))
        ids = {row.id for row in rows}
        kept = [p for p in planned if p.id in ids]
        used = list({p.fg.id: p.fg for p in kept}.values()), list({p.bg.id: p.bg for p in kept}.values())
        write_atomically(folder / ATTRIBUTION_NAME, attribution(name, *used))
        write_manifest(
            folder, rows, name=name, protocol=protocol.name, seed=chosen.seed, sources=sources_of(*used)
        )
        if chosen.layout:
            write_released(folder, out, released, [row.id for row in rows])

    return write_set(
        out,
        {p.id: _inputs(p) for p in planned},
        write_rest,
        finish,
        settings=_settings(chosen) | ({} if only is None else {"only": sorted(only)}),
        plan=SetPlan(
            name=name,
            protocol=protocol.name,
            seed=chosen.seed,
            changes=lambda row: _changes(row, by_id[row.id], chosen, protocol),
            files=lambda id_: _files(by_id[id_]),
            doubtful=lambda rows: _doubtful(rows, by_id),
        ),
        overwrite=overwrite,
        mendable={_FORMER.get(name, name) for name in _MENDABLE},
        holds=lambda row: _is_as_planned(row, by_id[row.id], chosen),
        failures=failures,
        total=total,
    )


def _read_by(chosen: BuildOptions, spec: str | Path | None) -> list[str | Path | None]:
    """Return the files and folders that a build reads."""
    named = [getattr(chosen, name) for name, option in options_of(BuildOptions).items() if option.asked.path]
    return [*named, spec if spec is not None and Path(spec).is_file() else None]


def _settings(chosen: BuildOptions) -> dict[str, Any]:
    """Return the options as unfinished builds note them: by former names, so that those of before go on."""
    settings = {_FORMER.get(name, name): value for name, value in asdict(chosen).items()}
    del settings["alpha_dir"], settings["alpha_suffix"]  # its kind says them
    for later in ("unpremultiply", "proposals", "class_", "unlabelled"):  # builds of before do not note them
        if not settings[later]:
            del settings[later]
    return settings


def plan_set(**options: Any) -> list[Planned]:
    """Return the composites that a build with these options makes, in its order, without making one."""
    return _plan(build_options(options)).planned


def _plan(chosen: BuildOptions) -> Pairing:
    classes = None if chosen.classes is None else Path(chosen.classes)
    fg_index = index_foregrounds(chosen.foregrounds, chosen.kind, classes=classes, class_=chosen.class_)
    bg_index = index_backgrounds(chosen.backgrounds, chosen.background_kind)
    for caution in fg_index.cautions:
        _LOG.warning("foregrounds: %s", caution)
    fg_index = replace(fg_index, records=tuple(licensed(fg_index.records, chosen.licence)))
    bg_index = replace(bg_index, records=tuple(licensed(bg_index.records, chosen.background_licence)))
    pairing = _pair(chosen, fg_index, bg_index)
    return pairing if chosen.review is None else _reviewed(pairing, chosen.review)


def _pair(chosen: BuildOptions, fgs: Index[Foreground], bgs: Index[Background]) -> Pairing:
    """Say which composites to make: as a list has them, by two lists in order, or by the balanced plan."""
    kept = None if chosen.selection is None else read_selection(Path(chosen.selection))
    in_vain = {} if kept is None else _kept_in_vain(chosen, kept, fgs)
    tagged = fgs
    if chosen.annotations is not None:
        tagged = annotate(fgs, Path(chosen.annotations), proposals=chosen.proposals)
        usable = {fg.id for fg in tagged.records}
        # lists name a foreground by the class that it had before
        fgs = replace(tagged, records=tuple(fg for fg in fgs.records if fg.id in usable))
    if not chosen.unlabelled:
        without = _unlabelled(chosen, tagged.records, kept)
        fgs, tagged = (
            replace(
                of,
                records=tuple(fg for fg in of.records if fg.id not in without),
                broken=of.broken | without,
            )
            for of in (fgs, tagged)
        )
    if chosen.file_list is not None:
        pairing = plan_file_list(Path(chosen.file_list), fgs, bgs, seed=chosen.seed)
    elif chosen.background_list is not None:
        pairing = plan_in_order(
            fgs,
            bgs,
            background_list=Path(chosen.background_list),
            foreground_list=None if chosen.foreground_list is None else Path(chosen.foreground_list),
            per_foreground=chosen.per_foreground,
            seed=chosen.seed,
        )
    else:
        records = [fg for fg in tagged.records if kept is None or fg.id in kept]
        wanted_names = fgs.problems.keys() if kept is None else kept | fgs.unused.keys()
        problems = {name: reason for name, reason in fgs.problems.items() if name in wanted_names}
        problems |= bgs.problems | in_vain
        if kept is not None and not records and not problems:
            raise DataError(f"{chosen.selection}: keeps no foreground; its page says why each was dropped")
        if problems and not (records and bgs.records):
            return Pairing([], problems, len(problems))
        if chosen.per_class is not None:
            records = equal_numbers(records, chosen.per_class, seed=chosen.seed, tell=_tell)
        planned = plan(records, bgs.records, per_foreground=chosen.per_foreground, seed=chosen.seed)
        return Pairing(planned, problems, len(planned) + len(problems))
    by_id = {fg.id: fg for fg in tagged.records}
    wanted = [p._replace(fg=by_id[p.fg.id]) for p in pairing.planned if kept is None or p.fg.id in kept]
    total = pairing.total - len(pairing.planned) + len(wanted) + len(in_vain)
    return pairing._replace(planned=wanted, problems=pairing.problems | in_vain, total=total)


def _unlabelled(
    chosen: BuildOptions, foregrounds: Sequence[Foreground], kept: Collection[str] | None
) -> dict[str, str]:
    """Return the foregrounds that have no class yet, and how they get one; DataError if no other is left."""
    wanted = [fg for fg in foregrounds if kept is None or fg.id in kept]
    if wanted and not any(fg.classes for fg in wanted):
        note = unlabelled_note(wanted)
        raise DataError(f"{chosen.foregrounds}: {note}; or build them without one (--unlabelled)")
    reason = (
        "has no class yet: name one (--class NAME), or give a CSV file (--classes FILE; simd index FOLDER "
        "--write-classes FILE writes one to fill in), or build it without (--unlabelled)"
    )
    return {fg.id: reason for fg in foregrounds if not fg.classes}


def _kept_in_vain(chosen: BuildOptions, kept: Collection[str], fgs: Index[Foreground]) -> dict[str, str]:
    """Return the selection with the ids that it keeps and the foregrounds lack, if there are any."""
    known = {fg.id for fg in fgs.records} | fgs.problems.keys()
    if not (unknown := sorted(set(kept) - known)):
        return {}
    shown = first_of(unknown, _NAMED)
    return {
        f"{chosen.selection}": f"keeps {len(unknown)} foregrounds that {chosen.foregrounds} does not have: "
        f"{shown}; it has {_some(known)}; select from the same folder again"
    }


def _some(ids: Collection[str]) -> str:
    return f"others, as {min(ids)}" if ids else "none"


def _tell(choice: EqualChoice) -> None:
    _LOG.warning("per-class: %s", choice)


def _reviewed(pairing: Pairing, path: str) -> Pairing:
    """Leave out what a review excludes, and say how many that are."""
    review = read_review(path)
    kept = [p for p in pairing.planned if p.id not in review.excluded]
    left_out = len(pairing.planned) - len(kept)
    _LOG.warning("%s", review.summary([p.id for p in pairing.planned]))
    if left_out and not kept:
        raise DataError(f"{path}: excludes every composite that was to be built")
    return pairing._replace(planned=kept, total=pairing.total - left_out)


def _only(planned: Sequence[Planned], ids: Collection[str]) -> list[Planned]:
    if unknown := sorted(set(ids) - {p.id for p in planned}):
        raise DataError(
            f"the set has no composite {unknown[0]!r}; ids depend on its foregrounds and backgrounds"
        )
    return [p for p in planned if p.id in ids]


def _inputs(planned: Planned) -> Inputs:
    """Say what a composite is made from: if a file changes between two runs, it is made again."""
    facts: Inputs = [planned.seed, *planned.fg.classes, planned.fg.licence, planned.bg.licence]
    facts += map(repr, planned.bg.salient or ())
    return facts + state_of_files(*_files(planned))


def _files(planned: Planned) -> list[Path]:
    """Return the files that a composite is made from."""
    trimap = official_trimap(planned.fg, planned.k)
    files = [planned.fg.file, planned.fg.alpha_file, planned.bg.file, trimap]
    if planned.fg.annotation is not None:
        files += [planned.fg.annotation, planned.fg.annotation.with_suffix(".png")]
    return [file for file in files if file is not None]


def _is_as_planned(row: Composite, planned: Planned, chosen: BuildOptions) -> bool:
    """Tell whether a finished row says what the options say now; files and classes are in its inputs."""
    return not _restated(row, planned, chosen)


def _restated(row: Composite, planned: Planned, chosen: BuildOptions) -> dict[str, Change]:
    """Return what a row states and the options state otherwise."""
    fg, bg = planned.fg, planned.bg
    stated = {
        "the foreground": (row.fg_id, fg.id),
        "the background": (row.bg_id, bg.id),
        "kind": (row.source, fg.source),
        "licence": (row.licence, fg.licence),
        "background-kind": (row.bg_source, bg.source),
        "background-licence": (row.bg_licence, bg.licence),
        "alpha_kind": (row.alpha_kind, fg.alpha_kind),
        "unpremultiply": (bool(row.recipe.get("unpremultiplied")), chosen.unpremultiply),
    }
    return {name: pair for name, pair in stated.items() if pair[0] != pair[1]}


def _changes(
    row: Composite, planned: Planned, chosen: BuildOptions, protocol: CompositionProtocol
) -> dict[str, Change]:
    """Return what a row of a finished set states and would state otherwise, as far as no pixel decides it."""
    recipe = row.recipe
    stated: dict[str, Change] = {"k": (recipe.get("k"), planned.k)}
    if row.class_mask_from == "image":
        stated["classes"] = ([row.class_, *row.classes], [planned.fg.class_, *sorted(planned.fg.classes)])
    if recipe.get("trimap") != "official":
        size = (int(recipe.get("height", 0)), int(recipe.get("width", 0)))
        stated |= {key: (recipe.get(key), value) for key, value in protocol.recipe(size).items()}
    elif not protocol.takes_official_trimaps:
        stated["trimap"] = ("official", "made")
    changed = {name: pair for name, pair in stated.items() if pair[0] != pair[1]}
    return _restated(row, planned, chosen) | changed


def _doubtful(rows: Sequence[Composite], by_id: Mapping[str, Planned]) -> set[str]:
    """Return two ids that stand for all: the largest, on which max-side shows, and one with regions."""

    def sides(row: Composite) -> tuple[int, int]:
        file = by_id[row.id].fg.alpha_file or by_id[row.id].fg.file
        longest = max(int(row.recipe.get("height", 0)), int(row.recipe.get("width", 0)))
        return longest, 0 if file is None else max(read_size(file))

    regions = [row.id for row in rows if row.class_mask_from != "image"][:1]
    return {max(rows, key=sides).id, *regions}


def _tell_looks(looks: _Looks, composites: int) -> None:
    """Say what is worth knowing of the foregrounds before the set is used, with one example of each kind."""
    multiplied, unscaled = looks.multiplied, looks.unscaled
    if looks.made < composites and (multiplied or unscaled or any(looks.lacking.values())):
        _LOG.warning(
            "of the foregrounds of the %d of %d composites that were left to make:", looks.made, composites
        )
    for side, ids in looks.lacking.items():
        if ids:
            _LOG.warning(
                "foregrounds that leave no known %s in their trimaps: %d, as %s; methods that go out from "
                "known pixels fall back on their images",
                side,
                len(ids),
                min(ids),
            )
    if unscaled:
        first = min(unscaled)
        _LOG.warning(
            "foregrounds whose alphas look as if they were not scaled to 0..255: %d, as %s (%s); "
            "write them again, or leave them out: simd select and --selection",
            len(unscaled),
            first,
            unscaled[first],
        )
    if multiplied:
        first = min(multiplied)
        _LOG.warning(
            "foregrounds whose colour looks multiplied by alpha, so that edges come out dark: %d, as "
            "%s (%s); build them with --unpremultiply, or leave them out: simd select and --selection",
            len(multiplied),
            first,
            multiplied[first].partition(";")[0],
        )


def _jobs(
    out: Path, planned: Sequence[Planned], protocol: CompositionProtocol, chosen: BuildOptions
) -> list[RenderJob]:
    jobs: list[RenderJob] = []
    look = chosen.selection is None
    by_fg: dict[str, list[Planned]] = {}
    for p in planned:
        by_fg.setdefault(p.fg.id, []).append(p)
    shown = Counter(p.bg.id for p in planned)
    for of_one in map(tuple, by_fg.values()):
        for start in range(0, len(of_one), _COMPOSITES_PER_JOB):
            # to and fro through the backgrounds, so that a job begins with those that the last one ended with
            back = len(jobs) % 2 == 1
            part = tuple(
                sorted(of_one[start : start + _COMPOSITES_PER_JOB], key=_by_background, reverse=back)
            )
            shared = frozenset(p.bg.id for p in part if shown[p.bg.id] > 1)
            jobs.append(RenderJob(out, part, protocol, chosen.unpremultiply, look and start == 0, shared))
    return jobs


def _by_background(planned: Planned) -> str:
    return planned.bg.id


def _unpack(outcome: Any, looks: _Looks) -> Iterator[tuple[str, Composite | str]]:
    """Yield the composites of a job, and note what its foreground looks like."""
    if outcome.value is not None:
        fg_id = outcome.item.planned[0].fg.id
        if outcome.value.multiplied:
            looks.multiplied[fg_id] = outcome.value.multiplied
        if outcome.value.levels:
            looks.unscaled[fg_id] = outcome.value.levels
        if outcome.value.lacking:
            looks.lacking[outcome.value.lacking].add(fg_id)
        yield from outcome.value.composites.items()
    else:
        for planned in outcome.item.planned:
            yield planned.id, f"foreground {planned.fg.id!r}: {outcome.reason}"
