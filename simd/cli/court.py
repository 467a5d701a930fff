"""``simd court``: predictions measured as circulating ports do, and whose a claimed figure is."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from simd.cli.app import Json, Workers, app, echo_written, print_json


@app.command()
def court(
    predictions: Annotated[Path, Argument(help="Folder of mattes, named as the images: <id>.png.")],
    dataset: Annotated[Path | None, Argument(metavar="SET", help="A set built by `simd build`.")] = None,
    claim: Annotated[
        list[str] | None,
        Option(metavar="METRIC=FIGURE", help="A figure somebody printed, as sad=35.28; repeatable."),
    ] = None,
    alpha: Annotated[Path | None, Option(help="In place of a set: a folder of true mattes ...")] = None,
    trimap: Annotated[Path | None, Option(help="... and one of trimaps, paired by name.")] = None,
    classes: Annotated[Path | None, Option(help="CSV file with columns file, class, perhaps fg.")] = None,
    map_trimaps: Annotated[
        bool, Option("--map-trimaps", help="Trimaps may hold other values: < 85 bg, >= 170 fg.")
    ] = False,
    out: Annotated[Path | None, Option(help="Folder for court.csv and index.html.")] = None,
    *,
    workers: Workers,
    json: Json = False,
) -> None:
    """Compute each metric as the ports that circulate do, and the recipe of a figure that was printed."""
    from simd.errors import BatchError, DataError, first_of
    from simd.metrics.ports.claims import TOLERANCE, read_claim
    from simd.metrics.ports.court import court as measure_as_all
    from simd.report.court import check_court_folder, court_json, print_court, write_court

    inputs = (dataset, alpha, trimap, classes)
    claims = [read_claim(text) for text in claim or []]
    if out is not None:
        check_court_folder(out, inputs=[predictions, *inputs])
    verdict = measure_as_all(
        predictions,
        dataset,
        claims=claims,
        alpha=alpha,
        trimap=trimap,
        classes=classes,
        map_trimaps=map_trimaps,
        workers=workers,
        state=None if out is None else out.with_name(f".{out.name}.partial"),
    )
    files = [] if out is None else write_court(verdict, out, inputs=inputs)
    if json:
        print_json({**court_json(verdict), "files": files})
    else:
        print_court(verdict)
        if files:
            echo_written(files)
    if verdict.missing:
        raise BatchError(dict(verdict.missing), "predictions", verdict.images + len(verdict.missing))
    if verdict.extra:
        raise DataError(
            f"{predictions}: {len(verdict.extra)} files belong to no image and were not measured: "
            f"{first_of(verdict.extra, 8, count=True)}; name them as their images, or take them out of the "
            "folder"
        )
    if unknown := [str(each.claim) for each in verdict.findings if not each.reproduced]:
        raise DataError(
            f"nothing reproduces {', '.join(unknown)} within {100 * TOLERANCE:g} %: it is of other mattes, "
            "another set or trimaps, or of a recipe that is not known here"
        )
