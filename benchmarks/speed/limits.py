"""Time parts of simd beside what bounds them here: a copy of the memory, a codec, products of matrices.

    python benchmarks/speed/limits.py [--megapixels 4] [--rounds 9]

One thread, CPU time, medians, in turns. The limit of each line does the part of the work that cannot be left
out: it moves the same bytes, runs the codec on the same bytes, or multiplies as often as the factor does.
"""

import argparse
import platform
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numba
import numpy as np
from isal import isal_zlib
from matting_cases import picture
from PIL import Image
from threadpoolctl import threadpool_limits

from simd.composition.arithmetic import composite
from simd.generator.scenes import scene
from simd.image import UInt8, read_image
from simd.methods.classical.closed_form import estimate_alpha_closed_form
from simd.methods.classical.direct.dissection import dissect
from simd.methods.classical.direct.fronts import (
    BOUND,
    COLUMNS,
    END,
    LEFT,
    RIGHT_CHILD,
    START,
    find_boundaries,
)
from simd.methods.classical.windows import window_system
from simd.metrics.alpha import conn, grad, sad
from simd.png import png_bytes
from simd.trimap import trimap_of


class Line(NamedTuple):
    """A part of the work, and what bounds it."""

    part: str
    ours: Callable[[], object]
    limit: str
    least: Callable[[], object]


def lines(megapixels: float, folder: Path) -> list[Line]:
    """Return what is timed: pictures of some megapixels, the solver at no more than one."""
    image, trimap = picture("drawn fur", megapixels, None)
    height, width = trimap.shape
    woods = cv2.resize(scene("woods", 0, 1024), (width, height), interpolation=cv2.INTER_CUBIC)
    alpha = cv2.GaussianBlur(image[..., 1], (0, 0), 2)
    pred = cv2.GaussianBlur(alpha, (0, 0), 3)
    region = trimap == 128
    layers = [np.ascontiguousarray(array) for array in (image, woods, alpha)]
    out, mattes = [np.empty_like(array) for array in layers], [np.empty_like(alpha) for _ in range(2)]
    filtered = np.vstack([image[:1], image[1:] - image[:-1]])
    deflated = png_bytes(image)
    (folder / "image.png").write_bytes(deflated)
    raw = zlib.compress(filtered.tobytes(), 1)
    Image.fromarray(image).save(folder / "image.jpg", quality=92)
    jpeg = np.frombuffer((folder / "image.jpg").read_bytes(), np.uint8)
    small, small_trimap = picture("drawn fur", min(1.0, megapixels), None)
    matrix = np.random.default_rng(0).random((256, 256))
    products = multiplications(small, small_trimap) / len(matrix) ** 3
    times = max(1, round(products))
    copy_mattes, copy_layers = partial(copy, [alpha, pred], mattes), partial(copy, layers, out)
    return [
        Line("SAD", partial(sad, pred, alpha, region), "copy both mattes", copy_mattes),
        Line(
            "Grad",
            partial(grad, pred, alpha, region),
            "four filters of 9 taps",
            partial(filters, pred, alpha),
        ),
        Line("Conn", partial(conn, pred, alpha, region), "label one threshold", partial(label, pred, alpha)),
        Line("blend", partial(composite, image, alpha, woods), "copy its layers", copy_layers),
        Line("trimap", partial(trimap_of, alpha, 30), "one distance transform", partial(distances, region)),
        Line("write PNG", partial(png_bytes, image), "deflate", partial(isal_zlib.compress, filtered, 1)),
        Line("read PNG", partial(read_image, folder / "image.png"), "inflate", partial(zlib.decompress, raw)),
        Line(
            "read JPEG", partial(read_image, folder / "image.jpg"), "decode", partial(cv2.imdecode, jpeg, 1)
        ),
        Line(
            "closed-form",
            partial(estimate_alpha_closed_form, small, small_trimap),
            f"{times} products of 256 x 256",
            lambda: [matrix @ matrix for _ in range(times)],
        ),
    ]


def copy(arrays: list[UInt8], places: list[UInt8]) -> None:
    for array, place in zip(arrays, places, strict=True):
        np.copyto(place, array)


def filters(pred: UInt8, alpha: UInt8) -> None:
    taps = np.ones(9, np.float32)
    for matte in (pred, alpha):
        for _ in range(2):
            cv2.sepFilter2D(matte.astype(np.float32), cv2.CV_32F, taps, taps)


def label(pred: UInt8, alpha: UInt8) -> None:
    cv2.connectedComponents((np.minimum(pred, alpha) >= 128).view(np.uint8), connectivity=4)


def distances(region: np.ndarray) -> None:
    cv2.distanceTransform((~region).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def multiplications(image: UInt8, trimap: UInt8) -> float:
    """Return how often factoring closed-form's matrix multiplies and adds, all zeros left out."""
    grid = window_system(image, trimap).grid
    tree = dissect(grid)
    position = np.empty_like(tree.order)
    position[tree.order] = np.arange(len(tree.order), dtype=np.int32)
    table = np.zeros((len(tree.start), COLUMNS), np.int64)
    table[:, START], table[:, END] = tree.start, tree.end
    table[:, LEFT], table[:, RIGHT_CHILD] = tree.left, tree.right
    room = np.empty(8 * len(tree.order), np.int32)
    nodes = np.arange(len(table))
    find_boundaries(nodes, table, tree.order, position, grid.addresses, grid.slots, grid.steps, room, 0)
    own, bound = (tree.end - tree.start).astype(float), table[:, BOUND].astype(float)
    return float((own**3 / 6 + own**2 * bound / 2 + own * bound**2 / 2).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    threadpool_limits(1)
    numba.set_num_threads(1)
    cv2.setNumThreads(1)
    print(f"Python {platform.python_version()}, numpy {np.__version__}, OpenCV {cv2.__version__}")
    print(f"{arguments.megapixels:g} megapixels (closed-form at most 1), one thread, CPU ms\n")
    print(f"{'part':12}{'ours':>9}  {'limit':>9}  times the limit, which is to")
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(arguments.megapixels, Path(folder)):
            ours, least = timed([line.ours, line.least], arguments.rounds)
            print(f"{line.part:12}{ours:9.2f}  {least:9.2f}  {ours / least:5.1f}  {line.limit}", flush=True)


def timed(calls: list[Callable[[], object]], rounds: int) -> list[float]:
    """Return the median CPU milliseconds of calls taken in turns, the first of each left out."""
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds + 1):
        for call, times in zip(calls, taken, strict=True):
            start = time.process_time()
            call()
            times.append(1000 * (time.process_time() - start))
    return [statistics.median(times[1:]) for times in taken]


if __name__ == "__main__":
    main()
