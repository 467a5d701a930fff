"""``simd bench``: predict, evaluate and leaderboard in one."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from simd.cli.app import Json, app
from simd.cli.leaderboard import show_board


@app.command()
def bench(
    dataset: Annotated[Path, Argument(metavar="SET", help="A set built by `simd build`.")],
    methods: Annotated[
        list[str], Argument(metavar="METHOD...", help="Methods as of simd predict, and folders of mattes.")
    ],
    out: Annotated[Path, Option(help="The board's folder, with predictions/ and scores/ in it.")],
    option: Annotated[
        list[str] | None,
        Option(metavar="METHOD.KEY=VALUE", help="An option of a method: sim.weights=FOLDER; repeatable."),
    ] = None,
    workers: Annotated[
        int | None,
        Option(help="Processes.", min=1, show_default="the processors that memory allows; 1 on a GPU"),
    ] = None,
    json: Json = False,
) -> None:
    """Run methods over a set, score them, and put them side by side; interrupted, it goes on."""
    from simd.bench import bench as run_bench
    from simd.errors import BatchError

    done = run_bench(dataset, methods, out, options=option or [], workers=workers)
    show_board(done.scores, out, done.files, json=json)
    if done.problems:
        raise BatchError(done.problems, "methods", len(methods))
