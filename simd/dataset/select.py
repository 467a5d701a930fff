"""Select foregrounds that can serve as truth: every drop carries its reason and its figure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from simd.dataset.sources import read_foreground
from simd.dataset.sources.index import Index
from simd.errors import DataError
from simd.files import json_lines, read_json_lines, write_atomically
from simd.image import UInt8
from simd.parallel import run
from simd.progress import track
from simd.records import Foreground

_EMPTY_SHARE = 0.001
_BINARY_SHARE = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a foreground is kept, and why not."""

    id: str
    keep: bool
    reason: str = ""  # what is wrong, in a word: "small", "empty", "binary", ...
    detail: str = ""  # the figure behind it


@dataclass(frozen=True, slots=True)
class _Check:
    foreground: Foreground
    min_side: int


def select(index: Index[Foreground], *, min_side: int = 0, workers: int = 1) -> list[Verdict]:
    """Judge every foreground of a source.

    ============  ===========================================================================
    reason        the foreground
    ============  ===========================================================================
    missing       has no partner
    broken        cannot be read, or fg and alpha differ in size
    small         has a shorter side below `min_side` pixels
    empty         has alpha above 0 on less than 0.1 % of its pixels
    full          has alpha 255 everywhere
    binary        has fractional alpha on less than 0.05 % of its pixels
    ============  ===========================================================================

    Returns
    -------
    list of Verdict
        One for each foreground, expected or found, sorted by id.
    """
    verdicts = [
        Verdict(id=name, keep=False, reason=kind, detail=why)
        for kind, problems in (("missing", index.missing), ("broken", index.broken))
        for name, why in problems.items()
    ]
    checks = [_Check(fg, min_side) for fg in index.records]
    outcomes = run(_judge, checks, workers=workers)
    for outcome in track(outcomes, len(checks), "foregrounds"):
        broken = Verdict(
            id=outcome.item.foreground.id, keep=False, reason="broken", detail=outcome.reason or ""
        )
        verdicts.append(outcome.value or broken)
    return sorted(verdicts, key=lambda v: v.id)


def judge_alpha(alpha: UInt8, min_side: int = 0) -> tuple[str, str] | None:
    """Return (reason, detail) if an alpha, uint8 (H, W), cannot serve as truth, else None."""
    if min(alpha.shape) < min_side:
        return "small", f"{alpha.shape[0]} x {alpha.shape[1]} pixels, the shorter side must reach {min_side}"
    visible = np.count_nonzero(alpha) / alpha.size
    if visible < _EMPTY_SHARE:
        return "empty", f"alpha is above 0 on {visible:.3%} of the pixels"
    if alpha.min() == 255:
        return "full", "alpha is 255 on all pixels"
    fractional = np.count_nonzero((alpha > 0) & (alpha < 255)) / alpha.size
    if fractional < _BINARY_SHARE:
        return "binary", f"alpha is between 0 and 255 on {fractional:.3%} of the pixels"
    return None


def write_selection(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write the verdicts as JSON lines, for people and for ``simd build --selection``."""
    write_atomically(path, json_lines(asdict(v) for v in verdicts))


def read_selection(path: Path) -> set[str]:
    """Read the ids that a selection keeps."""
    kept = set()
    for number, row in enumerate(read_json_lines(path), start=1):
        if not isinstance(row.get("id"), str) or not isinstance(row.get("keep"), bool):
            raise DataError(f'{path}:{number}: a line needs "id" and "keep", as simd select writes them')
        if row["keep"]:
            kept.add(row["id"])
    return kept


def _judge(check: _Check) -> Verdict:
    foreground = check.foreground
    found = judge_alpha(read_foreground(foreground).alpha, check.min_side)
    reason, detail = found or ("", "")
    return Verdict(id=foreground.id, keep=found is None, reason=reason, detail=detail)
