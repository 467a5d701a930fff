"""``simd licences``: the ledger of a set's licences, and what has drifted."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from simd.cli.app import Json, app, print_json


@app.command()
def licences(
    dataset: Annotated[Path, Argument(metavar="SET", help="A set built by `simd build`.")],
    against: Annotated[
        Path | None,
        Option(
            metavar="ANSWERS", help="Compare with a second check: CSV or JSON lines, id,licence,checked,by."
        ),
    ] = None,
    record: Annotated[
        Path | None, Option(metavar="ANSWERS", help="Add such checks to the ledger, SET/licences.csv.")
    ] = None,
    json: Json = False,
) -> None:
    """Say who has checked which licence of a set and when; name those that have drifted."""
    from simd.dataset.ledger import licences as licences_of
    from simd.errors import DataError
    from simd.report.licences import licence_facts, print_licences, problem_text

    known = licences_of(dataset, against=against, record=record)
    if json:
        print_json(licence_facts(known))
    else:
        print_licences(known)
    if known.problems:
        raise DataError(problem_text(known))
