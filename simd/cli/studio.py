"""``simd tag DIR``: the page on which regions of foregrounds are tagged by hand."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from simd.cli.app import Kind
from simd.cli.plain_help import PlainGroup
from simd.cli.tag import tag
from simd.taxonomy import suggest

_BUILT_IN = ("synthetic", "synthetic-mixed")


class _OrOpen(PlainGroup):
    """The commands of `simd tag`; foregrounds in a command's stead open the page: `simd tag FOREGROUNDS`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        word = args[0]
        if self.get_command(ctx, word) is None:
            if Path(word).is_dir() or word.replace("@", ":").split(":")[0] in _BUILT_IN:
                args = ["open", "--foregrounds", *args]
            elif not word.startswith("-"):
                near = suggest(word, self.list_commands(ctx))
                ctx.fail(f"No such command {word!r}, and no folder of foregrounds of that name{near}")
        return super().resolve_command(ctx, args)


tag.info.cls = _OrOpen


@tag.command("open")
def open_(
    folder: Annotated[
        Path | None,
        Argument(
            metavar="ANNOTATIONS",
            help="Where class masks are kept.",
            show_default="FOREGROUNDS-annotations, beside the folder",
        ),
    ] = None,
    foregrounds: Annotated[
        str | None,
        Option(help="A folder, or synthetic-mixed:PER_KIND@SIZE; needed.", show_default=False),
    ] = None,
    annotations: Annotated[
        Path | None, Option(help="After `simd tag FOREGROUNDS`: the folder ANNOTATIONS.")
    ] = None,
    kind: Kind = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    model: Annotated[
        Path | None, Option(help="What proposes classes, from simd tag fit.", show_default="the shipped one")
    ] = None,
    propose: Annotated[bool, Option(help="Propose classes for what has no annotation.")] = True,
    backdrops: Annotated[
        str, Option(help="Photographs to see the foreground on: a folder, builtin, or open.")
    ] = "builtin",
    annotator: Annotated[str | None, Option(help="Who tags; written into the annotations.")] = None,
    read_only: Annotated[bool, Option("--read-only", help="Show, and change nothing.")] = False,
    port: Annotated[int | None, Option(help="Port of the page.", show_default="8350, or a free one")] = None,
    host: Annotated[
        str, Option(help="Address to listen at; any but loopback asks for a token.")
    ] = "127.0.0.1",
    browser: Annotated[bool, Option("--browser", help="Open the page in this machine's browser.")] = False,
) -> None:
    """Open the page on which regions are tagged; `simd tag FOREGROUNDS` is short for it."""
    if foregrounds is None:
        given = folder or "FOREGROUNDS"
        raise typer.BadParameter(
            f"simd tag open takes the annotations first, as the other commands of tag do: "
            f"simd tag open ANNOTATIONS --foregrounds {given}; or, in short: simd tag {given}"
        )
    if folder is not None and annotations is not None:
        raise typer.BadParameter("the folder of annotations is given twice; leave --annotations out")
    annotations = folder or annotations
    from simd.studio.serve import check_extra, serve
    from simd.studio.tagging.folder import default_folder
    from simd.studio.tagging.mask_editing import proposer
    from simd.studio.tagging.session import Tagging

    check_extra()
    tagging = Tagging(
        foregrounds,
        annotations or default_folder(foregrounds),
        kind=kind,
        classes=classes,
        propose=proposer(model) if propose and not read_only else None,
        annotator=annotator,
        read_only=read_only,
    )
    typer.echo(f"{len(tagging.foregrounds)} foregrounds, annotations in {tagging.annotations}")
    serve(tagging, host=host, port=port, backdrops=backdrops, browser=browser, say=typer.echo)
