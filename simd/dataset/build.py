"""Build a set: foregrounds over backgrounds by a protocol, in parallel, resumable, the same every time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simd.dataset.balance import Planned, plan
from simd.dataset.manifest import INFO_NAME, MattingSet, load_set, write_manifest
from simd.dataset.protocols import CompositionProtocol, Prepared, load_protocol
from simd.dataset.select import read_selection
from simd.dataset.sources import find_kind, index_backgrounds, index_foregrounds, read_foreground
from simd.dataset.trimap import unknown_region
from simd.errors import BatchError, DataError, DiskFullError, SimdError
from simd.files import make_folder, write_atomically
from simd.image import Mask, UInt8, encode_png, pixel_digest, read_image
from simd.journal import Journal
from simd.parallel import run
from simd.progress import track
from simd.records import LAYERS, Background, Composite, Foreground, file_name
from simd.taxonomy import NO_CLASS, class_index

_STATE = ".build"  # lies in the set's folder until the set is finished
_COMPOSITES_PER_JOB = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What a set is built from; the names are those of the command line and of a spec file."""

    foregrounds: str = "synthetic"
    backgrounds: str = "builtin"
    source: str | None = None
    background_source: str | None = None
    classes: str | None = None
    selection: str | None = None
    per_foreground: int = 1
    max_side: int | None = None
    protocol: str = "exact"
    trimap_radius: int | None = None
    seed: int = 0
    name: str | None = None


class _Job(NamedTuple):
    """Composites of one foreground, made together so that it is read once."""

    out: Path
    planned: tuple[Planned, ...]
    protocol: CompositionProtocol


_Made = dict[str, Composite | str]  # id to its row, or to the reason why there is none


def build(out: str | Path, *, workers: int = 1, **options: Any) -> MattingSet:
    """Build a class-aware matting set.

    Parameters
    ----------
    out : path
        The set's folder: new, empty, or holding an interrupted build with the same options, which is
        continued. However often it was interrupted, the result is the same to the byte.
    workers : int
        Processes; they change the time and nothing else.
    **options
        The fields of :class:`BuildOptions`: ``foregrounds``, ``backgrounds``, ``per_foreground``,
        ``max_side``, ``protocol``, ``seed``, ...

    Returns
    -------
    MattingSet

    Raises
    ------
    DataError
        If an option is wrong or nothing can be built.
    BatchError
        If some foregrounds or composites could not be made. The others are finished and form a
        set; the same command tries the failed ones again.
    """
    chosen, out = BuildOptions(**options), Path(out)
    protocol = load_protocol(chosen.protocol, max_side=chosen.max_side, trimap_radius=chosen.trimap_radius)
    classes = None if chosen.classes is None else Path(chosen.classes)
    fg_index = index_foregrounds(chosen.foregrounds, chosen.source, classes=classes)
    bg_index = index_backgrounds(chosen.backgrounds, chosen.background_source)
    foregrounds, failures = list(fg_index.records), dict(fg_index.problems)
    if chosen.selection is not None:
        kept = read_selection(Path(chosen.selection))
        foregrounds = [fg for fg in foregrounds if fg.id in kept]
        failures = {name: why for name, why in failures.items() if name in kept}
    failures |= bg_index.problems
    planned = plan(foregrounds, bg_index.records, per_foreground=chosen.per_foreground, seed=chosen.seed)

    _check_folder(out)
    journal = Journal(out / _STATE, asdict(chosen))
    try:
        inputs = {p.id: _inputs(p) for p in planned}
        rows = _done_before(out, journal, inputs)
        jobs = _jobs(out, [p for p in planned if p.id not in rows], protocol)
        results = (pair for outcome in run(_make, jobs, workers=workers) for pair in _unpack(outcome))
        for id_, result in track(results, len(planned), "composites", done=len(rows)):
            if isinstance(result, Composite):
                rows[id_] = result
                journal.add({**result.to_row(), "inputs": inputs[id_]})
            else:
                failures[id_] = result
        _remove_strays(out, rows)
        write_manifest(
            out,
            [rows[p.id] for p in planned if p.id in rows],
            name=chosen.name or f"{protocol.name}-{chosen.seed}",
            protocol=protocol.name,
            seed=chosen.seed,
            sources=_sources([p for p in planned if p.id in rows]),
        )
    finally:
        journal.close()
    if failures:
        raise BatchError(failures, "items", len(planned) + len(fg_index.problems | bg_index.problems))
    journal.remove()
    return load_set(out)


def _check_folder(out: Path) -> None:
    if (out / _STATE).is_dir():
        return
    if (out / INFO_NAME).exists():
        raise DataError(f"{out}: already holds a finished set; choose another folder, or remove this one")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: is not an empty folder; a set needs one of its own")


def _inputs(planned: Planned) -> list[str | int]:
    """Say what a composite is made from: if a file changes between two runs, it is made again."""
    files = (planned.fg.file, planned.fg.alpha_file, planned.bg.file)
    facts: list[str | int] = [planned.seed, *planned.fg.classes]
    for file in files:
        if file is not None and file.exists():
            facts += [file.stat().st_size, file.stat().st_mtime_ns]
    return facts


