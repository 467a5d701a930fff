"""How commands start on a set of very many rows, and how they grow with the number of its images.

    python benchmarks/scale.py start 100000            # until the first picture is opened
    python benchmarks/scale.py growth 2000 8000 32000  # whole runs over tiny images
    python benchmarks/scale.py cluster 100000          # whole runs with --cluster local:2
    python benchmarks/scale.py select 100000           # near-duplicates of cut-outs with --cluster local:2

Every image of a made set is one of 20, of 24 x 24 pixels, under another name. Each line is a process of its
own, without workers: CPU seconds with the imports, and the most memory that it held. The exponent is between
this size and the one before it: 1 is in proportion, 2 is all pairs. With a cluster, what a process takes is
that of the command and the scheduler together, without the two workers; minutes are wall time. The cut-outs
of ``select`` are clouds of 96 x 96 pixels, one in fifty a mirrored copy.
"""

import argparse
import compileall
import contextlib
import io
import json
import math
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from speed.growth import made_cutout, write_rows

SIDE = 24  # pixels
FORMATS = ("webdataset", "parquet", "coco", "croissant")
COMMANDS = {
    "balance": "balance SET",
    "verify": "verify SET --workers 1",
    "stats": "stats SET --out OUT --workers 1",
    "embed": "embed SET --out OUT --workers 1",
    "predict": "predict trimap SET --out OUT --workers 1",
    "evaluate": "evaluate MATTES SET --out OUT --workers 1",
    "leaderboard": "leaderboard SCORES OTHER --out OUT",
    "browse": "browse SET --static OUT --scores SCORES --workers 1",
    **{f"export {name}": f"export SET --to {name} --out OUT --any-licence --workers 1" for name in FORMATS},
}
PLACES = {
    **{"SET": "set", "OUT": "out", "MATTES": "mattes"},
    **{"CUTOUTS": "cut-outs", "LIST": "out/list.jsonl", "PAGE": "out/page.html"},
    **{"FIRST": "first", "SECOND": "second", "SCORES": "first.json", "OTHER": "second.json"},
}
CLUSTERED = ("verify", "evaluate")
SELECT = "select CUTOUTS --out LIST --page PAGE --cluster local:2"
GROWTHS = ("stats", "evaluate", "leaderboard", "browse")


class Took(NamedTuple):
    """What a command took, of CPU seconds and of 10⁶ bytes."""

    seconds: float
    megabytes: int


def make_set(folder: Path, count: int) -> None:
    """Write a set and mattes of it, whose files are links to a few."""
    from simd.image import encode_png, pixel_digest
    from simd.records import LAYERS
    from simd.taxonomy import CLASSES

    rng = np.random.default_rng(0)
    alpha = np.broadcast_to(np.linspace(-60, 315, SIDE).clip(0, 255).astype(np.uint8), (SIDE, SIDE)).copy()
    unknown = (alpha > 0) & (alpha < 255)
    layers: dict[str, dict[str, np.ndarray]] = {}
    for number, class_ in enumerate(CLASSES):
        layers[class_] = {
            "image": rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8),
            "alpha": alpha,
            "trimap": np.where(unknown, np.uint8(128), alpha),
            "class_mask": np.where(unknown, np.uint8(number), np.uint8(255)),
            "mattes": (alpha // (1 + number % 3)).astype(np.uint8),
        }
    hashes = {
        class_: {f"{layer}_sha256": pixel_digest(of_class[layer]) for layer in LAYERS}
        for class_, of_class in layers.items()
    }
    (folder / "set").mkdir()
    write_rows(folder / "set", count, SIDE, hashes)
    for layer in (*LAYERS, "mattes"):
        place = folder / ("mattes" if layer == "mattes" else f"set/{layer}")
        place.mkdir(parents=True)
        for class_, of_class in layers.items():
            (folder / f"{layer}-{class_}").write_bytes(encode_png(of_class[layer]))
        with (folder / "set" / "metadata.jsonl").open(encoding="utf-8") as rows:
            for row in map(json.loads, rows):
                os.link(folder / f"{layer}-{row['class']}", place / f"{row['id']}.png")


