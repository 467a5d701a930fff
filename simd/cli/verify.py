"""``simd verify``: whether a set is as it was built."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument

from simd.cli.app import Cluster, Json, Workers, app, print_json


@app.command()
def verify(
    dataset: Annotated[Path, Argument(metavar="SET", help="A set built by `simd build`.")],
    *,
    workers: Workers,
    cluster: Cluster = None,
    json: Json = False,
) -> None:
    """Decode and hash every image of a set, and name each that is not what was built."""
    from simd.dataset.verify import verify as verify_set
    from simd.errors import BatchError

    try:
        matting_set = verify_set(dataset, workers=workers)
    except BatchError as error:
        if json:
            print_json({"set": dataset, "as_built": False, "problems": error.failures})
        raise
    if json:
        facts = {"composites": len(matting_set), "digest": matting_set.digest}
        print_json({"set": dataset, "as_built": True, **facts, "problems": {}})
    else:
        typer.echo(f"{dataset}: all {len(matting_set)} composites are as built\ndigest {matting_set.digest}")
