"""Train the arms of Table 5 of "Semantic Image Matting" (CVPR 2021) on drawn objects, and compare them.

    python benchmarks/ablation.py --out WORK                      # what is missing, run after run
    python benchmarks/ablation.py --out WORK --arm +S --seed 1    # one run
    python benchmarks/ablation.py --table                         # of the rows that are there

The arms differ in what the matting network is given and in the terms of its loss: `basic` has the losses of
reconstruction alone, `+S` the semantic trimap, `+S+D` also the discriminator's two terms, `+S+D+G` also the
gradient and the exclusion loss. All are trained by `sim-small` for the same number of steps and, with the
same seed, on the same samples, from the generator's training split; they predict simd-open-mini, of its
test split. The classifier and the discriminator are trained once, by their recipes. Each finished run adds
a row to ablation.jsonl, or to --results; a run that was stopped goes on.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import t as student

from simd.composition.build import build
from simd.composition.spec import read_spec
from simd.dataset.manifest import load_set
from simd.errors import DataError
from simd.methods.predict import predict
from simd.metrics.evaluate import evaluate
from simd.metrics.score import WHOLE
from simd.metrics.uncertainty import Estimate, compare, summarise
from simd.report.leaderboard.reported import read_reported
from simd.report.training_page import write_training_page
from simd.training.loop import train
from simd.training.recipe import read_recipe
from simd.training.run_samples import make_samples

RESULTS = Path(__file__).with_suffix(".jsonl")
ARMS = ("basic", "+S", "+S+D", "+S+D+G")
FLOOR = "trimap"
"""The method that answers 0.5 wherever the trimap is unknown."""
WITHOUT = {
    "S": ["network.semantics=false"],
    "D": ["losses.features=0", "losses.classes=0"],
    "G": ["losses.gradient=0", "losses.exclusion=0"],
}
RUNS = [
    *((arm, 0) for arm in ARMS),
    *((arm, seed) for arms in (("basic", "+S+D+G"), ("+S", "+S+D")) for seed in (1, 2) for arm in arms),
]
"""The most telling first."""
STEPS = 400
SETTINGS = [
    'data.foregrounds=["synthetic:8@320:train", "synthetic-mixed:8@320:train"]',
    *("loop.batch=6", "loop.precision=bfloat16", "checkpoints.every=50", "checkpoints.keep=1"),
]
TINY = [
    *('data.foregrounds=["synthetic:1@64:train"]', 'data.backgrounds=["open:1@64:train"]', "data.held_out=0"),
    *(
        "data.side=64",
        "data.crops=[48, 64]",
        "data.patch_sides=[48, 64]",
        "loop.batch=2",
        "validation.every=0",
    ),
    *("checkpoints.final=last",),
]
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="folder of the runs, the test set and the mattes")
    parser.add_argument("--arm", choices=ARMS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="print the table of the rows that are there")
    parser.add_argument("--tiny", action="store_true", help="few and small pictures, to see that it runs")
    given = parser.parse_args()
    if given.out is not None:
        wanted = [each for each in RUNS if given.arm in (None, each[0]) and given.seed in (None, each[1])]
        if given.arm is not None and given.seed is not None:
            wanted = [(given.arm, given.seed)]
        Ablation(given.out, given.results, given.steps, tiny=given.tiny).add(wanted)
    elif not given.table:
        parser.error("name the folder of the runs, --out WORK, or ask for the --table")
    if given.table:
        print(table(read_rows(given.results)))


class Ablation:
    """The runs of a folder, and the file that their rows go to."""

    def __init__(self, work: Path, results: Path, steps: int, *, tiny: bool) -> None:
        self.work, self.results, self.steps, self.tiny = work, results, steps, tiny
        self._samples: dict[int, Any] = {}

    def add(self, wanted: Sequence[tuple[str, int]]) -> None:
        """Do the runs that have no row yet, and add theirs."""
        rows = read_rows(self.results)
        if others := {row["steps"] for row in rows} - {self.steps}:
            raise DataError(
                f"{self.results}: holds rows of {others.pop()} steps, not {self.steps}; "
                "name another --results"
            )
        present = {(row["arm"], row["seed"]) for row in rows}
        missing = [each for each in wanted if each not in present]
        if not missing:
            print(f"{self.results}: holds the rows asked for")
            return
        torch.set_num_threads(1)
        self.work.mkdir(parents=True, exist_ok=True)
        self._build()
        for stage in ("classifier", "discriminator"):
            steps = [f"loop.steps={self.steps}", *TINY] if self.tiny else []
            train(read_recipe(f"sim-{stage}-small", steps), self.work / stage, show=write_training_page)
        if (FLOOR, 0) not in present:
            self._score(FLOOR, 0, {})
        for arm, seed in missing:
            run, minutes = self._train(arm, seed)
            self._score(arm, seed, {"weights": run}, minutes)

    def _build(self) -> None:
        """Build the test set, unless an earlier call has."""
        options = (
            {"foregrounds": "synthetic:1@64:test", "backgrounds": "open:1@64:test", "per_class": 1}
            if self.tiny
            else read_spec("simd-open-mini")
        )
        try:
            load_set(self.work / "set")
        except DataError:
            build(self.work / "set", **options)

    def _train(self, arm: str, seed: int) -> tuple[Path, float]:
        """Train an arm, or go on; return its folder and the minutes of CPU time over all sessions."""
        settings = [*SETTINGS, *(TINY if self.tiny else [f"validation.every={self.steps}"])]
        settings += [f"loop.steps={self.steps}", f"seed={seed}"]
        settings += [f"{stage}={self.work / stage}" for stage in ("classifier", "discriminator")]
        recipe = read_recipe(
            "sim-small", settings + [each for part, off in WITHOUT.items() if part not in arm for each in off]
        )
        if seed not in self._samples:  # the same for all arms, so drawn once
            self._samples = {seed: make_samples(recipe)}
            for number in range(recipe.loop.steps * recipe.loop.batch):
                self._samples[seed][0][number]
        samples, held = self._samples[seed]
        run = self.work / f"{arm}-{seed}"
        clock = run.with_suffix(".minutes")
        minutes, began = float(clock.read_text()) if clock.is_file() else 0.0, time.process_time()
        try:
            train(recipe, run, samples=samples, validation_samples=held, show=write_training_page)
        finally:
            minutes += (time.process_time() - began) / 60
            clock.write_text(f"{minutes}\n")
        return run, minutes

    def _score(self, arm: str, seed: int, options: dict[str, Any], minutes: float = 0.0) -> None:
        built, mattes = self.work / "set", self.work / "mattes" / f"{arm}-{seed}"
        predict(FLOOR if arm == FLOOR else "sim", built, mattes, **options)
        by_foreground: dict[str, dict[str, list[float]]] = {}
        for score in evaluate(mattes, built).scores.rows:
            if score.region == WHOLE:
                by_foreground.setdefault(score.class_, {}).setdefault(score.fg_id, []).append(score.sad)
        classes = {
            name: {fg: round(float(np.mean(sads)), 5) for fg, sads in sorted(of_class.items())}
            for name, of_class in sorted(by_foreground.items())
        }
        row = {
            "arm": arm,
            "seed": seed,
            "steps": self.steps,
            "cpu_minutes": round(minutes, 2),
            "set": load_set(built).digest[:16],
            "shared": [
                json.loads((self.work / stage / f"{stage}.json").read_text())["sha256"][:12]
                for stage in ("classifier", "discriminator")
            ],
            "sad": round(float(np.mean([np.mean(list(sads.values())) for sads in classes.values()])), 5),
            "sad_by_class_and_foreground": classes,
        }
        with self.results.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        print(f"{arm} seed {seed}: SAD {row['sad']:.3f}, {minutes:.1f} CPU minutes", flush=True)


def read_rows(results: Path) -> list[Row]:
    """Return the rows of a results file, none if there is no file."""
    if not results.is_file():
        return []
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


class Arm:
    """The rows of an arm: SAD by foreground, the mean over its seeds.

    Parameters
    ----------
    rows : sequence of dict
        Of one arm, each of another seed.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = sorted(rows, key=lambda row: row["seed"])
        self.seeds = [row["sad"] for row in self.rows]
        by_class = [row["sad_by_class_and_foreground"] for row in rows]
        self.names = [(class_, fg) for class_, sads in by_class[0].items() for fg in sads]
        self.sads = np.mean([[each[class_][fg] for class_, fg in self.names] for each in by_class], axis=0)

    def mean(self) -> Estimate:
        """Return the class-balanced SAD, its interval over foregrounds."""
        classes, foregrounds = zip(*self.names, strict=True)
        return summarise(self.sads, classes, foregrounds).class_mean

    def less(self, other: "Arm") -> Estimate:
        """Return this arm's SAD less another's, foreground by foreground."""
        classes, foregrounds = zip(*self.names, strict=True)
        both = {"this": self.sads, "other": other.sads}
        return compare(both, classes, foregrounds).differences[0].estimate


