"""``simd leaderboard``: methods side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from simd.cli.app import Json, app, default_out, echo_written, print_json, rows_of

if TYPE_CHECKING:
    from simd.metrics.scores import Scores
    from simd.report.entries.files import Entry


@app.command()
def leaderboard(
    scores: Annotated[
        list[Path] | None, Argument(help="What simd evaluate has written, one a method; or folders of it.")
    ] = None,
    entries: Annotated[
        Path | None, Option(help="A folder of entries, as simd entry make writes them; on the board, too.")
    ] = None,
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
    from simd.errors import BatchError, DataError
    from simd.metrics.scores import bases_of, load_scores
    from simd.report.entries.files import read_entries
    from simd.report.leaderboard.write import write_leaderboard

    if not scores and entries is None:
        raise DataError("nothing to show: name scores that simd evaluate has written, or --entries FOLDER")
    loaded = [load_scores(path) for path in bases_of(scores or [])]
    handed_in: list[Entry] = []
    failures: dict[str, str] = {}
    if entries is not None:
        handed_in, failures = read_entries(entries)
    if failures and not (loaded or handed_in):
        raise BatchError(failures, "entries", len(failures))
    names = [each.set["name"] for each in (*loaded, *(entry.scores for entry in handed_in))]
    out = out or default_out("leaderboard", *dict.fromkeys(names))
    methods: list[Scores | Entry] = [*loaded, *handed_in]
    show_board(methods, out, write_leaderboard(methods, out), json=json)
    if failures:
        raise BatchError(failures, "entries", len(failures) + len(handed_in))


def show_board(methods: "Sequence[Scores | Entry]", out: Path, files: Sequence[Path], *, json: bool) -> None:
    """Print a board that has been written, as a table or as JSON."""
    from simd.report.leaderboard.terminal import print_board

    if json:
        tables = {
            "methods": rows_of(out / "leaderboard.csv"),
            "differences": rows_of(out / "differences.csv"),
        }
        print_json({**tables, "files": files})
        return
    print_board(methods)
    echo_written(files)
