"""``simd weights``: weights of the reference networks."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import app

weights = typer.Typer(no_args_is_help=True, help="Import weights of the reference networks.")
app.add_typer(weights, name="weights")


@weights.command("import")
def import_(
    file: Annotated[Path, Argument(help="A released or trained checkpoint: .pth, .pth.tar, .safetensors.")],
    out: Annotated[Path, Option(help="Folder of weights; takes both networks of sim.")] = Path("weights"),
    source: Annotated[
        str | None, Option(help="For its card: where it is from.", show_default="its name")
    ] = None,
    licence: Annotated[str | None, Option(help="For its card: what its makers allow.")] = None,
) -> None:
    """Recognise a checkpoint and keep it as safetensors with a card; nothing in the file is run."""
    from simd.methods.weights import import_weights

    card = import_weights(file, out, source=source, licence=licence)
    typer.echo(
        f"{file}: is the network {card.network!r} ({card.preset}), {card.parameters:,} parameters\n"
        f"wrote {out / card.file} and {out / card.network}.json\nlicence: {card.licence}"
    )
