"""``simd entry``: what a method hands in to a board."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from simd.cli.app import Json, Workers, app, echo_written, print_json
from simd.cli.plain_help import Application

entry = Application(no_args_is_help=True, help="Make and check entries: what a method hands in to a board.")
app.add_typer(entry, name="entry")


@entry.command()
def make(
    scores: Annotated[Path, Argument(help="What simd evaluate has written of the method.")],
    out: Annotated[
        Path | None, Option(help="The entry's folder.", show_default="entries/<set>/<method>")
    ] = None,
    predictions: Annotated[
        Path | None, Option(help="The mattes that were scored.", show_default="as the scores say")
    ] = None,
    fact: Annotated[
        list[str] | None,
        Option(metavar="KEY=VALUE", help="For the card: code, paper, bibtex, trained_on, ...; repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Make an entry of scores: scores.csv, scores.json, and card.toml to fill in."""
    from simd.metrics.scores import base_of, load_scores
    from simd.report.entries.card import FACTS, UNKNOWN, card_keys, read_facts
    from simd.report.entries.files import ENTRY_NAMES, default_folder, make_entry

    facts = read_facts(fact or [])
    out = out or Path("entries") / default_folder(load_scores(base_of(scores)))
    made = make_entry(scores, out, predictions=predictions, facts=facts)
    files = [out / name for name in ENTRY_NAMES]
    if json:
        print_json({"card": made.card, "files": files})
        return
    echo_written(files)
    facts_of_card = card_keys(made.card)
    keys = [key for key in FACTS.values() if facts_of_card[key] in (UNKNOWN, (UNKNOWN,))]
    if keys:
        typer.echo(f'card.toml says "unknown" of {", ".join(keys)}: fill in what you know')


@entry.command()
def check(
    folder: Annotated[Path, Argument(metavar="ENTRY", help="The entry's folder.")],
    predictions: Annotated[Path | None, Argument(help="The mattes.")] = None,
    dataset: Annotated[Path | None, Argument(metavar="SET", help="The set.")] = None,
    alpha: Annotated[Path | None, Option(help="In place of a set: a folder of true mattes ...")] = None,
    trimap: Annotated[Path | None, Option(help="... and one of trimaps.")] = None,
    classes: Annotated[Path | None, Option(help="CSV file with columns file, class, perhaps fg.")] = None,
    review: Annotated[Path | None, Option(help="The review whose exclusions were left out.")] = None,
    *,
    workers: Workers,
    json: Json = False,
) -> None:
    """Check an entry: its schema and its sums; with mattes and set every figure, computed again."""
    from simd.errors import DataError
    from simd.report.entries.check import check_entry

    done = check_entry(
        folder,
        predictions,
        dataset,
        **{"alpha": alpha, "trimap": trimap, "classes": classes, "review": review},
        workers=workers,
    )
    card, differences = done.entry.card, done.differences
    if json:
        print_json({"card": card, "recomputed": done.recomputed, "differences": differences})
    elif not differences:
        again = (
            f"all {done.recomputed:,} scores are what the mattes give"
            if done.recomputed
            else "its means follow from its rows; with mattes and set, every figure is computed again"
        )
        typer.echo(f"{card.name} on {card.set}: {again}")
    if differences:
        listed = "; ".join(differences[:5])
        more = f" and {len(differences) - 5} more" if len(differences) > 5 else ""
        raise DataError(f"{folder}: {len(differences)} figures differ: {listed}{more}")


@entry.command()
def rescore(
    entries: Annotated[Path, Argument(help="A folder of entries.")],
    predictions: Annotated[Path, Option(help="The folder of mattes, by the entries' folders.")],
    sets: Annotated[Path, Option(help="The folder of the sets, by their names.")],
    *,
    workers: Workers,
    json: Json = False,
) -> None:
    """Renew entries of an earlier version of the metrics from their mattes, and say what that changes."""
    from simd.errors import BatchError
    from simd.report.entries.rescore import rescore_entries

    done = rescore_entries(entries, predictions, sets, workers=workers)
    if json:
        print_json(done)
    else:
        for place, corrections in done.renewed.items():
            for correction in corrections:
                typer.echo(f"{place}: {correction}")
        typer.echo(f"{len(done.renewed)} entries renewed, {len(done.current)} are of this version already")
    if done.failures:
        raise BatchError(done.failures, "entries", len(done.failures) + len(done.renewed) + len(done.current))