def run_here(folder: Path, command: str, until_a_picture: bool) -> Took:
    """Run a command of simd in this process, to its end or until it opens a picture."""
    from simd.parallel import peak_megabytes

    def took() -> Took:
        return Took(time.process_time(), peak_megabytes() or 0)

    def stop(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(pictures):
            print(json.dumps(took()), file=answer, flush=True)
            os._exit(0)

    pictures = tuple(
        str(folder / place) + os.sep for place in ("mattes", "set/image", "set/alpha", "set/trimap")
    )
    answer = sys.stdout
    if until_a_picture:
        sys.addaudithook(stop)
    from simd.cli import main as simd

    sys.argv = [
        "simd",
        *(str(folder / PLACES.get(word, word)) if word.isupper() else word for word in command.split()),
    ]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = simd()
    if code:
        raise SystemExit(said.getvalue())
    return took()


def measure(folder: Path, command: str, until_a_picture: bool = False, *, keep: bool = False) -> Took:
    """Run a command in a process of its own; its output goes unless it is to be kept."""
    arguments = [sys.executable, __file__, "here", str(folder), command, str(int(until_a_picture))]
    printed = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout
    if not keep:
        shutil.rmtree(folder / "out", ignore_errors=True)
    return Took(*json.loads(printed.splitlines()[-1]))


def starts(count: int) -> None:
    """Print how long each command that reads a set takes until it opens a picture."""
    import simd

    compileall.compile_dir(Path(simd.__file__).parent, quiet=2)  # as pip does when it installs a package
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_set(folder, count)
        print(f"{count:,} rows      CPU seconds   MB", flush=True)
        for what, command in COMMANDS.items():
            if "SCORES" not in command:
                seconds, megabytes = measure(folder, command, until_a_picture=True)
                print(f"{what:<18}{seconds:11.2f}{megabytes:6d}", flush=True)


def grow(sizes: list[int]) -> None:
    """Print how long whole runs take, and their exponents."""
    before: dict[str, tuple[int, float]] = {}
    print(f"{'images':>10} {'':<12}  CPU seconds  exponent   MB", flush=True)
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_set(folder, size)
            measure(folder, "evaluate MATTES SET --out FIRST --name first --workers 1")
            measure(folder, "evaluate MATTES SET --out SECOND --name second --workers 1")
            for what in GROWTHS:
                seconds, megabytes = measure(folder, COMMANDS[what])
                then = before.get(what)
                exponent = f"{math.log(seconds / then[1]) / math.log(size / then[0]):.2f}" if then else ""
                before[what] = size, seconds
                print(f"{size:10,} {what:<12}  {seconds:11.2f}  {exponent:>8}{megabytes:5d}", flush=True)


def clustered(count: int) -> None:
    """Print what commands and the scheduler take where two workers of a local cluster do the work."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_set(folder, count)
        print(f"{count:,} images   minutes   CPU seconds   MB", flush=True)
        for what in CLUSTERED:
            began = time.perf_counter()
            seconds, megabytes = measure(folder, COMMANDS[what].replace("--workers 1", "--cluster local:2"))
            minutes = (time.perf_counter() - began) / 60
            print(f"{what:<14}{minutes:10.1f}{seconds:14.1f}{megabytes:5d}", flush=True)


def write_cutouts(folder: Path, numbers: range) -> None:
    """Write some of the cut-outs of ``select``."""
    for number in numbers:
        copied = number % 50 == 49
        fg, alpha = made_cutout(number - 25 if copied else number)
        cut = np.dstack([fg, alpha])[:, :: -1 if copied else 1]
        cv2.imwrite(
            str(folder / f"fur_{number:06d}.png"), cut[..., [2, 1, 0, 3]], [cv2.IMWRITE_PNG_COMPRESSION, 1]
        )


def selected(count: int) -> None:
    """Print what the search for near-duplicates takes of the command and the scheduler."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cut-outs").mkdir()
        parts = [range(first, count, 64) for first in range(64)]
        with multiprocessing.Pool() as pool:
            pool.starmap(write_cutouts, [(folder / "cut-outs", part) for part in parts], chunksize=1)
        began = time.perf_counter()
        seconds, megabytes = measure(folder, SELECT, keep=True)
        minutes = (time.perf_counter() - began) / 60
        with (folder / "out" / "list.jsonl").open(encoding="utf-8") as lines:
            dropped = sum("duplicate" in line for line in lines)
        print(
            f"{count:,} cut-outs: {minutes:.1f} minutes, {seconds:.0f} CPU seconds, {megabytes} MB, ", end=""
        )
        print(f"{dropped} of {count // 50} copies found", flush=True)


def main() -> None:
    """Print a line for each command, or for each size and command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("start", "growth", "cluster", "select"))
    parser.add_argument("sizes", type=int, nargs="+")
    if sys.argv[1:2] == ["here"]:
        folder, command, until_a_picture = sys.argv[2:]
        print(json.dumps(run_here(Path(folder), command, until_a_picture == "1")))
        return
    options = parser.parse_args()
    if options.part == "growth":
        grow(options.sizes)
    for size in options.sizes:
        if options.part == "start":
            starts(size)
        elif options.part == "cluster":
            clustered(size)
        elif options.part == "select":
            selected(size)


if __name__ == "__main__":
    main()
