"""The command line: each command parses, calls one library function, and prints."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from simd.errors import SimdError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a real bug keeps its own traceback
    help="Build, measure and browse semantic image-matting datasets.",
)

Workers = Annotated[int, Option(help="Processes.", min=1)]


# Click's ClickException, wherever Typer keeps its click: BadParameter < UsageError < ClickException
_USAGE_ERROR: Any = typer.BadParameter.__mro__[2]
_INTERRUPTED = 130  # what Typer returns for Ctrl-C, too


def main() -> int:
    """Run the command line; return the exit code, 1 if something was wrong with the input."""
    try:
        code = app(standalone_mode=False)
    except SimdError as error:
        print(f"simd: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except _USAGE_ERROR as error:
        error.show()
        return int(error.exit_code)
    if code == _INTERRUPTED:
        print("simd: interrupted; the same command goes on from here", file=sys.stderr)
    return code if isinstance(code, int) else 0


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from simd import __version__

        typer.echo(f"simd {__version__}")


@app.command()
def classes(
    out: Annotated[Path | None, Option(help="Write a contact sheet of generated foregrounds, a PNG.")] = None,
    seeds: Annotated[int, Option(help="Foregrounds of each class on it.", min=1)] = 6,
    size: Annotated[int, Option(help="Side of each in pixels.")] = 160,
    alpha: Annotated[bool, Option(help="With the matte beside each.")] = False,
) -> None:
    """List the 20 matting classes; or draw them."""
    from simd.report.classes import print_classes

    if out is None:
        print_classes()
        return
    from simd.dataset.synthetic.sheet import contact_sheet
    from simd.image import write_png

    write_png(out, contact_sheet(range(seeds), size, alpha=alpha))
    typer.echo(f"wrote {out}")


@app.command()
def index(
    folder: Annotated[str | None, Argument(help="A folder, 'synthetic' or 'builtin'.")] = None,
    source: Annotated[str | None, Option(help="Its kind, if the layout does not tell.")] = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    decode: Annotated[bool, Option(help="Read every file to its last pixel.")] = False,
    workers: Workers = 1,
) -> None:
    """List the kinds of sources; or look through a folder: expected, found, missing, extra, broken."""
    from simd.report.sources import index_table, kinds_table

    if folder is None:
        typer.echo(kinds_table())
        return
    text, problems = index_table(folder, source, classes=classes, decode=decode, workers=workers)
    typer.echo(text)
    if problems:
        raise typer.Exit(1)


@app.command()
def select(
    foregrounds: Annotated[str | None, Argument(help="A folder of foregrounds.")] = None,
    backgrounds: Annotated[str | None, Option(help="Or: select the photographs of this folder.")] = None,
    out: Annotated[Path, Option(help="Where the selection goes, as JSON lines.")] = Path("selection.jsonl"),
    page: Annotated[Path | None, Option(help="HTML page of it.", show_default="beside it")] = None,
    source: Annotated[str | None, Option(help="Its kind, if the layout does not tell.")] = None,
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
    workers: Workers = 1,
) -> None:
    """Choose the foregrounds that can serve as truth, or the backgrounds; every drop carries its reason."""
    from simd.dataset.backgrounds import select_backgrounds
    from simd.dataset.select import select_foregrounds, write_selection
    from simd.errors import DataError
    from simd.report.selection_page import selection_text, write_page

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
        if classes or class_list or against:
            raise DataError("--classes, --class-list and --against are for foregrounds")
        selection = select_backgrounds(
            backgrounds, source, longest_side=longest_side, max_object=max_object, **common
        )
    else:
        assert foregrounds is not None
        selection = select_foregrounds(
            foregrounds, source, classes=classes, class_list=class_list, against=against or (), **common
        )
    write_selection(out, selection.verdicts)
    write_page(page, selection, what=what, workers=workers)
    typer.echo(f"{selection_text(selection, what)}: {out}, shown in {page}")
    selection.check_complete()


@app.command()
def build(
    out: Annotated[Path, Argument(help="The set's folder: new, or holding an interrupted build.")],
    spec: Annotated[Path | None, Option(help="TOML file with these options as keys.")] = None,
    foregrounds: Annotated[
        str | None, Option(help="A folder, or synthetic:PER_CLASS@SIZE.", show_default="synthetic")
    ] = None,
    backgrounds: Annotated[str | None, Option(help="A folder, or builtin.", show_default="builtin")] = None,
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
    workers: Workers = 1,
) -> None:
    """Build a matting set: foregrounds over backgrounds, with trimaps and class masks."""
    flags = dict(locals())
    out, spec, workers = flags.pop("out"), flags.pop("spec"), flags.pop("workers")

    from simd.dataset.build import build as build_set
    from simd.dataset.spec import read_spec

    options = read_spec(spec) if spec else {}
    options |= {key: value for key, value in flags.items() if value is not None}
    built = build_set(out, workers=workers, **options)
    counts = built.info["counts"]
    typer.echo(
        f"{counts['composites']} composites of {counts['foregrounds']} foregrounds in "
        f"{len(counts['classes'])} classes: {out}\ndigest {built.digest}"
    )


@app.command()
def balance(
    place: Annotated[str, Argument(help="A set, a folder of foregrounds, or a list class:fg:bg.")],
    per_class: Annotated[
        int | None, Option(help="The number wanted for each class.", show_default="the largest class's")
    ] = None,
    source: Annotated[str | None, Option(help="The kind of a folder, if its layout does not tell.")] = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
) -> None:
    """Count foregrounds and composites by class, and say what an equal number would take."""
    from simd.dataset.census import take_census
    from simd.report.balance import print_balance

    print_balance(take_census(place, source=source, classes=classes), per_class)


@app.command()
def verify(
    dataset: Annotated[Path | None, Argument(help="A set built by `simd build`.")] = None,
    installation: Annotated[bool, Option("--installation", help="Check the protocols instead.")] = False,
    workers: Workers = 1,
) -> None:
    """Decode and hash every image of a set, and name each that is not what was built."""
    from simd.dataset.manifest import load_set
    from simd.dataset.verify import verify as verify_set

    if installation == (dataset is not None):
        raise typer.BadParameter("give a set, or --installation to check the composition protocols")
    if dataset is None:
        from simd.dataset.installation import check_installation, format_checks

        checks = check_installation()
        typer.echo(format_checks(checks))
        raise typer.Exit(not all(check.exact for check in checks))
    matting_set = load_set(dataset)
    verify_set(matting_set, workers=workers)
    typer.echo(f"{dataset}: all {len(matting_set)} composites are as built\ndigest {matting_set.digest}")


@app.command()
def predict(
    method: Annotated[str, Argument(help="closed-form, knn, learning-based, ...; see README.")],
    dataset: Annotated[Path, Argument(help="A set built by `simd build`.")],
    out: Annotated[Path, Option(help="Where <id>.png and run.json go.")],
    workers: Workers = 1,
) -> None:
    """Run a matting method over a set."""
    from simd.methods.predict import predict as predict_set

    info = predict_set(method, dataset, out, workers=workers).info
    typer.echo(
        f"{info['images']} mattes, {info['seconds_per_image']} s an image, "
        f"{len(info['fallbacks'])} fallbacks: {out}"
    )


@app.command()
def evaluate(
    predictions: Annotated[Path, Argument(help="Folder of mattes, named as the images: <id>.png.")],
    dataset: Annotated[Path | None, Argument(help="A set built by `simd build`.")] = None,
    alpha: Annotated[Path | None, Option(help="In place of a set: a folder of true mattes ...")] = None,
    trimap: Annotated[Path | None, Option(help="... and one of trimaps, paired by name.")] = None,
    classes: Annotated[Path | None, Option(help="CSV file with columns file, class, perhaps fg.")] = None,
    map_trimaps: Annotated[
        bool, Option("--map-trimaps", help="Trimaps may hold other values: < 85 bg, >= 170 fg.")
    ] = False,
    out: Annotated[Path, Option(help="Where scores go: <out>.csv and <out>.json.")] = Path("scores"),
    name: Annotated[str | None, Option(help="The method's name on boards.")] = None,
    workers: Workers = 1,
) -> None:
    """Score a folder of predicted mattes: SAD, MSE, Grad, Conn, per class and region, with intervals."""
    from simd.metrics.evaluate import check_complete, check_no_extra, find_truths
    from simd.metrics.evaluate import evaluate as evaluate_folder
    from simd.report.tables import print_scores

    truths = find_truths(dataset, alpha=alpha, trimap=trimap, classes=classes, map_trimaps=map_trimaps)
    state = out.with_name(f".{out.name}.partial")
    evaluation = evaluate_folder(predictions, truths, name=name, workers=workers, state=state)
    files = evaluation.scores.save(out)
    print_scores(evaluation.scores)
    typer.echo(f"wrote {files[0]} and {files[1]}")
    check_complete(evaluation)
    check_no_extra(evaluation)


@app.command()
def leaderboard(
    scores: Annotated[list[Path], Argument(help="What simd evaluate has written, one a method.")],
    out: Annotated[
        Path, Option(help="Folder for index.html, leaderboard.csv and .md, differences.csv.")
    ] = Path("leaderboard"),
) -> None:
    """Put methods side by side: terminal table, CSV, Markdown, and one HTML page with examples."""
    from simd.metrics.scores import base_of, load_scores
    from simd.report.leaderboard import write_leaderboard
    from simd.report.tables import print_board

    loaded = [load_scores(path) for path in dict.fromkeys(map(base_of, scores))]
    files = write_leaderboard(loaded, out)
    print_board(loaded)
    typer.echo("wrote " + ", ".join(map(str, files)))


@app.command()
def stats(
    dataset: Annotated[Path, Argument(help="A set built by `simd build`.")],
    out: Annotated[Path, Option(help="Folder for statistics.csv and statistics.png.")] = Path("statistics"),
    workers: Workers = 1,
) -> None:
    """Count the classes of a set and measure their alpha ratio and mean gradient."""
    from simd.dataset.manifest import load_set
    from simd.report.statistics import measure_set, print_statistics, write_statistics

    measured = measure_set(load_set(dataset), workers=workers)
    files = write_statistics(measured, out)
    print_statistics(measured)
    typer.echo("wrote " + ", ".join(map(str, files)))


@app.command()
def demo(
    out: Annotated[Path, Option(help="Folder for the set, the mattes, the scores and the page.")] = Path(
        "demo"
    ),
    workers: Annotated[int | None, Option(help="Processes.", min=1, show_default="all processors")] = None,
) -> None:
    """Go the whole way on built-in data: a balanced set, four methods, scores, a leaderboard."""
    from simd.demo import run_demo

    run_demo(out, workers=workers)


@app.command("import")
def import_(
    source: Annotated[Path, Argument(help="A folder of images that have their alpha.")],
    out: Annotated[Path, Argument(help="The set's folder: new, or holding an interrupted import.")],
    kind: Annotated[str | None, Option(help="Its layout, if unclear: aim-500, composition-1k, ...")] = None,
    classes: Annotated[Path | None, Option(help="CSV file with the columns file and class.")] = None,
    class_: Annotated[str | None, Option("--class", help="The class of all others.")] = None,
    map_trimaps: Annotated[
        bool, Option("--map-trimaps", help="Trimaps may hold other values: < 85 bg, >= 170 fg.")
    ] = False,
    name: Annotated[str | None, Option(help="The set's name.", show_default="its kind")] = None,
    workers: Workers = 1,
) -> None:
    """Turn finished images with alpha into a set: Composition-1k, SIMD, AIM-500, AM-2k, P3M-10k, ..."""
    from simd.dataset.importing import import_set

    made = import_set(
        source,
        out,
        kind=kind,
        classes=classes,
        class_=class_,
        map_trimaps=map_trimaps,
        name=name,
        workers=workers,
    )
    typer.echo(
        f"{len(made)} images in {len(made.info['counts']['classes'])} classes: {out}\ndigest {made.digest}"
    )


if __name__ == "__main__":
    sys.exit(main())
