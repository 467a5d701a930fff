"""``simd build``: its flags are the keys of a spec file."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Workers, app


@app.command()
def build(
    out: Annotated[Path, Argument(help="The set's folder: new, or holding an interrupted build.")],
    spec: Annotated[
        str | None, Option(help="TOML file with these options as keys; or simd-open, simd-open-mini, ...")
    ] = None,
    foregrounds: Annotated[
        str | None, Option(help="A folder, or synthetic:PER_CLASS@SIZE:SPLIT.", show_default="synthetic")
    ] = None,
    backgrounds: Annotated[
        str | None, Option(help="A folder, builtin, or open:PER_KIND@SIZE:SPLIT.", show_default="builtin")
    ] = None,
    source: Annotated[str | None, Option(help="The kind of the foregrounds, if unclear.")] = None,
    background_source: Annotated[str | None, Option(help="The kind of the backgrounds, if unclear.")] = None,
    classes: Annotated[str | None, Option(help="CSV file with the columns file and class.")] = None,
    licence: Annotated[
        str | None, Option(help="The licence of the foregrounds that no file states one for.")
    ] = None,
    background_licence: Annotated[
        str | None, Option(help="The licence of the backgrounds that no file states one for.")
    ] = None,
    any_licence: Annotated[
        bool | None, Option("--any-licence", help="Build where licences are unknown.")
    ] = None,
    selection: Annotated[str | None, Option(help="What simd select has written.")] = None,
    file_list: Annotated[
        str | None, Option(help="Exactly these composites: lines class:foreground:background.")
    ] = None,
    background_list: Annotated[
        str | None, Option(help="Names in order, --per-foreground of them for each foreground.")
    ] = None,
    foreground_list: Annotated[
        str | None, Option(help="Names in order, for --background-list.", show_default="the source's order")
    ] = None,
    per_foreground: Annotated[
        int | None, Option(help="Backgrounds for each foreground.", show_default="1")
    ] = None,
    per_class: Annotated[
        int | None, Option(help="Foregrounds for each class: the same number.", show_default="all")
    ] = None,
    max_side: Annotated[int | None, Option(help="Longest side in pixels.", show_default="as it is")] = None,
    protocol: Annotated[
        str | None, Option(help="exact, simd-2021 or adobe-2017.", show_default="exact")
    ] = None,
    trimap_radius: Annotated[
        int | None, Option(help="Dilation of the unknown region.", show_default="1 % of the short side")
    ] = None,
    seed: Annotated[int | None, Option(help="Other seeds pair and crop otherwise.", show_default="0")] = None,
    name: Annotated[str | None, Option(help="The set's name.", show_default="<protocol>-<seed>")] = None,
    layout: Annotated[
        str | None, Option(help="simd-2021: the release's folders and names too, in OUT-released.")
    ] = None,
    review: Annotated[
        str | None, Option(help="What simd browse pull has written: excluded composites are not made.")
    ] = None,
    annotations: Annotated[
        str | None, Option(help="Tagged regions of the foregrounds, as simd tag writes them.")
    ] = None,
    workers: Workers = 1,
) -> None:
    """Build a matting set: foregrounds over backgrounds, with trimaps and class masks."""
    flags = dict(locals())
    out, spec, workers = flags.pop("out"), flags.pop("spec"), flags.pop("workers")

    from simd.composition.build import build as build_set
    from simd.composition.spec import read_spec
    from simd.dataset.published_digests import compare

    options = read_spec(spec) if spec else {}
    as_shipped = not any(value is not None for value in flags.values())
    options |= {key: value for key, value in flags.items() if value is not None}
    built = build_set(out, workers=workers, **options)
    counts = built.info["counts"]
    typer.echo(
        f"{counts['composites']} composites of {counts['foregrounds']} foregrounds in "
        f"{len(counts['classes'])} classes: {out}\ndigest {built.digest}"
    )
    if as_shipped and (verdict := compare(built)):
        typer.echo(verdict)
