"""Commands that make a set: from sources to verified folders."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Workers, app


@app.command()
def classes(
    out: Annotated[Path | None, Option(help="Write a sheet of generated foregrounds: .png or .jpg.")] = None,
    seeds: Annotated[int, Option(help="Foregrounds of each class on it.", min=1)] = 6,
    size: Annotated[int, Option(help="Side of each in pixels.")] = 160,
    view: Annotated[
        str, Option(help="foregrounds, composites, details, mattes, overview, or mixed (objects).")
    ] = "foregrounds",
    class_: Annotated[list[str] | None, Option("--class", help="Only this class; may be repeated.")] = None,
    columns: Annotated[int, Option(help="Classes beside each other.", min=1)] = 1,
) -> None:
    """List the 20 matting classes; or draw them."""
    from simd.report.classes import check_sheet_name, print_classes, write_sheet

    if out is None:
        print_classes()
        return
    from simd.dataset.synthetic.sheet import contact_sheet
    from simd.taxonomy import CLASSES

    check_sheet_name(out)
    sheet = contact_sheet(range(seeds), size, classes=class_ or CLASSES, view=view, columns=columns)
    write_sheet(out, sheet)
    typer.echo(f"wrote {out}")


@app.command()
def index(
    folder: Annotated[str | None, Argument(help="A folder, 'synthetic' or 'builtin'.")] = None,
    source: Annotated[str | None, Option(help="Its kind, if the layout does not tell.")] = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    decode: Annotated[bool, Option(help="Read every file to its last pixel.")] = False,
    workers: Workers = 1,
) -> None:
    """List the kinds of sources; or look through a folder: expected, found, missing, extra, broken."""
    from simd.report.sources import index_table, kinds_table

    if folder is None:
        typer.echo(kinds_table())
        return
    text, problems = index_table(folder, source, classes=classes, decode=decode, workers=workers)
    typer.echo(text)
    if problems:
        raise typer.Exit(1)


@app.command()
def balance(
    place: Annotated[str, Argument(help="A set, a folder of foregrounds, or a list class:fg:bg.")],
    per_class: Annotated[
        int | None, Option(help="The number wanted for each class.", show_default="the largest class's")
    ] = None,
    source: Annotated[str | None, Option(help="The kind of a folder, if its layout does not tell.")] = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    annotations: Annotated[Path | None, Option(help="Tagged regions of a folder's foregrounds.")] = None,
) -> None:
    """Count foregrounds and composites by class, and say what an equal number would take."""
    from simd.dataset.census import take_census
    from simd.report.balance import print_balance

    print_balance(take_census(place, source=source, classes=classes, annotations=annotations), per_class)


@app.command()
def verify(
    dataset: Annotated[Path | None, Argument(help="A set built by `simd build`.")] = None,
    installation: Annotated[bool, Option("--installation", help="Check the protocols instead.")] = False,
    workers: Workers = 1,
) -> None:
    """Decode and hash every image of a set, and name each that is not what was built."""
    from simd.dataset.manifest import load_set
    from simd.dataset.verify import verify as verify_set

    if installation == (dataset is not None):
        raise typer.BadParameter("give a set, or --installation to check the composition protocols")
    if dataset is None:
        from simd.dataset.installation import check_installation, format_checks

        checks = check_installation()
        typer.echo(format_checks(checks))
        raise typer.Exit(not all(check.exact for check in checks))
    matting_set = load_set(dataset)
    verify_set(matting_set, workers=workers)
    typer.echo(f"{dataset}: all {len(matting_set)} composites are as built\ndigest {matting_set.digest}")


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
    workers: Workers = 1,
) -> None:
    """Turn finished images with alpha into a set: Composition-1k, SIMD, AIM-500, AM-2k, P3M-10k, ..."""
    from simd.dataset.importing import import_set

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
