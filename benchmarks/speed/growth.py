"""How time and memory grow with the number of foregrounds, of rows, or of regions.

    python benchmarks/speed/growth.py duplicates 1000 3000 10000 100000

Each size runs in a process of its own; its inputs are made before the clock starts. CPU seconds, and the most
memory that the process held, inputs and libraries included. The exponent is between this size and the one
before it: 1 is in proportion, 2 is all pairs.
"""

import argparse
import atexit
import hashlib
import json
import math
import multiprocessing
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from simd.parallel import peak_megabytes

FEATURES = 104  # of a region, as the descriptors have
PICTURE = 96  # pixels a side: the thumbnail is as large as any


class Measurement(NamedTuple):
    """What a part took."""

    seconds: float
    peak_mib: float
    note: str


def duplicates(count: int) -> Callable[[], str]:
    """Sign made cut-outs, one in fifty a changed copy of an earlier one; return the search for them."""
    from simd.selection.duplicates import add_duplicates
    from simd.selection.near_duplicates import sign
    from simd.selection.stored_thumbs import ThumbFile

    thumbs = ThumbFile()
    signatures = {}
    for number in range(count):
        copied = number % 50 == 49
        fg, alpha = made_cutout(number - 25 if copied else number)
        if copied:
            fg, alpha = fg[:, ::-1].copy(), alpha[:, ::-1].copy()
        signatures[f"{number:06d}"] = sign(fg, alpha).with_thumb_in(thumbs)

    def search() -> str:
        findings: dict[str, list] = {}
        add_duplicates(findings, signatures)
        return f"{len(findings)} of {count // 50} copies found"

    return search


