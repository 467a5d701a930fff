"""``simd embed``: class regions on a map."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Workers, app


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
    *,
    workers: Workers,
) -> None:
    """Map a set's class regions by their features (t-SNE), and tell how well these separate the classes."""
    from simd.report.embed.embedding import embed as embed_set
    from simd.report.embed.embedding import print_embedding

    made, files = embed_set(
        dataset, out, features=features, perplexity=perplexity, seed=seed, workers=workers
    )
    print_embedding(made)
    typer.echo("wrote " + ", ".join(map(str, files)))
