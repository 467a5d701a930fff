"""``simd weights``: weights of the reference networks."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import app
from simd.cli.plain_help import Application
from simd.errors import MissingExtraError

weights = Application(no_args_is_help=True, help="Import and export weights of the reference networks.")
app.add_typer(weights, name="weights")


@weights.command("import")
def import_(
    file: Annotated[Path, Argument(help="A released or trained checkpoint: .pth, .pth.tar, .safetensors.")],
    out: Annotated[Path, Option(help="Folder of weights, of one network or several.")] = Path("weights"),
    source: Annotated[
        str | None, Option("--origin", help="For its card: where it is from.", show_default="its name")
    ] = None,
    licence: Annotated[str | None, Option(help="For its card: what its makers allow.")] = None,
    variant: Annotated[
        str | None, Option(help="DIM of huochaitiantang: skip or plain, if the file's name does not say it.")
    ] = None,
) -> None:
    """Recognise a checkpoint and keep it as safetensors with a card; nothing in the file is run."""
    from simd.methods.networks import PUBLISHED
    from simd.methods.weights.folder import import_weights, missing_networks

    card = import_weights(file, out, source=source, licence=licence, variant=variant)
    typer.echo(
        f"{file}: is the network {card.network!r} ({card.preset}), {card.parameters:,} parameters\n"
        f"wrote {out / card.file} and {out / card.network}.json\nlicence: {card.licence}"
    )
    if card.network in PUBLISHED:
        unknown = "not known, so no board can tell whether it has seen a set's foregrounds"
        typer.echo(f"licence of its code: {card.code_licence or 'not stated'}")
        typer.echo(f"trained on: {', '.join(card.trained_on or ()) or unknown}")
        return
    for network in missing_networks(out):
        typer.echo(f"the method sim needs the network {network!r} too: import its file into {out}")


@weights.command("export-onnx")
def export_onnx(
    folder: Annotated[Path, Argument(metavar="WEIGHTS", help="Folder of weights with both networks of sim.")],
    out: Annotated[Path, Argument(help="Folder for sim.onnx, classifier.onnx and sim.toml.")],
) -> None:
    """Export sim to ONNX with dynamic sizes, compared with PyTorch; run it by `simd predict onnx`."""
    try:
        from simd.methods.onnx.export import export_onnx as export
    except ModuleNotFoundError as error:
        raise MissingExtraError("exporting to ONNX", str(error.name), "onnx") from error

    exported = export(folder, out)
    for output, difference in exported.differences.items():
        typer.echo(f"{output}: differs from PyTorch by {difference:.1e} at most")
    typer.echo("wrote " + ", ".join(map(str, exported.files)))
