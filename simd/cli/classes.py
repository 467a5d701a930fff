"""``simd classes``: the 20 classes, as a list or drawn."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from simd.cli.app import Json, app, print_json
from simd.taxonomy import CLASSES, TAXONOMY


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
    json: Json = False,
) -> None:
    """List the 20 matting classes; or draw them."""
    from simd.report.sheets.taxonomy import check_sheet_name, print_classes, write_sheet

    if out is None and json:
        print_json(TAXONOMY)
        return
    if out is None:
        print_classes()
        return
    from simd.report.sheets.classes import contact_sheet

    check_sheet_name(out)
    sheet = contact_sheet(range(seeds), size, classes=class_ or CLASSES, view=view, columns=columns)
    write_sheet(out, sheet)
    if json:
        print_json({"files": [out]})
    else:
        typer.echo(f"wrote {out}")
