"""Time `simd-2021` beside the released generator, in one run, with equal pixels asserted.

    git clone --depth 1 https://github.com/nowsyn/SIM build/peers/SIM
    python benchmarks/speed/compose.py build/peers/SIM

The input is drawn: foregrounds by the built-in generator with a photograph's grain, as JPEG of several sizes
with JPEG alphas, over cuts of 500 x 375 from the built-in photographs. Both programs run in processes of
their own, in turns, kept to one core and one thread ("2 workers": to two cores). A run is timed from the
first line of the list to the last file: without the start of Python and its imports, but with our workers'.
"""

import argparse
import contextlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import types
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

SIZES = ((960, 720), (1200, 1600), (1500, 1000), (2400, 1800), (1800, 2700))  # (H, W)
BACKGROUNDS_EACH = 10  # as in the official list


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "checkout", type=Path, help="a clone of the released code (dataset/generate_testset.py)"
    )
    parser.add_argument("--foregrounds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        print(json.dumps(run_one(arguments.run, arguments.checkout, arguments.work)))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(arguments, Path(folder))


def compare(arguments: argparse.Namespace, work: Path) -> None:
    count = draw_inputs(work, arguments.foregrounds)
    print(f"{count} composites of {arguments.foregrounds} foregrounds, {len(os.sched_getaffinity(0))} cores")
    print(f"Python {sys.version.split()[0]}, numpy {np.__version__}, OpenCV {cv2.__version__}\n")
    best: dict[str, dict[str, float]] = {}
    for _ in range(arguments.rounds):
        for name in ("released", "1 worker", "2 workers"):
            cores = sorted(os.sched_getaffinity(0))[: 2 if name == "2 workers" else 1]
            command = [sys.executable, __file__, str(arguments.checkout), "--run", name, "--work", str(work)]
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                check=True,
                text=True,
                preexec_fn=lambda cores=cores: os.sched_setaffinity(0, cores),
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
            found = json.loads(done.stdout.splitlines()[-1])
            kept = best.setdefault(name, found)
            best[name] = {key: min(kept[key], found[key]) for key in found}
        check_equal(work, count)
    base = best["released"]
    print(
        f"{'':12}{'CPU s':>8}{'a second':>10}{'ratio':>7}{'wall s':>10}{'a second':>10}{'ratio':>7}{'MiB':>8}"
    )
    for name, own in best.items():
        cells = [
            f"{own[k]:{w}.2f}{count / own[k]:10.2f}{base[k] / own[k]:7.2f}"
            for k, w in (("cpu", 8), ("wall", 10))
        ]
        print(f"{name:12}{''.join(cells)}{own['mib']:8.0f}")
    print(f"\nall {3 * count} images of the two programs have equal pixels")


def run_one(name: str, checkout: Path, work: Path) -> dict[str, float]:
    """Run one program in this process and time it."""
    out = work / name.replace(" ", "-")
    for folder in (out, out.with_name(f"{out.name}-released")):
        shutil.rmtree(folder, ignore_errors=True)
    cv2.setNumThreads(1)
    program = released(checkout, work, out) if name == "released" else ours(work, out, int(name[0]))
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        program()
    wall, cpu = time.perf_counter() - wall, sum(os.times()[:4]) - cpu
    folder = out if name == "released" else out.with_name(f"{out.name}-released")
    return {"wall": wall, "cpu": cpu, "mib": sum(f.stat().st_size for f in folder.rglob("*.png")) / 2**20}


def released(checkout: Path, work: Path, out: Path):
    """Return a call of the released generator, which is loaded from its checkout as it is."""
    file = checkout / "dataset" / "generate_testset.py"
    if not file.is_file():
        raise SystemExit(f"{file}: no such file; clone https://github.com/nowsyn/SIM and give its folder")
    scipy_ndimage = importlib.import_module("scipy.ndimage")
    if not hasattr(scipy_ndimage, "morphology"):  # imported there and never used; gone from SciPy 2
        scipy_ndimage.morphology = types.ModuleType("morphology")
    spec = importlib.util.spec_from_file_location("generate_testset", file)
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spec.loader.exec_module(module)
    places = (work / "SIMD", work / "VOC" / "JPEGImages", work / "list.txt", out)
    return lambda: module.load_test_samples(*map(str, places))


def ours(work: Path, out: Path, workers: int):
    from simd.composition.build import build

    return lambda: build(
        out,
        workers=workers,
        protocol="simd-2021",
        layout="simd-2021",
        file_list=str(work / "list.txt"),
        foregrounds=str(work / "SIMD"),
        backgrounds=str(work / "VOC"),
        any_licence=True,
    )


def check_equal(work: Path, count: int) -> None:
    """Decode every image of both programs; stop at the first that differs."""
    theirs = sorted((work / "released").rglob("*.png"))
    assert len(theirs) == 3 * count, len(theirs)
    for file in theirs:
        expected = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        for name in ("1-worker", "2-workers"):
            found = cv2.imread(
                str(work / f"{name}-released" / file.relative_to(work / "released")), cv2.IMREAD_UNCHANGED
            )
            assert np.array_equal(expected, found), f"{file.name}: other pixels with {name}"


def draw_inputs(work: Path, foregrounds: int) -> int:
    """Write the foregrounds, backgrounds and the list; return how many composites it names."""
    from simd.generator import synthetic
    from simd.image import read_image
    from simd.sources import index_backgrounds
    from simd.taxonomy import CLASSES, TAXONOMY

    rng = np.random.default_rng(0)
    photographs = [read_image(record.file) for record in index_backgrounds("builtin").records]
    released_name = {c.name: (*c.aliases, c.name)[0] for c in TAXONOMY}
    lines = []
    for number in range(foregrounds):
        class_, (height, width) = CLASSES[number % len(CLASSES)], SIZES[number % len(SIZES)]
        fg, alpha, _ = synthetic(class_, seed=number, size=512)
        fg, alpha = (cv2.resize(a, (width, height), interpolation=cv2.INTER_CUBIC) for a in (fg, alpha))
        grain = rng.normal(0, 3, fg.shape[:2])[..., None]
        fg = np.clip(fg + grain, 0, 255).astype(np.uint8)
        for layer, pixels in (("fg", fg), ("alpha", alpha)):
            folder = work / "SIMD" / released_name[class_] / layer
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"f{number}.jpg", quality=95)
        for k in range(BACKGROUNDS_EACH):
            name = f"2008_{number:03}{k:03}.jpg"
            photograph = photographs[(number + k) % len(photographs)]
            folder = work / "VOC" / "JPEGImages"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(_cut(photograph, rng)).save(folder / name, quality=90)
            lines.append(f"{released_name[class_]}:f{number}.jpg:{name}")
    rows = [f"f{number},{CLASSES[number % len(CLASSES)]},CC0-1.0" for number in range(foregrounds)]
    (work / "SIMD" / "classes.csv").write_text("\n".join(["file,class,licence", *rows]) + "\n")
    (work / "list.txt").write_text("\n".join(lines) + "\n")
    return len(lines)


def _cut(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random cut of a photograph at the size of PASCAL VOC's, 500 x 375."""
    height, width = photograph.shape[:2]
    h = int(min(height, width * 0.75) * rng.uniform(0.6, 1))
    w = int(h / 0.75)
    top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
    return cv2.resize(photograph[top : top + h, left : left + w], (500, 375), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    main()
