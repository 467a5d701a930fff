"""``simd cutout``: subjects of photographs, cut out on a page or all at once."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import app


@app.command()
def cutout(
    pictures: Annotated[
        list[Path] | None, Argument(help="Pictures, and folders of pictures.", show_default=False)
    ] = None,
    *,
    out: Annotated[Path, Option(help="The folder of cut-outs: made, or gone on with.")],
    model: Annotated[
        Path | None,
        Option(help="Card of an onnx model without a trimap, for the first answer.", show_default="none"),
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
) -> None:
    """Open the page on which subjects are cut out of photographs."""
    from simd.studio.cutout.prediction import predictor
    from simd.studio.cutout.session import Cutouts
    from simd.studio.serve import check_extra, serve

    check_extra()
    with Cutouts(out, pictures or [], predictor=predictor(model), truth=truth) as cutouts:
        typer.echo(f"{len(cutouts.pictures)} pictures, cut-outs in {out}")
        serve(cutouts, host=host, port=port, backdrops=backdrops, browser=browser, say=typer.echo)
