"""An export turned into the set that it was made from: the same pixels, rows and digest."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from simd.composition.render import encode_layers, write_layers
from simd.dataset.exports import FORMATS, Contents, Stored, find_export_format, recognise_export
from simd.dataset.exports.note import NOTE_NAME, Note, read_note
from simd.dataset.info import check_rows, sources_of_part
from simd.dataset.layers import decode_layer, layer_problem
from simd.dataset.ledger import LEDGER_NAME
from simd.dataset.manifest import ATTRIBUTION_NAME, MattingSet, write_manifest
from simd.dataset.planned_again import Change, SetPlan
from simd.dataset.resumable_writing import Inputs, check_folder, holds_set, write_set
from simd.errors import BatchError, DataError
from simd.files import as_path, check_not_root, no_such_folder, write_atomically
from simd.hashing import text_digest
from simd.parallel import run
from simd.records import LAYERS, Composite
from simd.sources.outputs import check_output_folder
from simd.temporary import temporary_folder


class _Job(NamedTuple):
    out: Path
    format: str
    stored: Stored


def export_kind(source: str | Path, kind: str | None) -> str | None:
    """Return the format of the export that a folder is to be read as; None where it is one of other images.

    A parquet file is one of a set only where its note says so; mirrors of other datasets have none.
    """
    if kind is not None and kind not in FORMATS:
        return None
    present = recognise_export(Path(source))
    return present if kind is None or (kind == "parquet" and present is None) else kind


def import_exported(
    source: str | Path,
    out: str | Path,
    *,
    kind: str,
    name: str | None = None,
    workers: int = 1,
    overwrite: bool = False,
    origin: str | None = None,
) -> MattingSet:
    """Turn an export of a set into the set again.

    Parameters
    ----------
    source : path
        The folder that :func:`simd.composition.export.export` has written, wherever it was in between.
    out : path
        The set's folder: new, empty, or holding an interrupted import of the same, which is continued.
    kind : str
        A key of :data:`simd.dataset.exports.FORMATS`.
    name : str, optional
        Another name for the set.
    workers : int
        Processes; they change the time and nothing else.
    overwrite : bool
        Import anew where a set lies already; the old one stays until the new one is complete.
    origin : str, optional
        Where the folder came from, if not from `source`: an unfinished import of the same goes on.

    Raises
    ------
    DataError
        If the folder is no export of this kind, or its rows are not those of the set.
    BatchError
        With every image that is missing, doubled, damaged or of another set. The others form a set; the same
        command tries the failed again.
    """
    out = check_output_folder(out, "a set", holds_set, inputs=[source])
    folder = _folder(source)
    chosen = find_export_format(kind)
    if chosen.lacks and recognise_export(folder) is None:
        raise DataError(
            f"{folder}: holds no set: {chosen.lacks}; what simd export has written, "
            f"{NOTE_NAME} and all, is read as one"
        )
    note = read_note(folder)
    if note.format != kind:
        raise DataError(f"{folder}: is an export to {note.format}, not to {kind}; leave --kind out")
    contents = chosen.module.read(folder, note)
    stored = {each.row.id: each for each in contents.stored}
    if not contents.problems:
        rows = [each.row for each in contents.stored]
        check_rows(note.info, folder / NOTE_NAME, rows, folder / "the rows of its images")
    total = len(stored) + len(contents.problems)
    if not stored:
        raise BatchError(dict(contents.problems), "images", total)
    origin = origin or str(folder)
    return _write(origin, out, note, contents, stored, name=name, workers=workers, overwrite=overwrite)


def _folder(source: str | Path) -> Path:
    folder = as_path(source, "the folder of an export")
    check_not_root(folder)
    if not folder.is_dir():
        raise no_such_folder(folder, "an export of a set is")
    return folder


def _write(
    origin: str,
    out: Path,
    note: Note,
    contents: Contents,
    stored: dict[str, Stored],
    *,
    name: str | None,
    workers: int,
    overwrite: bool,
) -> MattingSet:
    info = {**note.info, "name": name or note.info["name"]}
    failures = dict(contents.problems)
    total = len(stored) + len(failures)

    def write_rest(to: Path, todo: list[str]) -> Iterator[tuple[str, Composite | str]]:
        jobs = [_Job(to, note.format, stored[id_]) for id_ in todo]
        for outcome in run(_import, jobs, workers=workers):
            yield outcome.item.stored.row.id, outcome.value or outcome.reason or ""

    def finish(to: Path, rows: list[Composite]) -> None:
        write_atomically(to / ATTRIBUTION_NAME, note.attribution)
        if note.ledger and not (to / LEDGER_NAME).exists():  # checks since an import in part stay
            write_atomically(to / LEDGER_NAME, note.ledger)
        sources = info["sources"] if len(rows) == total else sources_of_part(info["sources"], rows)
        write_manifest(to, rows, **{key: info[key] for key in ("name", "protocol", "seed")}, sources=sources)

    def changes(row: Composite) -> dict[str, Change]:
        before, now = row.to_row(), stored[row.id].row.to_row()
        return {key: (before[key], now[key]) for key in now if before[key] != now[key]}

    check_folder(out)
    return write_set(
        out,
        {id_: _inputs(each) for id_, each in stored.items()},
        write_rest,
        finish,
        settings={"command": "import", "source": origin, "kind": note.format, "name": name},
        plan=SetPlan(
            name=info["name"],
            protocol=info["protocol"],
            seed=info["seed"],
            changes=changes,
            files=lambda _: (),  # the rows hold the digests of all pixels
        ),
        overwrite=overwrite,
        failures=failures,
        total=total,
        what="images",
        asked="images",
    )


def _inputs(stored: Stored) -> Inputs:
    """Return what an image is made from: its row, wherever a file with it lies and whenever it came."""
    return [text_digest(json.dumps(stored.row.to_row(), sort_keys=True))]


def _import(job: _Job) -> Composite:
    """Read the layers of a composite, compare them with its row, and write them."""
    row = job.stored.row
    with temporary_folder() as folder:
        files = find_export_format(job.format).module.unpack(job.stored.where, folder)
        pixels = {}
        for layer in LAYERS:
            try:
                pixels[layer] = decode_layer(files[layer], layer)
            except DataError as error:
                shown = f"{job.stored.shown}, {layer}"
                raise DataError(str(error).replace(str(files[layer]), shown)) from None
            if reason := layer_problem(row, layer, pixels[layer]):
                raise DataError(f"{job.stored.shown}, {layer}: {reason}; get the file again")
    write_layers(job.out, row.id, encode_layers(pixels))
    return row
