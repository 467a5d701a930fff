"""``simd evaluate``: mattes scored."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Cluster, Json, Proposals, Workers, app, default_out, print_json


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
    region: Annotated[
        str | None,
        Option(
            help="Count the unknown pixels, or the whole image: no trimaps are needed.",
            show_default="unknown; whole where --alpha has no --trimap",
        ),
    ] = None,
    cutout: Annotated[
        bool, Option("--cutout", help="Also residue and halo: what is left of the background.")
    ] = False,
    out: Annotated[
        Path | None,
        Option(
            help="Where scores go: <out>.csv and <out>.json.",
            show_default="scores/<predictions>[-whole][-proposals]",
        ),
    ] = None,
    name: Annotated[str | None, Option(help="The method's name on boards.")] = None,
    review: Annotated[
        Path | None, Option(help="Score without what is excluded here, see simd browse pull.")
    ] = None,
    proposals: Proposals = False,
    *,
    workers: Workers,
    cluster: Cluster = None,
    json: Json = False,
) -> None:
    """Score a folder of predicted mattes: SAD, MSE, Grad, Conn, per class and region, with intervals."""
    from simd.metrics.evaluate import check_complete, check_no_extra, region_of
    from simd.metrics.evaluate import evaluate as evaluate_folder

    region = region or region_of(dataset, alpha, trimap)
    out = out or _default_out(predictions, region, proposals=proposals)
    evaluation = evaluate_folder(
        predictions,
        dataset,
        alpha=alpha,
        trimap=trimap,
        classes=classes,
        map_trimaps=map_trimaps,
        region=region,
        review=review,
        proposals=proposals,
        cutout=cutout,
        out=out,
        name=name,
        workers=workers,
    )
    if json:
        print_json({**evaluation.scores.summary().to_json(), "files": [f"{out}.csv", f"{out}.json"]})
    else:
        from simd.report.leaderboard.terminal import print_scores  # after the work, which may start sooner

        print_scores(evaluation.scores)
        typer.echo(f"wrote {out}.csv and {out}.json")
    check_complete(evaluation)
    check_no_extra(evaluation)


def _default_out(predictions: Path, region: str, *, proposals: bool) -> Path:
    """Name scores after what is counted, too: one count never replaces another of the same mattes."""
    out = default_out("scores", predictions)
    counted = ("" if region == "unknown" else f"-{region}") + ("-proposals" if proposals else "")
    return out.with_name(out.name + counted)
