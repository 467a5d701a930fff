"""``simd doctor``: what the installation can do."""

import typer

from simd.cli.app import Json, app, print_json


@app.command()
def doctor(json: Json = False) -> None:
    """Look at the installation: versions, extras, GPU, database, browser, and whether protocols are exact."""
    from simd.doctor import diagnose

    diagnosis = diagnose()
    if json:
        print_json(diagnosis)
    else:
        typer.echo(str(diagnosis))
    raise typer.Exit(not diagnosis.sound)
