"""``simd index``: what lies in a folder of foregrounds, backgrounds or image-alpha pairs."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import AlphaDir, AlphaSuffix, Class, Json, Kind, Workers, app, print_json


@app.command()
def index(
    folder: Annotated[str | None, Argument(help="A folder, 'synthetic' or 'builtin'.")] = None,
    kind: Kind = None,
    alpha_dir: AlphaDir = None,
    alpha_suffix: AlphaSuffix = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    class_: Class = None,
    write_classes: Annotated[
        Path | None, Option(help="Write a CSV file of the foregrounds, to fill in their classes.")
    ] = None,
    decode: Annotated[bool, Option(help="Read every file to its last pixel.")] = False,
    *,
    workers: Workers,
    json: Json = False,
) -> None:
    """List the kinds of sources; or look through a folder: expected, found, missing, extra, broken."""
    from simd.errors import DataError
    from simd.report.class_files import write_class_file
    from simd.report.source_table import index as look_through
    from simd.report.source_table import kinds_listed, kinds_table
    from simd.sources import with_names

    if folder is None and write_classes is not None:
        raise DataError(f"{write_classes}: name the folder whose foregrounds it is of")
    if folder is None:
        if json:
            print_json(kinds_listed())
        else:
            typer.echo(kinds_table())
        return
    if write_classes is not None:
        kind = with_names(kind, alpha_dir, alpha_suffix)
        typer.echo(write_class_file(write_classes, folder, kind=kind, classes=classes, class_=class_))
        return
    listing = look_through(
        folder,
        kind=kind,
        alpha_dir=alpha_dir,
        alpha_suffix=alpha_suffix,
        classes=classes,
        class_=class_,
        decode=decode,
        workers=workers,
    )
    if json:
        print_json(list(listing))
    else:
        typer.echo(str(listing))
    if listing.problems:
        raise typer.Exit(1)