def table(rows: Sequence[Row]) -> str:
    """Return three Markdown tables: the arms, each compared with the one before it, and the paper's.

    Raises
    ------
    DataError
        If rows were not made alike: other steps, another test set, or other shared networks.
    """
    made = {json.dumps([row["set"], row["shared"], row["steps"]]) for row in rows if row["arm"] != FLOOR}
    if len(made) != 1:
        reason = f"rows of {len(made)} settings" if made else "no row of an arm"
        raise DataError(f"{reason}; a table needs rows of one set, one classifier and the same steps")
    arms = {arm: Arm(of) for arm in (FLOOR, *ARMS) if (of := [row for row in rows if row["arm"] == arm])}
    lines = [
        "| arm | SAD | 95 % over foregrounds | each seed | CPU minutes a run |",
        "|---|---:|---|---|---:|",
    ]
    for name, arm in arms.items():
        seeds, minutes = "–", "–"
        if name != FLOOR:
            seeds = ", ".join(f"{sad:.3f}" for sad in arm.seeds)
            minutes = f"{np.mean([row['cpu_minutes'] for row in arm.rows]):.1f}"
        lines.append(f"| {name} | {arm.mean().mean:.3f} | {_span(arm.mean())} | {seeds} | {minutes} |")
    lines += [
        "",
        "| difference of SAD | | 95 % over foregrounds | 95 % over seeds | chance explains it |",
        "|---|---:|---|---|---|",
    ]
    trained = [name for name in arms if name != FLOOR]
    ends = [(trained[0], trained[-1])] if len(trained) > 2 else []
    lines += [_compared(name, before, arms) for before, name in [*pairwise(trained), *ends]]
    return "\n".join([*lines, "", *_printed()])