def made_cutout(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw clouds of colour, cut out by another cloud; detail falls off as in photographs."""
    rng = np.random.default_rng(seed)
    clouds = np.zeros((PICTURE, PICTURE, 4), np.float32)
    for side in (3, 6, 12, 24, 48):
        spots = rng.normal(size=(side, side, 4)).astype(np.float32)
        clouds += cv2.resize(spots, (PICTURE, PICTURE), interpolation=cv2.INTER_CUBIC) * (3 / side)
    levels = np.clip(clouds * 60 + 128, 0, 255).astype(np.uint8)
    alpha = np.clip(clouds[..., 3] * 400 + 128, 0, 255).astype(np.uint8)
    return levels[..., :3].copy(), alpha


def board(rows: int) -> Callable[[], str]:
    """Write scores of two methods, of `rows` rows each; return the reading and the leaderboard of both."""
    from simd.metrics.score import Score
    from simd.metrics.scores import Scores, load_scores
    from simd.report.leaderboard.write import write_leaderboard
    from simd.taxonomy import CLASSES

    folder = Path(tempfile.mkdtemp(prefix="simd-growth-"))
    atexit.register(shutil.rmtree, folder)
    facts = {"name": "made", "protocol": "exact", "digest": "0" * 64, "trimaps_digest": "1" * 64}
    for name in ("first", "second"):
        rng = np.random.default_rng(len(name))
        made = []
        for number in range(rows // 2):
            class_ = CLASSES[number % 20]
            for region in ("unknown", class_):
                errors = dict(zip(("sad", "mse", "grad", "conn"), rng.gamma(2, size=4).tolist(), strict=True))
                id_, fg_id = f"{class_}-{number:08x}", f"{class_}-{number // 200}"  # ten images each
                made.append(Score(id=id_, class_=class_, fg_id=fg_id, region=region, pixels=90_000, **errors))
        Scores(name=name, version="1", set=facts, paths={}, rows=tuple(made), missing={}).save(folder / name)

    def show() -> str:
        files = write_leaderboard(
            [load_scores(folder / name) for name in ("first", "second")], folder / "out"
        )
        return f"{files[0].stat().st_size / 1024:.0f} KiB of page"

    return show


def made_features(count: int) -> np.ndarray:
    """Draw features of regions, ten of a foreground beside each other, foregrounds of 20 classes in turn."""
    rng = np.random.default_rng(0)
    foregrounds = -(-count // 10)
    classes, mixing = rng.normal(size=(20, 16)), rng.normal(size=(16, FEATURES)) / 4
    shared = classes[np.arange(foregrounds) % 20] + 0.8 * rng.normal(size=(foregrounds, 16))
    own = shared @ mixing + 0.5 * rng.normal(size=(foregrounds, FEATURES))
    features = np.repeat(own, 10, axis=0)[:count] + 0.02 * rng.normal(size=(count, FEATURES))
    return features.astype(np.float32)


def neighbours(count: int) -> Callable[[], str]:
    """Draw features of regions; return the search for the five nearest of other foregrounds."""
    from simd.report.embed.nearest import nearest_of_others, squared_distances
    from simd.report.embed.tsne import Scaling

    features = made_features(count)
    scaled, foregrounds = Scaling(features)(features), np.arange(count) // 10

    def search() -> str:
        _, squared = nearest_of_others(scaled, foregrounds, 5)
        some = np.linspace(0, count - 1, 400).astype(int)
        distances = squared_distances(scaled[some], scaled)
        distances[foregrounds[some, None] == foregrounds] = np.inf
        ordered = np.sort(np.partition(distances, 4, axis=1)[:, :5], axis=1)
        missed = ~np.isclose(squared[some], ordered)
        return f"{missed[:, 0].mean():.2%} miss their nearest, {missed.any(axis=1).mean():.2%} one of five"

    return search


def rows(count: int) -> Callable[[], str]:
    """Write the two tables of a set in another process; return the reading and counting of its rows."""
    folder = Path(tempfile.mkdtemp(prefix="simd-growth-"))
    atexit.register(shutil.rmtree, folder)
    maker = multiprocessing.get_context("fork").Process(target=write_rows, args=(folder, count))
    maker.start()
    maker.join()

    def read() -> str:
        from simd.dataset.manifest import load_set
        from simd.selection.class_counts import balance

        before = peak_megabytes()
        matting_set = load_set(folder)
        after, count = peak_megabytes(), len(matting_set)
        del matting_set
        counted = balance(folder)
        return f"{before} MB before, {after} MB with {count:,} rows, {counted.total:,} foregrounds counted"

    return read


def write_rows(
    folder: Path, count: int, side: int = 1024, hashes: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """Write dataset.json and metadata.jsonl, ten composites of a foreground; hashes by class, or made up."""
    from simd.dataset.manifest import write_manifest
    from simd.records import LAYERS, Composite
    from simd.taxonomy import CLASSES

    made = []
    for number in range(count):
        class_ = CLASSES[number // 10 % 20]
        digests = (hashes or {}).get(class_) or {
            f"{layer}_sha256": hashlib.sha256(f"{layer}{number}".encode()).hexdigest() for layer in LAYERS
        }
        crop = {"bg_height": 1080, "bg_width": 1920, "crop_top": number % 97, "crop_left": number % 89}
        made.append(
            Composite(
                id=f"{class_.replace('_', '-')}-{number:08x}",
                class_=class_,
                classes=(class_,),
                fg_id=f"photographs/{class_}/{number // 10:06d}",
                bg_id=f"background-{number % 5000:05d}.jpg",
                source="folder",
                licence="CC-BY-4.0",
                bg_source="folder",
                bg_licence="CC0-1.0",
                alpha_kind="hand",
                protocol="exact",
                recipe={"k": number % 10, "height": side, "width": side, "trimap_radius": 12, **crop},
                seed=58370907910000 + number,
                class_mask_from="regions",
                **digests,
            )
        )
    write_manifest(folder, made, name="made", protocol="exact", seed=0, sources=[])


def picture(pixels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a drawn fur of some pixels: colour, alpha, and its unknown region."""
    from simd.generator import synthetic
    from simd.trimap import default_radius, trimap_of, unknown_region

    side = round(pixels**0.5)
    drawn = synthetic("fur", 0, 512)
    fg, alpha = (cv2.resize(layer, (side, side), interpolation=cv2.INTER_CUBIC) for layer in drawn[:2])
    return fg, alpha, unknown_region(trimap_of(alpha, default_radius(alpha.shape)))


def signing(pixels: int) -> Callable[[], str]:
    """Draw a picture; return the making of its signature."""
    from simd.selection.near_duplicates import sign

    fg, alpha, _ = picture(pixels)

    def signed() -> str:
        return sign(fg, alpha).digest[:8]

    return signed


def stats(pixels: int) -> Callable[[], str]:
    """Draw a picture; return the measuring that `simd stats` does."""
    from simd.features.region_statistics import measure_regions

    fg, alpha, unknown = picture(pixels)

    def measured() -> str:
        left = unknown.copy()
        left[:, left.shape[1] // 2 :] = False
        whole, _ = measure_regions(fg, alpha, unknown, {"fur": left, "hair_hard": unknown & ~left})
        return f"thickness {whole.thickness:.2f}, {whole.components} components"

    return measured


def embedding(count: int) -> Callable[[], str]:
    """Draw regions of 20 classes, ten of a foreground; return the making of their map and its files."""
    from simd.report.embed.embedding import map_of, write_embedding
    from simd.report.embed.patches import RegionPatch
    from simd.report.html.thumbnails import beside, thumbnail
    from simd.taxonomy import CLASSES

    pictures = [thumbnail(beside(*made_cutout(seed)), 128)[0] for seed in range(200)]
    features = made_features(count)
    patches = []
    for number in range(count):
        class_, fg_id = CLASSES[number // 10 % 20], f"{number // 10:06d}"
        patches.append(RegionPatch(f"{fg_id}-{number:08x}", class_, class_, fg_id, pictures[number % 200]))
    folder = Path(tempfile.mkdtemp(prefix="simd-growth-"))
    atexit.register(shutil.rmtree, folder)

    def show() -> str:
        start = time.process_time()
        embedding = map_of(patches, features, name="made", digest="0" * 64)
        mapped = time.process_time() - start
        write_embedding(embedding, folder)
        sheets = sum(file.stat().st_size for file in folder.glob("thumbnails/*")) / 1e6
        page, points = ((folder / name).stat().st_size / 1e6 for name in ("index.html", "points.js"))
        return (
            f"map and neighbours {mapped:.1f} s, k-NN {embedding.neighbours.accuracy:.3f}; "
            f"page {page:.2f} MB, points {points:.1f} MB, thumbnails {sheets:.0f} MB"
        )

    return show


PARTS = {
    "embed": embedding,
    "duplicates": duplicates,
    "neighbours": neighbours,
    "board": board,
    "rows": rows,
    "signing": signing,
    "stats": stats,
}
ROUNDS = {"signing": 7, "stats": 7}
"""Turns of parts that take less than a second, of which the median counts."""


def measure(part: str, size: int) -> Measurement:
    """Run a part in a process of its own."""
    command = [sys.executable, __file__, part, str(size), "--here"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Measurement(*json.loads(printed.splitlines()[-1]))


def measure_here(part: str, size: int) -> Measurement:
    """Run a part after its inputs are made and its loops compiled."""
    PARTS[part](2000 if part in ("signing", "stats") else 60)()
    work = PARTS[part](size)
    turns = []
    for _ in range(ROUNDS.get(part, 1)):
        start = time.process_time()
        note = work()
        turns.append(time.process_time() - start)
    seconds = statistics.median(turns)
    # not what getrusage says: a new process is born with the peak of the one that started it
    return Measurement(seconds, (peak_megabytes() or math.nan) * 1e6 / 2**20, note)


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--here", action="store_true", help="in this process, one size, as JSON")
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure_here(options.part, options.sizes[0])))
        return
    print(f"{options.part:>12}  CPU seconds  exponent  peak MiB")
    before: tuple[int, float] | None = None
    for size in options.sizes:
        seconds, peak, note = measure(options.part, size)
        exponent = f"{math.log(seconds / before[1]) / math.log(size / before[0]):.2f}" if before else ""
        print(f"{size:12,}  {seconds:11.2f}  {exponent:>8}  {peak:8.0f}  {note}", flush=True)
        before = size, seconds


if __name__ == "__main__":
    main()
