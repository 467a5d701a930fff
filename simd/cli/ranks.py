"""``simd ranks``: mean ranks over images and trimaps."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from simd.cli.app import Json, app, print_json


@app.command()
def ranks(
    scores: Annotated[
        list[Path],
        Argument(help="Scores of each method with each trimap; or CSV: method,image,trimap,metric,value."),
    ],
    json: Json = False,
) -> None:
    """Rank methods as alphamatting.com does: mean ranks over images and trimaps, and how stable they are."""
    from simd.metrics.ranks import rank_files
    from simd.report.ranks import DRIFT, print_ranks

    ranked = rank_files(scores)
    if json:
        print_json({"metrics": ranked, "warning": DRIFT})
    else:
        print_ranks(ranked)
