"""Semantic Human Matting in the preset small, and its ablation: trained, tested, compared by one command.

    python benchmarks/shm.py WORK                         # 40 minutes on one core; goes on where stopped
    python benchmarks/shm.py WORK --photographs FOLDER    # also people in photographs, printed apart

WORK gets the runs of the three stages (the recipes shm-tnet-small, shm-mnet-small and shm-small, which draw
people of the generator's training split), people of its test split over scenes of its test split, each
method's mattes and their scores; a part that is there is not made again. Compared are:

    GrabCut        OpenCV's, 5 iterations, from the box around the true alpha, which the others are not told
    T-Net alone    p_f + p_u / 2, of the first stage
    hard trimap    T-Net's most likely trimap, then M-Net in its unknown: two steps, as before the paper
    two stages     p_f + p_u alpha_M of the same two networks, without the third stage
    everything     the same after the third stage

All four errors are of whole images. A mean is the mean of the means of the three kinds of people (hair_easy,
hair_hard, portrait). Differences are paired, person by person; chance explains one where Holm's p, over all
pairs of a metric, is 0.05 or more.

FOLDER has image/, alpha/ and provenance.csv. Its people have mattes that are another network's output
(alpha_kind predicted), so agreement with them is no accuracy: they are printed apart and tested for nothing.
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from simd.composition.stream import stream
from simd.files import make_folder
from simd.image import UInt8, read_alpha, read_image, write_png
from simd.masks import bounding_box
from simd.methods.predict import predict
from simd.metrics.evaluate import evaluate
from simd.metrics.scores import load_scores
from simd.metrics.uncertainty import Difference, Estimate, compare, summarise
from simd.training.loop import train
from simd.training.recipe import read_recipe

KINDS = ("hair_easy", "hair_hard", "portrait")
METRICS = ("sad", "mse", "grad", "conn")
NAMES = ("SAD", "MSE", "Grad", "Conn")
TITLES = ("SAD", "MSE × 10³", "Grad", "Conn")
SCALES = (1, 1000, 1, 1)
GRABCUT, EVERYTHING = "GrabCut", "everything"
ITERATIONS = 5
TINY = (
    *('data.foregrounds=["synthetic:1@64:train"]', 'data.backgrounds=["open:1@64:train"]', "loop.steps=1"),
    *("data.side=64", "data.crops=[64]", "loop.batch=2", "validation.every=0", "data.held_out=0"),
)


Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By method, id and metric."""


class Person(NamedTuple):
    id: str
    kind: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--photographs", type=Path, help="a folder with image/, alpha/ and provenance.csv")
    parser.add_argument("--each", type=int, default=50, help="people of each kind")
    parser.add_argument("--size", type=int, default=256, help="of their images")
    parser.add_argument("--tiny", action="store_true", help="one step of training, for tests")
    given = parser.parse_args()
    runs = train_stages(given.work / "runs", tiny=given.tiny)
    people = draw_people(given.work / "people", given.each, given.size)
    scores = score_all(given.work / "people", runs)
    show(people, scores)
    if given.photographs is not None:
        show_photographs(given.work / "photographs", given.photographs, runs)


def train_stages(folder: Path, *, tiny: bool) -> dict[str, Path]:
    """Train what is not trained yet, stage by stage; return the runs."""
    runs = {name: folder / name for name in ("tnet", "mnet", "shm")}
    settings: tuple[str, ...] = TINY if tiny else ()
    windows = ("end_to_end.crops=[32]", "end_to_end.side=32") if tiny else ()
    before = [f"{name}={runs[name]}" for name in ("tnet", "mnet")]
    for name, more in (("tnet", ()), ("mnet", ()), ("shm", (*before, *windows))):
        recipe = "shm-small" if name == "shm" else f"shm-{name}-small"
        train(read_recipe(recipe, [*settings, *more]), runs[name])
    return runs


def draw_people(folder: Path, each: int, size: int) -> list[Person]:
    """Draw people that are not there yet, of the test split; return all."""
    people = []
    examples = stream(KINDS, size=size, split="test")
    for number in range(each * len(KINDS)):
        person = Person(f"{examples.class_at(number).replace('_', '-')}-{number}", examples.class_at(number))
        people.append(person)
        if not (folder / "alpha" / f"{person.id}.png").is_file():
            for layer, pixels in (("image", examples[number].image), ("alpha", examples[number].alpha)):
                make_folder(folder / layer)
                write_png(folder / layer / f"{person.id}.png", pixels)
    return people


def score_all(folder: Path, runs: Mapping[str, Path]) -> Scores:
    """Predict and evaluate by each method what is not there yet; return by method and id all four errors."""
    apart = {"tnet": str(runs["tnet"]), "mnet": str(runs["mnet"])}
    arms: dict[str, dict[str, Any]] = {
        "T-Net alone": {"tnet": apart["tnet"], "parts": "tnet"},
        "hard trimap": {**apart, "parts": "trimap"},
        "two stages": apart,
        EVERYTHING: {"weights": str(runs["shm"])},
    }
    scores = {}
    for arm in (GRABCUT, *arms):
        mattes = folder / "mattes" / arm.replace(" ", "-")
        if arm == GRABCUT:
            cut_all(folder, mattes)
        else:
            predict("shm", folder / "image", mattes, **arms[arm])
        out = folder / "scores" / mattes.name
        evaluate(mattes, alpha=folder / "alpha", region="whole", out=out, name=arm)
        scores[arm] = {
            row.id: {metric: float(getattr(row, metric)) for metric in METRICS}
            for row in load_scores(out).rows
        }
    return scores


