"""``simd index``: what lies in a folder of foregrounds, backgrounds or finished images."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Kind, Workers, app


@app.command()
def index(
    folder: Annotated[str | None, Argument(help="A folder, 'synthetic' or 'builtin'.")] = None,
    kind: Kind = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    decode: Annotated[bool, Option(help="Read every file to its last pixel.")] = False,
    *,
    workers: Workers,
) -> None:
    """List the kinds of sources; or look through a folder: expected, found, missing, extra, broken."""
    from simd.report.source_table import index_table, kinds_table

    if folder is None:
        typer.echo(kinds_table())
        return
    text, problems = index_table(folder, kind, classes=classes, decode=decode, workers=workers)
    typer.echo(text)
    if problems:
        raise typer.Exit(1)