def _printed() -> list[str]:
    """Return the paper's table, of other images: it stands beside ours, never in one with it."""
    (table,) = (table for table in read_reported("simd") if table.what == "arm")
    sads = {row.name: float(row.values[table.columns.index("SAD")]) for row in table.rows}
    lines = ["| the paper, on SIMD's test set | SAD | less the arm before |", "|---|---:|---:|"]
    for before, name in pairwise([None, *sads]):
        less = (
            "–"
            if before is None
            else f"{sads[name] - sads[before]:+.2f} ({sads[name] / sads[before] - 1:+.0%})"
        )
        lines.append(f"| {name} | {sads[name]:.2f} | {less} |")
    return lines


def seed_reach(arms: Sequence[Arm], first: Arm, second: Arm) -> float | None:
    """Return how far seeds alone carry the difference of two arms, 95 %; None if no arm has two seeds.

    The variance between seeds is pooled over all arms, each with its number of seeds less one.
    """
    several = [np.array(arm.seeds) for arm in arms if len(arm.seeds) > 1]
    free = sum(len(sads) - 1 for sads in several)
    if not free:
        return None
    variance = sum(((sads - sads.mean()) ** 2).sum() for sads in several) / free
    error = math.sqrt(variance * (1 / len(first.seeds) + 1 / len(second.seeds)))
    return float(student.ppf(0.975, free)) * error


def _compared(name: str, before: str, arms: dict[str, Arm]) -> str:
    difference = arms[name].less(arms[before])
    reach = seed_reach([arm for each, arm in arms.items() if each != FLOOR], arms[name], arms[before])
    seeds = difference._replace(low=None, high=None)
    if reach is not None:
        seeds = difference._replace(low=difference.mean - reach, high=difference.mean + reach)
    spans = {"of foregrounds": difference.bounds, "of seeds": seeds.bounds}
    causes = [cause for cause, span in spans.items() if span is not None and span[0] <= 0 <= span[1]]
    unknown = [cause for cause, span in spans.items() if span is None]
    cells = [
        *(f"{name} less {before}", _change(difference, arms[before]), _span(difference), _span(seeds)),
        _verdict("yes, ", causes) or _verdict("not known, ", unknown) or "no",
    ]
    return f"| {' | '.join(cells)} |"


def _change(difference: Estimate, before: Arm) -> str:
    mean = before.mean().mean
    return f"{difference.mean:+.3f}" + (f" ({difference.mean / mean:+.0%})" if mean else "")


def _verdict(answer: str, causes: Sequence[str]) -> str:
    return answer + " and ".join(causes) if causes else ""


def _span(estimate: Estimate) -> str:
    return "–" if estimate.bounds is None else "{:.3f} to {:.3f}".format(*estimate.bounds)


if __name__ == "__main__":
    try:
        main()
    except DataError as error:
        sys.exit(str(error))
