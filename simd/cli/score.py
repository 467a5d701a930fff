"""Commands that run methods and score what they made."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Workers, app


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
    workers: Workers = 1,
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

    info = predict_set(method, dataset, out, workers=workers, pictures=pictures, **own).info
    typer.echo(
        f"{info['images']} mattes, {info['seconds_per_image']} s an image, "
        f"{len(info['fallbacks'])} fallbacks: {out}"
    )


@app.command()
def evaluate(
    predictions: Annotated[Path, Argument(help="Folder of mattes, named as the images: <id>.png.")],
    dataset: Annotated[Path | None, Argument(help="A set built by `simd build`.")] = None,
    alpha: Annotated[Path | None, Option(help="In place of a set: a folder of true mattes ...")] = None,
    trimap: Annotated[Path | None, Option(help="... and one of trimaps, paired by name.")] = None,
    classes: Annotated[Path | None, Option(help="CSV file with columns file, class, perhaps fg.")] = None,
    map_trimaps: Annotated[
        bool, Option("--map-trimaps", help="Trimaps may hold other values: < 85 bg, >= 170 fg.")
    ] = False,
    out: Annotated[Path, Option(help="Where scores go: <out>.csv and <out>.json.")] = Path("scores"),
    name: Annotated[str | None, Option(help="The method's name on boards.")] = None,
    review: Annotated[
        Path | None, Option(help="Score without what is excluded here, see simd browse pull.")
    ] = None,
    workers: Workers = 1,
) -> None:
    """Score a folder of predicted mattes: SAD, MSE, Grad, Conn, per class and region, with intervals."""
    from simd.metrics.evaluate import check_complete, check_no_extra, find_truths
    from simd.metrics.evaluate import evaluate as evaluate_folder
    from simd.report.tables import print_scores

    truths = find_truths(
        dataset, alpha=alpha, trimap=trimap, classes=classes, map_trimaps=map_trimaps, review=review
    )
    state = out.with_name(f".{out.name}.partial")
    evaluation = evaluate_folder(predictions, truths, name=name, workers=workers, state=state)
    files = evaluation.scores.save(out)
    print_scores(evaluation.scores)
    typer.echo(f"wrote {files[0]} and {files[1]}")
    check_complete(evaluation)
    check_no_extra(evaluation)


@app.command()
def leaderboard(
    scores: Annotated[list[Path], Argument(help="What simd evaluate has written, one a method.")],
    out: Annotated[
        Path, Option(help="Folder for index.html, leaderboard.csv and .md, differences.csv.")
    ] = Path("leaderboard"),
) -> None:
    """Put methods side by side: terminal table, CSV, Markdown, and one HTML page with examples."""
    from simd.metrics.scores import base_of, load_scores
    from simd.report.leaderboard import write_leaderboard
    from simd.report.tables import print_board

    loaded = [load_scores(path) for path in dict.fromkeys(map(base_of, scores))]
    files = write_leaderboard(loaded, out)
    print_board(loaded)
    typer.echo("wrote " + ", ".join(map(str, files)))
