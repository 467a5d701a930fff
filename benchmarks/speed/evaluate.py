"""Time `simd evaluate` on a large set: wall time, CPU time, memory, and what of it is decoding.

    python benchmarks/speed/evaluate.py [--images N] [--workers N] [--size HxW] [--folders] [--folder DIR]

The set is made of 20 generated foregrounds, one a class, each linked many times under other names; so its
files lie in the page cache, and the disk is not measured. `--folders` scores the same files as folders of
alphas and trimaps, which are digested, and have no class masks.
"""

import argparse
import multiprocessing
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from simd.dataset.manifest import load_set, write_manifest
from simd.generator import synthetic
from simd.image import pixel_digest, read_alpha, read_matte, write_png
from simd.metrics.regions import score_regions
from simd.records import LAYERS, Composite
from simd.taxonomy import CLASSES
from simd.trimap import read_mapped_trimap, trimap_of, unknown_region

TRUTH = ("alpha", "trimap", "class_mask")


def draw(class_: str, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """Draw the layers of one image, and a prediction that is wrong where alpha is fractional."""
    cutout = synthetic(class_, seed=0, size=size)
    trimap = trimap_of(cutout.alpha, radius=round(0.06 * min(size)))
    rng = np.random.default_rng(0)
    noise = 50 * cv2.GaussianBlur(rng.normal(size=size).astype(np.float32), (0, 0), 1.5)
    soft = cv2.GaussianBlur(cutout.alpha, (0, 0), 1.0) + noise * (trimap == 128)
    pred = np.where(trimap == 128, np.clip(np.rint(soft), 0, 255), trimap).astype(np.uint8)
    class_mask = np.where(trimap == 128, cutout.class_mask, 255).astype(np.uint8)
    return {
        "alpha": cutout.alpha,
        "trimap": trimap,
        "class_mask": class_mask,
        "image": cutout.fg,
        "pred": pred,
    }


def make(root: Path, images: int, size: tuple[int, int]) -> None:
    """Write the set and the predictions: 20 different images, linked until there are enough."""
    for layer in LAYERS:
        (root / "set" / layer).mkdir(parents=True)
    (root / "pred").mkdir()
    (root / "drawn").mkdir()
    rows = []
    for index, class_ in enumerate(CLASSES):
        layers = draw(class_, size)
        first = {layer: root / "drawn" / f"{class_}_{layer}.png" for layer in layers}
        for layer, pixels in layers.items():
            write_png(first[layer], pixels)
        digests = {f"{layer}_sha256": pixel_digest(layers[layer]) for layer in LAYERS}
        for number in range(index, images, len(CLASSES)):
            id_ = f"{class_.replace('_', '-')}-{number:08x}"
            for layer in layers:
                folder = root / "pred" if layer == "pred" else root / "set" / layer
                os.link(first[layer], folder / f"{id_}.png")
            rows.append(
                Composite(
                    **{
                        "id": id_,
                        "class_": class_,
                        "classes": (class_,),
                        "fg_id": f"{class_}_{number // 200}",
                    },
                    **{"bg_id": None, "source": "synthetic", "licence": "MIT", "bg_source": None},
                    **{"bg_licence": None, "alpha_kind": "generated", "protocol": "exact"},
                    **{"seed": 0, "class_mask_from": "image", **digests},
                    recipe={"height": size[0], "width": size[1]},
                )
            )
    write_manifest(root / "set", rows, name="speed", protocol="exact", seed=0, sources=[])


def split(dataset: Path, predictions: Path) -> tuple[float, float, float]:
    """Return the CPU milliseconds of an image on one thread: decoding, metrics; and its unknown part."""
    decoding, scoring, unknown_part = [], [], []
    for sample in load_set(dataset)[: len(CLASSES)]:
        for timed in (False, True):  # once to warm up
            start = time.process_time()
            alpha, class_mask = read_matte(sample.path("alpha")), read_alpha(sample.path("class_mask"))
            trimap = read_mapped_trimap(sample.path("trimap")).pixels
            pred = read_matte(predictions / f"{sample.row.id}.png")
            read = time.process_time()
            unknown = unknown_region(trimap)
            score_regions(pred, alpha, unknown, class_mask)
            if timed:
                decoding.append(read - start)
                scoring.append(time.process_time() - read)
                unknown_part.append(float(unknown.mean()))
    return 1000 * statistics.mean(decoding), 1000 * statistics.mean(scoring), statistics.mean(unknown_part)


def run(command: list[str]) -> tuple[float, resource.struct_rusage]:
    """Run a command; return its wall seconds and what it and its workers have used."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, command
    return time.monotonic() - start, used


def report(root: Path, images: int, workers: int, *, folders: bool) -> None:
    dataset, predictions = root / "set", root / "pred"
    cv2.setNumThreads(1)
    truth = [str(dataset)]
    if folders:
        truth = ["--alpha", str(dataset / "alpha"), "--trimap", str(dataset / "trimap")]
    command = [sys.executable, "-m", "simd", "evaluate", str(predictions), *truth]
    wall, used = run([*command, "--workers", str(workers), "--out", str(root / "scores")])
    cpu = used.ru_utime + used.ru_stime
    decoding, scoring, unknown_part = split(dataset, predictions)
    read = [*predictions.iterdir(), *(file for layer in TRUTH for file in (dataset / layer).iterdir())]
    megabytes = sum(file.stat().st_size for file in read) / 1e6
    print(f"{images} images, {unknown_part:.0%} unknown, {megabytes:,.0f} MB of PNG")
    print(f"Python {platform.python_version()}, numpy {np.__version__}, load {os.getloadavg()[0]:.1f}")
    print()
    print(f"whole command       {wall:6.1f} s with {workers} workers, {images / wall:.1f} images a second")
    print(f"CPU time            {cpu:6.1f} s, {1000 * cpu / images:.1f} ms an image")
    print(
        f"  decoding          {decoding:6.1f} ms an image, {decoding / (decoding + scoring):.0%} of the two"
    )
    print(f"  metrics           {scoring:6.1f} ms an image")
    print(f"largest process     {used.ru_maxrss / 1024:6.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--size", default="1080x1920")
    parser.add_argument("--folders", action="store_true", help="score folders in place of a set")
    parser.add_argument("--folder", type=Path, help="where the set is made, for the time of the run")
    args = parser.parse_args()
    height, width = map(int, args.size.split("x"))
    root = Path(tempfile.mkdtemp(dir=args.folder))
    try:
        # In a process of its own: what a parent holds when it starts another counts as the other's peak.
        maker = multiprocessing.get_context("spawn").Process(
            target=make, args=(root, args.images, (height, width))
        )
        maker.start()
        maker.join()
        report(root, args.images, args.workers, folders=args.folders)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
