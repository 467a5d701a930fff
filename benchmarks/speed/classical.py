"""Time classical methods beside bare pymatting, in one run on one thread: CPU time and memory.

    python benchmarks/speed/classical.py [--foregrounds FOLDER] [--megapixels 0.3 1 2] [--only N]
    python benchmarks/speed/classical.py --method random-walk      # or shared
    python benchmarks/speed/classical.py --growth --megapixels 0.25 0.5 1 2 4      # time against pixels
    python benchmarks/speed/classical.py --threads --megapixels 1      # wall time of two threads beside one
    python benchmarks/speed/classical.py --alone --megapixels 24 --picture "drawn fur"   # without pymatting

Sixteen pictures: eight real foregrounds (FOLDER holds fg/ and alpha/; without it they are left out) and
eight drawn ones, each over a drawn scene, with the trimap of protocol `exact`. Both solvers get their input
in their own form. Memory is by how much the process grows at most over the call.
"""

import argparse
import contextlib
import gc
import io
import math
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pymatting
import scipy.sparse
from matting_cases import names, picture, real_folder
from threadpoolctl import threadpool_limits

from simd.image import UNKNOWN, UInt8
from simd.methods.classical.closed_form import estimate_alpha_closed_form
from simd.methods.classical.learning_based import estimate_alpha_learning_based
from simd.methods.classical.random_walk import estimate_alpha_random_walk
from simd.methods.classical.shared import estimate_alpha_shared


def symmetric_walk(image: Any, trimap: Any) -> Any:
    """Solve the random walk as simd did before its own solver: pymatting's graph, made symmetric, by its cg.

    ``pymatting.estimate_alpha_rw`` itself hands an unsymmetric system to conjugate gradients, for thousands
    of steps.
    """
    laplacian = pymatting.rw_laplacian(image, regularization=1e-8)  # (1 + r) I - W / D
    own_weight = np.ones(trimap.shape)
    own_weight[[0, -1]] *= 2
    own_weight[:, [0, -1]] *= 2
    degree = own_weight.ravel() / (1 + 1e-8 - laplacian.diagonal())
    unknown = ((trimap > 0) & (trimap < 1)).ravel()
    rows = (scipy.sparse.diags(degree) @ laplacian).tocsr()[unknown]
    system, rhs = rows[:, unknown], -rows[:, ~unknown] @ trimap.ravel()[~unknown]
    return pymatting.cg(system, rhs, M=pymatting.ichol(system.tocsc()))


METHODS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "closed-form": (estimate_alpha_closed_form, pymatting.estimate_alpha_cf),
    "learning-based": (estimate_alpha_learning_based, pymatting.estimate_alpha_lbdm),
    "random-walk": (estimate_alpha_random_walk, symmetric_walk),
    "shared": (estimate_alpha_shared, pymatting.estimate_alpha_sm),  # the same mattes to the bit
}
GROWING = ("real fur_teddy", "drawn fur", "drawn insect")


class Measured(NamedTuple):
    seconds: float  # CPU time
    mebibytes: float


def measured(call: Callable[[], object], rounds: int = 1) -> Measured:
    """Time a call, the fastest of some rounds, and see how far the process grows over the first."""
    gc.collect()
    before, seconds = _reset_peak(), []
    grown = 0.0
    for turn in range(rounds):
        start = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):  # hints of pymatting
            call()
        seconds.append(time.process_time() - start)
        if not turn:
            grown = _status("VmHWM") - before
    return Measured(min(seconds), grown)


