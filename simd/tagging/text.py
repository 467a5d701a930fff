"""What the commands of tagging print."""

from simd.errors import folded
from simd.missing import formatted
from simd.tagging.folders import Compared
from simd.tagging.status import Status
from simd.taxonomy import CLASSES

_LISTED = 20


def status_text(status: Status) -> str:
    """Return the state of a folder of annotations: classes, open pixels, and what must be looked at."""
    reviews = ", ".join(f"{count} {review}" for review, count in status.reviews.items())
    lines = [f"{status.annotated} annotations{f' ({reviews})' if reviews else ''}, {status.strokes} strokes"]
    if status.seconds:
        lines.append(f"{status.seconds:.0f} seconds of work")
    total = max(1, sum(status.pixels.values()))
    lines += ["", f"{'class':<14}{'foregrounds':>12}{'pixels':>12}{'share':>8}"]
    for name in CLASSES:
        count = status.pixels.get(name, 0)
        lines.append(f"{name:<14}{status.foregrounds.get(name, 0):>12}{count:>12}{count / total:>8.1%}")
    if status.unknown:
        share = status.unlabelled / status.unknown
        lines += ["", f"{share:.2%} of {status.unknown} unknown pixels have no class"]
    lines += _listed("without an annotation", dict.fromkeys(status.untagged, ""))
    lines += _listed("not complete", {k: f"{v:.2%} of its unknown pixels" for k, v in status.open_.items()})
    others = {k: v for k, v in status.disagreements.items() if k not in status.contradictions}
    lines += _listed("disagreeing with their source", others)
    lines += _listed("contradicting the stated class", status.contradictions)
    lines += _listed("of none of these foregrounds", dict.fromkeys(status.strange, ""))
    lines += _listed("changed since", status.changed)
    lines += _listed("broken", status.broken)
    return "\n".join(lines)


def agreement_text(compared: Compared) -> str:
    """Return how far two folders of annotations agree, over all and for each class."""
    whole = compared.whole
    kappa = formatted(whole.kappa, ".4f")
    lines = [
        f"{len(compared.each)} foregrounds, {whole.pixels} pixels with a class: {whole.share:.2%} equal, "
        f"Cohen's kappa {kappa}",
        "",
        f"{'class':<14}{'IoU':>8}",
        *(f"{name:<14}{whole.iou[name]:>8.4f}" for name in CLASSES if name in whole.iou),
    ]
    differing = {k: v.share for k, v in compared.each.items() if v.share < 1}
    worst = sorted(differing, key=lambda k: (differing[k], k))
    lines += _listed("that differ, the least equal first", {k: f"{differing[k]:.2%} equal" for k in worst})
    lines += _listed("annotated in one folder only", dict.fromkeys(compared.alone, ""))
    return "\n".join(lines)


def _listed(title: str, items: dict[str, str]) -> list[str]:
    if not items:
        return []
    lines = [f"  {line}" for line in folded(items)]
    more = [f"  and {len(lines) - _LISTED} more lines"] if len(lines) > _LISTED else []
    return ["", f"{len(items)} {title}:", *lines[:_LISTED], *more]
