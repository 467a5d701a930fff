"""``simd select``: which foregrounds and photographs can serve."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from simd.cli.app import Kind, Workers, app


@app.command()
def select(
    foregrounds: Annotated[str | None, Argument(help="A folder of foregrounds.")] = None,
    backgrounds: Annotated[str | None, Option(help="Or: select the photographs of this folder.")] = None,
    out: Annotated[Path, Option(help="Where the selection goes, as JSON lines.")] = Path("selection.jsonl"),
    page: Annotated[Path | None, Option(help="HTML page of it.", show_default="beside it")] = None,
    kind: Kind = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    class_list: Annotated[
        Path | None, Option(help="Keep what this list names (lines class:name), with its classes.")
    ] = None,
    against: Annotated[
        list[str] | None, Option(help="Folder or list that must share nothing with it; repeatable.")
    ] = None,
    min_side: Annotated[int, Option(help="The shorter side must reach this many pixels.")] = 0,
    longest_side: Annotated[int, Option(help="Backgrounds: the longer side must reach this.")] = 0,
    max_object: Annotated[
        float, Option(help="Backgrounds: share that an annotated object may cover.", min=0, max=1)
    ] = 0.25,
    only_licence: Annotated[
        list[str] | None, Option(help="Keep this licence, such as 'CC0*'; repeatable.")
    ] = None,
    allow: Annotated[list[str] | None, Option(help="Pass over this reason; repeatable.")] = None,
    strict: Annotated[bool, Option("--strict", help="Let warnings drop as well.")] = False,
    review: Annotated[
        Path | None, Option(help="Drop the foregrounds of composites excluded here, see simd browse pull.")
    ] = None,
    *,
    workers: Workers,
) -> None:
    """Choose the foregrounds that can serve as truth, or the backgrounds; every drop carries its reason."""
    from simd.errors import DataError
    from simd.report.selection_page import selection_text, write_page
    from simd.selection.backgrounds import select_backgrounds
    from simd.selection.foregrounds import select_foregrounds, write_selection

    if (foregrounds is None) == (backgrounds is None):
        raise DataError("name a folder of foregrounds, or one of photographs: --backgrounds FOLDER")
    page = page or out.with_suffix(".html")
    if page == out:
        raise DataError(f"{out}: the selection and its page need two names; give --page FILE")
    common: dict[str, Any] = {
        "min_side": min_side,
        "licences": only_licence or (),
        "allow": allow or (),
        "strict": strict,
        "workers": workers,
    }
    what = "foregrounds" if backgrounds is None else "backgrounds"
    if backgrounds is not None:
        if classes or class_list or against or review:
            raise DataError("--classes, --class-list, --against and --review are for foregrounds")
        selection = select_backgrounds(
            backgrounds, kind, longest_side=longest_side, max_object=max_object, **common
        )
    else:
        assert foregrounds is not None
        selection = select_foregrounds(
            foregrounds,
            kind,
            classes=classes,
            class_list=class_list,
            against=against or (),
            review=review,
            **common,
        )
    write_selection(out, selection.verdicts)
    write_page(page, selection, what=what, workers=workers)
    typer.echo(f"{selection_text(selection, what)}: {out}, shown in {page}")
    selection.check_complete()