def _reset_peak() -> float:
    with contextlib.suppress(OSError):  # elsewhere than on Linux the memory is not measured
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(key: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return math.nan
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def calls(method: str, image: UInt8, trimap: UInt8) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return our call and pymatting's."""
    ours, theirs = METHODS[method]
    known = np.where(trimap == UNKNOWN, 0.5, trimap / 255.0)
    return partial(ours, image, trimap), partial(theirs, image / 255.0, known)


def warm(method: str) -> None:
    """Compile what both need."""
    for call in calls(method, *picture("drawn fur", 0.005, None)):
        measured(call)


def side_by_side(method: str, chosen: list[str], megapixels: list[float], folder: Path | None) -> None:
    print(f"{method}, one thread, CPU seconds, MiB by which the process grows\n")
    summary = []
    for size in megapixels:
        print(f"{size:g} MP{'':23} unknown    ours  pymatting  ratio     MiB  pymatting")
        ours, theirs = [], []
        for name in chosen:
            image, trimap = picture(name, size, folder)
            call, peer = calls(method, image, trimap)
            ours.append(measured(call, 2))
            theirs.append(measured(peer))
            a, b = ours[-1], theirs[-1]
            print(
                f"{name:28} {(trimap == UNKNOWN).mean():6.1%} {a.seconds:7.2f} {b.seconds:10.2f} "
                f"{b.seconds / a.seconds:6.1f} {a.mebibytes:7.0f} {b.mebibytes:10.0f}",
                flush=True,
            )
        ratios = [b.seconds / a.seconds for a, b in zip(ours, theirs, strict=True)]
        shares = [a.mebibytes / b.mebibytes for a, b in zip(ours, theirs, strict=True)]
        total, peers = sum(m.seconds for m in ours), sum(m.seconds for m in theirs)
        summary.append(
            f"{size:4g} MP: {total:7.2f} s, pymatting {peers:7.2f} s, {peers / total:5.1f} times; ratios "
            f"{min(ratios):.1f} to {max(ratios):.1f}, median {statistics.median(ratios):.1f}; memory "
            f"{min(shares):.2f} to {max(shares):.2f} of pymatting's, median {statistics.median(shares):.2f}"
        )
        print()
    print(f"sums of {len(chosen)} pictures", *summary, sep="\n")


def alone(method: str, chosen: list[str], megapixels: list[float], folder: Path | None) -> None:
    print(f"{method}, one thread, CPU seconds; GiB of the whole process at most\n")
    for size in megapixels:
        print(f"{size:g} MP{'':23} unknown    ours     GiB")
        for name in chosen:
            image, trimap = picture(name, size, folder)
            seconds = measured(partial(METHODS[method][0], image, trimap)).seconds
            share, peak = (trimap == UNKNOWN).mean(), _status("VmHWM") / 1024
            print(f"{name:28} {share:6.1%} {seconds:7.2f} {peak:7.2f}", flush=True)


def growth(method: str, chosen: list[str], megapixels: list[float], folder: Path | None) -> None:
    print(f"{method}, one thread, CPU seconds of ours, fastest of 3\n")
    print(f"{'':28}" + "".join(f"{size:6g} MP" for size in megapixels) + "  exponent")
    for name in [n for n in chosen if n in GROWING]:
        seconds = [measured(calls(method, *picture(name, size, folder))[0], 3).seconds for size in megapixels]
        exponent = np.polyfit(np.log(megapixels), np.log(seconds), 1)[0]
        print(f"{name:28}" + "".join(f"{s:9.2f}" for s in seconds) + f"  {exponent:8.2f}", flush=True)


def threads(chosen: list[str], megapixels: float, folder: Path | None) -> None:
    print(f"closed-form at {megapixels:g} MP, wall seconds, median of five turns\n")
    print(f"{'':28} one thread  two threads  ratio  two processes")
    totals, limits = [0.0, 0.0], []
    for name in [n for n in chosen if n in GROWING]:
        image, trimap = picture(name, megapixels, folder)
        taken: tuple[list[float], list[float]] = ([], [])
        for _ in range(5):
            for count in (1, 2):
                start = time.perf_counter()
                estimate_alpha_closed_form(image, trimap, threads=count)
                taken[count - 1].append(time.perf_counter() - start)
        one, two = map(statistics.median, taken)
        limits.append(two_processes(image, trimap))
        print(f"{name:28} {one:10.2f} {two:12.2f} {one / two:6.2f} {limits[-1]:14.2f}", flush=True)
        totals = [totals[0] + one, totals[1] + two]
    if totals[1]:  # none of the chosen may be timed
        ratio, limit = totals[0] / totals[1], statistics.mean(limits)
        print(f"{'together':28} {totals[0]:10.2f} {totals[1]:12.2f} {ratio:6.2f} {limit:14.2f}")


def two_processes(image: UInt8, trimap: UInt8) -> float:
    """Return how much more two processes do than one, each by itself: what the machine has to give."""
    taken: tuple[list[float], list[float]] = ([], [])
    with ProcessPoolExecutor(2, get_context("spawn"), initializer=threadpool_limits, initargs=(1,)) as pool:
        tasks = (estimate_alpha_closed_form, [image] * 2, [trimap] * 2)
        list(pool.map(*tasks))  # both are there, and have loaded what they need
        for _ in range(5):
            for count in (1, 2):
                start = time.perf_counter()
                list(pool.map(*tasks[:1], *(arrays[:count] for arrays in tasks[1:])))
                taken[count - 1].append(time.perf_counter() - start)
    one, two = map(statistics.median, taken)
    return 2 * one / two


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--foregrounds", type=Path, help="with fg/ and alpha/; $SIMD_TEST_DATA/data/real")
    parser.add_argument("--megapixels", type=float, nargs="+", default=[0.3, 1, 2])
    parser.add_argument("--method", choices=METHODS, default="closed-form")
    parser.add_argument("--only", type=int, help="the last N pictures")
    parser.add_argument("--picture", action="append", help="one of them, by its name; may be repeated")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--growth", action="store_true")
    what.add_argument("--threads", action="store_true")
    what.add_argument("--alone", action="store_true")
    given = parser.parse_args()
    folder = real_folder(given.foregrounds)
    chosen = names(folder)[-given.only if given.only else None :]
    if given.picture:
        if unknown := sorted(set(given.picture) - set(chosen)):
            parser.error(f"no picture {unknown[0]!r}; there are {', '.join(chosen)}")
        chosen = given.picture
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}, pymatting {pymatting.__version__}"
    print(f"Python {platform.python_version()}, {versions}")
    threadpool_limits(1)
    numba.set_num_threads(1)
    warm(given.method)
    if given.growth:
        growth(given.method, chosen, given.megapixels, folder)
    elif given.threads:
        threads(chosen, given.megapixels[0], folder)
    elif given.alone:
        alone(given.method, chosen, given.megapixels, folder)
    else:
        side_by_side(given.method, chosen, given.megapixels, folder)


if __name__ == "__main__":
    main()
