"""What `simd index` prints: the kinds of sources, or what a folder holds and lacks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from simd.arguments import checked
from simd.class_tables import ClassTable
from simd.composition.import_finished import with_stated
from simd.errors import DataError, SimdError, folded
from simd.image import read_alpha, remarks
from simd.layer_checks import differing_orientation, part_of_range
from simd.options import renamed
from simd.parallel import run
from simd.progress import track
from simd.records import Background, Foreground
from simd.sources import (
    TABLES,
    index_backgrounds,
    index_finished,
    index_foregrounds,
    kinds,
    read_background,
    read_foreground,
    recognise_kind,
    with_names,
)
from simd.sources.everyday import parse_naming, roles_of
from simd.sources.index import Finished, Index, files_of
from simd.sources.pairs import read_finished
from simd.sources.parquet import on_disk
from simd.sources.table import table_beside
from simd.taxonomy import CLASSES, class_name

_NAMED = 20  # extra files that are listed by name


def kinds_table() -> str:
    """Return the kinds of sources with their layouts, as text."""
    lines = []
    titles = ("foregrounds:", "backgrounds:", "image-alpha pairs, for simd import:")
    for title, table in zip(titles, TABLES.values(), strict=True):
        lines.append(title)
        for kind in kinds(table):
            lines.append(f"  {kind.name:16} {kind.layout}")
            lines.append(f"  {'':16} licence: {kind.licence}")
    lines.append("Look through a folder with: simd index FOLDER")
    return "\n".join(lines)


def kinds_listed() -> dict[str, list[dict[str, str]]]:
    """Return the kinds of sources with their layouts, by what they give."""
    return {
        role: [{"kind": kind.name, "layout": kind.layout, "licence": kind.licence} for kind in kinds(table)]
        for role, table in TABLES.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a folder holds as foregrounds, as backgrounds, or as image-alpha pairs, and what it lacks."""

    what: str  # "foregrounds", "backgrounds" or "image-alpha pairs"
    kind: str
    expected: int
    found: int
    missing: dict[str, str]  # name to reason
    unnamed: int  # how many more are missing, whose names nothing tells
    extra: tuple[str, ...]
    broken: dict[str, str]  # name to reason
    unused: dict[str, str]  # the CSV file, if it names what is not here: to the names
    notes: tuple[str, ...]
    remarks: dict[str, str]  # what reading the files changes or passes over, to how often
    licences: dict[str, int]
    classes: dict[str, int]
    unclassed: int  # of which the layout does not tell the class
    problem: str = ""  # why nothing could be listed

    @property
    def problems(self) -> int:
        """How many files are missing or broken, or name what is not here."""
        return len(self.missing) + self.unnamed + len(self.broken) + len(self.unused)

    def __str__(self) -> str:
        if self.problem:
            return f"{self.what}: {self.problem}"
        lines = [
            f"{self.what} ({self.kind}): expected {self.expected}, found {self.found}, "
            f"missing {len(self.missing) + self.unnamed}, extra {len(self.extra)}, broken {len(self.broken)}"
        ]
        lines += [f"  {note}" for note in self.notes]
        lines += [f"  {file}: {names}" for file, names in self.unused.items()]
        lines += [f"  missing {line}" for line in folded(self.missing)]
        if self.unnamed:
            lines.append(
                f"  missing {self.unnamed} whose names nothing tells: the dataset holds more than is here"
            )
        lines += [f"  extra {name}: belongs to nothing" for name in self.extra[:_NAMED]]
        if len(self.extra) > _NAMED:
            lines.append(f"  extra: {len(self.extra) - _NAMED} more")
        lines += [f"  broken {line}" for line in folded(self.broken)]
        lines += [f"  {remark}: {count}" for remark, count in self.remarks.items()]
        lines += [f"  licence {licence}: {count}" for licence, count in self.licences.items()]
        lines += [f"  class {name}: {count}" for name, count in self.classes.items()]
        absent = [name for name in CLASSES if name not in self.classes]
        if absent and self.what == "foregrounds" and self.classes:
            lines.append(f"  no foreground of: {', '.join(absent)}")
        if self.unclassed and self.what == "foregrounds":
            lines.append(
                f"  {self.unclassed} have no class yet: tag them, name one for all of them (--class NAME), "
                "or fill in a CSV file (--write-classes FILE)"
            )
        elif self.unclassed:
            lines.append(
                f"  class not told by the layout: {self.unclassed}; "
                "simd import --classes FILE or --class NAME"
            )
        return "\n".join(lines)


