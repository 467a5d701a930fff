"""Draw where `fused` wins and loses: python docs/fused_pictures.py WORK, a folder of benchmarks/fused.py.

A row an image of simd-open-mini: the image, its trimap, the true alpha, closed-form's, shared's and fused's.
The three images in which fused gains most on the better of the two answers, then the three in which it loses
most, each of another class.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from simd.image import read_alpha, read_image
from simd.metrics.scores import load_scores
from simd.trimap import read_trimap

OUT = Path(__file__).parent / "images" / "fused.jpg"
METHODS = ("closed-form", "shared", "fused")


def main() -> None:
    """Draw the sheet and print the SADs."""
    work = Path(sys.argv[1])
    sads: dict[str, dict[str, float]] = {}
    classes: dict[str, str] = {}
    for method in METHODS:
        for row in load_scores(work / "scores" / method).rows:
            if row.region == "unknown":
                sads.setdefault(row.id, {})[method], classes[row.id] = row.sad, row.class_
    gains = {id_: min(s["closed-form"], s["shared"]) - s["fused"] for id_, s in sads.items()}
    ranked = sorted(gains, key=lambda id_: gains[id_])
    chosen = [*first(ranked[::-1], classes), *first(ranked, classes)]
    for id_ in chosen:
        print(classes[id_], id_, {method: round(value, 2) for method, value in sads[id_].items()})
    sheet = np.vstack([row_of(work, id_) for id_ in chosen])
    cv2.imwrite(str(OUT), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])


def first(ids: list[str], classes: dict[str, str]) -> list[str]:
    """Return the first three of different classes."""
    by_class = {}
    for id_ in ids:
        by_class.setdefault(classes[id_], id_)
    return list(by_class.values())[:3]


def row_of(work: Path, id_: str) -> np.ndarray:
    """Return the pictures of an image side by side."""
    folder = work / "set"
    planes = [read_trimap(folder / "trimap" / f"{id_}.png"), read_alpha(folder / "alpha" / f"{id_}.png")]
    planes += [read_alpha(work / method / f"{id_}.png") for method in METHODS]
    pictures = [read_image(folder / "image" / f"{id_}.png")]
    pictures += [np.repeat(plane[..., None], 3, axis=2) for plane in planes]
    return np.hstack([cv2.resize(p, (200, 200), interpolation=cv2.INTER_AREA) for p in pictures])


if __name__ == "__main__":
    main()
