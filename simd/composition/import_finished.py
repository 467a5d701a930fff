"""Turn images that have their alpha already into a set, so that every later command works on them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from simd.class_tables import ClassTable, Entry, stem_of
from simd.composition.import_exported import export_kind, import_exported
from simd.composition.plan import safe_id
from simd.composition.protocols import load_protocol
from simd.composition.render import check_matte, class_mask, encode_layers, write_layers
from simd.dataset.exports.note import NOTE_NAME, read_note
from simd.dataset.manifest import ATTRIBUTION_NAME, MattingSet, unnamed, write_manifest
from simd.dataset.planned_again import Change, SetPlan
from simd.dataset.resumable_writing import Inputs, check_folder, holds_set, state_of_files, write_set
from simd.errors import BatchError, DataError, folded
from simd.files import write_atomically
from simd.layer_checks import CONTRADICTS, count_contradictions, differing_orientation
from simd.parallel import run
from simd.records import UNKNOWN_LICENCE, UNLABELLED, Composite
from simd.sources import PLAIN_KINDS, index_finished, with_names
from simd.sources.folder import check_pair_size
from simd.sources.index import Finished, Index
from simd.sources.licences import attribution, sources_of
from simd.sources.outputs import check_output_folder
from simd.sources.pairs import read_finished
from simd.sources.parquet import on_disk
from simd.sources.table import find_table, read_table
from simd.stores import address_of, fetched
from simd.taxonomy import class_from_prefix, class_name
from simd.trimap import FOREGROUND_FROM, UNKNOWN_FROM, read_mapped_trimap, unknown_region

PROTOCOL = "imported"
_MENDABLE = ("kind", "classes", "class_", "unlabelled", "map_trimaps")
"""Options that messages advise: an unfinished import goes on with others."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """What an imported set depends on."""

    source: str
    kind: str | None
    classes: str | None
    class_: str | None
    unlabelled: bool
    map_trimaps: bool
    name: str | None
    command: str = "import"


class _Imported(NamedTuple):
    """A row, and what is strange about its files."""

    row: Composite
    contradicted: int  # known pixels of the trimap that alpha contradicts
    orientation: str  # how the headers of image and alpha differ; "" where they do not


class _ImportJob(NamedTuple):
    out: Path
    id: str
    finished: Finished
    entry: Entry
    map_trimaps: bool


def import_set(
    source: str | Path,
    out: str | Path,
    *,
    kind: str | None = None,
    alpha_dir: str | Path | None = None,
    alpha_suffix: str | None = None,
    classes: str | Path | None = None,
    class_: str | None = None,
    unlabelled: bool = False,
    map_trimaps: bool = False,
    name: str | None = None,
    workers: int = 1,
    overwrite: bool = False,
) -> MattingSet:
    """Turn images with alpha into a set.

    Parameters
    ----------
    source : path
        A folder in the layout of a kind in :data:`simd.sources.FINISHED`, or an export of a set
        (:func:`simd.export`), which becomes that set again and may lie in an object store, too
        (``s3://bucket/folder``).
    out : path
        The set's folder: new, empty, or holding an interrupted import of the same, which is continued. A
        finished set that is the one planned is returned as it is (:mod:`simd.dataset.planned_again`).
    kind : str, optional
        The layout; without it the folder tells.
    alpha_dir : path, optional
        The folder of the mattes, seen from `source`, where its name is none that is known.
    alpha_suffix : str, optional
        What stands behind an image's name in that of its matte, where it is none that is known.
    classes : path, optional
        A CSV file with a row for each image or foreground (:mod:`simd.sources.table`).
    class_ : str, optional
        The class of all images whose class neither their folder, nor the CSV file, nor their name says. Names
        count only if all that are left begin with a class: some name will always begin with "leaf".
    unlabelled : bool
        Whether images whose class nothing says are imported, too: in no class.
    map_trimaps : bool
        Whether official trimaps may hold other values than 0, 128 and 255
        (:mod:`simd.trimap`).
    name : str, optional
        The set's name; by default its kind, and that of `out` for a kind that is no dataset's.
    workers : int
        Processes; they change the time and nothing else.
    overwrite : bool
        Import anew where a set lies already; the old one stays until the new one is complete.

    Raises
    ------
    DataError
        If an option is wrong, the layout is unknown, or nobody says the class of any image and `unlabelled`
        is not given.
    BatchError
        If some images could not be imported. The others form a set; the same command tries the failed again.

    Notes
    -----
    Official trimaps are kept. Where there are none, the trimap is that of protocol ``exact``; the recipe
    of each image says which it is.
    """
    stated: dict[str, object] = {"--classes": classes, "--class": class_, "--alpha-dir": alpha_dir}
    stated |= {"--alpha-suffix": alpha_suffix, "--unlabelled": unlabelled, "--map-trimaps": map_trimaps}
    rest: dict[str, Any] = {"name": name, "workers": workers, "overwrite": overwrite}
    if (address := address_of(source)) is not None:
        _check_needless(address, stated)
        out = check_output_folder(out, "a set", holds_set)
        with fetched(address, NOTE_NAME) as folder:
            format_ = kind or read_note(folder).format
            return import_exported(folder, out, kind=format_, origin=address, **rest)
    if (exported := export_kind(source, kind)) is not None:
        _check_needless(source, stated)
        return import_exported(source, out, kind=exported, **rest)
    out = check_output_folder(out, "a set", holds_set, inputs=[source, classes])
    origin = str(source)
    kind = with_names(kind, alpha_dir, alpha_suffix)
    options = _Options(
        source=origin,
        kind=kind,
        classes=None if classes is None else str(classes),
        class_=None if class_ is None else class_name(class_),
        unlabelled=unlabelled,
        map_trimaps=map_trimaps,
        name=name,
    )
    index = index_finished(origin, kind)
    for caution in index.cautions:
        _LOG.warning("%s: %s", origin, caution)
    # what is anybody's has no name: it is shown by that of its folder
    set_name = name or (unnamed(PROTOCOL, 0) if index.kind in PLAIN_KINDS else index.kind)
    table_path = Path(classes) if classes is not None else find_table(Path(origin))
    table = read_table(table_path, roles=("fg", "alpha")) if table_path else ClassTable()
    failures = dict(index.problems)
    entries = _entries(index.records, table, failures, class_=options.class_, unlabelled=unlabelled)
    names_here = [name for finished in index.records for name in _names(finished)]
    unused = table.unused([*names_here, *map(stem_of, index.problems)])
    failures |= unused
    total = index.expected - index.unnamed + len(unused)
    if not index.records and not failures:
        raise DataError(f"{origin}: holds no image of {index.kind}")
    if not entries:
        raise BatchError(failures, "images", total)
    taken: set[str] = set()
    jobs: dict[str, _ImportJob] = {}
    for finished in index.records:
        if entry := entries.get(finished.id):
            beginning = entry.classes[0] if entry.classes else UNLABELLED
            id_ = safe_id(beginning, (finished.fg_id, finished.bg_id or "", finished.id), taken)
            jobs[id_] = _ImportJob(out, id_, finished, entry, map_trimaps)

    strange: dict[str, _Imported] = {}

    def write_rest(folder: Path, todo: list[str]) -> Iterator[tuple[str, Composite | str]]:
        of_folder = [jobs[id_]._replace(out=folder) for id_ in todo]
        for outcome in run(_import, of_folder, workers=workers):
            name = outcome.item.finished.id
            if outcome.value is None:
                yield outcome.item.id, f"{name}: {outcome.reason}"
                continue
            strange[name] = outcome.value
            yield outcome.item.id, outcome.value.row

    def finish(folder: Path, rows: list[Composite]) -> None:
        _tell(strange)
        used = [replace(jobs[row.id].finished, licence=row.licence) for row in rows]
        write_atomically(folder / ATTRIBUTION_NAME, attribution(set_name, finished=used))
        write_manifest(
            folder,
            rows,
            name=set_name,
            protocol=PROTOCOL,
            seed=0,
            sources=sources_of(finished=used),
        )

    check_folder(out)
    return write_set(
        out,
        {id_: _inputs(job) for id_, job in jobs.items()},
        write_rest,
        finish,
        settings=_settings(options),
        plan=SetPlan(
            name=set_name,
            protocol=PROTOCOL,
            seed=0,
            changes=lambda row: _changes(row, jobs[row.id]),
            files=lambda id_: _files(jobs[id_].finished),
        ),
        overwrite=overwrite,
        mendable=_MENDABLE,
        holds=lambda row: _is_as_stated(row, jobs[row.id]),
        failures=failures,
        total=total,
        what="images",
        asked="images",
    )


def with_stated(index: Index[Finished], table: ClassTable, class_: str | None = None) -> Index[Finished]:
    """Return image-alpha pairs with the classes and licences that an import by a CSV file gives them.

    What cannot be imported, since its statements contradict each other, is broken.
    """
    failures: dict[str, str] = {}
    entries = _entries(index.records, table, failures, class_=None, unlabelled=True)
    records = [
        replace(
            finished,
            class_=(entries[finished.id].classes or (class_ or "",))[0],
            licence=_licence(finished, entries[finished.id]),
        )
        for finished in index.records
        if finished.id in entries
    ]
    return replace(index, records=tuple(records), broken=index.broken | failures)


def _entries(
    records: Sequence[Finished],
    table: ClassTable,
    failures: dict[str, str],
    *,
    class_: str | None,
    unlabelled: bool,
) -> dict[str, Entry]:
    """Return what is known of each image by its id: classes, licence, kind of alpha; never a guess."""
    entries: dict[str, Entry] = {}
    unnamed: list[Finished] = []  # by folder and CSV file
    for finished in records:
        try:
            entry = _stated(finished, table)
            if entry is None:
                unnamed.append(finished)
                continue
            if entry.classes is None and class_:
                entry = replace(entry, classes=(class_,))
            if not unlabelled:
                entry.required_classes(finished.name)
            entries[finished.id] = entry
        except DataError as error:
            failures[finished.id] = str(error)
    by_name = {f.id: name for f in unnamed if (name := class_from_prefix(f.name))}
    if by_name and class_ and len(by_name) < len(unnamed):
        raise DataError(
            f"the names of {len(by_name)} of {len(unnamed)} images begin with a class, as "
            f"{next(iter(by_name))!r}, and --class says that all are {class_}; "
            "give their classes in a CSV file: --classes FILE"
        )
    for finished in unnamed:
        name = by_name.get(finished.id) if len(by_name) == len(unnamed) else class_
        if name or unlabelled:
            entries[finished.id] = Entry("", (name,) if name else None)
        else:
            failures[finished.id] = (
                "no class is stated for it: give --classes FILE, a CSV file with the columns file and class, "
                "--class NAME for all that are in none, or --unlabelled to import them without"
            )
    return entries


def _check_needless(source: str | Path, stated: Mapping[str, object]) -> None:
    if needless := [option for option, value in stated.items() if value]:
        raise DataError(f"{source}: is an export of a set, whose rows say all of it; leave {needless[0]} out")


def _settings(options: _Options) -> dict[str, Any]:
    """Return the options as unfinished imports note them, so that those of before go on."""
    settings = asdict(options)
    if not options.unlabelled:  # imports of before do not note it
        del settings["unlabelled"]
    return settings


def _names(finished: Finished) -> tuple[str, ...]:
    """Return the names by which a CSV file may know an image: its own, its foreground's, its category's."""
    return finished.name, finished.fg_id.rpartition("/")[2], *finished.categories


def _stated(finished: Finished, table: ClassTable) -> Entry | None:
    """Return what the folder and the CSV file say of an image, by its own name or its foreground's."""
    entry = table.find(*_names(finished))
    if not finished.class_:
        return entry
    if entry is None or entry.classes is None:
        return replace(entry or Entry("", None), classes=(finished.class_,))
    if entry.classes[0] != finished.class_:
        raise DataError(
            f"{entry.where} says {entry.classes[0]}, its folder says {finished.class_}; keep one of them"
        )
    return entry


def _inputs(job: _ImportJob) -> Inputs:
    finished = job.finished
    known = [*(job.entry.classes or ()), job.entry.licence, finished.fg_id, finished.bg_id or ""]
    return known + state_of_files(*_files(finished))


def _files(finished: Finished) -> list[Path]:
    return [file for file in (finished.image, finished.alpha, finished.trimap) if file is not None]


def _is_as_stated(row: Composite, job: _ImportJob) -> bool:
    """Tell whether a finished row says what the options say now; files and classes are in its inputs."""
    return not _restated(row, job)


def _restated(row: Composite, job: _ImportJob) -> dict[str, Change]:
    """Return what a row states and the options state otherwise."""
    mapped = "trimap_pixels_mapped" in row.recipe
    stated = {
        "kind": (row.source, job.finished.source),
        "licence": (row.licence, _licence(job.finished, job.entry)),
        "alpha_kind": (row.alpha_kind, job.entry.alpha_kind),
        "map-trimaps": (mapped, mapped and job.map_trimaps),
    }
    return {name: pair for name, pair in stated.items() if pair[0] != pair[1]}


def _changes(row: Composite, job: _ImportJob) -> dict[str, Change]:
    """Return what a row of a finished set states and would state otherwise."""
    classes = job.entry.classes or ()
    stated: dict[str, Change] = {
        "the foreground": (row.fg_id, job.finished.fg_id),
        "the background": (row.bg_id, job.finished.bg_id),
        "classes": ([*filter(None, [row.class_]), *row.classes], [*classes[:1], *sorted(classes)]),
        "trimap": (row.recipe.get("trimap"), "made" if job.finished.trimap is None else "official"),
    }
    return _restated(row, job) | {name: pair for name, pair in stated.items() if pair[0] != pair[1]}


def _licence(finished: Finished, entry: Entry) -> str:
    return finished.licence if entry.licence == UNKNOWN_LICENCE else entry.licence


def _tell(imported: Mapping[str, _Imported]) -> None:
    """Say which images have files that contradict each other, and how much."""
    contradicted = {name: each.contradicted for name, each in imported.items() if each.contradicted}
    if contradicted:
        worst = max(contradicted, key=lambda name: contradicted[name])
        _LOG.warning(
            "%d of %d alphas contradict their trimaps, in %s known pixels (more than %d of 255 levels away), "
            "most of all %s with %s: do they belong together?",
            len(contradicted),
            len(imported),
            f"{sum(contradicted.values()):,}",
            CONTRADICTS,
            worst,
            f"{contradicted[worst]:,}",
        )
    turned = {name: each.orientation for name, each in imported.items() if each.orientation}
    for line in folded(turned):
        _LOG.warning("%s", line)


def _import(job: _ImportJob) -> _Imported:
    """Read an image with its alpha and trimap, write its four files and return its row."""
    with on_disk(job.finished) as finished:
        return _import_files(job._replace(finished=finished))


def _import_files(job: _ImportJob) -> _Imported:
    finished, classes = job.finished, job.entry.classes or ()
    image, alpha = read_finished(finished)
    height, width = alpha.shape
    recipe: dict[str, int | float | str] = {"height": height, "width": width}
    if finished.trimap is not None:
        trimap, mapped = read_mapped_trimap(finished.trimap, map_other=job.map_trimaps)
        recipe["trimap"] = "official"
        if mapped:
            thresholds = {"unknown_from": UNKNOWN_FROM, "foreground_from": FOREGROUND_FROM}
            recipe |= {"trimap_pixels_mapped": mapped, **thresholds}
    else:
        protocol = load_protocol("exact")
        trimap = protocol.trimap(alpha)
        recipe |= {"trimap": "made", **protocol.recipe(alpha.shape)}
    if not image.shape[:2] == alpha.shape == trimap.shape:
        check_pair_size(*(p for p in (finished.image, finished.alpha, finished.trimap) if p is not None))
    unknown = unknown_region(trimap)
    check_matte(alpha, unknown)
    mask = class_mask(classes[0] if classes else "", unknown)
    layers = encode_layers({"image": image, "alpha": alpha, "trimap": trimap, "class_mask": mask})
    write_layers(job.out, job.id, layers)
    row = Composite(
        id=job.id,
        class_=classes[0] if classes else "",
        classes=tuple(sorted(classes)),
        fg_id=finished.fg_id,
        bg_id=finished.bg_id,
        source=finished.source,
        licence=_licence(job.finished, job.entry),
        bg_source=None,
        bg_licence=None,
        alpha_kind=job.entry.alpha_kind,
        protocol=PROTOCOL,
        recipe=recipe,
        seed=0,
        class_mask_from="image",
        **{f"{layer}_sha256": digest for layer, (_, digest) in layers.items()},
    )
    contradicted = 0 if finished.trimap is None else count_contradictions(alpha, trimap)
    turned = (differing_orientation(finished.image, file) for file in _files(finished)[1:])
    return _Imported(row, contradicted, next(filter(None, turned), ""))
