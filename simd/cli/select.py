"""``simd select``: which foregrounds and photographs can serve."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import AlphaDir, AlphaSuffix, Cluster, Json, Kind, Workers, app, default_out, print_json


@app.command()
def select(
    foregrounds: Annotated[str | None, Argument(help="A folder of foregrounds.")] = None,
    backgrounds: Annotated[str | None, Option(help="Or: select the photographs of this folder.")] = None,
    out: Annotated[
        Path | None,
        Option(help="Where the selection goes, as JSON lines.", show_default="selection/<folder>.jsonl"),
    ] = None,
    page: Annotated[Path | None, Option(help="HTML page of it.", show_default="beside it")] = None,
    kind: Kind = None,
    alpha_dir: AlphaDir = None,
    alpha_suffix: AlphaSuffix = None,
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
    cluster: Cluster = None,
    json: Json = False,
) -> None:
    """Choose the foregrounds that can serve as truth, or the backgrounds; every drop carries its reason."""
    from simd.report.selection import select as select_from
    from simd.report.selection_page import selection_text

    if out is None:
        named = default_out("selection", foregrounds or backgrounds or "nothing")
        out = named.with_name(f"{named.name}.jsonl")
    selection = select_from(
        foregrounds,
        backgrounds=backgrounds,
        out=out,
        page=page,
        kind=kind,
        alpha_dir=alpha_dir,
        alpha_suffix=alpha_suffix,
        classes=classes,
        class_list=class_list,
        against=against or (),
        min_side=min_side,
        longest_side=longest_side,
        max_object=max_object,
        licences=only_licence or (),
        allow=allow or (),
        strict=strict,
        review=review,
        workers=workers,
    )
    page = page or out.with_suffix(".html")
    what = "foregrounds" if backgrounds is None else "backgrounds"
    if json:
        dropped = {verdict.id: verdict.reason for verdict in selection.verdicts if not verdict.keep}
        counts = {"kept": len(selection.verdicts) - len(dropped), "of": len(selection.verdicts)}
        print_json({**counts, "dropped": dropped, "notes": selection.notes, "selection": out, "page": page})
    else:
        typer.echo(f"{selection_text(selection, what)}: {out}, shown in {page}")
    selection.check_complete()
    if not any(verdict.keep for verdict in selection.verdicts):
        typer.echo(f"simd: no {what[:-1]} is kept, so nothing can be built from {out}", err=True)
        raise typer.Exit(1)
