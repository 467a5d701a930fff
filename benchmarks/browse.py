"""Time `simd browse` on a large set: CPU time and peak memory until its dataset stands in the database.

    python benchmarks/browse.py [--composites N] [--images N] [--side PIXELS] [--methods N]

The set holds 200 different images, linked until there are enough, so that files and maps of links are shared.
The database is a private one on loopback; its own CPU time is not ours and is not counted.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import msgspec.structs
import numpy as np

from simd.composition.build import build
from simd.dataset.manifest import load_set, write_manifest
from simd.image import read_alpha, write_png
from simd.metrics.evaluate import evaluate
from simd.parallel import peak_megabytes
from simd.records import LAYERS, file_name

LIMITS = {"seconds": 60.0, "gigabytes": 2.0}


def make_set(root: Path, composites: int, images: int, side: int) -> Path:
    """Build `images` composites and link them until there are `composites`."""
    drawn = build(root / "drawn", foregrounds=f"synthetic:{max(1, images // 20)}@{side}", workers=2)
    rows = []
    for layer in LAYERS:
        (root / "set" / layer).mkdir(parents=True)
    for number in range(composites):
        row = drawn.rows[number % len(drawn.rows)]
        id_ = f"{row.id.rpartition('-')[0]}-{number:08x}"
        for layer in LAYERS:
            (root / "set" / file_name(id_, layer)).hardlink_to(drawn.path / file_name(row.id, layer))
        rows.append(msgspec.structs.replace(row, id=id_))
    write_manifest(root / "set", rows, name="large", protocol="exact", seed=0, sources=[])
    return root / "set"


def make_method(root: Path, name: str, place: Path, rng: np.random.Generator) -> Path:
    """Write mattes that are wrong by noise, linked as their images are, and score them."""
    folder = root / name
    folder.mkdir()
    first: dict[int, Path] = {}
    for sample in load_set(place):
        file, source = folder / f"{sample.row.id}.png", sample.path("alpha")
        if (node := source.stat().st_ino) in first:
            file.hardlink_to(first[node])
            continue
        alpha = read_alpha(source)
        noisy = alpha + 30 * rng.standard_normal(alpha.shape) * (alpha > 0) * (alpha < 255)
        write_png(file, np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
        first[node] = file
    scores = root / "scores" / name
    evaluate(folder, place, workers=2).scores.save(scores)
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--composites", type=int, default=10_000)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--side", type=int, default=320)
    parser.add_argument("--methods", type=int, default=2)
    chosen = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="simd-browse-"))
    try:
        child = os.fork()  # so that the peak is that of browsing alone
        if child == 0:
            rng = np.random.default_rng(0)
            place = make_set(root, chosen.composites, chosen.images, chosen.side)
            for number in range(chosen.methods):
                make_method(root, f"noise-{number}", place, rng)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            raise SystemExit("the set could not be made")
        return measure(root / "set", sorted((root / "scores").glob("*.csv")))
    finally:
        shutil.rmtree(root)


def measure(place: Path, scores: list[Path]) -> int:
    """Browse once and again, print what it took; 1 if it was more than the limits."""
    from simd.report.browse.open import prepare

    used = []
    for word in ("made", "opened again"):
        start, wall = time.process_time(), time.perf_counter()
        opened = prepare(place, scores=scores)
        used.append(time.process_time() - start)
        peak = (peak_megabytes() or 0) / 1000
        fields = len(opened.dataset.get_field_schema())
        print(
            f"{word}: {len(opened.dataset):,} samples, {fields} fields, {len(opened.views)} views: "
            f"{used[-1]:.1f} s CPU, {time.perf_counter() - wall:.1f} s, peak {peak:.2f} GB"
        )
    opened.dataset.delete()
    return int(used[0] > LIMITS["seconds"] or peak > LIMITS["gigabytes"])


if __name__ == "__main__":
    sys.exit(main())
