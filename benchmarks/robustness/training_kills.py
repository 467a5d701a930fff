"""Kill training runs at random moments and compare their weights with those of runs that were left alone.

    python benchmarks/robustness/training_kills.py [--kills 20] [--steps 24] [--seed 0]

The stages classifier and sim, each with 1 and with 2 workers that make samples, are trained for a few steps
on patches of 64 pixels. A run is ended with SIGKILL at a random moment after a random one of its steps was
logged, started by the same command, killed again, and so on, until each of the four has had its share of the
kills; then it is left to end. Its weights have to be those of an uninterrupted run, bit for bit.
"""

import argparse
import itertools
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTINGS = (
    *('data.foregrounds=["synthetic:1@64:train"]', 'data.backgrounds=["open:1@64:train"]', "data.held_out=0"),
    *("data.side=64", "data.crops=[48, 64]", "data.patch_sides=[48, 64]", "loop.batch=2", "loop.log_every=1"),
    *(
        "loop.ema=0.9",
        "validation.every=0",
        "checkpoints.every=2",
        "checkpoints.keep=2",
        "checkpoints.final=last",
    ),
)


def command(stage: str, run: Path, steps: int, workers: int) -> list[str]:
    settings = [*SETTINGS, f"loop.steps={steps}"]
    name = "sim-small" if stage == "sim" else f"sim-{stage}-small"
    if stage == "sim":
        settings += [f"{other}={run.parent / other}" for other in ("classifier", "discriminator")]
    words = [word for setting in settings for word in ("--set", setting)]
    return [sys.executable, "-m", "simd", "train", name, "--out", str(run), "--workers", str(workers), *words]


def logged(run: Path) -> int:
    """Return the last step in the log."""
    file = run / "log.jsonl"
    lines = file.read_text().split("\n") if file.is_file() else []
    return max((json.loads(line).get("step", 0) for line in lines if line.endswith("}")), default=0)


def kill_once(words: list[str], run: Path, steps: int, moments: random.Random) -> int | None:
    """Start a run and kill it; return the step that it had logged, None where it had ended before."""
    step = min(logged(run) + moments.randint(1, 4), steps - 1)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and logged(run) < step:
        time.sleep(0.002)
    time.sleep(moments.uniform(0, 0.3))
    process.send_signal(signal.SIGKILL)
    return logged(run) if process.wait() == -signal.SIGKILL else None


def digest(run: Path, stage: str) -> str:
    return str(json.loads((run / f"{stage}.json").read_text())["sha256"])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    moments, steps = random.Random(arguments.seed), arguments.steps
    cases = list(itertools.product(("classifier", "sim"), (1, 2)))[: arguments.kills]
    stages = ("classifier", "discriminator", "sim") if cases[-1][0] == "sim" else ("classifier",)
    share = -(-arguments.kills // len(cases))
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for stage in stages:  # the whole runs
            subprocess.run(command(stage, root / stage, steps, 1), check=True, capture_output=True)
        print(f"{'stage':12}{'workers':>8}{'kills':>7}  after steps          weights")
        for stage, workers in cases:
            run, at = root / f"{stage}-{workers}", []
            words = command(stage, run, steps, workers)
            while len(at) < share:
                step = kill_once(words, run, steps, moments)
                if step is None:
                    break  # it has ended: no step is left
                at.append(step)
            subprocess.run(words, check=True, capture_output=True)
            same = digest(run, stage) == digest(root / stage, stage)
            bad += not same
            listed, verdict = " ".join(map(str, at)), "equal" if same else "DIFFER"
            print(f"{stage:12}{workers:8}{len(at):7}  {listed:20} {verdict}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