class Listing(tuple[Contents, ...]):
    """All that a folder holds; as text, what ``simd index`` prints."""

    @property
    def problems(self) -> int:
        """How many files are missing or broken, or name what is not here."""
        return sum(contents.problems for contents in self)

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    __repr__ = __str__


@renamed(source="kind")
@checked
def index(
    folder: str | Path,
    *,
    kind: str | None = None,
    alpha_dir: str | Path | None = None,
    alpha_suffix: str | None = None,
    classes: str | Path | None = None,
    class_: str | None = None,
    decode: bool = False,
    workers: int = 1,
) -> Listing:
    """Look through a folder as foregrounds, backgrounds, image-alpha pairs, or as all that it holds.

    Parameters
    ----------
    folder : path
        A folder, ``"synthetic"`` or ``"builtin"``.
    kind : str, optional
        The kind of its layout; without it the layout decides.
    alpha_dir : path, optional
        The folder of the mattes, seen from `folder`, where its name is none that is known.
    alpha_suffix : str, optional
        What stands behind an image's name in that of its matte, where it is none that is known.
    classes : path, optional
        A CSV file with the columns file and class.
    class_ : str, optional
        The class of foregrounds whose class nothing else says.
    decode : bool
        Read every file to its last pixel.
    workers : int
        Threads that decode.

    Returns
    -------
    Listing
        Expected, found, missing, extra, broken; every problem by name; remarks, classes, licences.

    Raises
    ------
    DataError
        If the folder has no known layout.
    """
    origin = str(folder)
    kind = with_names(kind, alpha_dir, alpha_suffix)
    base, _, query = (kind or "").partition("?")
    named = [role for role, table in TABLES.items() if base in table]
    as_foregrounds, as_backgrounds, as_finished = (
        named == [role] or _recognised(table, kind, origin) for role, table in TABLES.items()
    )
    if query and base == "folder":
        roles = roles_of(Path(origin), parse_naming(query))
        as_foregrounds, as_backgrounds, as_finished = "fg" in roles, False, "image" in roles
    if (as_foregrounds or as_finished) and as_backgrounds and not (Path(origin) / "bg").is_dir():
        as_backgrounds = False  # fg/ and alpha/ hold images, but no photographs to place things on
    listed = []
    if as_finished:
        pairs = _pairs_stated(index_finished(origin, kind), origin, classes, class_)
        listed.append(_look("image-alpha pairs", pairs, decode, workers))
    if as_foregrounds or not (as_backgrounds or as_finished):  # with none, this raises with the known layouts
        try:
            path = None if classes is None else Path(classes)
            fgs = index_foregrounds(origin, kind, classes=path, class_=class_)
        except DataError as error:
            if not as_finished or classes is not None:  # who names a file of classes wants to know of it
                raise
            listed.append(_unlisted("foregrounds", str(error)))  # image-alpha pairs need no classes
        else:
            listed.append(_look("foregrounds", fgs, decode, workers))
    if as_backgrounds:
        listed.append(_look("backgrounds", index_backgrounds(origin, kind), decode, workers))
    return Listing(listed)


def _pairs_stated(
    pairs: Index[Finished], origin: str, classes: str | Path | None, class_: str | None
) -> Index[Finished]:
    """Return image-alpha pairs with what a CSV file, named or beside them, says of them."""
    try:
        table = table_beside(origin, None if classes is None else Path(classes))
    except DataError as error:
        if classes is not None:  # who names a file of classes wants to know of it
            raise
        return replace(pairs, notes=(*pairs.notes, str(error)))
    if table is None and not class_:
        return pairs
    return with_stated(pairs, table or ClassTable(), class_name(class_) if class_ else None)


