"""Select backgrounds: large enough, readable, no two alike, and without an object that draws the eye."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from simd.options import renamed
from simd.parallel import run
from simd.progress import track
from simd.records import Background
from simd.selection.alpha_filters import small, unlicensed
from simd.selection.duplicates import add_duplicates
from simd.selection.near_duplicates import Signature, sign
from simd.selection.reasons import Finding, Selection, check_allowed, decide, finding_of
from simd.selection.stored_thumbs import ThumbFile
from simd.sources import index_backgrounds, read_background
from simd.sources.coco import largest_instances

_THUMB = 32  # pixels: VOC has 17,125 photographs and COCO 118,287


class _Check(NamedTuple):
    background: Background
    longest_side: int
    min_side: int


@renamed(source="kind")
def select_backgrounds(
    origin: str,
    kind: str | None = None,
    *,
    longest_side: int = 0,
    min_side: int = 0,
    max_object: float = 0.25,
    licences: Sequence[str] = (),
    allow: Collection[str] = (),
    strict: bool = False,
    workers: int = 1,
) -> Selection:
    """Judge every background of a source.

    =========  ================================================================================
    reason     the background
    =========  ================================================================================
    missing    is named by the source and is not there
    broken     cannot be read to its last pixel
    licence    has none of the licences allowed
    small      has a longest side below `longest_side`, or a shorter one below `min_side`: for
               composites of that size it would be enlarged
    object     has an annotated instance larger than `max_object` of its area (COCO)
    duplicate  shows what an earlier one shows, resized, compressed or mirrored
    =========  ================================================================================

    Returns
    -------
    Selection
        A verdict for each background, sorted by id.
    """
    allow = check_allowed(allow)
    index = index_backgrounds(origin, kind)
    findings: dict[str, list[Finding]] = {
        name: [finding_of(reason, None, detail)]
        for reason, problems in (("missing", index.missing), ("broken", index.broken))
        for name, detail in problems.items()
    }
    objects = largest_instances(origin) if index.kind == "coco" else {}
    signatures: dict[str, Signature] = {}
    thumbs = ThumbFile()
    checks = [_Check(background, longest_side, min_side) for background in index.records]
    for outcome in track(run(_examine, checks, workers=workers), len(checks), "backgrounds"):
        background = outcome.item.background
        reasons = findings.setdefault(background.id, [])
        if outcome.value is None:
            reasons.append(finding_of("broken", None, outcome.reason or ""))
            continue
        reasons += filter(None, [unlicensed(background.licence, licences)])
        largest = objects.get(background.id)
        if largest is not None and largest.share > max_object:
            text = f"an annotated object covers {largest.share:.0%}, the limit is {max_object:.0%}"
            reasons.append(finding_of("object", largest.share, text))
        reasons += outcome.value[0]
        signatures[background.id] = outcome.value[1].with_thumb_in(thumbs)
    if "duplicate" not in allow:
        add_duplicates(findings, signatures, allow=allow, strict=strict)
    verdicts = [decide(id_, findings[id_], allow=allow, strict=strict) for id_ in sorted(findings)]
    return Selection(verdicts, {background.id: background for background in index.records})


def _examine(check: _Check) -> tuple[list[Finding], Signature]:
    pixels = read_background(check.background)
    height, width = pixels.shape[:2]
    findings = []
    if max(height, width) < check.longest_side:
        text = f"{height} x {width} pixels, the longest side must reach {check.longest_side}"
        findings.append(finding_of("small", max(height, width), text))
    elif too_small := small(pixels.shape, check.min_side):
        findings.append(too_small)
    everywhere = np.full((height, width), 255, np.uint8)
    return findings, sign(pixels, everywhere, windows=False, thumb=_THUMB)
