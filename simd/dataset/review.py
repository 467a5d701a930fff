"""Reviews: what people say of single composites, as JSON lines that select, build and evaluate read.

``simd browse pull`` writes one line for each composite that was tagged::

    {"id": "net-0c77a1f2", "fg_id": "fence", "bg_id": "hill.jpg", "tags": ["exclude"]}

``by`` and ``when`` may be added, as may lines by hand; ``id`` and ``tags`` are all that a line needs. Of the
tags one is acted on, :data:`EXCLUDE`. The others are counted and kept for people.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import json_lines, read_json_lines, real_path, write_atomically
from simd.schema import TEXT, list_of, or_null, problem, record

LINE = record(
    {"id": TEXT, "tags": list_of(TEXT)}, dict.fromkeys(("fg_id", "bg_id", "by", "when"), or_null(TEXT))
)
"""The kind of a line of a review."""

EXCLUDE = "exclude"
"""The tag of a composite that is to be left out."""
_NAMED = 5  # ids that a message gives
SUGGESTED = ("bad truth", "wrong class", EXCLUDE)
"""The tags that the project gives a meaning to; any other text is a tag, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What was said of one composite: a line of a review."""

    id: str
    tags: tuple[str, ...]
    fg_id: str = ""
    bg_id: str | None = None
    by: str = ""
    when: str = ""  # ISO 8601

    def to_row(self) -> dict[str, Any]:
        """Return the line of a review file; who and when are left out where nobody said."""
        row: dict[str, Any] = {"id": self.id, "fg_id": self.fg_id, "bg_id": self.bg_id}
        row["tags"] = list(self.tags)
        return row | {key: value for key in ("by", "when") if (value := getattr(self, key))}


@dataclass(frozen=True)
class Review:
    """All remarks of a file."""

    path: Path
    remarks: tuple[Remark, ...]

    @property
    def excluded(self) -> frozenset[str]:
        """The ids of composites to leave out."""
        return frozenset(remark.id for remark in self.remarks if EXCLUDE in remark.tags)

    @property
    def excluded_foregrounds(self) -> frozenset[str]:
        """The foregrounds that an excluded composite shows."""
        named = (remark.fg_id for remark in self.remarks if EXCLUDE in remark.tags)
        return frozenset(fg_id for fg_id in named if fg_id)

    def summary(self, ids: Collection[str]) -> str:
        """Say how many of some composites are left out, what is excluded in vain, and what is only noted.

        Excluded in vain is what `ids` lack: a name written wrongly, a review of another set, or a set that
        was built without them already.

        Examples
        --------
        >>> remark = Remark(id="net-0c77a1f2", tags=("exclude", "bad truth"))
        >>> Review(Path("review.jsonl"), (remark,)).summary(["net-0c77a1f2"])
        "review.jsonl: 1 of 1 excluded composites left out; noted only: 1 'bad truth'"
        """
        noted = Counter(tag for remark in self.remarks for tag in remark.tags if tag != EXCLUDE)
        in_vain = sorted(self.excluded.difference(ids))
        left_out = len(self.excluded) - len(in_vain)
        text = f"{self.path}: {left_out} of {len(self.excluded)} excluded composites left out"
        if in_vain:
            shown = ", ".join(in_vain[:_NAMED]) + (", ..." if len(in_vain) > _NAMED else "")
            text += f"; {len(in_vain)} are not among these: {shown}"
        if noted:
            text += "; noted only: " + ", ".join(f"{count} {tag!r}" for tag, count in noted.most_common())
        return text


def review_path(dataset: Path) -> Path:
    """Return where the review of a set lies: beside its folder."""
    whole = real_path(dataset)
    return whole.with_name(f"{whole.name}.review.jsonl")


def write_review(path: Path, remarks: Iterable[Remark]) -> None:
    """Write a review as JSON lines."""
    write_atomically(path, json_lines(remark.to_row() for remark in remarks))


def read_review(path: str | Path) -> Review:
    """Read a review.

    Raises
    ------
    DataError
        If the file cannot be read, or a line has no id, no list of tags, or an id that stood before.
    """
    path = Path(path)
    remarks: dict[str, Remark] = {}
    for number, row in enumerate(read_json_lines(path), start=1):
        try:
            remark = _remark(row)
        except DataError as error:
            raise DataError(f"{path}:{number}: {error}") from None
        if remark.id in remarks:
            raise DataError(f"{path}:{number}: {remark.id!r} has a line already; put all tags into one")
        remarks[remark.id] = remark
    return Review(path, tuple(remarks.values()))


def _remark(row: dict[str, Any]) -> Remark:
    id_, tags = row.get("id"), row.get("tags")
    if not isinstance(id_, str) or not id_:
        raise DataError('a line needs "id", that of a composite')
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise DataError('a line needs "tags", a list of texts')
    if reason := problem(row, LINE):
        raise DataError(reason)
    texts = {key: row.get(key) or "" for key in ("fg_id", "by", "when")}
    return Remark(id=id_, tags=tuple(dict.fromkeys(tags)), bg_id=row.get("bg_id") or None, **texts)
