"""``simd train``: a stage of Semantic Image Matting by a recipe."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import app
from simd.errors import DataError, MissingExtraError


@app.command()
def train(
    recipe: Annotated[
        str | None,
        Argument(help="A recipe by name, see --list, or a file that ends in .toml.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, Option(help="The folder RUN; given again, the run goes on.", show_default=False)
    ] = None,
    list_: Annotated[bool, Option("--list", help="List the recipes.")] = False,
    set_: Annotated[
        list[str] | None,
        Option("--set", metavar="KEY=VALUE", help="Change a value of the recipe; may be repeated."),
    ] = None,
    steps: Annotated[
        int | None,
        Option(help="Steps of the whole run: --set loop.steps.", min=1, show_default="as it says"),
    ] = None,
    device: Annotated[str, Option(help="cpu, cuda or mps.")] = "cpu",
    workers: Annotated[
        int, Option(help="Processes that make samples; the result does not depend on it.", min=0)
    ] = 1,
    check: Annotated[
        bool, Option("--check", help="First read every picture of the recipe; stop at what cannot be used.")
    ] = False,
    track: Annotated[
        str | None, Option(help="Also log to tensorboard, in RUN/tracking.", show_default=False)
    ] = None,
) -> None:
    """Train a network by a recipe; the same command goes on where a run was stopped."""
    try:
        from simd.training.recipe import read_recipe, shipped_recipes
    except ModuleNotFoundError as error:
        raise MissingExtraError("training", str(error.name), "train") from error
    if list_:
        listing = shipped_recipes()
        width = max(map(len, listing))
        for name, title in listing.items():
            typer.echo(f"{name:{width}}  {title}")
        return
    if recipe is None:
        raise DataError("name a recipe; simd train --list lists them")
    if out is None:
        raise DataError(f"name the folder of the run: simd train {recipe} --out RUN")
    settings = [*(set_ or []), *([] if steps is None else [f"loop.steps={steps}"])]
    read = read_recipe(recipe, settings)
    from simd.report.training_page import write_training_page
    from simd.training.loop import train as train_by

    trained = train_by(
        read,
        out,
        device=device,
        workers=workers,
        check=check,
        track_with=track,
        show=write_training_page,
    )
    if trained.resumed_from == trained.steps:
        typer.echo(f"{trained.run}: is finished, {trained.steps} steps")
        return
    resumed = f" (from {trained.resumed_from})" if trained.resumed_from else ""
    score = "" if trained.score is None else f"; validation {trained.score:.4f}, best {trained.best:.4f}"
    typer.echo(f"{trained.run}: {trained.steps} steps{resumed}{score}; {trained.run / 'index.html'}")
    if read.head.stage == "sim":
        typer.echo(f"simd predict sim PICTURES --weights {trained.run} --trimap TRIMAPS --out MATTES")
    if read.head.stage == "shm":
        typer.echo(f"simd predict shm PICTURES --weights {trained.run} --out MATTES")
