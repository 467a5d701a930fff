"""Draw where each method fails: python docs/gallery.py writes docs/images/gallery-<method>.jpg.

Of the images of simd-open-mini that a method has solved itself, by its entry in benchmarks/leaderboard, the
one on which it has the largest share of the trimap baseline's SAD: image, trimap, true alpha, its matte, the
error. No image is taken twice.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

import simd
from simd.dataset.manifest import Sample
from simd.metrics.scores import load_scores

ENTRIES = Path(__file__).parents[1] / "benchmarks" / "leaderboard" / "simd-open-mini"
IMAGES = Path(__file__).parent / "images"
SIDE = 160  # of each picture


def main() -> None:
    """Draw a row a method, and print what it shows."""
    chosen = failures()
    with TemporaryDirectory() as work:
        for sample in simd.build(Path(work) / "set", spec="simd-open-mini"):
            for method in (name for name, id_ in chosen.items() if id_ == sample.row.id):
                draw(method, sample)


def draw(method: str, sample: Sample) -> None:
    """Draw the row of a method."""
    pred = np.rint(255 * simd.matte(sample.image, sample.trimap, method=method)).astype(np.uint8)
    planes = [sample.trimap, sample.alpha, pred, cv2.absdiff(pred, sample.alpha)]
    pictures = [sample.image, *(np.repeat(plane[..., None], 3, axis=2) for plane in planes)]
    row = np.hstack([cv2.resize(p, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for p in pictures])
    file = IMAGES / f"gallery-{method}.jpg"
    cv2.imwrite(str(file), row[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    sad = simd.sad(pred, sample.alpha, sample.trimap == 128)
    print(f"{method:16} {sample.row.class_:12} SAD {sad:6.2f}  {file.name}")


def failures() -> dict[str, str]:
    """Return for each method the image that it does worst on, as a share of the baseline's SAD."""
    baseline = {
        row.id: row.sad for row in load_scores(ENTRIES / "trimap" / "scores").rows if row.region == "unknown"
    }
    chosen: dict[str, str] = {}
    for folder in sorted(ENTRIES.iterdir()):
        rows = load_scores(folder / "scores").rows
        share = {
            row.id: row.sad / baseline[row.id]
            for row in rows
            if row.region == "unknown" and not row.fallback and row.id not in chosen.values()
        }
        if folder.name != "trimap":
            chosen[folder.name] = max(share, key=lambda id_: share[id_])
    return chosen


if __name__ == "__main__":
    main()
