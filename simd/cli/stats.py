"""``simd stats``: what sets are made of."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from simd.cli.app import (
    Cluster,
    Json,
    Proposals,
    Workers,
    app,
    default_out,
    echo_written,
    print_json,
    rows_of,
)


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
        Path | None,
        Option(
            help="Folder for index.html, statistics.md, the CSV files and the plots.",
            show_default="statistics/<set>",
        ),
    ] = None,
    proposals: Proposals = False,
    *,
    workers: Workers,
    cluster: Cluster = None,
    json: Json = False,
) -> None:
    """Show what sets are made of: class balance, alpha ratio, gradient, strokes, holes, colour distance."""
    from simd.report.statistics.measure import report_statistics
    from simd.report.statistics.page import print_statistics

    measured, files = report_statistics(
        datasets, out or default_out("statistics", *datasets), proposals=proposals, workers=workers
    )
    if json:
        tables = {file.stem: rows_of(file) for file in files if file.name in ("balance.csv", "classes.csv")}
        print_json({**tables, "files": files})
        return
    print_statistics(measured)
    echo_written(files)
