"""What an export says of licences: unknown ones are refused, and the card counts all of them."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from simd.dataset.ledger import LEDGER_NAME, Original, differs
from simd.errors import DataError, first_of
from simd.records import UNKNOWN_LICENCE, Composite

_NAMED = 3  # examples in a message
_CHECKERS = 8


def refuse_unknown_licences(rows: Sequence[Composite]) -> None:
    """Raise a DataError if nobody has said the licence of a foreground, an image or a background."""
    unlicensed = {
        "foregrounds or images": {row.fg_id for row in rows if row.licence == UNKNOWN_LICENCE},
        "backgrounds": {str(row.bg_id) for row in rows if row.bg_licence == UNKNOWN_LICENCE},
    }
    if counts := [
        f"{len(ids)} {what} ({first_of(sorted(ids), _NAMED)})" for what, ids in unlicensed.items() if ids
    ]:
        raise DataError(
            f"the licence of {' and of '.join(counts)} is unknown, and an export hands them on; build or "
            "import the set with their licences (the column licence of a CSV file, --licence TEXT, "
            "--background-licence TEXT), or export it as it is: --any-licence"
        )


def licence_table(rows: Sequence[Composite]) -> str:
    """Return Markdown: how many foregrounds, backgrounds and composites stand under each licence."""
    foregrounds: dict[str, set[str]] = defaultdict(set)
    backgrounds: dict[str, set[str]] = defaultdict(set)
    composites: Counter[str] = Counter()
    for row in rows:
        foregrounds[row.licence].add(row.fg_id)
        if row.bg_licence is not None:
            backgrounds[row.bg_licence].add(str(row.bg_id))
        composites.update({row.licence, row.bg_licence or row.licence})
    lines = [
        f"| {_plain(name)} | {len(foregrounds[name])} | {len(backgrounds[name])} | {composites[name]} |"
        for name in sorted(composites)
    ]
    text = "\n".join(
        [
            "## Licences",
            "",
            "| licence | foregrounds | backgrounds | images with a part under it |",
            "|---|---|---|---|",
            *lines,
            "",
        ]
    )
    if UNKNOWN_LICENCE in composites:
        text += (
            f"\n**Nobody has stated the licence of a part of {composites[UNKNOWN_LICENCE]} images.** The set "
            "was exported with `--any-licence`: ask the owners before you hand it on.\n"
        )
    return text


def check_words(originals: Sequence[Original]) -> str:
    """Return Markdown: how many licences were checked, when and by whom, and which are others by now."""
    checks = [original.last for original in originals if original.last is not None]
    if not checks:
        return "\nNobody has recorded a check of these licences (`simd licences`).\n"
    days = sorted(check.checked for check in checks)
    span = f"on {days[0]}" if days[0] == days[-1] else f"from {days[0]} to {days[-1]}"
    people = first_of(sorted({_plain(check.by) for check in checks}), _CHECKERS, count=True)
    text = (
        f"\nChecked: {len(checks)} of the {len(originals)} foregrounds and backgrounds, {span}, by {people}. "
        f"`{LEDGER_NAME}` has address, day and checker of each.\n"
    )
    if drifted := [each for each in originals if each.last and differs(each, each.last)]:
        text += (
            f"\n**The licence of {len(drifted)} of them was another one when it was last checked** than the "
            "table states: " + _plain(first_of([each.name for each in drifted], _NAMED, count=True)) + ".\n"
        )
    return text


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
