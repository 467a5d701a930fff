"""``simd predict``: a method over a set, or over pictures."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from simd.cli.app import Cluster, Json, Overwrite, app, print_json


@app.command()
def predict(
    method: Annotated[
        str,
        Argument(
            help="closed-form, sim, gca, shm, vitmatte, onnx, external, ..., or package.module:attribute."
        ),
    ],
    images: Annotated[Path, Argument(help="A built set, a folder of pictures, or a picture.")],
    out: Annotated[Path, Option(help="Where <id>.png and run.json go; an id is a picture's name.")],
    trimap: Annotated[
        Path | None, Option(help="Pictures: folder of trimaps of the same names, or the trimap of one.")
    ] = None,
    map_trimaps: Annotated[
        bool, Option("--map-trimaps", help="Pictures: take trimaps with values besides 0, 128 and 255.")
    ] = False,
    weights: Annotated[
        str | None, Option(help="Networks: folder, file or hub name of weights; see docs/methods.md.")
    ] = None,
    device: Annotated[
        str | None, Option(help="Networks: cpu, cuda, cuda:1, mps.", show_default="cpu")
    ] = None,
    option: Annotated[
        list[str] | None,
        Option(metavar="KEY=VALUE", help="An option of the method, such as tile=1024; may be repeated."),
    ] = None,
    pictures: Annotated[
        Path | None, Option(help="sim: folder for pictures of inputs, 20 maps, F, B and weights.")
    ] = None,
    answers: Annotated[
        Path | None,
        Option(help="fused: folder of the finished runs of closed-form and shared over these images."),
    ] = None,
    workers: Annotated[
        int | None,
        Option(help="Processes.", min=1, show_default="the processors that memory allows; 1 on a GPU"),
    ] = None,
    cluster: Cluster = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Run a matting method over a set, or over pictures."""
    from simd.methods import read_options
    from simd.methods.predict import predict as predict_images
    from simd.parallel import default_workers

    options: dict[str, Any] = read_options(method, option or [])
    options |= {key: value for key, value in (("weights", weights), ("device", device)) if value is not None}
    if workers is None:
        workers = default_workers() if options.get("device") in (None, "cpu") else 1
    record = predict_images(
        method,
        images,
        out,
        trimap=trimap,
        map_trimaps=map_trimaps,
        workers=workers,
        pictures=pictures,
        answers=answers,
        overwrite=overwrite,
        **options,
    ).record
    if json:
        print_json({**record.to_json(), "folder": str(out)})
        return
    reasons = Counter(record.fallbacks.values()).most_common()
    why = "; ".join(f"{reason}: {count}" for reason, count in reasons)
    typer.echo(
        f"{record.images} mattes, {record.seconds_per_image} s an image, "
        f"{len(record.fallbacks)} fallbacks{f' ({why})' if why else ''}: {out}"
    )
