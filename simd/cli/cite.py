"""``simd cite``: what to cite, in BibTeX."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument

from simd.cli.app import app


@app.command()
def cite(
    dataset: Annotated[
        Path | None, Argument(metavar="[SET]", help="A set, whose sources are cited, too.")
    ] = None,
) -> None:
    """Print BibTeX of simd, of the papers that it rests on, and of the sources of a set."""
    from simd.report.citations import cite as bibtex_of

    typer.echo(bibtex_of(dataset), nl=False)
