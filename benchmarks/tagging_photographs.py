"""How good proposals are on real foregrounds that somebody has tagged.

    python benchmarks/tagging_photographs.py FOREGROUNDS [--annotations annotations/regions]

FOREGROUNDS is a folder that has them, fg/ and alpha/; which they are stands in annotations/regions/README.md.
For each: its strokes, and the share of unknown pixels where a proposal agrees with the annotation. "shipped"
is the model of annotations/models, "own" one that is fitted on the other annotated foregrounds; both with any
class allowed and with the foreground's classes known. "one class" is the share of the commonest class, which
is what an image-level label reaches.
"""

import argparse
from pathlib import Path

import numpy as np

from simd.progress import track
from simd.sources import index_foregrounds
from simd.tagging.annotated_foregrounds import annotate, read_annotated
from simd.tagging.annotation_files import read_record
from simd.tagging.fill import unknown_of
from simd.tagging.patch_model import fit, read_model
from simd.tagging.propose import propose

COLUMNS = ("strokes", "one class", "shipped", "classes known", "own", "classes known")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("foregrounds")
    parser.add_argument("--annotations", type=Path, default=Path("annotations/regions"))
    options = parser.parse_args()
    records = annotate(index_foregrounds(options.foregrounds), options.annotations).records
    tagged = [fg for fg in records if fg.annotation is not None]
    pixels = [read_annotated(fg) for fg in tagged]
    examples = [(p.fg, p.alpha, p.class_mask, unknown_of(p.alpha)) for p in pixels]
    shipped, rows = read_model(), []
    for at, fg in enumerate(track(tagged, len(tagged), "foregrounds")):
        image, alpha, mask, unknown = examples[at]
        own = fit(examples[:at] + examples[at + 1 :])
        row = [len(read_record(fg.annotation).strokes), np.bincount(mask[unknown], minlength=20)[:20].max()]
        row[1] /= unknown.sum()
        for model in (shipped, own):
            for among in ((), fg.classes):
                proposed = propose(image, alpha, model, among=among, unknown=unknown).class_mask
                row.append((proposed == mask)[unknown].mean())
        rows.append(row)
    print(f"{'foreground':<22}" + "".join(f"{name:>15}" for name in COLUMNS))
    for fg, row in zip(tagged, rows, strict=True):
        print(f"{fg.id:<22}{row[0]:>15}" + "".join(f"{share:>15.1%}" for share in row[1:]))
    means = np.mean(rows, axis=0)
    print(f"{'mean of ' + str(len(rows)):<22}{means[0]:>15.1f}" + "".join(f"{m:>15.1%}" for m in means[1:]))


if __name__ == "__main__":
    main()
