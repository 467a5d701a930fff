"""Kill a build at random moments and count how often the continued set differs from an uninterrupted one.

    python benchmarks/robustness/kill.py [--kills 50] [--workers 2] [--seed 0]

Each trial starts a build of 60 composites, ends it with SIGKILL at a random moment, runs the same command
again, and compares every file with the set of an uninterrupted build in another folder.
"""

import argparse
import filecmp
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def command(out: Path, workers: int) -> list[str]:
    options = ["--foregrounds", "synthetic:1@128", "--per-foreground", "3", "--workers", str(workers)]
    return [sys.executable, "-m", "simd", "build", str(out), *options]


def differences(a: Path, b: Path) -> list[str]:
    names = {p.relative_to(root).as_posix() for root in (a, b) for p in root.rglob("*") if p.is_file()}
    _, different, missing = filecmp.cmpfiles(a, b, sorted(names), shallow=False)
    return different + missing


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder) / "whole", Path(folder) / "killed"
        start = time.monotonic()
        subprocess.run(command(whole, arguments.workers), check=True, capture_output=True)
        usual = time.monotonic() - start
        trials = bad = composites = 0
        while trials < arguments.kills:
            shutil.rmtree(killed, ignore_errors=True)
            process = subprocess.Popen(
                command(killed, arguments.workers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                process.wait(moments.uniform(0.1, 1.0) * usual)
                continue  # it was faster than we
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            trials += 1
            composites += len(list(killed.glob("class_mask/*.png")))
            half_written = (killed / "dataset.json").exists() and not (killed / "metadata.jsonl").exists()
            done = subprocess.run(
                command(killed, arguments.workers), capture_output=True, text=True, check=False
            )
            wrong = differences(whole, killed)
            finished_before = "already holds a finished set" in done.stderr
            if half_written or wrong or (done.returncode and not finished_before):
                bad += 1
                print(f"trial {trials}: exit code {done.returncode}, {len(wrong)} files differ: {wrong[:3]}")
        print(f"{trials} kills, {composites / trials:.0f} of 60 composites on disk at a kill on average")
        print(f"{trials - bad} continued to the same bytes, {bad} did not")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
