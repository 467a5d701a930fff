"""``simd browse`` opens the App or writes a page; ``simd browse pull`` brings tags back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Workers, app
from simd.cli.plain_help import Application, PlainGroup

_OPEN = "open"
_LISTS = ("--scores", "--predictions")


class _Browse(PlainGroup):
    """``simd browse SET ...`` means ``simd browse open SET ...``, and lists may follow the set."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_OPEN, *args]
        return super().parse_args(ctx, spread(args) if args[:1] == [_OPEN] else args)


def spread(args: list[str]) -> list[str]:
    """Repeat an option that takes a list before each of its values, if the set stands first.

    Examples
    --------
    >>> spread(["open", "set", "--scores", "a", "b", "--name", "c"])
    ['open', 'set', '--scores', 'a', '--scores', 'b', '--name', 'c']
    """
    words, current, values = args[:2], "", 0
    for word in args[2:]:
        if word.startswith("-"):
            current, values = word, 0
        else:
            values += 1
            if current in _LISTS and values > 1 and not args[1].startswith("-"):
                words.append(current)
        words.append(word)
    return words


browse = Application(cls=_Browse, no_args_is_help=True)
app.add_typer(
    browse,
    name="browse",
    help="Look at failures: `simd browse SET` opens the FiftyOne App or writes a page; pull brings tags in.",
)

Set = Annotated[Path, Argument(metavar="SET", help="A set built by `simd build`.")]
Name = Annotated[
    str | None,
    Option(help="Name of the FiftyOne dataset.", show_default="simd <the set's name> <its digest>"),
]


@browse.command(_OPEN)
def open_(
    dataset: Set,
    scores: Annotated[
        list[Path] | None,
        Option(metavar="FILE...", help="What simd evaluate has written, or a folder of it; several."),
    ] = None,
    predictions: Annotated[
        list[Path] | None,
        Option(metavar="DIR...", help="Folders of mattes that have no scores, or lie elsewhere now."),
    ] = None,
    name: Name = None,
    embedding: Annotated[
        Path | None, Option(help="The folder of simd embed, for the embeddings panel.")
    ] = None,
    maps: Annotated[
        Path | None, Option(help="Folder for masks and error maps.", show_default="<SET>.browse")
    ] = None,
    port: Annotated[int | None, Option(help="Port of the App.", show_default="5151")] = None,
    app: Annotated[
        bool, Option("--app/--no-app", help="Open the App, or only bring the dataset up to date.")
    ] = True,
    static: Annotated[
        Path | None, Option(help="In place of the App: write a page into this folder. Needs no FiftyOne.")
    ] = None,
    worst: Annotated[
        int, Option(help="With --static: images and regions shown for each class and method.", min=1)
    ] = 3,
    *,
    workers: Workers,
) -> None:
    """Open a set with its scores in the FiftyOne App; the same as `simd browse SET`.

    Tags given there come back by `simd browse pull SET`.
    """
    if static is not None:
        from simd.report.browse.gallery import check_of_app

        check_of_app(embedding=embedding, name=name, maps=maps, port=port)
        _write_page(dataset, scores or [], predictions or [], static, worst, workers)
        return
    from simd.errors import BatchError
    from simd.report.browse.open import prepare

    opened = prepare(
        dataset,
        scores=scores or (),
        predictions=predictions or (),
        embedding=embedding,
        name=name,
        maps=maps,
        workers=workers,
    )
    typer.echo(
        f"{len(opened.dataset)} samples, {len(opened.methods)} methods, {len(opened.views)} saved views: "
        f"the FiftyOne dataset {opened.dataset.name!r}"
    )
    if app:
        from simd.report.browse.open import launch

        session = launch(opened, port=port)
        typer.echo(f"{session.url} until its page is closed, or Ctrl-C; then: simd browse pull {dataset}")
        session.wait()
    if opened.problems:
        mattes = len(opened.methods) * len(opened.dataset)
        raise BatchError(opened.problems, "mattes", mattes)


@browse.command()
def pull(
    dataset: Set,
    name: Name = None,
    out: Annotated[
        Path | None, Option(help="The review, JSON lines.", show_default="<SET>.review.jsonl")
    ] = None,
    by: Annotated[str, Option(help="Who has tagged, if that is to be noted.")] = "",
    dated: Annotated[bool, Option("--dated", help="Note today's date with what is new.")] = False,
) -> None:
    """Write the tags given in the App as a review, for select, build and evaluate --review."""
    from simd.dataset.manifest import load_set
    from simd.report.browse.pull import pull as pull_review

    when = datetime.now(UTC).date().isoformat() if dated else ""
    path, review = pull_review(load_set(dataset), name=name, out=out, by=by, when=when)
    typer.echo(f"{len(review.remarks)} composites tagged, {len(review.excluded)} excluded: {path}")


def _write_page(
    dataset: Path, scores: list[Path], predictions: list[Path], out: Path, worst: int, workers: int
) -> None:
    from simd.errors import BatchError
    from simd.report.browse.gallery import write_gallery

    gallery = write_gallery(
        dataset, out, scores=scores, predictions=predictions, worst=worst, workers=workers
    )
    typer.echo(f"{gallery.cards} failures of {gallery.methods} methods: {gallery.page}")
    if gallery.problems:
        raise BatchError(gallery.problems, "mattes", gallery.total)
