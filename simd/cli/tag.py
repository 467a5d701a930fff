"""``simd tag``: class masks of foregrounds, from the first stroke to the files of other tools."""

import typer

from simd.cli.app import app

tag = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Tag the unknown region of foregrounds with classes, and exchange the masks with other tools.",
)
app.add_typer(tag, name="tag")
