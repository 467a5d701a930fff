"""``simd index``: what lies in a folder of foregrounds, backgrounds or image-alpha pairs."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import AlphaDir, AlphaSuffix, Json, Kind, Workers, app, print_json


@app.command()
def index(
    folder: Annotated[str | None, Argument(help="A folder, 'synthetic' or 'builtin'.")] = None,
    kind: Kind = None,
    alpha_dir: AlphaDir = None,
    alpha_suffix: AlphaSuffix = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    decode: Annotated[bool, Option(help="Read every file to its last pixel.")] = False,
    *,
    workers: Workers,
    json: Json = False,
) -> None:
    """List the kinds of sources; or look through a folder: expected, found, missing, extra, broken."""
    from simd.report.source_table import index as look_through
    from simd.report.source_table import kinds_listed, kinds_table

    if folder is None:
        if json:
            print_json(kinds_listed())
        else:
            typer.echo(kinds_table())
        return
    listing = look_through(
        folder,
        kind=kind,
        alpha_dir=alpha_dir,
        alpha_suffix=alpha_suffix,
        classes=classes,
        decode=decode,
        workers=workers,
    )
    if json:
        print_json(list(listing))
    else:
        typer.echo(str(listing))
    if listing.problems:
        raise typer.Exit(1)
