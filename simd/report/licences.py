"""What ``simd licences`` prints: who has checked which licence, and what has drifted since."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from simd.dataset.ledger import ROLES, Licences, Original
from simd.errors import first_of, folded
from simd.missing import DASH
from simd.records import UNKNOWN_LICENCE
from simd.report.console import console, table
from simd.report.numbers import plural

_NAMED = 5


def print_licences(known: Licences) -> None:
    """Print a table by licence, what is known of all images, and what a check says otherwise."""
    stdout = console()
    originals = known.originals
    of_licence: dict[str, list[Original]] = {}
    for original in sorted(originals, key=lambda each: each.licence):
        of_licence.setdefault(original.licence, []).append(original)
    counted = Counter(original.role for original in originals)
    parts = ", ".join(plural(counted[role], role) for role in ROLES)
    stdout.print(
        Text.assemble(
            (known.path.name or str(known.path), "bold"),
            f": {parts}, under {plural(len(of_licence), 'licence')}\n",
        )
    )
    rows = table("licence", "foregrounds", "backgrounds", "with address", "checked", "oldest check")
    for licence, images in of_licence.items():
        days = _days(images)
        roles = Counter(original.role for original in images)
        rows.add_row(
            Text(licence, "yellow" if licence == UNKNOWN_LICENCE else ""),
            *(str(roles[role] or DASH) for role in ROLES),
            str(sum(bool(original.url) for original in images) or DASH),
            str(len(days) or DASH),
            min(days, default=DASH),
        )
    stdout.print(rows)
    stdout.print()
    for name, images, style in (
        ("unknown", [each for each in originals if each.licence == UNKNOWN_LICENCE], "yellow"),
        ("without address", [each for each in originals if not each.url], ""),
        ("never checked", [each for each in originals if not each.checks], ""),
    ):
        if images:
            stdout.print(Text(f"{name:16} {len(images):>5}  such as {images[0].name}", style))
    if days := _days(originals):
        span = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
        people = Counter(each.last.by for each in originals if each.last is not None)
        by = first_of([f"{name} ({count})" for name, count in people.most_common()], _NAMED, count=True)
        stdout.print(Text(f"{'checked':16} {len(days):>5}  {span}, by {by}"))
    if known.recorded:
        stdout.print(Text(f"{'recorded':16} {known.recorded:>5}  new in the ledger", "green"))
    _print_named("not known to the set, and stated since", known.stated)


def licence_facts(known: Licences) -> dict[str, Any]:
    """Return the same for JSON: every image with its licence, its address and its last check."""
    images = [
        {
            **{name: getattr(each, name) for name in ("role", "id", "source", "licence")},
            "url": each.url or None,
            "checked": each.last and each.last.checked,
            "by": each.last and each.last.by,
        }
        for each in known.originals
    ]
    counts = Counter(each.licence for each in known.originals)
    named = {name: getattr(known, name) for name in ("drifted", "stated", "missing", "foreign", "recorded")}
    return {"set": known.path, "licences": dict(sorted(counts.items())), **named, "images": images}


def problem_text(known: Licences) -> str:
    """Return what is not as the set states it, a line each, for an error."""
    counts = (
        ("licence", "unlike the one in the set", "unlike those in the set", len(known.drifted)),
        ("image", "without an answer", "without an answer", len(known.missing)),
        ("answer", "for no image of the set", "for no image of the set", len(known.foreign)),
    )
    heads = ", ".join(
        f"{plural(count, noun)} {one if count == 1 else several}"
        for noun, one, several, count in counts
        if count
    )
    return f"{known.path}: {heads}:\n" + "\n".join(f"  {line}" for line in folded(known.problems))


def _print_named(title: str, reasons: Mapping[str, str]) -> None:
    if reasons:
        lines = [f"  {line}" for line in folded(reasons)]
        console().print(Text("\n".join(["", f"{title}:", *lines])), soft_wrap=True)


def _days(originals: Sequence[Original]) -> list[str]:
    """Return the days of the latest checks, the oldest first."""
    return sorted(each.last.checked for each in originals if each.last is not None)
