"""A set taken to the layout of another tool, whole or not at all."""

import re
from pathlib import Path
from typing import NamedTuple

from simd.arguments import checked
from simd.dataset.card import CARD_NAME, card
from simd.dataset.exports import Asked, ExportFormat, find_export_format
from simd.dataset.exports.licences import check_words, licence_table, refuse_unknown_licences
from simd.dataset.exports.note import NOTE_NAME, Part, attribution_of, ledger_of, write_note
from simd.dataset.exports.statements import read_statements
from simd.dataset.ledger import LEDGER_NAME, read_ledger, read_originals
from simd.dataset.manifest import ATTRIBUTION_NAME, MattingSet, load_set
from simd.dataset.verify import verify
from simd.errors import DataError
from simd.export_place import remove_left, write_export
from simd.files import make_folder, write_atomically
from simd.sources.outputs import check_output_folder, never
from simd.stores import address_of, check_free, open_store, send_folder
from simd.temporary import temporary_folder

_SPLIT = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
SPLITS_NAME = "splits"
"""The folder of lists of ids, a file a split."""


class Exported(NamedTuple):
    """An export as it was written."""

    folder: Path | str  # an address is text
    format: str
    images: int
    digest: str  # of the set, as `simd import` finds it again
    parts: tuple[str, ...]  # the files, seen from the folder


@checked
def export(
    dataset: MattingSet | str | Path,
    out: str | Path,
    *,
    to: str,
    split: str = "train",
    shards: int | None = None,
    statements: str | Path | None = None,
    any_licence: bool = False,
    workers: int = 1,
) -> Exported:
    """Write a set in the layout of another tool, from which `simd import` makes the same set again.

    Every pixel is first compared with what was built. The export grows beside `out` and takes its name when
    it is whole; one that was cut off begins again.

    Parameters
    ----------
    dataset : MattingSet or path
        A set, or its folder.
    out : path
        A new or an empty folder, or the address of one in an object store (``s3://bucket/folder``). There
        the export is made on this machine first, and `export.json` is sent last: what was cut off is no
        export, and the same call goes on.
    to : str
        A key of :data:`simd.dataset.exports.FORMATS`.
    split : str
        What the set is for others: "train", "validation", "test".
    shards : int, optional
        How many files the set is cut into, for formats that are; by default as many as keep each below the
        size that its readers expect.
    statements : path, optional
        A TOML file with what only the makers of the set know, for formats that have a place for it:
        :mod:`simd.dataset.exports.statements` lists the keys.
    any_licence : bool
        Export images of which nobody has said the licence, too; the card says so.
    workers : int
        Processes, for the comparison.

    Raises
    ------
    DataError
        If the format is unknown, `out` holds something, an option does not fit, a licence is unknown, a line
        of the ledger of licences cannot be used, or a store cannot be written.
    BatchError
        With every file of the set that is missing or changed; nothing is written then.
    BusyError
        If another process exports to `out`.
    """
    if (address := address_of(out)) is not None:
        store = open_store(address)
        check_free(store, NOTE_NAME)  # before minutes of work
        with temporary_folder() as folder:
            exported = export(
                dataset,
                folder / "export",
                to=to,
                split=split,
                shards=shards,
                statements=statements,
                any_licence=any_licence,
                workers=workers,
            )
            send_folder(Path(exported.folder), store, NOTE_NAME)
        return exported._replace(folder=address)
    chosen = find_export_format(to)
    remove_left(Path(out))
    matting_set = dataset if isinstance(dataset, MattingSet) else load_set(dataset)
    out = check_output_folder(out, "an export", never, inputs=[matting_set.path, statements])
    _check_options(chosen, to, matting_set, split, shards)
    if statements is not None and not chosen.takes_statements:
        raise DataError(f"{statements}: {to} has no place for statements; leave --statements out")
    asked = Asked(split, shards, read_statements(None if statements is None else Path(statements)))
    if not any_licence:
        refuse_unknown_licences(matting_set.rows)
    read_ledger(matting_set.path)  # what cannot be used is said before the long work
    verify(matting_set, workers=workers)
    make_folder(out.parent)
    parts: list[Part] = []

    def write(part: Path) -> bool:
        make_folder(part)
        parts.extend(chosen.module.write(matting_set, part, asked))
        _write_words(chosen, matting_set, part, split)
        write_note(part, matting_set, format_=to, split=split, parts=parts)
        return True

    write_export(out, "folder", write)
    names = tuple(part.name for part in parts)
    return Exported(out, to, len(matting_set), matting_set.digest, names)


def _check_options(
    chosen: ExportFormat, to: str, matting_set: MattingSet, split: str, shards: int | None
) -> None:
    if not _SPLIT.fullmatch(split):
        raise DataError(f"the split {split!r} must be a word such as train, validation or test")
    if not len(matting_set):
        raise DataError(f"{matting_set.path}: holds no image, there is nothing to export")
    if shards is None:
        return
    if not chosen.in_shards:
        raise DataError(f"--shards {shards}: {to} is not cut into shards; leave it out")
    if not 1 <= shards <= len(matting_set):
        raise DataError(
            f"--shards {shards}: there must be at least 1, and at most one an image ({len(matting_set)})"
        )


def _write_words(chosen: ExportFormat, matting_set: MattingSet, out: Path, split: str) -> None:
    """Write what people read: the card, the notices, and the ids of the split."""
    words = licence_table(matting_set.rows) + check_words(read_originals(matting_set))
    layout = f"{chosen.module.layout(split)}\n{words}"
    text = card(matting_set.info, matting_set.rows, layout=layout, head=chosen.module.head(split))
    write_atomically(out / CARD_NAME, text)
    write_atomically(out / ATTRIBUTION_NAME, attribution_of(matting_set))
    if ledger := ledger_of(matting_set):
        write_atomically(out / LEDGER_NAME, ledger)
    make_folder(out / SPLITS_NAME)
    ids = "".join(f"{row.id}\n" for row in matting_set.rows)
    write_atomically(out / SPLITS_NAME / f"{split}.txt", ids)
