"""``simd explain``: which properties of images go with a method's error."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from simd.cli.app import Json, Workers, app, echo_written, print_json


@app.command()
def explain(
    scores: Annotated[Path, Argument(help="What simd evaluate has written of the method.")],
    dataset: Annotated[Path, Argument(metavar="SET", help="The set that was scored.")],
    against: Annotated[
        Path | None, Option(help="Scores of another method: the difference of the two is explained.")
    ] = None,
    metric: Annotated[str, Option(help="sad, mse, grad or conn.")] = "sad",
    out: Annotated[
        Path | None,
        Option(help="Folder for index.html and effects.csv.", show_default="explain/<scores>"),
    ] = None,
    *,
    workers: Workers,
    json: Json = False,
) -> None:
    """Find which properties of images go with a method's error, beyond their class."""
    from simd.errors import DataError
    from simd.locks import locked_folder
    from simd.metrics.scores import base_of, load_scores
    from simd.report.explain import (
        check_explanation_folder,
        effects_rows,
        forget_empty,
        forget_state,
        print_explanation,
        write_explanation,
    )
    from simd.report.explain import explain as find

    inputs = [scores, dataset, against]
    bases = [base_of(path) for path in (scores, against) if path is not None]
    out = out or Path("explain") / "-".join(base.name for base in bases)
    check_explanation_folder(out, inputs=inputs)
    loaded = [load_scores(base) for base in bases]
    state = out.with_name(f".{out.name}.partial")
    with locked_folder(state, named=out):
        try:
            explanation = find(
                loaded[0],
                dataset,
                against=loaded[1] if against is not None else None,
                metric=metric,
                workers=workers,
                state=state,
            )
        except DataError:  # nothing is measured yet
            forget_empty(state)
            raise
        files = write_explanation(explanation, out, inputs=inputs)
        forget_state(state)
    if json:
        print_json(
            {
                "effects": effects_rows(explanation),
                "claims": explanation.sentences,
                "notes": explanation.notes,
                "files": files,
            }
        )
        return
    print_explanation(explanation)
    echo_written(files)
