"""Put real mattes among generated ones: is a matte's own class among the five nearest?

    python benchmarks/real_neighbours.py SET REAL [--out real.csv]

SET is a set of generated foregrounds; REAL a folder with alpha/ and provenance.csv (columns file, role,
class_guess, alpha_kind). The descriptors are scaled by the generated patches alone. The distance to a
class is the mean over its three nearest patches; where a matte has several classes, the first counts.
Prints each matte with its rank, the share within five classes (for mattes cut by hand, of reference or
derived from these, and for all), and the classes whose mattes lie far from their generated counterparts.
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from simd.dataset.manifest import load_set
from simd.features.descriptors import describe
from simd.image import read_alpha
from simd.report.embed.neighbours import nearest_classes
from simd.report.embed.patches import read_patches
from simd.report.embed.tsne import Scaling
from simd.taxonomy import class_index, class_name
from simd.trimap import trimap_of, unknown_region

FIRST_KINDS = ("hand_cut", "reference", "derived")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set")
    parser.add_argument("real", type=Path)
    parser.add_argument("--out", type=Path, help="CSV file: a row a matte")
    options = parser.parse_args()
    ranks = rank_real(options.set, options.real)
    if options.out:
        with options.out.open("w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["matte", "kind", "class", "rank", *(f"nearest_{k}" for k in range(1, 6))])
            writer.writerows([name, kind, class_, rank, *near] for name, kind, class_, rank, near in ranks)
    for name, kind, class_, rank, near in sorted(ranks, key=lambda row: row[3]):
        print(f"{rank:3d}  {name:24} {kind:13} {class_:12} nearest: {', '.join(near)}")
    first = [row for row in ranks if row[1] in FIRST_KINDS]
    for title, rows in (("hand-cut, reference and derived", first), ("all", ranks)):
        within = sum(rank <= 5 for _, _, _, rank, _ in rows)
        top = sum(rank == 1 for _, _, _, rank, _ in rows)
        print(
            f"{title}: own class among the 5 nearest {within}/{len(rows)} = {within / len(rows):.0%}, "
            f"the nearest {top}"
        )
    by_class = defaultdict(list)
    for _, _, class_, rank, _ in first:
        by_class[class_].append(rank)
    far = {c: r for c, r in by_class.items() if np.median(r) > 5}
    print("far from their real counterparts:", ", ".join(f"{c} {r}" for c, r in far.items()) or "none")


def rank_real(place: str, real: Path) -> list[tuple[str, str, str, int, list[str]]]:
    """Return (name, kind, class, rank of the class, five nearest classes) of each real matte."""
    patches, features, _ = read_patches(load_set(place), "descriptors")
    labels = np.array([class_index(patch.class_) for patch in patches])
    with (real / "provenance.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["role"] == "alpha"]
    described = np.stack([_describe(real / row["file"]) for row in rows])
    scaling = Scaling(features)
    ranked = nearest_classes(scaling(features), labels, scaling(described))
    found = []
    for row, near in zip(rows, ranked, strict=True):
        class_ = class_name(row["class_guess"].split("|")[0])
        rank = near.index(class_) + 1 if class_ in near else len(near) + 1
        found.append((Path(row["file"]).stem, row["alpha_kind"], class_, rank, near[:5]))
    return found


def _describe(path: Path) -> np.ndarray:
    alpha = read_alpha(path)
    trimap = trimap_of(alpha, max(3, round(0.01 * min(alpha.shape))))  # as protocol `exact` makes it
    return describe(alpha, unknown_region(trimap))


if __name__ == "__main__":
    main()
