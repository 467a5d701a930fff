"""``simd tag``: class masks of foregrounds, from the first stroke to the files of other tools."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Json, Kind, Workers, app, print_json
from simd.cli.plain_help import Application

if TYPE_CHECKING:
    from simd.records import Foreground
    from simd.sources.index import Index

tag = Application(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Tag the unknown region of foregrounds with classes: `simd tag FOREGROUNDS` opens the page.",
)
app.add_typer(tag, name="tag")

Folder = Annotated[Path, Argument(metavar="ANNOTATIONS", help="A folder of annotations.")]
Foregrounds = Annotated[str, Option(help="A folder, or synthetic-mixed:PER_KIND@SIZE.")]
Classes = Annotated[Path | None, Option(help="CSV file with the columns file and class.")]


@tag.command()
def status(
    folder: Folder,
    foregrounds: Annotated[
        str | None, Option(help="What was annotated: finds open and changed ones.")
    ] = None,
    kind: Kind = None,
    classes: Classes = None,
    json: Json = False,
) -> None:
    """Count classes and open pixels, and name what disagrees, has changed or is broken."""
    from simd.sources import check_named, index_foregrounds
    from simd.tagging.status import read_status
    from simd.tagging.text import status_text

    check_named(foregrounds, kind, classes)
    index = None if foregrounds is None else index_foregrounds(foregrounds, kind, classes=classes)
    looked = read_status(folder, None if index is None else index.records)
    if json:
        print_json(looked)
    else:
        typer.echo(status_text(looked))
    if index is not None:
        _check_complete(index)
    if looked.problems:
        raise typer.Exit(1)


@tag.command()
def fill(
    folder: Folder,
    foregrounds: Foregrounds,
    strokes: Annotated[Path | None, Option(help="JSON lines of strokes, boxes, polygons to add.")] = None,
    kind: Kind = None,
    classes: Classes = None,
    *,
    workers: Workers,
) -> None:
    """Give every unknown pixel a class: that of the image, or that of the strokes it belongs to."""
    from simd.sources import index_foregrounds
    from simd.tagging.folders import fill_folder, read_strokes

    index = index_foregrounds(foregrounds, kind, classes=classes)
    drawn = None if strokes is None else read_strokes(strokes)
    typer.echo(_counted(fill_folder(folder, index.records, drawn, workers=workers)))
    _check_complete(index)


@tag.command()
def review(folder: Folder) -> None:
    """Say that what was drawn, imported or merged is right, so that sets are built by it."""
    from simd.tagging.folders import review_folder

    typer.echo(_counted(review_folder(folder)))


@tag.command()
def propose(
    folder: Folder,
    foregrounds: Foregrounds,
    model: Annotated[Path | None, Option(help="A model of `simd tag fit`.", show_default="shipped")] = None,
    any_class: Annotated[
        bool, Option("--any-class", help="Not only the classes that a foreground is said to have.")
    ] = False,
    again: Annotated[bool, Option("--again", help="Make untouched proposals anew.")] = False,
    kind: Kind = None,
    classes: Classes = None,
    *,
    workers: Workers,
) -> None:
    """Propose class masks for foregrounds without an annotation; then list those to look at first."""
    from simd.errors import BatchError
    from simd.tagging.folders import propose_all

    counts, order, problems = propose_all(
        folder,
        foregrounds,
        kind=kind,
        classes=classes,
        model=model,
        any_class=any_class,
        again=again,
        workers=workers,
    )
    typer.echo(_counted(counts))
    typer.echo("\n".join(["to look at first:", *(f"  {fg_id}" for fg_id in order[:10])]))
    if problems:
        raise BatchError(problems, "foregrounds", sum(counts.values()) + len(problems))


@tag.command()
def fit(
    foregrounds: Annotated[list[str], Argument(help="Folders, or synthetic:PER_CLASS@SIZE:train.")],
    out: Annotated[Path, Option(help="Where the model goes, as .npz.")] = Path("patches.npz"),
    annotations: Annotated[Path | None, Option(help="Class masks of some of them.")] = None,
    kind: Kind = None,
    classes: Classes = None,
) -> None:
    """Fit the model of proposals on foregrounds whose classes or class masks are known."""
    from simd.tagging.fit_model import fit_on

    used = fit_on(foregrounds, out, annotations=annotations, kind=kind, classes=classes)
    typer.echo(f"fitted on {used} foregrounds: {out}")


@tag.command()
def agree(
    one: Folder,
    other: Annotated[Path, Argument(metavar="OTHER", help="Another one, of the same foregrounds.")],
    pictures: Annotated[Path | None, Option(help="Folder for pictures of where they differ.")] = None,
    json: Json = False,
) -> None:
    """Compare two folders of annotations: IoU of each class, Cohen's kappa, pictures."""
    from simd.tagging.folders import agree_folders
    from simd.tagging.text import agreement_text

    compared = agree_folders(one, other, pictures)
    if json:
        print_json(compared)
    else:
        typer.echo(agreement_text(compared))


@tag.command()
def merge(
    folders: Annotated[list[Path], Argument(metavar="ANNOTATIONS...", help="Folders of annotations.")],
    out: Annotated[Path, Option(help="Folder for the result.")],
) -> None:
    """Merge annotations by vote; pixels on which it is tied stay open."""
    from simd.tagging.folders import merge_folders

    done = merge_folders(folders, out)
    typer.echo(
        f"{done.foregrounds} foregrounds, {done.open_} of {done.pixels} pixels tied and left open: {out}"
    )


def _check_complete(index: "Index[Foreground]") -> None:
    """Raise a BatchError that names the foregrounds that could not be used, if there are any."""
    from simd.errors import BatchError

    if index.problems:
        raise BatchError(index.problems, "foregrounds", len(index.records) + len(index.problems))


def _counted(counts: dict[str, int]) -> str:
    return "\n".join(f"{count} {what}" for what, count in sorted(counts.items()))