def cut_all(folder: Path, mattes: Path) -> None:
    """Write GrabCut's masks of all images that have none yet."""
    make_folder(mattes)
    for file in sorted((folder / "image").iterdir()):
        out = mattes / f"{file.stem}.png"
        if not out.is_file():
            write_png(out, grabcut(read_image(file), read_alpha(folder / "alpha" / f"{file.stem}.png")))


def grabcut(image: UInt8, alpha: UInt8) -> UInt8:
    """Return the mask, 0 or 255, that GrabCut makes of the box around an alpha."""
    box = bounding_box(alpha > 0)
    assert box is not None
    labels = np.zeros(alpha.shape, np.uint8)
    rectangle = (box.left, box.top, box.right - box.left, box.bottom - box.top)
    models = [np.zeros((1, 65)) for _ in range(2)]
    cv2.setRNGSeed(0)  # its clusters begin at random
    cv2.grabCut(image, labels, rectangle, models[0], models[1], ITERATIONS, cv2.GC_INIT_WITH_RECT)
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return np.where(inside, np.uint8(255), np.uint8(0))


def show(people: Sequence[Person], scores: Scores) -> None:
    """Print the table of means and that of differences."""
    kinds = [person.kind for person in people]
    columns = {
        metric: {arm: np.array([of[person.id][metric] for person in people]) for arm, of in scores.items()}
        for metric in METRICS
    }
    print(f"{len(people)} people, whole images\n")
    print(f"| method | SAD | 95 % | {' | '.join(KINDS)} | {' | '.join(TITLES[1:])} |")
    print(f"|---|---:|---|{'---:|' * (len(KINDS) + len(TITLES) - 1)}")
    ids = [person.id for person in people]
    for arm in scores:
        of_sad, *others = (summarise(columns[metric][arm], kinds, ids) for metric in METRICS)
        cells = [f"{of_sad.by_class[kind].mean:.3f}" for kind in KINDS]
        cells += [
            f"{scale * each.class_mean.mean:.3f}" for scale, each in zip(SCALES[1:], others, strict=True)
        ]
        print(
            f"| {arm} | {of_sad.class_mean.mean:.3f} | {between(of_sad.class_mean)} | {' | '.join(cells)} |"
        )
    print(f"\n| difference | SAD | 95 % | {' | '.join(TITLES[1:])} | chance explains |")
    print(f"|---|---:|---|{'---:|' * (len(TITLES) - 1)}---|")
    pairs = zip(*(compare(columns[metric], kinds, ids).differences for metric in METRICS), strict=True)
    for of_metrics in pairs:
        first, second = of_metrics[0].first, of_metrics[0].second
        if GRABCUT in (first, second) or EVERYTHING in (first, second):
            means = [each.estimate.negated() for each in of_metrics]  # the later row less the earlier
            cells = [f"{scale * mean.mean:+.3f}" for scale, mean in zip(SCALES, means, strict=True)]
            chance = [title for title, each in zip(NAMES, of_metrics, strict=True) if explained(each)]
            print(f"| {second} less {first} | {cells[0]} | {between(means[0])} |", end=" ")
            print(f"{' | '.join(cells[1:])} | {', '.join(chance) or 'none'} |")


def between(estimate: Estimate) -> str:
    """Return the ends of an interval."""
    return "–" if estimate.bounds is None else "{:.3f} to {:.3f}".format(*estimate.bounds)


def explained(difference: Difference) -> bool:
    """Tell whether chance explains a difference, or nothing says that it does not."""
    return difference.p_holm is None or difference.p_holm >= 0.05


def show_photographs(work: Path, folder: Path, runs: Mapping[str, Path]) -> None:
    """Print how far each method is from another network's mattes of people, image by image."""
    with (folder / "provenance.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["role"] == "alpha"]
    people = [
        Path(row["file"]).stem
        for row in rows
        if row["alpha_kind"] == "predicted"
        and row["class_guess"].startswith("hair")
        and "fur" not in row["class_guess"]
    ]
    for name in people:
        for layer in ("image", "alpha"):
            make_folder(work / layer)
            (file,) = (folder / layer).glob(f"{name}.*")
            if not (work / layer / f"{name}.png").is_file():
                write_png(
                    work / layer / f"{name}.png", read_image(file) if layer == "image" else read_alpha(file)
                )
    scores = score_all(work, runs)
    print(f"\nSAD to the mattes of another network, {len(people)} photographs: no accuracy\n")
    print(f"| photograph | {' | '.join(scores)} |\n|---|{'---:|' * len(scores)}")
    for name in people:
        print(f"| {name} |", " | ".join(f"{of_arm[name]['sad']:.1f}" for of_arm in scores.values()), "|")


if __name__ == "__main__":
    main()
