"""``simd build``: its options are those of :class:`~simd.composition.options.BuildOptions`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from simd.cli.app import Cluster, Json, Overwrite, Workers, app, print_json
from simd.cli.listed_options import listed_options
from simd.composition.options import BuildOptions


@app.command()
@listed_options(BuildOptions)
def build(
    out: Annotated[Path, Argument(help="The set's folder: new, or holding an interrupted build.")],
    spec: Annotated[
        str | None, Option(help="TOML file with these options as keys; or simd-open, simd-open-mini, ...")
    ] = None,
    *,
    overwrite: Overwrite = False,
    workers: Workers,
    cluster: Cluster = None,
    json: Json = False,
    **options: Any,
) -> None:
    """Build a matting set: foregrounds over backgrounds, with trimaps and class masks."""
    from simd.composition.build import build as build_set
    from simd.dataset.published_digests import compare_with_published

    built = build_set(out, spec=spec, workers=workers, overwrite=overwrite, **options)
    counts = built.info["counts"]
    verdict = "" if options else compare_with_published(built)  # with other options it is another set
    if json:
        print_json({"set": out, "name": built.name, "digest": built.digest, "counts": counts})
        return
    without = counts["composites"] - sum(of_class["composites"] for of_class in counts["classes"].values())
    unlabelled = f" ({without} without a class)" if without else ""
    typer.echo(
        f"{counts['composites']} composites of {counts['foregrounds']} foregrounds in "
        f"{len(counts['classes'])} classes{unlabelled}: {out}\ndigest {built.digest}"
    )
    if verdict:
        typer.echo(verdict)
