"""``simd verify``: whether a set, or the installation, is what it should be."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Workers, app


@app.command()
def verify(
    dataset: Annotated[Path | None, Argument(help="A set built by `simd build`.")] = None,
    installation: Annotated[bool, Option("--installation", help="Check the protocols instead.")] = False,
    *,
    workers: Workers,
) -> None:
    """Decode and hash every image of a set, and name each that is not what was built."""
    from simd.dataset.manifest import load_set
    from simd.dataset.verify import verify as verify_set

    if installation == (dataset is not None):
        raise typer.BadParameter("give a set, or --installation to check the composition protocols")
    if dataset is None:
        from simd.composition.self_check import check_installation, format_checks

        checks = check_installation()
        typer.echo(format_checks(checks))
        raise typer.Exit(not all(check.exact for check in checks))
    matting_set = load_set(dataset)
    verify_set(matting_set, workers=workers)
    typer.echo(f"{dataset}: all {len(matting_set)} composites are as built\ndigest {matting_set.digest}")
