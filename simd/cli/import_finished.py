"""``simd import``: images that have their alpha already become a set."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Workers, app


@app.command("import")
def import_(
    source: Annotated[Path, Argument(help="A folder of images that have their alpha.")],
    out: Annotated[Path, Argument(help="The set's folder: new, or holding an interrupted import.")],
    kind: Annotated[str | None, Option(help="Its layout, if unclear: aim-500, composition-1k, ...")] = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    class_: Annotated[str | None, Option("--class", help="The class of all others.")] = None,
    map_trimaps: Annotated[
        bool, Option("--map-trimaps", help="Trimaps may hold other values: < 85 bg, >= 170 fg.")
    ] = False,
    name: Annotated[str | None, Option(help="The set's name.", show_default="its kind")] = None,
    *,
    workers: Workers,
) -> None:
    """Turn finished images with alpha into a set: Composition-1k, SIMD, AIM-500, AM-2k, P3M-10k, ..."""
    from simd.composition.import_finished import import_set

    made = import_set(
        source,
        out,
        kind=kind,
        classes=classes,
        class_=class_,
        map_trimaps=map_trimaps,
        name=name,
        workers=workers,
    )
    typer.echo(
        f"{len(made)} images in {len(made.info['counts']['classes'])} classes: {out}\ndigest {made.digest}"
    )
