"""Compare closed-form matting on the open test set, class by class, with the figures that papers print.

    python benchmarks/open_set.py [--foregrounds N] [--backgrounds N] [--spec simd-open] [--workers N]

The first foregrounds of each class over the first of their backgrounds are built, predicted and scored as any
set is. Printed are the SAD of closed-form and of the method `trimap` (0.5 on the unknown region), the
share of trimaps that know no foreground, which leaves closed-form nothing to start from, and Spearman's rank
correlation with the columns of "Semantic Image Matting" (CVPR 2021), Table 3.
"""

import argparse
import tempfile
from pathlib import Path

from scipy.stats import spearmanr

from simd.composition.build import build, plan_set
from simd.composition.spec import read_spec
from simd.dataset.manifest import MattingSet
from simd.image import FOREGROUND
from simd.methods.predict import predict
from simd.metrics.evaluate import evaluate
from simd.metrics.score import WHOLE
from simd.report.leaderboard.reported import read_reported
from simd.taxonomy import CLASSES

METHODS = ("closed-form", "trimap")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spec", default="simd-open")
    parser.add_argument("--foregrounds", type=int, default=2)
    parser.add_argument("--backgrounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        built = build_part(root / "set", given.spec, given.foregrounds, given.backgrounds, given.workers)
        sads = {method: class_sads(method, built, root / method, given.workers) for method in METHODS}
        print_table(sads, unknown_everywhere(built), built)


def build_part(out: Path, spec: str, foregrounds: int, backgrounds: int, workers: int) -> MattingSet:
    """Build the first foregrounds of each class of a shipped set, over the first of their backgrounds."""
    options = read_spec(spec)
    first: dict[str, list[str]] = {name: [] for name in CLASSES}
    wanted = []
    for planned in plan_set(**options):
        known = first[planned.fg.class_]
        if planned.fg.id not in known and len(known) < foregrounds:
            known.append(planned.fg.id)
        if planned.fg.id in known and planned.k < backgrounds:
            wanted.append(planned.id)
    return build(out, workers=workers, only=wanted, **options)


def class_sads(method: str, built: MattingSet, out: Path, workers: int) -> dict[str, float]:
    """Predict and score; return the mean SAD of each class's images."""
    predict(method, built.path, out, workers=workers)
    scores = evaluate(out, built.path, workers=workers).scores
    by_class: dict[str, list[float]] = {name: [] for name in CLASSES}
    for row in scores.rows:
        if row.region == WHOLE:
            by_class[row.class_].append(row.sad)
    return {name: sum(values) / len(values) for name, values in by_class.items() if values}


def unknown_everywhere(built: MattingSet) -> dict[str, float]:
    """Return, by class, the share of trimaps without a known foreground."""
    by_class: dict[str, list[bool]] = {}
    for sample in built:
        by_class.setdefault(sample.row.class_, []).append(not (sample.trimap == FOREGROUND).any())
    return {name: sum(values) / len(values) for name, values in by_class.items()}


def printed() -> dict[str, dict[str, float]]:
    """Return Table 3: method to class to SAD."""
    (table,) = (table for table in read_reported("simd") if table.what == "class")
    columns = dict(zip(table.columns, zip(*(row.values for row in table.rows), strict=True), strict=True))
    names = [row.name for row in table.rows]
    return {
        method: dict(zip(names, map(float, columns[method]), strict=True))
        for method in ("DIM", "IndexNet", "GCA", "SIM")
    }


def correlations(sads: dict[str, float]) -> dict[str, float]:
    """Return Spearman's rank correlation of class-wise SADs with each column of Table 3."""
    names = [name for name in CLASSES if name in sads]
    ours = [sads[name] for name in names]
    return {m: float(spearmanr(ours, [col[n] for n in names]).statistic) for m, col in printed().items()}


def print_table(sads: dict[str, dict[str, float]], blind: dict[str, float], built: MattingSet) -> None:
    table = printed()
    print(f"{len(built)} composites, digest {built.digest[:16]}\n")
    print(f"{'SAD':12} closed-form  trimap  ratio  no known fg     GCA     SIM (as printed)")
    for name in CLASSES:
        ours, floor = sads["closed-form"][name], sads["trimap"][name]
        mark = " solved" if ours < 0.01 * floor else " hopeless" if ours >= floor else ""
        print(
            f"{name:12} {ours:11.2f} {floor:7.2f} {ours / floor:6.2f} {blind[name]:12.0%}"
            f" {table['GCA'][name]:7.2f} {table['SIM'][name]:7.2f}{mark}"
        )
    for method, value in correlations(sads["closed-form"]).items():
        print(f"rank correlation of closed-form with {method}: {value:.2f}")


if __name__ == "__main__":
    main()