def _recognised(table: Mapping[str, str], kind: str | None, origin: str) -> bool:
    """Tell whether a folder has the layout of a source, or of any in the table if none is named."""
    kinds_asked = table if kind is None else {name: table[name] for name in (kind,) if name in table}
    return recognise_kind(kinds_asked, origin) is not None


_AnyIndex = Index[Foreground] | Index[Background] | Index[Finished]
_AnyRecord = Foreground | Background | Finished


def _look(what: str, index: _AnyIndex, decode: bool, workers: int) -> Contents:
    undecodable, doubtful = _decode_all(index.records, workers) if decode else ({}, {})
    decoded = [record for record in index.records if record.id not in undecodable]
    given = [record.class_ for record in decoded if not isinstance(record, Background)]
    counts = Counter(name for name in given if name)
    return Contents(
        what=what,
        kind=index.kind,
        expected=index.expected,
        found=len(decoded),
        missing=dict(index.missing),
        unnamed=index.unnamed,
        extra=index.extra,
        broken=index.broken | undecodable,
        unused=index.unused,
        notes=(*index.notes, *_pairs_turned(index.records), *folded(doubtful)),
        remarks=_remarks(index.records),
        licences=dict(Counter(record.licence for record in index.records).most_common()),
        classes={name: counts[name] for name in CLASSES if counts[name]},
        unclassed=len(given) - counts.total(),
    )


def _unlisted(what: str, problem: str) -> Contents:
    return Contents(
        what=what,
        kind="",
        expected=0,
        found=0,
        missing={},
        unnamed=0,
        extra=(),
        broken={},
        unused={},
        notes=(),
        remarks={},
        licences={},
        classes={},
        unclassed=0,
        problem=problem,
    )


def _remarks(records: Sequence[_AnyRecord]) -> dict[str, str]:
    """Say what reading the files changes or passes over: how often, and one of them by name."""
    counts: Counter[str] = Counter()
    examples: dict[str, Path] = {}
    for record in track(records, len(records), "headers", quiet=True):
        for file, matte in files_of(record):
            try:
                messages = remarks(file, matte=matte, opaque=not matte and not _is_cutout(record))
            except SimdError:  # it has no header to speak of; --decode says so
                continue
            counts.update(messages)
            for remark in messages:
                examples.setdefault(remark, file)
    return {remark: f"{count}, as {examples[remark].name}" for remark, count in counts.most_common()}


def _is_cutout(record: _AnyRecord) -> bool:
    return isinstance(record, Foreground) and record.alpha_file is None


def _pairs_turned(records: Sequence[_AnyRecord]) -> list[str]:
    """Name the pairs whose headers state two orientations."""
    notes = {}
    for record in track(records, len(records), "orientations", quiet=True):
        files = [file for file, _ in files_of(record)]
        with suppress(SimdError):  # it has no header to speak of; --decode says so
            turned = (differing_orientation(files[0], file) for file in files[1:])
            if note := next(filter(None, turned), ""):
                notes[record.id] = note
    return folded(notes)


def _decode_all(records: Sequence[_AnyRecord], workers: int) -> tuple[dict[str, str], dict[str, str]]:
    """Return why records cannot be decoded, and what is doubtful in those that can."""
    outcomes = list(track(run(_decode, records, workers=workers, threads=True), len(records), "files"))
    failures = {outcome.item.id: outcome.reason for outcome in outcomes if outcome.reason is not None}
    return failures, {outcome.item.id: outcome.value for outcome in outcomes if outcome.value}


def _decode(record: _AnyRecord) -> str:
    """Read a record's files to the last pixel; say what is doubtful in its alpha."""
    if isinstance(record, Background):
        read_background(record)
        return ""
    if isinstance(record, Finished) and record.packed is not None:
        with on_disk(record) as unpacked:
            return _decode(unpacked)
    if isinstance(record, Finished):
        if record.trimap is not None:
            read_alpha(record.trimap)
        alpha, name = read_finished(record)[1], record.alpha
    else:
        alpha, name = read_foreground(record).alpha, record.alpha_file or record.file or Path(record.id)
    if not alpha.any():
        raise DataError(f"{name}: alpha is 0 everywhere")
    levels = part_of_range(alpha)
    return levels.detail if levels is not None and levels.unscaled else ""
