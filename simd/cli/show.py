"""Commands that show what a set is made of."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Workers, app


@app.command()
def stats(
    dataset: Annotated[Path, Argument(help="A set built by `simd build`.")],
    out: Annotated[Path, Option(help="Folder for statistics.csv and statistics.png.")] = Path("statistics"),
    workers: Workers = 1,
) -> None:
    """Count the classes of a set and measure their alpha ratio and mean gradient."""
    from simd.dataset.manifest import load_set
    from simd.report.statistics import measure_set, print_statistics, write_statistics

    measured = measure_set(load_set(dataset), workers=workers)
    files = write_statistics(measured, out)
    print_statistics(measured)
    typer.echo("wrote " + ", ".join(map(str, files)))


@app.command()
def demo(
    out: Annotated[Path, Option(help="Folder for the set, the mattes, the scores and the page.")] = Path(
        "demo"
    ),
    workers: Annotated[int | None, Option(help="Processes.", min=1, show_default="all processors")] = None,
) -> None:
    """Go the whole way on built-in data: a balanced set, four methods, scores, a leaderboard."""
    from simd.demo import run_demo

    run_demo(out, workers=workers)
