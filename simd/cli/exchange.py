"""``simd tag export`` and ``simd tag import``: annotations to and from the files of other tools."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Classes, Kind
from simd.cli.tag import tag

_FORMATS = "coco, coco-panoptic, cvat-mask, cvat-images, label-studio, labelme, fiftyone or parquet."
Foregrounds = Annotated[str | None, Option(help="Where the foregrounds are that the masks belong to.")]


@tag.command("export")
def export(
    folder: Annotated[Path, Argument(metavar="ANNOTATIONS", help="A folder of annotations.")],
    format_: Annotated[str, Option("--format", help=_FORMATS)],
    out: Annotated[Path, Option(help="The new file, or folder, of the other tool.")],
    foregrounds: Foregrounds = None,
    kind: Kind = None,
    classes: Classes = None,
    image_url: Annotated[
        str | None,
        Option(help="Label Studio: what comes before an image's name where its server has it."),
    ] = None,
) -> None:
    """Write class masks as another tool reads them."""
    from simd.tagging.formats.convert import export_annotations

    count = export_annotations(
        folder,
        out,
        format_=format_,
        foregrounds=foregrounds,
        kind=kind,
        classes=None if classes is None else Path(classes),
        image_url=image_url,
    )
    typer.echo(f"{count} class masks: {out}")


@tag.command("import")
def import_(
    file: Annotated[Path, Argument(help="The file, or folder, of the other tool.")],
    format_: Annotated[str, Option("--format", help=_FORMATS)],
    out: Annotated[Path, Option(help="A folder of annotations, or a new one.")],
    foregrounds: Foregrounds = None,
    kind: Kind = None,
    classes: Classes = None,
    rename: Annotated[
        list[str] | None, Option(help="LABEL=CLASS, where a label is not a class; repeatable.")
    ] = None,
    replace: Annotated[bool, Option("--replace", help="Take imported masks in place of others.")] = False,
) -> None:
    """Turn another tool's masks into annotations; what cannot be taken over is named with its reason."""
    from simd.errors import DataError
    from simd.tagging.formats.convert import import_annotations

    renamed = {}
    for text in rename or ():
        label, _, class_ = text.rpartition("=")
        if not label:
            raise DataError(f"--rename {text!r}: write LABEL=CLASS")
        renamed[label] = class_
    count = import_annotations(
        file,
        out,
        format_=format_,
        foregrounds=foregrounds,
        kind=kind,
        classes=None if classes is None else Path(classes),
        renamed=renamed,
        replace=replace,
    )
    typer.echo(f"{count} class masks: {out}")
