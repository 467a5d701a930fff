"""How good the strokes' fill and the proposals are on mixed objects, whose true class masks are known.

    python benchmarks/tagging.py --per-kind 10        # the foregrounds of simd-open-mixed
    python benchmarks/tagging.py --cutouts FOLDER     # cut-outs of one class each

Strokes are drawn by the simulated annotator of simd/tagging/simulate.py. "Strokes to 90 %" counts, for
each object, those of one, two or three strokes a class, whichever is the first to give 90 % of the unknown
pixels their class (else three). A proposal that is right on 90 % needs none; any other is thrown away, and
costs as many strokes as if there had been none.
"""

import argparse
import time

import numpy as np

from simd.progress import track
from simd.sources import index_foregrounds, read_foreground
from simd.tagging.fill import fill, unknown_of
from simd.tagging.paint import blank, paint
from simd.tagging.patch_model import read_model
from simd.tagging.propose import propose
from simd.tagging.simulate import draw_strokes
from simd.taxonomy import CLASSES

GOOD = 0.9
COLUMNS = ("1 stroke", "2 strokes", "3 strokes", "proposal", "classes known")


def measure(fg, model):
    """Return the kind, the share of right pixels of each column, strokes by hand, and seconds of a fill."""
    pixels = read_foreground(fg)
    unknown = unknown_of(pixels.alpha)
    right, counts, seconds = [], [], 0.0
    for per_class in (1, 2, 3):
        strokes = draw_strokes(pixels.class_mask, unknown, per_class)
        start = time.process_time()
        mask = fill(pixels.fg, pixels.alpha, paint(strokes, blank(unknown.shape)), unknown).class_mask
        seconds = time.process_time() - start
        right.append((mask == pixels.class_mask)[unknown].mean())
        counts.append(len(strokes))
    for among in ((), fg.classes):
        mask = propose(pixels.fg, pixels.alpha, model, among=among, unknown=unknown).class_mask
        right.append((mask == pixels.class_mask)[unknown].mean())
    by_hand = next((n for n, share in zip(counts, right[:3], strict=True) if share >= GOOD), counts[-1])
    return fg.id.split("/")[1], right, by_hand, seconds


def named(place, model):
    """Return how many foregrounds of a class get it on most of their unknown pixels, and of how many."""
    records = [fg for fg in index_foregrounds(place).records if len(fg.classes) == 1]
    right = 0
    for fg in track(records, len(records), "cut-outs"):
        pixels = read_foreground(fg)
        mask = propose(pixels.fg, pixels.alpha, model).class_mask
        right += CLASSES[np.bincount(mask.ravel(), minlength=256)[:20].argmax()] == fg.class_
    return right, len(records)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-kind", type=int, default=10)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--cutouts", help="or: name the classes of this folder of cut-outs of one class each")
    options = parser.parse_args()
    if options.cutouts:
        right, total = named(options.cutouts, read_model())
        print(f"{right} of {total} cut-outs ({right / total:.0%}) have their class on most unknown pixels")
        return
    records = index_foregrounds(f"synthetic-mixed:{options.per_kind}@{options.size}:test").records
    model = read_model()
    rows = [measure(fg, model) for fg in track(records, len(records), "objects")]
    print(f"{'kind':<10}" + "".join(f"{name:>15}" for name in COLUMNS))
    for kind in dict.fromkeys(row[0] for row in rows):
        shares = np.mean([row[1] for row in rows if row[0] == kind], axis=0)
        print(f"{kind:<10}" + "".join(f"{share:>15.1%}" for share in shares))
    whole = np.mean([row[1] for row in rows], axis=0)
    print(f"{'all':<10}" + "".join(f"{share:>15.1%}" for share in whole))
    by_hand = sum(row[2] for row in rows)
    for column, name in ((3, "any class"), (4, "classes known")):
        needed = sum(row[2] for row in rows if row[1][column] < GOOD)
        print(
            f"strokes to 90 %, {name}: {by_hand} by hand, {needed} after proposals: "
            f"{1 - needed / by_hand:.0%} saved"
        )
    print(f"objects: {len(rows)}; fill: {np.mean([row[3] for row in rows]):.2f} s of processor time each")


if __name__ == "__main__":
    main()
