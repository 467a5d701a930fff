"""Compare `fused` with the two methods whose answers it weighs, class by class; go on where it was stopped.

    python benchmarks/fused.py WORK                               # simd-open-mini
    python benchmarks/fused.py WORK --spec simd-open --workers 2
    python benchmarks/fused.py WORK --spec simd-open-mixed        # objects of several classes, by region
    python benchmarks/fused.py --entries simd-open                # nothing predicted: benchmarks/leaderboard
    python benchmarks/fused.py WORK --photographs FOLDER    # with fg/, alpha/, bg/ and provenance.csv

WORK gets the set, each method's mattes and their scores; a part that is there is not made again. FOLDER is
built by benchmarks/sets/real.toml. A ratio is the class-balanced mean SAD over the smaller of closed-form's
and shared's own on the same images (of a class: in that class); below 1 is better. *solved* are the images
for which both have an answer of their own, *fallbacks* the others. For photographs also: by how the matte was
made (truth: neither another network's output nor a texture made for games), without the backgrounds that
`fused` learned from, and the foregrounds by halves, of which only *looked at* was seen while choices were
made (every second one by its name is kept apart). Of objects of several classes also by region, over the
images that have it. Last a paired comparison of images with the better of the
two.
"""

import argparse
import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from simd.composition.build import build
from simd.dataset.manifest import load_set
from simd.methods.predict import predict
from simd.metrics.evaluate import evaluate
from simd.metrics.scores import load_scores

CLASSICAL = ("closed-form", "shared")
NOT_TRUTH = ("predicted", "game_texture")
LEARNED = ("bg_gravel", "brick", "gravel", "hubble_deep_field")  # photographs of the training split
SETS = ("simd-open-mini", "simd-open")
ENTRIES = Path(__file__).parent / "leaderboard"
REAL = Path(__file__).parent / "sets" / "real.toml"


class Image(NamedTuple):
    class_: str
    foreground: str
    background: str
    kind: str  # of the matte
    fallback: bool  # of a classical method
    sad: Mapping[str, float]  # method to SAD
    regions: Mapping[str, Mapping[str, float]]  # class to method to SAD of its unknown pixels


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path, nargs="?")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--spec", default="simd-open-mini", help="of the set")
    what.add_argument("--photographs", type=Path, help="a folder with fg/, alpha/, bg/ and provenance.csv")
    what.add_argument(
        "--entries", choices=SETS, help="the set whose scores in benchmarks/leaderboard to take"
    )
    parser.add_argument("--methods", nargs="+", default=["fused"], help="to compare")
    parser.add_argument("--weights", help="of fused, in place of the package's")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    methods = [*CLASSICAL, *(name for name in given.methods if name not in CLASSICAL)]
    if given.entries:
        images = read_scores(lambda method: ENTRIES / given.entries / method / "scores", methods)
        for method in methods[2:]:
            show(method, images, by_kind=False)
        return
    if given.work is None:
        parser.error("WORK is missing: a folder for the set, mattes and scores")
    folder, kinds = make_set(given.work, given.spec, given.photographs)
    images = read_images(given.work, folder, methods, kinds, given.weights, given.workers)
    for method in methods[2:]:
        show(method, images, by_kind=bool(kinds))


