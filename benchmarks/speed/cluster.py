"""What a cluster costs an item, how two workers scale, and what a million composites would take.

    python benchmarks/speed/cluster.py                       # on a machine with nothing else to do
    python benchmarks/speed/cluster.py --composites 8 --side 64 --items 20

Builds a set of drawn foregrounds over drawn scenes, predicts it by `closed-form` and scores that: in this
process, by one worker of a local cluster, and by two. Seconds are wall time without the start of workers.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

import simd
from simd.cluster import on_cluster
from simd.parallel import run

PLACES: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "this process": nullcontext,
    "cluster of 1": lambda: on_cluster("local:1"),
    "cluster of 2": lambda: on_cluster("local:2"),
}
MILLION = 1_000_000
PROCESSES = 50 * 16  # machines, and cores of each


def nothing(item: int) -> int:
    """Take no time at all."""
    return item


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--composites", type=int, default=64)
    parser.add_argument("--side", type=int, default=1024, help="of the images, in pixels")
    parser.add_argument("--items", type=int, default=2000, help="to measure what an empty item costs")
    given = parser.parse_args()
    a_class = max(1, given.composites // len(simd.CLASSES))
    composites = a_class * len(simd.CLASSES)
    print(f"Python {sys.version.split()[0]}, {composites} composites of {given.side} x {given.side}\n")
    print("seconds an item  build  predict  evaluate")
    with tempfile.TemporaryDirectory() as name:
        folders = {place: Path(name, place.replace(" ", "-")) for place in PLACES}
        seconds = {
            place: [each / composites for each in timed(folder, place, a_class, given.side)]
            for place, folder in folders.items()
        }
        megabytes = {
            part: sum(file.stat().st_size for file in (folders["this process"] / part).rglob("*.png"))
            / (1e6 * composites)
            for part in ("set", "mattes")
        }
    for place, of_place in seconds.items():
        print(f"{place:<15}{of_place[0]:7.3f}{of_place[1]:9.3f}{of_place[2]:10.3f}")
    one, two = seconds["cluster of 1"], seconds["cluster of 2"]
    print(f"{'1 : 2 workers':<15}{one[0] / two[0]:7.2f}{one[1] / two[1]:9.2f}{one[2] / two[2]:10.2f}\n")
    wall, processor = overhead(given.items)
    print(f"an empty item on 2 workers: {1000 * wall:.1f} ms, of which this process {1000 * processor:.1f}\n")
    print(f"{MILLION:,} composites on {PROCESSES} workers, from one worker's seconds, never slower than the")
    print(f"{1 / wall:.0f} empty items a second that one scheduler hands out:")
    for what, each in zip(("build", "predict", "evaluate"), one, strict=True):
        hours = max(each * MILLION / PROCESSES, wall * MILLION) / 3600
        print(f"  {what:<9}{hours:6.2f} hours ({each * MILLION / 3600:,.0f} of one core)")
    terabytes = {part: size * MILLION / 1e6 for part, size in megabytes.items()}
    print(f"  set {terabytes['set']:.1f} TB, mattes {terabytes['mattes']:.2f} TB")


def timed(folder: Path, place: str, a_class: int, side: int) -> list[float]:
    """Build, predict and score; return the seconds that each has taken."""
    steps: tuple[Callable[[], object], ...] = (
        lambda: simd.build(
            folder / "set",
            foregrounds=f"synthetic:{a_class}@{side}",
            backgrounds="builtin",
            per_foreground=1,
            seed=0,
        ),
        lambda: simd.predict("closed-form", folder / "set", folder / "mattes"),
        lambda: simd.evaluate(folder / "mattes", folder / "set", out=folder / "scores"),
    )
    seconds = []
    with PLACES[place]():
        list(run(nothing, range(2)))  # workers import what they need
        for step in steps:
            begin = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - begin)
    return seconds


def overhead(items: int) -> tuple[float, float]:
    """Return the seconds that an item without work takes on two workers, and those of this process."""
    with on_cluster("local:2"):
        list(run(nothing, range(10)))
        wall, processor = time.perf_counter(), time.process_time()
        results = [outcome.value for outcome in run(nothing, range(items))]
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    assert np.array_equal(np.sort(results), np.arange(items))
    return wall / items, processor / items


if __name__ == "__main__":
    main()
