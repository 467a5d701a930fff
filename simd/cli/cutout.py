"""``simd cutout``: subjects of photographs, cut out on a page or all at once."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Workers, app


@app.command()
def cutout(
    pictures: Annotated[
        list[Path] | None, Argument(help="Pictures, and folders of pictures.", show_default=False)
    ] = None,
    *,
    out: Annotated[Path, Option(help="The folder of cut-outs: made, or gone on with.")],
    model: Annotated[
        Path | None,
        Option(help="For the first answer: card of an onnx model without a trimap, or weights of shm."),
    ] = None,
    auto: Annotated[bool, Option("--auto", help="Cut all out at once, and open no page.")] = False,
    boxes: Annotated[
        Path | None, Option(help="CSV file of boxes around subjects: file,top,left,bottom,right.")
    ] = None,
    truth: Annotated[
        Path | None, Option(help="Folder of true mattes of the same names, to compare with.")
    ] = None,
    backdrops: Annotated[
        str, Option(help="Photographs to see the cut-out on: a folder, builtin, or open.")
    ] = "builtin",
    port: Annotated[int | None, Option(help="Port of the page.", show_default="8350, or a free one")] = None,
    host: Annotated[
        str, Option(help="Address to listen at; any but loopback asks for a token.")
    ] = "127.0.0.1",
    browser: Annotated[bool, Option("--browser", help="Open the page in this machine's browser.")] = False,
    workers: Workers,
) -> None:
    """Cut subjects out of photographs, on a page in the browser or, with --auto, all at once."""
    if auto:
        _cut_out_all(pictures or [], out, model=model, boxes=boxes, workers=workers)
        return
    from simd.studio.cutout.first_answer import predictor
    from simd.studio.cutout.session import Cutouts
    from simd.studio.serve import check_extra, serve

    check_extra()
    with Cutouts(out, pictures or [], predictor=predictor(model), boxes=boxes, truth=truth) as cutouts:
        typer.echo(f"{len(cutouts.pictures)} pictures, cut-outs in {out}")
        serve(cutouts, host=host, port=port, backdrops=backdrops, browser=browser, say=typer.echo)


def _cut_out_all(
    pictures: list[Path], out: Path, *, model: Path | None, boxes: Path | None, workers: int
) -> None:
    from simd.studio.cutout.batch import cut_out_all

    batch = cut_out_all(out, pictures, model=model, boxes=boxes, workers=workers)
    for name, what in batch.empty.items():
        typer.echo(f"{name}: came out {what}; open it on the page, or give its box")
    earlier = f", {batch.earlier} were there already" if batch.earlier else ""
    typer.echo(f"{batch.done} cut out{earlier}: {out}")
