"""The command line's one application, and what its commands share."""

import csv
import dataclasses
import json
import math
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from simd.cli.plain_help import Application, PlainGroup
from simd.cli.wrapping import wrapped
from simd.files import real_path
from simd.parallel import default_workers

# The order of the work, which is the order of `simd --help`; a command that is not named here comes last.
_ORDER = (
    *(
        "classes",
        "index",
        "select",
        "cutout",
        "tag",
        "balance",
        "build",
        "import",
        "export",
        "licences",
        "verify",
        "stats",
    ),
    *(
        "embed",
        "train",
        "weights",
        "predict",
        "evaluate",
        "entry",
        "leaderboard",
        "ranks",
        "court",
        "explain",
    ),
    *("bench", "browse", "demo", "cite", "doctor"),
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


def _go_to_cluster(context: typer.Context, address: str | None) -> str | None:
    """Hand what the command does to a cluster until it ends."""
    if address is not None:
        from simd.cluster import on_cluster

        context.with_resource(on_cluster(address))
    return address


Cluster = Annotated[
    str | None,
    Option(
        metavar="ADDRESS",
        help="In place of processes here: a Dask scheduler, tcp://HOST:8786, or local:N.",
        callback=_go_to_cluster,
    ),
]
Json = Annotated[bool, Option("--json", help="Print JSON in place of tables and text.")]
Overwrite = Annotated[
    bool, Option("--overwrite", help="Make anew what lies at OUT; it stays until the new one is complete.")
]
Kind = Annotated[
    str | None,
    Option(
        help="The kind of its layout; 'folder?alpha-dir=NAME' names the mattes.", show_default="recognised"
    ),
]
AlphaDir = Annotated[
    str | None, Option(help="The folder of the mattes, in the one named.", show_default="recognised")
]
AlphaSuffix = Annotated[
    str | None,
    Option(help="What ends a matte's name: _a for cat_a.png of cat.jpg.", show_default="recognised"),
]
Proposals = Annotated[bool, Option("--proposals", help="Count class masks that nobody has reviewed, too.")]
Class = Annotated[
    str | None, Option("--class", help="The class of foregrounds whose class nothing else says.")
]
Classes = Annotated[str | None, Option(help="CSV file with the columns file and class.")]


def print_json(value: Any) -> None:
    """Print a value as JSON, records as objects and what is not a number as null: nothing else on stdout."""
    typer.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def echo_written(files: Iterable[os.PathLike[str] | str]) -> None:
    """Say which files were written, none of their names broken at the edge of a terminal."""
    typer.echo(wrapped("wrote " + ", ".join(map(str, files)), sys.stdout))


def default_out(folder: str, *inputs: str | os.PathLike[str]) -> Path:
    """Return where a report goes unless told otherwise: a folder named after its inputs.

    It lies in the current folder; beside an input, if that is the current folder or holds it.

    Examples
    --------
    >>> default_out("statistics", "sets/mine", "sets/yours").as_posix()
    'statistics/mine+yours'
    """
    names, root, here = [], Path(), Path.cwd()
    for path in map(Path, inputs):
        names.append(path.name if path.name.strip(".") else real_path(path).name)
        if path.is_dir() and here.is_relative_to(real_path(path)):
            root = real_path(path).parent
    return root / folder / ("+".join(names[:3]) + f"+{len(names) - 3}" * (len(names) > 3))


def rows_of(table: Path) -> list[dict[str, Any]]:
    """Read the rows of a CSV file of ours: numbers as numbers, what is empty as None."""
    with table.open(encoding="utf-8", newline="") as lines:
        return [{key: _value(text) for key, text in row.items()} for row in csv.DictReader(lines)]


def _value(text: str) -> Any:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text or None


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