def make_set(work: Path, spec: str, photographs: Path | None) -> tuple[Path, dict[str, str]]:
    """Build a set if it is not there; return its folder, and the kind of matte of each foreground."""
    work.mkdir(parents=True, exist_ok=True)
    if photographs is None:
        folder = work / "set"
        if not (folder / "dataset.json").is_file():
            build(folder, spec=spec)
        return folder, {}
    folder = work / "set"
    if not (folder / "dataset.json").is_file():
        build(folder, spec=str(REAL), foregrounds=str(photographs), backgrounds=str(photographs))
    with (photographs / "provenance.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["role"] == "alpha"]
    return folder, {Path(row["file"]).stem: row["alpha_kind"] for row in rows}


def read_images(
    work: Path, folder: Path, methods: list[str], kinds: Mapping[str, str], weights: str | None, workers: int
) -> list[Image]:
    """Predict and evaluate by each method what is not there yet; return the images with all SADs."""
    for method in methods:
        options = {"weights": weights} if method == "fused" and weights else {}
        answers = work if method == "fused" else None  # those of the two before
        predict(method, folder, work / method, answers=answers, workers=workers, **options)
        if not (work / "scores" / f"{method}.json").is_file():
            evaluate(work / method, folder, out=work / "scores" / method, workers=workers)
    backgrounds = {row.id: row.bg_id or "" for row in load_set(folder).rows}
    return read_scores(lambda method: work / "scores" / method, methods, kinds, backgrounds)


def read_scores(
    place: Callable[[str], Path],
    methods: list[str],
    kinds: Mapping[str, str] = MappingProxyType({}),
    backgrounds: Mapping[str, str] = MappingProxyType({}),
) -> list[Image]:
    """Return the images with the SADs of all methods, whose scores lie at a place for each."""
    sads: dict[str, dict[str, float]] = {}
    regions: dict[str, dict[str, dict[str, float]]] = {}
    fallbacks: set[str] = set()
    for method in methods:
        for row in load_scores(place(method)).rows:
            if row.region == "unknown":
                sads.setdefault(row.id, {})[method] = row.sad
                if row.fallback and method in CLASSICAL:
                    fallbacks.add(row.id)
            else:
                regions.setdefault(row.id, {}).setdefault(row.region, {})[method] = row.sad
    return [
        Image(
            *(row.class_, row.fg_id, backgrounds.get(row.id, ""), kinds.get(row.fg_id, "")),
            fallback=row.id in fallbacks,
            sad=sads[row.id],
            regions=regions.get(row.id, {}),
        )
        for row in load_scores(place(methods[0])).rows
        if row.region == "unknown"
    ]


def show(method: str, images: list[Image], *, by_kind: bool) -> None:
    """Print the ratios of one method."""
    kept_apart = set(sorted({image.foreground for image in images})[1::2])
    parts: list[tuple[str, Callable[[Image], bool]]] = [
        ("all", lambda _: True),
        ("solved", lambda image: not image.fallback),
        ("fallbacks", lambda image: image.fallback),
    ]
    groups = parts
    if by_kind:
        others: list[tuple[str, Callable[[Image], bool]]] = [
            ("truth", lambda image: image.kind not in NOT_TRUTH),
            ("not truth", lambda image: image.kind in NOT_TRUTH),
            ("other backgrounds", lambda image: Path(image.background).stem not in LEARNED),
            ("looked at", lambda image: image.foreground not in kept_apart),
            ("kept apart", lambda image: image.foreground in kept_apart),
        ]
        groups = parts + [
            (f"{title}, {name}", lambda image, a=belongs, b=test: a(image) and b(image))
            for title, belongs in others
            for name, test in parts
        ]
    print(f"{method}, ratio of class-balanced SAD to the smaller of closed-form's and shared's\n")
    print(f"{'':34}images  closed-form   shared  {method:>8}    ratio")
    for title, belongs in groups:
        line(title, [image for image in images if belongs(image)], method)
    print()
    better = 0
    for class_ in sorted({image.class_ for image in images}):
        better += line(class_, [image for image in images if image.class_ == class_], method) < 1
    print(f"\nbetter in {better} of {len({image.class_ for image in images})} classes")
    if any(len(image.regions) > 1 for image in images):
        show_regions(method, images)
    paired(method, images)


def show_regions(method: str, images: list[Image]) -> None:
    """Print the ratio in each class's part of the unknown pixels, wherever it is on an image."""
    print()
    for region in sorted({region for image in images for region in image.regions}):
        parts = [image for image in images if region in image.regions]
        seen = [image._replace(class_=region, sad=image.regions[region]) for image in parts]
        line(f"region {region}", seen, method)


def line(title: str, images: list[Image], method: str) -> float:
    if not images:
        return np.nan
    means = {name: balanced(images, name) for name in (*CLASSICAL, method)}
    ratio = means[method] / min(means[name] for name in CLASSICAL)
    first, second = (means[name] for name in CLASSICAL)
    print(f"{title:34}{len(images):6} {first:12.3f} {second:8.3f} {means[method]:9.3f} {ratio:8.3f}")
    return float(ratio)


def balanced(images: list[Image], method: str) -> float:
    """Return the mean over classes of the mean SAD."""
    by_class: dict[str, list[float]] = {}
    for image in images:
        by_class.setdefault(image.class_, []).append(image.sad[method])
    return float(np.mean([np.mean(values) for values in by_class.values()]))


def paired(method: str, images: list[Image]) -> None:
    """Compare foreground by foreground with the better of the two methods over the set."""
    peer = min(CLASSICAL, key=lambda name: balanced(images, name))
    differences: dict[tuple[str, str], list[float]] = {}
    for image in images:
        difference = image.sad[method] - image.sad[peer]
        differences.setdefault((image.class_, image.foreground), []).append(difference)
    means = {key: float(np.mean(values)) for key, values in differences.items()}
    rng, draws = np.random.default_rng(0), []
    classes: dict[str, list[float]] = {}
    for (class_, _), mean in means.items():
        classes.setdefault(class_, []).append(mean)
    for _ in range(2000):  # foregrounds drawn anew within each class
        draws.append(np.mean([np.mean(rng.choice(values, len(values))) for values in classes.values()]))
    low, high = np.quantile(draws, [0.025, 0.975])
    mean = np.mean([np.mean(values) for values in classes.values()])
    better = sum(value < 0 for value in means.values())
    print(
        f"beside {peer}: SAD {mean:+.3f} (95 % of draws {low:+.3f} to {high:+.3f}), better on {better} of "
        f"{len(means)} foregrounds; worst " + ", ".join(_worst(means))
    )


def _worst(means: Mapping[tuple[str, str], float]) -> list[str]:
    worst = sorted(means.items(), key=lambda item: -item[1])[:6]
    return [f"{foreground} {value:+.2f}" for (_, foreground), value in worst]


if __name__ == "__main__":
    main()
