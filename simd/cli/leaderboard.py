"""``simd leaderboard``: methods side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from simd.cli.app import Json, app, default_out, echo_written, print_json, rows_of

if TYPE_CHECKING:
    from simd.metrics.scores import Scores
    from simd.report.entries.files import Entry
    from simd.report.leaderboard.reported import ReportedTable


@app.command()
def leaderboard(
    scores: Annotated[
        list[Path] | None, Argument(help="What simd evaluate has written, one a method; or folders of it.")
    ] = None,
    entries: Annotated[
        Path | None, Option(help="A folder of entries, as simd entry make writes them; on the board, too.")
    ] = None,
    reported: Annotated[
        list[str] | None,
        Option(help="Figures that others printed, in tables of their own: simd, ..., FILE.toml; repeatable."),
    ] = None,
    out: Annotated[
        Path | None,
        Option(
            help="Folder for index.html, leaderboard.csv and .md, differences.csv.",
            show_default="leaderboard/<set>",
        ),
    ] = None,
    format_: Annotated[
        list[str] | None,
        Option("--format", help="What else to write: latex, bibtex, huggingface; repeatable."),
    ] = None,
    hub_dataset: Annotated[
        str | None,
        Option(metavar="USER/NAME", help="For --format huggingface: the set's name on the Hub."),
    ] = None,
    json: Json = False,
) -> None:
    """Put methods side by side: terminal table, CSV, Markdown, and one HTML page with examples."""
    from simd.errors import BatchError, DataError
    from simd.metrics.scores import bases_of, load_scores
    from simd.report.entries.files import read_entries
    from simd.report.leaderboard.reported import read_reported
    from simd.report.leaderboard.write import write_leaderboard

    if not scores and entries is None and not reported:
        raise DataError(
            "nothing to show: name scores that simd evaluate has written, --entries FOLDER or --reported NAME"
        )
    tables = [table for name in reported or [] for table in read_reported(name)]
    loaded = [load_scores(path) for path in bases_of(scores or [])]
    handed_in: list[Entry] = []
    failures: dict[str, str] = {}
    if entries is not None:
        handed_in, failures = read_entries(entries)
    if failures and not (loaded or handed_in):
        raise BatchError(failures, "entries", len(failures))
    names = [each.set["name"] for each in (*loaded, *(entry.scores for entry in handed_in))]
    methods: list[Scores | Entry] = [*loaded, *handed_in]
    files = []
    if methods or out is not None or format_:  # others' figures alone are looked at
        out = out or default_out("leaderboard", *dict.fromkeys(names))
        files = write_leaderboard(
            methods, out, reported=reported or (), formats=format_ or (), hub_dataset=hub_dataset
        )
    show_board(methods, out, files, tables, json=json)
    if failures:
        raise BatchError(failures, "entries", len(failures) + len(handed_in))


def show_board(
    methods: "Sequence[Scores | Entry]",
    out: Path | None,
    files: Sequence[Path],
    reported: "Sequence[ReportedTable]" = (),
    *,
    json: bool,
) -> None:
    """Print a board that has been written, as a table or as JSON."""
    from simd.report.leaderboard.terminal import print_board, print_reported

    if json:
        tables = {"methods": "leaderboard.csv", "differences": "differences.csv"}
        rows = {key: rows_of(out / name) if out and files else [] for key, name in tables.items()}
        print_json({**rows, **({"reported": reported} if reported else {}), "files": files})
        return
    print_board(methods)
    print_reported(reported)
    if files:
        echo_written(files)
