"""Select foregrounds that can serve as truth: every drop and every warning carries its reason and figure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from simd.class_tables import stem_of
from simd.dataset.review import read_review
from simd.errors import DataError
from simd.image import UInt8, read_image, read_orientation
from simd.layer_checks import differing_orientation
from simd.options import renamed
from simd.parallel import run
from simd.progress import track
from simd.records import Foreground, ForegroundFiles
from simd.remarks import lossy_format
from simd.selection.alpha_filters import (
    border,
    islands,
    limited,
    noisy,
    not_truth,
    quantised,
    small,
    unlicensed,
    unusable,
)
from simd.selection.colour_filters import bleed, hidden, mismatch, mismatch_of_orientation, premultiplied
from simd.selection.duplicates import add_duplicates
from simd.selection.leaks import Reference, find_leaks, read_reference
from simd.selection.name_lists import NameList, index_with_classes, read_names
from simd.selection.near_duplicates import Signature, sign
from simd.selection.reasons import (
    Finding,
    Selection,
    Verdict,
    check_allowed,
    decide,
    finding_of,
)
from simd.selection.stored_thumbs import ThumbFile
from simd.sources import Pixels, find_kind, index_foregrounds, read_foreground
from simd.sources.index import Index
from simd.trimap import default_radius, lacking_side, trimap_of

__all__ = [
    "Selection",
    "Verdict",
    "judge",
    "select",
    "select_foregrounds",
]

SCATTERS = frozenset({"fire", "smoke_cloud", "water_drop", "water_spray"})
"""Classes whose matter lies in pieces, so that specks say nothing."""


class _Check(NamedTuple):
    foreground: Foreground
    min_side: int
    signed: bool


@renamed(source="kind")
def select_foregrounds(
    origin: str,
    kind: str | None = None,
    *,
    classes: Path | None = None,
    class_list: Path | None = None,
    against: Sequence[str] = (),
    min_side: int = 0,
    licences: Sequence[str] = (),
    allow: Collection[str] = (),
    strict: bool = False,
    review: Path | None = None,
    workers: int = 1,
) -> Selection:
    """Judge the foregrounds of a folder.

    Parameters
    ----------
    origin, kind, classes
        As for :func:`simd.sources.index_foregrounds`.
    class_list : Path, optional
        A list of lines ``class:name``: only what it names is kept, with the class it gives.
    against : sequence of str
        Folders of foregrounds and lists of names that must share nothing with this one.
    min_side, licences, allow, strict, workers
        As for :func:`select`.
    review : Path, optional
        A review of composites: a foreground that an excluded one shows is dropped.

    Returns
    -------
    Selection
        Its `problems` hold the bad lines of the lists, and what could not be read in `against`.

    Raises
    ------
    DataError
        If a folder or list cannot be used at all, or a reason is unknown.
    """
    if class_list is not None and classes is not None:
        raise DataError("--class-list gives the classes; leave --classes out")
    for other in against:
        if Path(other).exists() and Path(origin).exists() and Path(other).samefile(origin):
            raise DataError(f"--against {other}: is the folder itself; name the other split")
    allow = check_allowed(allow)
    names = None if class_list is None else _read_class_list(class_list)
    unlisted: list[Verdict] = []
    if names is None:
        index = index_foregrounds(origin, kind, classes=classes)
    else:
        index, unlisted = _keep_listed(origin, kind, names)
    references = [read_reference(other) for other in against]
    lists = [reference.names for reference in references if reference.names] + ([names] if names else [])
    answers = None if review is None else read_review(review)
    excluded = frozenset() if answers is None else answers.excluded_foregrounds
    verdicts, others, unread, lacking = _judge_all(
        index,
        references,
        excluded,
        min_side=min_side,
        licences=licences,
        allow=allow,
        strict=strict,
        workers=workers,
    )
    notes = [note for each in lists for note in each.notes]
    if answers is not None:
        dropped = sum(any(f.reason == "review" for f in verdict.findings) for verdict in verdicts)
        note = f"{review}: {dropped} of {len(excluded)} foregrounds of excluded composites dropped"
        in_vain = sorted(excluded - {fg.id for fg in index.records})
        notes.append(note + (f"; not here: {', '.join(in_vain[:5])}" if in_vain else ""))
    notes += _lacking_notes(verdicts, lacking)
    problems = (names.problems if names else {}) | unread | index.unused
    return Selection(
        sorted(verdicts + unlisted, key=lambda v: v.id),
        {**{fg.id: fg for fg in index.records}, **others},
        tuple(notes),
        problems,
        sum(each.total for each in lists)
        + sum(len(r.records) + len(r.problems) for r in references if r.names is None)
        + len(index.unused),
    )


def select(
    index: Index[Foreground],
    *,
    min_side: int = 0,
    licences: Sequence[str] = (),
    allow: Collection[str] = (),
    strict: bool = False,
    workers: int = 1,
) -> list[Verdict]:
    """Judge every foreground of a source.

    Parameters
    ----------
    index : Index
        The foregrounds, and those that are missing or broken.
    min_side : int
        The shorter side must reach this many pixels.
    licences : sequence of str
        Patterns such as ``"CC0*"``, one of which a licence must fit; none allow all.
    allow : collection of str
        Reasons to pass over, keys of :data:`simd.selection.reasons.REASONS`.
    strict : bool
        Whether warnings drop as well.
    workers : int
        Processes.

    Returns
    -------
    list of Verdict
        One for each foreground, expected or found, sorted by id. What is looked for, and from which figure
        on, is listed in :mod:`simd.selection.alpha_filters`, :mod:`simd.selection.colour_filters` and
        :mod:`simd.selection.near_duplicates`.
    """
    allow = check_allowed(allow)
    return _judge_all(
        index, (), (), min_side=min_side, licences=licences, allow=allow, strict=strict, workers=workers
    ).verdicts


def judge(pixels: Pixels, *, min_side: int = 0, scatters: bool = False) -> list[Finding]:
    """Return what is wrong with the pixels of a foreground; `scatters` says that specks belong to it."""
    fg, alpha = pixels.fg, pixels.alpha
    findings = [small(alpha.shape, min_side), nothing := unusable(alpha)]
    if nothing is None:
        findings += [check(alpha) for check in (limited, quantised, noisy, border)]
        findings += [check(fg, alpha) for check in (mismatch, premultiplied, hidden)]
        findings += [] if scatters else [islands(alpha)]
    return [finding for finding in findings if finding is not None]


def _lacking_notes(verdicts: Sequence[Verdict], lacking: Mapping[str, str]) -> list[str]:
    """Say how many of those kept leave one side of their trimap unknown; methods fall back on such images."""
    notes = []
    for side in ("foreground", "background"):
        ids = [v.id for v in verdicts if v.keep and lacking.get(v.id) == side]
        if ids:
            count = f"{len(ids)} foreground leaves" if len(ids) == 1 else f"{len(ids)} foregrounds leave"
            notes.append(
                f"{count} no known {side} in the trimap that simd build makes, as {ids[0]}; methods that go "
                "out from known pixels fall back on such images"
            )
    return notes


class _Judged(NamedTuple):
    """The verdicts over a source, and what was met on the way."""

    verdicts: list[Verdict]
    others: dict[str, ForegroundFiles]  # the other side of leaks
    unread: dict[str, str]  # what could not be compared with, and why
    lacking: dict[str, str]  # by id, the side of which a trimap would know no pixel


def _judge_all(
    index: Index[Foreground],
    references: Sequence[Reference],
    excluded: Collection[str],
    *,
    min_side: int,
    licences: Sequence[str],
    allow: Collection[str],
    strict: bool,
    workers: int,
) -> _Judged:
    findings: dict[str, list[Finding]] = {
        name: [finding_of(reason, None, detail)]
        for reason, problems in (("missing", index.missing), ("broken", index.broken))
        for name, detail in problems.items()
    }
    classes = {fg.id: "|".join(fg.classes) for fg in index.records}
    signatures: dict[str, Signature] = {}
    thumbs = ThumbFile()
    lacking: dict[str, str] = {}
    signed = not {"duplicate", "leak"} <= set(allow)
    checks = [_Check(fg, min_side, signed) for fg in index.records]
    for outcome in track(run(_examine, checks, workers=workers), len(checks), "foregrounds"):
        fg = outcome.item.foreground
        reasons = findings.setdefault(fg.id, [])
        reasons += filter(None, [unlicensed(fg.licence, licences), not_truth(fg.alpha_kind)])
        if fg.id in excluded:
            reasons.append(finding_of("review", None, "a composite that shows it was excluded in a review"))
        if outcome.value is None:
            reasons.append(finding_of("broken", None, outcome.reason or ""))
            continue
        reasons += outcome.value.findings
        if outcome.value.signature is not None:
            signatures[fg.id] = outcome.value.signature.with_thumb_in(thumbs)
        if outcome.value.lacking:
            lacking[fg.id] = outcome.value.lacking
    others: dict[str, ForegroundFiles] = {}
    unread: dict[str, str] = {}
    if references and "leak" not in allow:
        ids = sorted(signatures)
        leaks, others, unread = find_leaks(ids, [signatures[i] for i in ids], references, workers=workers)
        for id_, more in leaks.items():
            findings[id_] += more
    if "duplicate" not in allow:
        add_duplicates(findings, signatures, allow=allow, strict=strict)
    verdicts = [
        decide(id_, found_, class_=classes.get(id_, ""), allow=allow, strict=strict)
        for id_, found_ in sorted(findings.items())
    ]
    return _Judged(verdicts, others, unread, lacking)


class _Examined(NamedTuple):
    """What the pixels of a foreground say."""

    findings: list[Finding]
    signature: Signature | None
    lacking: str  # the side of which its trimap would know no pixel


def _examine(check: _Check) -> _Examined:
    fg = check.foreground
    pixels = read_foreground(fg)
    findings = judge(pixels, min_side=check.min_side, scatters=bool(SCATTERS & set(fg.classes)))
    if find_kind("foregrounds", fg.source).estimates and fg.file is not None:
        findings += filter(None, [bleed(pixels.fg, pixels.alpha, read_image(fg.file))])
    if fg.alpha_file is not None and (lossy := lossy_format(fg.alpha_file)):
        findings.append(finding_of("jpeg", None, f"{fg.alpha_file.name} is a {lossy}"))
    if fg.file is not None and fg.alpha_file is not None:
        differ = differing_orientation(fg.file, fg.alpha_file)
        if differ:
            findings.append(finding_of("orientation", None, differ))
            orientation = read_orientation(fg.file)
            if read_orientation(fg.alpha_file) == 1:
                findings += filter(None, [mismatch_of_orientation(pixels.fg, pixels.alpha, orientation)])
    visible: UInt8 = pixels.alpha
    signed = check.signed and not any(f.reason == "empty" for f in findings) and bool(visible.any())
    lacking = lacking_side(trimap_of(pixels.alpha, default_radius(pixels.alpha.shape)))
    return _Examined(findings, sign(pixels.fg, visible) if signed else None, lacking)


def _read_class_list(path: Path) -> NameList:
    names = read_names(path)
    for stem, named in list(names.names.items()):
        if not named.classes:
            names.problems[f"{path}:{named.lines[0]}"] = f"gives {stem!r} no class; a line is class:name"
            del names.names[stem]
    if not names.names:
        raise DataError(f"{path}: gives no class; --class-list needs lines class:name")
    return names


def _keep_listed(origin: str, kind: str | None, names: NameList) -> tuple[Index[Foreground], list[Verdict]]:
    """Index a folder and leave out what a list does not name; what it names in vain is missing."""
    index = index_with_classes(origin, kind, names)
    listed, unlisted = [], []
    for fg in index.records:
        named = names.names.get(stem_of(fg.id))
        if named is None:
            unlisted.append(fg.id)
        else:
            listed.append(replace(fg, classes=named.classes))
    in_list = {name: stem_of(name) in names.names for name in index.problems}
    unlisted += [name for name, is_listed in in_list.items() if not is_listed]
    stems = {stem_of(fg.id) for fg in listed} | {stem_of(name) for name in index.problems}
    missing = {
        stem: f"{names.path}:{named.lines[0]} names it, {origin} has no such foreground"
        for stem, named in names.names.items()
        if stem not in stems
    }
    kept = replace(
        index,
        records=tuple(listed),
        missing={n: finding for n, finding in index.missing.items() if in_list[n]} | missing,
        broken={n: finding for n, finding in index.broken.items() if in_list[n]},
    )
    finding = finding_of("unlisted", None, f"{names.path} does not name it")
    return kept, [decide(name, [finding]) for name in unlisted]
