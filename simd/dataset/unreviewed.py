"""Images of sets whose class nobody has said or reviewed: how many, and what a command makes of them."""

from collections.abc import Sequence

from simd.records import Composite


def is_unreviewed(row: Composite) -> bool:
    """Tell whether a composite's class mask is a proposal that nobody has reviewed."""
    return row.class_mask_from == "proposals"


def unreviewed_note(rows: Sequence[Composite], *, proposals: bool) -> str:
    """Say how many class masks are proposals, how many contradict the stated class, and what they count for.

    Returns ``""`` where all are reviewed, or say the class of the image.
    """
    unreviewed = [row for row in rows if is_unreviewed(row)]
    if not unreviewed:
        return ""
    contradicting = sum(row.class_ not in row.classes for row in unreviewed)
    use = (
        "they count as they are"
        if proposals
        else "their whole unknown region counts for their primary class (--proposals counts them as they are)"
    )
    return (
        f"the class masks of {len(unreviewed)} of {len(rows)} images are proposals that nobody has reviewed, "
        f"{contradicting} of them contradict the stated class: {use}"
    )


def unlabelled_images(rows: Sequence[Composite]) -> str:
    """Say how many images have no class, and what they count for; ``""`` if all have one."""
    without = [row.fg_id for row in rows if not row.class_]
    if not without:
        return ""
    return (
        f"{len(without)} of {len(rows)} images have no class: they are in no class's count or mean. "
        f"Their foregrounds are {len(set(without))} of {len({row.fg_id for row in rows})}"
    )
