"""``simd export``: a set in the layout of another tool, from which ``simd import`` makes it again."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Json, Workers, app, print_json

_FORMATS = "webdataset, parquet, coco or croissant."


@app.command()
def export(
    dataset: Annotated[Path, Argument(help="A set built by simd build or simd import.")],
    to: Annotated[str, Option(help=_FORMATS)],
    out: Annotated[Path, Option(help="A new folder, or an address: s3://bucket/folder, gs://, hf://.")],
    split: Annotated[str, Option(help="What the set is for others: train, validation or test.")] = "train",
    shards: Annotated[
        int | None,
        Option(help="Cut it into so many files.", min=1, show_default="by size"),
    ] = None,
    statements: Annotated[
        Path | None, Option(help="TOML file: what only you know, such as data_biases (Croissant).")
    ] = None,
    any_licence: Annotated[
        bool, Option("--any-licence", help="Export images of unknown licence, too; the card says so.")
    ] = False,
    *,
    workers: Workers,
    json: Json = False,
) -> None:
    """Write a set in the layout of another tool; `simd import` makes the same set of it again."""
    from simd.composition.export import export as export_set

    exported = export_set(
        dataset,
        out,
        to=to,
        split=split,
        shards=shards,
        statements=statements,
        any_licence=any_licence,
        workers=workers,
    )
    if json:
        print_json(exported)
        return
    files = f"{len(exported.parts)} {'file' if len(exported.parts) == 1 else 'files'}"
    typer.echo(f"{exported.images} images in {files} for {to}: {exported.folder}\ndigest {exported.digest}")
