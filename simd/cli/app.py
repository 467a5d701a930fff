"""The command line's one application, and what its commands share."""

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from typer import Option

from simd.cli.plain_help import Application, PlainGroup
from simd.parallel import default_workers

# The order of the work, which is the order of `simd --help`; a command that is not named here comes last.
_ORDER = (
    *("classes", "index", "select", "tag", "balance", "build", "import", "verify", "stats", "embed"),
    *("weights", "predict", "evaluate", "leaderboard", "browse", "demo", "doctor"),
)


class _InOrder(PlainGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))


app = Application(
    cls=_InOrder,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,  # a real bug keeps its own traceback
    help="Build, measure and browse semantic image-matting datasets.",
)

Workers = Annotated[
    int,
    Option(
        help="Processes.",
        min=1,
        default_factory=default_workers,
        show_default="the processors that memory allows",
    ),
]
Json = Annotated[bool, Option("--json", help="Print JSON in place of tables and text.")]
Kind = Annotated[str | None, Option(help="The kind of its layout.", show_default="recognised")]
Classes = Annotated[str | None, Option(help="CSV file with the columns file and class.")]


def print_json(value: Any) -> None:
    """Print a value as JSON, records as objects and what is not a number as null: nothing else on stdout."""
    typer.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value))
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value  # a NumPy number


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from simd.version import __version__

        typer.echo(f"simd {__version__}")
