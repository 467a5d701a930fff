"""``simd demo``: the whole way on built-in data."""

from pathlib import Path
from typing import Annotated

from typer import Option

from simd.cli.app import Workers, app


@app.command()
def demo(
    out: Annotated[Path, Option(help="Folder for the set, the mattes, the scores and the page.")] = Path(
        "demo"
    ),
    *,
    workers: Workers,
) -> None:
    """Go the whole way on built-in data: a balanced set, five methods, scores, a leaderboard."""
    from simd.demo import run_demo

    run_demo(out, workers=workers)
