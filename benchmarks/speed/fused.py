"""Time `fused`, its classical inputs included, beside the closed-form of an earlier version: CPU time.

    git worktree add ../earlier 4f9f5dc
    python benchmarks/speed/fused.py ../earlier [--foregrounds FOLDER] [--megapixels 1] [--only N]

One thread. The pictures are those of classical.py. The earlier version runs in a process of its own.
Memory is the peak of the process that runs `fused`, libraries included.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from matting_cases import names, picture, real_folder
from threadpoolctl import threadpool_limits

from simd.image import UNKNOWN
from simd.methods import load_method

EARLIER = """
import sys, time
import numpy as np
from simd.methods import load_method

method = load_method("closed-form")
for file in sys.argv[1:]:
    arrays = np.load(file)
    start = time.process_time()
    method.predict(arrays["image"], arrays["trimap"])
    print(time.process_time() - start)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("earlier", type=Path, help="a checkout of the earlier version")
    parser.add_argument("--foregrounds", type=Path, help="with fg/ and alpha/; $SIMD_TEST_DATA/data/real")
    parser.add_argument("--megapixels", type=float, default=1.0)
    parser.add_argument("--only", type=int, help="the last N pictures")
    given = parser.parse_args()
    folder = real_folder(given.foregrounds)
    chosen = names(folder)[-given.only if given.only else None :]
    threadpool_limits(1)
    cv2.setNumThreads(1)
    small = picture("drawn fur", 0.005, None)  # compiles what both need
    pictures = [picture(name, given.megapixels, folder) for name in chosen]
    earlier = earlier_seconds(given.earlier, [small, *pictures])[1:]
    methods = [load_method(name) for name in ("closed-form", "shared", "fused")]
    for method in methods:
        method.predict(*small)
    print(f"{'':28} unknown  earlier  closed-form   shared    fused  ratio")
    totals = np.zeros(4)
    for name, (image, trimap), before in zip(chosen, pictures, earlier, strict=True):
        row = [before]
        for method in methods:
            start = time.process_time()
            method.predict(image, trimap)
            row.append(time.process_time() - start)
        totals += row
        line(name, f"{(trimap == UNKNOWN).mean():.1%}", row)
    line(f"{len(chosen)} pictures", "", totals)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


def line(name: str, unknown: str, seconds) -> None:
    before, closed_form, shared, fused = seconds
    figures = f"{before:8.2f} {closed_form:12.2f} {shared:8.2f} {fused:8.2f} {fused / before:6.2f}"
    print(f"{name:28} {unknown:>7} {figures}", flush=True)


def earlier_seconds(checkout: Path, pictures: list) -> list[float]:
    """Return the CPU seconds that closed-form of a checkout takes for each picture."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.npz" for number in range(len(pictures))]
        for file, (image, trimap) in zip(files, pictures, strict=True):
            np.savez(file, image=image, trimap=trimap)
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
        environment = {**os.environ, **threads, "PYTHONPATH": str(checkout.resolve())}
        command = [sys.executable, "-c", EARLIER, *map(str, files)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, cwd=folder
        )
    return [float(text) for text in done.stdout.split()]


if __name__ == "__main__":
    main()
