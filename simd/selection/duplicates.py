"""Of those that show the same, the first is kept: the others are marked with its name and the distance."""

from collections.abc import Collection

from simd.progress import track
from simd.selection.near_duplicates import Signature
from simd.selection.reasons import Finding, decide, finding_of
from simd.selection.searcher import first_alike


def add_duplicates(
    findings: dict[str, list[Finding]],
    signatures: dict[str, Signature],
    *,
    allow: Collection[str] = (),
    strict: bool = False,
) -> None:
    """Add a finding to each kept one that shows what an earlier kept one shows, in the order of their ids."""
    ids = [
        id_
        for id_ in sorted(signatures)
        if decide(id_, findings.get(id_, ()), allow=allow, strict=strict).keep
    ]
    matches = first_alike([signatures[id_] for id_ in ids])
    for id_, match in zip(ids, track(matches, len(ids), "compared"), strict=True):
        if match is None:
            continue
        like = ids[match.position]
        text = f"{like} shows it too ({match.words})"
        findings.setdefault(id_, []).append(finding_of("duplicate", match.distance, text, like))
