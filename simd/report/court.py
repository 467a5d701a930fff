"""What the court has found: for a terminal, as CSV, and as one page."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.text import Text

from simd.files import csv_text, write_atomically
from simd.locks import locked_folder
from simd.metrics.ports.claims import TOLERANCE, Candidate, Finding
from simd.metrics.ports.court import Figure, Verdict
from simd.metrics.ports.recipes import DEPARTURES, MEASURED, PORTS
from simd.missing import DASH, none_if_nan
from simd.report.console import console, table
from simd.report.html.render import render_page
from simd.report.numbers import plural
from simd.sources.outputs import Inputs, begins, check_output_folder, has_file

COLUMNS = (
    *("port", "metric", "recipe", "value", "class_mean", "ours", "images", "differing", "most", "checked"),
    "reason",
)
COURT_NAMES = ("court.csv", "index.html")
"""The files of a court."""
TITLES = {"sad": "SAD", "mse": "MSE", "grad": "Grad", "conn": "Conn", "mad": "MAD"}
_UNITS = {"mse": " (×10³)", "mad": " (×10³)"}
_SHOWN = 5  # figures near a claim that are named
_NONE = 5e-4  # a share below it is no change

is_court = has_file("court.csv", begins(",".join(COLUMNS)))
"""Tells whether a folder holds what a court has found."""


def write_court(verdict: Verdict, out: str | Path, *, inputs: Inputs = ()) -> list[Path]:
    """Write ``court.csv``, a row a figure, and ``index.html`` into a folder; return the files."""
    out = check_court_folder(out, inputs=[verdict.predictions, *inputs])
    with locked_folder(out):
        write_atomically(out / "court.csv", court_csv(verdict))
        write_atomically(out / "index.html", _page(verdict))
    return [out / name for name in COURT_NAMES]


def check_court_folder(out: str | Path, *, inputs: Inputs = ()) -> Path:
    """Return the folder if a court may be written there; DataError if something is in the way."""
    return check_output_folder(out, "a court", is_court, names=COURT_NAMES, inputs=inputs)


def court_csv(verdict: Verdict) -> str:
    """Return a row a figure: ports, then single departures; values as ``simd evaluate`` writes them."""
    rows = (
        (
            *(figure.port, figure.metric, " ".join(figure.recipe)),
            *(none_if_nan(value) for value in (figure.value, figure.class_mean, figure.ours)),
            *(verdict.images, figure.differing, figure.most),
            ("yes" if PORTS[figure.port].checked else "no") if figure.port else "",
            reason_of(figure, verdict.images),
        )
        for figure in verdict.figures
    )
    return csv_text(COLUMNS, rows)


def reason_of(figure: Figure, images: int) -> str:
    """Say in a sentence what makes a figure differ from ours, and by how much on this set.

    Of several departures each is given with what it changes alone; those that change nothing are not named.
    """
    if not figure.recipe:
        return "The same metric as ours."
    if not figure.differing and not figure.port:
        return "Changes nothing on this set."
    if not figure.differing:
        return f"Equal on this set, where what it does otherwise changes nothing: {', '.join(figure.recipe)}."
    telling = [each for each in figure.recipe if not abs(figure.alone[each]) < _NONE] or figure.recipe
    several = len(telling) > 1
    does = [
        DEPARTURES[each] + (f" (alone {_change(figure.alone[each])})" if several else "") for each in telling
    ]
    sentence = f"It {does[0]}" if len(does) == 1 else f"It {', '.join(does[:-1])}, and {does[-1]}"
    named = f", most of all {figure.most}" if images > 1 else ""
    return f"{sentence}: {figure.differing} of {plural(images, 'image')} differ{named}."


def judgement(finding: Finding) -> list[str]:
    """Say which recipes give a claimed figure, a line each; or plainly that none does."""
    claim, share = finding.claim, f"{100 * TOLERANCE:g} %"
    if not finding.reproduced:
        line = f"{claim}: nothing reproduces it within {share}, of {plural(finding.tried, 'figure')} tried."
        if finding.nearest is not None:
            nearest = finding.nearest
            line += f" The nearest is {described(nearest)}: {_distance(nearest, finding)}."
        return [line]
    lines = [f"{claim}: {plural(len(finding.reproduced), 'figure')} of {finding.tried} tried within {share}:"]
    for group in finding.reproduced[:_SHOWN]:
        ports = [PORTS[each.port].title for each in group if each.port not in ("", group[0].port)]
        same = f"; the same number as {', '.join(dict.fromkeys(ports))}" if ports else ""
        lines.append(f"  {described(group[0])}: {_distance(group[0], finding)}{same}")
    if len(finding.reproduced) > _SHOWN:
        lines.append(f"  and {len(finding.reproduced) - _SHOWN} more recipes")
    return lines


def together(findings: Sequence[Finding]) -> str:
    """Say which ports reproduce every one of several claims by one mean."""
    sets = [
        {(each.port, each.mean) for group in finding.reproduced for each in group if _is_plain(each)}
        for finding in findings
    ]
    common = set.intersection(*sets)
    names = sorted(
        ("ours" if not port else PORTS[port].title) + ("" if mean == "images" else " (class-balanced mean)")
        for port, mean in common
        if mean == "images" or (port, "images") not in common
    )
    return f"What reproduces all {len(findings)} claims: {', '.join(names) or 'no port, and not ours'}."


def _is_plain(candidate: Candidate) -> bool:
    recipe = PORTS[candidate.port].recipes[candidate.metric] if candidate.port else ()
    return candidate.recipe == recipe


def described(candidate: Candidate) -> str:
    """Name a recipe in words."""
    of_port = PORTS[candidate.port].recipes[candidate.metric] if candidate.port else ()
    recipe = [each for each in candidate.recipe if each not in of_port]
    name = f"as in {PORTS[candidate.port].title}" if candidate.port else "ours"
    if recipe:
        name += f" if it {' and '.join(DEPARTURES[each] for each in recipe)}"
    return name + (", class-balanced mean" if candidate.mean == "classes" else "")


def notes_of(verdict: Verdict) -> list[str]:
    """Return what a reader of the figures has to know."""
    notes = []
    if not verdict.floats:
        notes.append(
            "The predictions have 8 bits: what rounding them has changed, and SIM's own figure of unrounded "
            "floats, cannot be told from them."
        )
    if verdict.empty:
        notes.append(
            f"{plural(verdict.empty, 'image')} of {verdict.images} without unknown pixels: ours leaves them "
            "out of means, ports count them, as 0 or as not a number."
        )
    unchecked = ", ".join(f'"{port.title}"' for port in PORTS.values() if not port.checked)
    notes.append(f"Not checked against the code of a port: {unchecked}. All others are (tests/golden/court).")
    return notes


def court_json(verdict: Verdict) -> dict[str, Any]:
    """Return what was found as JSON has it: figures with their reasons, and claims with their recipes."""
    return {
        "predictions": verdict.predictions,
        "set": verdict.set,
        "images": verdict.images,
        "figures": [
            {**asdict(figure), "reason": reason_of(figure, verdict.images)} for figure in verdict.figures
        ],
        "claims": [
            {
                "metric": finding.claim.metric,
                "figure": finding.claim.value,
                "tried": finding.tried,
                "reproduced": [each._asdict() for group in finding.reproduced for each in group],
                "nearest": finding.nearest,
            }
            for finding in verdict.findings
        ],
        "notes": notes_of(verdict),
        "missing": verdict.missing,
    }


def print_court(verdict: Verdict) -> None:
    """Print a table for each metric, then what was found of each claim."""
    stdout = console()
    stdout.print(Text(f"{verdict.predictions} on {verdict.set}, {plural(verdict.images, 'image')}", "bold"))
    for metric in MEASURED:
        figures = [each for each in verdict.figures if each.metric == metric]
        ours = figures[0].ours
        stdout.print(
            Text.assemble(
                "\n", (TITLES[metric], "bold"), f"{_UNITS.get(metric, '')}: ours {printed(ours, metric)}\n"
            )
        )
        rows = table("computed by", "figure", "of ours", Text("what makes it differ", justify="left"))
        rows.columns[3].justify = "left"
        for figure in figures:
            rows.add_row(
                Text(name_of(figure)),
                printed(figure.value, metric),
                change(figure.value, ours),
                Text(reason_of(figure, verdict.images)),
            )
        stdout.print(rows)
    for note in notes_of(verdict):
        stdout.print(Text(f"\n{note}", "dim"))
    print_findings(verdict.findings)


def print_findings(findings: Sequence[Finding]) -> None:
    """Print what was found of each claim, and of all together."""
    stdout = console()
    for finding in findings:
        first, *others = judgement(finding)
        stdout.print(Text(f"\n{first}", "bold" if finding.reproduced else "bold yellow"))
        for line in others:
            stdout.print(Text(line))
    if len(findings) > 1:
        stdout.print(Text(f"\n{together(findings)}", "bold"))


def name_of(figure: Figure) -> str:
    """Name the port of a figure, or ours with one departure."""
    if not figure.port:
        return f"ours, {figure.recipe[0]}"
    return PORTS[figure.port].title + ("" if PORTS[figure.port].checked else " (not checked)")


def printed(value: float, metric: str) -> str:
    """Return a figure in the unit of papers, with four digits."""
    if math.isnan(value):
        return DASH
    return f"{value * (1000 if metric in ('mse', 'mad') else 1):#.4g}".rstrip(".")


def change(value: float, ours: float) -> str:
    """Return by how much a figure is above ours; as a factor where it is far away.

    Examples
    --------
    >>> change(1.1, 1.0), change(0.9, 1.0), change(30, 1.0), change(1.00001, 1.0), change(1, 0.0)
    ('+10 %', '−10 %', '× 30', '=', '–')
    """
    if not ours or math.isnan(value / ours):
        return "=" if value == ours else DASH
    return _change(value / ours - 1)


def _change(share: float) -> str:
    if math.isnan(share):
        return DASH
    if abs(share) < _NONE:
        return "="
    if not -0.9 < share < 9:
        return f"× {1 + share:,.0f}" if share > 99 else f"× {1 + share:.3g}"
    return (
        f"{'+' if share > 0 else '−'}{100 * abs(share):.2g} %" if abs(share) < 1 else f"+{100 * share:.0f} %"
    )


def _distance(candidate: Candidate, finding: Finding) -> str:
    share = 100 * finding.distance(candidate)
    far = f"{share:+.2f} %".replace("-", "−") if abs(share) < 1000 else f"× {1 + share / 100:.3g}"
    return f"{candidate.printed:.6g} ({far})"


def _page(verdict: Verdict) -> str:
    sections = []
    for metric in MEASURED:
        figures = [each for each in verdict.figures if each.metric == metric]
        ours = figures[0].ours
        rows = [
            [
                name_of(each),
                printed(each.value, metric),
                change(each.value, ours),
                reason_of(each, verdict.images),
            ]
            for each in figures
        ]
        title = f"{TITLES[metric]}{_UNITS.get(metric, '')}"
        heads = ["computed by", "figure", "of ours", "what makes it differ"]
        sections.append((title, printed(ours, metric), heads, rows))
    judgements = [judgement(finding) for finding in verdict.findings]
    if len(verdict.findings) > 1:
        judgements.append([together(verdict.findings)])
    return render_page(
        "court.html.j2",
        styles=("statistics.css", "court.css"),
        verdict=verdict,
        images=plural(verdict.images, "image"),
        sections=sections,
        judgements=judgements,
        notes=notes_of(verdict),
        ports=[(p.title, p.source, p.about) for p in PORTS.values()],
    )
