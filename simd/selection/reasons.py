"""What can be wrong with a foreground or a background: the reasons, how grave each is, and what follows."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple

from simd.errors import BatchError, DataError
from simd.records import Background, ForegroundFiles
from simd.schema import FLAG, NUMBER, TEXT, choice, list_of, or_null, record
from simd.taxonomy import suggest

Severity = Literal["drop", "warn"]


class Reason(NamedTuple):
    """A word for what is wrong, and what it means."""

    severity: Severity
    meaning: str


REASONS = {
    "missing": Reason("drop", "a file or a partner is not there"),
    "broken": Reason("drop", "cannot be read, or colour and alpha differ in size"),
    "unlisted": Reason("drop", "the class list does not name it"),
    "licence": Reason("drop", "its licence is not one of those allowed"),
    "small": Reason("drop", "has fewer pixels than asked for"),
    "empty": Reason("drop", "next to nothing is visible"),
    "full": Reason("drop", "alpha is 255 everywhere: there is nothing to cut out"),
    "range": Reason("drop", "alpha spans a part of 0 to 255 only: its levels were not scaled"),
    "binary": Reason("drop", "alpha is a mask: hardly a pixel is between 0 and 255"),
    "quantised": Reason("drop", "alpha has a few levels only"),
    "mismatch": Reason("drop", "alpha belongs to another picture, or is mirrored or turned"),
    "premultiplied": Reason("drop", "the colour is multiplied by alpha already, edges would come out dark"),
    "review": Reason("drop", "a composite that shows it was excluded in a review"),
    "leak": Reason("drop", "is in another split, or in a list that must stay apart"),
    "duplicate": Reason("drop", "shows what another one shows"),
    "object": Reason("drop", "a background with an object that draws the eye"),
    "orientation": Reason("warn", "the headers of colour and alpha state two EXIF orientations"),
    "truth": Reason("warn", "its alpha is stated to be no ground truth: a network's output, a game texture"),
    "faint": Reason("warn", "alpha ends far below 255"),
    "noisy": Reason("warn", "values that should be 0 or 255 flicker beside them, as JPEG leaves them"),
    "jpeg": Reason("warn", "alpha is stored as a JPEG or lossy WebP, so no level is exact"),
    "islands": Reason("warn", "specks lie far from the object"),
    "border": Reason("warn", "a stripe along the frame that belongs to nothing"),
    "bleed": Reason("warn", "colour spill: the edges of estimated colours hold some of the background"),
    "hidden": Reason("warn", "the photograph's own background is still there under alpha 0"),
}
"""Every reason. Those that drop stand first, and the first one found is the one that is stated."""

VERDICT = record(
    {"id": TEXT, "keep": FLAG},
    {
        **dict.fromkeys(("reason", "detail", "class"), TEXT),
        "findings": list_of(
            record(
                {
                    "reason": choice(*REASONS),
                    "figure": or_null(NUMBER),
                    "detail": TEXT,
                    "like": TEXT,
                    "severity": choice("drop", "warn"),
                }
            )
        ),
    },
)
"""The kind of a line of a selection; one by hand needs its id and whether to keep it."""

_FINAL = ("missing", "broken", "unlisted")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with the figure that says how much."""

    reason: str  # a key of REASONS
    figure: float | None  # what was measured; None where nothing is counted
    detail: str  # the figure in words
    like: str = ""  # the other one, for a duplicate or a leak
    severity: Severity = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a foreground or background is kept, and everything that was found about it."""

    id: str
    keep: bool
    reason: str = ""  # why it is dropped, in a word
    detail: str = ""  # the figure behind it
    class_: str = ""  # "leaf" or "leaf|tree" where it is known, the primary class first
    findings: tuple[Finding, ...] = ()  # drops and warnings

    def to_row(self) -> dict[str, Any]:
        """Return the line of a selection file; what is empty is left out after the first four."""
        row: dict[str, Any] = {"id": self.id, "keep": self.keep, "reason": self.reason, "detail": self.detail}
        if self.class_:
            row["class"] = self.class_
        if self.findings:
            row["findings"] = [asdict(finding) for finding in self.findings]
        return row


@dataclass(frozen=True)
class Selection:
    """What a selection has come to, with all that a page needs to show it."""

    verdicts: list[Verdict]  # sorted by id
    records: Mapping[str, ForegroundFiles | Background]  # by id, and the other side of a leak by its name
    notes: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)  # what could not be used, with its reason
    compared: int = 0  # how many lines and foregrounds the problems are of

    def __repr__(self) -> str:
        """Return a line."""
        kept = sum(verdict.keep for verdict in self.verdicts)
        return f"<Selection: {kept} of {len(self.verdicts)} kept, {len(self.problems)} problems>"

    def check_complete(self) -> None:
        """Raise a BatchError that names what could not be used, if anything could not."""
        if self.problems:
            raise BatchError(dict(self.problems), "lines and foregrounds to compare with", self.compared)


def finding_of(reason: str, figure: float | None, detail: str, like: str = "") -> Finding:
    """Return a finding with the severity of its reason."""
    return Finding(reason, figure, detail, like, REASONS[reason].severity)


def decide(
    id_: str,
    findings: Iterable[Finding],
    *,
    class_: str = "",
    allow: Collection[str] = (),
    strict: bool = False,
) -> Verdict:
    """Turn findings into a verdict: one that drops is enough, and `strict` lets warnings drop too."""
    order = list(REASONS)
    kept = [replace(f, severity="drop") if strict else f for f in findings if f.reason not in allow]
    kept.sort(key=lambda f: order.index(f.reason))
    first = next((f for f in kept if f.severity == "drop"), None)
    return Verdict(
        id=id_,
        keep=first is None,
        reason="" if first is None else first.reason,
        detail="" if first is None else first.detail,
        class_=class_,
        findings=tuple(kept),
    )


def check_allowed(reasons: Iterable[str]) -> frozenset[str]:
    """Return the reasons to pass over, or say which is none (DataError)."""
    known = [name for name in REASONS if name not in _FINAL]
    for name in (wanted := frozenset(reasons)):
        if name in _FINAL:
            raise DataError(f"--allow {name}: there is nothing to keep then; this reason always drops")
        if name not in known:
            raise DataError(f"--allow {name}: no such reason{suggest(name, known)}")
    return wanted
