"""``simd balance``: foregrounds and composites counted by class."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from simd.cli.app import Class, Json, Kind, Proposals, app, print_json


@app.command()
def balance(
    source: Annotated[str, Argument(help="A set, a folder of foregrounds, or a list class:fg:bg.")],
    per_class: Annotated[
        int | None, Option(help="The number wanted for each class.", show_default="the largest class's")
    ] = None,
    kind: Kind = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    class_: Class = None,
    annotations: Annotated[Path | None, Option(help="Tagged regions of a folder's foregrounds.")] = None,
    proposals: Proposals = False,
    json: Json = False,
) -> None:
    """Count foregrounds and composites by class, and say what an equal number would take."""
    from simd.errors import BatchError
    from simd.report.class_counts import print_balance
    from simd.selection.class_counts import balance as count_by_class

    counted = count_by_class(
        source, kind=kind, classes=classes, class_=class_, annotations=annotations, proposals=proposals
    )
    if json:
        facts = {"max_over_min": counted.spread, "entropy": counted.entropy}
        print_json({**facts, **asdict(counted), "missing": counted.missing(per_class)})
    else:
        print_balance(counted, per_class)
    if counted.problems:
        total = counted.total + len(counted.problems)
        raise BatchError(dict(counted.problems), "foregrounds", total)
