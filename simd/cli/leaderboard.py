"""``simd leaderboard``: methods side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from simd.cli.app import Json, app, default_out, echo_written, print_json, rows_of

if TYPE_CHECKING:
    from simd.metrics.scores import Scores


@app.command()
def leaderboard(
    scores: Annotated[
        list[Path], Argument(help="What simd evaluate has written, one a method; or folders of it.")
    ],
    out: Annotated[
        Path | None,
        Option(
            help="Folder for index.html, leaderboard.csv and .md, differences.csv.",
            show_default="leaderboard/<set>",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Put methods side by side: terminal table, CSV, Markdown, and one HTML page with examples."""
    from simd.metrics.scores import bases_of, load_scores
    from simd.report.leaderboard.write import write_leaderboard

    loaded = [load_scores(path) for path in bases_of(scores)]
    out = out or default_out("leaderboard", *dict.fromkeys(scored.set["name"] for scored in loaded))
    show_board(loaded, out, write_leaderboard(loaded, out), json=json)


def show_board(scores: "Sequence[Scores]", out: Path, files: Sequence[Path], *, json: bool) -> None:
    """Print a board that has been written, as a table or as JSON."""
    from simd.report.leaderboard.terminal import print_board

    if json:
        tables = {
            "methods": rows_of(out / "leaderboard.csv"),
            "differences": rows_of(out / "differences.csv"),
        }
        print_json({**tables, "files": files})
        return
    print_board(scores)
    echo_written(files)
