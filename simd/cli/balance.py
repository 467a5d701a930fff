"""``simd balance``: foregrounds and composites counted by class."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from simd.cli.app import Kind, app


@app.command()
def balance(
    place: Annotated[str, Argument(help="A set, a folder of foregrounds, or a list class:fg:bg.")],
    per_class: Annotated[
        int | None, Option(help="The number wanted for each class.", show_default="the largest class's")
    ] = None,
    kind: Kind = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    annotations: Annotated[Path | None, Option(help="Tagged regions of a folder's foregrounds.")] = None,
) -> None:
    """Count foregrounds and composites by class, and say what an equal number would take."""
    from simd.report.class_counts import print_balance
    from simd.selection.class_counts import take_census

    print_balance(take_census(place, kind=kind, classes=classes, annotations=annotations), per_class)
