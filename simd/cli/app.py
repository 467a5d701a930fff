"""The command line's one application, and what its commands share."""

from typing import Annotated, Any

import typer
from typer import Option
from typer.core import TyperGroup

# The order of the work, which is the order of `simd --help`.
_ORDER = (
    *("classes", "index", "select", "tag", "balance", "build", "import", "verify"),
    *("stats", "embed", "weights", "predict", "evaluate", "leaderboard", "browse", "demo"),
)


class _InOrder(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=_ORDER.index)


app = typer.Typer(
    cls=_InOrder,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a real bug keeps its own traceback
    help="Build, measure and browse semantic image-matting datasets.",
)

Workers = Annotated[int, Option(help="Processes.", min=1)]


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from simd.version import __version__

        typer.echo(f"simd {__version__}")
