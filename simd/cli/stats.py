"""``simd stats``: what sets are made of."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Workers, app


@app.command()
def stats(
    datasets: Annotated[
        list[str],
        Argument(
            metavar="SET...",
            help="Sets built by `simd build`; of a folder of foregrounds or a list of names, counts only.",
        ),
    ],
    out: Annotated[
        Path, Option(help="Folder for index.html, statistics.md, the CSV files and the plots.")
    ] = Path("statistics"),
    *,
    workers: Workers,
) -> None:
    """Show what sets are made of: class balance, alpha ratio, gradient, strokes, holes, colour distance."""
    from simd.report.statistics.measure import report_statistics
    from simd.report.statistics.page import print_statistics

    measured, files = report_statistics(datasets, out, workers=workers)
    print_statistics(measured)
    typer.echo("wrote " + ", ".join(map(str, files)))
