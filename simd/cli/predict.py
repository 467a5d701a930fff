"""``simd predict``: a method over a set."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import app


@app.command()
def predict(
    method: Annotated[
        str, Argument(help="closed-form, sim, vitmatte, onnx, external, ...; see docs/methods.md.")
    ],
    dataset: Annotated[Path, Argument(help="A set built by `simd build`.")],
    out: Annotated[Path, Option(help="Where <id>.png and run.json go.")],
    weights: Annotated[
        str | None, Option(help="Networks: folder, file or hub name of weights; see docs/methods.md.")
    ] = None,
    device: Annotated[
        str | None, Option(help="Networks: cpu, cuda, cuda:1, mps.", show_default="cpu")
    ] = None,
    dtype: Annotated[
        str | None,
        Option(help="Networks: float32, bfloat16, or float16 on a GPU.", show_default="float32"),
    ] = None,
    threads: Annotated[int | None, Option(help="Networks: threads of each process.", min=1)] = None,
    tile: Annotated[
        int | None,
        Option(help="Networks: side of the tiles of large images, 0 for none.", show_default="by size"),
    ] = None,
    mode: Annotated[
        str | None, Option(help="sim: robust, or released for its exact windows.", show_default="robust")
    ] = None,
    command: Annotated[
        str | None, Option(help='external: "python matte.py {image} {trimap} {output}"; no shell sees it.')
    ] = None,
    name: Annotated[str | None, Option(help="external: its name on boards.")] = None,
    timeout: Annotated[
        float | None, Option(help="external: seconds for an image.", show_default="600")
    ] = None,
    pictures: Annotated[
        Path | None, Option(help="sim: folder for pictures of inputs, 20 maps, F, B and weights.")
    ] = None,
    workers: Annotated[
        int | None,
        Option(help="Processes.", min=1, show_default="the processors that memory allows; 1 on a GPU"),
    ] = None,
) -> None:
    """Run a matting method over a set."""
    own = {
        "weights": weights,
        "device": device,
        "dtype": dtype,
        "threads": threads,
        "tile": tile,
        "mode": mode,
        "command": command,
        "name": name,
        "timeout": timeout,
    }
    from simd.methods.predict import predict as predict_set
    from simd.parallel import default_workers

    if workers is None:
        workers = default_workers() if device in (None, "cpu") else 1

    info = predict_set(method, dataset, out, workers=workers, pictures=pictures, **own).info
    typer.echo(
        f"{info['images']} mattes, {info['seconds_per_image']} s an image, "
        f"{len(info['fallbacks'])} fallbacks: {out}"
    )
