"""Tags given in the App, back as a review of the set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simd.dataset.manifest import MattingSet
from simd.dataset.review import Remark, Review, read_review, review_path, write_review
from simd.report.browse.database import connect
from simd.report.browse.dataset import default_name, open_dataset
from simd.report.browse.fields import COMPOSITE
from simd.sources.outputs import check_output_file


def pull(
    dataset: MattingSet, *, name: str | None = None, out: Path | None = None, by: str = "", when: str = ""
) -> tuple[Path, Review]:
    """Write the tags of samples, and of their labels, as the review of a set.

    The file is replaced: what is tagged no more is in it no more. Who and when stay with the lines that have
    not changed.

    Raises
    ------
    DataError
        If FiftyOne has no dataset of this set, or `out` holds something else than a review.
    """
    path = out or review_path(dataset.path)
    check_output_file(path, "a review", lambda file: bool(read_review(file)), inputs=[dataset.path])
    fo = connect()
    target = open_dataset(fo, dataset, name or default_name(dataset), create=False)
    before = {remark.id: remark for remark in read_review(path).remarks} if path.is_file() else {}
    tags = _tags(fo, target)
    remarks = [
        _remark(row.id, row.fg_id, row.bg_id, tags[row.id], before, by, when)
        for row in dataset.rows
        if tags.get(row.id)
    ]
    write_review(path, remarks)
    return path, Review(path, tuple(remarks))


def _tags(fo: Any, target: Any) -> dict[str, tuple[str, ...]]:
    labels = target.get_field_schema(embedded_doc_type=fo.Label)
    columns = target.values([COMPOSITE, "tags", *(f"{name}.tags" for name in labels)])
    return {
        row[0]: tuple(dict.fromkeys(tag for given in row[1:] for tag in given or ()))
        for row in zip(*columns, strict=True)
    }


def _remark(
    id_: str,
    fg_id: str,
    bg_id: str | None,
    tags: tuple[str, ...],
    before: Mapping[str, Remark],
    by: str,
    when: str,
) -> Remark:
    if id_ in before and before[id_].tags == tags:
        by, when = before[id_].by, before[id_].when
    return Remark(id=id_, fg_id=fg_id, bg_id=bg_id, tags=tags, by=by, when=when)
