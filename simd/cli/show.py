"""Commands that show what a set is made of."""

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
    workers: Workers = 1,
) -> None:
    """Show what sets are made of: class balance, alpha ratio, gradient, strokes, holes, colour distance."""
    from simd.report.statistics.measure import report_statistics
    from simd.report.statistics.page import print_statistics

    measured, files = report_statistics(datasets, out, workers=workers)
    print_statistics(measured)
    typer.echo("wrote " + ", ".join(map(str, files)))


@app.command()
def embed(
    dataset: Annotated[Path, Argument(metavar="SET", help="A set built by `simd build`.")],
    out: Annotated[
        Path, Option(help="Folder for index.html, map.png, map.csv, neighbours.csv and summary.json.")
    ] = Path("embedding"),
    features: Annotated[
        str,
        Option(help="descriptors, descriptors+colour, a file .npz or .npy, or package.module:function."),
    ] = "descriptors",
    perplexity: Annotated[float, Option(help="Of t-SNE; lowered for small sets.")] = 30.0,
    seed: Annotated[int, Option(help="Of t-SNE.", min=0)] = 0,
    workers: Workers = 1,
) -> None:
    """Map a set's class regions by their features (t-SNE), and tell how well these separate the classes."""
    from simd.report.embed.embedding import embed as embed_set
    from simd.report.embed.embedding import print_embedding

    made, files = embed_set(
        dataset, out, features=features, perplexity=perplexity, seed=seed, workers=workers
    )
    print_embedding(made)
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
