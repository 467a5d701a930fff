"""Of those that show the same, the first is kept: the others are marked with its name and the distance."""

from collections.abc import Collection

from simd.progress import track
from simd.selection.near_duplicates import Searcher, Signature
from simd.selection.reasons import Finding, decide, finding_of


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
    searcher = Searcher([signatures[id_] for id_ in ids])
    dropped: set[int] = set()
    for position, id_ in enumerate(track(ids, len(ids), "compared")):
        matches = searcher.matches(signatures[id_], before=position)
        first = next((match for match in matches if match.position not in dropped), None)
        if first is None:
            continue
        dropped.add(position)
        like = ids[first.position]
        text = f"{like} shows it too ({first.words})"
        findings.setdefault(id_, []).append(finding_of("duplicate", first.distance, text, like))
