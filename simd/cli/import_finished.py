"""``simd import``: images that have their alpha already become a set."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import AlphaDir, AlphaSuffix, Cluster, Json, Overwrite, Workers, app, print_json


@app.command("import")
def import_(
    source: Annotated[
        Path,
        Argument(
            help="A folder of images with their alpha: image/, alpha/, ...; or an export, s3://... too."
        ),
    ],
    out: Annotated[Path, Argument(help="The set's folder: new, or holding an interrupted import.")],
    kind: Annotated[str | None, Option(help="Its layout, if unclear: aim-500, composition-1k, ...")] = None,
    alpha_dir: AlphaDir = None,
    alpha_suffix: AlphaSuffix = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    class_: Annotated[
        str | None, Option("--class", help="The class of images whose class nothing else says.")
    ] = None,
    unlabelled: Annotated[bool, Option("--unlabelled", help="Import images without a class, too.")] = False,
    map_trimaps: Annotated[
        bool, Option("--map-trimaps", help="Trimaps may hold other values: < 85 bg, >= 170 fg.")
    ] = False,
    name: Annotated[str | None, Option(help="The set's name.", show_default="its kind, or OUT")] = None,
    *,
    overwrite: Overwrite = False,
    workers: Workers,
    cluster: Cluster = None,
    json: Json = False,
) -> None:
    """Turn image-alpha pairs into a set: your own (image/ and alpha/), Composition-1k, ...; or an export."""
    from simd.composition.import_finished import import_set

    imported = import_set(
        source,
        out,
        kind=kind,
        alpha_dir=alpha_dir,
        alpha_suffix=alpha_suffix,
        classes=classes,
        class_=class_,
        unlabelled=unlabelled,
        map_trimaps=map_trimaps,
        name=name,
        workers=workers,
        overwrite=overwrite,
    )
    if json:
        facts = {"name": imported.name, "digest": imported.digest, "counts": imported.info["counts"]}
        print_json({"set": out, **facts})
        return
    classes_present = len(imported.info["counts"]["classes"])
    without = sum(not row.class_ for row in imported.rows)
    note = f" ({without} without a class)" if without else ""
    typer.echo(f"{len(imported)} images in {classes_present} classes{note}: {out}\ndigest {imported.digest}")