def _done_before(out: Path, journal: Journal, inputs: dict[str, list[str | int]]) -> dict[str, Composite]:
    rows = {}
    for row in journal.rows:
        id_ = str(row.get("id"))
        whole = id_ in inputs and all((out / file_name(id_, layer)).is_file() for layer in LAYERS)
        if whole and row.get("inputs") == inputs[id_]:
            rows[id_] = Composite.from_row(row)
    return rows


def _jobs(out: Path, planned: Sequence[Planned], protocol: CompositionProtocol) -> list[_Job]:
    for layer in LAYERS:
        make_folder(out / layer)
    jobs = []
    for _, group in groupby(planned, key=lambda p: p.fg.id):
        of_one = tuple(group)
        for start in range(0, len(of_one), _COMPOSITES_PER_JOB):
            jobs.append(_Job(out, of_one[start : start + _COMPOSITES_PER_JOB], protocol))
    return jobs


def _unpack(outcome: Any) -> Iterator[tuple[str, Composite | str]]:
    if outcome.value is not None:
        yield from outcome.value.items()
    else:
        for planned in outcome.item.planned:
            yield planned.id, f"foreground {planned.fg.id!r}: {outcome.reason}"


def _make(job: _Job) -> _Made:
    """Make the composites of one foreground; a background that cannot be used costs only its own."""
    fg, protocol = job.planned[0].fg, job.protocol
    prepared = protocol.prepare(*read_foreground(fg))
    trimap = protocol.trimap(prepared.alpha)
    unknown = unknown_region(trimap)
    _check_matte(prepared.alpha, unknown)
    layers = {
        "alpha": prepared.alpha,
        "trimap": trimap,
        "class_mask": _class_mask(fg, prepared, unknown),
    }
    shared = {name: (encode_png(pixels), pixel_digest(pixels)) for name, pixels in layers.items()}
    made: _Made = {}
    for planned in job.planned:
        try:
            made[planned.id] = _compose(job.out, planned, protocol, prepared, shared)
        except DiskFullError:
            raise
        except SimdError as error:
            made[planned.id] = f"foreground {fg.id!r} over {planned.bg.id!r}: {error}"
    return made


def _compose(
    out: Path,
    planned: Planned,
    protocol: CompositionProtocol,
    prepared: Prepared,
    shared: dict[str, tuple[bytes, str]],
) -> Composite:
    """Make one composite, write its four files and return its row."""
    fg, bg = planned.fg, planned.bg
    size = prepared.alpha.shape
    rng = np.random.default_rng(planned.seed)
    window, placed = protocol.place(read_image(bg.file), (size[0], size[1]), rng)
    image = protocol.composite(prepared.fg, prepared.alpha, window)
    files = {"image": (encode_png(image), pixel_digest(image)), **shared}
    for layer, (data, _) in files.items():
        write_atomically(out / file_name(planned.id, layer), data)
    return Composite(
        id=planned.id,
        class_=fg.class_,
        classes=tuple(sorted(fg.classes)),
        fg_id=fg.id,
        bg_id=bg.id,
        source=fg.source,
        licence=fg.licence,
        bg_source=bg.source,
        bg_licence=bg.licence,
        alpha_kind=fg.alpha_kind,
        protocol=protocol.name,
        recipe={"k": planned.k, "height": size[0], "width": size[1], **protocol.recipe(size), **placed},
        seed=planned.seed,
        class_mask_from="image" if prepared.class_mask is None else "regions",
        **{f"{layer}_sha256": digest for layer, (_, digest) in files.items()},
    )


def _check_matte(alpha: UInt8, unknown: Mask) -> None:
    if unknown.any():
        return
    if not alpha.any():
        raise DataError("its alpha is 0 everywhere: there is no object")
    if alpha.all():
        raise DataError("its alpha is 255 everywhere: there is no background and nothing to estimate")
    raise DataError(
        "its alpha is binary (0 and 255 only), so no pixel is unknown; "
        "this is a segmentation mask, not a matte"
    )


def _class_mask(fg: Foreground, prepared: Prepared, unknown: Mask) -> UInt8:
    index = class_index(fg.class_) if prepared.class_mask is None else prepared.class_mask
    return np.where(unknown, index, NO_CLASS).astype(np.uint8)


def _remove_strays(out: Path, rows: dict[str, Composite]) -> None:
    """Delete what killed or failed runs have left in the layers' folders, which are ours alone."""
    for layer in LAYERS:
        wanted = {f"{id_}.png" for id_ in rows}
        for file in (out / layer).iterdir():
            if file.name not in wanted:
                file.unlink()


def _sources(planned: Sequence[Planned]) -> list[dict[str, Any]]:
    """Say what a set is made from: each kind of source with its citation and its licences, counted."""
    used: list[tuple[str, Foreground | Background]] = []
    used += [("foregrounds", fg) for fg in {p.fg.id: p.fg for p in planned}.values()]
    used += [("backgrounds", bg) for bg in {p.bg.id: p.bg for p in planned}.values()]
    facts = []
    for gives, name in dict.fromkeys((gives, record.source) for gives, record in used):
        kind = find_kind(gives, name)
        licences = Counter(r.licence for g, r in used if (g, r.source) == (gives, name))
        facts.append(
            {
                "gives": gives,
                "kind": name,
                "licence": kind.licence,
                "citation": kind.citation,
                "licences": dict(sorted(licences.items())),
            }
        )
    return facts
