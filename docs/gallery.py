"""Draw real examples and where each method fails: python docs/gallery.py writes docs/images/gallery-*.jpg.

Real examples are photographs in the public domain that scikit-image carries, each inside a trimap drawn by
hand below: photograph, trimap, the matte of simd.cutout, and what it cut out. Nobody knows their true alpha.

Of the images of simd-open-mini that a method has solved itself, by its entry in benchmarks/leaderboard, the
one on which it has the largest share of the trimap baseline's SAD: image, trimap, true alpha, its matte, the
error. No image is taken twice.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import cv2
import numpy as np
import skimage

import simd
from simd.dataset.manifest import Sample
from simd.image import read_image
from simd.metrics.scores import load_scores

ENTRIES = Path(__file__).parents[1] / "benchmarks" / "leaderboard" / "simd-open-mini"
IMAGES = Path(__file__).parent / "images"
SIDE = 160  # of each picture
GREEN = (60, 150, 90)


class Real(NamedTuple):
    """A part of a photograph, and a line along the border of what is cut out."""

    file: str
    rows: slice
    columns: slice
    border: list[tuple[int, int]]  # (x, y) in the part; the subject lies on one side of it
    corners: list[tuple[int, int]]  # of the part, that close the line around the subject
    width: int  # pixels of the unknown band


REAL = {
    "fur": Real(
        "chelsea.png",
        slice(0, 200),
        slice(230, 430),
        [
            *((170, 0), (158, 21), (145, 42), (141, 58), (126, 73), (132, 96)),
            *((136, 117), (132, 138), (124, 167), (110, 200)),
        ],
        [(0, 200), (0, 0)],
        22,
    ),
    "hair_easy": Real(
        "astronaut.png",
        slice(0, 150),
        slice(140, 322),
        [
            *((42, 150), (40, 132), (32, 123), (28, 115), (15, 100), (13, 77), (17, 60), (32, 45), (48, 35)),
            *((60, 23), (90, 16), (117, 20), (137, 32), (152, 50), (160, 73), (161, 93), (153, 113)),
            *((142, 127), (137, 133), (128, 137), (123, 150)),
        ],
        [],
        17,
    ),
    "sharp": Real(
        "coffee.png",
        slice(0, 400),
        slice(60, 500),
        [
            *((112, 96), (122, 52), (162, 22), (226, 14), (298, 30), (338, 58), (358, 66), (366, 76)),
            *((350, 111), (378, 134), (408, 178), (416, 222), (408, 282), (370, 340), (306, 378)),
            *((226, 389), (146, 378), (82, 348), (36, 296), (16, 244), (28, 186), (58, 140), (112, 96)),
        ],
        [],
        22,
    ),
}


def main() -> None:
    """Draw a row a class and a row a method, and print what it shows."""
    for class_, real in REAL.items():
        draw_real(class_, real)
    chosen = failures()
    with TemporaryDirectory() as work:
        for sample in simd.build(Path(work) / "set", spec="simd-open-mini"):
            for method in (name for name, id_ in chosen.items() if id_ == sample.row.id):
                draw(method, sample)


def draw_real(class_: str, real: Real) -> None:
    """Draw the row of a real example."""
    photograph = read_image(Path(skimage.__file__).parent / "data" / real.file)
    image = np.ascontiguousarray(photograph[real.rows, real.columns])
    trimap = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(trimap, [np.array(real.border + real.corners, np.int32)], 255)
    cv2.polylines(trimap, [np.array(real.border, np.int32)], False, 128, real.width)
    alpha, fg = simd.cutout(image, trimap)
    over = fg * alpha[..., None] + np.array(GREEN) * (1 - alpha[..., None])
    matte = np.rint(255 * alpha)
    write_row(f"real-{class_}", [image, trimap, matte, np.rint(over)])


def write_row(name: str, planes: list[np.ndarray]) -> Path:
    """Write pictures side by side, grey ones as RGB, as high as the others."""
    size = (round(SIDE * planes[0].shape[1] / planes[0].shape[0]), SIDE)
    pictures = [plane if plane.ndim == 3 else np.repeat(plane[..., None], 3, axis=2) for plane in planes]
    row = [cv2.resize(p.astype(np.uint8), size, interpolation=cv2.INTER_AREA) for p in pictures]
    file = IMAGES / f"gallery-{name}.jpg"
    cv2.imwrite(str(file), np.hstack(row)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return file


def draw(method: str, sample: Sample) -> None:
    """Draw the row of a method."""
    pred = np.rint(255 * simd.matte(sample.image, sample.trimap, method=method)).astype(np.uint8)
    error = cv2.absdiff(pred, sample.alpha)
    file = write_row(method, [sample.image, sample.trimap, sample.alpha, pred, error])
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
