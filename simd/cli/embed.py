"""``simd embed``: class regions on a map."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from simd.cli.app import Cluster, Json, Workers, app, default_out, echo_written, print_json


@app.command()
def embed(
    dataset: Annotated[Path, Argument(metavar="SET", help="A set built by `simd build`.")],
    out: Annotated[
        Path | None,
        Option(
            help="Folder for index.html (with points.js and thumbnails/), map.png, map.csv, neighbours.csv "
            "and summary.json.",
            show_default="embedding/<set>",
        ),
    ] = None,
    features: Annotated[
        str,
        Option(
            help="descriptors, descriptors+colour, a file .npz or .npy, the RUN of a discriminator by "
            "simd train, or package.module:function."
        ),
    ] = "descriptors",
    perplexity: Annotated[float, Option(help="Perplexity of t-SNE; lowered for small sets.")] = 30.0,
    seed: Annotated[int, Option(help="Seed of t-SNE.", min=0)] = 0,
    *,
    workers: Workers,
    cluster: Cluster = None,
    json: Json = False,
) -> None:
    """Map a set's class regions by their features (t-SNE), and tell how well these separate the classes."""
    from simd.report.embed.embedding import embed as embed_set
    from simd.report.embed.embedding import print_embedding, summary

    embedding, files = embed_set(
        dataset,
        out or default_out("embedding", dataset),
        features=features,
        perplexity=perplexity,
        seed=seed,
        workers=workers,
    )
    if json:
        print_json({**summary(embedding), "files": files})
        return
    print_embedding(embedding)
    echo_written(files)
