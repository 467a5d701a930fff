"""Time `simd stats`, the descriptors and the map.

    python benchmarks/speed/class_statistics.py [--images 1000] [--patches 5000] [--workers 2]

Builds a set of generated foregrounds of 512 × 512 in a temporary folder (5 of each class; images are
repeated by links to reach the number), measures it, describes its patches in one thread, and maps
resampled features with noise. CPU seconds are those of this process and its workers: they hold on a busy
machine, too.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import msgspec.structs
import numpy as np

from simd.composition.build import build
from simd.dataset.manifest import MattingSet, load_set, write_manifest
from simd.features.descriptors import describe
from simd.records import LAYERS
from simd.report.embed.tsne import Scaling, make_map
from simd.report.statistics.measure import report_statistics
from simd.trimap import unknown_region


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--patches", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--foregrounds", default="synthetic:5@512")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = build(
            Path(folder) / "set",
            foregrounds=options.foregrounds,
            backgrounds="builtin",
            max_side=512,
            workers=options.workers,
        )
        large = repeated(made, Path(folder) / "large", options.images)
        with timed(f"simd stats, {options.images} images of 512 x 512, {options.workers} workers"):
            report_statistics([large.path], Path(folder) / "out", workers=options.workers)
        features = np.stack(described(made))
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, len(features), options.patches)
    noisy = features[chosen] + rng.normal(size=(options.patches, features.shape[1])) * features.std(0) * 0.2
    with timed(f"map of {options.patches} patches of {features.shape[1]} features, one thread"):
        make_map(Scaling(noisy)(noisy))


def repeated(made: MattingSet, folder: Path, count: int) -> MattingSet:
    """Return a set of `count` images that are links to those of another."""
    for layer in LAYERS:
        (folder / layer).mkdir(parents=True)
    rows = []
    for number in range(count):
        sample = made[number % len(made)]
        row = msgspec.structs.replace(sample.row, id=f"{sample.row.id}-{number}")
        for layer in LAYERS:
            (folder / layer / f"{row.id}.png").hardlink_to(sample.path(layer))
        rows.append(row)
    write_manifest(folder, rows, name="large", protocol="exact", seed=0, sources=[])
    return load_set(folder)


def described(made: MattingSet) -> list[np.ndarray]:
    cv2.setNumThreads(1)
    layers = [(sample.alpha, unknown_region(sample.trimap)) for sample in made]
    describe(*layers[0])  # tables are made once
    start = time.process_time()
    found = [describe(alpha, region) for alpha, region in layers]
    seconds = time.process_time() - start
    print(f"descriptors: {len(layers) / seconds:.0f} patches a second of one core ({made.name}, 512 x 512)")
    return found


@contextmanager
def timed(what: str) -> Iterator[None]:
    start, cpu = time.monotonic(), _cpu()
    yield
    load = os.getloadavg()[0]
    print(f"{what}: {time.monotonic() - start:.1f} s, {_cpu() - cpu:.1f} CPU s (load {load:.1f})")


def _cpu() -> float:
    usage: Callable[[int], resource.struct_rusage] = resource.getrusage
    both = (usage(resource.RUSAGE_SELF), usage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


if __name__ == "__main__":
    main()
